//! Addresses and keys.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use super::*;

/// Secrets `A` and `B`, and nothing else.
struct Keys {
    _folder: tempfile::TempDir,
    secrets: Secrets,
}

fn keys() -> Keys {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [("MAJLIS_A", "key-a"), ("MAJLIS_B", "key-b"), ("MAJLIS_BROKEN", "sk\nsecret")] {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    Keys { secrets: Secrets::with_credentials(folder.path()), _folder: folder }
}

fn config(base_url: &str, key: &str) -> config::Cloud {
    config::Cloud { base_url: base_url.into(), api_key: key.into(), ..config::Cloud::default() }
}

fn build(config: &config::Cloud) -> Result<Cloud, CloudError> {
    Cloud::new(config, &keys().secrets)
}

fn request(cloud: &Cloud, kind: ProviderKind) -> reqwest::Request {
    cloud.service(kind).unwrap().post("/chat/completions", "gpt").build().unwrap()
}

/// The keys that the three services send.
fn sent(config: &config::Cloud) -> [Option<String>; 3] {
    let cloud = build(config).unwrap();
    [ProviderKind::SpeechToText, ProviderKind::LanguageModel, ProviderKind::TextToSpeech].map(|kind| {
        let request = request(&cloud, kind);
        request.headers().get(AUTHORIZATION).map(|value| value.to_str().unwrap().to_owned())
    })
}

#[test]
fn a_key_is_asked_for_only_where_the_address_is_not_loopback() {
    for local in ["http://127.0.0.1:8000/v1", "http://localhost/v1", "http://[::1]:1/v1", "http://127.3.2.1/v1"] {
        assert!(build(&config(local, "MAJLIS_NONE")).is_ok(), "{local}");
    }
    for remote in ["https://api.openai.com/v1", "https://10.0.0.2/v1", "https://localhost.example.org/v1"] {
        let error = build(&config(remote, "MAJLIS_NONE")).unwrap_err();
        assert!(matches!(error, CloudError::KeyMissing { .. }), "{remote}");
        assert!(error.to_string().contains("`MAJLIS_NONE` (named by `cloud.api_key`)"), "{error}");
    }
}

#[test]
fn a_key_goes_only_to_the_server_it_is_for() {
    let mut config = config("https://api.example.org/v1", "MAJLIS_A");
    config.stt.base_url = "http://localhost:8000/v1".into();
    config.llm.base_url = "https://api.example.org/other".into();
    config.tts.base_url = "https://voices.example.org/v1".into();
    let error = build(&config).unwrap_err();
    assert!(matches!(error, CloudError::KeyNotNamed { .. }), "{error}");
    assert!(error.to_string().contains("set `cloud.tts.api_key`"), "{error}");

    config.tts.api_key = "MAJLIS_B".into();
    assert_eq!(sent(&config), [None, Some("Bearer key-a".into()), Some("Bearer key-b".into())]);
    config.stt.api_key = "MAJLIS_B".into();
    assert_eq!(sent(&config)[0].as_deref(), Some("Bearer key-b"), "named for it");
    config.tts.base_url = "https://api.example.org:8443/v1".into();
    config.tts.api_key = String::new();
    assert!(matches!(build(&config), Err(CloudError::KeyNotNamed { .. })), "another port is another server");
    config.tts.api_key = "MAJLIS_NONE".into();
    let error = build(&config).unwrap_err().to_string();
    assert!(error.contains("`MAJLIS_NONE` (named by `cloud.tts.api_key`)"), "{error}");
}

#[test]
fn nothing_configured_is_no_cloud_and_one_service_may_stand_alone() {
    assert!(!build(&config("", "MAJLIS_A")).unwrap().is_configured());
    let mut only_speech = config("", "MAJLIS_A");
    only_speech.tts.base_url = "http://localhost:8880/v1".into();
    let cloud = build(&only_speech).unwrap();
    assert!(cloud.service(ProviderKind::TextToSpeech).is_some());
    assert!(cloud.service(ProviderKind::LanguageModel).is_none());
}

#[test]
fn azure_has_its_own_paths_and_header() {
    let mut azure = config("https://stand.openai.azure.com/", "MAJLIS_A");
    azure.auth = config::Auth::Azure;
    let request = request(&build(&azure).unwrap(), ProviderKind::LanguageModel);
    assert_eq!(
        request.url().as_str(),
        "https://stand.openai.azure.com/openai/deployments/gpt/chat/completions?api-version=2024-10-21"
    );
    assert_eq!(request.headers().get("api-key").unwrap(), "key-a");
}

#[test]
fn the_key_is_in_the_request_and_in_no_debug_print() {
    let cloud = build(&config("https://api.openai.com/v1/", "MAJLIS_A")).unwrap();
    let request = request(&cloud, ProviderKind::LanguageModel);
    assert_eq!(request.url().as_str(), "https://api.openai.com/v1/chat/completions");
    assert_eq!(request.headers().get(AUTHORIZATION).unwrap(), "Bearer key-a");
    assert!(!format!("{cloud:?} {request:?}").contains("key-a"));
    let error = build(&config("https://api.openai.com/v1/", "MAJLIS_BROKEN")).unwrap_err();
    assert!(matches!(error, CloudError::KeyUnusable { .. }) && !error.to_string().contains("secret"), "{error}");
}

#[test]
fn a_bad_address_is_named_by_its_key() {
    let bad = ["api.openai.com", "ftp://x/v1", "https://me:pw@host/v1", "https://host/v1?x=1", "http://10.0.0.2/v1"];
    for bad in bad {
        let error = build(&config(bad, "MAJLIS_A")).unwrap_err().to_string();
        assert!(error.contains("cloud.base_url") && !error.contains("pw"), "{error}");
    }
}

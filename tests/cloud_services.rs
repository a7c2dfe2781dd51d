//! The cloud providers over real HTTP: what they send, what they make of the answers, and what each fault becomes.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

#[path = "common/openai.rs"]
mod openai;

use std::{sync::Arc, time::Duration};

use futures_util::StreamExt;
use majlis::{
    cloud::{Cloud, FailureKind, Probe, ProviderError},
    config::{self, Secrets},
    event::{Language, ProviderKind, ServedBy},
    llm::{ChatMessage, ChatRequest, CloudLanguageModel, Delta, LanguageModel, Role},
    speech::{
        CloudSpeechToText, CloudTextToSpeech, PcmChunk, SpeakRequest, SpeechToText, TextToSpeech, TranscribeRequest,
        TranscriptPiece,
    },
};
use openai::{Endpoint, Fault, SPEECH_RATE_HZ, Server};

/// The key, and the name of the secret that is it.
const KEY: &str = "sk-test-0123456789";
const KEY_NAME: &str = "MAJLIS_TEST_KEY";
const QUESTION: &str = "my secret question";

/// Short waits, so that the tests of time-outs are.
fn settings(server: &Server) -> config::Cloud {
    let mut config = config::Cloud { base_url: server.base_url(), ..config::Cloud::default() };
    config.stt.timeout_ms = 300;
    config.llm.first_token_timeout_ms = 300;
    config.llm.token_timeout_ms = 200;
    config.tts.first_audio_timeout_ms = 300;
    config.tts.chunk_timeout_ms = 200;
    // The server is on this machine, where a key is sent only if it is named for the service.
    for name in [&mut config.stt.api_key, &mut config.llm.api_key, &mut config.tts.api_key] {
        KEY_NAME.clone_into(name);
    }
    config
}

fn connect(config: &config::Cloud) -> Cloud {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(KEY_NAME), KEY).unwrap();
    Cloud::new(config, &Secrets::with_credentials(folder.path())).unwrap()
}

fn ears(config: &config::Cloud) -> CloudSpeechToText {
    let service = connect(config).service(ProviderKind::SpeechToText).unwrap();
    CloudSpeechToText::new(service, config.stt.clone())
}

fn mind(config: &config::Cloud) -> CloudLanguageModel {
    let service = connect(config).service(ProviderKind::LanguageModel).unwrap();
    CloudLanguageModel::new(service, config.llm.clone())
}

fn voice(config: &config::Cloud) -> CloudTextToSpeech {
    let service = connect(config).service(ProviderKind::TextToSpeech).unwrap();
    CloudTextToSpeech::new(service, config.tts.clone())
}

async fn hear(ears: &CloudSpeechToText) -> Vec<Result<TranscriptPiece, ProviderError>> {
    let samples = (0..3_200).map(|index| if index % 2 == 0 { 0.25 } else { -0.25 }).collect();
    ears.transcribe(TranscribeRequest { samples, likely_language: Language::ENGLISH }).collect().await
}

async fn ask(mind: &CloudLanguageModel) -> (String, Result<Delta, ProviderError>) {
    let message = |role, text: &str| ChatMessage::new(role, text);
    let messages = Arc::new([
        message(Role::System, "Be brief."),
        message(Role::User, "Hello"),
        message(Role::Assistant, "Welcome!"),
        message(Role::User, QUESTION),
    ]);
    let request =
        ChatRequest { messages, language: Language::ENGLISH, entry: None, takes_leave: false, tools: Arc::new([]) };
    let mut pieces: Vec<_> = mind.answer(request).collect().await;
    let last = pieces.pop().unwrap();
    let text = pieces
        .into_iter()
        .map(|piece| match piece.unwrap() {
            Delta::Text(text) => text,
            done => panic!("{done:?} before the end"),
        })
        .collect();
    (text, last)
}

async fn say(voice: &CloudTextToSpeech) -> (Vec<PcmChunk>, Option<ProviderError>) {
    let request =
        SpeakRequest { text: "Straight on, past the bridge.".into(), language: Language::ENGLISH, voice: None };
    let (mut chunks, mut failure) = (Vec::new(), None);
    let mut speech = voice.speak(request);
    while let Some(piece) = speech.next().await {
        match piece {
            Ok(chunk) => chunks.push(chunk),
            Err(error) => failure = Some(error),
        }
    }
    (chunks, failure)
}

#[tokio::test]
async fn speech_goes_out_as_a_wav_and_comes_back_as_words() {
    let server = Server::start().await;
    let pieces = hear(&ears(&settings(&server))).await;
    let [Ok(TranscriptPiece::Final(transcript))] = pieces.as_slice() else { panic!("{pieces:?}") };
    assert_eq!(transcript.text, "What time does the museum open in the morning?");
    assert_eq!((transcript.language, transcript.served_by), (Language::ENGLISH, ServedBy::Cloud));
    let requests = server.requests_to(Endpoint::Transcription);
    assert_eq!(requests[0].headers["authorization"], format!("Bearer {KEY}").as_str());
    assert_eq!(requests[0].field("model").as_deref(), Some("gpt-4o-mini-transcribe"));
    let samples = requests[0].wav_samples();
    assert_eq!((samples.len(), samples[0], samples[1]), (3_200, 8_192, -8_192));
}

#[tokio::test]
async fn a_streamed_transcript_grows_and_its_language_is_that_of_its_letters() {
    let server = Server::start().await;
    server.script(|script| script.transcript = "متى يفتح الجناح؟".into());
    let mut config = settings(&server);
    config.stt.stream = true;
    let pieces: Vec<_> = hear(&ears(&config)).await.into_iter().map(Result::unwrap).collect();
    let (last, partials) = pieces.split_last().unwrap();
    let partials: Vec<&str> = partials
        .iter()
        .map(|piece| match piece {
            TranscriptPiece::Partial(text) => text.as_str(),
            piece => panic!("{piece:?}"),
        })
        .collect();
    assert_eq!(partials, ["متى", "متى يفتح", "متى يفتح الجناح؟"]);
    assert!(matches!(last, TranscriptPiece::Final(result) if result.language == Language::ARABIC));
}

#[tokio::test]
async fn a_server_that_does_not_stream_transcripts_is_understood() {
    let server = Server::start().await;
    let raw = Fault::Raw { content_type: "application/json", parts: vec![br#"{"text":" Hi "}"#.to_vec()] };
    server.script(|script| script.fail(Endpoint::Transcription, raw));
    let mut config = settings(&server);
    config.stt.stream = true;
    let pieces = hear(&ears(&config)).await;
    assert!(matches!(pieces.as_slice(), [Ok(TranscriptPiece::Final(result))] if result.text == "Hi"));
}

#[tokio::test]
async fn an_empty_transcript_is_an_empty_text_and_no_error() {
    let server = Server::start().await;
    for stream in [false, true] {
        server.script(|script| script.fail(Endpoint::Transcription, Fault::Empty));
        let mut config = settings(&server);
        config.stt.stream = stream;
        let pieces = hear(&ears(&config)).await;
        assert!(
            matches!(pieces.last(), Some(Ok(TranscriptPiece::Final(result))) if result.text.is_empty()),
            "{pieces:?}"
        );
    }
}

#[tokio::test]
async fn an_answer_comes_token_by_token_and_says_that_it_is_done() {
    let server = Server::start().await;
    let (text, last) = ask(&mind(&settings(&server))).await;
    assert_eq!(text, "The museum opens at nine in the morning. You can walk there from the main square.");
    assert_eq!(last, Ok(Delta::Done { served_by: ServedBy::Cloud, ends_visit: false }));
    let body = server.requests_to(Endpoint::Chat)[0].json();
    assert_eq!(body["stream"], true);
    assert_eq!(body["max_tokens"], 300);
    let roles: Vec<&str> =
        body["messages"].as_array().unwrap().iter().map(|message| message["role"].as_str().unwrap()).collect();
    assert_eq!(roles, ["system", "user", "assistant", "user"]);
    assert_eq!(body["messages"][3]["content"], QUESTION);
    assert!(body.get("tools").is_none(), "nothing is offered that nobody asked for");
}

/// Runs itself once more with a proxy in its environment, at which nobody listens.
#[tokio::test]
async fn a_proxy_is_not_asked_for_this_machine_even_if_another_service_is_elsewhere() {
    const PROXIED: &str = "MAJLIS_TEST_IS_PROXIED";
    if std::env::var_os(PROXIED).is_none() {
        let proxy = format!("http://{}", openai::closed_address().await);
        let name = "a_proxy_is_not_asked_for_this_machine_even_if_another_service_is_elsewhere";
        let mut command = std::process::Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", name]).env(PROXIED, "1").env("http_proxy", &proxy).env("https_proxy", &proxy);
        let output = command.env_remove("no_proxy").env_remove("NO_PROXY").output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        return;
    }
    let server = Server::start().await;
    let mut config = settings(&server);
    config.tts.base_url = "https://voices.example.org/v1".into();
    assert!(ask(&mind(&config)).await.1.is_ok());
    assert_eq!(say(&voice(&config)).await.1.unwrap().kind, FailureKind::Unreachable, "the others go through the proxy");
}

#[tokio::test]
async fn compatible_servers_may_leave_out_much() {
    let server = Server::start().await;
    let bodies: [(&str, &[&str]); 4] = [
        // No id, no model, comments, no blank after `data:`, no `[DONE]`.
        (
            "text/event-stream; charset=utf-8",
            &[
                ": keep-alive\n\n",
                "data:{\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":null}}]}\n\n",
                "data:{\"choices\":[{\"delta\":{\"content\":\"Good day.\"}}]}\n\n",
                "data:{\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n",
            ],
        ),
        // No `finish_reason`, and the last blank line is missing.
        ("text/event-stream", &["data: {\"choices\":[{\"delta\":{\"content\":\"Good day.\"}}]}\n\ndata: [DONE]"]),
        // One event in many packets, lines ended by CR LF, an empty list of choices with the usage.
        (
            "text/event-stream",
            &[
                "data: {\"choices\":[{\"del",
                "ta\":{\"content\":\"Good day.\"}}]}\r",
                "\n\r\ndata: {\"choices\":[],\"usage\":{}}\r\n\r\ndata: {\"choices\":[{\"finish_reason\":\"length\"}]}\r\n\r\n",
            ],
        ),
        // It does not stream at all.
        ("application/json", &["{\"choices\":[{\"message\":{\"content\":\"Good day.\"},\"finish_reason\":\"stop\"}]}"]),
    ];
    let mind = mind(&settings(&server));
    for (content_type, parts) in bodies {
        let parts = parts.iter().map(|part| part.as_bytes().to_vec()).collect();
        server.script(|script| script.fail(Endpoint::Chat, Fault::Raw { content_type, parts }));
        let (text, last) = ask(&mind).await;
        assert_eq!((text.as_str(), last.is_ok()), ("Good day.", true), "{last:?}");
    }
}

#[tokio::test]
async fn speech_comes_in_chunks_whole_samples_each() {
    let server = Server::start().await;
    let (chunks, failure) = say(&voice(&settings(&server))).await;
    assert_eq!(failure, None);
    assert!(chunks.len() > 5 && chunks.iter().all(|chunk| chunk.sample_rate_hz == SPEECH_RATE_HZ));
    let samples: Vec<f32> = chunks.into_iter().flat_map(|chunk| chunk.samples).collect();
    assert_eq!(samples.len(), 29 * 60 * 24);
    // A tone: an odd byte lost on the way would have turned it into noise of full scale.
    assert!(samples.iter().all(|sample| sample.abs() < 0.25));
    let body = server.requests_to(Endpoint::Speech)[0].json();
    assert_eq!((&body["response_format"], &body["voice"]), (&"pcm".into(), &"alloy".into()));
    assert_eq!((&body["model"], &body["input"]), (&"gpt-4o-mini-tts".into(), &"Straight on, past the bridge.".into()));
}

#[tokio::test]
async fn the_first_sound_is_handed_out_before_the_rest_is_made() {
    let server = Server::start().await;
    server.script(|script| script.fail(Endpoint::Speech, Fault::Stall { after: 1 }));
    let (chunks, failure) = say(&voice(&settings(&server))).await;
    assert_eq!(chunks.len(), 1);
    assert_eq!(failure.unwrap().kind, FailureKind::TimedOut);
}

/// Runs one request to each service, each meeting `fault`; gives the failures.
async fn fail_all(fault: Fault) -> Vec<ProviderError> {
    let server = Server::start().await;
    server.script(|script| {
        for endpoint in [Endpoint::Transcription, Endpoint::Chat, Endpoint::Speech] {
            script.fail_always(endpoint, fault.clone());
        }
    });
    let config = settings(&server);
    let heard = hear(&ears(&config)).await.pop().unwrap().unwrap_err();
    let answered = ask(&mind(&config)).await.1.unwrap_err();
    let said = say(&voice(&config)).await.1.unwrap();
    let errors = vec![heard, answered, said];
    for error in &errors {
        let text = format!("{error} {error:?}");
        let is_discreet = !text.contains(KEY) && !text.contains(QUESTION) && !text.contains("nobody may repeat");
        assert!(is_discreet, "{text}");
    }
    errors
}

#[tokio::test]
async fn each_status_becomes_its_kind() {
    for (code, kind) in [
        (401, FailureKind::Unauthorized),
        (403, FailureKind::Unauthorized),
        (404, FailureKind::Rejected),
        (429, FailureKind::RateLimited),
        (500, FailureKind::ServerError),
        (503, FailureKind::ServerError),
    ] {
        for error in fail_all(Fault::status(code)).await {
            assert_eq!(error.kind, kind, "{error}");
            assert!(error.message.contains(&code.to_string()), "{error}");
        }
    }
}

#[tokio::test]
async fn a_rate_limit_says_for_how_long() {
    for error in fail_all(Fault::rate_limited("7")).await {
        assert_eq!((error.kind, error.retry_after), (FailureKind::RateLimited, Some(Duration::from_secs(7))));
        assert!(error.message.contains("rate_limit_exceeded"), "{error}");
    }
}

#[tokio::test]
async fn a_hang_and_a_slow_answer_end_by_time_out() {
    for fault in [Fault::Hang, Fault::Slow(Duration::from_secs(5))] {
        for error in fail_all(fault).await {
            assert_eq!(error.kind, FailureKind::TimedOut, "{error}");
        }
    }
}

#[tokio::test]
async fn a_connection_cut_before_the_first_piece_is_a_cut() {
    for error in fail_all(Fault::Cut { after: 0 }).await {
        assert_eq!(error.kind, FailureKind::Cut, "{error}");
    }
}

#[tokio::test]
async fn an_answer_that_stops_in_the_middle_is_told_with_what_came_before() {
    let server = Server::start().await;
    let mind = mind(&settings(&server));
    for (fault, kind) in [
        (Fault::Cut { after: 3 }, FailureKind::Cut),
        (Fault::EndEarly { after: 3 }, FailureKind::Cut),
        (Fault::Stall { after: 3 }, FailureKind::TimedOut),
        (Fault::Malformed { after: 3 }, FailureKind::Malformed),
    ] {
        server.script(|script| script.fail(Endpoint::Chat, fault.clone()));
        let (text, last) = ask(&mind).await;
        assert_eq!((text.as_str(), last.unwrap_err().kind), ("The museum opens", kind), "{fault:?}");
    }
}

#[tokio::test]
async fn speech_and_transcripts_that_stop_in_the_middle_are_told() {
    let server = Server::start().await;
    let mut config = settings(&server);
    config.stt.stream = true;
    for (fault, kind) in [
        (Fault::Cut { after: 2 }, FailureKind::Cut),
        (Fault::EndEarly { after: 2 }, FailureKind::Cut),
        (Fault::Stall { after: 2 }, FailureKind::TimedOut),
        (Fault::Malformed { after: 2 }, FailureKind::Malformed),
    ] {
        server.script(|script| script.fail(Endpoint::Transcription, fault.clone()));
        let pieces = hear(&ears(&config)).await;
        assert_eq!(pieces.last().unwrap().as_ref().unwrap_err().kind, kind, "{fault:?}");
    }
    server.script(|script| script.fail(Endpoint::Speech, Fault::Cut { after: 2 }));
    let (chunks, failure) = say(&voice(&config)).await;
    assert_eq!((chunks.is_empty(), failure.unwrap().kind), (false, FailureKind::Cut));
}

#[tokio::test]
async fn answers_without_anything_in_them_are_errors_but_for_transcripts() {
    let server = Server::start().await;
    let config = settings(&server);
    server.script(|script| {
        script.fail(Endpoint::Chat, Fault::Empty);
        script.fail(Endpoint::Speech, Fault::Empty);
    });
    assert_eq!(ask(&mind(&config)).await.1.unwrap_err().kind, FailureKind::Malformed);
    assert_eq!(say(&voice(&config)).await.1.unwrap().kind, FailureKind::Malformed);
    let html =
        Fault::Raw { content_type: "text/html", parts: vec![b"<html>log in to the hall's network</html>".to_vec()] };
    for error in fail_all(html).await {
        assert_eq!(error.kind, FailureKind::Malformed, "{error}");
    }
}

#[tokio::test]
async fn nobody_listening_is_unreachable() {
    let base_url = format!("http://{}/v1", openai::closed_address().await);
    let config = config::Cloud { base_url, ..config::Cloud::default() };
    assert_eq!(ask(&mind(&config)).await.1.unwrap_err().kind, FailureKind::Unreachable);
}

#[tokio::test]
async fn a_warmed_connection_serves_the_request_and_its_follower() {
    let server = Server::start().await;
    let mind = mind(&settings(&server));
    mind.warm_up();
    mind.warm_up();
    while server.requests().is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // The answer to the warm-up has to be back in the pool.
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(ask(&mind).await.1.is_ok());
    // What follows `finish_reason` is read in the background, so that the connection stays.
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(ask(&mind).await.1.is_ok());
    let requests = server.requests();
    assert_eq!(requests.iter().filter(|request| request.endpoint == Endpoint::Models).count(), 1, "no hammering");
    assert!(requests.iter().all(|request| request.peer == requests[0].peer), "one connection");
}

#[tokio::test]
async fn a_cancelled_answer_leaves_a_fresh_connection_for_the_next() {
    let server = Server::start().await;
    server.script(|script| script.fail(Endpoint::Chat, Fault::Stall { after: 1 }));
    let mind = mind(&settings(&server));
    mind.warm_up();
    while server.requests().is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let message = ChatMessage::new(Role::User, QUESTION);
    let request = ChatRequest {
        messages: Arc::new([message]),
        language: Language::ENGLISH,
        entry: None,
        takes_leave: false,
        tools: Arc::new([]),
    };
    let mut answer = mind.answer(request);
    assert!(answer.next().await.unwrap().is_ok());
    let pings = server.requests_to(Endpoint::Models).len();
    drop(answer);
    while server.requests_to(Endpoint::Models).len() == pings {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(ask(&mind).await.1.is_ok());
    let [.., ping, chat] = server.requests().try_into().map(|all: [_; 4]| all).unwrap();
    assert_eq!((ping.endpoint, chat.endpoint, ping.peer), (Endpoint::Models, Endpoint::Chat, chat.peer));
}

#[tokio::test]
async fn a_probe_tells_a_living_service_from_a_dead_one() {
    let server = Server::start().await;
    let service = connect(&settings(&server)).service(ProviderKind::LanguageModel).unwrap();
    assert!(service.probe().await.is_ok());
    server.script(|script| {
        script.fail(Endpoint::Models, Fault::status(404));
        script.fail(Endpoint::Models, Fault::status(403));
        script.fail(Endpoint::Models, Fault::status(401));
        script.fail(Endpoint::Models, Fault::status(502));
    });
    for what in ["a server without a list of models", "a key that may not list models"] {
        assert_eq!(service.probe().await.unwrap_err().kind, FailureKind::Rejected, "{what}");
    }
    assert_eq!(service.probe().await.unwrap_err().kind, FailureKind::Unauthorized);
    assert_eq!(service.probe().await.unwrap_err().kind, FailureKind::ServerError);
}

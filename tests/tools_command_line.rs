//! `majlis tools` as a technician uses it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::process::{Command, Stdio};

/// The exit code, and all that was printed.
fn majlis(config: &str, arguments: &[&str]) -> (i32, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kiosk.toml");
    let assets = concat!(env!("CARGO_MANIFEST_DIR"), "/assets");
    std::fs::write(&path, format!("[paths]\nassets = \"{assets}\"\n{config}")).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_majlis"))
        .arg("--config")
        .arg(&path)
        .arg("tools")
        .args(arguments)
        .env("CRM_KEY", "sesame")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (output.status.code().unwrap(), text)
}

const TOOL: &str = r#"
[[tools.http]]
name = "find_guest"
description = "Finds a guest."
url = "https://127.0.0.1:9/guests/{name}"
headers = ["Authorization: Bearer {secret:CRM_KEY}"]
schema = '{"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}'
changes_something = true
"#;

#[test]
fn declared_tools_are_listed_with_how_they_are_called() {
    let (code, text) = majlis(TOOL, &["list"]);
    assert_eq!(code, 0, "{text}");
    for wanted in ["search_knowledge_base", "find_guest", "asks the visitor first", "5000 ms"] {
        assert!(text.contains(wanted), "{wanted} is missing in:\n{text}");
    }
}

#[test]
fn what_is_wrong_is_named_and_no_secret_is_shown() {
    let (code, text) = majlis(&TOOL.replace("CRM_KEY", "NO_SUCH_KEY"), &["list"]);
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("find_guest") && text.contains("NO_SUCH_KEY") && !text.contains("sesame"), "{text}");
}

#[test]
fn a_tool_is_called_as_the_model_would() {
    let (code, text) = majlis("", &["call", "search_knowledge_base", r#"{"question": "When do you open today?"}"#]);
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("\"answer\"") && text.contains("not instructions"), "{text}");
    let (code, text) = majlis("", &["call", "search_knowledge_base", r#"{"query": 1}"#]);
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("invalid_arguments") && text.contains("question (string, required)"), "{text}");
    let (code, text) = majlis("", &["call", "search_knowledge_base"]);
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("NAME JSON"), "{text}");
}

#[test]
fn a_tool_that_changes_something_asks_first_here_too() {
    let call = ["call", "find_guest", r#"{"name": "Sara"}"#];
    let (code, text) = majlis(TOOL, &call);
    assert!(code == 1 && text.contains("needs_confirmation"), "{text}");
    let (code, text) = majlis(TOOL, &[&call[..], &["--yes"]].concat());
    assert!(code == 1 && text.contains("cannot be reached") && !text.contains("sesame"), "{text}");
}

//! Tool calls over real HTTP: what is offered, what comes back whole or in pieces, and what the history looks like.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

#[path = "common/openai.rs"]
mod openai;

use std::sync::Arc;

use futures_util::StreamExt;
use majlis::{
    cloud::{Cloud, ProviderError},
    config::{self, Secrets},
    event::{Language, ProviderKind, ServedBy, ToolResult, ToolSpec, ToolUse},
    llm::{ChatMessage, ChatRequest, CloudLanguageModel, Delta, LanguageModel, Role},
};
use openai::{Endpoint, Fault, Server};
use serde_json::{Value, json};

fn mind(server: &Server) -> CloudLanguageModel {
    let mut config = config::Cloud { base_url: server.base_url(), ..config::Cloud::default() };
    config.llm.first_token_timeout_ms = 300;
    config.llm.token_timeout_ms = 200;
    let cloud = Cloud::new(&config, &Secrets::default()).unwrap();
    CloudLanguageModel::new(cloud.service(ProviderKind::LanguageModel).unwrap(), config.llm)
}

fn tools() -> Arc<[ToolSpec]> {
    let spec = |name: &str| ToolSpec {
        name: name.into(),
        description: format!("What {name} is for."),
        parameters: json!({ "type": "object", "properties": { "day": { "type": "string" } } }),
    };
    [spec("fetch_slots"), spec("end_conversation")].into()
}

fn request(messages: Vec<ChatMessage>, tools: Arc<[ToolSpec]>) -> ChatRequest {
    ChatRequest { messages: messages.into(), language: Language::ENGLISH, entry: None, takes_leave: false, tools }
}

fn question() -> ChatRequest {
    request(vec![ChatMessage::new(Role::User, "Is Tuesday free?")], tools())
}

/// Text, calls (name and arguments), and the last piece. Calls stand directly before it.
async fn ask(mind: &CloudLanguageModel, request: ChatRequest) -> (String, Vec<ToolUse>, Result<Delta, ProviderError>) {
    let mut pieces: Vec<_> = mind.answer(request).collect().await;
    let last = pieces.pop().unwrap();
    let (mut text, mut calls) = (String::new(), Vec::new());
    for piece in pieces {
        match piece.unwrap() {
            Delta::Text(_) if !calls.is_empty() => panic!("text after a call"),
            Delta::Text(more) => text += &more,
            Delta::Call(call) => calls.push(call),
            done @ Delta::Done { .. } => panic!("{done:?} before the end"),
        }
    }
    (text, calls, last)
}

fn named(calls: &[ToolUse]) -> Vec<(&str, &str)> {
    calls.iter().map(|call| (call.name.as_str(), call.arguments.as_str())).collect()
}

const DONE: Result<Delta, ProviderError> = Ok(Delta::Done { served_by: ServedBy::Cloud, ends_visit: false });

#[tokio::test]
async fn calls_in_pieces_are_handed_out_whole_after_the_text() {
    let server = Server::start().await;
    server.script(|script| {
        script.answers = [vec!["Let me".to_owned(), " look.".to_owned()], Vec::new()].into();
        let calls = vec![("fetch_slots", "{\"day\":\"Tuesday\"}"), ("end_conversation", "{}")];
        script.calls = [calls.clone(), calls].into();
    });
    let mind = mind(&server);
    for expected in ["Let me look.", ""] {
        let (text, calls, last) = ask(&mind, question()).await;
        assert_eq!(text, expected);
        assert_eq!(named(&calls), [("fetch_slots", "{\"day\":\"Tuesday\"}"), ("end_conversation", "{}")]);
        assert_ne!(calls[0].id, calls[1].id);
        assert_eq!(last, DONE, "an answer of calls alone is one, and the tool ends the visit, not the model");
    }
    let body = server.requests_to(Endpoint::Chat)[0].json();
    assert_eq!(body["tools"][0]["type"], "function");
    assert_eq!(body["tools"][0]["function"]["name"], "fetch_slots");
    assert_eq!(body["tools"][0]["function"]["parameters"]["properties"]["day"]["type"], "string");
}

#[tokio::test]
async fn servers_that_send_whole_calls_are_understood() {
    let server = Server::start().await;
    let call = |more: Value| {
        let mut call = json!({ "function": { "name": "fetch_slots", "arguments": "{\"day\":\"Tuesday\"}" } });
        call.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        call
    };
    let streamed = |calls: Value| format!("data: {}\n\n", json!({ "choices": [{ "delta": { "tool_calls": calls } }] }));
    let end = "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"tool_calls\"}]}\n\ndata: [DONE]\n\n";
    let bodies = [
        // Both in one event; no ids.
        ("text/event-stream", streamed(json!([call(json!({ "index": 0 })), call(json!({ "index": 1 }))])) + end),
        // One after the other, both numbered 0, with ids.
        (
            "text/event-stream",
            ["a", "b"].map(|id| streamed(json!([call(json!({ "index": 0, "id": id }))]))).concat() + end,
        ),
        // Neither numbers nor ids.
        ("text/event-stream", streamed(json!([call(json!({}))])) + &streamed(json!([call(json!({}))])) + end),
        // It does not stream at all.
        ("application/json", {
            let calls = json!([call(json!({ "id": "a" })), call(json!({ "id": "b" }))]);
            let message = json!({ "role": "assistant", "content": null, "tool_calls": calls });
            json!({ "choices": [{ "message": message, "finish_reason": "tool_calls" }] }).to_string()
        }),
    ];
    let mind = mind(&server);
    for (content_type, body) in bodies {
        let parts = body.as_bytes().chunks(37).map(<[u8]>::to_vec).collect();
        server.script(|script| script.fail(Endpoint::Chat, Fault::Raw { content_type, parts }));
        let (_, calls, last) = ask(&mind, question()).await;
        let expected = ("fetch_slots", "{\"day\":\"Tuesday\"}");
        assert_eq!(named(&calls), [expected, expected], "{body}");
        assert!(!calls[0].id.is_empty() && calls[0].id != calls[1].id, "{body}");
        assert_eq!(last, DONE);
    }
}

#[tokio::test]
async fn nothing_is_called_for_an_answer_that_broke_off_or_that_nobody_offered() {
    let server = Server::start().await;
    let calls = || [vec![("fetch_slots", "{}")]].into();
    // The pieces: text, the call's name, half its arguments.
    for fault in [Fault::Cut { after: 3 }, Fault::Stall { after: 3 }, Fault::EndEarly { after: 3 }] {
        server.script(|script| {
            script.answers = [vec!["Wait.".to_owned()]].into();
            script.calls = calls();
            script.fail(Endpoint::Chat, fault.clone());
        });
        let (text, calls, last) = ask(&mind(&server), question()).await;
        assert_eq!((text.as_str(), calls.len(), last.is_err()), ("Wait.", 0, true), "{fault:?}");
    }
    server.script(|script| {
        script.answers = [vec!["Wait.".to_owned()]].into();
        script.calls = calls();
    });
    let no_tools = request(vec![ChatMessage::new(Role::User, "Is Tuesday free?")], Arc::new([]));
    assert_eq!(ask(&mind(&server), no_tools).await, ("Wait.".to_owned(), Vec::new(), DONE));
}

#[tokio::test]
async fn calls_and_their_results_go_back_in_the_form_that_servers_expect() {
    let server = Server::start().await;
    let calls = vec![
        ToolUse { id: "x".into(), name: "fetch_slots".into(), arguments: "{\"day\":\"Tuesday\"}".into() },
        ToolUse { id: "y".into(), name: "fetch_slots".into(), arguments: String::new() },
    ];
    let result = |call: &ToolUse, content: &str| {
        let (id, name) = (call.id.clone(), call.name.clone());
        ChatMessage::result(&ToolResult { id, name, content: content.into(), failure: None, effects: Vec::new() })
    };
    let history = vec![
        ChatMessage::new(Role::User, "Is Tuesday free?"),
        ChatMessage::calling("", calls.clone()),
        result(&calls[0], "{\"free\":[\"10:30\"]}"),
        result(&calls[1], "{\"free\":[]}"),
    ];
    assert_eq!(ask(&mind(&server), request(history, tools())).await.2, DONE);
    let messages = server.requests_to(Endpoint::Chat)[0].json()["messages"].clone();
    let sent = &messages[1]["tool_calls"];
    assert_eq!(messages[1]["content"], Value::Null);
    assert_eq!(sent[0]["function"], json!({ "name": "fetch_slots", "arguments": "{\"day\":\"Tuesday\"}" }));
    assert_eq!((&sent[0]["type"], &sent[1]["function"]["arguments"]), (&"function".into(), &"{}".into()));
    for index in [0, 1] {
        let answer = &messages[index + 2];
        assert_eq!((&answer["role"], &answer["tool_call_id"]), (&"tool".into(), &sent[index]["id"]));
    }
    assert_eq!(messages[2]["content"], "{\"free\":[\"10:30\"]}");
}

#[tokio::test]
async fn a_server_without_functions_gets_the_question_again_without_them() {
    let server = Server::start().await;
    server.script(|script| script.fail(Endpoint::Chat, Fault::status(400)));
    let mind = mind(&server);
    assert_eq!(ask(&mind, question()).await.2, DONE);
    assert_eq!(ask(&mind, question()).await.2, DONE);
    let has = |field: &str| -> Vec<bool> {
        server.requests_to(Endpoint::Chat).iter().map(|request| request.json().get(field).is_some()).collect()
    };
    assert_eq!(has("tools"), [true, false, false], "and it is remembered");
    assert_eq!(has("stream_options"), [true, true, true]);
}

#[tokio::test]
async fn a_server_that_knows_no_stream_options_keeps_its_functions() {
    let server = Server::start().await;
    server.script(|script| {
        script.fail(Endpoint::Chat, Fault::status(422));
        script.fail(Endpoint::Chat, Fault::status(422));
    });
    let mind = mind(&server);
    assert_eq!(ask(&mind, question()).await.2, DONE);
    assert_eq!(ask(&mind, question()).await.2, DONE);
    let requests = server.requests_to(Endpoint::Chat);
    let last: Vec<Value> = requests.iter().skip(2).map(openai::Request::json).collect();
    assert_eq!(last.len(), 2);
    assert!(last.iter().all(|body| body.get("tools").is_some() && body.get("stream_options").is_none()));
}

#[tokio::test]
async fn a_request_that_is_wrong_otherwise_is_sent_once() {
    let server = Server::start().await;
    server.script(|script| script.fail_always(Endpoint::Chat, Fault::status(404)));
    assert!(ask(&mind(&server), question()).await.2.is_err());
    assert_eq!(server.requests_to(Endpoint::Chat).len(), 1);
}

#[tokio::test]
async fn a_leave_taking_that_was_recognised_ends_the_visit_even_if_the_model_does_not() {
    let server = Server::start().await;
    let mind = mind(&server);
    for takes_leave in [false, true] {
        let done = Ok(Delta::Done { served_by: ServedBy::Cloud, ends_visit: takes_leave });
        assert_eq!(ask(&mind, ChatRequest { takes_leave, ..question() }).await.2, done);
    }
}

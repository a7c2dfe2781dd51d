//! What the program itself adds to a request: from the call to the first piece handed out, against a scripted server
//! on loopback that answers at once; and for comparison the same request by hand over an open socket.
//!
//! `cargo bench --bench cloud_overhead`; figures in ms. With a base URL after `--` it measures that server instead (a few
//! requests to each service, without a key).

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::indexing_slicing, reason = "a bench")]

#[path = "../tests/common/openai.rs"]
mod openai;

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::StreamExt;
use majlis::{
    clock::SystemClock,
    cloud::{BreakerSettings, Cloud, Link, Supervisor},
    config,
    event::{Bus, Language, ProviderKind, ToolResult, ToolSpec, ToolUse},
    llm::{ChatMessage, ChatRequest, CloudLanguageModel, LanguageModel, LlmChain, Role},
    speech::{
        CloudSpeechToText, CloudTextToSpeech, SpeakRequest, SpeechToText, SttChain, TextToSpeech, TranscribeRequest,
        TtsChain,
    },
};
use openai::Server;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

const ROUNDS: usize = 300;
const ROUNDS_ELSEWHERE: usize = 20;
/// An utterance of 3 s.
const UTTERANCE_SAMPLES: usize = 48_000;

fn main() {
    // The server has a runtime and threads of its own, as a service has.
    let (sender, receiver) = std::sync::mpsc::sync_channel(1);
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        runtime.block_on(async {
            let server = Server::start().await;
            sender.send((server.base_url(), server.address())).unwrap();
            std::future::pending::<()>().await;
        });
    });
    let (base_url, address) = receiver.recv().unwrap();
    let elsewhere = std::env::args().skip(1).find(|argument| argument.starts_with("http"));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    runtime.block_on(async move {
        let work = match elsewhere {
            Some(base_url) => tokio::spawn(measure(base_url, None)),
            None => tokio::spawn(measure(base_url, Some(address))),
        };
        work.await.unwrap();
    });
}

/// `address`: where the same is sent by hand, for comparison.
async fn measure(base_url: String, address: Option<SocketAddr>) {
    let rounds = if address.is_some() { ROUNDS } else { ROUNDS_ELSEWHERE };
    let config = config::Cloud { base_url, ..config::Cloud::default() };
    let begun = Instant::now();
    let cloud = Cloud::new(&config, &config::Secrets::from_environment()).unwrap();
    println!("client built in {:.2}", ms(begun.elapsed()));
    let clock = Arc::new(SystemClock::start_now());
    let supervisor = Supervisor::new(clock.clone(), Bus::new(clock));
    let link = |kind| {
        let service = cloud.service(kind).unwrap();
        let guard = supervisor.service(kind, service.name(), BreakerSettings::from(&config), service.clone());
        (service, guard)
    };

    let (service, guard) = link(ProviderKind::SpeechToText);
    let ears = SttChain::new(vec![Link::new(Arc::new(CloudSpeechToText::new(service, config.stt.clone())), guard)]);
    let samples: Arc<[f32]> = (0..UTTERANCE_SAMPLES).map(|index| (index as f32 * 0.05).sin() * 0.3).collect();
    let mut times = Vec::new();
    for _ in 0..rounds {
        let request = TranscribeRequest { samples: samples.clone(), likely_language: Language::ENGLISH };
        let begun = Instant::now();
        let mut pieces = ears.transcribe(request);
        pieces.next().await.unwrap().unwrap();
        times.push(begun.elapsed());
    }
    report("transcription of 3 s, whole", times);
    by_hand(address, "/v1/audio/transcriptions", vec![b'x'; 44 + 2 * UTTERANCE_SAMPLES]).await;

    let (service, guard) = link(ProviderKind::LanguageModel);
    let model = Arc::new(CloudLanguageModel::new(service, config.llm.clone()));
    let mind = LlmChain::new(vec![Link::new(model, guard)], [].into());
    for (what, messages, tools) in [
        ("answer, first token", history(10), Arc::new([]) as Arc<[ToolSpec]>),
        ("  50 turns, 12 tools", history(50), tools()),
    ] {
        let mut times = Vec::new();
        for _ in 0..rounds {
            let request = ChatRequest {
                messages: messages.clone(),
                language: Language::ENGLISH,
                entry: None,
                takes_leave: false,
                tools: tools.clone(),
            };
            let begun = Instant::now();
            let mut pieces = mind.answer(request);
            pieces.next().await.unwrap().unwrap();
            times.push(begun.elapsed());
            while pieces.next().await.is_some() {}
        }
        report(what, times);
    }
    by_hand(address, "/v1/chat/completions", b"{}".to_vec()).await;

    let (service, guard) = link(ProviderKind::TextToSpeech);
    let voice = TtsChain::new(vec![Link::new(Arc::new(CloudTextToSpeech::new(service, config.tts.clone())), guard)]);
    let mut times = Vec::new();
    for _ in 0..rounds {
        let request = SpeakRequest { text: "We open at nine.".into(), language: Language::ENGLISH, voice: None };
        let begun = Instant::now();
        let mut pieces = voice.speak(request);
        pieces.next().await.unwrap().unwrap();
        times.push(begun.elapsed());
        while pieces.next().await.is_some() {}
    }
    report("speech, first sound", times);
    by_hand(address, "/v1/audio/speech", br#"{"input":"We open at nine."}"#.to_vec()).await;
}

/// A conversation of so many turns, in every fifth of which a tool was called.
fn history(turns: usize) -> Arc<[ChatMessage]> {
    let turn = |turn: usize| {
        let mut messages = vec![ChatMessage::new(Role::User, "When do you open, and is there a free time on Tuesday?")];
        if turn.is_multiple_of(5) {
            let (id, name) = (format!("call_{turn}"), "fetch_slots".to_owned());
            let arguments = r#"{"day":"2026-11-24","part":"morning"}"#.to_owned();
            let content = r#"{"free":["2026-11-24T07:30:00Z/adviser","2026-11-24T08:00:00Z/adviser"]}"#.to_owned();
            messages.push(ChatMessage::calling("", vec![ToolUse { id: id.clone(), name: name.clone(), arguments }]));
            let (failure, effects) = (None, Vec::new());
            messages.push(ChatMessage::result(&ToolResult { id, name, content, failure, effects }));
        }
        let answer = "The pavilion is open from nine to six, Saturday to Thursday. On Tuesday half past ten is free.";
        messages.push(ChatMessage::new(Role::Assistant, answer));
        messages
    };
    let instructions = ChatMessage::new(Role::System, "You receive visitors of the pavilion. ".repeat(100));
    let question = ChatMessage::new(Role::User, "When do you open?");
    std::iter::once(instructions).chain((0..turns).flat_map(turn)).chain([question]).collect()
}

/// Twelve tools of the usual size.
fn tools() -> Arc<[ToolSpec]> {
    let spec = |number: usize| ToolSpec {
        name: format!("tool_{number}"),
        description: "Finds the free times of a host on a day. Call it before anything is booked.".repeat(3),
        parameters: serde_json::json!({
            "type": "object",
            "properties": {
                "day": { "type": "string", "format": "date", "description": "The day, as 2026-11-24." },
                "part": { "type": "string", "enum": ["morning", "afternoon", "evening"] },
                "host": { "type": "string", "description": "Whom the visitor wants to meet." },
            },
            "required": ["day"],
        }),
    };
    (0..12).map(spec).collect()
}

/// Sends a request over a socket that is open already; reports the times to the first byte of the answer's body.
async fn by_hand(address: Option<SocketAddr>, path: &str, body: Vec<u8>) {
    let Some(address) = address else { return };
    let head =
        format!("POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
    let request = [head.into_bytes(), body].concat();
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        let mut socket = TcpStream::connect(address).await.unwrap();
        socket.set_nodelay(true).unwrap();
        // The server has accepted before the time begins.
        tokio::time::sleep(Duration::from_millis(1)).await;
        let begun = Instant::now();
        socket.write_all(&request).await.unwrap();
        let mut answer = Vec::new();
        while !has_body(&answer) {
            assert_ne!(socket.read_buf(&mut answer).await.unwrap(), 0);
        }
        times.push(begun.elapsed());
    }
    report("  by hand", times);
}

fn has_body(answer: &[u8]) -> bool {
    answer.windows(4).position(|four| four == b"\r\n\r\n").is_some_and(|end| end + 4 < answer.len())
}

fn report(what: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let at = |share: f64| ms(times[((times.len() - 1) as f64 * share) as usize]);
    println!("{what:30} median {:.2}  p95 {:.2}  worst {:.2}", at(0.5), at(0.95), at(1.0));
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

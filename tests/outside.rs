//! What the kiosk tells the outside, read over real HTTP on loopback, and held against its schema.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::{
    io::{BufRead as _, BufReader},
    net::{Ipv4Addr, SocketAddr},
    process::{Command, Stdio},
    sync::Arc,
    time::Duration,
};

use majlis::{
    clock::ManualClock,
    event::{
        BudgetStatus, Bus, Cost, Device, DeviceStatus, EndReason, Event, Feed, FeedEvent, Language, PersonaId, Phase,
        ProviderKind, ProviderStatus, Speaker, ToolFailure, ToolStatus, TurnId, VisitId, VisitSummary, VisitorId,
    },
    ops::{
        monitor::{self, MonitorOptions},
        outside::{Body, Hub, Message, READERS, serve, tell_everything},
    },
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    time::timeout,
};
use tokio_util::sync::CancellationToken;

/// No wait of these tests is longer.
const LIMIT: Duration = Duration::from_secs(20);

fn now() -> jiff::Timestamp {
    "2026-11-21T07:24:00.25Z".parse().unwrap()
}

/// Everything that is told, every way it can look.
fn events() -> Vec<Event> {
    let visit = VisitId::generate();
    let call = |status, took_ms, failure| Event::ToolCall {
        turn: TurnId(3),
        call: "call_1".into(),
        tool: "fetch_slots".into(),
        status,
        took_ms,
        failure,
    };
    let mut events = vec![
        Event::VisitStarted { visit },
        call(ToolStatus::Started, None, None),
        call(ToolStatus::Success, Some(12), None),
        Event::PersonaChanged { from: PersonaId("reception".into()), to: PersonaId("sales".into()) },
    ];
    for reason in [EndReason::Goodbye, EndReason::Silence, EndReason::Departure, EndReason::Touch, EndReason::Shutdown]
    {
        events.push(Event::VisitEnded { visit, reason });
    }
    for to in [
        Phase::Idle,
        Phase::Attending,
        Phase::Listening,
        Phase::Transcribing,
        Phase::Thinking,
        Phase::CallingTool,
        Phase::Speaking,
        Phase::Interrupted,
    ] {
        events.push(Event::PhaseChanged { from: Phase::Idle, to });
    }
    for failure in [
        ToolFailure::Unknown,
        ToolFailure::InvalidArguments,
        ToolFailure::Prerequisite,
        ToolFailure::NeedsConfirmation,
        ToolFailure::TimeOut,
        ToolFailure::Suspended,
        ToolFailure::Refused,
        ToolFailure::Failed,
        ToolFailure::TooManySteps,
    ] {
        events.push(call(ToolStatus::Error, Some(12), Some(failure)));
    }
    for scope in ["turn", "visit", "day"] {
        events.push(Event::Spent { scope, cost: Cost(1_250) });
    }
    for status in [BudgetStatus::Within, BudgetStatus::Warning, BudgetStatus::Exhausted] {
        events.push(Event::Budget { status, spent: Cost(9_000_000), budget: Cost(10_000_000) });
    }
    for device in [Device::Microphone, Device::Speaker, Device::Camera, Device::Display, Device::Store] {
        for status in [DeviceStatus::Ready, DeviceStatus::Lost] {
            events.push(Event::Device { device, status, detail: "unplugged".into() });
        }
    }
    for kind in [ProviderKind::SpeechToText, ProviderKind::LanguageModel, ProviderKind::TextToSpeech] {
        for status in [ProviderStatus::Healthy, ProviderStatus::Failed, ProviderStatus::Suspended] {
            events.push(Event::Provider { kind, name: "cloud".into(), status, detail: "500".into() });
        }
    }
    events
}

fn said(text: &str) -> FeedEvent {
    FeedEvent::Transcript {
        visit: VisitId::generate(),
        turn: TurnId(1),
        speaker: Speaker::Visitor,
        language: Language::ENGLISH,
        text: text.into(),
        is_final: true,
        is_interrupted: false,
    }
}

fn feed_events() -> Vec<FeedEvent> {
    let visit = VisitId::generate();
    let summary = VisitSummary {
        text: "Asked when it opens.".into(),
        language: Language::ARABIC,
        asked: vec!["متى يفتح الجناح؟".into()],
        done: vec!["searched".into()],
        booked: Vec::new(),
        preferences: vec!["mornings".into()],
        duration: Duration::from_millis(61_500),
        cost: Cost(12),
        reason: EndReason::Goodbye,
        visitor: Some(VisitorId::generate()),
    };
    let nobody = VisitSummary { visitor: None, ..summary.clone() };
    vec![
        said("Line one\nline \"two\""),
        FeedEvent::VisitorRecognized { visit, visitor: VisitorId::generate(), by: "face" },
        FeedEvent::VisitorRecognized { visit, visitor: VisitorId::generate(), by: "phone" },
        FeedEvent::CallSummary { visit, summary: Box::new(summary) },
        FeedEvent::CallSummary { visit, summary: Box::new(nobody) },
    ]
}

fn bodies() -> Vec<Body> {
    let told: Vec<Body> = events().iter().filter_map(Body::of_event).collect();
    assert_eq!(told.len(), events().len());
    told.into_iter().chain(feed_events().iter().map(Body::of_feed)).collect()
}

fn schema() -> (Value, jsonschema::Validator) {
    let schema: Value = serde_json::from_str(include_str!("../docs/events.schema.json")).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    (schema, validator)
}

#[test]
fn every_message_fits_its_schema_and_every_type_of_the_schema_is_told() {
    let (schema, validator) = schema();
    let mut told = std::collections::BTreeSet::new();
    for body in bodies() {
        let kind = body.kind();
        let message: Value = serde_json::from_str(&Message::new(7, now(), body).to_json()).unwrap();
        if let Err(error) = validator.validate(&message) {
            panic!("{message}: {error}");
        }
        assert_eq!(message["type"], kind);
        assert_eq!(message["at"], "2026-11-21T07:24:00.250Z");
        // The schema is strict: nothing may go, come or change its kind.
        let fields = message.as_object().unwrap();
        for key in fields.keys() {
            let mut without = fields.clone();
            without.remove(key);
            assert!(!validator.is_valid(&Value::Object(without)), "{kind} without {key}");
            let mut other = fields.clone();
            other.insert(key.clone(), json!({ "something": "else" }));
            assert!(!validator.is_valid(&Value::Object(other)), "{kind} with another {key}");
        }
        let mut more = fields.clone();
        more.insert("face".into(), json!([0.1]));
        assert!(!validator.is_valid(&Value::Object(more)), "{kind} with more");
        told.insert(kind.to_owned());
    }
    let described: Vec<String> = schema["oneOf"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["$ref"].as_str().unwrap().trim_start_matches("#/$defs/").to_owned())
        .collect();
    assert_eq!(told, described.iter().cloned().collect());
    let page = include_str!("../docs/events.md");
    for kind in described {
        assert!(page.contains(&format!("| `{kind}` |")), "docs/events.md does not describe {kind}");
    }
}

/// A hub with its port.
struct Port {
    hub: Hub,
    address: SocketAddr,
    stop: CancellationToken,
    served: tokio::task::JoinHandle<()>,
}

impl Port {
    async fn open() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (hub, stop) = (Hub::new(now()), CancellationToken::new());
        let served = tokio::spawn(serve(listener, hub.clone(), now, stop.clone()));
        Self { hub, address, stop, served }
    }

    fn tell(&self, text: &str) {
        self.hub.tell(Body::of_feed(&said(text)), now());
    }

    async fn ask(&self, head: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        stream
    }

    /// The whole answer to a request that ends.
    async fn answer(&self, head: &str) -> String {
        let mut stream = self.ask(head).await;
        let mut answer = String::new();
        timeout(LIMIT, stream.read_to_string(&mut answer)).await.unwrap().unwrap();
        answer
    }

    async fn events(&self, more: &str) -> Events {
        let stream = self.ask(&format!("GET /events HTTP/1.1\r\nHost: localhost\r\n{more}\r\n")).await;
        let mut events = Events { stream, read: String::new() };
        events.until("retry: 2000").await;
        events
    }
}

struct Events {
    stream: TcpStream,
    read: String,
}

impl Events {
    /// Reads until `wanted` is there, and gives everything up to it.
    async fn until(&mut self, wanted: &str) -> String {
        loop {
            if let Some(at) = self.read.find(wanted) {
                let rest = self.read.split_off(at + wanted.len());
                return std::mem::replace(&mut self.read, rest);
            }
            let mut bytes = [0; 4096];
            let read = timeout(LIMIT, self.stream.read(&mut bytes)).await.unwrap().unwrap();
            assert!(read > 0, "the stream ended before {wanted}: {}", self.read);
            self.read.push_str(&String::from_utf8_lossy(&bytes[..read]));
        }
    }

    async fn end(mut self) {
        let mut rest = Vec::new();
        // Hung up on: an end or a reset.
        let _ = timeout(LIMIT, self.stream.read_to_end(&mut rest)).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_get_what_happens_and_after_a_break_what_they_missed() {
    let port = Port::open().await;
    port.tell("before anybody read");
    let mut first = port.events("").await;
    port.tell("one");
    let read = first.until("\"text\":\"one\"").await;
    assert!(!read.contains("before anybody read"));
    let id = read.rsplit_once("id: ").unwrap().1.split_once('\n').unwrap().0.to_owned();
    first.until("\n\n").await;
    drop(first);
    port.tell("two");
    let mut again = port.events(&format!("Last-Event-ID: {id}\r\n")).await;
    port.tell("three");
    let read = again.until("\"text\":\"three\"").await;
    assert!(read.contains("\"text\":\"two\"") && !read.contains("\"text\":\"one\""), "{read}");
    let refused = port.answer("GET /events HTTP/1.1\r\nHost: localhost\r\nLast-Event-ID: x\r\n\r\n").await;
    assert!(refused.starts_with("HTTP/1.1 400"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_this_machine_may_ask_and_nothing_is_allowed_across_origins() {
    let port = Port::open().await;
    for (head, status) in [
        ("GET /health HTTP/1.1\r\nHost: 127.0.0.1:1\r\n\r\n", "200"),
        ("GET /health HTTP/1.1\r\nHost: localhost\r\nOrigin: http://localhost:9\r\n\r\n", "200"),
        ("GET /health HTTP/1.1\r\nHost: rebound.example\r\n\r\n", "403"),
        ("GET /events HTTP/1.1\r\nHost: rebound.example\r\n\r\n", "403"),
        ("GET / HTTP/1.1\r\nHost: 127.0.0.1.rebound.example\r\n\r\n", "403"),
        ("GET /health HTTP/1.0\r\n\r\n", "403"),
        ("GET /events HTTP/1.1\r\nHost: localhost\r\nOrigin: https://rebound.example\r\n\r\n", "403"),
        ("GET /events HTTP/1.1\r\nHost: localhost\r\nOrigin: null\r\n\r\n", "403"),
        ("POST /health HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n", "405"),
        ("OPTIONS /events HTTP/1.1\r\nHost: localhost\r\n\r\n", "405"),
        ("GET /secrets HTTP/1.1\r\nHost: localhost\r\n\r\n", "404"),
    ] {
        let answer = port.answer(head).await;
        let first = answer.lines().next().unwrap_or_default();
        assert!(first.contains(status), "{head}: {first}");
        assert!(!answer.to_lowercase().contains("access-control-allow"), "{answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn health_tells_devices_providers_and_visit_without_a_word() {
    let port = Port::open().await;
    for event in [
        Event::VisitStarted { visit: VisitId::generate() },
        Event::PhaseChanged { from: Phase::Idle, to: Phase::Listening },
        Event::Device { device: Device::Camera, status: DeviceStatus::Lost, detail: "unplugged".into() },
        Event::Spent { scope: "day", cost: Cost(42) },
    ] {
        port.hub.tell(Body::of_event(&event).unwrap(), now());
    }
    port.tell("a secret");
    let _reader = port.events("").await;
    let health = |answer: String| -> Value { serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap() };
    let ask = "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let answer = port.answer(ask).await;
    assert!(!answer.contains("secret"));
    let told = health(answer);
    assert_eq!((&told["status"], &told["state"]), (&json!("degraded"), &json!("listening")));
    assert_eq!(told["devices"][0]["device"], "camera");
    assert_eq!(told["visit"]["since"], "2026-11-21T07:24:00.250Z");
    assert_eq!((&told["readers"], &told["spent_today_micros"]), (&json!(1), &json!(42)));
    let back = Event::Device { device: Device::Camera, status: DeviceStatus::Ready, detail: String::new() };
    port.hub.tell(Body::of_event(&back).unwrap(), now());
    let ended = Event::VisitEnded { visit: VisitId::generate(), reason: EndReason::Goodbye };
    port.hub.tell(Body::of_event(&ended).unwrap(), now());
    let told = health(port.answer(ask).await);
    assert_eq!((&told["status"], &told["visit"]), (&json!("ok"), &Value::Null));
    assert_eq!(told["devices"].as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_stops_reading_is_hung_up_on_and_others_go_on() {
    let port = Port::open().await;
    let stuck = port.events("").await;
    let mut good = port.events("").await;
    let long = "word ".repeat(4_000);
    let mut told = 0;
    // Until the buffers of the system are full too.
    while port.hub.slow_readers() == 0 {
        assert!(told < 4_000, "a reader that reads nothing is still served after {told} messages");
        port.tell(&long);
        told += 1;
        good.until("\"is_interrupted\":false}\n\n").await;
    }
    port.tell("the last");
    good.until("the last").await;
    assert_eq!(port.hub.slow_readers(), 1);
    timeout(LIMIT, stuck.end()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn one_reader_too_many_is_told_so() {
    let port = Port::open().await;
    let mut readers = Vec::new();
    for _ in 0..READERS {
        readers.push(port.events("").await);
    }
    let refused = port.answer("GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    assert!(refused.starts_with("HTTP/1.1 503") && refused.contains(&READERS.to_string()), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn when_the_kiosk_stops_readers_get_the_last_message_and_the_end() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let (hub, stop, telling) = (Hub::new(now()), CancellationToken::new(), CancellationToken::new());
    let (bus, feed) = (Bus::new(Arc::new(ManualClock::default())), Feed::default());
    let served = tokio::spawn(serve(listener, hub.clone(), now, stop.clone()));
    let told = tokio::spawn(tell_everything(hub.clone(), &bus, &feed, now, telling.clone()));
    let port = Port { hub, address, stop, served };
    let mut reader = port.events("").await;
    bus.publish(Event::PhaseChanged { from: Phase::Idle, to: Phase::Attending });
    reader.until("state_changed").await;
    feed.publish(said("goodbye"));
    telling.cancel();
    port.stop.cancel();
    reader.until("goodbye").await;
    reader.end().await;
    timeout(LIMIT, async {
        told.await.unwrap();
        port.served.await.unwrap();
    })
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_needs_nothing_from_elsewhere() {
    let port = Port::open().await;
    let page = port.answer("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    assert!(page.contains("default-src 'none'") && page.contains("new EventSource(\"/events\")"));
    for from_elsewhere in ["http://", "https://", "innerHTML", "<link", "@import"] {
        assert!(!page.contains(from_elsewhere), "{from_elsewhere}");
    }
    // It has a sentence for every type.
    for body in bodies() {
        assert!(page.contains(&format!("  {}: m =>", body.kind())), "{body:?}");
    }
}

/// What a monitor writes, as it comes.
#[derive(Clone, Default)]
struct Shown(Arc<std::sync::Mutex<String>>);

impl std::io::Write for Shown {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().push_str(&String::from_utf8_lossy(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Shown {
    async fn until(&self, wanted: &str) {
        let wait = async {
            while !self.0.lock().unwrap().contains(wanted) {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        if timeout(LIMIT, wait).await.is_err() {
            panic!("{wanted} is missing in: {}", self.0.lock().unwrap());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_monitor_goes_on_where_it_was_when_the_kiosk_comes_back() {
    let port = Port::open().await;
    let address = port.address;
    let (shown, notes) = (Shown::default(), Shown::default());
    let options = MonitorOptions {
        port: address.port(),
        is_json: false,
        has_colours: false,
        time_zone: jiff::tz::TimeZone::get("Asia/Dubai").unwrap(),
    };
    let watching = tokio::spawn({
        let (mut shown, mut notes) = (shown.clone(), notes.clone());
        async move { monitor::watch(&options, &mut shown, &mut notes).await }
    });
    notes.until("connected").await;
    while !port.answer("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n").await.contains("\"readers\":1") {}
    port.tell("hello\u{1b}[2J");
    shown.until("11:24:00 visitor    en: hello [2J\n").await;
    // The kiosk goes, and comes back with what happened meanwhile.
    port.hub.close();
    port.stop.cancel();
    timeout(LIMIT, port.served).await.unwrap().unwrap();
    notes.until("trying again").await;
    port.hub.tell(Body::of_feed(&said("meanwhile")), now());
    // Another test may have been given the port meanwhile, for its short life.
    let free = async {
        loop {
            match TcpListener::bind(address).await {
                Ok(listener) => return listener,
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
    };
    let listener = timeout(LIMIT, free).await.unwrap();
    let stop = CancellationToken::new();
    let _served = tokio::spawn(serve(listener, port.hub.clone(), now, stop.clone()));
    shown.until("en: meanwhile\n").await;
    assert_eq!(shown.0.lock().unwrap().matches("hello").count(), 1);
    watching.abort();
    stop.cancel();
}

#[test]
fn the_command_shows_messages_as_json_and_ends_by_ctrl_c() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let port = runtime.block_on(Port::open());
    let mut command = Command::new(env!("CARGO_BIN_EXE_majlis"));
    command.args(["monitor", "--json", "--port", &port.address.port().to_string()]);
    let mut monitor = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut notes = BufReader::new(monitor.stderr.take().unwrap()).lines();
    assert!(notes.next().unwrap().unwrap().contains("connected"));
    let mut lines = BufReader::new(monitor.stdout.take().unwrap()).lines();
    // The reader is there when "connected" is: the answer's head comes after it joined.
    port.tell("hello");
    let message: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
    assert_eq!(message["text"], "hello");
    assert!(Command::new("kill").args(["-INT", &monitor.id().to_string()]).status().unwrap().success());
    assert!(monitor.wait().unwrap().success());
}

#[test]
fn a_closed_port_is_said_to_be_closed() {
    let output =
        Command::new(env!("CARGO_BIN_EXE_majlis")).args(["--set", "health.port=0", "monitor"]).output().unwrap();
    assert!(!output.status.success());
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(told.contains("[health] port") && told.contains("--port"), "{told}");
}

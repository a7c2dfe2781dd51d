//! A scripted OpenAI-compatible server for the tests: real HTTP on a loopback port, settable delays, one fault after
//! the other, and a log of what was asked.
//!
//! ```ignore
//! let server = Server::start().await;
//! server.script(|s| {
//!     s.transcript = "When do you open?".into();
//!     s.fail(Endpoint::Chat, Fault::status(500));          // the next request
//!     s.fail_always(Endpoint::Speech, Fault::Hang);        // every request
//! });
//! let base = server.base_url();                            // http://127.0.0.1:PORT/v1
//! assert_eq!(server.requests_to(Endpoint::Chat).len(), 1);
//! ```

#![allow(dead_code, unreachable_pub, reason = "each test binary uses its own part")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::{
    collections::{HashMap, VecDeque},
    io,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{ConnectInfo, State},
    http::{HeaderMap, StatusCode, Uri, header},
    response::{IntoResponse, Response},
    routing::{get, post},
    serve::ListenerExt,
};
use futures_util::{StreamExt, stream};
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinHandle};

/// The rate of the speech that is made.
pub const SPEECH_RATE_HZ: u32 = 24_000;

/// What can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Endpoint {
    Transcription,
    Chat,
    Speech,
    Models,
}

/// What goes wrong with a request.
#[derive(Debug, Clone)]
pub enum Fault {
    /// A status with headers and body in place of the answer.
    Status { code: u16, headers: Vec<(&'static str, String)>, body: String },
    /// No byte ever comes.
    Hang,
    /// Everything comes, but this much later.
    Slow(Duration),
    /// The connection is cut after this many pieces.
    Cut { after: usize },
    /// The body ends properly after this many pieces, without its end mark.
    EndEarly { after: usize },
    /// No byte comes after this many pieces, the connection stays open.
    Stall { after: usize },
    /// A piece that cannot be read comes after this many.
    Malformed { after: usize },
    /// Status 200 and nothing in it: an empty transcript, no token, no sound.
    Empty,
    /// This very answer.
    Raw { content_type: &'static str, parts: Vec<Vec<u8>> },
}

impl Fault {
    /// A status with an error in OpenAI's form.
    pub fn status(code: u16) -> Self {
        let body =
            json!({ "error": { "message": "a message that nobody may repeat", "type": "server_error", "code": null } });
        Self::Status { code, headers: Vec::new(), body: body.to_string() }
    }

    /// 429 with `Retry-After`.
    pub fn rate_limited(retry_after: &str) -> Self {
        let body =
            json!({ "error": { "message": "slow down", "type": "rate_limit_error", "code": "rate_limit_exceeded" } });
        Self::Status { code: 429, headers: vec![("retry-after", retry_after.to_owned())], body: body.to_string() }
    }
}

/// What the server says, and when.
#[derive(Debug, Clone)]
pub struct Script {
    /// Told when `transcripts` is empty.
    pub transcript: String,
    /// Told one a request.
    pub transcripts: VecDeque<String>,
    /// Tokens told when `answers` is empty.
    pub answer: Vec<String>,
    /// Tokens told one list a request.
    pub answers: VecDeque<Vec<String>>,
    /// Functions called after the text, one list a request: name and arguments.
    pub calls: VecDeque<Vec<(&'static str, &'static str)>>,
    /// Told where the request asks for it.
    pub usage: Value,
    /// Length of the speech made for each character, ms.
    pub speech_ms_per_char: usize,
    /// Until the transcript.
    pub transcript_delay: Duration,
    /// Until the first token.
    pub first_token_delay: Duration,
    /// Between tokens.
    pub token_delay: Duration,
    /// Until the first sound.
    pub first_sound_delay: Duration,
    /// Between chunks of 40 ms of sound.
    pub sound_delay: Duration,
    once: HashMap<Endpoint, VecDeque<Fault>>,
    always: HashMap<Endpoint, Fault>,
}

impl Default for Script {
    fn default() -> Self {
        Self {
            transcript: "What time does the museum open in the morning?".into(),
            transcripts: VecDeque::new(),
            answer: tokens("The museum opens at nine in the morning. You can walk there from the main square."),
            answers: VecDeque::new(),
            calls: VecDeque::new(),
            usage: Value::Null,
            speech_ms_per_char: 60,
            transcript_delay: Duration::ZERO,
            first_token_delay: Duration::ZERO,
            token_delay: Duration::ZERO,
            first_sound_delay: Duration::ZERO,
            sound_delay: Duration::ZERO,
            once: HashMap::new(),
            always: HashMap::new(),
        }
    }
}

impl Script {
    /// The next request to `endpoint` meets `fault`; call it again for the one after.
    pub fn fail(&mut self, endpoint: Endpoint, fault: Fault) {
        self.once.entry(endpoint).or_default().push_back(fault);
    }

    /// Every request to `endpoint` meets `fault`, after those of `fail`.
    pub fn fail_always(&mut self, endpoint: Endpoint, fault: Fault) {
        self.always.insert(endpoint, fault);
    }

    /// No more faults.
    pub fn recover(&mut self) {
        self.once.clear();
        self.always.clear();
    }

    fn take_fault(&mut self, endpoint: Endpoint) -> Option<Fault> {
        let once = self.once.get_mut(&endpoint).and_then(VecDeque::pop_front);
        once.or_else(|| self.always.get(&endpoint).cloned())
    }
}

/// Words with the blank before them; punctuation alone, as a tokenizer gives it.
pub fn tokens(text: &str) -> Vec<String> {
    let mut tokens: Vec<String> = Vec::new();
    for letter in text.chars() {
        let begins = letter.is_whitespace() || letter.is_ascii_punctuation() || tokens.is_empty();
        match tokens.last_mut() {
            Some(token) if !begins => token.push(letter),
            _ => tokens.push(letter.to_string()),
        }
    }
    tokens
}

/// One request that came.
#[derive(Debug, Clone)]
pub struct Request {
    pub endpoint: Endpoint,
    /// When its body had come.
    pub at: Instant,
    pub uri: Uri,
    pub headers: HeaderMap,
    pub body: Bytes,
    /// The client's address: the same port is the same connection.
    pub peer: SocketAddr,
}

impl Request {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// A text field of a multipart form.
    pub fn field(&self, name: &str) -> Option<String> {
        let body = String::from_utf8_lossy(&self.body);
        let (_, rest) = body.split_once(&format!("name=\"{name}\"\r\n\r\n"))?;
        Some(rest.split("\r\n").next()?.to_owned())
    }

    /// The samples of the WAV file in a multipart form.
    pub fn wav_samples(&self) -> Vec<i16> {
        let start = self.body.windows(4).position(|four| four == b"RIFF").unwrap();
        let mut reader = hound::WavReader::new(&self.body[start..]).unwrap();
        assert_eq!((reader.spec().sample_rate, reader.spec().channels, reader.spec().bits_per_sample), (16_000, 1, 16));
        reader.samples::<i16>().map(Result::unwrap).collect()
    }
}

#[derive(Default)]
struct Shared {
    script: Mutex<Script>,
    requests: Mutex<Vec<Request>>,
}

/// The running server. Stops when dropped.
pub struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

impl Server {
    /// Starts with the default script on a free port.
    pub async fn start() -> Self {
        Self::start_on(SocketAddr::from(([127, 0, 0, 1], 0))).await
    }

    /// Starts on a given address: a service that comes back.
    pub async fn start_on(address: SocketAddr) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared::default());
        let app = Router::new()
            .route("/v1/audio/transcriptions", post(answer))
            .route("/v1/chat/completions", post(answer))
            .route("/v1/audio/speech", post(answer))
            .route("/v1/models", get(answer))
            .with_state(shared.clone());
        let task = tokio::spawn(async move {
            let service = app.into_make_service_with_connect_info::<SocketAddr>();
            axum::serve(listener.tap_io(|stream| stream.set_nodelay(true).unwrap()), service).await.unwrap();
        });
        Self { address, shared, task }
    }

    /// `http://127.0.0.1:PORT/v1`
    pub fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Changes what happens from now on.
    pub fn script(&self, change: impl FnOnce(&mut Script)) {
        change(&mut self.shared.script.lock().unwrap());
    }

    /// All requests so far.
    pub fn requests(&self) -> Vec<Request> {
        self.shared.requests.lock().unwrap().clone()
    }

    /// The requests to `endpoint` so far.
    pub fn requests_to(&self, endpoint: Endpoint) -> Vec<Request> {
        self.requests().into_iter().filter(|request| request.endpoint == endpoint).collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// An address where nobody listens.
pub async fn closed_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap()
}

/// What answers one request.
struct Plan {
    fault: Option<Fault>,
    content_type: &'static str,
    pieces: Vec<Piece>,
}

async fn answer(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let endpoint = match uri.path() {
        "/v1/audio/transcriptions" => Endpoint::Transcription,
        "/v1/chat/completions" => Endpoint::Chat,
        "/v1/audio/speech" => Endpoint::Speech,
        _ => Endpoint::Models,
    };
    let request = Request { endpoint, at: Instant::now(), uri, headers, body, peer };
    shared.requests.lock().unwrap().push(request.clone());
    let plan = plan(&mut shared.script.lock().unwrap(), &request);
    reply(plan).await
}

fn plan(script: &mut Script, request: &Request) -> Plan {
    let fault = script.take_fault(request.endpoint);
    let is_empty = matches!(fault, Some(Fault::Empty));
    // A request that gets nothing leaves its transcript or answer to the next one.
    let gets_something = !matches!(fault, Some(Fault::Status { .. } | Fault::Hang | Fault::Empty | Fault::Raw { .. }));
    let (content_type, pieces) = match request.endpoint {
        Endpoint::Models => {
            ("application/json", vec![piece(Duration::ZERO, json!({ "object": "list", "data": [] }).to_string())])
        }
        Endpoint::Transcription => {
            let next = if gets_something { script.transcripts.pop_front() } else { None };
            let text = next.unwrap_or_else(|| script.transcript.clone());
            let is_stream = request.field("stream").as_deref() == Some("true");
            transcription(script, if is_empty { "" } else { &text }, is_stream)
        }
        Endpoint::Chat => {
            let next = if gets_something { script.answers.pop_front() } else { None };
            let tokens = next.unwrap_or_else(|| script.answer.clone());
            let calls = if gets_something { script.calls.pop_front() } else { None }.unwrap_or_default();
            let asks_for_usage = request.json()["stream_options"]["include_usage"] == true;
            ("text/event-stream", chat(script, if is_empty { &[] } else { &tokens }, &calls, asks_for_usage))
        }
        Endpoint::Speech => {
            let input = request.json()["input"].as_str().unwrap_or_default().chars().count();
            ("audio/pcm", speech(script, if is_empty { 0 } else { input }))
        }
    };
    Plan { fault, content_type, pieces }
}

fn transcription(script: &Script, text: &str, is_stream: bool) -> (&'static str, Vec<Piece>) {
    let delay = script.transcript_delay;
    if !is_stream {
        return ("application/json", vec![piece(delay, json!({ "text": text }).to_string())]);
    }
    let tokens = tokens(text);
    let share = delay / u32::try_from(tokens.len() + 1).unwrap();
    let mut pieces: Vec<Piece> = tokens
        .into_iter()
        .map(|token| event(share, &json!({ "type": "transcript.text.delta", "delta": token })))
        .collect();
    pieces.push(event(share, &json!({ "type": "transcript.text.done", "text": text })));
    ("text/event-stream", pieces)
}

fn chat(script: &Script, tokens: &[String], calls: &[(&str, &str)], asks_for_usage: bool) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    for (index, token) in tokens.iter().enumerate() {
        let wait = if index == 0 { script.first_token_delay } else { script.token_delay };
        pieces.push(event(wait, &chunk(&json!({ "content": token }), None)));
    }
    for (index, (name, arguments)) in calls.iter().enumerate() {
        let call = |id: Option<String>, function: Value| {
            let call = json!({ "index": index, "id": id, "type": "function", "function": function });
            event(Duration::ZERO, &chunk(&json!({ "tool_calls": [call] }), None))
        };
        pieces.push(call(Some(format!("call_{index}")), json!({ "name": name, "arguments": "" })));
        let (first, second) = arguments.split_at(arguments.len() / 2);
        pieces.extend([first, second].map(|part| call(None, json!({ "arguments": part }))));
    }
    let reason = if calls.is_empty() { "stop" } else { "tool_calls" };
    pieces.push(event(Duration::ZERO, &chunk(&json!({}), Some(reason))));
    if !script.usage.is_null() && asks_for_usage {
        pieces.push(event(Duration::ZERO, &json!({ "choices": [], "usage": script.usage })));
    }
    pieces.push(piece(Duration::ZERO, "data: [DONE]\n\n"));
    pieces
}

/// Chunks of an odd number of bytes, near 40 ms.
fn speech(script: &Script, chars: usize) -> Vec<Piece> {
    let wait = |index| if index == 0 { script.first_sound_delay } else { script.sound_delay };
    let bytes = tone(chars * script.speech_ms_per_char);
    bytes.chunks(1_921).enumerate().map(|(index, part)| piece(wait(index), part)).collect()
}

/// A tone of 440 Hz, 16-bit little-endian.
fn tone(ms: usize) -> Vec<u8> {
    let samples = ms * SPEECH_RATE_HZ as usize / 1_000;
    (0..samples)
        .flat_map(|index| {
            let phase = index as f32 * 440.0 / SPEECH_RATE_HZ as f32 * std::f32::consts::TAU;
            ((phase.cos() * 8_000.0) as i16).to_le_bytes()
        })
        .collect()
}

fn chunk(delta: &Value, finish_reason: Option<&str>) -> Value {
    json!({
        "id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "scripted",
        "choices": [{ "index": 0, "delta": delta, "finish_reason": finish_reason }],
    })
}

/// A part of a body and the wait before it.
#[derive(Debug, Clone)]
struct Piece {
    wait: Duration,
    what: What,
}

#[derive(Debug, Clone)]
enum What {
    Bytes(Bytes),
    Cut,
    Stall,
}

fn piece(wait: Duration, bytes: impl Into<Vec<u8>>) -> Piece {
    Piece { wait, what: What::Bytes(Bytes::from(bytes.into())) }
}

fn event(wait: Duration, data: &Value) -> Piece {
    piece(wait, format!("data: {data}\n\n"))
}

async fn reply(Plan { fault, content_type, mut pieces }: Plan) -> Response {
    let now = |what| Piece { wait: Duration::ZERO, what };
    match fault {
        None | Some(Fault::Empty) => {}
        Some(Fault::Hang) => std::future::pending::<()>().await,
        Some(Fault::Slow(delay)) => tokio::time::sleep(delay).await,
        Some(Fault::Status { code, headers, body }) => {
            let mut response = (StatusCode::from_u16(code).unwrap(), body).into_response();
            for (name, value) in headers {
                response.headers_mut().insert(name, value.parse().unwrap());
            }
            return response;
        }
        Some(Fault::Cut { after }) => {
            pieces.truncate(after);
            pieces.push(now(What::Cut));
        }
        Some(Fault::EndEarly { after }) => pieces.truncate(after),
        Some(Fault::Stall { after }) => {
            pieces.truncate(after);
            pieces.push(now(What::Stall));
        }
        Some(Fault::Malformed { after }) => {
            pieces.truncate(after);
            pieces.push(piece(Duration::ZERO, "data: {\"choices\":[{\"delta\":{\"conte\n\n"));
        }
        Some(Fault::Raw { content_type, parts }) => {
            let pieces = parts.into_iter().map(|part| piece(Duration::ZERO, part)).collect();
            return stream_of(content_type, pieces).await;
        }
    }
    stream_of(content_type, pieces).await
}

/// The head of the answer comes with its first piece, as real services send it.
async fn stream_of(content_type: &'static str, mut pieces: Vec<Piece>) -> Response {
    if let Some(first) = pieces.first_mut() {
        tokio::time::sleep(std::mem::take(&mut first.wait)).await;
    }
    let body = stream::iter(pieces).then(|piece| async move {
        if !piece.wait.is_zero() {
            tokio::time::sleep(piece.wait).await;
        }
        match piece.what {
            What::Bytes(bytes) => Ok(bytes),
            What::Cut => {
                // What was said before is on its way first.
                tokio::time::sleep(Duration::from_millis(20)).await;
                Err(io::Error::from(io::ErrorKind::ConnectionReset))
            }
            What::Stall => std::future::pending().await,
        }
    });
    ([(header::CONTENT_TYPE, content_type)], Body::from_stream(body)).into_response()
}

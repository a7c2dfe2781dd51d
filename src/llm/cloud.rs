//! The language model at a service: `POST {base}/chat/completions`, streamed.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_openai::types::chat::{
    ChatCompletionRequestAssistantMessage, ChatCompletionRequestMessage, ChatCompletionRequestSystemMessage,
    ChatCompletionRequestToolMessage, ChatCompletionRequestToolMessageContent, ChatCompletionRequestUserMessage,
    ChatCompletionTool, ChatCompletionTools, CreateChatCompletionRequest, FunctionObject,
};
use serde::Deserialize;
use tokio::time::Instant;

use super::{AnswerStream, ChatMessage, ChatRequest, Delta, LanguageModel, Role};
use crate::{
    cloud::{
        EventReader, FailureKind, Output, ProviderError, Service, body_text, cut, is_event_stream, pieces, timed_out,
    },
    config,
    event::ServedBy,
};

/// The function that the model calls when the visitor takes leave.
const END_CONVERSATION: &str = "end_conversation";
const END_CONVERSATION_MEANS: &str = "Call this, after a short farewell in the visitor's language, when the visitor says \
     goodbye or makes clear that the conversation is over. Never call it otherwise.";

/// Answers by a model at a service.
pub struct CloudLanguageModel {
    service: Arc<Service>,
    options: Arc<config::CloudLlm>,
    /// Cleared when the model turns out to refuse requests with functions.
    takes_tools: Arc<AtomicBool>,
}

impl CloudLanguageModel {
    /// Uses `service` with the options of `[cloud.llm]`.
    #[must_use]
    pub fn new(service: Arc<Service>, options: config::CloudLlm) -> Self {
        Self { service, options: Arc::new(options), takes_tools: Arc::new(AtomicBool::new(true)) }
    }
}

impl LanguageModel for CloudLanguageModel {
    fn name(&self) -> &str {
        self.service.name()
    }

    fn answer(&self, request: ChatRequest) -> AnswerStream {
        let (service, options, takes_tools) = (self.service.clone(), self.options.clone(), self.takes_tools.clone());
        pieces(move |out| async move {
            let exchange = service.begin();
            let last = answer(&service, &options, &takes_tools, &request, &out).await;
            exchange.finish();
            out.give(last).await;
        })
    }

    fn warm_up(&self) {
        self.service.warm_up();
    }
}

/// As much of a chunk as is needed. `async-openai`'s own type asks for `id`, `created`, `model` and `object`, which
/// compatible servers leave out.
#[derive(Deserialize)]
pub(super) struct Chunk {
    #[serde(default)]
    choices: Vec<Choice>,
    #[serde(default)]
    error: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct Choice {
    /// `message` where the server does not stream.
    #[serde(default, alias = "message")]
    delta: Option<Part>,
    #[serde(default)]
    finish_reason: Option<String>,
}

#[derive(Deserialize, Default)]
struct Part {
    #[serde(default)]
    content: Option<String>,
    #[serde(default)]
    tool_calls: Option<Vec<ToolCall>>,
}

#[derive(Deserialize)]
struct ToolCall {
    #[serde(default)]
    index: usize,
    #[serde(default)]
    function: Option<Function>,
}

#[derive(Deserialize)]
struct Function {
    #[serde(default)]
    name: Option<String>,
}

/// What has come so far.
#[derive(Default)]
pub(super) struct Progress {
    has_text: bool,
    is_finished: bool,
    /// The names of the functions called, by index; a name may come in parts.
    calls: Vec<String>,
}

impl Progress {
    /// Takes in a chunk; gives its text.
    pub(super) fn take(&mut self, chunk: Chunk) -> Option<String> {
        let choice = chunk.choices.into_iter().next()?;
        self.is_finished |= choice.finish_reason.is_some_and(|reason| !reason.is_empty());
        let part = choice.delta.unwrap_or_default();
        for call in part.tool_calls.unwrap_or_default() {
            let Some(name) = call.function.and_then(|function| function.name) else { continue };
            // More calls than any sane answer has are not looked at.
            if call.index < 8 {
                self.calls.resize(self.calls.len().max(call.index + 1), String::new());
                if let Some(known) = self.calls.get_mut(call.index) {
                    known.push_str(&name);
                }
            }
        }
        let text = part.content.filter(|text| !text.is_empty())?;
        self.has_text = true;
        Some(text)
    }

    /// Whether the answer said that it was over.
    pub(super) fn is_finished(&self) -> bool {
        self.is_finished
    }

    fn ends_visit(&self) -> bool {
        self.calls.iter().any(|name| name == END_CONVERSATION)
    }

    /// The last piece, once the end mark was seen.
    fn done(&self, service: &Service, request: &ChatRequest) -> Result<Delta, ProviderError> {
        if self.has_text || self.ends_visit() {
            Ok(Delta::Done { served_by: ServedBy::Cloud, ends_visit: self.ends_visit() || request.takes_leave })
        } else {
            // Silence helps nobody: the next provider may know something.
            Err(service.malformed("an answer without text"))
        }
    }
}

/// Hands out the text as it comes; gives the last piece.
async fn answer(
    service: &Service,
    options: &config::CloudLlm,
    takes_tools: &AtomicBool,
    request: &ChatRequest,
    out: &Output<Result<Delta, ProviderError>>,
) -> Result<Delta, ProviderError> {
    let first_limit = Duration::from_millis(options.first_token_timeout_ms);
    let token_limit = Duration::from_millis(options.token_timeout_ms);
    let no_first = || timed_out(service.name(), "the first word of the answer", first_limit);
    let no_next = || timed_out(service.name(), "the next word of the answer", token_limit);
    let first_due = Instant::now() + first_limit;

    let sending = send(service, options, takes_tools, request);
    let response = tokio::time::timeout_at(first_due, sending).await.map_err(|_| no_first())??;
    let mut progress = Progress::default();
    if !is_event_stream(&response) {
        let body = tokio::time::timeout_at(first_due, body_text(response)).await.map_err(|_| no_first())?;
        let body = body.map_err(|error| service.body_error(&error))?;
        if let Ok(chunk) = parse(service, &body) {
            if let Some(text) = progress.take(chunk) {
                out.give(Ok(Delta::Text(text))).await;
            }
            return progress.done(service, request);
        }
        return Err(service.malformed("neither a stream of events nor an answer in JSON"));
    }
    let mut events = EventReader::new(response);
    while !progress.is_finished {
        let event = if progress.has_text {
            tokio::time::timeout(token_limit, events.next()).await.map_err(|_| no_next())?
        } else {
            tokio::time::timeout_at(first_due, events.next()).await.map_err(|_| no_first())?
        };
        let Some(event) = event.map_err(|error| service.event_error(&error))? else {
            return Err(cut(service.name(), "the answer"));
        };
        if event.trim() == "[DONE]" {
            return progress.done(service, request);
        }
        if let Some(text) = progress.take(parse(service, &event)?) {
            out.give(Ok(Delta::Text(text))).await;
        }
    }
    // `finish_reason` ends the answer; `[DONE]` may be missing. Reading up to it leaves the connection usable, and the
    // visitor does not wait for that.
    tokio::spawn(tokio::time::timeout(Duration::from_secs(1), events.drain()));
    progress.done(service, request)
}

/// Sends the question; a server whose model takes no functions gets it again without.
async fn send(
    service: &Service,
    options: &config::CloudLlm,
    takes_tools: &AtomicBool,
    request: &ChatRequest,
) -> Result<reqwest::Response, ProviderError> {
    let post =
        |body: &CreateChatCompletionRequest| service.send(service.post("/chat/completions", &options.model).json(body));
    let mut body = body(service, options, request);
    if takes_tools.load(Ordering::Relaxed) {
        body.tools = Some(vec![end_conversation()]);
    }
    match post(&body).await {
        // Ollama and vLLM refuse functions with 400 where the model or the server was not prepared for them.
        Err(error) if error.kind == FailureKind::Rejected && body.tools.take().is_some() => {
            let response = post(&body).await?;
            takes_tools.store(false, Ordering::Relaxed);
            Ok(response)
        }
        result => result,
    }
}

/// A piece of an answer, or a whole one.
pub(super) fn parse(service: &Service, event: &str) -> Result<Chunk, ProviderError> {
    match serde_json::from_str::<Chunk>(event) {
        Ok(Chunk { error: Some(_), .. }) => Err(ProviderError::new(
            service.name(),
            FailureKind::ServerError,
            "the service reported an error in the middle of its answer",
        )),
        Ok(chunk) => Ok(chunk),
        Err(_) => Err(service.malformed("an event that is not a piece of an answer")),
    }
}

fn body(service: &Service, options: &config::CloudLlm, request: &ChatRequest) -> CreateChatCompletionRequest {
    let mut body = CreateChatCompletionRequest {
        model: options.model.clone(),
        messages: request.messages.iter().map(message).collect(),
        temperature: Some(options.temperature),
        stream: Some(true),
        ..CreateChatCompletionRequest::default()
    };
    limit_tokens(service, &mut body, options.max_tokens);
    body
}

pub(super) fn limit_tokens(service: &Service, body: &mut CreateChatCompletionRequest, max_tokens: u32) {
    if service.is_openai() {
        body.max_completion_tokens = Some(max_tokens);
    } else {
        #[allow(
            deprecated,
            reason = "compatible servers know only the old name; OpenAI's newer models only the new one"
        )]
        {
            body.max_tokens = Some(max_tokens);
        }
    }
}

fn message(message: &ChatMessage) -> ChatCompletionRequestMessage {
    let text = message.text.as_str();
    match message.role {
        Role::System => ChatCompletionRequestSystemMessage::from(text).into(),
        Role::User => ChatCompletionRequestUserMessage::from(text).into(),
        Role::Assistant => ChatCompletionRequestAssistantMessage::from(text).into(),
        Role::Tool => ChatCompletionRequestToolMessage {
            content: ChatCompletionRequestToolMessageContent::Text(text.to_owned()),
            tool_call_id: message.answers.clone().unwrap_or_default(),
        }
        .into(),
    }
}

fn end_conversation() -> ChatCompletionTools {
    ChatCompletionTools::Function(ChatCompletionTool {
        function: FunctionObject {
            name: END_CONVERSATION.to_owned(),
            description: Some(END_CONVERSATION_MEANS.to_owned()),
            parameters: Some(serde_json::json!({ "type": "object", "properties": {} })),
            strict: None,
        },
    })
}

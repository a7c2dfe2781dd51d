//! The language model at a service: `POST {base}/chat/completions`, streamed.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use super::{
    AnswerStream, ChatRequest, Delta, LanguageModel,
    progress::{Progress, parse},
    wire::{Body, Features, ToolsText},
};
use crate::{
    cloud::{
        Charge, EventReader, FailureKind, Output, ProviderError, Service, body_text, cut, estimated_tokens,
        is_event_stream, pieces, timed_out,
    },
    config,
    event::{Amount, ServedBy},
};

/// Answers by a model at a service.
///
/// Calls are handed out together, before [`Delta::Done`]: nothing is called for an answer that broke off.
pub struct CloudLanguageModel {
    own: Arc<Own>,
}

struct Own {
    service: Arc<Service>,
    options: config::CloudLlm,
    /// The model refuses requests with functions.
    refuses_tools: Refusal,
    /// The server refuses `stream_options`.
    refuses_usage: Refusal,
    tools_text: ToolsText,
}

/// How long a refusal is remembered: a server that was only out of sorts is not without functions for good.
const REFUSAL_HOLDS: Duration = Duration::from_secs(600);

/// A part of the protocol that the server refused, and when.
#[derive(Default)]
struct Refusal(Mutex<Option<Instant>>);

impl Refusal {
    fn is_remembered(&self) -> bool {
        let mut since = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *since = since.filter(|since| since.elapsed() < REFUSAL_HOLDS);
        since.is_some()
    }

    fn remember(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_with(Instant::now);
    }
}

impl CloudLanguageModel {
    /// Uses `service` with the options of `[cloud.llm]`.
    #[must_use]
    pub fn new(service: Arc<Service>, options: config::CloudLlm) -> Self {
        let (refuses_tools, refuses_usage) = (Refusal::default(), Refusal::default());
        Self { own: Arc::new(Own { service, options, refuses_tools, refuses_usage, tools_text: ToolsText::default() }) }
    }
}

impl LanguageModel for CloudLanguageModel {
    fn name(&self) -> &str {
        self.own.service.name()
    }

    fn answer(&self, request: ChatRequest) -> AnswerStream {
        let own = self.own.clone();
        pieces(move |out| async move {
            let exchange = own.service.begin();
            let answered = own.answer(&request, &out).await;
            exchange.finish();
            match answered {
                Ok(progress) => own.complete(&progress, &request, &out).await,
                Err(error) => out.give(Err(error)).await,
            }
        })
    }

    fn goes_on(&self) -> bool {
        true
    }

    fn warm_up(&self) {
        self.own.service.warm_up();
    }
}

impl Own {
    /// Hands out the text as it comes; gives all that came, once the end mark was seen.
    async fn answer(
        &self,
        request: &ChatRequest,
        out: &Output<Result<Delta, ProviderError>>,
    ) -> Result<Progress, ProviderError> {
        let (service, options) = (&*self.service, &self.options);
        let first_limit = Duration::from_millis(options.first_token_timeout_ms);
        let token_limit = Duration::from_millis(options.token_timeout_ms);
        let no_first = || timed_out(service.name(), "the first word of the answer", first_limit);
        let no_next = || timed_out(service.name(), "the next word of the answer", token_limit);
        let first_due = Instant::now() + first_limit;

        let mut meter = Meter::new(&self.service, options, request);
        let response = match tokio::time::timeout_at(first_due, self.send(request)).await.map_err(|_| no_first())? {
            Ok(response) => response,
            Err(error) => {
                meter.refused();
                return Err(error);
            }
        };
        let mut progress = Progress::default();
        if !is_event_stream(&response) {
            let body = tokio::time::timeout_at(first_due, body_text(response)).await.map_err(|_| no_first())?;
            let body = body.map_err(|error| service.body_error(&error))?;
            let Ok(chunk) = parse(service, &body) else {
                return Err(service.malformed("neither a stream of events nor an answer in JSON"));
            };
            let text = progress.take(chunk);
            meter.read(&progress);
            if let Some(text) = text {
                out.give(Ok(Delta::Text(text))).await;
            }
            return Ok(progress);
        }
        let mut events = EventReader::new(response);
        while !progress.is_finished() {
            let event = if progress.has_begun() {
                tokio::time::timeout(token_limit, events.next()).await.map_err(|_| no_next())?
            } else {
                tokio::time::timeout_at(first_due, events.next()).await.map_err(|_| no_first())?
            };
            let Some(event) = event.map_err(|error| service.event_error(&error))? else {
                return Err(cut(service.name(), "the answer"));
            };
            if event.trim() == "[DONE]" {
                return Ok(progress);
            }
            let text = progress.take(parse(service, &event)?);
            meter.read(&progress);
            if let Some(text) = text {
                out.give(Ok(Delta::Text(text))).await;
            }
            if progress.is_too_much() {
                return Err(service.malformed("calls larger than any sane ones"));
            }
        }
        // `finish_reason` ends the answer; `[DONE]` may be missing. Reading up to it leaves the connection usable and tells
        // what was used; the visitor does not wait for that.
        tokio::spawn(tokio::time::timeout(Duration::from_secs(1), meter.read_rest(events)));
        Ok(progress)
    }

    /// The calls and the last piece.
    async fn complete(&self, progress: &Progress, request: &ChatRequest, out: &Output<Result<Delta, ProviderError>>) {
        // A model that calls what nobody offered is not listened to.
        let calls = if request.tools.is_empty() { Vec::new() } else { progress.calls() };
        if calls.is_empty() && !progress.has_text() {
            // Silence helps nobody: the next provider may know something.
            return out.give(Err(self.service.malformed("an answer without text"))).await;
        }
        for call in calls {
            out.give(Ok(Delta::Call(call))).await;
        }
        out.give(Ok(Delta::Done { served_by: ServedBy::Cloud, ends_visit: request.takes_leave })).await;
    }

    /// Sends the question. A server that refuses functions or the question for its usage (Ollama and vLLM functions where
    /// the model was not prepared for them, Mistral unknown fields) gets it again without, and that is remembered.
    async fn send(&self, request: &ChatRequest) -> Result<reqwest::Response, ProviderError> {
        let tools = self.tools_text.of(&request.tools);
        let speaks_of_tools = tools.is_some() || request.messages.iter().any(|message| !message.calls.is_empty());
        let (without_tools, without_usage) = (self.refuses_tools.is_remembered(), self.refuses_usage.is_remembered());
        let tries = [(true, true), (false, true), (true, false), (false, false)];
        let tries = tries.into_iter().filter(|(takes_tools, asks_for_usage)| {
            let has_tools = if without_tools { !takes_tools } else { *takes_tools || speaks_of_tools };
            has_tools && !(without_usage && *asks_for_usage)
        });
        let mut refusal = None;
        for (takes_tools, asks_for_usage) in tries {
            let features = Features {
                tools: tools.as_deref().filter(|_| takes_tools),
                takes_tools,
                asks_for_usage,
                is_openai: self.service.is_openai(),
            };
            let body = Body::new(&self.options, request, features);
            match self.service.send(self.service.post("/chat/completions", &self.options.model).json(&body)).await {
                Ok(response) => {
                    if !takes_tools {
                        self.refuses_tools.remember();
                    }
                    if !asks_for_usage {
                        self.refuses_usage.remember();
                    }
                    return Ok(response);
                }
                Err(error) if error.kind == FailureKind::Rejected && error.is_refused_form => refusal = Some(error),
                Err(error) => return Err(error),
            }
        }
        Err(refusal.unwrap_or_else(|| self.service.malformed("no form of the request was tried")))
    }
}

/// Counts the tokens of one answer.
pub(super) struct Meter {
    charge: Charge,
    /// Tokens sent, as far as they can be guessed.
    estimated_input: u64,
}

impl Meter {
    fn new(service: &Arc<Service>, options: &config::CloudLlm, request: &ChatRequest) -> Self {
        let said = request.messages.iter().map(|message| {
            let calls = message.calls.iter().map(|call| call.arguments.len() as u64).sum::<u64>();
            message.text.chars().count() as u64 + calls
        });
        // A schema is written in about as many characters as its description again.
        let offered = request.tools.iter().map(|tool| 2 * tool.description.len() as u64);
        Self::of(service, &options.model, said.sum::<u64>() + offered.sum::<u64>())
    }

    /// For a request to `model` that sends so many characters.
    pub(super) fn of(service: &Arc<Service>, model: &str, sent_chars: u64) -> Self {
        let estimated_input = estimated_tokens(sent_chars);
        let amount = Amount::Tokens { input: estimated_input, cached: 0, output: 0 };
        Self { charge: Charge::new(service.clone(), model, amount), estimated_input }
    }

    /// More of the answer has come. What the service tells counts; until then, or if it does not, an estimate.
    pub(super) fn read(&mut self, progress: &Progress) {
        let output = estimated_tokens(progress.written_chars());
        let estimate = Amount::Tokens { input: self.estimated_input, cached: 0, output };
        self.charge.set(progress.used().unwrap_or(estimate));
    }

    /// The service did not take the request.
    pub(super) fn refused(self) {
        self.charge.refused();
    }

    /// Reads what follows the end of the answer: the usage, and the end mark.
    async fn read_rest(mut self, mut events: EventReader) {
        while let Ok(Some(event)) = events.next().await {
            let mut rest = Progress::default();
            if let Ok(chunk) = serde_json::from_str(&event) {
                rest.take(chunk);
            }
            if let Some(used) = rest.used() {
                self.charge.set(used);
            }
        }
    }
}

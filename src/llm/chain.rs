//! Language models in order: the first that is not left alone answers, the next one if it fails.

use std::{collections::BTreeMap, sync::Arc};

use futures_util::StreamExt;
use tokio::time::Instant;

use super::{AnswerStream, ChatRequest, Delta, LanguageModel};
use crate::{
    cloud::{FailureKind, Link, Output, ProviderError, cut, pieces, worth_a_second_try},
    event::Language,
    speech::clauses::ClauseSplitter,
};

/// Language models in order, as one.
///
/// Text is held back until its first clause is complete. Nothing is said before that anyway, and an answer that breaks off
/// earlier is replaced by the next provider's without trace. An empty [`Delta::Text`] marks the first token, so that it
/// can be timed. An answer that breaks off later is closed with an apology.
pub struct LlmChain {
    links: Arc<[Link<dyn LanguageModel>]>,
    apologies: Arc<BTreeMap<Language, String>>,
}

impl LlmChain {
    /// `links` in the order in which they are asked; `apologies` end an answer that broke off, in each language.
    #[must_use]
    pub fn new(links: Vec<Link<dyn LanguageModel>>, apologies: BTreeMap<Language, String>) -> Self {
        Self { links: links.into(), apologies: Arc::new(apologies) }
    }
}

impl LanguageModel for LlmChain {
    /// The name of the provider that would be asked now.
    fn name(&self) -> &str {
        self.links.iter().find(|link| link.guard.admits()).map_or("none", |link| link.provider.name())
    }

    fn answer(&self, request: ChatRequest) -> AnswerStream {
        let (links, apologies) = (self.links.clone(), self.apologies.clone());
        pieces(move |out| async move {
            let mut reply = Reply { out, is_begun: false, released: false, held: String::new(), last: None };
            let mut failure = None;
            for link in links.iter().filter(|link| link.guard.admits()) {
                match reply.relay(link, &request).await {
                    Ok(()) => return,
                    Err(error) if reply.released => {
                        link.guard.failed(&error);
                        return reply.apologise(link, apologies.get(&request.language)).await;
                    }
                    Err(error) => {
                        link.guard.failed(&error);
                        failure = Some(error);
                    }
                }
            }
            let nobody = || ProviderError::new("chain", FailureKind::Unavailable, "every language model is left alone");
            reply.out.give(Err(failure.unwrap_or_else(nobody))).await;
        })
    }

    fn warm_up(&self) {
        if let Some(link) = self.links.iter().find(|link| link.guard.admits()) {
            link.provider.warm_up();
        }
    }
}

/// One answer on its way to the conversation.
struct Reply {
    out: Output<Result<Delta, ProviderError>>,
    /// Whether the first token was marked.
    is_begun: bool,
    /// Whether text was handed out: from then on there is no way back.
    released: bool,
    /// Text of the first clause, not handed out yet.
    held: String,
    /// The last character handed out.
    last: Option<char>,
}

impl Reply {
    /// Asks one provider, twice if that is worth it.
    async fn relay(&mut self, link: &Link<dyn LanguageModel>, request: &ChatRequest) -> Result<(), ProviderError> {
        let asked = Instant::now();
        match self.relay_once(link, request).await {
            Err(error) if !self.released && worth_a_second_try(&error, asked.elapsed()) => {
                self.relay_once(link, request).await
            }
            result => result,
        }
    }

    async fn relay_once(&mut self, link: &Link<dyn LanguageModel>, request: &ChatRequest) -> Result<(), ProviderError> {
        self.held.clear();
        let mut splitter = ClauseSplitter::default();
        let mut answer = link.provider.answer(request.clone());
        while let Some(delta) = answer.next().await {
            match delta? {
                Delta::Text(text) if self.released => self.give(text).await,
                Delta::Text(text) => {
                    if !self.is_begun {
                        self.is_begun = true;
                        self.out.give(Ok(Delta::Text(String::new()))).await;
                    }
                    self.held.push_str(&text);
                    if !splitter.push(&text).is_empty() {
                        self.release().await;
                    }
                }
                call @ Delta::Call(_) => {
                    self.release().await;
                    self.out.give(Ok(call)).await;
                }
                done @ Delta::Done { .. } => {
                    link.guard.succeeded();
                    self.release().await;
                    self.out.give(Ok(done)).await;
                    return Ok(());
                }
            }
        }
        Err(cut(link.provider.name(), "the answer"))
    }

    async fn release(&mut self) {
        let held = std::mem::take(&mut self.held);
        if !held.is_empty() {
            self.released = true;
            self.give(held).await;
        }
    }

    async fn give(&mut self, text: String) {
        self.last = text.trim_end().chars().next_back().or(self.last);
        self.out.give(Ok(Delta::Text(text))).await;
    }

    /// Ends an answer that broke off.
    async fn apologise(self, link: &Link<dyn LanguageModel>, apology: Option<&String>) {
        if let Some(apology) = apology {
            let is_ended = self.last.is_some_and(|last| ".!?؟…".contains(last));
            let pause = if is_ended { " " } else { "… " };
            self.out.give(Ok(Delta::Text(format!("{pause}{apology}")))).await;
        }
        self.out.give(Ok(Delta::Done { served_by: link.guard.served_by(), ends_visit: false })).await;
    }
}

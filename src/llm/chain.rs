//! Language models in order: the first that is not left alone answers, the next one if it fails.

use std::{collections::BTreeMap, sync::Arc};

use futures_util::StreamExt;
use tokio::time::Instant;

use super::{AnswerStream, ChatRequest, Delta, LanguageModel, continuation};
use crate::{
    cloud::{FailureKind, Link, Output, ProviderError, cut, pieces, worth_a_second_try},
    event::{Language, ServedBy},
    speech::clauses::ClauseSplitter,
};

/// Language models in order, as one.
///
/// Text is held back until its first clause is complete. Nothing is said before that anyway, and an answer that breaks off
/// earlier is replaced by the next provider's without trace. An empty [`Delta::Text`] marks the first token, so that it
/// can be timed. An answer that breaks off later is finished by the next provider that can
/// ([`LanguageModel::goes_on`]), from the word after the last whole one; if nobody can, it is closed with an apology.
///
/// Calls are handed out once the answer that asks for them is complete, so that nothing is called for one that broke off.
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
            let mut reply = Reply::new(out);
            let mut failure = None;
            let mut broke_off = None;
            for link in links.iter().filter(|link| link.guard.admits()) {
                let has_said = reply.has_said();
                if has_said && !link.provider.goes_on() {
                    continue;
                }
                let asked = if has_said { continuation::request(&request, &reply.said) } else { request.clone() };
                let Err(error) = reply.relay(link, &asked).await else { return };
                link.guard.failed(&error);
                if reply.has_said() {
                    broke_off = Some(link.guard.served_by());
                }
                failure = Some(error);
            }
            if let Some(served_by) = broke_off {
                return reply.apologise(served_by, apologies.get(&request.language)).await;
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
    /// Everything handed out: once it holds something there is no way back.
    said: String,
    /// Text of the present provider's first clause, not handed out yet.
    held: String,
    /// Whether the present provider's first clause was handed out.
    is_released: bool,
    /// The last word so far, of which more may come. Whoever goes on begins with it.
    word: String,
}

impl Reply {
    fn new(out: Output<Result<Delta, ProviderError>>) -> Self {
        let (said, held, word) = Default::default();
        Self { out, is_begun: false, said, held, is_released: false, word }
    }

    fn has_said(&self) -> bool {
        !self.said.is_empty()
    }

    /// Asks one provider, twice if that is worth it.
    async fn relay(&mut self, link: &Link<dyn LanguageModel>, request: &ChatRequest) -> Result<(), ProviderError> {
        let asked = Instant::now();
        match self.relay_once(link, request).await {
            Err(error) if !self.is_released && worth_a_second_try(&error, asked.elapsed()) => {
                self.relay_once(link, request).await
            }
            result => result,
        }
    }

    async fn relay_once(&mut self, link: &Link<dyn LanguageModel>, request: &ChatRequest) -> Result<(), ProviderError> {
        self.held.clear();
        self.is_released = false;
        let goes_on = self.has_said();
        let mut splitter = ClauseSplitter::default();
        let mut has_clause = false;
        let mut calls = Vec::new();
        let mut answer = link.provider.answer(request.clone());
        while let Some(delta) = answer.next().await {
            match delta? {
                Delta::Text(text) if self.is_released => self.give(&text).await,
                Delta::Text(text) => {
                    if !self.is_begun {
                        self.is_begun = true;
                        self.out.give(Ok(Delta::Text(String::new()))).await;
                    }
                    self.held.push_str(&text);
                    has_clause |= !splitter.push(&text).is_empty();
                    if has_clause && !(goes_on && continuation::repeats(&self.said, &self.held)) {
                        self.release(goes_on).await;
                    }
                }
                call @ Delta::Call(_) => calls.push(call),
                done @ Delta::Done { .. } => {
                    link.guard.succeeded();
                    self.release(goes_on).await;
                    self.finish_word().await;
                    for call in calls {
                        self.out.give(Ok(call)).await;
                    }
                    self.out.give(Ok(done)).await;
                    return Ok(());
                }
            }
        }
        Err(cut(link.provider.name(), "the answer"))
    }

    /// Hands out what was held back; from the next provider only what is new.
    async fn release(&mut self, goes_on: bool) {
        let mut held = std::mem::take(&mut self.held);
        if goes_on && !self.is_released {
            // What was left of the broken word is said by whoever goes on.
            self.word.clear();
            held = continuation::joined(&self.said, &held);
        }
        if !held.is_empty() {
            self.is_released = true;
            self.give(&held).await;
        }
    }

    /// Hands out `text` up to its last whole word.
    async fn give(&mut self, text: &str) {
        self.word.push_str(text);
        let whole = continuation::whole_words(&self.word);
        let rest = self.word.split_off(whole);
        let text = std::mem::replace(&mut self.word, rest);
        self.hand_out(text).await;
    }

    async fn finish_word(&mut self) {
        let word = std::mem::take(&mut self.word);
        self.hand_out(word).await;
    }

    async fn hand_out(&mut self, text: String) {
        if !text.is_empty() {
            self.said.push_str(&text);
            self.out.give(Ok(Delta::Text(text))).await;
        }
    }

    /// Ends an answer that broke off.
    async fn apologise(mut self, served_by: ServedBy, apology: Option<&String>) {
        self.finish_word().await;
        if let Some(apology) = apology {
            let pause = if continuation::ends_sentence(&self.said) { " " } else { "… " };
            self.out.give(Ok(Delta::Text(format!("{pause}{apology}")))).await;
        }
        self.out.give(Ok(Delta::Done { served_by, ends_visit: false })).await;
    }
}

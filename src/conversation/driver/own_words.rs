//! What the kiosk itself is saying, told to the machine: speech that repeats it is its own voice, and a question of the
//! kiosk's decides how patiently the answer is awaited.

use super::*;
use crate::{conversation::machine::OwnWords, words::Expecting};

/// Words before and after the place where the kiosk was paused that an echo may consist of.
const WORDS_BEFORE: usize = 24;
const WORDS_AFTER: usize = 6;

/// A question with no more words than this to come counts as asked: people answer before it has ended.
const WORDS_TO_COME: usize = 2;

impl Conversation {
    /// Before speech over the kiosk's voice is judged.
    pub(super) async fn tell_own_words(&mut self) {
        let playhead = self.parts.meters.borrow().playhead;
        let Some((id, running)) = &self.answer else { return };
        if *id != playhead.answer {
            return;
        }
        let text = running.spoken.text();
        let heard = running.spoken.heard(&playhead);
        let to_come: Vec<&str> = text.get(heard.len()..).unwrap_or_default().split_whitespace().collect();
        let before: Vec<&str> = heard.split_whitespace().collect();
        let around = before
            .iter()
            .skip(before.len().saturating_sub(WORDS_BEFORE))
            .chain(to_come.iter().take(WORDS_AFTER))
            .copied()
            .collect::<Vec<_>>()
            .join(" ");
        let is_asked = to_come.len() <= WORDS_TO_COME;
        let asks = if is_asked { self.settings.words.asked_for(text, running.language) } else { Expecting::Anything };
        self.feed(Input::OwnWords(OwnWords { around, asks })).await;
    }

    /// Before the end of an answer is told.
    pub(super) async fn tell_what_was_asked(&mut self, answer: AnswerId) {
        let Some((_, running)) = self.answer.as_ref().filter(|(id, _)| *id == answer) else { return };
        let expecting = self.settings.words.asked_for(running.spoken.text(), running.language);
        self.feed(Input::Asked(expecting)).await;
    }
}

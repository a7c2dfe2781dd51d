//! Words, questions, and the turn they are put together in.

use std::time::Duration;

use super::Turn;
use crate::{
    audio::endpoint::TextVerdict,
    event::{EntryId, Language, ServedBy, TurnId, UtteranceId},
    words::{Expecting, TurnWords},
};

/// The words of an utterance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    /// Empty: none were understood.
    pub text: String,
    /// Their language.
    pub language: Language,
    /// The knowledge entry whose phrasing was recognised.
    pub entry: Option<EntryId>,
    /// Who wrote them down.
    pub served_by: ServedBy,
}

impl Words {
    /// Nothing was understood.
    #[must_use]
    pub fn none(language: Language) -> Self {
        Self { text: String::new(), language, entry: None, served_by: ServedBy::Embedded }
    }

    /// These words and those that came after them. Whoever wrote the later ones answers for the whole.
    fn followed_by(&self, later: &Self) -> Self {
        match (self.text.is_empty(), later.text.is_empty()) {
            (_, true) => self.clone(),
            (true, false) => later.clone(),
            // Two pieces are no longer the one phrasing that was recognised.
            (false, false) => {
                Self { text: format!("{} {}", self.text.trim_end(), later.text), entry: None, ..later.clone() }
            }
        }
    }
}

impl From<&Question> for Words {
    fn from(question: &Question) -> Self {
        Self {
            text: question.text.clone(),
            language: question.language,
            entry: question.entry.clone(),
            served_by: question.written_by.unwrap_or(ServedBy::Embedded),
        }
    }
}

/// What is to be answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// The visitor's words, or the question of a touched topic.
    pub text: String,
    /// The language to answer in.
    pub language: Language,
    /// The knowledge entry that is asked for, where it is known.
    pub entry: Option<EntryId>,
    /// Who wrote the words down; `None` for a touched topic.
    pub written_by: Option<ServedBy>,
}

impl Turn {
    pub(super) fn new(id: TurnId, utterance: Option<UtteranceId>, now: Duration, expecting: Expecting) -> Self {
        Self {
            id,
            utterance,
            begun: now,
            first_begun: now,
            speech_start: now,
            speech_end: None,
            is_truncated: false,
            finished: None,
            running: None,
            words: None,
            carried: None,
            answers_thrown: 0,
            is_decided: false,
            is_interruption: false,
            expecting,
        }
    }

    /// All words of the turn so far; `None` while there are none.
    pub(super) fn all_words(&self) -> Option<Words> {
        match (&self.carried, &self.words) {
            (Some(carried), Some(words)) => Some(carried.followed_by(words)),
            (carried, words) => words.as_ref().or(carried.as_ref()).cloned(),
        }
        .filter(|words| !words.text.is_empty())
    }

    /// The question, once the words of the present pause are there.
    pub(super) fn question(&self) -> Option<Question> {
        self.words.as_ref()?;
        self.all_words().map(|words| Question {
            text: words.text,
            language: words.language,
            entry: words.entry,
            written_by: Some(words.served_by),
        })
    }

    /// What the words say about the end of the turn, once they are there. A recognised phrasing is a whole question.
    pub(super) fn text_verdict(&self, turns: &TurnWords) -> Option<TextVerdict> {
        let question = self.question()?;
        if question.entry.is_some() {
            return Some(TextVerdict::Finished);
        }
        Some(TextVerdict::of(&question.text, question.language, self.expecting, turns))
    }
}

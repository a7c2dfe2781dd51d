//! What is known.

use crate::event::{EntryId, Language};

/// The text of an entry in one language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalText {
    /// The question as it is shown.
    pub question: String,
    /// Other ways to ask it. The question itself is not repeated here.
    pub phrasings: Vec<String>,
    /// The answer. Arabic may carry its own vowel marks.
    pub answer: String,
}

impl LocalText {
    /// The question and its other phrasings.
    pub fn all_phrasings(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.question.as_str()).chain(self.phrasings.iter().map(String::as_str))
    }
}

/// What an entry does besides answering.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Answered {
    /// Nothing.
    #[default]
    Answers,
    /// The visitor takes leave: the visit ends after the answer.
    EndsVisit,
    /// A visitor who is known asks to be forgotten: the kiosk asks whether that is meant, and does it.
    Forgets,
}

/// A question and its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its name.
    pub id: EntryId,
    /// What it does.
    pub does: Answered,
    /// The label and icon of its chip, if it is a topic: icon name, English label, Arabic label.
    pub topic: Option<crate::event::Topic>,
    /// English.
    pub english: LocalText,
    /// Arabic.
    pub arabic: LocalText,
}

impl Entry {
    /// Its text in `language`.
    #[must_use]
    pub fn text(&self, language: Language) -> &LocalText {
        if language == Language::ARABIC { &self.arabic } else { &self.english }
    }
}

/// An entry that was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    /// Which.
    pub id: EntryId,
    /// 0 (nothing in common) to 1 (the very words of a phrasing).
    pub score: f32,
}

//! What is known.

use crate::event::{ByLanguage, EntryId, Language};

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
    /// The label and icon of its chip, if it is a topic.
    pub topic: Option<crate::event::Topic>,
    /// English.
    pub english: LocalText,
    /// The other languages. Arabic is always there.
    pub others: ByLanguage<LocalText>,
}

impl Entry {
    /// Its text in `language`; in English where it has none of its own.
    #[must_use]
    pub fn text(&self, language: Language) -> &LocalText {
        self.own_text(language).unwrap_or(&self.english)
    }

    /// Its text in `language`, if it has one of its own.
    #[must_use]
    pub fn own_text(&self, language: Language) -> Option<&LocalText> {
        if language == Language::ENGLISH { Some(&self.english) } else { self.others.own(language) }
    }

    /// Its texts with their languages.
    pub fn texts(&self) -> impl Iterator<Item = (Language, &LocalText)> {
        std::iter::once((Language::ENGLISH, &self.english)).chain(self.others.iter())
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

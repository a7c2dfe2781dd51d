//! What the words of a transcript say about the end of a turn.

use super::Language;
use crate::words::{Expecting, TurnWords, words_of};

/// Whether the words so far are a whole sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextVerdict {
    /// A whole question or sentence. Also for a transcript that is word for word a known phrasing.
    Finished,
    /// Something is missing: the last word cannot be the last.
    Unfinished,
    /// It may be either.
    Unclear,
    /// The yes or no that was asked for.
    Answered,
    /// A part of the number that was asked for.
    MoreDigits,
}

/// A telephone number has at least so many digits; with fewer the visitor is waited for.
const ENOUGH_DIGITS: usize = 7;
/// A telephone number has at most so many (ITU-T E.164): nothing more is waited for.
const ALL_DIGITS: usize = 15;

impl TextVerdict {
    /// Judges `text`, the transcript up to the pause, after the kiosk asked for `expecting`.
    #[must_use]
    pub fn of(text: &str, language: Language, expecting: Expecting, turns: &TurnWords) -> Self {
        match expecting {
            Expecting::YesNo if turns.is_yes_or_no(text) => return Self::Answered,
            Expecting::Digits => match turns.digits_in(text) {
                0 => {}
                // "I do not have one" gives no number.
                1 if text.split_whitespace().count() > 2 => {}
                1..ENOUGH_DIGITS => return Self::MoreDigits,
                // Between the two the voice decides whether more will come.
                ENOUGH_DIGITS..ALL_DIGITS => return Self::Unclear,
                _ => return Self::Answered,
            },
            Expecting::YesNo | Expecting::Anything => {}
        }
        Self::of_sentence(text, language, turns)
    }

    fn of_sentence(text: &str, language: Language, turns: &TurnWords) -> Self {
        let text = text.trim().trim_end_matches(['"', '”', '»', '\'', ')']);
        if text.is_empty() {
            return Self::Unclear;
        }
        if text.ends_with("...") || text.ends_with(['…', ',', '،', ';', '؛', ':', '-', '–', '—']) {
            return Self::Unfinished;
        }
        let is_question = text.ends_with(['?', '؟']);
        let has_final_mark = is_question || text.ends_with(['.', '!', '。']);
        let words = words_of(text);
        if let (Some(last), Some(turns)) = (words.last(), turns.of(language)) {
            if turns.leaves_open(last) {
                // “Where are you from?” is whole; “I come from.” is a recogniser's full stop at a pause.
                let is_whole = is_question && turns.may_end_a_question(last) && words.len() > 1;
                return if is_whole { Self::Finished } else { Self::Unfinished };
            }
            if !is_question && turns.ends_in_a_lead(&words) {
                return Self::Unfinished;
            }
        }
        if words.is_empty() || !has_final_mark { Self::Unclear } else { Self::Finished }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::{path::Path, sync::LazyLock};

    use super::*;

    static TURNS: LazyLock<TurnWords> = LazyLock::new(|| TurnWords::load(Path::new("assets")).unwrap());

    fn of(text: &str, language: Language) -> TextVerdict {
        TextVerdict::of(text, language, Expecting::Anything, &TURNS)
    }

    #[test]
    fn whole_questions_and_sentences_are_finished() {
        for text in [
            "What are your opening hours?",
            "Where are you from?",
            "What is this about?",
            "How much does it cost?",
            "Goodbye.",
            "Thank you very much!",
            "Yes, please tell me about the solar hall.",
        ] {
            assert_eq!(of(text, Language::ENGLISH), TextVerdict::Finished, "{text}");
        }
        for text in ["متى يفتح الجناح؟", "كم سعر البرنامج؟", "شكرًا لكم.", "ما هذا؟"]
        {
            assert_ne!(of(text, Language::ARABIC), TextVerdict::Unfinished, "{text}");
        }
        assert_eq!(of("متى يفتح الجناح؟", Language::ARABIC), TextVerdict::Finished);
    }

    #[test]
    fn what_ends_in_a_word_that_needs_another_is_unfinished_even_with_a_full_stop() {
        for text in [
            "I would like to know about the.",
            "What is the price of the",
            "Can you tell me",
            "I have a question,",
            "So, um",
            "I am looking for…",
            "We came because",
        ] {
            assert_eq!(of(text, Language::ENGLISH), TextVerdict::Unfinished, "{text}");
        }
        for text in ["أريد أن أسأل عن", "هل يمكنني أن", "أنا أبحث عن…", "جئت مع", "الْبَرْنَامَج الَّذِي", "مرحبا،"]
        {
            assert_eq!(of(text, Language::ARABIC), TextVerdict::Unfinished, "{text}");
        }
    }

    #[test]
    fn words_without_a_mark_leave_the_decision_to_the_voice() {
        assert_eq!(of("the opening hours on friday", Language::ENGLISH), TextVerdict::Unclear);
        assert_eq!(of("", Language::ENGLISH), TextVerdict::Unclear);
    }

    #[test]
    fn a_yes_that_was_asked_for_is_whole_and_a_number_is_not_before_it_has_digits_enough() {
        let of = |text, language, expecting| TextVerdict::of(text, language, expecting, &TURNS);
        for (text, language) in
            [("Yes", Language::ENGLISH), ("no thanks.", Language::ENGLISH), ("نعم", Language::ARABIC)]
        {
            assert_eq!(of(text, language, Expecting::YesNo), TextVerdict::Answered, "{text}");
            assert_ne!(of(text, language, Expecting::Anything), TextVerdict::Answered, "{text}");
        }
        assert_eq!(of("Yes, but", Language::ENGLISH, Expecting::YesNo), TextVerdict::Unfinished);
        assert_eq!(of("zero five five", Language::ENGLISH, Expecting::Digits), TextVerdict::MoreDigits);
        assert_eq!(of("صفر خمسة خمسة.", Language::ARABIC, Expecting::Digits), TextVerdict::MoreDigits);
        assert_eq!(of("0551234567", Language::ENGLISH, Expecting::Digits), TextVerdict::Unclear);
        assert_eq!(of("I do not have one.", Language::ENGLISH, Expecting::Digits), TextVerdict::Finished);
    }
}

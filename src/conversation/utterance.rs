//! What the words of an utterance tell beside their meaning: the language to answer in.

use crate::{event::Language, words::Words};

/// The part of an utterance's words from which another language than the visit's is meant, whatever it begins with.
/// Somebody who speaks one language names things in the other ("أريد حجز appointment يوم Tuesday"), and is not to be
/// answered in that.
const OTHER_FROM: f32 = 0.8;

/// The same where it also begins in the other language: the first word mostly belongs to the sentence, not to a name.
const OTHER_FROM_FIRST: f32 = 0.6;

/// The key of the words that are said in any language, separated by commas ("okay, hello").
const SMALL: &str = "language.small";

/// Decides the language of utterance after utterance of a visit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct LanguageOfVisit {
    /// The other language, if the last utterance was a small word of it.
    small_before: Option<Language>,
    /// The same of the present utterance, which may still go on.
    small_now: Option<Language>,
}

impl LanguageOfVisit {
    /// The language to answer `text` in. `heard`: what the recogniser took it for. `of_visit`: the visit's, once
    /// something was said in it.
    pub(super) fn decide(
        &mut self,
        text: &str,
        heard: Language,
        of_visit: Option<Language>,
        words: &Words,
    ) -> Language {
        self.small_now = None;
        let is_spoken_here = words.languages().contains(&heard);
        let heard =
            if is_spoken_here { heard } else { of_visit.or(Language::of_text(text)).unwrap_or(Language::ENGLISH) };
        // By its letters a word is of the language that was heard, if that has such letters, else of the visit's.
        let of_word = |word: &str| {
            let has_letters_of_heard = Language::written(word, heard) == heard;
            if has_letters_of_heard { heard } else { Language::written(word, of_visit.unwrap_or(heard)) }
        };
        let words_with_letters = text.split_whitespace().filter(|word| Language::of_text(word).is_some());
        let of_words: Vec<Language> = words_with_letters.map(of_word).collect();
        let Some(of_visit) = of_visit else {
            return majority(&of_words).unwrap_or(heard);
        };
        let Some(other) = majority(&of_words.iter().copied().filter(|own| *own != of_visit).collect::<Vec<_>>()) else {
            // Nothing of another script: two languages that share one are told apart by the recogniser only.
            let is_same_script = of_words.is_empty() || Language::of_text(text) == Some(of_visit);
            return if is_same_script || is_small(text, heard, words) { of_visit } else { heard };
        };
        let count = of_words.iter().filter(|own| **own == other).count();
        let from = if of_words.first() == Some(&other) { OTHER_FROM_FIRST } else { OTHER_FROM };
        if (count as f32) < from * of_words.len() as f32 {
            return of_visit;
        }
        if is_small(text, other, words) && self.small_before != Some(other) {
            self.small_now = Some(other);
            return of_visit;
        }
        other
    }

    /// The utterance is over and is being answered.
    pub(super) fn commit(&mut self) {
        self.small_before = self.small_now.take();
    }
}

/// The language of most of the words; of as many the one that comes first.
fn majority(of_words: &[Language]) -> Option<Language> {
    let count = |language: Language| of_words.iter().filter(|own| **own == language).count();
    of_words.iter().copied().rev().max_by_key(|language| count(*language))
}

/// Whether `text` is only a word that people say whatever language they speak.
fn is_small(text: &str, language: Language, words: &Words) -> bool {
    is_one_of(text, words.get(SMALL, language))
}

fn is_one_of(text: &str, list: &str) -> bool {
    let said = folded(text);
    list.split([',', '،']).any(|word| folded(word) == said)
}

/// The words of a text, as they are compared.
fn folded(text: &str) -> Vec<String> {
    crate::knowledge::comparable_words(text)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::path::Path;

    use super::*;

    const EN: Language = Language::ENGLISH;
    const AR: Language = Language::ARABIC;

    /// The languages in which a visit of these utterances is answered.
    fn visit(utterances: &[&str]) -> Vec<Language> {
        let words = Words::load(Path::new("assets")).unwrap();
        let (mut decider, mut present) = (LanguageOfVisit::default(), None);
        let decide = |text: &&str| {
            let heard = Language::of_text(text).unwrap_or(present.unwrap_or(EN));
            let decided = decider.decide(text, heard, present, &words);
            decider.commit();
            present = Some(decided);
            decided
        };
        utterances.iter().map(decide).collect()
    }

    #[test]
    fn the_first_utterance_decides_by_most_of_its_words() {
        assert_eq!(visit(&["أريد حجز appointment يوم Tuesday"]), [AR]);
        assert_eq!(visit(&["What does نور mean?"]), [EN]);
        assert_eq!(visit(&["Okay"]), [EN]);
    }

    #[test]
    fn a_mixed_sentence_does_not_flip_the_language_of_the_visit() {
        assert_eq!(visit(&["متى تفتحون؟", "أريد حجز appointment يوم Tuesday"]), [AR, AR]);
        assert_eq!(visit(&["متى تفتحون؟", "عندي meeting مع training adviser"]), [AR, AR]);
        assert_eq!(visit(&["Hello there.", "I want to visit the قاعة الطاقة today"]), [EN, EN]);
    }

    #[test]
    fn a_sentence_of_the_other_language_flips_it_even_with_a_borrowed_word() {
        assert_eq!(visit(&["Hello there.", "متى تفتحون؟"]), [EN, AR]);
        assert_eq!(visit(&["Hello there.", "أريد حجز appointment يوم Tuesday"]), [EN, AR]);
        assert_eq!(visit(&["متى تفتحون؟", "Where are the toilets?"]), [AR, EN]);
        assert_eq!(visit(&["متى تفتحون؟", "Toilets?"]), [AR, EN]);
    }

    #[test]
    fn one_small_word_does_not_flip_it_but_the_second_does() {
        assert_eq!(visit(&["متى تفتحون؟", "Okay.", "شكرًا، وأين المصعد؟"]), [AR, AR, AR]);
        assert_eq!(visit(&["Hello there.", "نعم", "نعم"]), [EN, EN, AR]);
        assert_eq!(visit(&["متى تفتحون؟", "Yes.", "12:30", "OK"]), [AR, AR, AR, AR]);
    }
}

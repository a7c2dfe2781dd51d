//! Whether a visitor's words agree to what was proposed.
//!
//! The model has judged that already when it calls; this is the second pair of eyes, and it is plain on purpose. Words of
//! refusal or of doubt anywhere mean no. A question is no answer, unless it begins with an assent ("Yes, could you?").
//! Otherwise there must be a word of assent: what is neither yes nor no is asked again, for it is better to ask twice
//! than to book what nobody wanted.

use crate::{event::in_one_spelling, words::Words};

/// What a visitor's words mean for a proposal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Consent {
    /// Do it.
    Given,
    /// Do not, or not yet.
    Refused,
    /// Neither can be told.
    Unclear,
}

/// Knows the words of assent and refusal of every language; a visitor may answer in another one than the window's.
#[derive(Debug, Clone)]
pub(crate) struct ConsentWords {
    /// Phrases as words, the longest first, so that "no problem" is found before "no".
    phrases: Vec<(Vec<String>, Consent)>,
    /// Words that begin a question.
    questions: Vec<String>,
}

impl ConsentWords {
    /// Takes them from the translation files: `agree.yes`, `agree.no`, `agree.question`, each a list with commas.
    pub(crate) fn new(words: &Words) -> Self {
        let mut phrases = Vec::new();
        let mut questions = Vec::new();
        for language in words.languages().iter().copied() {
            for (key, consent) in [("agree.yes", Consent::Given), ("agree.no", Consent::Refused)] {
                phrases.extend(list(words.get(key, language)).map(|phrase| (phrase, consent)));
            }
            questions.extend(list(words.get("agree.question", language)).flatten());
        }
        phrases.sort_by_key(|(phrase, _)| std::cmp::Reverse(phrase.len()));
        Self { phrases, questions }
    }

    /// Whether `said` is a yes.
    pub(crate) fn agrees(&self, said: &str) -> bool {
        self.judge(said) == Consent::Given
    }

    /// What `said` means.
    pub(super) fn judge(&self, said: &str) -> Consent {
        let words = fold(said);
        let mut found = Vec::new();
        let mut at = 0;
        while let Some(rest) = words.get(at..).filter(|rest| !rest.is_empty()) {
            let phrase = self.phrases.iter().find(|(phrase, _)| rest.starts_with(phrase));
            found.extend(phrase.map(|(_, consent)| (at, *consent)));
            at += phrase.map_or(1, |(phrase, _)| phrase.len());
        }
        let begins_with_assent = found.first() == Some(&(0, Consent::Given));
        let is_question = said.contains(['?', '؟']) || words.first().is_some_and(|word| self.questions.contains(word));
        if found.iter().any(|(_, consent)| *consent == Consent::Refused) {
            Consent::Refused
        } else if found.is_empty() || (is_question && !begins_with_assent) {
            Consent::Unclear
        } else {
            Consent::Given
        }
    }
}

fn list(text: &str) -> impl Iterator<Item = Vec<String>> {
    text.split([',', '،']).map(fold).filter(|phrase| !phrase.is_empty())
}

/// Words in one spelling: no case, vowel marks, hamza seats or apostrophes.
fn fold(text: &str) -> Vec<String> {
    let folded: String = in_one_spelling(text).filter(|letter| *letter != '\'').collect();
    folded.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn judge(said: &str) -> Consent {
        ConsentWords::new(&Words::load(Path::new("assets")).unwrap()).judge(said)
    }

    #[test]
    fn assent_is_understood_in_both_languages() {
        for said in [
            "Yes.",
            "Yes, please.",
            "yeah go ahead",
            "Sure, why not?",
            "Okay",
            "OK!",
            "That works, thank you.",
            "No problem.",
            "Yes, could you book it, please?",
            "Of course",
            "Please do",
            "Perfect",
            "I'd like that",
            "Correct.",
            "نعم",
            "نَعَم من فضلك",
            "ايوه",
            "أيوا تمام",
            "طبعاً",
            "أكيد، تفضل",
            "موافق",
            "حسنًا",
            "لا مانع",
            "ما في مشكلة",
            "إي نعم",
            "ماشي",
            "ليش لا؟",
            "yes نعم",
        ] {
            assert_eq!(judge(said), Consent::Given, "{said}");
        }
    }

    #[test]
    fn refusal_and_doubt_are_understood_in_both_languages() {
        for said in [
            "No.",
            "No, thank you",
            "Not now",
            "wait",
            "Yes, but not today",
            "I don't want that",
            "Don’t do it",
            "Stop!",
            "Okay wait a moment",
            "never mind",
            "I'm not sure",
            "Yes, but what does it cost?",
            "Maybe later",
            "nope",
            "Leave it",
            "Let me think",
            "I have changed my mind",
            "لا",
            "لا شكراً",
            "ليس الآن",
            "لحظة",
            "انتظر",
            "مو الحين",
            "لا أريد",
            "ربما لاحقاً",
            "قف",
            "نعم لكن ليس اليوم",
            "مش متأكد",
            "خليني أفكر",
            "لست متأكدة",
        ] {
            assert_eq!(judge(said), Consent::Refused, "{said}");
        }
    }

    #[test]
    fn what_is_neither_is_asked_again() {
        for said in [
            "",
            "Tuesday",
            "My name is Sara",
            "Is that okay with my ticket?",
            "What does it cost?",
            "Can you book it?",
            "الثلاثاء",
            "كم السعر",
            "هل هذا تمام؟",
            "متى أكيد",
            "اسمي سارة",
            "Nowhere",
            "Yesterday",
        ] {
            assert_eq!(judge(said), Consent::Unclear, "{said}");
        }
    }
}

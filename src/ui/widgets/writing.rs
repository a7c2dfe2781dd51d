//! What is being written in a field: one string, edited at its end (LOOK, "Writing").

use unicode_segmentation::UnicodeSegmentation;

use crate::event::Language;

/// What a field asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FieldKind {
    /// A name: at most 60 letters, each word with a capital.
    Name,
    /// A telephone number: digits, `+` and blanks, left to right.
    Phone,
    /// An e-mail address, left to right.
    Email,
    /// A note: at most 200 letters.
    Note,
    /// What is looked for in a list.
    Search,
}

impl FieldKind {
    /// How many letters it holds.
    #[must_use]
    pub fn limit(self) -> usize {
        if self == Self::Note { 200 } else { 60 }
    }

    /// Whether it always runs left to right and is written with English letters.
    #[must_use]
    pub fn is_latin(self) -> bool {
        matches!(self, Self::Phone | Self::Email)
    }

    /// Whether `letter` may stand in it.
    #[must_use]
    pub fn takes(self, letter: char) -> bool {
        match self {
            Self::Phone => letter.is_ascii_digit() || matches!(letter, '+' | ' '),
            Self::Email => letter.is_ascii_graphic(),
            _ => !letter.is_control() && !is_invisible(letter),
        }
    }
}

/// How many digits a telephone number has (E.164 allows 15; shorter ones than 7 are not reached from outside).
const PHONE_DIGITS: std::ops::RangeInclusive<usize> = 7..=15;

/// Marks that only give directions: a keyboard that sends them would leave letters that nobody sees.
fn is_invisible(letter: char) -> bool {
    matches!(letter, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// A string being written. Personal: `Debug` shows none of it.
#[derive(Clone, PartialEq, Eq)]
pub struct Writing {
    kind: FieldKind,
    text: String,
    /// The direction, from the first letter on until the field is empty again.
    base: Option<Language>,
    /// Whether it was left once: only then it is told what is wrong.
    was_left: bool,
}

impl std::fmt::Debug for Writing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Writing").field("kind", &self.kind).finish_non_exhaustive()
    }
}

impl Writing {
    /// A field with `text` in it.
    #[must_use]
    pub fn new(kind: FieldKind, text: &str) -> Self {
        let base = (!text.is_empty() && !kind.is_latin())
            .then(|| text.chars().next().and_then(|first| Language::of_text(first.encode_utf8(&mut [0; 4]))))
            .flatten();
        Self { kind, text: text.to_owned(), base, was_left: false }
    }

    /// What it asks for.
    #[must_use]
    pub fn kind(&self) -> FieldKind {
        self.kind
    }

    /// What was written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// How many letters were written: graphemes.
    #[must_use]
    pub fn letters(&self) -> usize {
        self.text.graphemes(true).count()
    }

    /// Whether no letter fits any more.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.letters() >= self.kind.limit()
    }

    /// The direction of the line while `keyboard` is in use.
    #[must_use]
    pub fn direction(&self, keyboard: Language) -> Language {
        if self.kind.is_latin() { Language::ENGLISH } else { self.base.unwrap_or(keyboard) }
    }

    /// Whether the next letter of a name is a capital.
    #[must_use]
    pub fn wants_capital(&self) -> bool {
        self.kind == FieldKind::Name && self.text.chars().next_back().is_none_or(char::is_whitespace)
    }

    /// Appends what was typed on the keyboard of `keyboard`'s language, as far as it may stand here and fits.
    pub fn write(&mut self, typed: &str, keyboard: Language) {
        for letter in typed.chars().filter(|letter| self.kind.takes(*letter)) {
            // Blanks in front would only hide that nothing is written.
            if letter.is_whitespace() && self.text.is_empty() {
                continue;
            }
            let before = self.text.len();
            self.text.push(letter);
            // A mark joins the letter before it and counts as none.
            if self.letters() > self.kind.limit() {
                self.text.truncate(before);
                return;
            }
            if before == 0 {
                self.base = Some(keyboard);
            }
        }
    }

    /// Takes the last grapheme back.
    pub fn erase_letter(&mut self) {
        if let Some((at, _)) = self.text.grapheme_indices(true).next_back() {
            self.text.truncate(at);
        }
        self.forget_direction();
    }

    /// Takes the last word back, with the blanks after it.
    pub fn erase_word(&mut self) {
        let words = self.text.trim_end();
        let at = words.char_indices().rev().find(|(_, letter)| letter.is_whitespace());
        let end = at.map_or(0, |(at, blank)| at + blank.len_utf8());
        self.text.truncate(end);
        self.forget_direction();
    }

    fn forget_direction(&mut self) {
        if self.text.is_empty() {
            self.base = None;
        }
    }

    /// The field was left: from now on it says what is wrong.
    pub fn leave(&mut self) {
        self.was_left = true;
    }

    /// What is wrong, whether or not it is told yet: the key of a sentence.
    #[must_use]
    pub fn problem(&self) -> Option<&'static str> {
        let text = self.text.trim();
        match self.kind {
            FieldKind::Name if !text.chars().any(char::is_alphabetic) => Some("field.name"),
            FieldKind::Email if !text.is_empty() && !is_address(text) => Some("field.email"),
            FieldKind::Phone
                if !text.is_empty() && !PHONE_DIGITS.contains(&text.chars().filter(char::is_ascii_digit).count()) =>
            {
                Some("field.phone")
            }
            _ => None,
        }
    }

    /// What is wrong and to be told now.
    #[must_use]
    pub fn told_problem(&self) -> Option<&'static str> {
        self.problem().filter(|_| self.was_left)
    }
}

/// Whether `text` has the shape of an address: something, `@`, and a domain with a point inside.
fn is_address(text: &str) -> bool {
    text.split_once('@').is_some_and(|(local, domain)| {
        local.split('.').all(|part| !part.is_empty())
            && !domain.contains('@')
            && domain.split('.').count() > 1
            && domain.split('.').all(|part| !part.is_empty())
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const AR: Language = Language::ARABIC;
    const EN: Language = Language::ENGLISH;

    #[test]
    fn backspace_takes_a_letter_with_its_marks_and_lam_alef_in_two() {
        let mut name = Writing::new(FieldKind::Name, "");
        name.write("شُ", AR);
        name.write("لا", AR);
        name.erase_letter();
        assert_eq!(name.text(), "شُل");
        name.erase_letter();
        name.erase_letter();
        assert_eq!(name.text(), "");
    }

    #[test]
    fn the_direction_is_that_of_the_keyboard_at_the_first_letter_until_the_field_is_empty() {
        let mut name = Writing::new(FieldKind::Note, "");
        assert_eq!(name.direction(EN), EN);
        name.write("تعمل", AR);
        name.write(" Noor", EN);
        assert_eq!(name.direction(EN), AR);
        name.erase_word();
        name.erase_word();
        assert_eq!((name.text(), name.direction(EN)), ("", EN));
        let mut phone = Writing::new(FieldKind::Phone, "");
        phone.write("050", AR);
        assert_eq!(phone.direction(AR), EN);
    }

    #[test]
    fn a_full_field_takes_no_more() {
        let mut name = Writing::new(FieldKind::Name, "");
        name.write(&"ab ".repeat(40), EN);
        assert_eq!((name.letters(), name.is_full()), (60, true));
        let mut note = Writing::new(FieldKind::Note, "");
        note.write(&"م".repeat(300), AR);
        assert_eq!(note.letters(), 200);
    }

    #[test]
    fn only_what_belongs_into_a_field_stands_in_it() {
        let mut phone = Writing::new(FieldKind::Phone, "");
        phone.write("+971 5x0\n", EN);
        assert_eq!(phone.text(), "+971 50");
        let mut email = Writing::new(FieldKind::Email, "");
        email.write("maryam @noor", EN);
        assert_eq!(email.text(), "maryam@noor");
        assert_eq!((email.problem(), email.told_problem()), (Some("field.email"), None));
        email.leave();
        assert_eq!(email.told_problem(), Some("field.email"));
        email.write(".ae", EN);
        assert_eq!(email.problem(), None);
    }

    proptest! {
        #[test]
        fn no_sequence_of_keys_leaves_half_a_letter_or_too_many(
            keys in proptest::collection::vec(("[a-c أبلاًُ\u{200f}\u{301}@]{0,3}", 0_u8..4), 0..120)
        ) {
            let mut note = Writing::new(FieldKind::Note, "");
            for (typed, erase) in keys {
                match erase {
                    0 => note.erase_letter(),
                    1 => note.erase_word(),
                    _ => note.write(&typed, AR),
                }
                prop_assert!(note.letters() <= 200);
                prop_assert!(!note.text().chars().any(is_invisible));
            }
            let letters = note.letters();
            for _ in 0..letters {
                note.erase_letter();
            }
            prop_assert_eq!(note.text(), "");
        }
    }
}

//! The languages of a conversation.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark};

/// A language by its two-letter ISO 639-1 code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Language([u8; 2]);

impl Language {
    /// English.
    pub const ENGLISH: Self = Self(*b"en");
    /// Arabic.
    pub const ARABIC: Self = Self(*b"ar");
    /// The languages the program speaks, in the order of the language switch.
    pub const ALL: [Self; 2] = [Self::ENGLISH, Self::ARABIC];

    /// Two lower-case letters: `en`, `ar`.
    #[must_use]
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("en")
    }

    /// Whether it is written from right to left.
    #[must_use]
    pub fn is_right_to_left(self) -> bool {
        self == Self::ARABIC
    }

    /// The language of a text by its letters: Arabic where most letters are Arabic. `None` without letters.
    #[must_use]
    pub fn of_text(text: &str) -> Option<Self> {
        let (mut arabic, mut latin) = (0_usize, 0_usize);
        for letter in text.chars().filter(|c| c.is_alphabetic()) {
            match letter {
                '\u{0600}'..='\u{06ff}'
                | '\u{0750}'..='\u{077f}'
                | '\u{fb50}'..='\u{fdff}'
                | '\u{fe70}'..='\u{feff}' => arabic += 1,
                _ => latin += 1,
            }
        }
        match (arabic, latin) {
            (0, 0) => None,
            (arabic, latin) if arabic >= latin => Some(Self::ARABIC),
            _ => Some(Self::ENGLISH),
        }
    }
}

impl std::fmt::Display for Language {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.code())
    }
}

/// The code that was not understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is not a language this program speaks; allowed: \"en\", \"ar\"")]
pub struct UnknownLanguage(pub String);

impl FromStr for Language {
    type Err = UnknownLanguage;

    fn from_str(code: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|language| language.code() == code).ok_or_else(|| UnknownLanguage(code.to_owned()))
    }
}

impl TryFrom<String> for Language {
    type Error = UnknownLanguage;

    fn try_from(code: String) -> Result<Self, Self::Error> {
        code.parse()
    }
}

impl From<Language> for String {
    fn from(language: Language) -> Self {
        language.code().to_owned()
    }
}

/// The letters of `text` as they are compared: lower case, without combining marks, in one spelling. Apostrophes are all
/// `'`; blanks and punctuation stay.
pub(crate) fn in_one_spelling(text: &str) -> impl Iterator<Item = char> {
    text.nfkd().filter(|letter| !is_combining_mark(*letter)).flat_map(char::to_lowercase).filter_map(one_spelling)
}

/// One spelling for letters that people write in several ways, of text that was decomposed (NFKD) and is without its
/// combining marks: alef, waw and yeh have lost hamza and madda by that already. `None`: the letter is left out.
fn one_spelling(letter: char) -> Option<char> {
    match letter {
        // Tatweel, the hamza on the line, and the apostrophes of English (it's, Children’s).
        'ـ' | 'ء' => None,
        '’' | 'ʼ' => Some('\''),
        'ى' | 'ی' => Some('ي'),
        'ة' => Some('ه'),
        'ک' => Some('ك'),
        'ٱ' => Some('ا'),
        '٠'..='٩' => char::from_digit(u32::from(letter) - u32::from('٠'), 10),
        '۰'..='۹' => char::from_digit(u32::from(letter) - u32::from('۰'), 10),
        other => Some(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_that_are_written_in_several_ways_are_the_same() {
        let spelled = |text| in_one_spelling(text).collect::<String>();
        assert_eq!(spelled("Café, the Children’s"), "cafe, the children's");
        assert_eq!(spelled("أَرْبَعَة ٥٠"), spelled("اربعه 50"));
    }

    #[test]
    fn a_mixed_sentence_keeps_the_language_of_most_of_its_letters() {
        assert_eq!(Language::of_text("متى يفتح جناح Noor؟"), Some(Language::ARABIC));
        assert_eq!(Language::of_text("What does نور mean?"), Some(Language::ENGLISH));
        assert_eq!(Language::of_text("12:30"), None);
    }
}

//! The languages of a conversation.

use std::{collections::BTreeMap, str::FromStr};

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
    /// The languages that come with the program: they are always there, and share the window while nobody has chosen one.
    pub const SHIPPED: [Self; 2] = [Self::ENGLISH, Self::ARABIC];

    /// Two lower-case letters: `en`, `ar`.
    #[must_use]
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("en")
    }

    /// Whether it is written from right to left.
    #[must_use]
    pub fn is_right_to_left(self) -> bool {
        // The languages of Unicode's right-to-left scripts that have a code of two letters.
        matches!(&self.0, b"ar" | b"fa" | b"he" | b"ur" | b"ps" | b"sd" | b"ug" | b"yi" | b"dv")
    }

    /// The language of a text by its letters: `likely`, unless they are not of its script.
    #[must_use]
    pub fn written(text: &str, likely: Self) -> Self {
        Self::of_text(text).filter(|own| own.is_right_to_left() != likely.is_right_to_left()).unwrap_or(likely)
    }

    /// The codes in quotes, for those who have to choose one: `"en", "ar"`.
    #[must_use]
    pub fn listed(languages: impl IntoIterator<Item = Self>) -> String {
        languages.into_iter().map(|language| format!("\"{language}\"")).collect::<Vec<_>>().join(", ")
    }

    /// The shipped language that is written as a text is: Arabic where most letters run from right to left. `None` without
    /// letters.
    #[must_use]
    pub fn of_text(text: &str) -> Option<Self> {
        let (mut arabic, mut latin) = (0_usize, 0_usize);
        for letter in text.chars().filter(|c| c.is_alphabetic()) {
            match letter {
                // Unicode's blocks of scripts that are written from right to left.
                '\u{0590}'..='\u{08ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{feff}' => arabic += 1,
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
#[error("\"{0}\" is not the code of a language: two small letters (ISO 639-1), such as \"en\" or \"ar\"")]
pub struct UnknownLanguage(pub String);

impl FromStr for Language {
    type Err = UnknownLanguage;

    fn from_str(code: &str) -> Result<Self, Self::Err> {
        match code.as_bytes() {
            [first @ b'a'..=b'z', second @ b'a'..=b'z'] => Ok(Self([*first, *second])),
            _ => Err(UnknownLanguage(code.to_owned())),
        }
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

/// Something that is there for each of some languages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ByLanguage<T>(BTreeMap<Language, T>);

impl<T> ByLanguage<T> {
    /// What `language` has of its own.
    #[must_use]
    pub fn own(&self, language: Language) -> Option<&T> {
        self.0.get(&language)
    }

    /// Each with its language, by code.
    pub fn iter(&self) -> impl Iterator<Item = (Language, &T)> {
        self.0.iter().map(|(language, own)| (*language, own))
    }

    /// Puts what `language` has in the place of what it had.
    pub fn put(&mut self, language: Language, own: T) {
        self.0.insert(language, own);
    }
}

impl ByLanguage<String> {
    /// A text in the shipped languages.
    #[must_use]
    pub fn texts(english: &str, arabic: &str) -> Self {
        [(Language::ENGLISH, english.to_owned()), (Language::ARABIC, arabic.to_owned())].into_iter().collect()
    }

    /// The text in `language`, else in English, else in any; empty if there is none.
    #[must_use]
    pub fn text(&self, language: Language) -> &str {
        let wanted = [language, Language::ENGLISH].into_iter().filter_map(|language| self.own(language));
        wanted.chain(self.0.values()).find(|text| !text.is_empty()).map_or("", String::as_str)
    }
}

impl<T> Default for ByLanguage<T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<T> FromIterator<(Language, T)> for ByLanguage<T> {
    fn from_iter<I: IntoIterator<Item = (Language, T)>>(items: I) -> Self {
        Self(items.into_iter().collect())
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
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn letters_that_are_written_in_several_ways_are_the_same() {
        let spelled = |text| in_one_spelling(text).collect::<String>();
        assert_eq!(spelled("Café, the Children’s"), "cafe, the children's");
        assert_eq!(spelled("أَرْبَعَة ٥٠"), spelled("اربعه 50"));
    }

    #[test]
    fn a_language_is_two_small_letters_and_one_that_shares_its_script_is_told_by_what_is_likely() {
        let french: Language = "fr".parse().unwrap();
        assert_eq!(Language::written("Bonjour à tous", french), french);
        assert_eq!(Language::written("12:30", french), french);
        assert_eq!(Language::written("متى تفتحون؟", french), Language::ARABIC);
        let hebrew: Language = "he".parse().unwrap();
        assert_eq!(Language::written("מתי אתם פותחים?", hebrew), hebrew);
        assert_eq!(Language::written("When do you open?", Language::ARABIC), Language::ENGLISH);
        let refused = "French".parse::<Language>().unwrap_err().to_string();
        assert!(refused.contains("\"French\"") && refused.contains("ISO 639-1"), "{refused}");
    }

    #[test]
    fn a_text_that_a_language_lacks_is_told_in_another() {
        let texts = ByLanguage::texts("Desk", "");
        let french: Language = "fr".parse().unwrap();
        assert_eq!((texts.text(french), texts.text(Language::ARABIC)), ("Desk", "Desk"));
        assert_eq!(ByLanguage::texts("", "مكتب").text(Language::ENGLISH), "مكتب");
    }

    #[test]
    fn a_mixed_sentence_keeps_the_language_of_most_of_its_letters() {
        assert_eq!(Language::of_text("متى يفتح جناح Noor؟"), Some(Language::ARABIC));
        assert_eq!(Language::of_text("What does نور mean?"), Some(Language::ENGLISH));
        assert_eq!(Language::of_text("12:30"), None);
    }
}

//! What visitors say, in one spelling.

use unicode_normalization::UnicodeNormalization as _;

use crate::event::one_spelling;

/// Lower case, without marks and vowels, letters that are written in several ways as one, digits as 0–9.
pub(super) fn fold(text: &str) -> String {
    text.nfkd()
        .filter(|letter| !unicode_normalization::char::is_combining_mark(*letter))
        .filter_map(one_spelling)
        .flat_map(char::to_lowercase)
        .collect()
}

/// The words of a text, folded.
pub(super) fn words(text: &str) -> Vec<String> {
    let folded = fold(text);
    folded
        .split(|letter: char| !letter.is_alphanumeric() && letter != '+')
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

//! What visitors say, in one spelling.

use crate::event::in_one_spelling;

/// Lower case, without marks and vowels, letters that are written in several ways as one, digits as 0–9.
pub(super) fn fold(text: &str) -> String {
    in_one_spelling(text).collect()
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

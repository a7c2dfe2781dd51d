//! Restores the short vowels of Arabic (tashkeel), without which espeak-ng reads words that nobody understands.
//!
//! Model: rawi-ensemble of text2tashkeel 0.1.0 (Apache-2.0): input `input` i64 [1, letters], output `gated_cls`
//! i64 [1, letters], one class of marks a letter. It works on canonically decomposed text (NFD) without any
//! combining mark, so that it restores hamzas as well.

use std::{collections::HashMap, path::PathBuf};

use ort::{session::Session, value::Tensor};
use serde::Deserialize;
use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

use crate::runtime::{ModelStore, Onnx, OnnxError};

/// Letters the model is given at a time; longer texts are cut at a space.
const MAX_LETTERS: usize = 400;

/// The names of the model and of its vocabulary in the manifest.
const MODEL: &str = "rawi-ensemble";
const VOCABULARY: &str = "rawi-vocabulary";

/// Why vowels cannot be restored.
#[derive(Debug, thiserror::Error)]
pub(super) enum TashkeelError {
    /// The model cannot be loaded.
    #[error(transparent)]
    Model(#[from] OnnxError),
    /// The vocabulary is not one.
    #[error("{}: not a vocabulary of the vowel model: {detail}; delete it and run scripts/setup.sh", path.display())]
    Vocabulary {
        /// The file.
        path: PathBuf,
        /// Why.
        detail: String,
    },
    /// The model failed on a text.
    #[error("the vowel model failed: {0}")]
    Failed(String),
}

/// The vocabulary's file.
#[derive(Deserialize)]
struct Vocabulary {
    char_to_idx: HashMap<String, i64>,
    diac_to_idx: HashMap<String, i64>,
}

/// The loaded model.
#[derive(Debug)]
pub(super) struct Tashkeel {
    session: Session,
    ids: HashMap<char, i64>,
    unknown: i64,
    marks: HashMap<i64, Vec<char>>,
}

impl Tashkeel {
    /// Loads the model and its vocabulary; on one thread, since a sentence takes two milliseconds.
    ///
    /// # Errors
    /// ONNX Runtime or one of the two files is missing or broken.
    pub(super) fn load(onnx: &Onnx, store: &ModelStore) -> Result<Self, TashkeelError> {
        let session = onnx.session(store, MODEL, 1)?;
        let path = store.locate(VOCABULARY).map_err(OnnxError::from)?;
        let broken = |detail: String| TashkeelError::Vocabulary { path: path.clone(), detail };
        let text = std::fs::read_to_string(&path).map_err(|error| broken(error.to_string()))?;
        let read: Vocabulary = serde_json::from_str(&text).map_err(|error| broken(error.to_string()))?;
        let unknown = read.char_to_idx.get("<UNK>").copied().unwrap_or(1);
        let ids = read
            .char_to_idx
            .into_iter()
            .filter_map(|(letter, id)| {
                let mut letters = letter.chars();
                letters.next().filter(|_| letters.next().is_none()).map(|letter| (letter, id))
            })
            .collect();
        let marks = read.diac_to_idx.into_iter().map(|(marks, id)| (id, marks.chars().collect())).collect();
        Ok(Self { session, ids, unknown, marks })
    }

    /// `text` with its short vowels. Marks that a letter already carries are kept; words stay where they are: the
    /// result has as many, separated by the same white space.
    ///
    /// # Errors
    /// The model fails.
    pub(super) fn restore(&mut self, text: &str) -> Result<String, TashkeelError> {
        let mut restored = String::with_capacity(text.len() * 2);
        let mut piece: Vec<Letter> = Vec::new();
        for letter in letters(text) {
            let ends_piece = letter.base.is_whitespace() && piece.len() >= MAX_LETTERS;
            piece.push(letter);
            if ends_piece {
                self.restore_piece(&piece, &mut restored)?;
                piece.clear();
            }
        }
        self.restore_piece(&piece, &mut restored)?;
        Ok(restored.nfc().collect())
    }

    fn restore_piece(&mut self, letters: &[Letter], restored: &mut String) -> Result<(), TashkeelError> {
        if letters.is_empty() {
            return Ok(());
        }
        let classes = self.classes(letters)?;
        for (letter, class) in letters.iter().zip(classes) {
            restored.push(letter.base);
            if !letter.base.is_alphabetic() || letter.marks.iter().copied().any(is_vowel_mark) {
                restored.extend(&letter.marks);
                continue;
            }
            let predicted = self.marks.get(&class).map_or(&[][..], Vec::as_slice);
            if letter.marks.is_empty() {
                restored.extend(predicted);
            } else {
                // A written hamza or madda is right; only vowels are added to it.
                restored.extend(&letter.marks);
                restored.extend(predicted.iter().copied().filter(|mark| is_vowel_mark(*mark)));
            }
        }
        Ok(())
    }

    fn classes(&mut self, letters: &[Letter]) -> Result<Vec<i64>, TashkeelError> {
        let failed = |error: ort::Error| TashkeelError::Failed(error.to_string());
        let ids: Vec<i64> =
            letters.iter().map(|letter| self.ids.get(&letter.base).copied().unwrap_or(self.unknown)).collect();
        let input = Tensor::from_array(([1, ids.len()], ids)).map_err(failed)?;
        let outputs = self.session.run(ort::inputs!["input" => input]).map_err(failed)?;
        let output =
            outputs.get("gated_cls").ok_or_else(|| TashkeelError::Failed("it has no output \"gated_cls\"".into()))?;
        let (_, classes) = output.try_extract_tensor::<i64>().map_err(failed)?;
        Ok(classes.to_vec())
    }
}

/// A base letter and the combining marks written on it.
struct Letter {
    base: char,
    marks: Vec<char>,
}

fn letters(text: &str) -> Vec<Letter> {
    let mut letters: Vec<Letter> = Vec::new();
    for c in text.nfd() {
        match letters.last_mut() {
            Some(letter) if is_combining_mark(c) => letter.marks.push(c),
            _ => letters.push(Letter { base: c, marks: Vec::new() }),
        }
    }
    letters
}

/// Fathatan to sukun, and the superscript alef: what tashkeel is about, in contrast to hamza and madda.
pub(super) fn is_vowel_mark(c: char) -> bool {
    matches!(c, '\u{064b}'..='\u{0652}' | '\u{0670}')
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_letter_keeps_its_hamza_and_vowels_apart_from_its_base() {
        let letters = letters("أَب");
        assert_eq!(letters.len(), 2);
        assert_eq!((letters[0].base, letters[0].marks.as_slice()), ('ا', ['\u{064e}', '\u{0654}'].as_slice()));
        assert!(letters[1].marks.is_empty());
    }
}

//! Every sentence of the window and of the kiosk's own voice, from `assets/words/*.toml`, and what visitors' words mean
//! for whose turn it is, from `assets/turns/*.toml`: one file a language.
//!
//! In: the translation files. Out: sentences by key. Never touches: any other room.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::event::Language;

mod turns;

pub use turns::{Expecting, LanguageTurns, Overheard, TurnWords, TurnWordsError, words_of};

/// A translation file that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum WordsError {
    /// It cannot be read.
    #[error(
        "cannot read the translation file {path}: {source}; `paths.assets` must name the folder that holds `words/`"
    )]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is not a table of sentences.
    #[error("{path} is not a table of sentences: {message}")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The parser's words, with line and column.
        message: String,
    },
    /// A language lacks sentences that another has.
    #[error("{path} lacks {count} sentence(s) that other languages have: {keys}")]
    Incomplete {
        /// The file.
        path: PathBuf,
        /// How many.
        count: usize,
        /// Which, separated by commas.
        keys: String,
    },
    /// What words mean for whose turn it is is not known.
    #[error(transparent)]
    Turns(#[from] TurnWordsError),
}

/// The sentences of all languages. Every key exists in every language.
#[derive(Debug, Clone, PartialEq)]
pub struct Words {
    languages: Arc<[Language]>,
    by_language: BTreeMap<Language, BTreeMap<String, String>>,
    turns: Arc<TurnWords>,
}

impl Words {
    /// Reads `<assets>/words/<code>.toml` and `<assets>/turns/<code>.toml` for each language.
    ///
    /// # Errors
    /// A file that is missing, is not a flat table of strings, or lacks a key that another language has; turn words that
    /// cannot be used.
    pub fn load(assets: &Path) -> Result<Self, WordsError> {
        let languages = languages(assets);
        let mut by_language = BTreeMap::new();
        for language in languages.iter().copied() {
            let path = file(assets, language);
            let text = std::fs::read_to_string(&path)
                .map_err(|source| WordsError::Unreadable { path: path.clone(), source })?;
            let sentences: BTreeMap<String, String> = toml::from_str(&text)
                .map_err(|error| WordsError::Malformed { path: path.clone(), message: error.to_string() })?;
            by_language.insert(language, sentences);
        }
        let mut words = Self { languages: languages.into(), by_language, turns: Arc::default() };
        for language in words.languages() {
            let missing: Vec<&str> = words
                .keys()
                .filter(|key| !words.by_language.get(language).is_some_and(|own| own.contains_key(*key)))
                .collect();
            if !missing.is_empty() {
                return Err(WordsError::Incomplete {
                    path: file(assets, *language),
                    count: missing.len(),
                    keys: missing.join(", "),
                });
            }
        }
        words.turns = Arc::new(TurnWords::load(assets)?);
        Ok(words)
    }

    /// The languages the kiosk speaks, in the order of the language switch.
    #[must_use]
    pub fn languages(&self) -> &[Language] {
        &self.languages
    }

    /// What visitors' words mean for whose turn it is.
    #[must_use]
    pub fn turns(&self) -> &Arc<TurnWords> {
        &self.turns
    }

    /// The sentence for `key`. A key that no file has is shown as itself: wrong, visible, harmless.
    #[must_use]
    pub fn get<'a>(&'a self, key: &'a str, language: Language) -> &'a str {
        self.by_language.get(&language).and_then(|own| own.get(key)).map_or(key, String::as_str)
    }

    /// The sentence for `key` with each `{name}` replaced.
    #[must_use]
    pub fn fill(&self, key: &str, language: Language, values: &[(&str, &str)]) -> String {
        values
            .iter()
            .fold(self.get(key, language).to_owned(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
    }

    /// Every key of every language, without repetition.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        let mut keys: Vec<&str> = self.by_language.values().flat_map(|own| own.keys()).map(String::as_str).collect();
        keys.sort_unstable();
        keys.dedup();
        keys.into_iter()
    }
}

/// The languages that have a file `<assets>/words/<code>.toml`: those that come with the program first, the others by code.
#[must_use]
pub fn languages(assets: &Path) -> Vec<Language> {
    let files = std::fs::read_dir(assets.join("words")).into_iter().flatten().flatten();
    let named = files.filter_map(|file| {
        let path = file.path();
        let is_toml = path.extension().is_some_and(|extension| extension == "toml");
        path.file_stem().filter(|_| is_toml)?.to_str()?.parse::<Language>().ok()
    });
    let mut others: Vec<Language> = named.filter(|language| !Language::SHIPPED.contains(language)).collect();
    others.sort_unstable();
    Language::SHIPPED.into_iter().chain(others).collect()
}

fn file(assets: &Path, language: Language) -> PathBuf {
    assets.join("words").join(format!("{language}.toml"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_files_are_complete_and_fill_their_placeholders() {
        let words = Words::load(Path::new("assets")).unwrap();
        assert_eq!(words.get("listening", Language::ARABIC), "أستمع إليكم");
        assert_eq!(words.fill("greet.back", Language::ENGLISH, &[("name", "Sara")]), "Welcome back, Sara.");
        for language in Language::SHIPPED {
            for key in words.keys() {
                let own = words.by_language.get(&language).and_then(|own| own.get(key));
                assert!(own.is_some_and(|words| !words.trim().is_empty()), "{key} has no words in {language}");
            }
        }
    }

    #[test]
    fn a_language_that_lacks_a_sentence_is_named_with_it() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("words")).unwrap();
        std::fs::write(folder.path().join("words/en.toml"), "a = \"A\"\nb = \"B\"\n").unwrap();
        std::fs::write(folder.path().join("words/ar.toml"), "a = \"أ\"\n").unwrap();
        let error = Words::load(folder.path()).unwrap_err().to_string();
        assert!(error.contains("ar.toml") && error.ends_with(": b"), "{error}");
    }
}

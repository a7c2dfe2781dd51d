//! The knowledge base in memory and its search.
//!
//! Search in two steps. SQLite's FTS5 finds the phrasings that share a word with the question, best `bm25` first. These
//! candidates are then scored by weighted word overlap, because a `bm25` figure depends on the size of the collection
//! and has no upper end, while the kiosk must decide whether to answer at all:
//!
//! - a word weighs `ln(1 + N/n) / ln(1 + N)` for N entries of which n use it, so that a word of one entry weighs 1 and
//!   one of every entry little; words of grammar ([`normalise::is_stop_word`]) weigh a quarter of that;
//! - a word that no phrasing has weighs [`UNKNOWN_WORD`]: the question is about something else;
//! - `score = 2·common / (question + phrasing)` (Dice) of the best phrasing, mixed with the share of the question that
//!   all phrasings of the entry explain together, since people mix words of several phrasings;
//! - the very words of a phrasing score 1.
//!
//! `embedded.answer_threshold` says from which score on an entry is the answer; `cargo bench --bench knowledge` shows
//! what each threshold costs and gains on questions that are in no file.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use rusqlite::{Connection, params};

use super::{Entry, Hit, KnowledgeError, LocalText, Problem, load, normalise};
use crate::event::{EntryId, Language, Topic};

/// Phrasings that FTS5 hands over for scoring. An entry has about nine, so that these are at least ten entries.
const CANDIDATES: usize = 100;
/// The weight of a word of grammar, of what its frequency would give it.
const STOP_WORD_FACTOR: f32 = 0.25;
/// The weight of a word that no phrasing has, where 1 is a word that one entry has.
const UNKNOWN_WORD: f32 = 1.2;
/// How much of the score is the overlap with the best phrasing; the rest is what the entry as a whole explains.
const BEST_PHRASING_SHARE: f32 = 0.7;
/// The score of anything but the very words of a phrasing stays below 1.
const MAX_PARTIAL: f32 = 0.99;
/// A question longer than this is cut for the search, words. The longest phrasing has about twelve.
const MAX_QUERY_WORDS: usize = 40;

/// The entries of the stand, and their search. Immutable; share it in an `Arc`.
pub struct KnowledgeBase {
    entries: BTreeMap<EntryId, Entry>,
    order: Vec<EntryId>,
    topics: Arc<[Topic]>,
    /// In-memory FTS5 table. Locked for the time of one query (tens of microseconds), never across an await.
    index: Mutex<Connection>,
    phrasings: Vec<Phrasing>,
    vocabulary: BTreeMap<Language, Vocabulary>,
}

/// One way to ask, as the search sees it.
struct Phrasing {
    entry: EntryId,
    words: Vec<String>,
    distinct: BTreeSet<String>,
}

#[derive(Default)]
struct Vocabulary {
    weights: HashMap<String, f32>,
    /// The words of each entry, all phrasings together.
    entry_words: HashMap<EntryId, BTreeSet<String>>,
    /// Arabic: a word as people ask it, to the stored word that has a prefix letter before it.
    prefixed: HashMap<String, String>,
}

impl KnowledgeBase {
    /// Reads the `.toml` files of `folder` (`<assets>/knowledge`). Faulty entries are skipped and named.
    ///
    /// # Errors
    /// The folder cannot be read, or nothing in it can be used.
    pub fn load(folder: &Path) -> Result<(Self, Vec<Problem>), KnowledgeError> {
        let load::Contents { entries, problems } = load::read_folder(folder)?;
        Ok((Self::build(entries)?, problems))
    }

    fn build(entries: Vec<(Entry, u32)>) -> Result<Self, KnowledgeError> {
        let mut topics: Vec<(u32, Topic)> =
            entries.iter().filter_map(|(entry, order)| Some((*order, entry.topic.clone()?))).collect();
        topics.sort_by_key(|(order, _)| *order);

        let index = Connection::open_in_memory()?;
        // The words are stored as `normalise` made them, so the tokenizer only has to split at blanks.
        index.execute_batch(
            "CREATE VIRTUAL TABLE phrasing USING fts5(language UNINDEXED, words, tokenize = 'unicode61')",
        )?;
        let mut phrasings = Vec::new();
        let mut vocabulary = BTreeMap::new();
        let languages: BTreeSet<Language> =
            entries.iter().flat_map(|(entry, _)| entry.texts().map(|(language, _)| language)).collect();
        for language in languages {
            let mut own = Vocabulary::default();
            for (entry, _) in &entries {
                for phrasing in entry.own_text(language).into_iter().flat_map(LocalText::all_phrasings) {
                    let words = normalise::tokens(phrasing);
                    index.execute(
                        "INSERT INTO phrasing (rowid, language, words) VALUES (?1, ?2, ?3)",
                        params![i64::try_from(phrasings.len()).unwrap_or(i64::MAX), language.code(), words.join(" ")],
                    )?;
                    let distinct: BTreeSet<String> = words.iter().cloned().collect();
                    own.entry_words.entry(entry.id.clone()).or_default().extend(distinct.iter().cloned());
                    phrasings.push(Phrasing { entry: entry.id.clone(), words, distinct });
                }
            }
            own.weigh();
            vocabulary.insert(language, own);
        }
        Ok(Self {
            order: entries.iter().map(|(entry, _)| entry.id.clone()).collect(),
            entries: entries.into_iter().map(|(entry, _)| (entry.id.clone(), entry)).collect(),
            topics: topics.into_iter().map(|(_, topic)| topic).collect(),
            index: Mutex::new(index),
            phrasings,
            vocabulary,
        })
    }

    /// The entry of that name.
    #[must_use]
    pub fn entry(&self, id: &EntryId) -> Option<&Entry> {
        self.entries.get(id)
    }

    /// All entries, in the order of the files.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.order.iter().filter_map(|id| self.entries.get(id))
    }

    /// The topics that can be touched, in their order.
    #[must_use]
    pub fn topics(&self) -> Arc<[Topic]> {
        self.topics.clone()
    }

    /// The entries nearest to `text`, best first, each once, at most `limit`. Takes well under a millisecond.
    ///
    /// # Errors
    /// [`KnowledgeError::Index`] if SQLite fails, which for a database in memory means that memory ran out.
    pub fn search(&self, text: &str, language: Language, limit: usize) -> Result<Vec<Hit>, KnowledgeError> {
        let Some(vocabulary) = self.vocabulary.get(&language) else { return Ok(Vec::new()) };
        let mut words = normalise::tokens(text);
        words.truncate(MAX_QUERY_WORDS);
        let words: Vec<String> = words.into_iter().map(|word| vocabulary.known_form(word)).collect();
        let distinct: BTreeSet<&str> = words.iter().map(String::as_str).collect();
        let known: Vec<&str> = distinct.iter().copied().filter(|word| vocabulary.weights.contains_key(*word)).collect();
        if known.is_empty() {
            return Ok(Vec::new());
        }
        // Words of grammar are in most phrasings: they only find candidates where there is nothing else to go by.
        let telling: Vec<&str> = known.iter().copied().filter(|word| !normalise::is_stop_word(word)).collect();
        let sought = if telling.is_empty() { known } else { telling };

        let mut best: BTreeMap<&EntryId, f32> = BTreeMap::new();
        for row in self.candidates(&sought, language)? {
            let Some(phrasing) = self.phrasings.get(row) else { continue };
            let score = if phrasing.words == words { 1.0 } else { vocabulary.score(&distinct, phrasing) };
            let entry = best.entry(&phrasing.entry).or_default();
            *entry = entry.max(score);
        }
        let mut hits: Vec<Hit> = best.into_iter().map(|(id, score)| Hit { id: id.clone(), score }).collect();
        hits.sort_by(|a, b| b.score.total_cmp(&a.score));
        hits.truncate(limit);
        Ok(hits)
    }

    /// Rows of phrasings that share a word with the question, the best by `bm25` first.
    fn candidates(&self, words: &[&str], language: Language) -> Result<Vec<usize>, KnowledgeError> {
        // Quoted, so that no word is taken for an operator. Tokens are alphanumeric: they hold no quotes.
        let query = words.iter().map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(" OR ");
        // A poisoned lock only says that another search panicked; the index is read only.
        let index = self.index.lock().unwrap_or_else(PoisonError::into_inner);
        let mut statement = index.prepare_cached(
            "SELECT rowid FROM phrasing WHERE phrasing MATCH ?1 AND language = ?2 ORDER BY bm25(phrasing) LIMIT ?3",
        )?;
        let limit = i64::try_from(CANDIDATES).unwrap_or(i64::MAX);
        let rows = statement.query_map(params![query, language.code(), limit], |row| row.get::<_, i64>(0))?;
        Ok(rows.filter_map(|row| row.map(|row| usize::try_from(row).ok()).transpose()).collect::<Result<_, _>>()?)
    }
}

impl Vocabulary {
    /// Computes the words' weights and the prefixed forms, when all entries are in.
    #[allow(clippy::cast_precision_loss, reason = "counts of entries are far below 2^23")]
    fn weigh(&mut self) {
        let mut used_by: HashMap<&str, usize> = HashMap::new();
        for words in self.entry_words.values() {
            for word in words {
                *used_by.entry(word).or_default() += 1;
            }
        }
        let entries = self.entry_words.len() as f32;
        let weights: HashMap<String, f32> = used_by
            .into_iter()
            .map(|(word, count)| {
                let rarity = (1.0 + entries / count as f32).ln() / (1.0 + entries).ln();
                let factor = if normalise::is_stop_word(word) { STOP_WORD_FACTOR } else { 1.0 };
                (word.to_owned(), rarity * factor)
            })
            .collect();
        self.prefixed = weights
            .keys()
            .filter_map(|word| Some((normalise::without_prefix_letter(word)?.to_owned(), word.clone())))
            .filter(|(bare, _)| !weights.contains_key(bare))
            .collect();
        self.weights = weights;
    }

    /// The word as the phrasings have it, where only an Arabic prefix letter differs.
    fn known_form(&self, word: String) -> String {
        if self.weights.contains_key(&word) {
            return word;
        }
        match normalise::without_prefix_letter(&word) {
            Some(bare) if self.weights.contains_key(bare) => bare.to_owned(),
            _ => self.prefixed.get(&word).cloned().unwrap_or(word),
        }
    }

    fn weight(&self, word: &str) -> f32 {
        let unknown = if normalise::is_stop_word(word) { UNKNOWN_WORD * STOP_WORD_FACTOR } else { UNKNOWN_WORD };
        self.weights.get(word).copied().unwrap_or(unknown)
    }

    fn score(&self, question: &BTreeSet<&str>, phrasing: &Phrasing) -> f32 {
        let asked: f32 = question.iter().map(|word| self.weight(word)).sum();
        let stored: f32 = phrasing.distinct.iter().map(|word| self.weight(word)).sum();
        let shared = |words: &BTreeSet<String>| -> f32 {
            question.iter().filter(|word| words.contains(**word)).map(|word| self.weight(word)).sum()
        };
        let overlap = 2.0 * shared(&phrasing.distinct) / (asked + stored);
        let explained = self.entry_words.get(&phrasing.entry).map_or(0.0, shared) / asked;
        (BEST_PHRASING_SHARE * overlap + (1.0 - BEST_PHRASING_SHARE) * explained).min(MAX_PARTIAL)
    }
}

impl std::fmt::Debug for KnowledgeBase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KnowledgeBase").field("entries", &self.entries.len()).finish_non_exhaustive()
    }
}

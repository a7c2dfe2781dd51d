//! The files of `assets/knowledge`, entry by entry: a fault in one entry never costs another.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    path::{Path, PathBuf},
};

use serde::{
    Deserialize, Deserializer,
    de::{Error as _, MapAccess, Visitor},
};
use toml::Spanned;

use super::{Answered, Entry, LocalText, normalise};
use crate::event::{ByLanguage, EntryId, Language, Topic};

/// The icons a topic may have: those that the window draws for topics.
pub const TOPIC_ICONS: &[&str] = &["clock", "cap", "pin", "calendar", "info", "staff", "call", "book", "star"];

/// The line that begins an entry. What stands between two of them is read on its own.
const ENTRY_HEADER: &str = "[[entry]]";

/// Why there is no knowledge base at all.
#[derive(Debug, thiserror::Error)]
pub enum KnowledgeError {
    /// The folder or a file in it cannot be read.
    #[error("cannot read {path}: {source}; `paths.assets` must name the folder that holds `knowledge/`")]
    Unreadable {
        /// The folder or file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// No entry can be used.
    #[error("{path} holds no usable entry ({problems} faulty ones); docs/knowledge.md says how to write one")]
    NothingUsable {
        /// The folder.
        path: PathBuf,
        /// How many were skipped.
        problems: usize,
    },
    /// The search index cannot be built or asked.
    #[error("the search index of the knowledge base failed: {0}")]
    Index(#[from] rusqlite::Error),
}

/// An entry that was skipped, for staff.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The file.
    pub file: PathBuf,
    /// The line, from 1.
    pub line: usize,
    /// What was found and what is allowed.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}; it is skipped", self.file.display(), self.line, self.message)
    }
}

/// What a folder holds.
#[derive(Default)]
pub(super) struct Contents {
    /// The usable entries, in the order of the files; a topic comes with its place in the row of chips.
    pub(super) entries: Vec<(Entry, u32)>,
    /// What was skipped.
    pub(super) problems: Vec<Problem>,
}

/// Reads the `.toml` files in `folder`, in the order of their names.
pub(super) fn read_folder(folder: &Path) -> Result<Contents, KnowledgeError> {
    let unreadable = |path: &Path| {
        let path = path.to_owned();
        move |source| KnowledgeError::Unreadable { path, source }
    };
    let mut files = Vec::new();
    for file in std::fs::read_dir(folder).map_err(unreadable(folder))? {
        let path = file.map_err(unreadable(folder))?.path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            files.push(path);
        }
    }
    files.sort();

    let mut reader = Reader::default();
    for file in files {
        match std::fs::read_to_string(&file) {
            Ok(text) => reader.read_file(&file, &text),
            // One file that cannot be read (its rights, its encoding) must not silence the others.
            Err(error) => {
                let message = format!("the file cannot be read: {error}");
                reader.contents.problems.push(Problem { file, line: 1, message });
            }
        }
    }
    let contents = reader.contents;
    if contents.entries.is_empty() {
        return Err(KnowledgeError::NothingUsable { path: folder.to_owned(), problems: contents.problems.len() });
    }
    Ok(contents)
}

#[derive(Default)]
struct Reader {
    contents: Contents,
    /// The accepted ids, with the place where each was first found.
    ids: BTreeMap<EntryId, String>,
    /// The accepted phrasings as comparable words, with the entry that has them.
    phrasings: BTreeMap<(Language, Vec<String>), EntryId>,
}

impl Reader {
    fn read_file(&mut self, file: &Path, text: &str) {
        for (first_line, chunk) in chunks(text) {
            let place = |offset: usize| first_line + chunk.get(..offset).unwrap_or(chunk).matches('\n').count();
            match toml::from_str::<Chunk>(chunk) {
                Err(error) => self.contents.problems.push(Problem {
                    file: file.to_owned(),
                    line: place(error.span().map_or(0, |span| span.start)),
                    message: error.message().to_owned(),
                }),
                Ok(chunk) => {
                    for raw in chunk.entry {
                        if let Err((offset, message)) = self.accept(file, &place, raw) {
                            self.contents.problems.push(Problem {
                                file: file.to_owned(),
                                line: place(offset),
                                message,
                            });
                        }
                    }
                }
            }
        }
    }

    /// Takes an entry in, or says where in its chunk (bytes) what is wrong.
    fn accept(&mut self, file: &Path, place: &dyn Fn(usize) -> usize, raw: RawEntry) -> Result<(), (usize, String)> {
        let at = raw.id.span().start;
        let id = EntryId(raw.id.into_inner());
        if id.0.is_empty() || !id.0.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "._".contains(c)) {
            return Err((at, format!("the id \"{id}\" may hold only a–z, 0–9, dots and underscores")));
        }
        if let Some(first) = self.ids.get(&id) {
            return Err((at, format!("the id \"{id}\" is already used at {first}; every entry needs its own")));
        }
        if let Some(lacking) = Language::SHIPPED.into_iter().find(|language| !raw.texts.contains_key(language)) {
            return Err((at, format!("the entry \"{id}\" lacks [entry.{lacking}]; it needs both languages")));
        }
        let mut texts = BTreeMap::new();
        for (language, text) in raw.texts {
            texts.insert(language, checked_text(&id, language, text)?);
        }
        let (topic, order) = match raw.topic {
            None => (None, 0),
            Some(topic) => {
                let order = topic.get_ref().order;
                (Some(checked_topic(&id, topic)?), order)
            }
        };

        let mut own = BTreeSet::new();
        for (language, text) in texts.iter().map(|(language, text)| (*language, text)) {
            for phrasing in text.text.all_phrasings() {
                let key = (language, normalise::tokens(phrasing));
                if let Some(other) = self.phrasings.get(&key) {
                    let message = format!("the phrasing \"{phrasing}\" already belongs to the entry \"{other}\"");
                    return Err((text.at, message));
                }
                own.insert(key);
            }
        }
        self.ids.insert(id.clone(), format!("{}:{}", file.display(), place(at)));
        self.phrasings.extend(own.into_iter().map(|key| (key, id.clone())));
        let does = match raw.does {
            Some(Does::EndsVisit) => Answered::EndsVisit,
            Some(Does::Forgets) => Answered::Forgets,
            None => Answered::Answers,
        };
        let Some(english) = texts.remove(&Language::ENGLISH) else {
            return Err((at, format!("the entry \"{id}\" lacks [entry.en]")));
        };
        let others = texts.into_iter().map(|(language, text)| (language, text.text)).collect();
        self.contents.entries.push((Entry { id, does, topic, english: english.text, others }, order));
        Ok(())
    }
}

/// The parts of a file that are read on their own, with the number of their first line: what stands before the
/// first entry, then each entry with its tables.
fn chunks(text: &str) -> Vec<(usize, &str)> {
    let mut starts = vec![(1, 0)];
    let mut offset = 0;
    for (index, line) in text.split_inclusive('\n').enumerate() {
        if offset > 0 && line.trim_start().starts_with(ENTRY_HEADER) {
            starts.push((index + 1, offset));
        }
        offset += line.len();
    }
    let ends = starts.iter().skip(1).map(|(_, offset)| *offset).chain([text.len()]);
    starts.iter().zip(ends).map(|((line, start), end)| (*line, text.get(*start..end).unwrap_or_default())).collect()
}

struct CheckedText {
    text: LocalText,
    at: usize,
}

fn checked_text(id: &EntryId, language: Language, raw: Spanned<RawText>) -> Result<CheckedText, (usize, String)> {
    let whole = raw.span().start;
    let RawText { question, phrasings, answer } = raw.into_inner();
    let at = question.as_ref().map_or(whole, |text| text.span().start);
    let mut text = LocalText { question: String::new(), phrasings: Vec::new(), answer: String::new() };
    for (name, value, target) in [("question", question, &mut text.question), ("answer", answer, &mut text.answer)] {
        let Some(value) = value else {
            return Err((whole, format!("the entry \"{id}\" lacks `{name}` in [entry.{language}]")));
        };
        if value.get_ref().trim().is_empty() {
            let found = format!("`{name}` of the entry \"{id}\" is empty in [entry.{language}]; write a sentence");
            return Err((value.span().start, found));
        }
        value.into_inner().trim().clone_into(target);
    }
    for phrasing in phrasings {
        let (at, phrasing) = (phrasing.span().start, phrasing.into_inner());
        if normalise::tokens(&phrasing).is_empty() {
            return Err((at, format!("a phrasing of the entry \"{id}\" holds no word in [entry.{language}]")));
        }
        text.phrasings.push(phrasing.trim().to_owned());
    }
    Ok(CheckedText { text, at })
}

fn checked_topic(id: &EntryId, raw: Spanned<RawTopic>) -> Result<Topic, (usize, String)> {
    let at = raw.span().start;
    let RawTopic { icon, label, .. } = raw.into_inner();
    if !TOPIC_ICONS.contains(&icon.as_str()) {
        let allowed = TOPIC_ICONS.join(", ");
        return Err((at, format!("the topic of \"{id}\" has the unknown icon \"{icon}\"; allowed: {allowed}")));
    }
    let lacks = |language| label.own(language).is_none_or(|label| label.trim().is_empty());
    if Language::SHIPPED.into_iter().any(lacks) {
        return Err((at, format!("the topic of \"{id}\" needs a label in both languages")));
    }
    Ok(Topic { entry: id.clone(), icon, label })
}

/// What one chunk may hold.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Chunk {
    #[serde(default)]
    entry: Vec<RawEntry>,
}

struct RawEntry {
    id: Spanned<String>,
    does: Option<Does>,
    topic: Option<Spanned<RawTopic>>,
    /// `[entry.<code>]`
    texts: BTreeMap<Language, Spanned<RawText>>,
}

/// By hand: serde's `flatten`, which would take the languages' tables, loses the places of what is wrong.
impl<'de> Deserialize<'de> for RawEntry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;
        impl<'de> Visitor<'de> for Fields {
            type Value = RawEntry;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an entry")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<RawEntry, A::Error> {
                let (mut id, mut does, mut topic, mut texts) = (None, None, None, BTreeMap::new());
                while let Some(key) = map.next_key::<String>()? {
                    match key.as_str() {
                        "id" => id = Some(map.next_value()?),
                        "does" => does = Some(map.next_value()?),
                        "topic" => topic = Some(map.next_value()?),
                        code => match code.parse::<Language>() {
                            Ok(language) => drop(texts.insert(language, map.next_value()?)),
                            Err(_unknown) => {
                                const KNOWN: &[&str] = &["id", "does", "topic", "en", "ar", "a language's code"];
                                return Err(A::Error::unknown_field(code, KNOWN));
                            }
                        },
                    }
                }
                let id = id.ok_or_else(|| A::Error::missing_field("id"))?;
                Ok(RawEntry { id, does, topic, texts })
            }
        }
        deserializer.deserialize_map(Fields)
    }
}

#[derive(Deserialize, PartialEq)]
#[serde(rename_all = "snake_case")]
enum Does {
    EndsVisit,
    Forgets,
}

#[derive(Deserialize)]
struct RawTopic {
    /// Its place in the row of chips, from 1.
    order: u32,
    icon: String,
    /// By language. Another key is no language, which is an error.
    #[serde(flatten)]
    label: ByLanguage<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawText {
    question: Option<Spanned<String>>,
    #[serde(default)]
    phrasings: Vec<Spanned<String>>,
    answer: Option<Spanned<String>>,
}

//! From `kiosk.toml` and `--set` to a [`Config`], or to every problem at once.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use toml::de::{DeTable, DeValue};

use super::{
    Config, ConfigErrors,
    problem::{Origin, Problem},
    schedule::{self, ScheduleProblem},
    section::{Section, Sections, Visitor, join},
    setting::{Limit, Setting, describe},
};
use crate::event::Language;

/// The file that is taken when none is named, if it is in the current folder.
pub(super) const DEFAULT_FILE: &str = "kiosk.toml";

impl Config {
    /// The configuration in `path` (none: `kiosk.toml` in the current folder if it is there, else the defaults), changed
    /// by `overrides`, each `section.key=value` with a value in TOML or a bare word.
    ///
    /// Relative paths are taken from the file's folder, in overrides from the current one.
    ///
    /// # Errors
    /// With every problem of the file and the overrides.
    pub fn load(path: Option<&Path>, overrides: &[String]) -> Result<Self, ConfigErrors> {
        let default_file = Path::new(DEFAULT_FILE);
        let path = path.or_else(|| default_file.is_file().then_some(default_file));
        let Some(path) = path else { return Self::parse("", default_file, overrides) };
        let problem = |line, found: String, allowed: &str| Problem {
            origin: Origin::File { path: path.to_owned(), line },
            key: None,
            found,
            allowed: allowed.to_owned(),
        };
        let bytes = std::fs::read(path).map_err(|error| {
            let allowed = "a file such as the kiosk.toml that comes with the program";
            Self::without_file(path, overrides, problem(None, format!("no readable file: {error}"), allowed))
        })?;
        let text = std::str::from_utf8(&bytes).map_err(|error| {
            let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
            let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
            let problem = problem(Some(line), "bytes that are no UTF-8".to_owned(), "UTF-8 text");
            Self::without_file(path, overrides, problem)
        })?;
        Self::parse(text, path, overrides)
    }

    /// What is left where nothing of the file `path` can be read.
    fn without_file(path: &Path, overrides: &[String], problem: Problem) -> ConfigErrors {
        match Self::parse("", path, overrides) {
            Ok(rest) => ConfigErrors::new(vec![problem], rest),
            Err(more) => {
                let problems = std::iter::once(problem).chain(more.problems().iter().cloned()).collect();
                ConfigErrors::new(problems, more.rest().clone())
            }
        }
    }

    /// The configuration in `text`, which is that of the file `path`; `overrides` as in [`Self::load`].
    ///
    /// # Errors
    /// With every problem of the text and the overrides.
    pub fn parse(text: &str, path: &Path, overrides: &[String]) -> Result<Self, ConfigErrors> {
        let mut config = Self::default();
        let known = known_keys();
        let mut problems = Vec::new();

        let lines = Lines { path, text };
        let (root, syntax_errors) = DeTable::parse_recoverable(text);
        problems.extend(syntax_errors.iter().map(|error| lines.syntax_problem(error)));
        let mut given = Given { values: BTreeMap::new(), lists: BTreeMap::new() };
        collect(root.get_ref(), "", &lines, &known, &mut given, &mut problems);
        config.visit("", &mut Setter { given: &given, problems: &mut problems });
        let folder = path.parent().unwrap_or(Path::new(""));
        config.visit("", &mut Rebase { folder });

        let mut origins: BTreeMap<String, Origin> =
            given.values.into_iter().map(|(key, (_, origin))| (key, origin)).collect();
        for text in overrides {
            match override_with(&mut config, text, &known) {
                Ok(key) => drop(origins.insert(key, Origin::Override)),
                Err(problem) => problems.push(problem),
            }
        }
        // A value that was refused already must not cause a second complaint.
        let refused: Vec<String> = problems.iter().filter_map(|problem| problem.key.clone()).collect();
        problems.extend(check_silences(&config, &origins, path, &refused));
        problems.extend(schedule::problems(&config.appointments).into_iter().filter_map(|problem| {
            let ScheduleProblem { key, found, allowed } = problem;
            let origin = origins.get(&key).cloned();
            let origin = origin.unwrap_or(Origin::File { path: PathBuf::from(path), line: None });
            (!refused.contains(&key)).then_some(Problem { origin, key: Some(key), found, allowed })
        }));
        if problems.is_empty() { Ok(config) } else { Err(ConfigErrors::new(problems, config)) }
    }
}

/// Byte offsets of a text as lines.
struct Lines<'t> {
    path: &'t Path,
    text: &'t str,
}

impl Lines<'_> {
    /// The place of a byte offset.
    fn origin(&self, offset: usize) -> Origin {
        let before = self.text.as_bytes().get(..offset).unwrap_or(self.text.as_bytes());
        let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
        Origin::File { path: self.path.to_owned(), line: Some(line) }
    }

    fn syntax_problem(&self, error: &toml::de::Error) -> Problem {
        Problem {
            origin: self.origin(error.span().map_or(0, |span| span.start)),
            key: None,
            found: error.message().replace('\n', ", "),
            allowed: "TOML: [section] lines and key = value lines, text in quotes, each key once".to_owned(),
        }
    }
}

/// What the file gives, by key.
struct Given<'t> {
    values: BTreeMap<String, (DeValue<'t>, Origin)>,
    /// The lines on which the tables of each list begin.
    lists: BTreeMap<String, Vec<Origin>>,
}

/// Sorts what stands in `table` into known keys with their values, and problems.
fn collect<'t>(
    table: &DeTable<'t>,
    section: &str,
    lines: &Lines<'_>,
    known: &[String],
    given: &mut Given<'t>,
    problems: &mut Vec<Problem>,
) {
    for (name, value) in table {
        let key = join(section, name.get_ref());
        let origin = lines.origin(name.span().start);
        let kind = canonical(&key);
        let is_list = has_key_below(known, &join(&kind, "0"));
        let is_section = !is_list && has_key_below(known, &kind);
        match value.get_ref() {
            DeValue::Array(items) if is_list => {
                for (index, item) in items.iter().enumerate() {
                    let (origin, item_key) = (lines.origin(item.span().start), join(&key, &index.to_string()));
                    match item.get_ref() {
                        DeValue::Table(table) => {
                            given.lists.entry(key.clone()).or_default().push(origin);
                            collect(table, &item_key, lines, known, given, problems);
                        }
                        other => problems.push(no_table(origin, item_key, other, &key)),
                    }
                }
            }
            other if is_list => problems.push(no_table(origin, key.clone(), other, &key)),
            DeValue::Table(table) if is_section => collect(table, &key, lines, known, given, problems),
            other if is_section => problems.push(Problem {
                origin,
                found: describe(other),
                allowed: format!("a section: [{key}] and its keys on the lines after it"),
                key: Some(key),
            }),
            _ if !known.contains(&kind) => problems.push(unknown_key(origin, key, known)),
            other => drop(given.values.insert(key, (other.clone(), origin))),
        }
    }
}

/// The key with the number of each list's table replaced by 0, as the known keys have it.
fn canonical(key: &str) -> String {
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let parts: Vec<&str> = key.split('.').map(|part| if is_number(part) { "0" } else { part }).collect();
    parts.join(".")
}

fn has_key_below(known: &[String], section: &str) -> bool {
    known.iter().any(|known| known.strip_prefix(section).is_some_and(|rest| rest.starts_with('.')))
}

fn no_table(origin: Origin, key: String, found: &DeValue<'_>, list: &str) -> Problem {
    let allowed = format!("a table for each: [[{list}]] and its keys on the lines after it");
    Problem { origin, key: Some(key), found: describe(found), allowed }
}

fn unknown_key(origin: Origin, key: String, known: &[String]) -> Problem {
    let kind = canonical(&key);
    let section = kind.rsplit_once('.').map_or("", |(section, _)| section);
    let allowed = match nearest(&kind, known) {
        Some(near) => format!("the keys in kiosk.toml; did you mean {near}?"),
        None => {
            let siblings: Vec<&str> = known.iter().filter_map(|k| k.strip_prefix(section)?.strip_prefix('.')).collect();
            match siblings.as_slice() {
                [] => "the sections and keys in kiosk.toml".to_owned(),
                siblings => format!("in [{section}]: {}", siblings.join(", ")),
            }
        }
    };
    Problem { origin, key: Some(key), found: "a key that does not exist".to_owned(), allowed }
}

/// The known key that was probably meant: the same name in another section, or one a few letters away.
fn nearest<'k>(key: &str, known: &'k [String]) -> Option<&'k str> {
    let name = |key: &str| key.rsplit('.').next().unwrap_or_default().to_owned();
    let distance = |candidate: &String| {
        if name(candidate) == name(key) { 1 } else { edit_distance(key, candidate) }
    };
    let (near, distance) = known.iter().map(|k| (k, distance(k))).min_by_key(|(_, distance)| *distance)?;
    (distance <= 2.max(name(key).len() / 3)).then_some(near)
}

/// Levenshtein's distance, in characters.
fn edit_distance(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.chars().count()).collect();
    for (index, a) in one.chars().enumerate() {
        let mut diagonal = index;
        let mut left = index + 1;
        for (b, above) in other.chars().zip(row.iter_mut().skip(1)) {
            let cost = (diagonal + usize::from(a != b)).min(left + 1).min(*above + 1);
            diagonal = std::mem::replace(above, cost);
            left = cost;
        }
        if let Some(first) = row.first_mut() {
            *first = index + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

/// Every key, `section.key`, in the order of the file.
fn known_keys() -> Vec<String> {
    struct Names(Vec<String>);
    impl Visitor for Names {
        fn section(&mut self, _: &str, _: &str) {}
        fn key(&mut self, path: &str, _: &str, _: &Limit, _: &mut dyn Setting) {
            self.0.push(path.to_owned());
        }
        fn list(&mut self, path: &str, _: &str, items: &mut dyn Sections) {
            items.example().visit(&join(path, "0"), self);
        }
    }
    let mut names = Names(Vec::new());
    Config::default().visit("", &mut names);
    names.0
}

/// Puts what the file gives into the settings.
struct Setter<'s, 't> {
    given: &'s Given<'t>,
    problems: &'s mut Vec<Problem>,
}

impl Visitor for Setter<'_, '_> {
    fn section(&mut self, _: &str, _: &str) {}

    fn list(&mut self, path: &str, _: &str, items: &mut dyn Sections) {
        let wanted = self.given.lists.get(path).map_or(0, Vec::len);
        while items.count() < wanted {
            items.push();
        }
    }

    fn key(&mut self, path: &str, _: &str, limit: &Limit, setting: &mut dyn Setting) {
        let Some((value, origin)) = self.given.values.get(path) else {
            self.require(path, limit, setting);
            return;
        };
        if setting.set(value, limit).is_err() {
            self.problems.push(Problem {
                origin: origin.clone(),
                key: Some(path.to_owned()),
                found: limit.describe(value),
                allowed: setting.allowed(limit),
            });
        }
    }
}

impl Setter<'_, '_> {
    /// A table of a list has no default for what must not be empty.
    fn require(&mut self, path: &str, limit: &Limit, setting: &dyn Setting) {
        if *limit != Limit::NotEmpty || !["\"\"", "{}"].contains(&setting.to_toml().as_str()) {
            return;
        }
        let table = path.rsplit_once('.').map_or(path, |(table, _)| table);
        let origin = table
            .rsplit_once('.')
            .and_then(|(list, index)| self.given.lists.get(list)?.get(index.parse::<usize>().ok()?).cloned());
        if let Some(origin) = origin {
            let (key, found) = (Some(path.to_owned()), "nothing".to_owned());
            self.problems.push(Problem { origin, key, found, allowed: setting.allowed(limit) });
        }
    }
}

/// Takes relative paths from a folder.
struct Rebase<'s> {
    folder: &'s Path,
}

impl Visitor for Rebase<'_> {
    fn section(&mut self, _: &str, _: &str) {}

    fn key(&mut self, _: &str, _: &str, _: &Limit, setting: &mut dyn Setting) {
        if let Some(path) = setting.as_path_mut() {
            // An absolute path stays what it is.
            *path = self.folder.join(&*path);
        }
    }
}

/// Takes `section.key=value`; the key.
fn override_with(config: &mut Config, text: &str, known: &[String]) -> Result<String, Problem> {
    let problem = |key: Option<&str>, found: String, allowed: &str| Problem {
        origin: Origin::Override,
        key: key.map(str::to_owned),
        found,
        allowed: allowed.to_owned(),
    };
    let Some((key, value)) = text.split_once('=') else {
        return Err(problem(Some(text.trim()), "no value".to_owned(), "section.key=value"));
    };
    let (key, value) = (key.trim(), value.trim());
    // `stand.name.en=…` is the text of one language.
    let of_language = || {
        let (parent, code) = key.rsplit_once('.')?;
        let language = code.parse::<Language>().ok().filter(|_| known.contains(&canonical(parent)))?;
        let text = toml::from_str::<BTreeMap<String, String>>(&format!("v = {value}")).ok();
        let text = text.and_then(|mut given| given.remove("v")).unwrap_or_else(|| value.to_owned());
        Some((parent, format!("{{ {language} = {} }}", toml::Value::String(text))))
    };
    let (key, value) = match of_language() {
        _ if known.contains(&canonical(key)) => (key, value.to_owned()),
        Some(of_language) => of_language,
        None => return Err(unknown_key(Origin::Override, key.to_owned(), known)),
    };
    let value = value.as_str();
    let bare = DeValue::String(value.into());
    let parsed = DeValue::parse(value).map_or_else(|_not_toml| bare.clone(), toml::Spanned::into_inner);
    let mut assign = Assign { key, parsed: &parsed, bare: &bare, is_found: false, refused: None };
    config.visit("", &mut assign);
    match assign.refused {
        Some((found, allowed)) => Err(problem(Some(key), found, &allowed)),
        None if assign.is_found => Ok(key.to_owned()),
        None => {
            Err(problem(Some(key), "a table that the file does not have".to_owned(), "the tables of the file, from 0"))
        }
    }
}

/// Sets one key: to the value as TOML, else to the value as text, so that `model=3` names a model "3".
struct Assign<'s, 't> {
    key: &'s str,
    parsed: &'s DeValue<'t>,
    bare: &'s DeValue<'t>,
    is_found: bool,
    refused: Option<(String, String)>,
}

impl Visitor for Assign<'_, '_> {
    fn section(&mut self, _: &str, _: &str) {}

    fn key(&mut self, path: &str, _: &str, limit: &Limit, setting: &mut dyn Setting) {
        if path != self.key {
            return;
        }
        self.is_found = true;
        if setting.set(self.parsed, limit).is_err() && setting.set(self.bare, limit).is_err() {
            self.refused = Some((limit.describe(self.parsed), setting.allowed(limit)));
        }
    }
}

/// The silences that end a turn make sense only in their order; those of the `refused` keys are not known.
fn check_silences(
    config: &Config,
    origins: &BTreeMap<String, Origin>,
    path: &Path,
    refused: &[String],
) -> Vec<Problem> {
    let turn = &config.turn;
    let silences = [
        ("turn.transcribe_after_ms", turn.transcribe_after_ms),
        ("turn.min_silence_ms", turn.min_silence_ms),
        ("turn.unsure_silence_ms", turn.unsure_silence_ms),
        ("turn.max_silence_ms", turn.max_silence_ms),
    ];
    let known: Vec<_> = silences.iter().filter(|(key, _)| !refused.iter().any(|refused| refused == key)).collect();
    let pairs = known.iter().zip(known.iter().skip(1));
    pairs
        .filter(|((_, shorter), (_, longer))| shorter > longer)
        .map(|((shorter_key, shorter), (key, longer))| {
            // Whoever changed only the shorter one finds that line.
            let origin = origins.get(*key).or_else(|| origins.get(*shorter_key)).cloned();
            Problem {
                origin: origin.unwrap_or(Origin::File { path: PathBuf::from(path), line: None }),
                key: Some((*key).to_owned()),
                found: longer.to_string(),
                allowed: format!("at least {shorter_key}, which is {shorter}"),
            }
        })
        .collect()
}

#[cfg(test)]
#[path = "load_tests.rs"]
mod tests;

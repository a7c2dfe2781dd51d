//! Who speaks: the files of `assets/personas`. What may stand in them is told in docs/personas.md.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use serde::Deserialize;

use crate::{
    event::{Language, PersonaId, PersonaVoice},
    tools::ToolPrefix,
};

/// The personas cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PersonaError {
    /// The folder or a file cannot be read.
    #[error("cannot read {path}: {source}; `paths.assets` must name the folder that holds `personas/`")]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file is not what it should be.
    #[error("{path}: {message}")]
    Malformed {
        /// Which.
        path: PathBuf,
        /// What was found and what is allowed.
        message: String,
    },
    /// `personas.first` names nobody.
    #[error("personas.first is \"{first}\", but assets/personas/ holds only: {known}")]
    NoFirst {
        /// What stands there.
        first: String,
        /// Those that exist.
        known: String,
    },
}

/// A text in each language of the program.
type Texts = BTreeMap<Language, String>;

/// Somebody who speaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Persona {
    /// Its name in tools and events: that of its file.
    pub id: PersonaId,
    name: Texts,
    /// Its voice; `None`: the configured one.
    pub voice: Option<Arc<PersonaVoice>>,
    tone: Texts,
    instructions: Texts,
    /// The tools it may use.
    pub tools: Arc<[ToolPrefix]>,
    /// To whom it passes a visitor, and when.
    pub passes_to: Vec<Pass>,
}

/// When a visitor is passed to somebody else.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pass {
    /// To whom.
    pub persona: PersonaId,
    /// When, for the model.
    pub when: String,
}

impl Persona {
    /// How it is called.
    #[must_use]
    pub fn name(&self, language: Language) -> &str {
        text(&self.name, language)
    }

    /// How it speaks, for the model.
    #[must_use]
    pub fn tone(&self, language: Language) -> &str {
        text(&self.tone, language)
    }

    /// What it does, for the model.
    #[must_use]
    pub fn instructions(&self, language: Language) -> &str {
        text(&self.instructions, language)
    }

    /// The receptionist of a test or of a kiosk without files: no tone, no instructions, all tools.
    #[must_use]
    pub fn plain(id: &str) -> Self {
        Self {
            id: PersonaId(id.to_owned()),
            name: BTreeMap::new(),
            voice: None,
            tone: BTreeMap::new(),
            instructions: BTreeMap::new(),
            tools: Arc::new([ToolPrefix("*".to_owned())]),
            passes_to: Vec::new(),
        }
    }
}

fn text(texts: &Texts, language: Language) -> &str {
    texts.get(&language).map_or("", String::as_str)
}

/// Everybody who may speak. Never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Personas {
    all: Vec<Arc<Persona>>,
    first: Arc<Persona>,
}

impl Personas {
    /// Reads `<assets>/personas/*.toml`; a visit begins with `first`.
    ///
    /// # Errors
    /// A file that cannot be read or is not a persona, one that passes on to nobody, a `first` that is not there.
    pub fn load(assets: &Path, first: &str) -> Result<Self, PersonaError> {
        let folder = assets.join("personas");
        let unreadable = |path: &Path| {
            let path = path.to_owned();
            move |source| PersonaError::Unreadable { path, source }
        };
        let mut files = Vec::new();
        for file in std::fs::read_dir(&folder).map_err(unreadable(&folder))? {
            let path = file.map_err(unreadable(&folder))?.path();
            if path.extension().is_some_and(|extension| extension == "toml") {
                files.push(path);
            }
        }
        files.sort();
        let mut all = Vec::new();
        for path in &files {
            let text = std::fs::read_to_string(path).map_err(unreadable(path))?;
            all.push(Arc::new(read(path, &text)?));
        }
        for (persona, path) in all.iter().zip(&files) {
            let is_known = |id: &PersonaId| all.iter().any(|other| other.id == *id);
            if let Some(pass) = persona.passes_to.iter().find(|pass| !is_known(&pass.persona)) {
                let message = format!(
                    "passes_to names \"{}\"; there is only: {}",
                    pass.persona,
                    names(all.iter().filter(|other| other.id != persona.id))
                );
                return Err(PersonaError::Malformed { path: path.clone(), message });
            }
        }
        let Some(first) = all.iter().find(|persona| persona.id.0 == first).cloned() else {
            return Err(PersonaError::NoFirst { first: first.to_owned(), known: names(all.iter()) });
        };
        Ok(Self { all, first })
    }

    /// Takes away espeak-ng's voices that are not there: such a persona speaks with the configured voice. Gives them.
    pub fn keep_voices(&mut self, has_voice: impl Fn(&str) -> bool) -> Vec<String> {
        let mut missing = Vec::new();
        for persona in &mut self.all {
            let Some(voice) = &persona.voice else { continue };
            if voice.embedded.iter().all(|(_, name)| has_voice(name)) {
                continue;
            }
            let mut voice = PersonaVoice::clone(voice);
            missing.extend(voice.embedded.extract_if(.., |(_, name)| !has_voice(name)).map(|(_, name)| name));
            let known = Persona { voice: Some(Arc::new(voice)), ..Persona::clone(persona) };
            *persona = Arc::new(known);
        }
        if let Some(first) = self.get(&self.first.id).cloned() {
            self.first = first;
        }
        missing
    }

    /// One who is everybody.
    #[must_use]
    pub fn only(persona: Persona) -> Self {
        let first = Arc::new(persona);
        Self { all: vec![first.clone()], first }
    }

    /// Who speaks first in a visit.
    #[must_use]
    pub fn first(&self) -> &Arc<Persona> {
        &self.first
    }

    /// Whoever is called `id`.
    #[must_use]
    pub fn get(&self, id: &PersonaId) -> Option<&Arc<Persona>> {
        self.all.iter().find(|persona| persona.id == *id)
    }

    /// Everybody.
    pub fn all(&self) -> impl Iterator<Item = &Arc<Persona>> {
        self.all.iter()
    }
}

fn names<'a>(personas: impl Iterator<Item = &'a Arc<Persona>>) -> String {
    personas.map(|persona| persona.id.0.as_str()).collect::<Vec<_>>().join(", ")
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPersona {
    tools: Vec<String>,
    name: BTreeMap<Language, String>,
    #[serde(default)]
    voice: RawVoice,
    #[serde(default)]
    tone: BTreeMap<Language, String>,
    instructions: BTreeMap<Language, String>,
    #[serde(default)]
    passes_to: Vec<Pass>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct RawVoice {
    #[serde(default)]
    rate_percent: u32,
    #[serde(default)]
    service: BTreeMap<Language, String>,
    #[serde(default)]
    embedded: BTreeMap<Language, String>,
}

/// How fast a persona may speak, percent of the configured pace.
const RATES: std::ops::RangeInclusive<u32> = 50..=200;

fn read(path: &Path, text: &str) -> Result<Persona, PersonaError> {
    let malformed = |message: String| PersonaError::Malformed { path: path.to_owned(), message };
    let raw: RawPersona = toml::from_str(text).map_err(|error| malformed(error.to_string()))?;
    let id = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    if id.is_empty() || !id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_') {
        return Err(malformed(format!("the file's name \"{id}\" names the persona: only a–z, 0–9 and _ are allowed")));
    }
    for (key, texts) in [("name", &raw.name), ("instructions", &raw.instructions)] {
        let lacks = |language: &Language| texts.get(language).is_none_or(|text| text.trim().is_empty());
        if let Some(language) = Language::SHIPPED.into_iter().find(lacks) {
            return Err(malformed(format!("[{key}] lacks a text for \"{language}\"; every language needs one")));
        }
    }
    if raw.tools.iter().any(|tool| tool.is_empty() || tool.trim_end_matches('*').contains('*')) {
        return Err(malformed("tools: a tool's name, or its beginning with one * at the end".to_owned()));
    }
    let rate_percent = raw.voice.rate_percent;
    if rate_percent != 0 && !RATES.contains(&rate_percent) {
        return Err(malformed(format!(
            "voice.rate_percent is {rate_percent}; allowed: {} to {}",
            RATES.start(),
            RATES.end()
        )));
    }
    let voice = PersonaVoice {
        service: raw.voice.service.into_iter().collect(),
        embedded: raw.voice.embedded.into_iter().collect(),
        rate_percent: if rate_percent == 100 { 0 } else { rate_percent },
    };
    Ok(Persona {
        id: PersonaId(id.to_owned()),
        name: raw.name,
        voice: (voice != PersonaVoice::default()).then(|| Arc::new(voice)),
        tone: raw.tone,
        instructions: raw.instructions,
        tools: raw.tools.into_iter().map(ToolPrefix).collect(),
        passes_to: raw.passes_to,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_personas_speak_every_language_and_pass_visitors_to_each_other() {
        let personas = Personas::load(Path::new("assets"), "reception").unwrap();
        let ids: Vec<&str> = personas.all().map(|persona| persona.id.0.as_str()).collect();
        assert_eq!(ids, ["complaints", "reception", "sales"]);
        assert_eq!(personas.first().id.0, "reception");
        assert_eq!(personas.first().voice, None, "the configured voice is the reception's");
        let sales = personas.get(&PersonaId("sales".into())).unwrap();
        assert_eq!(sales.name(Language::ARABIC), "المبيعات");
        assert!(sales.voice.as_ref().unwrap().embedded(Language::ARABIC).is_some());
        assert!(personas.all().all(|persona| !persona.passes_to.is_empty()));
    }

    fn problem(name: &str, text: &str) -> String {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("personas")).unwrap();
        std::fs::write(folder.path().join("personas").join(name), text).unwrap();
        Personas::load(folder.path(), "a").unwrap_err().to_string()
    }

    #[test]
    fn what_is_wrong_with_a_file_is_said_with_what_is_allowed() {
        let good = "tools = [\"*\"]\n[name]\nen = \"A\"\nar = \"أ\"\n[instructions]\nen = \"Be.\"\nar = \"كن.\"\n";
        let error = problem("a.toml", "tools = []\n[name]\nen = \"A\"\n[instructions]\nen = \"B\"\nar = \"ب\"\n");
        assert!(error.contains("a.toml") && error.contains("[name] lacks a text for \"ar\""), "{error}");
        let error = problem("a.toml", &format!("{good}[[passes_to]]\npersona = \"b\"\nwhen = \"never\"\n"));
        assert!(error.contains("passes_to names \"b\""), "{error}");
        let error = problem("b.toml", good);
        assert!(error.contains("personas.first is \"a\"") && error.ends_with("only: b"), "{error}");
        let error = problem("a.toml", &format!("{good}[voice]\nrate_percent = 20\n"));
        assert!(error.contains("20; allowed: 50 to 200"), "{error}");
        let error = problem("a.toml", &format!("{good}mood = 1\n"));
        assert!(error.contains("mood"), "{error}");
        let error = problem("A b.toml", good);
        assert!(error.contains("A b"), "{error}");
    }
}

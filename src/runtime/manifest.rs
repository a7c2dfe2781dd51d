//! `models/manifest.toml`: each model with its sum, terms, inputs and origin.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use serde::Deserialize;

/// The version of the manifest's format that this program reads.
const VERSION: u32 = 1;

/// All models that may be loaded.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    version: u32,
    #[serde(rename = "model")]
    models: Vec<Model>,
}

/// One model, or a file that belongs to one.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// What the program calls it.
    pub name: String,
    /// What it does.
    pub task: Task,
    /// Its file name in the folder of models.
    pub file: String,
    /// Its size, bytes. Nothing longer is downloaded or unpacked.
    pub bytes: u64,
    /// SHA-256 of the file, 64 lower-case hexadecimal digits.
    pub sha256: String,
    /// SPDX identifier, or words where there is none.
    pub licence: String,
    /// Whether the licence allows commercial use.
    pub commercial_use: bool,
    /// What cannot be done without it.
    pub required_for: RequiredFor,
    /// The network's inputs; empty where the file is no network.
    pub inputs: Vec<Input>,
    /// What is done to samples or pixels before they go in, for people.
    pub normalisation: String,
    /// What is done to pixels before they go in; where the network takes pictures.
    pub pixels: Option<Pixels>,
    /// How a detector's outputs become faces.
    pub decoder: Option<Decoder>,
    /// How many numbers a recogniser makes of a face.
    pub dimensions: Option<usize>,
    /// How many times larger than the face's box the part of the picture is that a liveness network sees.
    pub enlarge: Option<f32>,
    /// Which of a liveness network's classes is a person.
    pub person_class: Option<usize>,
    /// Published or measured starting values of decision thresholds, by name.
    pub thresholds: BTreeMap<String, f32>,
    /// Where it comes from.
    pub source: Source,
}

/// What a model does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Task {
    /// Probability of speech, by window.
    VoiceActivity,
    /// Probability that a speaker has finished.
    EndOfTurn,
    /// Short vowels for bare Arabic text.
    ArabicVowels,
    /// Boxes and landmarks of faces.
    FaceDetection,
    /// A face as a vector.
    FaceRecognition,
    /// Person against photo or screen.
    FaceLiveness,
}

/// How 8-bit pixels become a network's numbers: `(value - mean) / scale`, channel by channel in the network's order.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pixels {
    /// The order of the channels.
    pub order: ChannelOrder,
    /// Subtracted, 0..255.
    pub mean: [f32; 3],
    /// Divided by; not 0.
    pub scale: [f32; 3],
}

/// The order in which a network wants the channels of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ChannelOrder {
    /// Red, green, blue.
    Rgb,
    /// Blue, green, red: OpenCV's.
    Bgr,
}

/// How a detector's outputs become faces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Decoder {
    /// YuNet: class, objectness, box and landmarks for each cell of three strides.
    Yunet,
    /// SCRFD: score, box and landmarks for two anchors in each cell of three strides.
    Scrfd,
}

/// What cannot be done without a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RequiredFor {
    /// A conversation.
    Voice,
    /// Seeing visitors.
    Vision,
    /// Comparisons only; never fetched unasked.
    Research,
}

/// A tensor that a network takes.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// The tensor's name.
    pub name: String,
    /// Its dimensions; −1: any.
    pub shape: Vec<i64>,
}

/// Where a model comes from; a file in the folder of models always comes first.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// The Python wheel that ships it.
    pub wheel: Option<WheelSource>,
    /// Its path in `../shared/models`, where that is not its file name.
    pub shared: Option<PathBuf>,
    /// Its address.
    pub url: Option<UrlSource>,
}

/// A file inside a pinned Python wheel.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WheelSource {
    /// The package.
    pub package: String,
    /// Its exact version.
    pub version: String,
    /// The file inside.
    pub path: String,
}

/// A file on the network, or a member of a zip archive there.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UrlSource {
    /// The address.
    pub href: String,
    /// The member, where the address is that of an archive.
    pub member: Option<String>,
    /// The archive's size, bytes; nothing longer is downloaded.
    pub bytes: Option<u64>,
}

/// Why the manifest cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// It cannot be read.
    #[error("{}: cannot be read: {source}; `paths.models` must name the folder that holds it", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is no TOML, or a key is missing, unknown or of the wrong type.
    #[error("{}: {message}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Line, key and what is wrong.
        message: String,
    },
    /// A value is not allowed.
    #[error("{}: {model}: {problem}", path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// The model.
        model: String,
        /// What was found and what is allowed.
        problem: String,
    },
}

impl Manifest {
    /// Reads `path`.
    ///
    /// # Errors
    /// When it cannot be read, is malformed, or a value is not allowed.
    pub fn read(path: &Path) -> Result<Self, ManifestError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| ManifestError::Unreadable { path: path.to_owned(), source })?;
        Self::parse(&text, path)
    }

    /// The manifest in `text`; `path` is only named in errors.
    ///
    /// # Errors
    /// When it is malformed, or a value is not allowed.
    pub fn parse(text: &str, path: &Path) -> Result<Self, ManifestError> {
        let manifest: Self = toml::from_str(text)
            .map_err(|error| ManifestError::Malformed { path: path.to_owned(), message: error.to_string() })?;
        let invalid = |model: &str, problem: String| {
            Err(ManifestError::Invalid { path: path.to_owned(), model: model.to_owned(), problem })
        };
        if manifest.version != VERSION {
            return invalid("version", format!("found {}; allowed {VERSION}", manifest.version));
        }
        let mut names = BTreeSet::new();
        for model in &manifest.models {
            if let Some(problem) = model.problem() {
                return invalid(&model.name, problem);
            }
            if !names.insert(&model.name) {
                return invalid(&model.name, "stands there twice; allowed once".to_owned());
            }
        }
        Ok(manifest)
    }

    /// The models, in the order of the file.
    pub fn models(&self) -> impl Iterator<Item = &Model> {
        self.models.iter()
    }

    /// The model of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Model> {
        self.models.iter().find(|model| model.name == name)
    }
}

impl Model {
    fn problem(&self) -> Option<String> {
        let Self { file, sha256, source, .. } = self;
        if file.is_empty() || file.starts_with('.') || file.contains(['/', '\\']) {
            return Some(format!("file: found \"{file}\"; allowed a file name without folders"));
        }
        if sha256.len() != 64 || !sha256.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f')) {
            return Some(format!("sha256: found \"{sha256}\"; allowed 64 lower-case hexadecimal digits"));
        }
        if *source == Source::default() {
            return Some("source: found none; allowed wheel, shared, url".to_owned());
        }
        if self.pixels.is_some_and(|pixels| pixels.scale.contains(&0.0)) {
            return Some("pixels.scale: found 0; allowed any other number".to_owned());
        }
        if let Some(url) = source.url.as_ref().filter(|url| url::Url::parse(&url.href).is_err()) {
            return Some(format!("source.url.href: found \"{}\"; allowed an address", url.href));
        }
        None
    }
}

impl std::fmt::Display for RequiredFor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::Voice => "voice",
            Self::Vision => "vision",
            Self::Research => "research",
        })
    }
}

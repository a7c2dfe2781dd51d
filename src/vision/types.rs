//! What is found in a picture.

use image::RgbImage;
use serde::Serialize;

use crate::{
    camera::Frame,
    event::{KnownVisitor, VisitorId},
};

/// A rectangle in pixels of the picture, from its upper left corner. It may reach over the picture's edges.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Bounds {
    /// Its left edge.
    pub x: f32,
    /// Its upper edge.
    pub y: f32,
    /// Its width.
    pub width: f32,
    /// Its height.
    pub height: f32,
}

impl Bounds {
    /// Its middle.
    #[must_use]
    pub fn centre(&self) -> [f32; 2] {
        [self.x + self.width / 2.0, self.y + self.height / 2.0]
    }

    /// Intersection over union, 0..1.
    #[must_use]
    pub fn overlap(&self, other: &Self) -> f32 {
        let width = (self.x + self.width).min(other.x + other.width) - self.x.max(other.x);
        let height = (self.y + self.height).min(other.y + other.height) - self.y.max(other.y);
        let shared = width.max(0.0) * height.max(0.0);
        let all = self.width * self.height + other.width * other.height - shared;
        if all > 0.0 { shared / all } else { 0.0 }
    }
}

/// A face as the detector finds it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Face {
    /// Where it is.
    pub bounds: Bounds,
    /// How sure the detector is, 0..1.
    pub score: f32,
    /// Right eye, left eye, nose, right and left corner of the mouth (the person's own right), pixels: x, y.
    pub landmarks: [[f32; 2]; 5],
}

/// A face as numbers: L2-normalised, so that the dot product of two is their cosine similarity.
#[derive(Clone, PartialEq)]
pub struct Embedding(Vec<f32>);

impl Embedding {
    /// `None` if it has no length, or numbers that are none.
    #[must_use]
    pub fn normalised(mut values: Vec<f32>) -> Option<Self> {
        let length = values.iter().map(|value| value * value).sum::<f32>().sqrt();
        if !length.is_finite() || length <= f32::EPSILON {
            return None;
        }
        for value in &mut values {
            *value /= length;
        }
        Some(Self(values))
    }

    /// Its numbers.
    #[must_use]
    pub fn values(&self) -> &[f32] {
        &self.0
    }

    /// Cosine similarity, −1..1; 0 for embeddings of different lengths, which come from different recognisers.
    #[must_use]
    pub fn similarity(&self, other: &Self) -> f32 {
        if self.0.len() != other.0.len() {
            return 0.0;
        }
        self.0.iter().zip(&other.0).map(|(a, b)| a * b).sum()
    }
}

/// Biometric: only its length is shown.
impl std::fmt::Debug for Embedding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Embedding({} numbers)", self.0.len())
    }
}

/// Why a face is not good enough to be recognised or enrolled. The codes are stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum QualityReason {
    /// Too few pixels, or too unsure.
    TooSmall,
    /// Fills too much of the picture.
    TooNear,
    /// Too little light.
    TooDark,
    /// Too much light.
    TooBright,
    /// Out of focus or moving.
    Blurred,
    /// Not frontal enough.
    TurnedAway,
    /// More than one face.
    SeveralFaces,
    /// Something covers the eyes.
    EyesCovered,
}

impl QualityReason {
    /// The key of its sentence in the translation files.
    #[must_use]
    pub fn words_key(self) -> &'static str {
        match self {
            Self::TooSmall => "face.far",
            Self::TooNear => "face.near",
            Self::TooDark => "face.dark",
            Self::TooBright => "face.bright",
            Self::Blurred => "face.blur",
            Self::TurnedAway => "face.away",
            Self::SeveralFaces => "face.many",
            Self::EyesCovered => "face.covered",
        }
    }
}

/// What was measured of a face.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct QualityMeasures {
    /// The shorter side of the face, pixels.
    pub face_px: f32,
    /// Mean luminance of the aligned face, 0..1.
    pub brightness: f32,
    /// Sharpness of the aligned face, 0 (blurred) to 1 (sharp).
    pub sharpness: f32,
    /// Turned to the side, degrees; positive: towards the person's own left.
    pub yaw_deg: f32,
    /// Nodding, degrees; positive: upwards.
    pub pitch_deg: f32,
    /// Tilted in the plane of the picture, degrees; positive: clockwise as seen in the picture.
    pub roll_deg: f32,
}

/// Whether a face is good enough.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Quality {
    /// What was measured.
    pub measures: QualityMeasures,
    /// What is wrong, the most important first; empty: good enough.
    pub reasons: Vec<QualityReason>,
}

impl Quality {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        self.reasons.is_empty()
    }
}

/// Whether it is a person or a picture of one. Says nothing that a door may be opened by.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Liveness {
    /// Probability of a person, 0..1.
    pub score: f32,
    /// Whether that is enough.
    pub is_live: bool,
}

/// The person on record who is most similar.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Match {
    /// Who.
    pub visitor: VisitorId,
    /// The similarity, −1..1.
    pub score: f32,
    /// How much more similar than the second best person; to nobody: than 0.
    pub margin: f32,
}

/// Everything that is known of a face in one picture.
#[derive(Debug, Clone)]
pub struct FaceReading {
    /// Where it is.
    pub face: Face,
    /// Whether it is good enough.
    pub quality: Quality,
    /// Whether it is a person; `None`: not checked.
    pub liveness: Option<Liveness>,
    /// The face as numbers.
    pub embedding: Embedding,
    /// The aligned face, 112 × 112 RGB.
    pub crop: RgbImage,
}

/// A model, or a picture, that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum VisionError {
    /// The model is missing or cannot be loaded.
    #[error(transparent)]
    Onnx(#[from] crate::runtime::OnnxError),
    /// The model is not of the kind that its task needs.
    #[error(
        "model \"{model}\": {found}; {allowed}. Name another model in [vision], or put the right file in its place"
    )]
    WrongModel {
        /// Its name in the manifest.
        model: String,
        /// What was found.
        found: String,
        /// What is allowed.
        allowed: String,
    },
    /// The network failed on this picture.
    #[error("model \"{model}\" failed: {reason}")]
    Inference {
        /// Its name in the manifest.
        model: String,
        /// What ONNX Runtime says.
        reason: String,
    },
    /// The landmarks lie so that no face can be aligned.
    #[error("the face cannot be aligned: {0}")]
    Alignment(String),
}

/// Finds and reads faces: the models, or a script of them for tests. Blocks its thread for some milliseconds.
pub trait Faces: Send {
    /// All faces of a picture, the largest first.
    ///
    /// # Errors
    /// The detector failed.
    fn detect(&mut self, picture: &RgbImage) -> Result<Vec<Face>, VisionError>;

    /// Aligns, judges and embeds one of them. `faces`: how many there are in the picture.
    ///
    /// # Errors
    /// A network failed, or the landmarks are impossible.
    fn read(&mut self, picture: &RgbImage, face: &Face, faces: usize) -> Result<FaceReading, VisionError>;

    /// Whether it is a person, from this picture alone. `None`: no liveness model is configured.
    ///
    /// # Errors
    /// The network failed.
    fn liveness(&mut self, picture: &RgbImage, face: &Face) -> Result<Option<Liveness>, VisionError>;
}

/// What the eyes are used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum EyesMode {
    /// Visitors are seen, greeted and followed.
    #[default]
    Reception,
    /// Staff enrol somebody: nobody is greeted, no visit begins, and every picture is published as a [`Glimpse`].
    Enrolment,
}

/// A picture with what was read in it, for enrolment.
#[derive(Clone)]
pub struct Glimpse {
    /// The picture.
    pub frame: Frame,
    /// The largest face, fully read, liveness included; empty: there is none, or it could not be read. That there are
    /// several is a reason of its quality.
    pub faces: Vec<FaceReading>,
}

/// Who the people on record are. Must not block: it is asked between two pictures.
pub trait KnownPeople: Send + Sync {
    /// The person, as long as they may be greeted by name.
    fn known(&self, visitor: VisitorId) -> Option<KnownVisitor>;

    /// Whether recognition is not paused by staff.
    fn is_recognising(&self) -> bool {
        true
    }
}

/// What the conversation tells the eyes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EyesCommand {
    /// The visitor says that they are not this person: they are not recognised again in this visit.
    NotThem(VisitorId),
}

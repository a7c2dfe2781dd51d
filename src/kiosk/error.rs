//! Why a kiosk cannot start.

use crate::{
    audio::{ResampleError, VadError, WavError},
    camera::CameraError,
    cloud::ProviderError,
    conversation::PersonaError,
    event::Language,
    knowledge::KnowledgeError,
    runtime::{ManifestError, OnnxError},
    store::StoreError,
    words::WordsError,
};

/// A part without which there is no conversation is missing or broken.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The translation files.
    #[error(transparent)]
    Words(#[from] WordsError),
    /// The window's language has no files.
    #[error("stand.language is \"{found}\", which has no file in {folder}/words; allowed: {allowed}")]
    Language {
        /// What the configuration says.
        found: Language,
        /// `paths.assets`
        folder: String,
        /// The languages that have files.
        allowed: String,
    },
    /// The knowledge base.
    #[error(transparent)]
    Knowledge(#[from] KnowledgeError),
    /// The personas.
    #[error(transparent)]
    Personas(#[from] PersonaError),
    /// The model manifest.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// ONNX Runtime or a model.
    #[error(transparent)]
    Onnx(#[from] OnnxError),
    /// The voice-activity model.
    #[error(transparent)]
    Vad(#[from] VadError),
    /// A recording.
    #[error(transparent)]
    Wav(#[from] WavError),
    /// A recorded camera.
    #[error(transparent)]
    Camera(#[from] CameraError),
    /// The store's thread.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The speaker's rate is impossible.
    #[error(transparent)]
    Rate(#[from] ResampleError),
    /// The embedded voice, where nothing works without it.
    #[error(transparent)]
    Voice(#[from] ProviderError),
    /// The conversation ended although nobody asked it to.
    #[error("the conversation has ended by itself; the log says why, and it can be started again")]
    Ended,
    /// A thread cannot be started.
    #[error("a thread cannot be started: {0}; is the machine out of memory?")]
    Thread(#[from] std::io::Error),
}

//! Why a kiosk cannot start.

use crate::{
    audio::{VadError, WavError},
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
    /// The knowledge base.
    #[error(transparent)]
    Knowledge(#[from] KnowledgeError),
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
    /// The store's thread.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The microphone or speaker cannot be set up.
    #[error("sound cannot be set up: {0}")]
    Sound(String),
    /// A thread cannot be started.
    #[error("a thread cannot be started: {0}; is the machine out of memory?")]
    Thread(#[from] std::io::Error),
}

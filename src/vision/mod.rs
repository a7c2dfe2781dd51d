//! Seeing people: where a face is, whether it is good enough, alive, and whose it is; who comes and goes.
//!
//! In: pictures. Out: faces and their embeddings, presence and identity as events, the [`crate::event::Sight`]. Never
//! touches: cameras, the database, the conversation, the network.

pub mod identity;
mod mouth;
pub mod presence;
pub mod track;
mod turn;
mod types;

pub use track::{Track, Tracker};

pub use types::{
    Bounds, Embedding, EyesCommand, EyesMode, Face, FaceReading, Faces, Glimpse, KnownPeople, Liveness, Match, Quality,
    QualityMeasures, QualityReason, VisionError,
};

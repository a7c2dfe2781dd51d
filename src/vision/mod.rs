//! Seeing people: where a face is, whether it is good enough, alive, and whose it is; who comes and goes.
//!
//! In: pictures. Out: faces and their embeddings, presence and identity as events, the [`crate::event::Sight`]. Never
//! touches: cameras, the database, the conversation, the network.

mod types;

pub use types::{
    Bounds, Embedding, EyesCommand, EyesMode, Face, FaceReading, Faces, Glimpse, KnownPeople, Liveness, Match, Quality,
    QualityMeasures, QualityReason, VisionError,
};

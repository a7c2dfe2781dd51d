//! Seeing people: where a face is, whether it is good enough, alive, and whose it is; who comes and goes.
//!
//! In: pictures. Out: faces and their embeddings, presence and identity as events, the [`crate::event::Sight`]. Never
//! touches: cameras, the database, the conversation, the network.

mod align;
mod detector;
mod evaluation;
pub mod eyes;
mod gallery;
pub mod identity;
mod liveness;
mod mouth;
mod network;
pub mod picture;
mod pose;
pub mod presence;
mod quality;
mod raster;
mod reader;
mod recogniser;
mod recognition;
mod refine;
pub mod track;
mod types;

pub use evaluation::{Accuracy, Evaluation, EvaluationError, PairsError, RocPoint, Spread, Stages, evaluate};
pub use gallery::{Gallery, GalleryError};
pub use liveness::LivenessTrack;
pub use picture::PictureError;
pub use reader::FaceReader;
pub use recogniser::RecogniserInfo;
pub use recognition::recognize;
pub use track::{Track, Tracker};
pub use types::{
    Bounds, Embedding, EyesCommand, EyesMode, Face, FaceReading, Faces, Glimpse, KnownPeople, Liveness, Match, Quality,
    QualityMeasures, QualityReason, VisionError,
};

//! What the camera shows: the snapshot that the conversation and the window read, and the person it recognised.

use serde::Serialize;

use super::{Language, TrackId, VisitorId};

/// A step of somebody's coming and going.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PresenceChange {
    /// Near enough to be somebody who comes.
    Approached,
    /// Near, frontal and there for long enough: wants to talk.
    Attending,
    /// Gone.
    Left,
}

/// The face that the kiosk attends to: the nearest frontal one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SeenVisitor {
    /// Its track.
    pub track: TrackId,
    /// The middle of the face in the picture: x from its left edge, y from its upper edge, 0..1, not mirrored.
    pub centre: [f32; 2],
    /// The height of the face as a part of the picture's, 0..1.
    pub height: f32,
    /// Whether they attend; otherwise they only approach.
    pub is_attending: bool,
    /// How much the mouth has moved of late, 0 (still) to 1 (talks).
    pub mouth_motion: f32,
}

/// What the camera shows now. Replaced as a whole with every picture that was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Sight {
    /// Whether a camera delivers pictures that show something. If not, whoever speaks counts.
    pub is_seeing: bool,
    /// How many people are near.
    pub people_near: u32,
    /// Whom the kiosk attends to.
    pub visitor: Option<SeenVisitor>,
}

/// Somebody who agreed to be known, recognised by their face. Personal: `Debug` does not show the name.
#[derive(Clone, PartialEq, Eq)]
pub struct KnownVisitor {
    /// Who.
    pub id: VisitorId,
    /// How they want to be called.
    pub name: String,
    /// The language they asked to be spoken to in.
    pub language: Language,
    /// When they agreed to be recognised.
    pub agreed_at: jiff::Timestamp,
}

impl std::fmt::Debug for KnownVisitor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KnownVisitor").field("id", &self.id).finish_non_exhaustive()
    }
}

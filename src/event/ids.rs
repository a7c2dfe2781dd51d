//! Newtypes for identities, so that a turn is never taken for an answer.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// One visitor's stay: one conversation. UUIDv7, so that it sorts by time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct VisitId(pub Uuid);

impl VisitId {
    /// A fresh id, made of the present time and chance.
    #[must_use]
    pub fn generate() -> Self {
        Self(Uuid::now_v7())
    }
}

impl std::fmt::Display for VisitId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// A person on record. UUIDv7, so that two kiosks never share one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct VisitorId(pub Uuid);

impl VisitorId {
    /// A fresh id, made of the present time and chance.
    #[must_use]
    pub fn generate() -> Self {
        Self(Uuid::now_v7())
    }
}

impl std::fmt::Display for VisitorId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

macro_rules! counter_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub u64);

        impl $name {
            /// The id after this one.
            #[must_use]
            pub fn next(self) -> Self {
                Self(self.0.wrapping_add(1))
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

counter_id! {
    /// A stretch of the visitor's speech, pauses included, until the end of the turn. Counts up within a run.
    UtteranceId
}
counter_id! {
    /// A question and its answer. Counts up within a run.
    TurnId
}
counter_id! {
    /// One spoken answer (or one that was prepared and thrown away). Counts up within a run.
    AnswerId
}

counter_id! {
    /// One face followed from picture to picture, from its coming to its going. Counts up within a run.
    TrackId
}

/// The name of a knowledge entry, as its file gives it (`hours.today`).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EntryId(pub String);

impl std::fmt::Display for EntryId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

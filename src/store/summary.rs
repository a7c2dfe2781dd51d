//! What a visit came to, sealed from the moment it is handed over.

use std::time::Duration;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use super::{Key, key::Cell, record::UnixMillis};
use crate::event::{Cost, VisitId, VisitSummary, VisitorId};

/// What a visit came to. The words are sealed for its row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedSummary {
    pub(super) visit: VisitId,
    pub(super) at: UnixMillis,
    pub(super) visitor: Option<VisitorId>,
    pub(super) duration_ms: u64,
    pub(super) cost: Cost,
    pub(super) sealed: Option<Sealed>,
}

/// Sealed bytes; as base64 in the recovery file.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Sealed(pub(super) Vec<u8>);

/// What is kept in clear of a summary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SummaryFigures {
    /// How long the visit lasted.
    pub duration: Duration,
    /// What it cost.
    pub cost: Cost,
}

impl SealedSummary {
    /// Without a key the words are not kept.
    pub(super) fn of(key: Option<&Key>, visit: VisitId, at: UnixMillis, summary: &VisitSummary) -> Self {
        let row = visit.to_string();
        let sealed = key.and_then(|key| Some(key.seal(cell(&row), &serde_json::to_vec(summary).ok()?))).map(Sealed);
        Self {
            visit,
            at,
            visitor: summary.visitor,
            duration_ms: u64::try_from(summary.duration.as_millis()).unwrap_or(u64::MAX),
            cost: summary.cost,
            sealed,
        }
    }
}

/// The place of a visit's summary.
pub(super) fn cell(visit: &str) -> Cell<'_> {
    Cell { table: "visit_summaries", column: "summary", row: visit }
}

impl std::fmt::Debug for Sealed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Sealed({} bytes)", self.0.len())
    }
}

impl Serialize for Sealed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&BASE64_STANDARD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Sealed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        BASE64_STANDARD.decode(String::deserialize(deserializer)?).map(Self).map_err(D::Error::custom)
    }
}

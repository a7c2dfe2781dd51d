//! What is kept of a visit, and what is remembered of a visitor who is known.

use std::{fmt, time::Duration};

use serde::{Deserialize, Serialize};

use super::{Cost, EndReason, Language, VisitorId};

/// The name of a persona, as its file gives it (`reception`).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PersonaId(pub String);

impl fmt::Display for PersonaId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The voice of a persona; what is not given is as `kiosk.toml` says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PersonaVoice {
    /// The service's voice by language.
    pub service: Vec<(Language, String)>,
    /// espeak-ng's voice by language.
    pub embedded: Vec<(Language, String)>,
    /// How fast, percent of what is configured; 0: as configured.
    pub rate_percent: u32,
}

impl PersonaVoice {
    /// The service's voice for `language`.
    #[must_use]
    pub fn service(&self, language: Language) -> Option<&str> {
        named(&self.service, language)
    }

    /// espeak-ng's voice for `language`.
    #[must_use]
    pub fn embedded(&self, language: Language) -> Option<&str> {
        named(&self.embedded, language)
    }
}

fn named(voices: &[(Language, String)], language: Language) -> Option<&str> {
    voices.iter().find(|(own, _)| *own == language).map(|(_, voice)| voice.as_str())
}

/// A time with a host that can be booked: `2026-11-24T07:30:00Z/adviser`. Opaque to everyone but `appointments`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SlotId(pub String);

/// What a visit came to. Personal.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VisitSummary {
    /// A few sentences, by the model or from what happened.
    pub text: String,
    /// The language it is in.
    pub language: Language,
    /// What was asked, in the visitor's words.
    pub asked: Vec<String>,
    /// What was done.
    pub done: Vec<String>,
    /// Appointments made, moved or cancelled.
    pub booked: Vec<String>,
    /// What the visitor wishes to have remembered.
    pub preferences: Vec<String>,
    /// How long it lasted.
    pub duration: Duration,
    /// What it cost.
    pub cost: Cost,
    /// Why it ended (`goodbye`, `silence`, …).
    pub reason: EndReason,
    /// Whose visit it was, if they are on record.
    pub visitor: Option<VisitorId>,
}

impl fmt::Debug for VisitSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { asked, done, booked, duration, cost, reason, .. } = self;
        let (asked, done, booked) = (asked.len(), done.len(), booked.len());
        write!(f, "VisitSummary({asked} asked, {done} done, {booked} booked, {duration:?}, {cost:?}, {reason:?})")
    }
}

/// What is remembered of a visitor, worded for the model. Personal.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct VisitorMemory {
    /// What they prefer: "mornings", "Tuesdays".
    pub preferences: Vec<String>,
    /// Their open appointments, the next first.
    pub appointments: Vec<String>,
    /// What their last visits came to, the latest first.
    pub visits: Vec<String>,
    /// When their next appointment is, as it is said, if that is today or tomorrow: "today at half past ten".
    pub soon: Option<String>,
}

impl VisitorMemory {
    /// Whether nothing is remembered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.preferences.is_empty() && self.appointments.is_empty() && self.visits.is_empty()
    }
}

impl fmt::Debug for VisitorMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { preferences, appointments, visits, .. } = self;
        write!(f, "VisitorMemory({}, {}, {})", preferences.len(), appointments.len(), visits.len())
    }
}

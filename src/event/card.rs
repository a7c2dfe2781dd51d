//! What takes the place of the caption card: an appointment, the summary of the visit. The texts are worded already, in
//! the language of the visit.

use std::{fmt, sync::Arc, time::Duration};

use super::SlotId;

/// A card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Card {
    /// An appointment was booked or looked up.
    Appointment(Arc<AppointmentCard>),
    /// The visit is over.
    Summary(Arc<SummaryCard>),
}

/// A booked appointment (LOOK, "appointment card").
#[derive(Clone, PartialEq, Eq)]
pub struct AppointmentCard {
    /// "Tuesday 24 November".
    pub day: String,
    /// "10:30 to 11:00".
    pub time: String,
    /// Whom: "Training adviser".
    pub host: String,
    /// About what: "Apprenticeship programme".
    pub subject: String,
    /// "Meeting point B2".
    pub place: String,
    /// How to get there.
    pub place_detail: String,
    /// The code that names it: "NEP-4H7K".
    pub code: String,
    /// The QR code of its ICS text; holds nothing personal.
    pub qr: QrModules,
    /// Other free times, at most three.
    pub alternatives: Vec<Alternative>,
}

impl fmt::Debug for AppointmentCard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AppointmentCard({} alternatives)", self.alternatives.len())
    }
}

/// Another free time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alternative {
    /// The slot.
    pub slot: SlotId,
    /// "11:30".
    pub time: String,
    /// "Tuesday".
    pub day: String,
}

/// The modules of a QR code.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct QrModules {
    /// Modules along a side, without the quiet zone.
    pub side: usize,
    /// `side * side` modules, row by row; true: dark.
    pub dark: Vec<bool>,
}

/// What a visit came to.
#[derive(Clone, PartialEq, Eq)]
pub struct SummaryCard {
    /// What was asked, at most four lines.
    pub asked: Vec<String>,
    /// What was done.
    pub done: Vec<String>,
    /// Appointments made, moved or cancelled.
    pub booked: Vec<String>,
    /// How long it lasted.
    pub duration: Duration,
}

impl fmt::Debug for SummaryCard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SummaryCard({} questions, {:?})", self.asked.len(), self.duration)
    }
}

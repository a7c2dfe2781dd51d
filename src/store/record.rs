//! What can be written down.

use std::{
    fmt,
    time::{SystemTime, UNIX_EPOCH},
};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{audit::AuditEntry, code, summary::SealedSummary, usage::UsedOfDay};
use crate::event::{
    AnswerId, BudgetStatus, Device, DeviceStatus, EndReason, Event, Language, Phase, ProviderKind, ProviderStatus,
    ServedBy, Speaker, TurnId, VisitId, VisitorId,
};

/// Milliseconds since 1970-01-01 UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UnixMillis(pub i64);

impl UnixMillis {
    /// The present time by the machine's wall clock, which may be set back and forth.
    #[must_use]
    pub fn now() -> Self {
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self(i64::try_from(since_1970.as_millis()).unwrap_or(i64::MAX))
    }

    /// As a point in time; the nearest one that `jiff` knows.
    #[must_use]
    pub fn timestamp(self) -> jiff::Timestamp {
        let nearest = if self.0 < 0 { jiff::Timestamp::MIN } else { jiff::Timestamp::MAX };
        jiff::Timestamp::from_millisecond(self.0).unwrap_or(nearest)
    }
}

impl From<jiff::Timestamp> for UnixMillis {
    fn from(time: jiff::Timestamp) -> Self {
        Self(time.as_millisecond())
    }
}

/// Something a person or the kiosk said. Personal: its `Debug` tells only the length.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Said(pub String);

impl fmt::Debug for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Said({} characters)", self.0.chars().count())
    }
}

impl From<&str> for Said {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

/// Something to be written down. Writing a record twice has the effect of writing it once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "snake_case")]
pub enum Record {
    /// A visit began.
    VisitStarted {
        /// Which.
        visit: VisitId,
        /// When.
        at: UnixMillis,
    },
    /// A visit ended.
    VisitEnded {
        /// Which.
        visit: VisitId,
        /// When.
        at: UnixMillis,
        /// Why.
        #[serde(with = "code")]
        reason: EndReason,
    },
    /// The visitor's words when they are final; the kiosk's when it begins to speak, and again when more of them are
    /// known: the later text replaces the earlier.
    Message(Message),
    /// What was really heard of an answer: all of it, or what came before it was cut.
    Heard {
        /// The visit.
        visit: VisitId,
        /// The turn.
        turn: TurnId,
        /// The answer.
        answer: AnswerId,
        /// The words that were played.
        text: Said,
    },
    /// The figures of a finished turn.
    Turn(TurnFigures),
    /// Something that staff should know.
    Staff(StaffEvent),
    /// Something that was done, by whom and to whom.
    Audit(AuditEntry),
    /// Somebody on record was recognised in a visit: it is linked to them, and they are kept for longer.
    Recognised {
        /// The visit.
        visit: VisitId,
        /// Who.
        visitor: VisitorId,
        /// When.
        at: UnixMillis,
        /// Until when they are kept now.
        retained_until: UnixMillis,
    },
    /// What a visit came to; `StoreWriter::summarise` makes it.
    Summarised(SealedSummary),
    /// What a run has used of a model on a day so far: the sums, not what came on top.
    Used(UsedOfDay),
}

/// One message of a transcript.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// The visit.
    pub visit: VisitId,
    /// The turn.
    pub turn: TurnId,
    /// Who speaks.
    #[serde(with = "code")]
    pub speaker: Speaker,
    /// Which answer it is. Ignored for the visitor's messages: there is one in a turn.
    pub answer: AnswerId,
    /// Its language.
    pub language: Language,
    /// The words.
    pub text: Said,
    /// Which kind of part wrote it down or answered; `None` for the kiosk's own sentences.
    #[serde(with = "code::option")]
    pub served_by: Option<ServedBy>,
    /// When it began.
    pub started_at: UnixMillis,
}

/// The times of a turn, ms.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TurnFigures {
    /// The visit.
    pub visit: VisitId,
    /// The turn.
    pub turn: TurnId,
    /// The utterance's start, from the start of the audio input.
    pub utterance_start_ms: Option<u64>,
    /// Its end, from the start of the audio input.
    pub utterance_end_ms: Option<u64>,
    /// From the end of the utterance to the decision that the visitor has finished.
    pub end_of_turn_ms: Option<u64>,
    /// From the end of the utterance to its words.
    pub transcript_ms: Option<u64>,
    /// From the end of the utterance to the first piece of the answer.
    pub first_token_ms: Option<u64>,
    /// From the end of the utterance to the first sound from the voice.
    pub first_audio_ms: Option<u64>,
    /// From the end of the utterance to the first sample played.
    pub first_sample_ms: Option<u64>,
}

/// A fault, or its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StaffEvent {
    /// So that an event that is written twice is there once.
    pub id: Uuid,
    /// When.
    pub at: UnixMillis,
    /// `device`, `provider`, `budget`, `watchdog`, `dropped` or `request` (a visitor wants to talk with somebody).
    pub kind: String,
    /// Which device, provider, state or queue.
    pub subject: String,
    /// Its state now.
    pub status: String,
    /// The cause. Nothing secret, nothing personal.
    pub detail: String,
}

impl StaffEvent {
    /// What staff should know of `event`, if anything.
    #[must_use]
    pub fn of(event: &Event, at: UnixMillis) -> Option<Self> {
        let (kind, subject, status, detail) = match event {
            Event::Device { device, status, detail } => {
                ("device", device_name(*device).to_owned(), device_status(*status), detail.clone())
            }
            Event::Provider { kind, name, status, detail } => {
                ("provider", format!("{} {name}", provider_kind(*kind)), provider_status(*status), detail.clone())
            }
            Event::Budget { status, spent, budget } => {
                ("budget", "day".to_owned(), budget_status(*status), format!("{} of {}", spent.0, budget.0))
            }
            Event::WatchdogFired { phase } => ("watchdog", phase_name(*phase).to_owned(), "ended", String::new()),
            Event::Dropped { what, count } => ("dropped", (*what).to_owned(), "dropped", count.to_string()),
            Event::VisitStarted { .. }
            | Event::VisitEnded { .. }
            | Event::PhaseChanged { .. }
            | Event::TurnFinished { .. }
            | Event::WorkThrown { .. }
            | Event::Presence { .. }
            | Event::Identity { .. }
            | Event::PicturesObserved { .. }
            | Event::ToolCall { .. }
            | Event::PersonaChanged { .. }
            | Event::Spent { .. }
            | Event::InputEnded => return None,
        };
        Some(Self { id: Uuid::now_v7(), at, kind: kind.to_owned(), subject, status: status.to_owned(), detail })
    }
}

fn device_name(device: Device) -> &'static str {
    match device {
        Device::Microphone => "microphone",
        Device::Speaker => "speaker",
        Device::Camera => "camera",
        Device::Display => "display",
        Device::Store => "store",
    }
}

fn device_status(status: DeviceStatus) -> &'static str {
    match status {
        DeviceStatus::Ready => "ready",
        DeviceStatus::Lost => "lost",
    }
}

fn provider_kind(kind: ProviderKind) -> &'static str {
    match kind {
        ProviderKind::SpeechToText => "speech_to_text",
        ProviderKind::LanguageModel => "language_model",
        ProviderKind::TextToSpeech => "text_to_speech",
    }
}

fn provider_status(status: ProviderStatus) -> &'static str {
    match status {
        ProviderStatus::Healthy => "healthy",
        ProviderStatus::Failed => "failed",
        ProviderStatus::Suspended => "suspended",
    }
}

fn budget_status(status: BudgetStatus) -> &'static str {
    match status {
        BudgetStatus::Within => "within",
        BudgetStatus::Warning => "warning",
        BudgetStatus::Exhausted => "exhausted",
    }
}

fn phase_name(phase: Phase) -> &'static str {
    match phase {
        Phase::Idle => "idle",
        Phase::Attending => "attending",
        Phase::Listening => "listening",
        Phase::Transcribing => "transcribing",
        Phase::Thinking => "thinking",
        Phase::CallingTool => "calling_tool",
        Phase::Speaking => "speaking",
        Phase::Interrupted => "interrupted",
    }
}

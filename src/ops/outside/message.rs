//! The messages: `{"v": 1, "id": …, "at": …, "type": …, …}`. A pure translation of what happens inside; the same for
//! every reader, on the health port or in a room of LiveKit.

use std::fmt;

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use crate::event::{
    BudgetStatus, Cost, Device, DeviceStatus, EndReason, Event, FeedEvent, Language, PersonaId, Phase, ProviderKind,
    ProviderStatus, Speaker, ToolFailure, ToolStatus, TurnId, VisitId, VisitSummary, VisitorId,
};

/// The version of all messages: raised when a field changes its meaning or goes away.
pub const VERSION: u32 = 1;

/// A message with its envelope.
#[derive(Clone, PartialEq, Serialize)]
pub struct Message {
    /// [`VERSION`].
    pub v: u32,
    /// Counts up by one; a later run begins with a greater one.
    pub id: u64,
    /// When it was told, RFC 3339 with milliseconds in UTC.
    #[serde(serialize_with = "rfc3339_ms")]
    pub at: Timestamp,
    /// `type` and what belongs to it.
    #[serde(flatten)]
    pub body: Body,
}

impl Message {
    /// `body` in its envelope.
    #[must_use]
    pub fn new(id: u64, at: Timestamp, body: Body) -> Self {
        Self { v: VERSION, id, at, body }
    }

    /// One line of JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        // Only text, numbers and lists of text: there is nothing in it that JSON cannot hold.
        serde_json::to_string(self).unwrap_or_default()
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Message({}, {})", self.id, self.body.kind())
    }
}

/// A time as every message has it.
pub(super) fn rfc3339_ms<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&format_args!("{at:.3}"))
}

/// What happened. Costs are millionths of the currency of `kiosk.toml`.
#[derive(Clone, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[allow(missing_docs, reason = "the fields are documented in docs/events.md and in docs/events.schema.json")]
pub enum Body {
    /// A visit began.
    VisitStarted { visit: VisitId },
    /// A visit ended.
    VisitEnded { visit: VisitId, reason: EndReason },
    /// The conversation moved on.
    StateChanged { from: Phase, to: Phase },
    /// Something was said.
    Transcript {
        visit: VisitId,
        turn: TurnId,
        speaker: Speaker,
        language: Language,
        text: String,
        is_final: bool,
        is_interrupted: bool,
    },
    /// Somebody on record was recognised, or said who they are.
    VisitorRecognized { visit: VisitId, visitor: VisitorId, by: &'static str },
    /// A tool was called, or a call came to its end.
    ToolCall {
        turn: TurnId,
        call: String,
        tool: String,
        status: ToolStatus,
        took_ms: Option<u64>,
        failure: Option<ToolFailure>,
    },
    /// Somebody else speaks.
    PersonaChanged { from: PersonaId, to: PersonaId },
    /// A turn, visit or day has cost this.
    Spent { scope: &'static str, cost_micros: Cost },
    /// The day's budget stands otherwise than before.
    Budget { status: BudgetStatus, spent_micros: Cost, budget_micros: Cost },
    /// A device came or went.
    Device { device: Device, status: DeviceStatus, detail: String },
    /// A provider failed, was suspended or answers again.
    Provider { kind: ProviderKind, name: String, status: ProviderStatus, detail: String },
    /// What a visit came to.
    CallSummary {
        visit: VisitId,
        visitor: Option<VisitorId>,
        reason: EndReason,
        language: Language,
        text: String,
        asked: Vec<String>,
        done: Vec<String>,
        booked: Vec<String>,
        preferences: Vec<String>,
        duration_ms: u64,
        cost_micros: Cost,
    },
}

impl Body {
    /// What `event` is to the outside; `None`: it is of no use there, or about faces.
    #[must_use]
    pub fn of_event(event: &Event) -> Option<Self> {
        Some(match event.clone() {
            Event::VisitStarted { visit } => Self::VisitStarted { visit },
            Event::VisitEnded { visit, reason } => Self::VisitEnded { visit, reason },
            Event::PhaseChanged { from, to } => Self::StateChanged { from, to },
            Event::Device { device, status, detail } => Self::Device { device, status, detail },
            Event::Provider { kind, name, status, detail } => Self::Provider { kind, name, status, detail },
            Event::ToolCall { turn, call, tool, status, took_ms, failure } => {
                Self::ToolCall { turn, call, tool, status, took_ms, failure }
            }
            Event::PersonaChanged { from, to } => Self::PersonaChanged { from, to },
            Event::Spent { scope, cost } => Self::Spent { scope, cost_micros: cost },
            Event::Budget { status, spent, budget } => {
                Self::Budget { status, spent_micros: spent, budget_micros: budget }
            }
            Event::TurnFinished { .. }
            | Event::WatchdogFired { .. }
            | Event::WorkThrown { .. }
            | Event::Presence { .. }
            | Event::Identity { .. }
            | Event::PicturesObserved { .. }
            | Event::InputEnded
            | Event::Dropped { .. } => return None,
        })
    }

    /// What `event` is to the outside.
    #[must_use]
    pub fn of_feed(event: &FeedEvent) -> Self {
        match event.clone() {
            FeedEvent::Transcript { visit, turn, speaker, language, text, is_final, is_interrupted } => {
                Self::Transcript { visit, turn, speaker, language, text, is_final, is_interrupted }
            }
            FeedEvent::VisitorRecognized { visit, visitor, by } => Self::VisitorRecognized { visit, visitor, by },
            FeedEvent::CallSummary { visit, summary } => {
                let VisitSummary { text, language, asked, done, booked, preferences, duration, cost, reason, visitor } =
                    *summary;
                let duration_ms = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
                Self::CallSummary {
                    visit,
                    visitor,
                    reason,
                    language,
                    text,
                    asked,
                    done,
                    booked,
                    preferences,
                    duration_ms,
                    cost_micros: cost,
                }
            }
        }
    }

    /// Its `type`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::VisitStarted { .. } => "visit_started",
            Self::VisitEnded { .. } => "visit_ended",
            Self::StateChanged { .. } => "state_changed",
            Self::Transcript { .. } => "transcript",
            Self::VisitorRecognized { .. } => "visitor_recognized",
            Self::ToolCall { .. } => "tool_call",
            Self::PersonaChanged { .. } => "persona_changed",
            Self::Spent { .. } => "spent",
            Self::Budget { .. } => "budget",
            Self::Device { .. } => "device",
            Self::Provider { .. } => "provider",
            Self::CallSummary { .. } => "call_summary",
        }
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind())
    }
}

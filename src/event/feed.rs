//! What is told to the outside: a monitor page, `majlis monitor`, the bridge to a LiveKit room. Unlike [`super::Event`]
//! it may carry words and is never logged.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use serde::Serialize;
use tokio::sync::broadcast;

use super::{Language, Speaker, TurnId, VisitId, VisitSummary, VisitorId};

/// Messages kept for a slow reader. When it is full the oldest is dropped for that reader, and counted.
const CAPACITY: usize = 256;

/// A message with words, or about a person. Its `Debug` shows no word.
#[derive(Clone, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum FeedEvent {
    /// Something was said.
    Transcript {
        /// The visit.
        visit: VisitId,
        /// The turn.
        turn: TurnId,
        /// Who said it.
        speaker: Speaker,
        /// Its language.
        language: Language,
        /// The words; the kiosk's: what was really heard of them, once that is known.
        text: String,
        /// Whether it changes no more.
        is_final: bool,
        /// Whether the visitor cut it.
        is_interrupted: bool,
    },
    /// A visit is over.
    CallSummary {
        /// The visit.
        visit: VisitId,
        /// What it came to.
        summary: Box<VisitSummary>,
    },
    /// Somebody on record was recognised, or said who they are.
    VisitorRecognized {
        /// The visit.
        visit: VisitId,
        /// Who.
        visitor: VisitorId,
        /// How: `face` or `phone`.
        by: &'static str,
    },
}

impl fmt::Debug for FeedEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Transcript { turn, speaker, text, .. } => {
                write!(f, "Transcript({turn}, {speaker:?}, {} characters)", text.chars().count())
            }
            Self::CallSummary { summary, .. } => write!(f, "CallSummary({summary:?})"),
            Self::VisitorRecognized { by, .. } => write!(f, "VisitorRecognized({by})"),
        }
    }
}

/// Publishes messages. Cheap to clone; without readers they are gone.
#[derive(Debug, Clone)]
pub struct Feed {
    sender: broadcast::Sender<Arc<FeedEvent>>,
    dropped: Arc<AtomicU64>,
}

impl Default for Feed {
    fn default() -> Self {
        Self { sender: broadcast::Sender::new(CAPACITY), dropped: Arc::default() }
    }
}

impl Feed {
    /// Tells all readers. Never waits.
    pub fn publish(&self, event: FeedEvent) {
        let _ = self.sender.send(Arc::new(event));
    }

    /// All messages from now on.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<Arc<FeedEvent>> {
        self.sender.subscribe()
    }

    /// Counts what a slow reader has missed.
    pub fn missed(&self, count: u64) {
        self.dropped.fetch_add(count, Ordering::Relaxed);
    }

    /// How many messages slow readers have missed.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }
}

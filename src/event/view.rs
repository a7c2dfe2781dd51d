//! The snapshot of the conversation that the window draws: immutable, replaced as a whole.

use std::time::Duration;

use super::{ByLanguage, Card, Device, EntryId, KnownVisitor, Language, Phase, Speaker};

/// How sure or how far a word of the caption is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WordState {
    /// The visitor's, recognised.
    Recognised,
    /// The visitor's, may still change.
    Uncertain,
    /// The kiosk's, already heard.
    Spoken,
    /// The kiosk's, being heard now.
    Now,
    /// The kiosk's, still to come.
    ToCome,
}

/// One word of the caption, without the blank after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaptionWord {
    /// The word, with its punctuation.
    pub text: String,
    /// How it is drawn.
    pub state: WordState,
}

/// What is being said, by whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caption {
    /// Who speaks.
    pub speaker: Speaker,
    /// The language of the text: gives the direction of the paragraph.
    pub language: Language,
    /// The words in logical order.
    pub words: Vec<CaptionWord>,
}

/// What the kiosk can reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Connection {
    /// The configured services answer.
    #[default]
    Online,
    /// Services are configured but do not answer: the embedded parts serve.
    Offline,
    /// No service is configured: the embedded parts serve, as intended.
    Local,
}

/// A question that can be touched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Topic {
    /// The knowledge entry it asks.
    pub entry: EntryId,
    /// The name of its icon (`clock`, `cap`, `pin`, `calendar`, …).
    pub icon: String,
    /// Its label.
    pub label: ByLanguage<String>,
}

/// A short message above the chips.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Toast {
    /// The key of its sentence in the translation files.
    pub key: &'static str,
    /// When it appeared (`Clock`).
    pub since: Duration,
}

impl Toast {
    /// How long it stays (LOOK, "toast").
    pub const SHOWN_FOR: Duration = Duration::from_secs(4);
}

/// A tool at work (LOOK, "a tool runs").
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolView {
    /// The key of its sentence for the nameplate (`tool.appointments`).
    pub key: &'static str,
    /// The name of its icon.
    pub icon: &'static str,
    /// What was done already in this turn, and what is being done: the last line has no result yet.
    pub steps: Vec<ToolStep>,
}

/// A step of the tools of one turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolStep {
    /// The key of its short name (`tool.appointments.short`).
    pub key: &'static str,
    /// Whether it is done.
    pub is_done: bool,
}

/// Everything the window needs to know about the conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// Where the conversation stands.
    pub phase: Phase,
    /// When it came there (`Clock`).
    pub phase_since: Duration,
    /// The language of the window.
    pub language: Language,
    /// What is being said now.
    pub caption: Option<Caption>,
    /// What was said before by the other side, one line.
    pub before: Option<(Speaker, String)>,
    /// A sentence of the kiosk's own to show in place of a caption (key in the translation files).
    pub hint: Option<&'static str>,
    /// What can be reached.
    pub connection: Connection,
    /// The devices that are lost.
    pub lost: Vec<Device>,
    /// Whether the kiosk's answer goes to, or the visitor's words come from, a service (chooses the notice).
    pub uses_service: bool,
    /// Whether a camera is in use.
    pub camera_on: bool,
    /// Whom the kiosk has greeted by name in this visit, until they say that it is not them.
    pub known: Option<std::sync::Arc<KnownVisitor>>,
    /// The tool at work.
    pub tool: Option<ToolView>,
    /// What takes the place of the caption.
    pub card: Option<Card>,
    /// Who speaks, if it is not the reception.
    pub persona: Option<ByLanguage<String>>,
    /// The topics that can be touched.
    pub topics: std::sync::Arc<[Topic]>,
    /// Whether a page of text is being read out.
    pub is_reading: bool,
    /// A message above the chips.
    pub toast: Option<Toast>,
}

impl View {
    /// Nobody is there.
    #[must_use]
    pub fn empty(topics: std::sync::Arc<[Topic]>, language: Language) -> Self {
        Self {
            phase: Phase::Idle,
            phase_since: Duration::ZERO,
            language,
            caption: None,
            before: None,
            hint: None,
            connection: Connection::default(),
            lost: Vec::new(),
            uses_service: false,
            camera_on: false,
            known: None,
            tool: None,
            card: None,
            persona: None,
            topics,
            is_reading: false,
            toast: None,
        }
    }
}

//! The words that rooms say to each other: ids, languages, events, the bus that carries them, the commands
//! that come back, and the immutable snapshot that the window draws.
//!
//! In: events from every room. Out: the same events to whoever subscribed (report, log, metrics, window).
//! Never touches: any other room, a device, the disk.

mod bus;
mod card;
mod cost;
mod fault;
mod feed;
mod ids;
mod language;
mod memory;
mod sight;
pub mod staff;
mod tool;
mod types;
mod view;

pub use bus::{Bus, Subscription};
pub use card::{Alternative, AppointmentCard, Card, QrModules, SummaryCard};
pub use cost::{Amount, BudgetStatus, Cost, Usage, UsageSum};
pub use fault::{Fault, FaultCause};
pub use feed::{Feed, FeedEvent};
pub use ids::{AnswerId, EntryId, TrackId, TurnId, UtteranceId, VisitId, VisitorId};
pub(crate) use language::in_one_spelling;
pub use language::{ByLanguage, Language};
pub use memory::{PersonaId, PersonaVoice, SlotId, VisitSummary, VisitorMemory};
pub use sight::{KnownVisitor, PresenceChange, SeenVisitor, Sight};
pub use tool::{Effect, ToolFailure, ToolResult, ToolSpec, ToolStatus, ToolUse};
pub use types::{
    Command, Device, DeviceStatus, EndReason, Event, Phase, ProviderKind, ProviderStatus, ServedBy, Speaker, Stamped,
};
pub use view::{Caption, CaptionWord, Connection, Toast, ToolStep, ToolView, Topic, View, WordState};

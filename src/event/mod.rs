//! The words that rooms say to each other: ids, languages, events, the bus that carries them, the commands
//! that come back, and the immutable snapshot that the window draws.
//!
//! In: events from every room. Out: the same events to whoever subscribed (report, log, metrics, window).
//! Never touches: any other room, a device, the disk.

mod bus;
mod ids;
mod language;
mod sight;
pub mod staff;
mod types;
mod view;

pub use bus::{Bus, Subscription};
pub use ids::{AnswerId, EntryId, TrackId, TurnId, UtteranceId, VisitId, VisitorId};
pub use language::Language;
pub(crate) use language::one_spelling;
pub use sight::{KnownVisitor, PresenceChange, SeenVisitor, Sight};
pub use types::{
    Command, Device, DeviceStatus, EndReason, Event, Phase, ProviderKind, ProviderStatus, ServedBy, Speaker, Stamped,
};
pub use view::{Caption, CaptionWord, Connection, Toast, Topic, View, WordState};

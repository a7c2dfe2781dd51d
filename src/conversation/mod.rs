//! The conversation: turns, interruption, history, the prompt, and the life of a visit.
//!
//! In: what the ears hear ([`AudioEvent`](crate::audio::AudioEvent)), what is asked for
//! ([`Command`](crate::event::Command)), what the providers say. Out: what the mouth says
//! ([`AudioCommand`](crate::audio::AudioCommand)), the transcript, events, the [`View`](crate::event::View) that the
//! window draws. Never touches: devices, the network, the window itself.
//!
//! [`machine`] decides, and is pure; [`driver`] carries out what it decides; [`answer`](AnswerJob) makes one answer.

mod activity;
mod answer;
mod cards;
mod discretion;
mod driver;
mod forget_me;
mod heard;
mod history;
mod known;
pub mod machine;
mod parts;
mod personas;
mod prompt;
mod record;
#[cfg(test)]
mod tests;
mod utterance;
mod view;
mod visit;
mod visual_context;

pub use activity::{Activity, Busy};
pub use cards::{AppointmentDesk, CardChange, NoAppointments};
pub(crate) use discretion::is_discreet;
pub use driver::Conversation;
pub use forget_me::ForgetMe;
pub use known::{ForgetError, NoRecords, VisitorRecords};
pub use parts::Parts;
pub use personas::{Pass, Persona, PersonaError, Personas};
pub use record::{TurnRecord, Waterfall};
pub use visual_context::{Observations, VisualContext, VisualFigures, VisualParts};

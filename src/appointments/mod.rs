//! Appointments: times that can be booked, how they are said, what is done with them, and the tools and the command by
//! which that is done.
//!
//! In: `[appointments]` of the configuration, calls of the model, touches on the card, what the store holds. Out: results
//! for the model, cards, lines for the summary of a visit, what is remembered of a visitor. Never touches: devices, the
//! network, the window; never tells one visitor of another: an appointment is opened by whom it belongs to, by its code, or
//! within the visit in which it was booked.

mod ask;
mod attempts;
mod calendar;
mod code;
pub mod command;
mod desk;
mod habits;
mod ics;
mod phone;
mod reason;
mod spelling;
mod spoken;
mod tools;

pub use calendar::{Calendar, CalendarError, Closed, Host, Slot};
pub use desk::Desk;
pub use phone::{PhoneNumber, PhoneProblem, read as read_phone};
pub use spoken::Wording;
pub use tools::tools;

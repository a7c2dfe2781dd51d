//! What staff do on the screen and on the command line: the PIN pad, the people on record, enrolment with consent.
//!
//! In: [`StaffCommand`](crate::event::staff::StaffCommand)s from the window, pictures with what was read in them from the
//! eyes, people from the store. Out: [`StaffView`](crate::event::staff::StaffView)s, changes to the store, the
//! [`Register`] of people who may be recognised (gallery and names), whether the eyes are wanted for enrolment. Never
//! touches: cameras, models, the network, the window; keeps nothing of anybody who did not agree.
//!
//! [`machine`] decides and is pure; [`desk`] carries it out; [`safe`] is the desk of a program that cannot start.

pub mod capture;
pub mod command;
pub mod consent;
pub mod desk;
pub mod details;
pub mod machine;
pub mod pin;
mod register;
pub mod safe;
#[cfg(test)]
mod test_faces;

use std::sync::Arc;

pub use desk::{Desk, DeskHandle, DeskParts};
pub use register::{Embed, Loaded, RecogniserId, Register};
pub use safe::{SafeDesk, SafeDeskHandle, SafeDeskParts};

/// The wall clock, handed in.
pub type WallClock = Arc<dyn Fn() -> jiff::Timestamp + Send + Sync>;

/// The machine's wall clock.
#[must_use]
pub fn system_wall_clock() -> WallClock {
    Arc::new(jiff::Timestamp::now)
}

//! The database: what was said in each visit, how fast the answers were, and faults for staff, in SQLite.
//!
//! In: [`Record`]s from whoever holds a [`StoreWriter`]. Out: rows through [`Reader`], the result of [`check`], and
//! `Event::Device` for the store itself when it stops or starts to work. Never touches: devices, the network, the
//! conversation; never makes anybody wait for the disk. The tables are described in `docs/schema.md`.

mod check;
mod code;
mod connection;
mod error;
mod queue;
mod reader;
mod record;
mod recovery;
#[cfg(test)]
mod tests;
mod writer;

pub use check::{Violation, check};
pub use error::StoreError;
pub use queue::StoreWriter;
pub use reader::{MessageRow, Reader, VisitRow};
pub use record::{Message, Record, Said, StaffEvent, TurnFigures, UnixMillis};
pub use writer::{Closed, Store};

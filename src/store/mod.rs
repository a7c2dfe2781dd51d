//! The database: what was said in each visit, how fast the answers were, faults for staff, and the people who agreed to
//! be known, in SQLite.
//!
//! In: [`Record`]s from whoever holds a [`StoreWriter`], changes through [`People`]. Out: rows through [`Reader`] and
//! [`PeopleReader`], the result of [`check`], and `Event::Device` for the store itself when it stops or starts to work.
//! Never touches: devices, the network, the conversation; never makes anybody wait for the disk who did not ask for a
//! change's result. What is personal of people on record is sealed with the [`Key`]. The tables are described in
//! `docs/schema.md`.

mod appointments;
mod audit;
mod check;
mod code;
mod connection;
mod error;
mod key;
mod memory;
#[cfg(test)]
mod memory_tests;
mod people;
mod people_reader;
#[cfg(test)]
mod people_tests;
mod person;
mod queue;
mod reader;
mod record;
mod recovery;
mod search;
mod summary;
#[cfg(test)]
mod tests;
mod usage;
mod writer;

pub use appointments::{Appointment, AppointmentStatus, Booking, NewAppointment, StaffAppointment};
pub use audit::{Actor, AuditAction, AuditEntry, StaffId};
pub use check::{Violation, check, check_sealed};
pub use error::StoreError;
pub use key::{Key, KeyError, key_file};
pub use memory::StoredMemory;
pub use people::People;
pub use people_reader::PeopleReader;
pub use person::{
    Consent, NewFace, NewPerson, PeopleList, PersonRecord, StaffRow, StoredCrop, StoredFace, StoredFaces,
};
pub use queue::StoreWriter;
pub use reader::{MessageRow, Reader, VisitRow};
pub use record::{Message, Record, Said, StaffEvent, TurnFigures, UnixMillis};
pub use summary::{SealedSummary, SummaryFigures};
pub use usage::UsedOfDay;
pub use writer::{Closed, Store};

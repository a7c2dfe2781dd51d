//! What is written of people and read back. Everything here is personal: `Debug` shows ids at most.

use crate::event::{
    Language, VisitorId,
    staff::{PersonDetails, PersonRow, Pose},
};

use super::{audit::Actor, audit::StaffId, record::UnixMillis};

/// Somebody who agreed, with all that is kept of them.
#[derive(Clone)]
pub struct NewPerson {
    /// Somebody on record whose pictures and consent are renewed; details that are empty stay as they were.
    pub renews: Option<VisitorId>,
    /// What they said of themselves.
    pub details: PersonDetails,
    /// The language they are spoken to in.
    pub language: Language,
    /// What they agreed to.
    pub consent: Consent,
    /// Their pictures as numbers.
    pub faces: Vec<NewFace>,
    /// Until when they are kept.
    pub retained_until: UnixMillis,
    /// Who enrols them.
    pub by: Actor,
}

/// That somebody agreed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consent {
    /// The version of the text.
    pub text_version: String,
    /// SHA-256 of the file with the text, 64 hexadecimal digits.
    pub text_sha256: String,
    /// The language in which it was read.
    pub language: Language,
    /// When they agreed.
    pub agreed_at: UnixMillis,
    /// Whether the text says that aligned crops are kept.
    pub covers_crops: bool,
}

/// One picture of a face as numbers.
#[derive(Clone)]
pub struct NewFace {
    /// The model that made the numbers.
    pub recogniser: String,
    /// Which way the face was turned.
    pub pose: Pose,
    /// How sharp the picture was, 0..1.
    pub quality: f32,
    /// The numbers, L2-normalised.
    pub values: Vec<f32>,
    /// The aligned face as PNG. Kept only if the consent covers it.
    pub crop_png: Option<Vec<u8>>,
}

/// One person, everything that staff may see.
#[derive(Clone, PartialEq, Eq)]
pub struct PersonRecord {
    /// As in the list.
    pub row: PersonRow,
    /// What they said of themselves; empty when forgotten.
    pub details: PersonDetails,
    /// Their newest consent.
    pub consent: Option<Consent>,
    /// The member of staff who enrolled them; `None`: on the command line.
    pub enrolled_by: Option<String>,
    /// How many patterns of their face are kept: of the recogniser in use, of others.
    pub embeddings: [u32; 2],
    /// How many aligned crops are kept.
    pub crops: u32,
    /// Visits in which they were recognised.
    pub visits: u32,
}

/// Everybody on record, or those who match a search.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct PeopleList {
    /// Those who match, by name, the forgotten last.
    pub rows: Vec<PersonRow>,
    /// Of all: how many are valid (those that end soon included), end soon, are forgotten.
    pub counts: [u32; 3],
    /// People of whom something does not decrypt: with the wrong key, or changed from outside. They are in no row.
    pub unreadable: Vec<VisitorId>,
}

/// A pattern of a face as it was stored.
#[derive(Clone)]
pub struct StoredFace {
    /// Whose.
    pub visitor: VisitorId,
    /// The numbers, L2-normalised.
    pub values: Vec<f32>,
}

/// The patterns that one recogniser can use.
#[derive(Clone, Default)]
pub struct StoredFaces {
    /// Its own, a person's together.
    pub faces: Vec<StoredFace>,
    /// How many of other recognisers there are: they mean nothing to this one.
    pub of_others: u32,
    /// Rows that do not decrypt, or are not as long as the recogniser's numbers: `embeddings <id>`.
    pub unreadable: Vec<String>,
}

/// An aligned crop as it was stored, of somebody whom the recogniser has no pattern of.
#[derive(Clone)]
pub struct StoredCrop {
    /// Whose.
    pub visitor: VisitorId,
    /// Which way the face is turned.
    pub pose: Pose,
    /// How sharp it is, 0..1.
    pub quality: f32,
    /// PNG.
    pub png: Vec<u8>,
}

/// A member of staff.
#[derive(Clone, PartialEq, Eq)]
pub struct StaffRow {
    /// Who.
    pub id: StaffId,
    /// Their name.
    pub name: String,
    /// The hash of their PIN (PHC string); `None`: removed.
    pub pin_hash: Option<String>,
    /// When they were added.
    pub created_at: UnixMillis,
    /// When they were removed.
    pub removed_at: Option<UnixMillis>,
}

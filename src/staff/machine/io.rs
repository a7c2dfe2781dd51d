//! What the machine is told and what it asks for.

use std::{sync::Arc, time::Duration};

use jiff::tz::TimeZone;

use crate::{
    event::{
        Fault, Language, VisitorId,
        staff::{PersonDetails, Removed, StaffCommand},
    },
    staff::{
        capture::{Demands, Taken},
        consent::ConsentTexts,
        pin::{Lockout, Pin},
    },
    store::{Consent, PeopleList, PersonRecord, StaffId, UnixMillis},
    vision::{Embedding, Glimpse},
};

/// What the pages obey.
#[derive(Debug, Clone)]
pub struct Settings {
    /// They close by themselves after this time without a touch.
    pub closes_after: Duration,
    /// Wrong PINs.
    pub lockout: Lockout,
    /// Whether the configuration has recognition on.
    pub recognition: bool,
    /// The pages' language when nobody chose one.
    pub language: Language,
    /// The stand's.
    pub time_zone: TimeZone,
    /// How long people are kept, days.
    pub retention_days: u32,
    /// What is asked of a picture.
    pub demands: Demands,
    /// From this similarity on somebody on record looks the same.
    pub duplicate_threshold: f32,
    /// In safe mode, what keeps the program from starting: behind the PIN stands this alone.
    pub safe_mode: Option<SafeMode>,
    /// What people agree to; `None`: it cannot be read, and nobody can be enrolled.
    pub consent: Option<Arc<ConsentTexts>>,
}

/// The pages of a program that cannot start.
#[derive(Debug, Clone)]
pub struct SafeMode {
    /// Why.
    pub fault: Arc<Fault>,
    /// Whether PINs can be checked: the database can be read.
    pub has_pins: bool,
}

/// The time.
#[derive(Debug, Clone, Copy)]
pub struct Now {
    /// `Clock`
    pub clock: Duration,
    /// The wall clock's.
    pub wall: UnixMillis,
}

/// Names one question to the driver, so that the answer to an earlier one is not taken for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RequestId(pub u64);

/// A member of staff who is at the pages.
#[derive(Clone, PartialEq, Eq)]
pub struct Member {
    /// Who.
    pub id: StaffId,
    /// Their name.
    pub name: String,
}

/// Whose a PIN is.
#[derive(Clone, PartialEq, Eq)]
pub enum PinOutcome {
    /// This member's.
    Right(Member),
    /// Nobody's.
    Wrong,
    /// Nobody has one.
    NobodyHasOne,
    /// It could not be checked.
    Failed,
}

/// Somebody on record who looks the same.
#[derive(Clone, PartialEq)]
pub struct Alike {
    /// Who.
    pub visitor: VisitorId,
    /// Their name.
    pub name: String,
    /// The similarity.
    pub score: f32,
}

/// What happened.
#[derive(Clone)]
pub enum Input {
    /// Something was touched.
    Command(StaffCommand),
    /// How many members of staff have a PIN.
    StaffCounted(RequestId, usize),
    /// A PIN was checked.
    PinChecked(RequestId, PinOutcome),
    /// The list of people was read; `None`: it cannot be.
    PeopleRead(RequestId, Option<PeopleList>),
    /// A person was read; `None`: there is none.
    PersonRead(RequestId, Option<Box<PersonRecord>>),
    /// A person was forgotten; `None`: the database did not take it.
    Forgotten(RequestId, Option<Removed>),
    /// A picture, while faces are asked for.
    Glimpse(Arc<Glimpse>),
    /// The first picture was compared with everybody on record.
    Compared(RequestId, Option<Alike>),
    /// Somebody was enrolled, or could not be.
    Saved(RequestId, bool),
    /// The people on record were changed from elsewhere.
    PeopleChanged,
    /// A deadline has come.
    Tick,
}

/// Somebody who agreed and whose pictures are taken: what is to be kept.
#[derive(Clone)]
pub struct Enrolled {
    /// Somebody on record whose pictures are renewed.
    pub renews: Option<VisitorId>,
    /// What they said of themselves.
    pub details: PersonDetails,
    /// The language they are spoken to in.
    pub language: Language,
    /// What they agreed to.
    pub consent: Consent,
    /// Until when they are kept, as they read it.
    pub retained_until: UnixMillis,
    /// Their pictures.
    pub taken: Vec<Taken>,
    /// Who enrolled them.
    pub by: StaffId,
}

/// What the driver is to do. In order.
#[derive(Clone)]
pub enum Action {
    /// A member of staff uses the screen now: the visit there is over.
    TakeOver,
    /// The screen is the visitors' again.
    GiveBack,
    /// Count the members of staff who have a PIN.
    CountStaff(RequestId),
    /// Find out whose PIN it is.
    CheckPin(RequestId, Pin),
    /// A PIN was right: write it down.
    AuditRight(StaffId),
    /// A PIN was nobody's: write it down.
    AuditWrong,
    /// Read the list of people.
    ReadPeople(RequestId, String),
    /// Read one person.
    ReadPerson(RequestId, VisitorId),
    /// Change somebody's details, then read them.
    Edit(RequestId, VisitorId, PersonDetails, StaffId),
    /// Forget somebody.
    Forget(RequestId, VisitorId, StaffId),
    /// Recognition goes on, or is paused, by this member.
    SetRecognition(bool, StaffId),
    /// Say this, instead of whatever is being said; or be silent, if it is being said.
    ReadOut(Arc<str>, Language),
    /// The page that is read out, if it is, is gone.
    StopReading,
    /// Faces are wanted, or not any more.
    Look(bool),
    /// Compare this face with everybody on record.
    Compare(RequestId, Embedding),
    /// Keep this person.
    Save(RequestId, Box<Enrolled>),
}

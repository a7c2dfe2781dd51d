//! The words between the staff pages of the window and the `staff` room: what is shown, and what was touched.
//!
//! Everything here is personal (names, digits of a PIN, a live picture): `Debug` shows none of it, nothing of it is logged.

use std::{fmt, sync::Arc, time::Duration};

use super::{Fault, Language, VisitorId};

/// What staff do, or a visitor who is being enrolled. Sent over a bounded queue; when it is full the touch is dropped.
#[derive(Clone, PartialEq)]
pub enum StaffCommand {
    /// "Staff" was touched: the PIN pad opens.
    Open,
    /// "Close", "Cancel" or "Back to reception": back to the visitors' screens. Nothing unsaved is kept.
    Close,
    /// Something was touched that changes nothing but shows that somebody is there.
    StillThere,
    /// The language switch of the staff pages.
    SetLanguage(Language),
    /// A digit of the PIN, 0–9. The sixth one checks it.
    Digit(u8),
    /// The last digit of the PIN is taken back.
    EraseDigit,
    /// The list of people.
    ShowPeople,
    /// Only people whose name, phone or e-mail contains this; empty: all.
    Search(String),
    /// One person's page.
    ShowPerson(VisitorId),
    /// The person's details are changed.
    SaveDetails(VisitorId, PersonDetails),
    /// "Forget" was touched on a person's page: asks for confirmation.
    AskForget(VisitorId),
    /// The person is forgotten. Valid only after `AskForget`.
    ConfirmForget,
    /// "Keep" in the question whether to forget.
    CancelForget,
    /// Recognition is paused, or goes on (only where the configuration allows it at all).
    SetRecognition(bool),
    /// "Enrol a person": step 1, the name.
    BeginEnrolment,
    /// Step 1 is done: on to consent.
    SetDetails(PersonDetails),
    /// "Read out" on the consent page: the text is spoken, or no more.
    ReadOut,
    /// "Touch and hold to agree" was held to its end.
    Agree,
    /// "No, thank you", or "Stop, keep nothing": nothing is kept.
    Decline,
    /// The pictures are taken again from the first.
    StartOver,
    /// "This looks like …" was shown: it is somebody else, go on.
    NotTheSame,
    /// "This looks like …" was shown: it is the same person; their pictures are renewed.
    TheSame,
    /// "Done" on the last page.
    Finish,
}

impl fmt::Debug for StaffCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StaffCommand(not shown)")
    }
}

/// What is asked of a person. Only the name is needed.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct PersonDetails {
    /// How they want to be called, at most 60 letters.
    pub name: String,
    /// Telephone number as it was written; empty: none.
    pub phone: String,
    /// E-mail address; empty: none.
    pub email: String,
    /// Anything else, at most 200 letters.
    pub note: String,
    /// The language they are spoken to in; `None` until chosen.
    pub language: Option<Language>,
}

impl fmt::Debug for PersonDetails {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PersonDetails(not shown)")
    }
}

/// A field of [`PersonDetails`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DetailField {
    /// The name.
    Name,
    /// The telephone number.
    Phone,
    /// The e-mail address.
    Email,
    /// The note.
    Note,
}

/// Whether a person's data may still be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PersonStatus {
    /// They are recognised.
    Valid,
    /// The retention date is near: this many days left.
    EndsSoon {
        /// Days until the person is forgotten.
        days_left: u32,
    },
    /// The recogniser was changed: new pictures are needed.
    NeedsPictures,
    /// Forgotten: no name is left.
    Forgotten,
}

/// A row of the list of people.
#[derive(Clone, PartialEq, Eq)]
pub struct PersonRow {
    /// Who.
    pub id: VisitorId,
    /// Their name; empty when forgotten.
    pub name: String,
    /// When they were enrolled, or when they were forgotten.
    pub since: jiff::Timestamp,
    /// Until when they are kept.
    pub until: Option<jiff::Timestamp>,
    /// The last visit in which they were recognised.
    pub last_visit: Option<jiff::Timestamp>,
    /// Their state.
    pub status: PersonStatus,
}

/// The list of people.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct PeopleView {
    /// What is searched for.
    pub search: String,
    /// Those who match, by name.
    pub rows: Vec<PersonRow>,
    /// How many are valid (those that end soon included), end soon, are forgotten.
    pub counts: [u32; 3],
    /// Whether recognition works now; `None`: the configuration has it off.
    pub recognition: Option<bool>,
}

/// What was removed when a person was forgotten.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Removed {
    /// Patterns of the face.
    pub embeddings: u32,
    /// Aligned crops.
    pub crops: u32,
    /// Visits whose link to the person was cut.
    pub visits_unlinked: u32,
}

/// One person's page.
#[derive(Clone, PartialEq, Eq)]
pub struct PersonView {
    /// Their row.
    pub row: PersonRow,
    /// Their details.
    pub details: PersonDetails,
    /// Version of the consent text they agreed to.
    pub consent_version: String,
    /// The member of staff who enrolled them.
    pub enrolled_by: String,
    /// Whether "Forget" waits for confirmation.
    pub confirms_forget: bool,
    /// Set when they were just forgotten.
    pub removed: Option<Removed>,
    /// Set when changed details were refused: nothing of them was kept.
    pub refused: Option<Box<RefusedDetails>>,
}

/// Details that were to be saved and are not valid.
#[derive(Clone, PartialEq, Eq)]
pub struct RefusedDetails {
    /// Another one for each refusal, so that the page tells each once.
    pub number: u64,
    /// As they were written.
    pub details: PersonDetails,
    /// What is not valid.
    pub fields: Vec<DetailField>,
}

/// Why a PIN was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PinProblem {
    /// It is nobody's.
    Wrong {
        /// Attempts before the pad is locked.
        attempts_left: u32,
    },
    /// Too many were wrong.
    Locked {
        /// Minutes until the next attempt, rounded up.
        minutes: u32,
    },
    /// The attempt came too soon after a wrong one.
    Wait {
        /// Seconds until the next attempt, rounded up.
        seconds: u32,
    },
    /// No member of staff has a PIN yet: `majlis staff add` gives one.
    NobodyHasOne,
}

/// The PIN pad.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct PinView {
    /// How many digits were touched, 0–6.
    pub digits: u8,
    /// Whether the PIN is being checked.
    pub is_checking: bool,
    /// Why the last one was not taken. Stays until the next six digits.
    pub problem: Option<PinProblem>,
}

/// The consent text.
#[derive(Clone, PartialEq, Eq)]
pub struct ConsentView {
    /// Whose.
    pub name: String,
    /// The language of the text.
    pub language: Language,
    /// Its version, `3`.
    pub version: String,
    /// When that version was made, for people.
    pub dated: String,
    /// The question: “May I know you by your face?”
    pub title: String,
    /// The sentence below it.
    pub lead: String,
    /// What is kept, where, how long, what for, how to stop: icon, heading, text (dates filled in).
    pub points: Vec<ConsentPoint>,
}

/// One paragraph of the consent text.
#[derive(Clone, PartialEq, Eq)]
pub struct ConsentPoint {
    /// The name of its icon.
    pub icon: String,
    /// Its heading.
    pub heading: String,
    /// Its text.
    pub text: String,
}

/// Which way the face is turned for a picture. From the person's own point of view.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Pose {
    /// Straight at the camera.
    Front,
    /// To their left.
    Left,
    /// To their right.
    Right,
    /// Upwards.
    Up,
    /// Downwards.
    Down,
}

impl Pose {
    /// In the order in which they are taken.
    pub const ALL: [Self; 5] = [Self::Front, Self::Left, Self::Right, Self::Up, Self::Down];
}

/// A live picture with what was found in it.
#[derive(Clone, PartialEq)]
pub struct LivePicture {
    /// RGB, not mirrored; the window mirrors it like a mirror.
    pub picture: Arc<image::RgbImage>,
    /// The face: x, y, width, height in pixels of the picture.
    pub face: Option<[f32; 4]>,
}

/// How good something is: the measured value between the ends of its scale, and the good range, each 0..1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Gauge {
    /// The value.
    pub value: f32,
    /// From where to where it is good.
    pub good: [f32; 2],
}

impl Gauge {
    /// Whether the value is good.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.value >= self.good[0] && self.value <= self.good[1]
    }
}

/// Step 3: the pictures.
#[derive(Clone, PartialEq)]
pub struct CaptureView {
    /// Whose.
    pub name: String,
    /// What the camera sees; `None`: no picture comes.
    pub live: Option<LivePicture>,
    /// How many of [`Pose::ALL`] are taken.
    pub taken: usize,
    /// Why no picture is taken now, as a key of the translation files (`face.far`); `None`: hold still.
    pub problem: Option<&'static str>,
    /// Distance, light, sharpness.
    pub gauges: [Gauge; 3],
    /// Somebody on record who looks the same: the name and the similarity.
    pub looks_like: Option<(String, f32)>,
}

/// Safe mode's page for staff.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FaultView {
    /// What keeps the program from starting.
    pub fault: Arc<Fault>,
    /// Whether somebody showed their PIN, and may start or end the program here. Without a database no PIN can be
    /// checked: then the page only tells.
    pub may_act: bool,
}

/// What the staff pages show.
#[derive(Clone, PartialEq)]
pub enum StaffPage {
    /// The PIN pad.
    Pin(PinView),
    /// Everybody on record.
    People(PeopleView),
    /// One of them.
    Person(PersonView),
    /// Step 1. `refused` names the fields that are not valid.
    Details {
        /// What is known so far.
        details: PersonDetails,
        /// Fields that were refused.
        refused: Vec<DetailField>,
    },
    /// Step 2.
    Consent(ConsentView),
    /// Step 3.
    Capture(CaptureView),
    /// Safe mode: why the program does not start.
    Fault(FaultView),
    /// Step 4: the name, and until when it is kept.
    Done {
        /// Who was enrolled.
        name: String,
        /// Until when they are kept.
        until: jiff::Timestamp,
    },
}

/// The staff pages: immutable, replaced as a whole.
#[derive(Clone, PartialEq)]
pub struct StaffView {
    /// What is shown; `None`: the visitors' screens.
    pub page: Option<StaffPage>,
    /// The language of the pages.
    pub language: Language,
    /// The member of staff whose PIN it was.
    pub staff_name: String,
    /// When the pages close by themselves (`Clock`).
    pub closes_at: Duration,
}

impl StaffView {
    /// Closed.
    #[must_use]
    pub fn closed(language: Language) -> Self {
        Self { page: None, language, staff_name: String::new(), closes_at: Duration::MAX }
    }
}

impl fmt::Debug for StaffView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StaffView(not shown)")
    }
}

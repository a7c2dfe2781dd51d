//! Who did what to whom: every try of a PIN, enrolment, edit, forgetting, consent and switch of recognition.

use rusqlite::{Transaction, params};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    code::{self, Code},
    record::UnixMillis,
};

/// A member of staff. UUIDv7.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StaffId(pub Uuid);

/// Who did it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Actor {
    /// A member of staff.
    Staff(StaffId),
    /// Whoever may use the command line of the box.
    CommandLine,
    /// The kiosk by itself.
    Kiosk,
    /// The visitor concerned.
    Visitor,
    /// Nobody knows: a wrong PIN.
    Unknown,
}

const NAMED_ACTORS: [(Actor, &str); 4] = [
    (Actor::CommandLine, "command_line"),
    (Actor::Kiosk, "kiosk"),
    (Actor::Visitor, "visitor"),
    (Actor::Unknown, "unknown"),
];

impl std::fmt::Display for Actor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Self::Staff(id) = self {
            return id.0.fmt(f);
        }
        f.write_str(NAMED_ACTORS.iter().find(|(actor, _)| actor == self).map_or("", |(_, name)| name))
    }
}

impl Actor {
    /// The actor of that name or id.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let named = NAMED_ACTORS.iter().find(|(_, name)| *name == text).map(|(actor, _)| *actor);
        named.or_else(|| text.parse().ok().map(|id| Self::Staff(StaffId(id))))
    }

    /// The member of staff, if it was one.
    #[must_use]
    pub fn staff(self) -> Option<StaffId> {
        match self {
            Self::Staff(id) => Some(id),
            _ => None,
        }
    }
}

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuditAction {
    /// A PIN was right.
    PinRight,
    /// A PIN was nobody's.
    PinWrong,
    /// A member of staff was added.
    StaffAdded,
    /// A member of staff was removed.
    StaffRemoved,
    /// A person agreed.
    Consented,
    /// A person was enrolled.
    Enrolled,
    /// The pictures of a person were renewed.
    PicturesRenewed,
    /// New patterns were made of kept pictures, for another recogniser.
    EmbeddedAgain,
    /// Details of a person were changed.
    Edited,
    /// A person was forgotten.
    Forgotten,
    /// Somebody who was greeted by name said that it is not theirs.
    Denied,
    /// Recognition was turned on.
    RecognitionOn,
    /// Recognition was paused.
    RecognitionOff,
    /// An appointment was cancelled by staff.
    AppointmentCancelled,
}

impl Code for AuditAction {
    const ALL: &'static [(Self, &'static str)] = &[
        (Self::PinRight, "pin_right"),
        (Self::PinWrong, "pin_wrong"),
        (Self::StaffAdded, "staff_added"),
        (Self::StaffRemoved, "staff_removed"),
        (Self::Consented, "consented"),
        (Self::Enrolled, "enrolled"),
        (Self::PicturesRenewed, "pictures_renewed"),
        (Self::EmbeddedAgain, "embedded_again"),
        (Self::Edited, "edited"),
        (Self::Forgotten, "forgotten"),
        (Self::Denied, "denied"),
        (Self::RecognitionOn, "recognition_on"),
        (Self::RecognitionOff, "recognition_off"),
        (Self::AppointmentCancelled, "appointment_cancelled"),
    ];
}

/// A line of the audit log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// So that an entry that is written twice is there once.
    pub id: Uuid,
    /// When.
    pub at: UnixMillis,
    /// Who.
    pub actor: Actor,
    /// What.
    #[serde(with = "code")]
    pub action: AuditAction,
    /// The visitor, member of staff or appointment concerned, if any.
    pub subject: Option<Uuid>,
    /// More about it. Nothing secret, nothing personal.
    pub detail: String,
}

impl AuditEntry {
    /// An entry without details.
    #[must_use]
    pub fn new(at: UnixMillis, actor: Actor, action: AuditAction, subject: Option<Uuid>) -> Self {
        Self { id: Uuid::now_v7(), at, actor, action, subject, detail: String::new() }
    }

    /// The same with details.
    #[must_use]
    pub fn with_detail(self, detail: impl Into<String>) -> Self {
        Self { detail: detail.into(), ..self }
    }
}

pub(super) fn write(transaction: &Transaction<'_>, entry: &AuditEntry) -> rusqlite::Result<()> {
    let subject = entry.subject.map(|subject| subject.to_string()).unwrap_or_default();
    transaction
        .prepare_cached("INSERT OR IGNORE INTO audit_log VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?
        .execute(params![
            entry.id.to_string(),
            entry.at.0,
            entry.actor.to_string(),
            entry.action.code(),
            subject,
            entry.detail
        ])
        .map(drop)
}

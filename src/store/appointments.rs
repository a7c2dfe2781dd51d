//! Appointments. Two kiosks on one database at once are both right: a booking looks and writes in one transaction that
//! is alone from its first statement, and the tables refuse what would overlap.

use jiff::Timestamp;
use rusqlite::{ErrorCode, OptionalExtension as _, Row, Transaction, params};
use uuid::Uuid;

use super::{
    Actor, AuditAction, AuditEntry, People, PeopleReader, StoreError, audit,
    code::Code,
    connection::{Database, ensure_visit},
    key::{Cell, Key},
    people::is_on_record,
    reader::{optional_code, unreadable, uuid},
    record::UnixMillis,
};
use crate::event::{VisitId, VisitorId};

/// How often a change is tried while another process writes; each try waits for half a second.
const TRIES: u32 = 4;

/// How many codes are tried before a booking is given up.
const CODES: u32 = 16;

/// Whether an appointment stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AppointmentStatus {
    /// It does.
    Booked,
    /// It does not any more.
    Cancelled,
}

impl Code for AppointmentStatus {
    const ALL: &'static [(Self, &'static str)] = &[(Self::Booked, "booked"), (Self::Cancelled, "cancelled")];
}

/// An appointment as it is in the database, without name and number.
#[derive(Clone, PartialEq, Eq)]
pub struct Appointment {
    /// Which.
    pub id: Uuid,
    /// What the visitor names it by.
    pub code: String,
    /// With whom: the id of a host.
    pub host: String,
    /// When it begins.
    pub start: Timestamp,
    /// When it ends.
    pub end: Timestamp,
    /// Whether it stands.
    pub status: AppointmentStatus,
    /// Whose it is, if they are on record.
    pub visitor: Option<VisitorId>,
    /// The visit in which it was booked.
    pub visit: Option<VisitId>,
}

impl std::fmt::Debug for Appointment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The code opens it: it is not shown.
        write!(f, "Appointment({}, {}, {} to {}, {:?})", self.id, self.host, self.start, self.end, self.status)
    }
}

/// An appointment to be booked. Personal.
#[derive(Clone, PartialEq, Eq)]
pub struct NewAppointment {
    /// With whom.
    pub host: String,
    /// When it begins.
    pub start: Timestamp,
    /// When it ends.
    pub end: Timestamp,
    /// Whose it is, if they are on record.
    pub visitor: Option<VisitorId>,
    /// The visit in which it is booked.
    pub visit: VisitId,
    /// What they want to be called; kept until it is over or cancelled.
    pub name: Option<String>,
    /// Their number as E.164; kept until it is over or cancelled.
    pub phone: Option<String>,
}

/// What became of a booking or a move.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Booking {
    /// It stands.
    Done(Appointment),
    /// Somebody else has that time, or a part of it.
    Taken,
    /// There is no such appointment, or it is cancelled.
    Gone,
}

/// An appointment with what staff may see. Personal.
#[derive(Clone, PartialEq, Eq)]
pub struct StaffAppointment {
    /// The appointment.
    pub appointment: Appointment,
    /// The name that was given for it, or that of the person on record.
    pub name: Option<String>,
    /// The number that was given for it.
    pub phone: Option<String>,
}

const COLUMNS: &str = "SELECT id, code, host, start_at, end_at, status, visitor, visit FROM appointments";

/// The appointments of ?1 that are not over at ?2, the next first.
pub(super) const OPEN_OF_VISITOR: &str =
    "SELECT id, code, host, start_at, end_at, status, visitor, visit FROM appointments
     WHERE visitor = ?1 AND status = 'booked' AND end_at > ?2 ORDER BY start_at, id";

/// The last appointments of ?1 that are over at ?2, the latest first.
pub(super) const PAST_OF_VISITOR: &str =
    "SELECT id, code, host, start_at, end_at, status, visitor, visit FROM appointments
     WHERE visitor = ?1 AND status = 'booked' AND end_at <= ?2 ORDER BY start_at DESC, id LIMIT 12";

impl People {
    /// Books an appointment. `code` draws a code; it is called again while the one it gave is in use.
    ///
    /// # Errors
    /// The database did not take it: nothing is booked.
    pub async fn book(
        &self,
        new: NewAppointment,
        now: UnixMillis,
        mut code: impl FnMut() -> String + Send + 'static,
    ) -> Result<Booking, StoreError> {
        let key = self.key.clone();
        self.writer
            .change(move |database| patiently(database, |transaction| book(transaction, &key, &new, now, &mut code)))
            .await
    }

    /// Moves an appointment to another time, maybe with another host. Its code stays.
    ///
    /// # Errors
    /// The database did not take it: it stays where it was.
    pub async fn move_appointment(
        &self,
        id: Uuid,
        host: String,
        [start, end]: [Timestamp; 2],
        now: UnixMillis,
    ) -> Result<Booking, StoreError> {
        self.writer
            .change(move |database| {
                patiently(database, |transaction| {
                    if is_taken(transaction, &host, [start, end], &id.to_string())? {
                        return Ok(Booking::Taken);
                    }
                    transaction.execute(
                        "UPDATE appointments SET host = ?2, start_at = ?3, end_at = ?4, changed_at = ?5
                         WHERE id = ?1 AND status = 'booked'",
                        params![id.to_string(), host, start.as_millisecond(), end.as_millisecond(), now.0],
                    )?;
                    still_booked(transaction, id)
                })
            })
            .await
    }

    /// Cancels an appointment; name and number leave it, the time is free again. Gives it as it was; `None`: there is no
    /// such appointment, or it is cancelled already.
    ///
    /// # Errors
    /// The database did not take it.
    pub async fn cancel_appointment(
        &self,
        id: Uuid,
        actor: Actor,
        now: UnixMillis,
    ) -> Result<Option<Appointment>, StoreError> {
        self.writer
            .change(move |database| {
                patiently(database, |transaction| {
                    let Booking::Done(appointment) = still_booked(transaction, id)? else { return Ok(None) };
                    transaction.execute(
                        "UPDATE appointments SET status = 'cancelled', name = NULL, phone = NULL, changed_at = ?2
                         WHERE id = ?1",
                        params![id.to_string(), now.0],
                    )?;
                    if actor != Actor::Visitor {
                        let entry = AuditEntry::new(now, actor, AuditAction::AppointmentCancelled, Some(id));
                        audit::write(transaction, &entry)?;
                    }
                    Ok(Some(appointment))
                })
            })
            .await
    }
}

/// A locked database is tried again: a visitor waits, and two kiosks seldom book at the same moment.
fn patiently<T>(
    database: &mut Database,
    mut change: impl FnMut(&Transaction<'_>) -> rusqlite::Result<T>,
) -> Result<T, StoreError> {
    let mut tries = 1;
    loop {
        match database.change(&mut change) {
            Err(StoreError::Sqlite { source, .. })
                if source.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) && tries < TRIES =>
            {
                tries += 1;
            }
            done => return done,
        }
    }
}

/// Whether the host has an appointment other than `own` within that time.
fn is_taken(
    transaction: &Transaction<'_>,
    host: &str,
    [start, end]: [Timestamp; 2],
    own: &str,
) -> rusqlite::Result<bool> {
    transaction
        .prepare_cached(
            "SELECT 1 FROM appointments WHERE host = ?1 AND status = 'booked' AND id <> ?4
             AND start_at > ?2 - 28800000 AND start_at < ?3 AND end_at > ?2",
        )?
        .exists(params![host, start.as_millisecond(), end.as_millisecond(), own])
}

fn still_booked(transaction: &Transaction<'_>, id: Uuid) -> rusqlite::Result<Booking> {
    let found = transaction
        .prepare_cached(&format!("{COLUMNS} WHERE id = ?1 AND status = 'booked'"))?
        .query_row([id.to_string()], read)
        .optional()?;
    Ok(found.map_or(Booking::Gone, Booking::Done))
}

fn book(
    transaction: &Transaction<'_>,
    key: &Key,
    new: &NewAppointment,
    now: UnixMillis,
    code: &mut impl FnMut() -> String,
) -> rusqlite::Result<Booking> {
    if is_taken(transaction, &new.host, [new.start, new.end], "")? {
        return Ok(Booking::Taken);
    }
    let visit = new.visit.to_string();
    ensure_visit(transaction, &visit, now.0)?;
    // Somebody who was forgotten a moment ago books as nobody on record.
    let visitor = match new.visitor {
        Some(visitor) if is_on_record(transaction, visitor)? => Some(visitor),
        _ => None,
    };
    let mut in_use = transaction.prepare_cached("SELECT 1 FROM appointments WHERE code = ?1")?;
    let mut chosen = code();
    for _ in 1..CODES {
        if !in_use.exists([&chosen])? {
            break;
        }
        chosen = code();
    }
    let id = Uuid::now_v7();
    let row = id.to_string();
    let seal = |column: &'static str, text: &Option<String>| {
        text.as_ref().map(|text| key.seal(Cell { table: "appointments", column, row: &row }, text.as_bytes()))
    };
    transaction.execute(
        "INSERT INTO appointments VALUES (?1, ?2, ?3, ?4, ?5, 'booked', ?6, ?7, ?8, ?9, ?10, ?10)",
        params![
            row,
            chosen,
            new.host,
            new.start.as_millisecond(),
            new.end.as_millisecond(),
            visitor.map(|visitor| visitor.to_string()),
            visit,
            seal("name", &new.name),
            seal("phone", &new.phone),
            now.0,
        ],
    )?;
    still_booked(transaction, id)
}

/// A row of [`COLUMNS`].
pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Appointment> {
    let visit: Option<String> = row.get(7)?;
    let visitor: Option<String> = row.get(6)?;
    Ok(Appointment {
        id: uuid(row, 0)?,
        code: row.get(1)?,
        host: row.get(2)?,
        start: UnixMillis(row.get(3)?).timestamp(),
        end: UnixMillis(row.get(4)?).timestamp(),
        status: optional_code(row, 5)?.ok_or_else(|| unreadable(5, "a status"))?,
        visitor: visitor.map(|id| id.parse().map(VisitorId).map_err(|_| unreadable(6, "a UUID"))).transpose()?,
        visit: visit.map(|id| id.parse().map(VisitId).map_err(|_| unreadable(7, "a UUID"))).transpose()?,
    })
}

impl PeopleReader {
    /// When the host is met between two times, by their beginnings.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn taken(&self, host: &str, [from, to]: [Timestamp; 2]) -> Result<Vec<[Timestamp; 2]>, StoreError> {
        let sql = "SELECT start_at, end_at FROM appointments WHERE host = ?1 AND status = 'booked'
                   AND start_at > ?2 - 28800000 AND start_at < ?3 AND end_at > ?2 ORDER BY start_at";
        self.rows(sql, params![host, from.as_millisecond(), to.as_millisecond()], |row| {
            Ok([UnixMillis(row.get(0)?).timestamp(), UnixMillis(row.get(1)?).timestamp()])
        })
    }

    /// The appointment with that code, cancelled or over as it may be.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn appointment(&self, code: &str) -> Result<Option<Appointment>, StoreError> {
        Ok(self.rows(&format!("{COLUMNS} WHERE code = ?1"), [code], read)?.into_iter().next())
    }

    /// The appointments of a person that are not over, the next first.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn appointments_of(&self, visitor: VisitorId, now: UnixMillis) -> Result<Vec<Appointment>, StoreError> {
        self.rows(OPEN_OF_VISITOR, params![visitor.to_string(), now.0], read)
    }

    /// The appointments that were booked in a visit and are not over, the next first.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn booked_in(&self, visit: VisitId, now: UnixMillis) -> Result<Vec<Appointment>, StoreError> {
        let sql = format!("{COLUMNS} WHERE visit = ?1 AND status = 'booked' AND end_at > ?2 ORDER BY start_at, id");
        self.rows(&sql, params![visit.to_string(), now.0], read)
    }

    /// The appointments that begin between two times, with what staff may see of them, by their beginnings. Names and
    /// numbers that do not open with the key are left out.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn appointments_between(&self, [from, to]: [Timestamp; 2]) -> Result<Vec<StaffAppointment>, StoreError> {
        let sql = "SELECT appointments.id, code, host, start_at, end_at, status, visitor, visit, appointments.name,
                       appointments.phone, visitors.name
                   FROM appointments LEFT JOIN visitors ON visitors.id = visitor
                   WHERE start_at >= ?1 AND start_at < ?2 ORDER BY start_at, host, appointments.id";
        let open = |table, column, row: &str, sealed: Option<Vec<u8>>| {
            String::from_utf8(self.key.open(Cell { table, column, row }, &sealed?)?).ok()
        };
        self.rows(sql, params![from.as_millisecond(), to.as_millisecond()], |row| {
            let appointment = read(row)?;
            let id = appointment.id.to_string();
            let on_record = appointment.visitor.map(|visitor| visitor.to_string()).unwrap_or_default();
            let name = open("appointments", "name", &id, row.get(8)?);
            Ok(StaffAppointment {
                name: name.or(open("visitors", "name", &on_record, row.get(10)?)),
                phone: open("appointments", "phone", &id, row.get(9)?),
                appointment,
            })
        })
    }
}

//! Changing what is known of people. Every change goes through the store's writer thread, as a whole or not at all, and
//! leaves a line in the audit log.

use std::{path::PathBuf, sync::Arc};

use rusqlite::{OptionalExtension as _, Transaction, params};
use uuid::Uuid;

use super::{
    StoreError, StoreWriter,
    audit::{self, Actor, AuditAction, AuditEntry, StaffId},
    code::Code,
    connection::Database,
    key::{Cell, Key},
    memory,
    people_reader::PeopleReader,
    person::{NewFace, NewPerson},
    record::{Record, UnixMillis},
};
use crate::event::{
    VisitorId,
    staff::{PersonDetails, Removed},
};

/// The people on record. Cheap to clone.
#[derive(Clone)]
pub struct People {
    path: Arc<PathBuf>,
    pub(super) writer: StoreWriter,
    pub(super) key: Key,
}

impl People {
    pub(super) fn new(path: PathBuf, writer: StoreWriter, key: Key) -> Self {
        Self { path: Arc::new(path), writer: writer.sealing(key.clone()), key }
    }

    /// A connection that reads. Opening and using it blocks the thread for some milliseconds.
    ///
    /// # Errors
    /// The database is not there yet, or cannot be read.
    pub fn reader(&self) -> Result<PeopleReader, StoreError> {
        PeopleReader::open(&self.path, self.key.clone())
    }

    /// Hands `record` over to be written, some time later.
    pub fn record(&self, record: Record) {
        self.writer.record(record);
    }

    /// Waits until the database is open and up to date.
    ///
    /// # Errors
    /// It cannot be used.
    pub async fn ready(&self) -> Result<(), StoreError> {
        self.writer.change(|_| Ok(())).await
    }

    /// Writes down somebody who agreed, with consent, patterns and, where consent covers them, crops; or renews those
    /// of somebody on record. Gives their id.
    ///
    /// # Errors
    /// The database did not take it, or the person to be renewed is not on record: nothing is kept.
    pub async fn enrol(&self, person: NewPerson, now: UnixMillis) -> Result<VisitorId, StoreError> {
        let key = self.key.clone();
        self.writer
            .change(move |database| {
                let id = person.renews.unwrap_or_else(VisitorId::generate);
                let done = database.change(|transaction| enrol(transaction, &key, id, &person, now))?;
                if person.renews.is_some() {
                    empty_journal(database);
                }
                if done { Ok(id) } else { Err(unknown(id)) }
            })
            .await
    }

    /// Replaces a person's details. The language is kept where none is given.
    ///
    /// # Errors
    /// There is no such person, or the database did not take it.
    pub async fn edit(
        &self,
        id: VisitorId,
        details: PersonDetails,
        actor: Actor,
        now: UnixMillis,
    ) -> Result<(), StoreError> {
        let key = self.key.clone();
        self.writer
            .change(move |database| {
                let done = database.change(|transaction| edit(transaction, &key, id, &details, actor, now))?;
                if done { Ok(()) } else { Err(unknown(id)) }
            })
            .await
    }

    /// Forgets a person: details, patterns, crops, preferences, the words of summaries, name and number of appointments
    /// and the links from visits and appointments are removed; what is left is that somebody was enrolled and forgotten,
    /// and when. An appointment that lies ahead stays booked, as nobody's: they still have its code. Tells what was
    /// removed.
    ///
    /// # Errors
    /// There is no such person, or the database did not take it.
    pub async fn forget(&self, id: VisitorId, actor: Actor, now: UnixMillis) -> Result<Removed, StoreError> {
        self.writer
            .change(move |database| {
                let removed = database.change(|transaction| forget(transaction, id, actor, "", now))?;
                empty_journal(database);
                removed.ok_or_else(|| unknown(id))
            })
            .await
    }

    /// Forgets everybody whose time is over, and what was kept of people who are not on record: names and numbers of
    /// appointments that are over, words of old summaries. Gives the ids.
    ///
    /// # Errors
    /// The database did not take it.
    pub async fn forget_expired(&self, now: UnixMillis) -> Result<Vec<VisitorId>, StoreError> {
        self.writer
            .change(move |database| {
                let expired = database.change(|transaction| {
                    let mut statement = transaction.prepare_cached(
                        "SELECT id FROM visitors WHERE forgotten_at IS NULL AND retained_until <= ?1 ORDER BY id",
                    )?;
                    let ids: Vec<String> = statement.query_map([now.0], |row| row.get(0))?.collect::<Result<_, _>>()?;
                    let ids: Vec<VisitorId> = ids.iter().filter_map(|id| id.parse().ok().map(VisitorId)).collect();
                    for id in &ids {
                        forget(transaction, *id, Actor::Kiosk, "the time they are kept is over", now)?;
                    }
                    let of_nobody = memory::forget_of_nobody(transaction, now)?;
                    Ok((ids, of_nobody))
                })?;
                let (expired, of_nobody) = expired;
                if !expired.is_empty() || of_nobody > 0 {
                    empty_journal(database);
                }
                Ok(expired)
            })
            .await
    }

    /// Adds patterns that were made of a person's kept crops by another recogniser.
    ///
    /// # Errors
    /// The person is not on record any more, or the database did not take it.
    pub async fn add_faces(&self, id: VisitorId, faces: Vec<NewFace>, now: UnixMillis) -> Result<(), StoreError> {
        let key = self.key.clone();
        self.writer
            .change(move |database| {
                let done = database.change(|transaction| {
                    if !is_on_record(transaction, id)? {
                        return Ok(false);
                    }
                    for face in &faces {
                        insert_embedding(transaction, &key, id, face, now)?;
                    }
                    let detail = format!("{} pattern(s)", faces.len());
                    let entry = AuditEntry::new(now, Actor::Kiosk, AuditAction::EmbeddedAgain, Some(id.0));
                    audit::write(transaction, &entry.with_detail(detail))?;
                    Ok(true)
                })?;
                if done { Ok(()) } else { Err(unknown(id)) }
            })
            .await
    }

    /// Adds a member of staff with the hash of their PIN (PHC string).
    ///
    /// # Errors
    /// The database did not take it.
    pub async fn add_staff(&self, name: String, pin_hash: String, now: UnixMillis) -> Result<StaffId, StoreError> {
        self.writer
            .change(move |database| {
                database.change(|transaction| {
                    let id = StaffId(Uuid::now_v7());
                    transaction.execute(
                        "INSERT INTO staff (id, name, pin_hash, created_at) VALUES (?1, ?2, ?3, ?4)",
                        params![id.0.to_string(), name, pin_hash, now.0],
                    )?;
                    let entry = AuditEntry::new(now, Actor::CommandLine, AuditAction::StaffAdded, Some(id.0));
                    audit::write(transaction, &entry)?;
                    Ok(id)
                })
            })
            .await
    }

    /// Removes a member of staff: their PIN is nobody's any more. Their name stays with those they enrolled.
    ///
    /// # Errors
    /// There is no such member of staff, or the database did not take it.
    pub async fn remove_staff(&self, id: StaffId, now: UnixMillis) -> Result<(), StoreError> {
        self.writer
            .change(move |database| {
                let removed = database.change(|transaction| {
                    let removed = transaction.execute(
                        "UPDATE staff SET pin_hash = NULL, removed_at = ?2 WHERE id = ?1 AND removed_at IS NULL",
                        params![id.0.to_string(), now.0],
                    )?;
                    if removed > 0 {
                        let entry = AuditEntry::new(now, Actor::CommandLine, AuditAction::StaffRemoved, Some(id.0));
                        audit::write(transaction, &entry)?;
                    }
                    Ok(removed)
                })?;
                if removed > 0 {
                    Ok(())
                } else {
                    Err(StoreError::Unknown { what: "member of staff", id: id.0, list: "staff list" })
                }
            })
            .await
    }
}

pub(super) fn unknown(id: VisitorId) -> StoreError {
    StoreError::Unknown { what: "visitor", id: id.0, list: "visitors list" }
}

/// What was deleted must not stay in the journal.
fn empty_journal(database: &Database) {
    if !database.empty_journal() {
        tracing::warn!("the database's journal is in use: what was deleted leaves it with the next change");
    }
}

pub(super) fn is_on_record(transaction: &Transaction<'_>, id: VisitorId) -> rusqlite::Result<bool> {
    transaction
        .prepare_cached("SELECT 1 FROM visitors WHERE id = ?1 AND forgotten_at IS NULL")?
        .exists([id.to_string()])
}

/// Whether it was done: somebody to be renewed may have been forgotten meanwhile.
fn enrol(
    transaction: &Transaction<'_>,
    key: &Key,
    id: VisitorId,
    person: &NewPerson,
    now: UnixMillis,
) -> rusqlite::Result<bool> {
    let row = id.to_string();
    let sealed = SealedDetails::of(key, &row, &person.details);
    let language = person.language.code();
    if person.renews.is_some() {
        let found = transaction.execute(
            "UPDATE visitors SET name = coalesce(?2, name), phone_hash = NULL, phone = coalesce(?3, phone), email = coalesce(?4, email),
                    note = coalesce(?5, note), language = ?6, retained_until = max(retained_until, ?7)
             WHERE id = ?1 AND forgotten_at IS NULL",
            params![row, sealed.name, sealed.phone, sealed.email, sealed.note, language, person.retained_until.0],
        )?;
        if found == 0 {
            return Ok(false);
        }
        transaction.execute("DELETE FROM embeddings WHERE visitor = ?1", [&row])?;
        transaction.execute("DELETE FROM crops WHERE visitor = ?1", [&row])?;
    } else {
        transaction.execute(
            "INSERT INTO visitors (id, name, phone, email, note, language, created_at, retained_until)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            params![
                row,
                sealed.name,
                sealed.phone,
                sealed.email,
                sealed.note,
                language,
                now.0,
                person.retained_until.0
            ],
        )?;
    }
    let consent = &person.consent;
    transaction.execute(
        "INSERT INTO consents VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        params![
            Uuid::now_v7().to_string(),
            row,
            consent.text_version,
            consent.text_sha256,
            consent.language.code(),
            consent.agreed_at.0,
            person.by.staff().map(|staff| staff.0.to_string()),
            consent.covers_crops,
        ],
    )?;
    for face in &person.faces {
        insert_embedding(transaction, key, id, face, now)?;
        if let (true, Some(png)) = (consent.covers_crops, &face.crop_png) {
            insert_crop(transaction, key, id, face, png, now)?;
        }
    }
    let agreed = AuditEntry::new(consent.agreed_at, person.by, AuditAction::Consented, Some(id.0));
    audit::write(transaction, &agreed.with_detail(format!("text {}", consent.text_version)))?;
    let action = if person.renews.is_some() { AuditAction::PicturesRenewed } else { AuditAction::Enrolled };
    audit::write(transaction, &AuditEntry::new(now, person.by, action, Some(id.0)))?;
    Ok(true)
}

fn insert_embedding(
    transaction: &Transaction<'_>,
    key: &Key,
    visitor: VisitorId,
    face: &NewFace,
    now: UnixMillis,
) -> rusqlite::Result<()> {
    let id = Uuid::now_v7().to_string();
    let bytes: Vec<u8> = face.values.iter().flat_map(|value| value.to_le_bytes()).collect();
    let sealed = key.seal(Cell { table: "embeddings", column: "vector", row: &id }, &bytes);
    transaction
        .prepare_cached("INSERT INTO embeddings VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?
        .execute(params![id, visitor.to_string(), face.recogniser, face.pose.code(), face.quality, sealed, now.0])
        .map(drop)
}

fn insert_crop(
    transaction: &Transaction<'_>,
    key: &Key,
    visitor: VisitorId,
    face: &NewFace,
    png: &[u8],
    now: UnixMillis,
) -> rusqlite::Result<()> {
    let id = Uuid::now_v7().to_string();
    let sealed = key.seal(Cell { table: "crops", column: "picture", row: &id }, png);
    transaction
        .prepare_cached("INSERT INTO crops VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?
        .execute(params![id, visitor.to_string(), face.pose.code(), face.quality, sealed, now.0])
        .map(drop)
}

/// Whether the person is on record.
fn edit(
    transaction: &Transaction<'_>,
    key: &Key,
    id: VisitorId,
    details: &PersonDetails,
    actor: Actor,
    now: UnixMillis,
) -> rusqlite::Result<bool> {
    let row = id.to_string();
    let before: Option<[Option<Vec<u8>>; 4]> = transaction
        .prepare_cached("SELECT name, phone, email, note FROM visitors WHERE id = ?1 AND forgotten_at IS NULL")?
        .query_row([&row], |row| Ok([row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?]))
        .optional()?;
    let Some(before) = before else { return Ok(false) };
    let after = SealedDetails::of(key, &row, details);
    transaction.execute(
        "UPDATE visitors SET name = coalesce(?2, name), phone_hash = NULL, phone = ?3, email = ?4, note = ?5,
                language = coalesce(?6, language) WHERE id = ?1",
        params![
            row,
            after.name,
            after.phone,
            after.email,
            after.note,
            details.language.map(|language| language.code().to_owned())
        ],
    )?;
    let columns = SealedDetails::COLUMNS.iter().zip(before).zip(details_in_order(details));
    let changed: Vec<&str> = columns
        .filter(|((column, before), after)| {
            let cell = Cell { table: "visitors", column, row: &row };
            let before = before.as_ref().map_or_else(|| Some(Vec::new()), |sealed| key.open(cell, sealed));
            before.as_deref() != Some(after.as_bytes())
        })
        .map(|((column, _), _)| *column)
        .collect();
    let entry = AuditEntry::new(now, actor, AuditAction::Edited, Some(id.0));
    audit::write(transaction, &entry.with_detail(changed.join(", ")))?;
    Ok(true)
}

/// What was removed; `None`: they are not on record.
fn forget(
    transaction: &Transaction<'_>,
    id: VisitorId,
    actor: Actor,
    detail: &str,
    now: UnixMillis,
) -> rusqlite::Result<Option<Removed>> {
    let row = id.to_string();
    if !is_on_record(transaction, id)? {
        return Ok(None);
    }
    let remove = |sql: &str| -> rusqlite::Result<u32> {
        transaction.execute(sql, [&row]).map(|rows| u32::try_from(rows).unwrap_or(u32::MAX))
    };
    let removed = Removed {
        embeddings: remove("DELETE FROM embeddings WHERE visitor = ?1")?,
        crops: remove("DELETE FROM crops WHERE visitor = ?1")?,
        visits_unlinked: remove("UPDATE visits SET visitor = NULL WHERE visitor = ?1")?,
    };
    memory::forget(transaction, &row)?;
    transaction.execute(
        "UPDATE visitors SET name = NULL, phone_hash = NULL, phone = NULL, email = NULL, note = NULL, language = NULL,
                last_visit_at = NULL, retained_until = NULL, forgotten_at = ?2 WHERE id = ?1",
        params![row, now.0],
    )?;
    audit::write(transaction, &AuditEntry::new(now, actor, AuditAction::Forgotten, Some(id.0)).with_detail(detail))?;
    Ok(Some(removed))
}

fn details_in_order(details: &PersonDetails) -> [&str; 4] {
    [&details.name, &details.phone, &details.email, &details.note]
}

/// A person's details as they are stored; `None`: empty.
struct SealedDetails {
    name: Option<Vec<u8>>,
    phone: Option<Vec<u8>>,
    email: Option<Vec<u8>>,
    note: Option<Vec<u8>>,
}

impl SealedDetails {
    const COLUMNS: [&str; 4] = ["name", "phone", "email", "note"];

    fn of(key: &Key, row: &str, details: &PersonDetails) -> Self {
        let seal = |column: &'static str, text: &str| {
            (!text.is_empty()).then(|| key.seal(Cell { table: "visitors", column, row }, text.as_bytes()))
        };
        Self {
            name: seal("name", &details.name),
            phone: seal("phone", &details.phone),
            email: seal("email", &details.email),
            note: seal("note", &details.note),
        }
    }
}

//! Reading people back: lists, one person, patterns for the gallery, staff, the audit log.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags, OptionalExtension as _, Row, params};

use super::{
    StoreError,
    audit::{Actor, AuditAction, AuditEntry, StaffId},
    code::Code,
    connection::BUSY_TIMEOUT,
    key::{Cell, Key},
    person::{Consent, PeopleList, PersonRecord, StaffRow, StoredCrop, StoredFace, StoredFaces},
    reader::{optional_code, unreadable, uuid},
    record::UnixMillis,
    search::{Needle, fold},
};
use crate::event::{
    KnownVisitor, Language, VisitorId,
    staff::{PersonDetails, PersonRow, PersonStatus, Pose},
};

/// From this many days before the end of the time that a person is kept, staff are told.
const ENDS_SOON_DAYS: i64 = 30;

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// A connection that only reads people, and the key. Blocks its thread for the time of a query.
pub struct PeopleReader {
    connection: Connection,
    path: PathBuf,
    pub(super) key: Key,
}

/// A row of `visitors`, not yet opened.
struct SealedPerson {
    id: VisitorId,
    /// Name, phone, e-mail, note.
    details: [Option<Vec<u8>>; 4],
    language: Option<Language>,
    created_at: UnixMillis,
    last_visit_at: Option<UnixMillis>,
    retained_until: Option<UnixMillis>,
    forgotten_at: Option<UnixMillis>,
    has_pictures: bool,
}

const PERSON_COLUMNS: &str = "SELECT id, name, phone, email, note, language, created_at, last_visit_at,
        retained_until, forgotten_at,
        EXISTS (SELECT 1 FROM embeddings WHERE visitor = visitors.id AND recogniser = ?1)
    FROM visitors";

impl PeopleReader {
    pub(super) fn open(path: &Path, key: Key) -> Result<Self, StoreError> {
        let sqlite_error = |source| StoreError::Sqlite { path: path.to_owned(), source };
        let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(sqlite_error)?;
        connection.busy_timeout(BUSY_TIMEOUT).map_err(sqlite_error)?;
        Ok(Self { connection, path: path.to_owned(), key })
    }

    /// Everybody whose name, telephone number or e-mail contains `search`, as the recogniser in use sees them.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn list(&self, search: &str, recogniser: &str, now: UnixMillis) -> Result<PeopleList, StoreError> {
        let people =
            self.read(|connection| rows(connection, PERSON_COLUMNS, params![recogniser], SealedPerson::read))?;
        let needle = Needle::new(search);
        let mut list = PeopleList::default();
        let [valid, ends_soon, forgotten] = &mut list.counts;
        for person in people {
            let Some(details) = person.open(&self.key) else {
                list.unreadable.push(person.id);
                continue;
            };
            let row = person.row(&details, now);
            match row.status {
                PersonStatus::Valid => *valid += 1,
                PersonStatus::EndsSoon { .. } => {
                    *valid += 1;
                    *ends_soon += 1;
                }
                PersonStatus::Forgotten => *forgotten += 1,
                PersonStatus::NeedsPictures => {}
            }
            if needle.fits(&details.name, &details.phone, &details.email) {
                list.rows.push(row);
            }
        }
        list.rows.sort_by_cached_key(|row| (row.status == PersonStatus::Forgotten, fold(&row.name), row.id));
        Ok(list)
    }

    /// One person. `None`: there is none, or what is kept of them does not decrypt.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn person(&self, id: VisitorId, recogniser: &str, now: UnixMillis) -> Result<Option<PersonRecord>, StoreError> {
        let Some(person) = self.sealed(id, recogniser)? else { return Ok(None) };
        let Some(details) = person.open(&self.key) else { return Ok(None) };
        let key = id.to_string();
        let consent = self.read(|connection| {
            connection
                .prepare_cached(
                    "SELECT text_version, text_sha256, language, agreed_at, covers_crops, staff.name
                     FROM consents LEFT JOIN staff ON staff.id = consents.staff
                     WHERE visitor = ?1 ORDER BY agreed_at DESC, consents.id DESC LIMIT 1",
                )?
                .query_row([&key], |row| {
                    let consent = Consent {
                        text_version: row.get(0)?,
                        text_sha256: row.get(1)?,
                        language: language(row, 2)?.unwrap_or(Language::ENGLISH),
                        agreed_at: UnixMillis(row.get(3)?),
                        covers_crops: row.get(4)?,
                    };
                    Ok((consent, row.get::<_, Option<String>>(5)?))
                })
                .optional()
        })?;
        let [own, others, crops, visits] = self.read(|connection| {
            connection
                .prepare_cached(
                    "SELECT (SELECT count(*) FROM embeddings WHERE visitor = ?1 AND recogniser = ?2),
                            (SELECT count(*) FROM embeddings WHERE visitor = ?1 AND recogniser <> ?2),
                            (SELECT count(*) FROM crops WHERE visitor = ?1),
                            (SELECT count(*) FROM visits WHERE visitor = ?1)",
                )?
                .query_row([key.as_str(), recogniser], |row| Ok([row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?]))
        })?;
        let row = person.row(&details, now);
        let (consent, enrolled_by) = consent.map_or((None, None), |(consent, staff)| (Some(consent), staff));
        Ok(Some(PersonRecord { row, details, consent, enrolled_by, embeddings: [own, others], crops, visits }))
    }

    /// Who that is, to greet them. `None`: nobody on record, or what is kept of them does not decrypt.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn known(&self, id: VisitorId) -> Result<Option<KnownVisitor>, StoreError> {
        let Some(person) = self.sealed(id, "")? else { return Ok(None) };
        let (Some(details), Some(language)) = (person.open(&self.key), person.language) else { return Ok(None) };
        let agreed_at: Option<i64> = self.read(|connection| {
            connection
                .prepare_cached("SELECT max(agreed_at) FROM consents WHERE visitor = ?1")?
                .query_row([id.to_string()], |row| row.get(0))
        })?;
        Ok(agreed_at.map(|at| KnownVisitor { id, name: details.name, language, agreed_at: UnixMillis(at).timestamp() }))
    }

    /// The patterns of `recogniser`, each `dimensions` numbers, of everybody who is still to be kept.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn faces(&self, recogniser: &str, dimensions: usize, now: UnixMillis) -> Result<StoredFaces, StoreError> {
        let all = self.read(|connection| {
            let sql = "SELECT embeddings.id, visitor, recogniser = ?1, vector
                       FROM embeddings JOIN visitors ON visitors.id = visitor
                       WHERE forgotten_at IS NULL AND retained_until > ?2 ORDER BY visitor, embeddings.id";
            rows(connection, sql, params![recogniser, now.0], |row| {
                Ok((row.get::<_, String>(0)?, VisitorId(uuid(row, 1)?), row.get::<_, bool>(2)?, row.get(3)?))
            })
        })?;
        let mut found = StoredFaces::default();
        for (id, visitor, is_own, sealed) in all {
            let sealed: Vec<u8> = sealed;
            if !is_own {
                found.of_others += 1;
                continue;
            }
            let cell = Cell { table: "embeddings", column: "vector", row: &id };
            match self.key.open(cell, &sealed).map(|bytes| numbers(&bytes)).filter(|it| it.len() == dimensions) {
                Some(values) => found.faces.push(StoredFace { visitor, values }),
                None => found.unreadable.push(format!("embeddings {id}")),
            }
        }
        Ok(found)
    }

    /// The kept crops of people whom `recogniser` has no pattern of. Those that do not decrypt are left out.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn crops_without_faces(&self, recogniser: &str, now: UnixMillis) -> Result<Vec<StoredCrop>, StoreError> {
        let all = self.read(|connection| {
            let sql =
                "SELECT crops.id, visitor, pose, quality, picture FROM crops JOIN visitors ON visitors.id = visitor
                       WHERE forgotten_at IS NULL AND retained_until > ?2 AND visitor NOT IN
                           (SELECT visitor FROM embeddings WHERE recogniser = ?1) ORDER BY visitor, crops.id";
            rows(connection, sql, params![recogniser, now.0], |row| {
                let pose = optional_code::<Pose>(row, 2)?.ok_or_else(|| unreadable(2, "a pose"))?;
                let crop =
                    StoredCrop { visitor: VisitorId(uuid(row, 1)?), pose, quality: row.get(3)?, png: row.get(4)? };
                Ok((row.get::<_, String>(0)?, crop))
            })
        })?;
        let open = |(id, crop): (String, StoredCrop)| {
            let cell = Cell { table: "crops", column: "picture", row: &id };
            self.key.open(cell, &crop.png).map(|png| StoredCrop { png, ..crop })
        };
        Ok(all.into_iter().filter_map(open).collect())
    }

    /// All staff, those who were removed included, by the time they were added.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn staff(&self) -> Result<Vec<StaffRow>, StoreError> {
        let sql = "SELECT id, name, pin_hash, created_at, removed_at FROM staff ORDER BY created_at, id";
        self.read(|connection| {
            rows(connection, sql, [], |row| {
                Ok(StaffRow {
                    id: StaffId(uuid(row, 0)?),
                    name: row.get(1)?,
                    pin_hash: row.get(2)?,
                    created_at: UnixMillis(row.get(3)?),
                    removed_at: row.get::<_, Option<i64>>(4)?.map(UnixMillis),
                })
            })
        })
    }

    /// The newest entries of the audit log whose action is one of `actions` (none: any), the newest first.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn audit_log(&self, actions: &[AuditAction], limit: u32) -> Result<Vec<AuditEntry>, StoreError> {
        let wanted: Vec<&str> = actions.iter().map(|action| action.code()).collect();
        let sql = "SELECT id, at, actor, action, subject, detail FROM audit_log
                   WHERE ?1 = '' OR instr(?1, ' ' || action || ' ') > 0 ORDER BY at DESC, id DESC LIMIT ?2";
        let wanted = if wanted.is_empty() { String::new() } else { format!(" {} ", wanted.join("  ")) };
        self.read(|connection| {
            rows(connection, sql, params![wanted, limit], |row| {
                let actor: String = row.get(2)?;
                let subject: String = row.get(4)?;
                Ok(AuditEntry {
                    id: uuid(row, 0)?,
                    at: UnixMillis(row.get(1)?),
                    actor: Actor::parse(&actor).ok_or_else(|| unreadable(2, "an actor"))?,
                    action: optional_code(row, 3)?.ok_or_else(|| unreadable(3, "an action"))?,
                    subject: subject.parse().ok(),
                    detail: row.get(5)?,
                })
            })
        })
    }

    /// Who was recognised in which visit; for the report and for tests.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn visits_of(&self, id: VisitorId) -> Result<Vec<crate::event::VisitId>, StoreError> {
        let sql = "SELECT id FROM visits WHERE visitor = ?1 ORDER BY started_at, id";
        self.read(|connection| rows(connection, sql, [id.to_string()], |row| Ok(crate::event::VisitId(uuid(row, 0)?))))
    }

    /// Counts changes of names and patterns, whichever process makes them.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn changes(&self) -> Result<i64, StoreError> {
        self.read(|connection| {
            connection.prepare_cached("SELECT count FROM people_changes")?.query_row([], |row| row.get(0))
        })
    }

    #[cfg(test)]
    pub(super) fn key(&self) -> Key {
        self.key.clone()
    }

    /// All rows of a query.
    pub(super) fn rows<T>(
        &self,
        sql: &str,
        values: impl rusqlite::Params,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, StoreError> {
        self.read(|connection| rows(connection, sql, values, read))
    }

    fn sealed(&self, id: VisitorId, recogniser: &str) -> Result<Option<SealedPerson>, StoreError> {
        self.read(|connection| {
            connection
                .prepare_cached(&format!("{PERSON_COLUMNS} WHERE id = ?2"))?
                .query_row(params![recogniser, id.to_string()], SealedPerson::read)
                .optional()
        })
    }

    fn read<T>(&self, read: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, StoreError> {
        read(&self.connection).map_err(|source| StoreError::Sqlite { path: self.path.clone(), source })
    }
}

impl SealedPerson {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let time = |column| row.get::<_, Option<i64>>(column).map(|time| time.map(UnixMillis));
        Ok(Self {
            id: VisitorId(uuid(row, 0)?),
            details: [row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?],
            language: language(row, 5)?,
            created_at: UnixMillis(row.get(6)?),
            last_visit_at: time(7)?,
            retained_until: time(8)?,
            forgotten_at: time(9)?,
            has_pictures: row.get(10)?,
        })
    }

    /// `None`: a value does not decrypt.
    fn open(&self, key: &Key) -> Option<PersonDetails> {
        let row = self.id.to_string();
        let open = |column: &'static str, sealed: &Option<Vec<u8>>| match sealed {
            Some(sealed) => String::from_utf8(key.open(Cell { table: "visitors", column, row: &row }, sealed)?).ok(),
            None => Some(String::new()),
        };
        let [name, phone, email, note] = &self.details;
        Some(PersonDetails {
            name: open("name", name)?,
            phone: open("phone", phone)?,
            email: open("email", email)?,
            note: open("note", note)?,
            language: self.language,
        })
    }

    fn row(&self, details: &PersonDetails, now: UnixMillis) -> PersonRow {
        let days_left = self.retained_until.map_or(0, |until| ((until.0 - now.0).max(0) + DAY_MS - 1) / DAY_MS);
        let status = if self.forgotten_at.is_some() {
            PersonStatus::Forgotten
        } else if !self.has_pictures {
            PersonStatus::NeedsPictures
        } else if days_left <= ENDS_SOON_DAYS {
            PersonStatus::EndsSoon { days_left: u32::try_from(days_left).unwrap_or(0) }
        } else {
            PersonStatus::Valid
        };
        PersonRow {
            id: self.id,
            name: details.name.clone(),
            since: self.forgotten_at.unwrap_or(self.created_at).timestamp(),
            until: self.retained_until.map(UnixMillis::timestamp),
            last_visit: self.last_visit_at.map(UnixMillis::timestamp),
            status,
        }
    }
}

fn language(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Language>> {
    let code: Option<String> = row.get(column)?;
    code.map(|code| code.parse().map_err(|_| unreadable(column, "a language"))).transpose()
}

fn numbers(bytes: &[u8]) -> Vec<f32> {
    bytes.as_chunks::<4>().0.iter().map(|number| f32::from_le_bytes(*number)).collect()
}

fn rows<T>(
    connection: &Connection,
    sql: &str,
    values: impl rusqlite::Params,
    read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Vec<T>> {
    connection.prepare_cached(sql)?.query_map(values, read)?.collect()
}

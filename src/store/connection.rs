//! Opening the database: rights, pragmas, migrations; and writing records into it.

use std::{
    fs::{DirBuilder, OpenOptions},
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
    time::Duration,
};

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};

use super::{
    StoreError, audit,
    code::Code,
    memory,
    record::{Message, Record, StaffEvent, TurnFigures},
    usage,
};
use crate::event::Speaker;

/// Every change of the schema, oldest first. `PRAGMA user_version` is how many have been applied. Never edited.
pub(super) const MIGRATIONS: &[(&str, &str)] = &[
    ("0001_visits", include_str!("migrations/0001_visits.sql")),
    ("0002_people", include_str!("migrations/0002_people.sql")),
    ("0003_conversation", include_str!("migrations/0003_conversation.sql")),
    ("0004_requests", include_str!("migrations/0004_requests.sql")),
    ("0005_staff", include_str!("migrations/0005_staff.sql")),
];

/// How long a statement waits for another process before it gives up and the record is tried again later.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_millis(500);

/// An open database, and which file that was.
pub(super) struct Database {
    pub(super) connection: Connection,
    path: PathBuf,
    identity: (u64, u64),
}

impl Database {
    /// Opens or creates the database, readable by this user only, and brings its schema up to date.
    pub(super) fn open(path: &Path) -> Result<Self, StoreError> {
        let file_error = |source| StoreError::File { path: path.to_owned(), source };
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            create_folder(folder).map_err(file_error)?;
        }
        // SQLite would create the file with the rights of the umask; the journal files take the database's.
        OpenOptions::new().create(true).append(true).mode(0o600).open(path).map_err(file_error)?;
        let sqlite_error = |source| StoreError::Sqlite { path: path.to_owned(), source };
        let mut connection = Connection::open(path).map_err(sqlite_error)?;
        configure(&connection).map_err(sqlite_error)?;
        migrate(&mut connection, path)?;
        connection.pragma_update(None, "foreign_keys", true).map_err(sqlite_error)?;
        let identity = identity(path).ok_or_else(|| StoreError::Vanished { path: path.to_owned() })?;
        Ok(Self { connection, path: path.to_owned(), identity })
    }

    /// Writes all of `records`, or none of them.
    pub(super) fn write<'a>(&mut self, records: impl IntoIterator<Item = &'a Record>) -> Result<(), StoreError> {
        self.change(|transaction| records.into_iter().try_for_each(|record| write_record(transaction, record)))
    }

    /// Makes a change as a whole, or not at all.
    pub(super) fn change<T>(
        &mut self,
        change: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        // SQLite would go on writing happily to a file that has been deleted.
        if identity(&self.path) != Some(self.identity) {
            return Err(StoreError::Vanished { path: self.path.clone() });
        }
        let make = || {
            let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let result = change(&transaction)?;
            transaction.commit()?;
            Ok(result)
        };
        make().map_err(|source| StoreError::Sqlite { path: self.path.clone(), source })
    }

    /// Moves everything from the journal into the database and empties the journal. Whether nobody was in the way.
    pub(super) fn empty_journal(&self) -> bool {
        self.connection
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0))
            .is_ok_and(|is_busy| is_busy == 0)
    }
}

/// Makes a folder for this user only, unless it is there.
pub(super) fn create_folder(folder: &Path) -> std::io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

fn identity(path: &Path) -> Option<(u64, u64)> {
    std::fs::metadata(path).ok().map(|file| (file.dev(), file.ino()))
}

fn configure(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // A commit is on the disk before the record leaves the queue, even if the power fails.
    connection.pragma_update(None, "synchronous", "FULL")?;
    // What is deleted is overwritten with zeros, so that nobody who is forgotten stays in a free page.
    connection.pragma_update(None, "secure_delete", true)
}

/// Applies the migrations that are missing, each in a transaction with its number. Leaves foreign keys off: within a
/// transaction they cannot be switched, and with them a table that is made anew would take along what refers to it.
pub(super) fn migrate(connection: &mut Connection, path: &Path) -> Result<(), StoreError> {
    let sqlite_error = |source| StoreError::Sqlite { path: path.to_owned(), source };
    connection.pragma_update(None, "foreign_keys", false).map_err(sqlite_error)?;
    loop {
        // Asked inside the transaction: another process may be migrating too.
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(sqlite_error)?;
        let found = version(&transaction).map_err(sqlite_error)?;
        if found > known_version() {
            return Err(StoreError::Newer { path: path.to_owned(), found, known: known_version() });
        }
        let next = usize::try_from(found).ok().and_then(|index| MIGRATIONS.get(index));
        let Some((name, sql)) = next else { return Ok(()) };
        transaction.execute_batch(sql).map_err(sqlite_error)?;
        transaction.pragma_update(None, "user_version", found + 1).map_err(sqlite_error)?;
        transaction.commit().map_err(sqlite_error)?;
        tracing::info!(migration = name, "database schema brought up to date");
    }
}

/// How many migrations this program knows.
pub(super) fn known_version() -> u32 {
    u32::try_from(MIGRATIONS.len()).unwrap_or(u32::MAX)
}

/// How many migrations have been applied.
pub(super) fn version(connection: &Connection) -> rusqlite::Result<u32> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

fn write_record(transaction: &Transaction<'_>, record: &Record) -> rusqlite::Result<()> {
    match record {
        Record::VisitStarted { visit, at } => {
            transaction
                .prepare_cached(
                    "INSERT INTO visits (id, started_at) VALUES (?1, ?2)
                     ON CONFLICT (id) DO UPDATE SET started_at = min(started_at, excluded.started_at)",
                )?
                .execute(params![visit.to_string(), at.0])?;
        }
        Record::VisitEnded { visit, at, reason } => {
            ensure_visit(transaction, &visit.to_string(), at.0)?;
            transaction
                .prepare_cached("UPDATE visits SET ended_at = max(started_at, ?2), end_reason = ?3 WHERE id = ?1")?
                .execute(params![visit.to_string(), at.0, reason.code()])?;
        }
        Record::Message(message) => write_message(transaction, message)?,
        Record::Heard { visit, turn, answer, text } => {
            transaction
                .prepare_cached(
                    "UPDATE messages SET heard = ?4 WHERE visit = ?1 AND turn = ?2 AND speaker = 'kiosk' AND answer = ?3",
                )?
                .execute(params![visit.to_string(), signed(turn.0), signed(answer.0), text.0])?;
        }
        Record::Turn(figures) => write_figures(transaction, figures)?,
        Record::Staff(StaffEvent { id, at, kind, subject, status, detail }) => {
            transaction
                .prepare_cached("INSERT OR IGNORE INTO staff_events VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?
                .execute(params![id.to_string(), at.0, kind, subject, status, detail])?;
        }
        Record::Audit(entry) => audit::write(transaction, entry)?,
        Record::Recognised { visit, visitor, at, retained_until } => {
            // Somebody who has been forgotten since stays forgotten.
            let known = transaction
                .prepare_cached(
                    "UPDATE visitors SET last_visit_at = max(coalesce(last_visit_at, ?2), ?2),
                            retained_until = max(retained_until, ?3)
                     WHERE id = ?1 AND forgotten_at IS NULL",
                )?
                .execute(params![visitor.to_string(), at.0, retained_until.0])?;
            if known > 0 {
                ensure_visit(transaction, &visit.to_string(), at.0)?;
                transaction
                    .prepare_cached("UPDATE visits SET visitor = ?2 WHERE id = ?1")?
                    .execute(params![visit.to_string(), visitor.to_string()])?;
            }
        }
        Record::Summarised(summary) => memory::write_summary(transaction, summary)?,
        Record::Used(used) => usage::write(transaction, used)?,
    }
    Ok(())
}

fn write_message(transaction: &Transaction<'_>, message: &Message) -> rusqlite::Result<()> {
    let visit = message.visit.to_string();
    ensure_visit(transaction, &visit, message.started_at.0)?;
    let answer = if message.speaker == Speaker::Kiosk { signed(message.answer.0) } else { 0 };
    transaction
        .prepare_cached(
            "INSERT INTO messages (visit, turn, speaker, answer, language, text, served_by, started_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
             ON CONFLICT DO UPDATE SET language = excluded.language, text = excluded.text, served_by = excluded.served_by",
        )?
        .execute(params![
            visit,
            signed(message.turn.0),
            message.speaker.code(),
            answer,
            message.language.code(),
            message.text.0,
            message.served_by.map(Code::code),
            message.started_at.0,
        ])?;
    Ok(())
}

fn write_figures(transaction: &Transaction<'_>, figures: &TurnFigures) -> rusqlite::Result<()> {
    let visit = figures.visit.to_string();
    let started_at: Option<i64> = transaction
        .prepare_cached("SELECT started_at FROM visits WHERE id = ?1")?
        .query_row([&visit], |row| row.get(0))
        .optional()?;
    if started_at.is_none() {
        // Its visit was dropped from a full queue: figures alone tell nothing.
        return Ok(());
    }
    transaction.prepare_cached("INSERT OR REPLACE INTO turns VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)")?.execute(
        params![
            visit,
            signed(figures.turn.0),
            figures.utterance_start_ms.map(signed),
            figures.utterance_end_ms.map(signed),
            figures.end_of_turn_ms.map(signed),
            figures.transcript_ms.map(signed),
            figures.first_token_ms.map(signed),
            figures.first_audio_ms.map(signed),
            figures.first_sample_ms.map(signed),
        ],
    )?;
    Ok(())
}

/// The beginning of a visit may have been dropped from a full queue; its messages are worth keeping all the same.
pub(super) fn ensure_visit(transaction: &Transaction<'_>, visit: &str, at: i64) -> rusqlite::Result<()> {
    transaction
        .prepare_cached("INSERT OR IGNORE INTO visits (id, started_at) VALUES (?1, ?2)")?
        .execute(params![visit, at])
        .map(drop)
}

/// SQLite's integers are signed.
pub(super) fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

//! Reading what was written: for the report, for staff, for tests.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use jiff::civil::Date;
use rusqlite::{Connection, OpenFlags, Row, params, types::Type};
use uuid::Uuid;

use super::{
    StoreError,
    code::Code,
    record::{Message, Said, StaffEvent, TurnFigures, UnixMillis},
    summary::SummaryFigures,
    usage,
};
use crate::event::{AnswerId, Cost, EndReason, Language, ServedBy, Speaker, TurnId, UsageSum, VisitId};

/// A connection that only reads. Blocks its thread for the time of a query.
pub struct Reader {
    connection: Connection,
    path: PathBuf,
}

/// A visit as it is in the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VisitRow {
    /// Which.
    pub id: VisitId,
    /// When it began.
    pub started_at: UnixMillis,
    /// When and why it ended; `None` while it goes on, or if the program stopped within it.
    pub ended: Option<(UnixMillis, EndReason)>,
}

/// A message as it is in the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageRow {
    /// The message. The answer of a visitor's message is 0.
    pub message: Message,
    /// What was really heard of it; `None` for the visitor's, and while it is spoken.
    pub heard: Option<Said>,
}

impl Reader {
    /// Opens an existing database.
    ///
    /// # Errors
    /// It is not there, or cannot be read.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)
            .map_err(|source| StoreError::Sqlite { path: path.to_owned(), source })?;
        Ok(Self { connection, path: path.to_owned() })
    }

    /// All visits, the oldest first.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn visits(&self) -> Result<Vec<VisitRow>, StoreError> {
        self.rows("SELECT id, started_at, ended_at, end_reason FROM visits ORDER BY started_at, id", [], |row| {
            let ended_at: Option<i64> = row.get(2)?;
            let reason = optional_code::<EndReason>(row, 3)?;
            Ok(VisitRow {
                id: VisitId(uuid(row, 0)?),
                started_at: UnixMillis(row.get(1)?),
                ended: ended_at.map(UnixMillis).zip(reason),
            })
        })
    }

    /// The transcript of a visit, in the order it was said: by time, not by turn, for what the kiosk says of itself has
    /// turn 0.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn messages(&self, visit: VisitId) -> Result<Vec<MessageRow>, StoreError> {
        self.rows(
            "SELECT turn, speaker, answer, language, text, heard, served_by, started_at FROM messages
             WHERE visit = ?1 ORDER BY started_at, speaker = 'kiosk', turn, answer",
            params![visit.to_string()],
            |row| {
                let language: String = row.get(3)?;
                Ok(MessageRow {
                    message: Message {
                        visit,
                        turn: TurnId(unsigned(row, 0)?),
                        speaker: optional_code::<Speaker>(row, 1)?.ok_or_else(|| unreadable(1, "a speaker"))?,
                        answer: AnswerId(unsigned(row, 2)?),
                        language: language.parse::<Language>().map_err(|_| unreadable(3, "a language"))?,
                        text: Said(row.get(4)?),
                        served_by: optional_code::<ServedBy>(row, 6)?,
                        started_at: UnixMillis(row.get(7)?),
                    },
                    heard: row.get::<_, Option<String>>(5)?.map(Said),
                })
            },
        )
    }

    /// The figures of the turns of a visit.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn turns(&self, visit: VisitId) -> Result<Vec<TurnFigures>, StoreError> {
        self.rows(
            "SELECT turn, utterance_start_ms, utterance_end_ms, end_of_turn_ms, transcript_ms, first_token_ms,
                    first_audio_ms, first_sample_ms
             FROM turns WHERE visit = ?1 ORDER BY turn",
            params![visit.to_string()],
            |row| {
                Ok(TurnFigures {
                    visit,
                    turn: TurnId(unsigned(row, 0)?),
                    utterance_start_ms: optional_ms(row, 1)?,
                    utterance_end_ms: optional_ms(row, 2)?,
                    end_of_turn_ms: optional_ms(row, 3)?,
                    transcript_ms: optional_ms(row, 4)?,
                    first_token_ms: optional_ms(row, 5)?,
                    first_audio_ms: optional_ms(row, 6)?,
                    first_sample_ms: optional_ms(row, 7)?,
                })
            },
        )
    }

    /// What was used of each model on a day of the stand, all runs of all kiosks together.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn used_on(&self, day: Date) -> Result<Vec<UsageSum>, StoreError> {
        self.rows(usage::SUMS, [day.to_string()], usage::sum)
    }

    /// How long a visit lasted and what it cost, if it was summarised.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn summary_figures(&self, visit: VisitId) -> Result<Option<SummaryFigures>, StoreError> {
        let sql = "SELECT duration_ms, cost FROM visit_summaries WHERE visit = ?1";
        let rows = self.rows(sql, [visit.to_string()], |row| {
            Ok(SummaryFigures { duration: Duration::from_millis(unsigned(row, 0)?), cost: Cost(unsigned(row, 1)?) })
        })?;
        Ok(rows.into_iter().next())
    }

    /// The events for staff, the oldest first.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn staff_events(&self) -> Result<Vec<StaffEvent>, StoreError> {
        self.rows("SELECT id, at, kind, subject, status, detail FROM staff_events ORDER BY at, id", [], |row| {
            Ok(StaffEvent {
                id: uuid(row, 0)?,
                at: UnixMillis(row.get(1)?),
                kind: row.get(2)?,
                subject: row.get(3)?,
                status: row.get(4)?,
                detail: row.get(5)?,
            })
        })
    }

    fn rows<T>(
        &self,
        sql: &str,
        values: impl rusqlite::Params,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, StoreError> {
        self.connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.query_map(values, read)?.collect())
            .map_err(|source| StoreError::Sqlite { path: self.path.clone(), source })
    }
}

pub(super) fn unreadable(column: usize, expected: &str) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, Type::Text, format!("this is not {expected}").into())
}

pub(super) fn uuid(row: &Row<'_>, column: usize) -> rusqlite::Result<Uuid> {
    let text: String = row.get(column)?;
    text.parse().map_err(|_| unreadable(column, "a UUID"))
}

pub(super) fn optional_code<T: Code>(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<T>> {
    let name: Option<String> = row.get(column)?;
    name.map(|name| T::from_code(&name).ok_or_else(|| unreadable(column, "a known name"))).transpose()
}

pub(super) fn unsigned(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    row.get::<_, i64>(column).map(|value| u64::try_from(value).unwrap_or(0))
}

fn optional_ms(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<u64>> {
    Ok(row.get::<_, Option<i64>>(column)?.and_then(|value| u64::try_from(value).ok()))
}

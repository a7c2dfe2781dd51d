//! What is remembered of people: what they prefer, what their visits came to; and finding them by their number.

use rusqlite::{Transaction, params};
use uuid::Uuid;

use super::{
    People, PeopleReader, StoreError,
    appointments::{self, Appointment},
    connection::{ensure_visit, signed},
    key::{Cell, Key},
    people::{is_on_record, unknown},
    record::UnixMillis,
    summary::{self, SealedSummary},
};
use crate::event::{VisitSummary, VisitorId};

/// Preferences kept of one person. With more, the oldest leaves.
const MAX_PREFERENCES: usize = 20;

/// How long the words of a summary of nobody on record are kept, ms: 30 days.
const SUMMARY_OF_NOBODY_MS: i64 = 30 * 24 * 60 * 60 * 1_000;

/// What is kept of a person between visits. Personal.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct StoredMemory {
    /// What they wish to have remembered, in their words, the latest first.
    pub preferences: Vec<String>,
    /// Their appointments that are not over, the next first.
    pub open: Vec<Appointment>,
    /// Those that are over, the latest first, at most twelve: what they are used to.
    pub past: Vec<Appointment>,
    /// What their last visits came to, the latest first, with when they ended.
    pub visits: Vec<(UnixMillis, VisitSummary)>,
}

impl std::fmt::Debug for StoredMemory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { preferences, open, past, visits } = self;
        write!(f, "StoredMemory({}, {}, {}, {})", preferences.len(), open.len(), past.len(), visits.len())
    }
}

impl People {
    /// Remembers `text` of a person until they are forgotten. What is remembered already is not kept twice.
    ///
    /// # Errors
    /// There is no such person, or the database did not take it.
    pub async fn prefer(&self, id: VisitorId, text: String, now: UnixMillis) -> Result<(), StoreError> {
        let key = self.key.clone();
        self.writer
            .change(move |database| {
                let done = database.change(|transaction| prefer(transaction, &key, id, &text, now))?;
                if done { Ok(()) } else { Err(unknown(id)) }
            })
            .await
    }

    /// The people on record with the number `e164`; several may share one. `normalise` gives the E.164 form of a number
    /// as it was typed; it is called once for each number that was written down since the last time.
    ///
    /// # Errors
    /// The database did not take it.
    pub async fn with_phone(
        &self,
        e164: String,
        now: UnixMillis,
        normalise: impl Fn(&str) -> Option<String> + Send + 'static,
    ) -> Result<Vec<VisitorId>, StoreError> {
        let key = self.key.clone();
        self.writer
            .change(move |database| {
                database.change(|transaction| {
                    hash_phones(transaction, &key, &normalise)?;
                    transaction
                        .prepare_cached(
                            "SELECT id FROM visitors WHERE phone_hash = ?1 AND retained_until > ?2 ORDER BY id",
                        )?
                        .query_map(params![key.phone_hash(&e164), now.0], |row| {
                            Ok(VisitorId(super::reader::uuid(row, 0)?))
                        })?
                        .collect()
                })
            })
            .await
    }
}

/// Whether the person is on record.
fn prefer(
    transaction: &Transaction<'_>,
    key: &Key,
    id: VisitorId,
    text: &str,
    now: UnixMillis,
) -> rusqlite::Result<bool> {
    if !is_on_record(transaction, id)? {
        return Ok(false);
    }
    let stored: Vec<(String, Vec<u8>)> = transaction
        .prepare_cached("SELECT id, text FROM preferences WHERE visitor = ?1 ORDER BY created_at DESC, id DESC")?
        .query_map([id.to_string()], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    let (same, others): (Vec<_>, Vec<_>) = stored
        .iter()
        .partition(|(row, sealed)| key.open(preference(row), sealed).is_some_and(|own| own == text.as_bytes()));
    let superfluous = others.iter().skip(MAX_PREFERENCES - 1);
    for (row, _) in same.into_iter().chain(superfluous.copied()) {
        transaction.execute("DELETE FROM preferences WHERE id = ?1", [row])?;
    }
    let row = Uuid::now_v7().to_string();
    transaction.execute(
        "INSERT INTO preferences VALUES (?1, ?2, ?3, ?4)",
        params![row, id.to_string(), key.seal(preference(&row), text.as_bytes()), now.0],
    )?;
    Ok(true)
}

fn preference(row: &str) -> Cell<'_> {
    Cell { table: "preferences", column: "text", row }
}

/// Makes the hashes that are missing. A number that is none, or does not open, gets an empty one, which nothing finds.
fn hash_phones(
    transaction: &Transaction<'_>,
    key: &Key,
    normalise: &impl Fn(&str) -> Option<String>,
) -> rusqlite::Result<()> {
    let missing: Vec<(String, Vec<u8>)> = transaction
        .prepare_cached("SELECT id, phone FROM visitors WHERE phone IS NOT NULL AND phone_hash IS NULL")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    for (row, sealed) in missing {
        let typed = key.open(Cell { table: "visitors", column: "phone", row: &row }, &sealed);
        let e164 = typed.and_then(|typed| normalise(std::str::from_utf8(&typed).ok()?));
        let hash = e164.map_or_else(Vec::new, |e164| key.phone_hash(&e164));
        transaction.execute("UPDATE visitors SET phone_hash = ?2 WHERE id = ?1", params![row, hash])?;
    }
    Ok(())
}

pub(super) fn write_summary(transaction: &Transaction<'_>, summary: &SealedSummary) -> rusqlite::Result<()> {
    let visit = summary.visit.to_string();
    ensure_visit(transaction, &visit, summary.at.0)?;
    // Somebody who has been forgotten since stays forgotten, and so do the words of their visit.
    let visitor = summary.visitor.map(|visitor| visitor.to_string());
    let is_forgotten = match summary.visitor {
        Some(visitor) => !is_on_record(transaction, visitor)?,
        None => false,
    };
    let words = summary.sealed.as_ref().filter(|_| !is_forgotten).map(|sealed| &sealed.0);
    transaction
        .prepare_cached("INSERT OR REPLACE INTO visit_summaries VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?
        .execute(params![
            visit,
            visitor.filter(|_| !is_forgotten),
            summary.at.0,
            signed(summary.duration_ms),
            signed(summary.cost.0),
            words,
        ])
        .map(drop)
}

/// Removes what is remembered of a person. Their appointments become nobody's.
pub(super) fn forget(transaction: &Transaction<'_>, visitor: &str) -> rusqlite::Result<()> {
    transaction.execute("DELETE FROM preferences WHERE visitor = ?1", [visitor])?;
    transaction.execute("UPDATE visit_summaries SET visitor = NULL, summary = NULL WHERE visitor = ?1", [visitor])?;
    transaction
        .execute("UPDATE appointments SET visitor = NULL, name = NULL, phone = NULL WHERE visitor = ?1", [visitor])
        .map(drop)
}

/// Removes what was kept of people who are not on record and is not needed any more: how many rows.
pub(super) fn forget_of_nobody(transaction: &Transaction<'_>, now: UnixMillis) -> rusqlite::Result<usize> {
    let appointments = transaction.execute(
        "UPDATE appointments SET name = NULL, phone = NULL WHERE end_at <= ?1 AND coalesce(name, phone) IS NOT NULL",
        [now.0],
    )?;
    let summaries = transaction.execute(
        "UPDATE visit_summaries SET summary = NULL WHERE visitor IS NULL AND summary IS NOT NULL AND at <= ?1",
        [now.0.saturating_sub(SUMMARY_OF_NOBODY_MS)],
    )?;
    Ok(appointments + summaries)
}

impl PeopleReader {
    /// What is kept of a person between visits: all preferences and open appointments, and the last `visits` summaries.
    /// What does not open with the key is left out (`majlis db check` names it).
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn memory(&self, id: VisitorId, visits: u32, now: UnixMillis) -> Result<StoredMemory, StoreError> {
        let visitor = id.to_string();
        let preferences: Vec<(String, Vec<u8>)> = self.rows(
            "SELECT id, text FROM preferences WHERE visitor = ?1 ORDER BY created_at DESC, id DESC",
            [&visitor],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
        let summaries: Vec<(String, i64, Vec<u8>)> = self.rows(
            "SELECT visit, at, summary FROM visit_summaries WHERE visitor = ?1 AND summary IS NOT NULL
             ORDER BY at DESC, visit DESC LIMIT ?2",
            params![visitor, visits],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )?;
        let open_summary = |(visit, at, sealed): (String, i64, Vec<u8>)| {
            let words = self.key.open(summary::cell(&visit), &sealed)?;
            Some((UnixMillis(at), serde_json::from_slice(&words).ok()?))
        };
        Ok(StoredMemory {
            preferences: preferences
                .iter()
                .filter_map(|(row, sealed)| String::from_utf8(self.key.open(preference(row), sealed)?).ok())
                .collect(),
            open: self.rows(appointments::OPEN_OF_VISITOR, params![visitor, now.0], appointments::read)?,
            past: self.rows(appointments::PAST_OF_VISITOR, params![visitor, now.0], appointments::read)?,
            visits: summaries.into_iter().filter_map(open_summary).collect(),
        })
    }
}

//! `majlis db check`: the invariants of `docs/schema.md`, verified.

use std::{fmt, path::Path};

use rusqlite::{Connection, OpenFlags};

use super::{
    Key, StoreError,
    connection::{known_version, version},
    key::Cell,
};

/// An invariant that does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The invariant.
    pub invariant: &'static str,
    /// The table and key of the row, or SQLite's own words. Nothing that was said.
    pub place: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.invariant)
    }
}

/// Each invariant with the query that finds the rows which break it, by name.
const INVARIANTS: &[(&str, &str)] = &[
    ("a visit does not end before it begins", "SELECT 'visits ' || id FROM visits WHERE ended_at < started_at"),
    (
        "nothing is said before the visit begins, or after it ended (one minute allowed for a clock that was set)",
        "SELECT 'messages ' || visit || '/' || turn || '/' || speaker || '/' || answer
         FROM messages JOIN visits ON visits.id = messages.visit
         WHERE messages.started_at < visits.started_at - 60000 OR messages.started_at > visits.ended_at + 60000",
    ),
    (
        "no more is heard than was to be said",
        "SELECT 'messages ' || visit || '/' || turn || '/' || speaker || '/' || answer
         FROM messages WHERE length(heard) > length(text)",
    ),
    (
        "the visitor's message is not empty",
        "SELECT 'messages ' || visit || '/' || turn FROM messages WHERE speaker = 'visitor' AND trim(text) = ''",
    ),
    (
        "an utterance does not end before it begins",
        "SELECT 'turns ' || visit || '/' || turn FROM turns WHERE utterance_end_ms < utterance_start_ms",
    ),
    (
        "everybody on record agreed",
        "SELECT 'visitors ' || id FROM visitors
         WHERE forgotten_at IS NULL AND id NOT IN (SELECT visitor FROM consents)",
    ),
    (
        "nothing is left of somebody who is forgotten",
        "SELECT 'embeddings ' || embeddings.id FROM embeddings JOIN visitors ON visitors.id = visitor
         WHERE forgotten_at IS NOT NULL
         UNION ALL SELECT 'crops ' || crops.id FROM crops JOIN visitors ON visitors.id = visitor
         WHERE forgotten_at IS NOT NULL
         UNION ALL SELECT 'visits ' || visits.id FROM visits JOIN visitors ON visitors.id = visitor
         WHERE forgotten_at IS NOT NULL
         UNION ALL SELECT 'preferences ' || preferences.id FROM preferences JOIN visitors ON visitors.id = visitor
         WHERE forgotten_at IS NOT NULL
         UNION ALL SELECT 'visit_summaries ' || visit FROM visit_summaries JOIN visitors ON visitors.id = visitor
         WHERE forgotten_at IS NOT NULL
         UNION ALL SELECT 'appointments ' || appointments.id FROM appointments JOIN visitors ON visitors.id = visitor
         WHERE forgotten_at IS NOT NULL",
    ),
    (
        "a crop is kept only where consent covers it",
        "SELECT 'crops ' || id FROM crops WHERE NOT coalesce((SELECT covers_crops FROM consents
         WHERE consents.visitor = crops.visitor ORDER BY agreed_at DESC, consents.id DESC LIMIT 1), 0)",
    ),
    (
        "a host has no two appointments at the same time",
        "SELECT 'appointments ' || later.id FROM appointments AS earlier JOIN appointments AS later
         ON later.host = earlier.host AND later.id <> earlier.id AND later.start_at >= earlier.start_at
         AND (later.start_at > earlier.start_at OR later.id > earlier.id)
         WHERE earlier.status = 'booked' AND later.status = 'booked' AND later.start_at < earlier.end_at",
    ),
];

/// Verifies the database at `path`: its structure, its version, its references and the invariants. Empty: all hold.
///
/// # Errors
/// It is not there, cannot be read, or is of a later version.
pub fn check(path: &Path) -> Result<Vec<Violation>, StoreError> {
    let sqlite_error = |source| StoreError::Sqlite { path: path.to_owned(), source };
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(sqlite_error)?;
    let found = version(&connection).map_err(sqlite_error)?;
    let known = known_version();
    if found > known {
        return Err(StoreError::Newer { path: path.to_owned(), found, known });
    }
    let mut violations = Vec::new();
    if found < known {
        let place = format!("user_version {found}, expected {known}");
        violations.push(Violation { invariant: "all migrations are applied (start the kiosk once)", place });
        return Ok(violations);
    }
    let intact = "the file is intact";
    let references = "every reference has its row";
    let own = [
        (intact, "SELECT integrity_check FROM pragma_integrity_check WHERE integrity_check <> 'ok'"),
        (references, "SELECT \"table\" || ' row ' || coalesce(rowid, '') FROM pragma_foreign_key_check"),
    ];
    for (invariant, sql) in own.iter().chain(INVARIANTS) {
        let places = places(&connection, sql).map_err(sqlite_error)?;
        violations.extend(places.into_iter().map(|place| Violation { invariant, place }));
    }
    Ok(violations)
}

/// Columns whose values are sealed: table, its key, column.
const SEALED: [(&str, &str, &str); 10] = [
    ("visitors", "id", "name"),
    ("visitors", "id", "phone"),
    ("visitors", "id", "email"),
    ("visitors", "id", "note"),
    ("embeddings", "id", "vector"),
    ("crops", "id", "picture"),
    ("preferences", "id", "text"),
    ("visit_summaries", "visit", "summary"),
    ("appointments", "id", "name"),
    ("appointments", "id", "phone"),
];

/// Verifies that every sealed value of the database at `path` opens with `key`; without a key, that there is none.
///
/// # Errors
/// It is not there or cannot be read.
pub fn check_sealed(path: &Path, key: Option<&Key>) -> Result<Vec<Violation>, StoreError> {
    let sqlite_error = |source| StoreError::Sqlite { path: path.to_owned(), source };
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(sqlite_error)?;
    if version(&connection).map_err(sqlite_error)? != known_version() {
        // `check` says so.
        return Ok(Vec::new());
    }
    let mut violations = Vec::new();
    for (table, id, column) in SEALED {
        let sql = format!("SELECT {id}, {column} FROM {table} WHERE {column} IS NOT NULL ORDER BY {id}");
        let mut statement = connection.prepare(&sql).map_err(sqlite_error)?;
        let mut rows = statement.query([]).map_err(sqlite_error)?;
        while let Some(row) = rows.next().map_err(sqlite_error)? {
            let (id, sealed): (String, Vec<u8>) =
                row.get(0).and_then(|id| Ok((id, row.get(1)?))).map_err(sqlite_error)?;
            let cell = Cell { table, column, row: &id };
            if key.and_then(|key| key.open(cell, &sealed)).is_none() {
                let place = format!("{table} {id} {column}");
                violations.push(Violation { invariant: "what is sealed opens with the store's key", place });
            }
        }
    }
    Ok(violations)
}

fn places(connection: &Connection, sql: &str) -> rusqlite::Result<Vec<String>> {
    connection.prepare(sql)?.query_map([], |row| row.get(0))?.collect()
}

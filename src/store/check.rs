//! `majlis db check`: the invariants of `docs/schema.md`, verified.

use std::{fmt, path::Path};

use rusqlite::{Connection, OpenFlags};

use super::{
    StoreError,
    connection::{known_version, version},
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

fn places(connection: &Connection, sql: &str) -> rusqlite::Result<Vec<String>> {
    connection.prepare(sql)?.query_map([], |row| row.get(0))?.collect()
}

//! The file beside the database that takes what could not be written when the program stopped: one record a line, as
//! JSON, readable by this user only. It is read back, in order, when the database can be written again.

use std::{
    ffi::OsString,
    fs::{File, OpenOptions},
    io::{ErrorKind, Read, Seek, SeekFrom, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use super::{StoreError, record::Record};

/// What the recovery file held.
pub(super) struct Recovered {
    pub(super) records: Vec<Record>,
    /// Lines that are no record: torn by a crash, or of another version.
    pub(super) unreadable: usize,
}

/// `<database>.recovery.jsonl`
pub(super) fn file(database: &Path) -> PathBuf {
    beside(database, ".recovery.jsonl")
}

/// Adds `records` to the file, on new lines whatever its last one looks like, and waits until they are on the disk.
pub(super) fn save(database: &Path, records: &[Record]) -> Result<(), StoreError> {
    let path = file(database);
    let write = || -> std::io::Result<()> {
        let mut text = String::new();
        for record in records {
            text.push_str(&serde_json::to_string(record)?);
            text.push('\n');
        }
        let mut file = OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(&path)?;
        if ends_within_a_line(&mut file)? {
            text.insert(0, '\n');
        }
        file.write_all(text.as_bytes())?;
        file.sync_all()
    };
    write().map_err(|source| StoreError::File { path: path.clone(), source })
}

/// Whether a crash tore the last line.
fn ends_within_a_line(file: &mut File) -> std::io::Result<bool> {
    if file.metadata()?.len() == 0 {
        return Ok(false);
    }
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    Ok(last != *b"\n")
}

/// What the file holds, or `None` where there is none.
pub(super) fn read(database: &Path) -> Result<Option<Recovered>, StoreError> {
    let path = file(database);
    let bytes = match std::fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(StoreError::File { path, source }),
    };
    let mut recovered = Recovered { records: Vec::new(), unreadable: 0 };
    for line in bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        match serde_json::from_slice(line) {
            Ok(record) => recovered.records.push(record),
            Err(_) => recovered.unreadable += 1,
        }
    }
    Ok(Some(recovered))
}

/// Its records are in the database: removes the file, or sets it aside for staff, beside earlier ones, where lines could
/// not be read.
pub(super) fn finish(database: &Path, recovered: &Recovered) -> Result<(), StoreError> {
    let path = file(database);
    let done = if recovered.unreadable == 0 {
        std::fs::remove_file(&path)
    } else {
        std::fs::rename(&path, free_place(database))
    };
    done.map_err(|source| StoreError::File { path, source })
}

/// `<database>.recovery.unreadable.jsonl`, else the first number that is free: `….unreadable-2.jsonl`.
fn free_place(database: &Path) -> PathBuf {
    let mut place = beside(database, ".recovery.unreadable.jsonl");
    let mut number = 1_u32;
    while place.exists() {
        number += 1;
        place = beside(database, &format!(".recovery.unreadable-{number}.jsonl"));
    }
    place
}

/// The database's path with `ending` behind its name.
pub(super) fn beside(database: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(database);
    name.push(ending);
    name.into()
}

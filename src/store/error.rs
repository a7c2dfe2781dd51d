//! How the store can fail. No message holds anything that was said.

use std::path::PathBuf;

/// The database cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A file or folder cannot be created, read or written.
    #[error("cannot use {path}: {source}; `paths.database` must name a file in a folder this user may write to")]
    File {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// SQLite refused.
    #[error("the database {path} cannot be used: {source}")]
    Sqlite {
        /// The database.
        path: PathBuf,
        /// Why.
        source: rusqlite::Error,
    },
    /// It was written by a later version of the program.
    #[error(
        "the database {path} has version {found}, this program knows versions up to {known}; install the program \
         that wrote it, or move the file away"
    )]
    Newer {
        /// The database.
        path: PathBuf,
        /// Its version.
        found: u32,
        /// The newest version that this program knows.
        known: u32,
    },
    /// The file that was opened is not the one at that path any more.
    #[error("the database {path} was removed or replaced while in use")]
    Vanished {
        /// The database.
        path: PathBuf,
    },
    /// The writer's thread cannot be started.
    #[error("the thread that writes the database cannot be started: {0}")]
    Thread(std::io::Error),
    /// A change was asked for that could not be made in time.
    #[error("the database did not take the change: {0}; nothing was changed, try again")]
    NotChanged(String),
    /// There is no such person, or they are forgotten already.
    #[error("there is no {what} with the id {id}; `majlis {list}` shows those there are")]
    Unknown {
        /// `visitor`, `member of staff`.
        what: &'static str,
        /// The id.
        id: uuid::Uuid,
        /// The command that lists them.
        list: &'static str,
    },
}

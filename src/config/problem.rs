//! What is wrong with a configuration, for the person who writes it.

use std::{
    fmt,
    path::{Path, PathBuf},
};

/// Where a value was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// In a file.
    File {
        /// The file.
        path: PathBuf,
        /// The line, from 1. `None`: the file as a whole.
        line: Option<usize>,
    },
    /// As `--set KEY=VALUE`.
    Override,
}

/// One problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where.
    pub origin: Origin,
    /// The key, `section.key`, as far as is known.
    pub key: Option<String>,
    /// What was found.
    pub found: String,
    /// What is allowed.
    pub allowed: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.origin {
            Origin::File { path, line: Some(line) } => write!(f, "{}:{line}: ", path.display())?,
            Origin::File { path, line: None } => write!(f, "{}: ", path.display())?,
            Origin::Override => f.write_str("--set: ")?,
        }
        if let Some(key) = &self.key {
            write!(f, "{key}: ")?;
        }
        write!(f, "found {}; allowed {}", self.found, self.allowed)
    }
}

/// Every problem of a configuration, in the order of the file. Shown one a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigErrors(Vec<Problem>);

impl ConfigErrors {
    pub(super) fn new(mut problems: Vec<Problem>) -> Self {
        problems.sort_by_key(|problem| match problem.origin {
            Origin::File { line, .. } => line.unwrap_or(0),
            Origin::Override => usize::MAX,
        });
        Self(problems)
    }

    pub(super) fn unreadable(path: &Path, error: &std::io::Error) -> Self {
        Self(vec![Problem {
            origin: Origin::File { path: path.to_owned(), line: None },
            key: None,
            found: format!("no readable file: {error}"),
            allowed: "a file such as the kiosk.toml that comes with the program".to_owned(),
        }])
    }

    /// The problems.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.0
    }
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigErrors {}

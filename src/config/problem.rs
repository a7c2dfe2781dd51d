//! What is wrong with a configuration, for the person who writes it.

use std::{fmt, path::PathBuf};

use super::Config;

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
#[derive(Debug, Clone)]
pub struct ConfigErrors {
    problems: Vec<Problem>,
    rest: Box<Config>,
}

impl ConfigErrors {
    pub(super) fn new(mut problems: Vec<Problem>, rest: Config) -> Self {
        problems.sort_by_key(|problem| match problem.origin {
            Origin::File { line, .. } => line.unwrap_or(0),
            Origin::Override => usize::MAX,
        });
        Self { problems, rest: Box::new(rest) }
    }

    /// The problems.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// What could be read, with the defaults in the place of what could not: for telling staff, not for a visit.
    #[must_use]
    pub fn rest(&self) -> &Config {
        &self.rest
    }
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigErrors {}

//! Why the program cannot start, as visitors and staff are told.

/// What kind of thing keeps the program from starting: chooses the first thing staff try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultCause {
    /// A device is missing.
    Devices,
    /// A model, a library or another file of the program is missing.
    Files,
    /// The database cannot be written, or the disk is full.
    Storage,
    /// `kiosk.toml` is wrong.
    Configuration,
}

/// A start that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// What kind.
    pub cause: FaultCause,
    /// What staff read out to support: `MODEL-101`.
    pub code: String,
    /// For staff: what was found, in which file, and what is allowed; a line for each problem. English, as in the log.
    pub found: String,
}

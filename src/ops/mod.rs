//! Watching: the log, the counters, the report of a run.
//!
//! In: events of the bus, finished turns, meters. Out: log lines, a JSON report. Reads everything, changes nothing.

pub mod log;
pub mod metrics;
pub mod report;

//! Watching: the log, the counters, the report of a run, and what is told to the outside.
//!
//! In: events of the bus, the feed, finished turns, meters. Out: log lines, a JSON report, messages on the health port.
//! Reads everything, changes nothing.

pub mod log;
pub mod metrics;
pub mod monitor;
pub mod outside;
pub mod report;

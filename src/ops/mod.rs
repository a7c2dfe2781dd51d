//! ops

pub mod log;

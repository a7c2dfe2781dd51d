//! ui

pub mod icons;
pub mod layout;
pub mod tokens;

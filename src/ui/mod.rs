//! ui

pub mod fonts;
pub mod icons;
pub mod layout;
pub mod text;
pub mod tokens;

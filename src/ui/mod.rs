//! ui

pub mod avatar;
pub mod fonts;
pub mod icons;
pub mod layout;
pub mod mesh;
pub mod motion;
pub mod stage;
pub mod text;
pub mod tokens;

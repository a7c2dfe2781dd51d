//! The tools that come with the program and need no database.

mod knowledge;
mod look;
mod persona;
mod visit;

use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::Value;

pub use knowledge::SearchKnowledgeBase;
pub use look::{CameraLooker, Look, LookError, LookParts, Looker};
pub use persona::{PersonaChoice, SwitchPersona};
pub use visit::{EndConversation, RequestHuman};

use super::{Policy, ToolError};

/// How a tool is called that answers at once and changes nothing.
fn quick(says: &'static str, icon: &'static str) -> Policy {
    Policy {
        time_out: Duration::from_secs(2),
        retries: 0,
        is_parallel: true,
        prerequisites: Vec::new(),
        changes_something: false,
        says,
        icon,
    }
}

/// The arguments as the tool has them; they fit its schema by then.
fn read<T: DeserializeOwned>(arguments: Value) -> Result<T, ToolError> {
    serde_json::from_value(arguments).map_err(|error| ToolError::Invalid(error.to_string()))
}

//! What the model may call: the registry, the built-in tools, HTTP tools declared in `kiosk.toml`, MCP servers.
//!
//! In: calls as the model wrote them, `[tools]` of the configuration. Out: results marked as data, effects for the
//! conversation, `Event::ToolCall`. Never touches: devices, the window, the model; a tool that changes something is not
//! carried out before the visitor has said yes to it.

mod consent;
mod types;

pub(crate) use consent::ConsentWords;
pub use types::{CallContext, NoTools, Policy, Tool, ToolError, ToolOutput, ToolPrefix, Toolbox};

//! What the model may call: the registry, the built-in tools, HTTP tools declared in `kiosk.toml`, MCP servers.
//!
//! In: calls as the model wrote them, `[tools]` of the configuration. Out: results marked as data, effects for the
//! conversation, `Event::ToolCall`. Never touches: devices, the window, the model; a tool that changes something is not
//! carried out before the visitor has said yes to it.

mod breaker;
pub mod builtin;
mod call;
pub mod command;
mod consent;
mod fault;
mod http;
mod mcp;
mod open;
mod registry;
mod result;
mod schema;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod types;
mod visits;

pub(crate) use consent::ConsentWords;
pub use fault::ToolFault;
pub use mcp::{McpServers, ServerState};
pub use open::{OpenTools, ToolParts, open};
pub use registry::Registry;
pub use types::{CallContext, NoTools, Policy, Tool, ToolError, ToolOutput, ToolPrefix, Toolbox};

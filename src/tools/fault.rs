//! Why a tool that was asked for is not there. For staff; holds no secret.

/// A tool or a server of tools that the kiosk starts without.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ToolFault {
    /// Its name is none that models take.
    #[error("the tool \"{name}\" is left out: a name has 1 to 64 letters a-z, digits and _; give it another")]
    Name {
        /// The name.
        name: String,
    },
    /// Another tool has its name.
    #[error("the tool \"{name}\" of {origin} is left out: {other} has a tool of this name already; rename one of them")]
    Collision {
        /// The name.
        name: String,
        /// Where it is from.
        origin: String,
        /// Where the other one is from.
        other: String,
    },
    /// The schema of its arguments is none.
    #[error("the tool \"{name}\" is left out: its arguments' schema {why}; allowed is a JSON schema of an object")]
    Schema {
        /// The name.
        name: String,
        /// What is wrong with it.
        why: String,
    },
    /// What `kiosk.toml` says of it cannot work.
    #[error("tools.{list}: \"{name}\" is left out: {why}")]
    Declaration {
        /// `http` or `mcp`.
        list: &'static str,
        /// The name.
        name: String,
        /// What was found, what is allowed.
        why: String,
    },
}

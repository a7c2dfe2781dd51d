//! The trait of tools, and of the box that the conversation takes them from.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use serde_json::Value;

use crate::event::{
    AppointmentCard, Effect, Language, PersonaId, ToolFailure, ToolResult, ToolSpec, ToolUse, TurnId, VisitId,
    VisitorId,
};

/// How a tool is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// How long one try may take.
    pub time_out: Duration,
    /// Further tries after [`ToolError::Unavailable`].
    pub retries: u32,
    /// Whether it may run beside other calls of the same step.
    pub is_parallel: bool,
    /// Tools that must have succeeded in this visit before.
    pub prerequisites: Vec<String>,
    /// Whether it changes something: then the visitor must say yes first, and nothing of it happens for an answer that
    /// is only being prepared.
    pub changes_something: bool,
    /// The key of what to show and say while it takes long (`tool.appointments`).
    pub says: &'static str,
    /// The name of its icon.
    pub icon: &'static str,
}

/// For whom and where a call is made.
#[derive(Debug, Clone)]
pub struct CallContext {
    /// The visit.
    pub visit: VisitId,
    /// The turn.
    pub turn: TurnId,
    /// The step within the turn, from 0.
    pub step: u32,
    /// Who is there, if they are known.
    pub visitor: Option<VisitorId>,
    /// The language of the answer.
    pub language: Language,
    /// Who speaks.
    pub persona: PersonaId,
    /// The present time.
    pub now: jiff::Timestamp,
    /// The visitor's last words: what a tool that changes something takes a yes from.
    pub visitor_said: Arc<str>,
    /// The appointment that is shown, if one is.
    pub shown: Option<Arc<AppointmentCard>>,
}

/// What a tool gives back. Personal: its `Debug` tells only lengths.
#[derive(Clone, PartialEq, Default)]
pub struct ToolOutput {
    /// For the model.
    pub content: Value,
    /// For the conversation.
    pub effects: Vec<Effect>,
}

impl std::fmt::Debug for ToolOutput {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ToolOutput({} bytes, {:?})", self.content.to_string().len(), self.effects)
    }
}

/// A tool could not do what it was asked. The texts go to the model and must help it: what was found, what is allowed.
/// Nothing secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ToolError {
    /// The arguments fit the schema but make no sense.
    #[error("{0}")]
    Invalid(String),
    /// It can be done, but not so: taken, not found, closed.
    #[error("{0}")]
    Refused(String),
    /// It cannot be reached just now; another try may work.
    #[error("{0}")]
    Unavailable(String),
    /// It failed for good.
    #[error("{0}")]
    Failed(String),
}

impl ToolError {
    /// Its kind for events.
    #[must_use]
    pub fn failure(&self) -> ToolFailure {
        match self {
            Self::Invalid(_) => ToolFailure::InvalidArguments,
            Self::Refused(_) => ToolFailure::Refused,
            Self::Unavailable(_) | Self::Failed(_) => ToolFailure::Failed,
        }
    }
}

/// Something that the model may call.
#[async_trait]
pub trait Tool: Send + Sync + 'static {
    /// As the model sees it.
    fn spec(&self) -> &ToolSpec;

    /// How it is called.
    fn policy(&self) -> &Policy;

    /// For a tool that changes something: what it would do with these arguments, as a question to the visitor in the
    /// language of the visit; the model says it in its own words. Also the place to refuse what cannot work.
    ///
    /// # Errors
    /// It could not be done with these arguments.
    async fn proposal(&self, _arguments: &Value, _context: &CallContext) -> Result<Option<String>, ToolError> {
        Ok(None)
    }

    /// Does it. `arguments` fit the schema. Dropping the future cancels it as far as that is possible.
    ///
    /// # Errors
    /// As [`ToolError`] says.
    async fn call(&self, arguments: Value, context: &CallContext) -> Result<ToolOutput, ToolError>;
}

/// The beginning of tool names, or a whole one: `fetch_slots`, `crm_*`, `*`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolPrefix(pub String);

impl ToolPrefix {
    /// Whether it names `tool`.
    #[must_use]
    pub fn admits(&self, tool: &str) -> bool {
        match self.0.strip_suffix('*') {
            Some(beginning) => tool.starts_with(beginning),
            None => self.0 == tool,
        }
    }
}

/// Where the conversation finds its tools.
#[async_trait]
pub trait Toolbox: Send + Sync + 'static {
    /// The tools that a persona may use. Shared: the same slice while nothing changes.
    fn specs(&self, allowed: &[ToolPrefix]) -> Arc<[ToolSpec]>;

    /// How a tool is called; `None`: there is none of this name.
    fn policy(&self, tool: &str) -> Option<Policy>;

    /// Carries out the calls of one step; as many results as calls, in their order. Tells the bus of each call. Never
    /// fails as a whole: what goes wrong stands in the results.
    async fn call(&self, uses: Vec<ToolUse>, allowed: &[ToolPrefix], context: &CallContext) -> Vec<ToolResult>;

    /// The visit is over: what was proposed or met in it counts no more.
    fn end_visit(&self, visit: VisitId);
}

/// No tools.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoTools;

#[async_trait]
impl Toolbox for NoTools {
    fn specs(&self, _allowed: &[ToolPrefix]) -> Arc<[ToolSpec]> {
        Arc::new([])
    }

    fn policy(&self, _tool: &str) -> Option<Policy> {
        None
    }

    async fn call(&self, uses: Vec<ToolUse>, _allowed: &[ToolPrefix], _context: &CallContext) -> Vec<ToolResult> {
        let unknown = |call: ToolUse| ToolResult {
            id: call.id,
            content: "{\"error\":\"there are no tools\"}".to_owned(),
            name: call.name,
            failure: Some(ToolFailure::Unknown),
            effects: Vec::new(),
        };
        uses.into_iter().map(unknown).collect()
    }

    fn end_visit(&self, _visit: VisitId) {}
}

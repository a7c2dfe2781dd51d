//! What the model may call, what it calls, and what comes of it. What visitors say stands in arguments and results: their
//! `Debug` tells only lengths.

use std::{fmt, sync::Arc};

use serde::Serialize;
use serde_json::Value;

use super::{Card, KnownVisitor, PersonaId, VisitorId};

/// A tool as the model sees it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ToolSpec {
    /// Its name: letters, digits and `_`, at most 64.
    pub name: String,
    /// What it does and when to call it, for the model.
    pub description: String,
    /// The JSON schema of its arguments, an object.
    pub parameters: Value,
}

/// A call that the model asks for.
#[derive(Clone, PartialEq, Eq)]
pub struct ToolUse {
    /// The model's name for the call; the result carries it back.
    pub id: String,
    /// The tool.
    pub name: String,
    /// Its arguments as the model wrote them: JSON, or what should have been.
    pub arguments: String,
}

impl fmt::Debug for ToolUse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ToolUse({}, {}, {} bytes)", self.id, self.name, self.arguments.len())
    }
}

/// What came of a call.
#[derive(Clone, PartialEq)]
pub struct ToolResult {
    /// The call's.
    pub id: String,
    /// The tool.
    pub name: String,
    /// For the model: JSON, marked as data. For an error: what was wrong and what is allowed.
    pub content: String,
    /// Why it failed; `None`: it did not.
    pub failure: Option<ToolFailure>,
    /// What the conversation is to do now.
    pub effects: Vec<Effect>,
}

impl fmt::Debug for ToolResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, name, content, failure, effects } = self;
        write!(f, "ToolResult({id}, {name}, {} bytes, {failure:?}, {} effects)", content.len(), effects.len())
    }
}

/// Why a call failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ToolFailure {
    /// There is no tool of this name, or the persona may not use it.
    Unknown,
    /// The arguments do not fit the schema.
    InvalidArguments,
    /// Something else has to be done first.
    Prerequisite,
    /// The visitor has to say yes first.
    NeedsConfirmation,
    /// It took too long.
    TimeOut,
    /// It failed too often of late and is left alone.
    Suspended,
    /// The tool itself said no: nothing found, slot taken.
    Refused,
    /// It could not be carried out.
    Failed,
    /// The turn has had as many steps as one may.
    TooManySteps,
}

/// Where a call stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ToolStatus {
    /// It was begun.
    Started,
    /// It came to a result.
    Success,
    /// It did not.
    Error,
}

/// What a tool asks of the conversation, beside its result for the model. Personal: its `Debug` shows no text.
#[derive(Clone, PartialEq)]
pub enum Effect {
    /// The visit ends when the answer has been heard.
    EndVisit,
    /// Somebody else speaks from here on.
    SwitchPersona(PersonaId),
    /// A person is wanted.
    CallStaff,
    /// The visitor has said who they are.
    Identified(Arc<KnownVisitor>),
    /// Show this.
    Show(Card),
    /// Take away what is shown.
    HideCard,
    /// Something was done that belongs into the summary of the visit, in the language of the visit.
    Done(String),
    /// An appointment was made, moved or cancelled.
    Booked {
        /// Which: its code.
        code: String,
        /// What became of it, in the language of the visit.
        line: String,
    },
    /// The visitor wishes to have this remembered.
    Preferred(String),
    /// The visitor asked to be forgotten, and is.
    Forgotten(VisitorId),
}

impl fmt::Debug for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SwitchPersona(persona) => write!(f, "SwitchPersona({persona})"),
            Self::Identified(known) => write!(f, "Identified({})", known.id),
            Self::Show(card) => write!(f, "Show({card:?})"),
            Self::Done(text) => write!(f, "Done({} bytes)", text.len()),
            Self::Booked { line, .. } => write!(f, "Booked({} bytes)", line.len()),
            Self::Preferred(text) => write!(f, "Preferred({} bytes)", text.len()),
            _ => f.write_str("an effect without words"),
        }
    }
}

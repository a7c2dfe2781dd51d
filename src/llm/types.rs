//! The trait of language models.

use std::sync::Arc;

use futures_util::stream::BoxStream;

use crate::{
    cloud::ProviderError,
    event::{EntryId, Language, ServedBy, ToolResult, ToolSpec, ToolUse},
};

/// Who a message is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The instructions.
    System,
    /// The visitor.
    User,
    /// The kiosk.
    Assistant,
    /// A tool: the message is the result of a call.
    Tool,
}

/// One message of the history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChatMessage {
    /// Who it is from.
    pub role: Role,
    /// Its text. For the kiosk's own: what was really heard of it. For a tool's: its result.
    pub text: String,
    /// The calls that the model asked for; only in the kiosk's.
    pub calls: Vec<ToolUse>,
    /// The call that this is the result of; only in a tool's.
    pub answers: Option<String>,
}

impl ChatMessage {
    /// A message without calls.
    #[must_use]
    pub fn new(role: Role, text: impl Into<String>) -> Self {
        Self { role, text: text.into(), calls: Vec::new(), answers: None }
    }

    /// What the model said together with the calls that it asked for.
    #[must_use]
    pub fn calling(text: impl Into<String>, calls: Vec<ToolUse>) -> Self {
        Self { role: Role::Assistant, text: text.into(), calls, answers: None }
    }

    /// What came of a call.
    #[must_use]
    pub fn result(result: &ToolResult) -> Self {
        Self { role: Role::Tool, text: result.content.clone(), calls: Vec::new(), answers: Some(result.id.clone()) }
    }
}

/// A question with its history.
#[derive(Debug, Clone)]
pub struct ChatRequest {
    /// Instructions first, the visitor's question last. Shared, so that a long history is not copied each turn.
    pub messages: Arc<[ChatMessage]>,
    /// The language to answer in.
    pub language: Language,
    /// The knowledge entry that is asked for, where it is known already (a touched topic, a recognised phrasing).
    pub entry: Option<EntryId>,
    /// Whether the knowledge base recognised a leave-taking in the question: the visit ends after the answer, even if the
    /// model cannot say so.
    pub takes_leave: bool,
    /// What may be called; empty: nothing.
    pub tools: Arc<[ToolSpec]>,
}

/// A piece of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delta {
    /// More text. May be empty: a chain marks the first token so while it holds back the first clause.
    Text(String),
    /// The model asks for a call; its arguments are complete. Calls come after all text, directly before `Done`: an answer
    /// that broke off calls nothing.
    Call(ToolUse),
    /// The answer is complete. Always the last piece; a stream that ends without it was cut.
    Done {
        /// Who answered.
        served_by: ServedBy,
        /// Whether the visitor was recognised to take leave, so that the visit ends after this answer. A model that ends the
        /// visit by itself calls a tool for it.
        ends_visit: bool,
    },
}

/// Pieces of one answer.
pub type AnswerStream = BoxStream<'static, Result<Delta, ProviderError>>;

/// Answers questions.
pub trait LanguageModel: Send + Sync + 'static {
    /// The provider's name in events and logs.
    fn name(&self) -> &str;
    /// Starts an answer. Dropping the stream cancels it.
    fn answer(&self, request: ChatRequest) -> AnswerStream;
    /// Whether it can finish an answer that another provider began: the text said so far is then the last message but one,
    /// and the last one asks for the rest.
    fn goes_on(&self) -> bool {
        false
    }
    /// Opens connections before they are needed. Never fails; a fault shows itself on first use.
    fn warm_up(&self) {}
}

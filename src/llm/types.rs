//! The trait of language models.

use std::sync::Arc;

use futures_util::stream::BoxStream;

use crate::{
    cloud::ProviderError,
    event::{EntryId, Language, ServedBy},
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
}

/// One message of the history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChatMessage {
    /// Who it is from.
    pub role: Role,
    /// Its text. For the kiosk's own: what was really heard of it.
    pub text: String,
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
}

/// A piece of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delta {
    /// More text. May be empty: a chain marks the first token so while it holds back the first clause.
    Text(String),
    /// The answer is complete. Always the last piece; a stream that ends without it was cut.
    Done {
        /// Who answered.
        served_by: ServedBy,
        /// Whether the visitor has taken leave, so that the visit ends after this answer.
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
    /// Opens connections before they are needed. Never fails; a fault shows itself on first use.
    fn warm_up(&self) {}
}

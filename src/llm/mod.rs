//! The language model behind one trait: streamed answers; providers in order, the embedded one last.
//!
//! In: [`ChatRequest`]. Out: a stream of [`Delta`]s. Never touches: devices, the conversation's state, the database.

mod embedded;
mod types;

pub use embedded::KnowledgeModel;
pub use types::{AnswerStream, ChatMessage, ChatRequest, Delta, LanguageModel, Role};

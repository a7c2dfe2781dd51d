//! The language model behind one trait: streamed answers; providers in order, the embedded one last.
//!
//! In: [`ChatRequest`]; pictures for the [`Observer`]. Out: a stream of [`Delta`]s; what the pictures show. Never touches: devices, the conversation's state, the database.
//!
//! The streams of the service and the chain are lazy: a request goes out when its stream is first polled.

mod chain;
mod cloud;
mod continuation;
mod embedded;
mod observer;
mod progress;
mod types;
mod wire;

pub use chain::LlmChain;
pub use cloud::CloudLanguageModel;
pub use embedded::KnowledgeModel;
pub use observer::{CloudObserver, LabelledPicture, Observer};
pub use types::{AnswerStream, ChatMessage, ChatRequest, Delta, LanguageModel, Role};

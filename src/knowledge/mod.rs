//! The stand's knowledge base: entries with phrasings and answers in each language, and their search.
//!
//! In: `assets/knowledge/*.toml`. Out: [`Entry`]s, [`Hit`]s. Never touches: the network, the conversation.

mod base;
mod load;
mod normalise;
#[cfg(test)]
mod tests;
mod types;

pub use base::KnowledgeBase;
pub use load::{KnowledgeError, Problem, TOPIC_ICONS};
pub(crate) use normalise::tokens as comparable_words;
pub use types::{Answered, Entry, Hit, LocalText};

//! The stand's knowledge base: entries with phrasings and answers in each language, and their search.
//!
//! In: `assets/knowledge/*.toml`. Out: [`Entry`]s, [`Hit`]s. Never touches: the network, the conversation.

mod types;

pub use types::{Answered, Entry, Hit, LocalText};

//! `[health]` and `[personas]`.

use super::*;

section! {
    /// The health port on this machine: `GET /health`, and `GET /events` for a monitor.
    Health {
        /// The port on 127.0.0.1; 0: closed.
        port: u32 = 0, Limit::Int(0..=65_535);
    }
}

section! {
    /// Who speaks.
    Personas {
        /// The persona that a visit begins with, a file of `assets/personas/`.
        first: String = "reception".into(), Limit::NotEmpty;
    }
}

section! {
    /// What is kept of a conversation and of known visitors.
    Memory {
        /// What the model is sent of a conversation at most, tokens (about four letters each); older turns are summarised.
        prompt_tokens: u32 = 6_000, Limit::Int(500..=200_000);
        /// Last visits that a known visitor is remembered by.
        visits: u32 = 3, Limit::Int(0..=20);
        /// How long the summary of a visit stays on the screen, s; 0: it is not shown.
        show_summary_s: u64 = 8, Limit::Int(0..=60);
    }
}

//! What every service has in common: the one HTTP client, credentials, the kinds of failure, reading server-sent
//! events, the circuit breaker that decides when a service is left alone, and the ledger that counts what services cost.
//!
//! In: `[cloud]` and `[costs]` of the configuration and keys. Out: [`Service`]s, [`ProviderError`]s, [`Guard`]s, the shared
//! [`Health`], the [`Ledger`]. Never touches: the meaning of what is sent or received, devices, the conversation.
//!
//! Time-outs are kept by the providers (`speech::CloudSpeechToText` and its siblings), retries and fallback by the chains
//! (`speech::SttChain` and its siblings) and nowhere else: the HTTP client itself retries nothing.

mod breaker;
mod client;
mod error;
mod failure;
mod guard;
mod health;
mod ledger;
mod pieces;
mod services;
mod sse;

pub use breaker::{Breaker, BreakerSettings};
pub use client::Service;
pub use error::{FailureKind, ProviderError};
pub use guard::{Guard, Link, Probe, Supervisor};
pub use health::Health;
pub use ledger::{DayBook, Ledger, NoDayBook};
pub use services::{Cloud, CloudError};

pub(crate) use failure::{body_text, cut, is_event_stream, timed_out};
pub(crate) use guard::worth_a_second_try;
pub(crate) use ledger::{Charge, estimated_tokens};
pub(crate) use pieces::{Output, pieces};
pub(crate) use services::http_client;
pub(crate) use sse::EventReader;

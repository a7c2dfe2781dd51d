//! What every service has in common: the one HTTP client, credentials, the kinds of failure, time-outs, and the
//! circuit breaker that decides when a service is left alone.
//!
//! In: `[cloud]` of the configuration. Out: a client, [`ProviderError`]s. Never touches: what is sent or received.

mod error;

pub use error::{FailureKind, ProviderError};

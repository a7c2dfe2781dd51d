//! How a provider can fail.

use std::time::Duration;

/// The kinds of failure that are handled differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// 401 or 403: the key is wrong or missing. Not worth another try until the configuration changes.
    Unauthorized,
    /// 429: too many requests. Worth a try after `retry_after`.
    RateLimited,
    /// Any other 4xx: the request is wrong for this service.
    Rejected,
    /// 5xx.
    ServerError,
    /// No answer within the time allowed, or a stream that stopped in the middle without ending.
    TimedOut,
    /// No connection could be made.
    Unreachable,
    /// The connection was cut, or the answer ended before its end mark.
    Cut,
    /// An answer that cannot be read.
    Malformed,
    /// A model or library is missing or broken (embedded parts).
    Unavailable,
}

/// A provider failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{provider}: {message}")]
pub struct ProviderError {
    /// The provider's name.
    pub provider: String,
    /// What kind of failure.
    pub kind: FailureKind,
    /// How long the service asks to be left alone.
    pub retry_after: Option<Duration>,
    /// Whether the service refused the form of the request (400, 422): it may take it with fewer options.
    pub is_refused_form: bool,
    /// For staff: what was found and what to do. Nothing secret, nothing personal.
    pub message: String,
}

impl ProviderError {
    /// An error that came from no answer of a service.
    #[must_use]
    pub fn new(provider: impl Into<String>, kind: FailureKind, message: impl Into<String>) -> Self {
        Self { provider: provider.into(), kind, retry_after: None, is_refused_form: false, message: message.into() }
    }
}

//! From what HTTP says to a [`ProviderError`].
//!
//! Bodies are never repeated: even an error's `message` may quote the prompt or a part of the key. Its `code`, `type`
//! and `param` are short names made by the service, and say what staff need.

use std::time::Duration;

use jiff::Timestamp;
use reqwest::{
    Response, StatusCode,
    header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER},
};
use serde::Deserialize;

use super::{FailureKind, ProviderError};

/// The longest pause a service can ask for: beyond it the probe finds out by itself.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(600);
/// How much of an answer is read where it is not streamed, bytes.
const MAX_BODY_BYTES: usize = 1 << 20;
/// How long the body of an error may take: its status already says most.
const ERROR_BODY_TIMEOUT: Duration = Duration::from_millis(300);

/// A wait that reached its limit.
pub(crate) fn timed_out(provider: &str, waited_for: &str, limit: Duration) -> ProviderError {
    let message = format!("{waited_for} did not come within {} ms", limit.as_millis());
    ProviderError::new(provider, FailureKind::TimedOut, message)
}

/// An answer that ended before its end mark.
pub(crate) fn cut(provider: &str, what: &str) -> ProviderError {
    ProviderError::new(provider, FailureKind::Cut, format!("{what} ended in the middle"))
}

/// A request that got no answer, or lost its connection in the middle of one.
pub(crate) fn from_transport(provider: &str, address: &str, error: &reqwest::Error) -> ProviderError {
    let (kind, found) = if error.is_connect() && error.is_timeout() {
        (FailureKind::Unreachable, "no connection within the time allowed")
    } else if error.is_connect() {
        (FailureKind::Unreachable, "no connection")
    } else if error.is_timeout() {
        (FailureKind::TimedOut, "no answer within the time allowed")
    } else if error.is_builder() {
        (FailureKind::Rejected, "the request cannot be built; check `cloud` in the configuration")
    } else {
        (FailureKind::Cut, "the connection was cut")
    };
    // The error itself may hold the whole URL; its innermost cause is the operating system's or the TLS library's.
    let cause = innermost(error).map(|cause| format!(" ({cause})")).unwrap_or_default();
    ProviderError::new(provider, kind, format!("{address}: {found}{cause}"))
}

/// The error for a status that is not 2xx; reads the body for its code.
pub(crate) async fn from_status(provider: &str, address: &str, response: Response) -> ProviderError {
    let status = response.status();
    let retry_after = retry_after(response.headers(), Timestamp::now());
    let code = tokio::time::timeout(ERROR_BODY_TIMEOUT, body_text(response))
        .await
        .ok()
        .and_then(Result::ok)
        .and_then(|body| error_code(&body))
        .map(|code| format!(" [{code}]"))
        .unwrap_or_default();
    let (kind, advice) = match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => (
            FailureKind::Unauthorized,
            "; the key is wrong, missing or lacks the right: check `cloud.api_key` or the service's own `api_key`",
        ),
        StatusCode::TOO_MANY_REQUESTS => (FailureKind::RateLimited, "; too many requests or no credit left"),
        StatusCode::REQUEST_TIMEOUT => (FailureKind::TimedOut, ""),
        _ if status.is_server_error() => (FailureKind::ServerError, ""),
        StatusCode::NOT_FOUND => {
            (FailureKind::Rejected, "; check `cloud.base_url` and the service's `model` in the configuration")
        }
        _ => (FailureKind::Rejected, "; the service does not take this request: check its `model` and options"),
    };
    let is_refused_form = matches!(status, StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY);
    let error = ProviderError::new(provider, kind, format!("{address}: {status}{code}{advice}"));
    ProviderError { retry_after, is_refused_form, ..error }
}

/// The whole body as text, bounded.
pub(crate) async fn body_text(mut response: Response) -> Result<String, BodyError> {
    let mut body = Vec::new();
    while let Some(bytes) = response.chunk().await.map_err(BodyError::Transport)? {
        if body.len() + bytes.len() > MAX_BODY_BYTES {
            return Err(BodyError::TooLong);
        }
        body.extend_from_slice(&bytes);
    }
    Ok(String::from_utf8_lossy(&body).into_owned())
}

/// Why a body was not read.
#[derive(Debug)]
pub(crate) enum BodyError {
    /// The connection failed.
    Transport(reqwest::Error),
    /// It is larger than any sane answer.
    TooLong,
}

/// Whether the answer is a stream of events, whatever was asked for.
pub(crate) fn is_event_stream(response: &Response) -> bool {
    let content_type = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    content_type.is_some_and(|value| value.to_ascii_lowercase().starts_with("text/event-stream"))
}

#[derive(Deserialize)]
struct ErrorBody {
    error: ErrorNames,
}

#[derive(Deserialize)]
struct ErrorNames {
    #[serde(default)]
    code: serde_json::Value,
    #[serde(default)]
    r#type: serde_json::Value,
    #[serde(default)]
    param: serde_json::Value,
}

/// `code`, `type` and `param` of an OpenAI error, as far as they are names.
fn error_code(body: &str) -> Option<String> {
    let ErrorBody { error } = serde_json::from_str(body).ok()?;
    let is_name = |text: &&str| {
        (1..=40).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_lowercase() || matches!(byte, b'_' | b'.' | b'-'))
    };
    let mut names: Vec<&str> = [&error.code, &error.r#type, &error.param]
        .into_iter()
        .filter_map(|name| name.as_str())
        .filter(is_name)
        .collect();
    names.dedup();
    (!names.is_empty()).then(|| names.join(", "))
}

/// How long the service asks to be left alone: `retry-after-ms` (OpenAI, Azure), else `Retry-After` in seconds or as a
/// date (RFC 9110, 10.2.3).
fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let in_ms = text("retry-after-ms").and_then(|value| value.parse().ok()).map(Duration::from_millis);
    let standard = || {
        let value = text(RETRY_AFTER.as_str())?;
        match value.parse::<f64>() {
            Ok(seconds) => Duration::try_from_secs_f64(seconds).ok(),
            Err(_) => {
                let date = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(value).ok()?;
                Some(Duration::try_from(date.duration_since(now)).unwrap_or_default())
            }
        }
    };
    in_ms.or_else(standard).map(|pause| pause.min(MAX_RETRY_AFTER))
}

fn innermost(error: &dyn std::error::Error) -> Option<&dyn std::error::Error> {
    let mut cause = error.source()?;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    Some(cause)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn pause(name: &'static str, value: &str) -> Option<Duration> {
        let now: Timestamp = "2026-10-21T07:28:00Z".parse().unwrap();
        let headers = HeaderMap::from_iter([(reqwest::header::HeaderName::from_static(name), value.parse().unwrap())]);
        retry_after(&headers, now)
    }

    #[test]
    fn retry_after_is_read_as_seconds_date_or_milliseconds() {
        assert_eq!(pause("retry-after", "7"), Some(Duration::from_secs(7)));
        assert_eq!(pause("retry-after", "Wed, 21 Oct 2026 07:28:30 GMT"), Some(Duration::from_secs(30)));
        assert_eq!(pause("retry-after", "Wed, 21 Oct 2026 07:00:00 GMT"), Some(Duration::ZERO));
        assert_eq!(pause("retry-after-ms", "250"), Some(Duration::from_millis(250)));
        assert_eq!(pause("retry-after", "86400"), Some(MAX_RETRY_AFTER));
        assert_eq!(pause("retry-after", "soon"), None);
    }

    #[test]
    fn an_error_gives_its_names_and_never_its_message() {
        let body = r#"{"error":{"message":"bad prompt: I live at 5 Elm St","type":"invalid_request_error","code":"model_not_found"}}"#;
        assert_eq!(error_code(body).as_deref(), Some("model_not_found, invalid_request_error"));
        assert_eq!(error_code(r#"{"error":{"message":"x","type":"I live at 5 Elm St"}}"#), None);
        assert_eq!(error_code("<html>"), None);
    }
}

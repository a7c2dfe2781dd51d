//! Models from the network.

use std::{io::Cursor, path::Path, time::Duration};

use futures_util::StreamExt;

use super::{Model, ModelError, UrlSource, wheel::read_member};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Without a single byte for this long, a download has failed.
const READ_TIMEOUT: Duration = Duration::from_secs(30);
/// The largest model is 174 MB: half an hour is 0.1 MB/s.
const TOTAL_TIMEOUT: Duration = Duration::from_secs(30 * 60);

/// The bytes of `model` from its address; not yet checked against its sum.
pub(super) async fn download(model: &Model, source: &UrlSource) -> Result<Vec<u8>, ModelError> {
    let max_bytes = match source.member {
        Some(_) => source.bytes.unwrap_or(model.bytes.saturating_mul(4)),
        None => model.bytes,
    };
    let body = get(model, source, max_bytes).await?;
    match &source.member {
        Some(member) => read_member(Path::new(&source.href), Cursor::new(body), member, model.bytes),
        None => Ok(body),
    }
}

async fn get(model: &Model, source: &UrlSource, max_bytes: u64) -> Result<Vec<u8>, ModelError> {
    let failed = |detail: String| ModelError::Download {
        model: model.name.clone(),
        url: source.href.clone(),
        file: model.file.clone(),
        detail,
    };
    let too_long = |found: u64| failed(format!("found {found} bytes or more; allowed {max_bytes}"));
    // Reqwest's errors repeat the address and hide their cause.
    let cause = |error: reqwest::Error| failed(root_cause(&error.without_url()));
    let client = reqwest::Client::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .read_timeout(READ_TIMEOUT)
        .timeout(TOTAL_TIMEOUT)
        .build()
        .map_err(cause)?;
    let response = client.get(&source.href).send().await.and_then(|r| r.error_for_status()).map_err(cause)?;
    if let Some(length) = response.content_length().filter(|length| *length > max_bytes) {
        return Err(too_long(length));
    }
    let mut body = Vec::new();
    let mut chunks = response.bytes_stream();
    while let Some(chunk) = chunks.next().await {
        body.extend_from_slice(&chunk.map_err(cause)?);
        if body.len() as u64 > max_bytes {
            return Err(too_long(body.len() as u64));
        }
    }
    Ok(body)
}

fn root_cause(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text = cause.to_string();
        next = cause.source();
    }
    text
}

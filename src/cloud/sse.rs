//! Server-sent events, read more leniently than the standard asks: an event without its closing blank line counts
//! when the stream ends or when the next one begins with a new `data:` of its own.

use bytes::Bytes;
use futures_util::{StreamExt, stream::BoxStream};

/// The longest line that is accepted, bytes. A chat chunk has some hundred.
const MAX_LINE_BYTES: usize = 1 << 20;

/// What can go wrong between two events.
#[derive(Debug)]
pub(crate) enum EventError {
    /// The connection failed.
    Transport(reqwest::Error),
    /// A line is longer than any sane event.
    LineTooLong,
}

/// Reads the `data` of one event after the other.
pub(crate) struct EventReader {
    body: BoxStream<'static, reqwest::Result<Bytes>>,
    buffer: Vec<u8>,
    /// How much of `buffer` has been read.
    start: usize,
    /// `data` lines of the event being read.
    data: Option<String>,
    ended: bool,
}

impl EventReader {
    /// Reads the body of `response`.
    pub(crate) fn new(response: reqwest::Response) -> Self {
        Self::of_stream(response.bytes_stream().boxed())
    }

    fn of_stream(body: BoxStream<'static, reqwest::Result<Bytes>>) -> Self {
        Self { body, buffer: Vec::new(), start: 0, data: None, ended: false }
    }

    /// The data of the next event, `None` at the end of the body. Cancel safe.
    pub(crate) async fn next(&mut self) -> Result<Option<String>, EventError> {
        loop {
            while let Some(line) = self.take_line() {
                if let Some(event) = self.read_line(&line) {
                    return Ok(Some(event));
                }
            }
            if self.ended {
                return Ok(self.data.take());
            }
            if self.buffer.len() - self.start > MAX_LINE_BYTES {
                return Err(EventError::LineTooLong);
            }
            match self.body.next().await {
                Some(Ok(bytes)) => {
                    self.buffer.drain(..self.start);
                    self.start = 0;
                    self.buffer.extend_from_slice(&bytes);
                }
                Some(Err(error)) => return Err(EventError::Transport(error)),
                None => {
                    self.ended = true;
                    // A last line without its line end still counts.
                    self.buffer.push(b'\n');
                }
            }
        }
    }

    /// Reads what is left and drops it, so that the connection can be used again.
    pub(crate) async fn drain(mut self) {
        while let Some(Ok(_)) = self.body.next().await {}
    }

    /// The next complete line, without its end.
    fn take_line(&mut self) -> Option<String> {
        let rest = self.buffer.get(self.start..)?;
        let length = rest.iter().position(|byte| *byte == b'\n')?;
        let line = rest.get(..length)?;
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let text = String::from_utf8_lossy(line).into_owned();
        self.start += length + 1;
        Some(text)
    }

    /// Takes in one line; gives the event that it completes.
    fn read_line(&mut self, line: &str) -> Option<String> {
        if line.is_empty() {
            return self.data.take();
        }
        // Comments (`: keep-alive`) and the other fields say nothing that the data does not.
        let value = line.strip_prefix("data:")?;
        let value = value.strip_prefix(' ').unwrap_or(value);
        match &mut self.data {
            Some(data) if !is_complete(data) => {
                data.push('\n');
                data.push_str(value);
                None
            }
            // The blank line between two events is missing.
            Some(data) => Some(std::mem::replace(data, value.to_owned())),
            None => {
                self.data = Some(value.to_owned());
                None
            }
        }
    }
}

/// Whether `data` stands for itself: JSON of one line, or the end mark.
fn is_complete(data: &str) -> bool {
    data.trim() == "[DONE]" || serde_json::from_str::<serde::de::IgnoredAny>(data).is_ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use futures_util::stream;
    use proptest::prelude::*;

    use super::*;

    fn read(parts: Vec<Vec<u8>>) -> Vec<String> {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let mut reader = EventReader::of_stream(stream::iter(parts).map(|part| Ok(Bytes::from(part))).boxed());
            let mut events = Vec::new();
            while let Some(event) = reader.next().await.unwrap() {
                events.push(event);
            }
            events
        })
    }

    #[test]
    fn comments_missing_blanks_and_missing_blank_lines_are_no_obstacle() {
        let body =
            ": hello\r\n\r\ndata:{\"a\":1}\r\n\r\nevent: x\ndata: {\"a\":\ndata: 2}\n\ndata: {\"a\":3}\ndata: [DONE]";
        assert_eq!(read(vec![body.as_bytes().to_vec()]), ["{\"a\":1}", "{\"a\":\n2}", "{\"a\":3}", "[DONE]"]);
    }

    proptest! {
        #[test]
        fn events_do_not_depend_on_how_the_bytes_were_cut(
            texts in proptest::collection::vec("[a-zA-Z \u{0621}-\u{064a}]{0,12}", 1..8),
            cuts in proptest::collection::vec(1_usize..9, 1..40),
        ) {
            let events: Vec<String> = texts.iter().map(|text| serde_json::json!({ "t": text }).to_string()).collect();
            let body: String = events.iter().map(|event| format!("data: {event}\n\n")).collect();
            let mut rest = body.as_bytes();
            let mut parts = Vec::new();
            for cut in cuts.into_iter().cycle() {
                if rest.is_empty() {
                    break;
                }
                let (part, tail) = rest.split_at(cut.min(rest.len()));
                parts.push(part.to_vec());
                rest = tail;
            }
            prop_assert_eq!(read(parts), events);
        }
    }
}

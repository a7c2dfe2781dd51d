//! The program's log: `tracing` events on standard error, as text for people or as JSON for machines.

use std::io::IsTerminal;

use tracing::Subscriber;
use tracing_subscriber::{
    EnvFilter, Layer,
    filter::{FilterExt as _, filter_fn},
    fmt::MakeWriter,
    layer::SubscriberExt,
    registry::LookupSpan,
};

use crate::config::{Log, LogFormat};

/// Why there is no log.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The filter is none.
    #[error("log.filter: found \"{filter}\": {source}; allowed a filter such as \"info,majlis=debug\"")]
    Filter {
        /// The filter.
        filter: String,
        /// Why.
        source: tracing_subscriber::filter::ParseError,
    },
    /// The process has a log already.
    #[error("the log has been set up before: {0}")]
    SetTwice(#[from] tracing::subscriber::SetGlobalDefaultError),
}

/// Sends the process's log to standard error. Once, first thing in `main`.
///
/// # Errors
/// When the filter is none, or there is a log already.
pub fn init(config: &Log) -> Result<(), LogError> {
    tracing::subscriber::set_global_default(subscriber(config, std::io::stderr, std::io::stderr().is_terminal())?)?;
    Ok(())
}

/// A log to `writer`; `colours` for terminals.
///
/// # Errors
/// When the filter is none.
pub fn subscriber<W>(config: &Log, writer: W, colours: bool) -> Result<impl Subscriber + Send + Sync, LogError>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let filter = EnvFilter::try_new(&config.filter)
        .map_err(|source| LogError::Filter { filter: config.filter.clone(), source })?;
    // The library of MCP logs whole messages, and with them what visitors said: no filter of staff's lets it through.
    let filter = filter.and(filter_fn(|metadata| !metadata.target().starts_with("rmcp")));
    Ok(tracing_subscriber::registry().with(lines(config.format, writer, colours).with_filter(filter)))
}

fn lines<S, W>(format: LogFormat, writer: W, colours: bool) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'s> LookupSpan<'s>,
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let lines = tracing_subscriber::fmt::layer().with_writer(writer);
    match format {
        LogFormat::Text => lines.with_ansi(colours).boxed(),
        LogFormat::Json => lines.json().flatten_event(true).boxed(),
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::Write,
        sync::{Arc, Mutex},
    };

    use super::*;

    #[derive(Clone, Default)]
    struct Page(Arc<Mutex<Vec<u8>>>);

    impl Write for Page {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn logged(filter: &str, format: LogFormat) -> String {
        let page = Page::default();
        let writer = page.clone();
        let config = Log { filter: filter.to_owned(), format };
        let subscriber = subscriber(&config, move || writer.clone(), false).unwrap();
        tracing::subscriber::with_default(subscriber, || {
            tracing::info!(turn = 3, "answered");
            tracing::debug!("details");
            tracing::error!(target: "rmcp::service", "what the visitor said");
        });
        let bytes = page.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn json_lines_hold_the_fields_of_an_event() {
        let text = logged("info", LogFormat::Json);
        let line: serde_json::Value = serde_json::from_str(text.trim_end()).unwrap();
        assert_eq!(line.get("turn"), Some(&serde_json::json!(3)));
        assert_eq!(line.get("message"), Some(&serde_json::json!("answered")));
    }

    #[test]
    fn text_lines_pass_the_filter_without_colours() {
        let text = logged("debug", LogFormat::Text);
        assert!(text.contains("INFO") && text.contains("answered turn=3") && text.contains("details"), "{text}");
        assert!(!text.contains('\u{1b}'), "{text}");
        assert_eq!(logged("warn", LogFormat::Text), "");
        assert!(!logged("trace,rmcp=trace", LogFormat::Text).contains("visitor"), "whole messages are never logged");
    }

    #[test]
    fn a_filter_that_is_none_is_shown() {
        let config = Log { filter: "majlis=loud".to_owned(), format: LogFormat::Text };
        let message = subscriber(&config, std::io::sink, false).err().unwrap().to_string();
        assert!(message.contains("majlis=loud"), "{message}");
    }
}

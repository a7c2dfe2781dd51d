//! `majlis monitor`: shows in a terminal what the kiosk on this machine tells, one line a message. For staff: visitors'
//! words are shown, as they are on the kiosk's own screen.

use std::{convert::Infallible, io::Write, time::Duration};

use jiff::{Timestamp, tz::TimeZone};
use serde_json::Value;
use tokio::time::sleep;

use crate::cloud::EventReader;

/// A connection has to be there in this time.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);
/// The kiosk sends something every 15 s: after this long without, the connection is given up.
const SILENCE: Duration = Duration::from_secs(45);
/// Between two tries.
const AGAIN: Duration = Duration::from_secs(2);
/// The widest name of a kind of message.
const KIND_WIDTH: usize = 10;

/// How to show it.
#[derive(Debug, Clone)]
pub struct MonitorOptions {
    /// The health port.
    pub port: u16,
    /// Each message as it came, a line of JSON.
    pub is_json: bool,
    /// Whether the output is a terminal that has colours.
    pub has_colours: bool,
    /// For the times.
    pub time_zone: TimeZone,
}

/// Why the kiosk is not heard.
#[derive(Debug, thiserror::Error)]
enum LinkError {
    #[error("no kiosk answers: is it running, with [health] port set to this one?")]
    Unreachable,
    #[error("the kiosk answered {0}")]
    Refused(String),
    #[error("the connection is lost")]
    Lost,
}

/// Writes messages to `output` and what is wrong with the connection to `notes`, until `output` takes no more.
/// Connects again whenever the connection ends, and goes on where it was.
///
/// # Errors
/// `output` or `notes` cannot be written, or there is no HTTP client on this machine.
pub async fn watch(
    options: &MonitorOptions,
    output: &mut (impl Write + Send),
    notes: &mut (impl Write + Send),
) -> std::io::Result<Infallible> {
    let client = reqwest::Client::builder()
        .no_proxy()
        .http1_only()
        .connect_timeout(CONNECT_LIMIT)
        .read_timeout(SILENCE)
        .build()
        .map_err(std::io::Error::other)?;
    let mut last = None;
    let mut told = String::new();
    loop {
        let error = match connect(&client, options.port, last).await {
            Ok(mut reader) => {
                writeln!(notes, "connected to the kiosk on port {}", options.port)?;
                told.clear();
                while let Ok(Some(data)) = reader.next().await {
                    let Ok(message) = serde_json::from_str::<Value>(&data) else { continue };
                    last = message.get("id").and_then(Value::as_u64).or(last);
                    if options.is_json {
                        writeln!(output, "{data}")?;
                    } else {
                        writeln!(output, "{}", line(&message, options))?;
                    }
                    output.flush()?;
                }
                LinkError::Lost
            }
            Err(error) => error,
        };
        let error = format!("{error}; trying again");
        // Once, not every two seconds.
        if told != error {
            writeln!(notes, "port {}: {error}", options.port)?;
            told = error;
        }
        sleep(AGAIN).await;
    }
}

async fn connect(client: &reqwest::Client, port: u16, last: Option<u64>) -> Result<EventReader, LinkError> {
    let mut request = client.get(format!("http://127.0.0.1:{port}/events"));
    if let Some(last) = last {
        request = request.header("last-event-id", last);
    }
    let response = request.send().await.map_err(|_| LinkError::Unreachable)?;
    let status = response.status();
    if !status.is_success() {
        let reason = response.text().await.unwrap_or_default();
        let reason: String = printable(&reason).chars().take(200).collect();
        return Err(LinkError::Refused(format!("{status}: {}", reason.trim())));
    }
    Ok(EventReader::new(response))
}

/// A message in a line.
#[must_use]
pub fn line(message: &Value, options: &MonitorOptions) -> String {
    let at = text(message, "at").parse::<Timestamp>();
    let at = at.map_or_else(
        |_| "--:--:--".to_owned(),
        |at| at.to_zoned(options.time_zone.clone()).strftime("%H:%M:%S").to_string(),
    );
    let (kind, colour, what) = told(message);
    let what = printable(&what);
    let kind = printable(&kind);
    if options.has_colours {
        format!("\u{1b}[2m{at}\u{1b}[0m \u{1b}[{colour}m{kind:<KIND_WIDTH$}\u{1b}[0m {what}")
    } else {
        format!("{at} {kind:<KIND_WIDTH$} {what}")
    }
}

const QUIET: &str = "2";
const SPEECH: &str = "1;36";
const NEWS: &str = "1";
const GOOD: &str = "32";
const BAD: &str = "1;31";

/// The name of a message, its colour (ANSI), and what it says.
fn told(message: &Value) -> (String, &'static str, String) {
    let get = |key| text(message, key);
    let money = |key| micros(message.get(key).and_then(Value::as_u64).unwrap_or(0));
    let count = |key| message.get(key).and_then(Value::as_array).map_or(0, Vec::len);
    let is = |key| message.get(key).and_then(Value::as_bool) == Some(true);
    let colour = match get("status") {
        "lost" | "failed" | "suspended" | "error" | "exhausted" | "warning" => BAD,
        _ => GOOD,
    };
    let detail = |text: &str| if text.is_empty() { String::new() } else { format!(": {text}") };
    let (kind, colour, what) = match get("type") {
        "visit_started" => ("visit", NEWS, format!("begins ({})", get("visit"))),
        "visit_ended" => ("visit", NEWS, format!("ends: {}", get("reason"))),
        "state_changed" => ("state", QUIET, format!("{} → {}", get("from"), get("to"))),
        "transcript" => {
            let end = match (is("is_final"), is("is_interrupted")) {
                (_, true) => " [cut]",
                (false, false) => " …",
                (true, false) => "",
            };
            (get("speaker"), SPEECH, format!("{}: {}{end}", get("language"), get("text")))
        }
        "visitor_recognized" => ("recognised", NEWS, format!("{} by {}", get("visitor"), get("by"))),
        "tool_call" => {
            let took = message.get("took_ms").and_then(Value::as_u64).map_or(String::new(), |ms| format!(", {ms} ms"));
            ("tool", colour, format!("{} {}{took}{}", get("tool"), get("status"), detail(get("failure"))))
        }
        "persona_changed" => ("persona", NEWS, format!("{} → {}", get("from"), get("to"))),
        "spent" => ("cost", QUIET, format!("{} {}", get("scope"), money("cost_micros"))),
        "budget" => {
            let what = format!("{}: {} of {}", get("status"), money("spent_micros"), money("budget_micros"));
            ("budget", colour, what)
        }
        "device" => ("device", colour, format!("{} {}{}", get("device"), get("status"), detail(get("detail")))),
        "provider" => {
            let what = format!("{} {} {}{}", get("kind"), get("name"), get("status"), detail(get("detail")));
            ("provider", colour, what)
        }
        "call_summary" => {
            let seconds = message.get("duration_ms").and_then(Value::as_u64).unwrap_or(0) / 1000;
            let what = format!(
                "{} after {seconds} s, {} asked, {} done, {} booked, cost {}. {}",
                get("reason"),
                count("asked"),
                count("done"),
                count("booked"),
                money("cost_micros"),
                get("text")
            );
            ("summary", NEWS, what)
        }
        // A newer kiosk.
        other => (other, QUIET, message.to_string()),
    };
    (kind.to_owned(), colour, what)
}

fn text<'m>(message: &'m Value, key: &str) -> &'m str {
    message.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// Millionths of the currency, as people write them.
fn micros(cost: u64) -> String {
    format!("{}.{:04}", cost / 1_000_000, cost % 1_000_000 / 100)
}

/// In one line, and without anything that would command the terminal: words come from outside.
fn printable(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn shown(message: &Value) -> String {
        let time_zone = TimeZone::get("Asia/Dubai").unwrap();
        line(message, &MonitorOptions { port: 1, is_json: false, has_colours: false, time_zone })
    }

    #[test]
    fn a_message_is_a_line_with_the_stands_time() {
        let transcript = json!({"v": 1, "id": 7, "at": "2026-11-21T07:24:00.250Z", "type": "transcript", "visit": "v",
            "turn": 1, "speaker": "visitor", "language": "en", "text": "When do you open?", "is_final": true,
            "is_interrupted": false});
        assert_eq!(shown(&transcript), "11:24:00 visitor    en: When do you open?");
        let call = json!({"at": "2026-11-21T07:24:00Z", "type": "tool_call", "tool": "fetch_slots", "status": "error",
            "took_ms": 12, "failure": "time_out"});
        assert_eq!(shown(&call), "11:24:00 tool       fetch_slots error, 12 ms: time_out");
        let spent = json!({"at": "2026-11-21T07:24:00Z", "type": "spent", "scope": "visit", "cost_micros": 1_234_567});
        assert_eq!(shown(&spent), "11:24:00 cost       visit 1.2345");
    }

    #[test]
    fn words_cannot_command_the_terminal() {
        let message = json!({"at": "x", "type": "transcript", "speaker": "visitor", "language": "en",
            "text": "a\u{1b}[2Jb\nc", "is_final": true});
        assert_eq!(shown(&message), "--:--:-- visitor    en: a [2Jb c");
    }

    #[test]
    fn what_a_newer_kiosk_tells_is_shown_as_it_is() {
        assert!(shown(&json!({"at": "x", "type": "weather", "sky": "blue"})).contains("\"sky\":\"blue\""));
    }
}

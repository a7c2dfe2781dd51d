//! The report of a run, as JSON. `docs/report.md` describes every field.

use std::{path::Path, time::Duration};

use serde::Serialize;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::metrics::{self, Metrics};
use crate::{
    audio,
    conversation::{TurnRecord, Waterfall},
    event::{Event, Language, PresenceChange, ServedBy, Stamped, Subscription, TrackId, VisitorId},
};

/// Raised when a field changes its meaning or goes away.
pub const VERSION: u32 = 1;

/// Events kept for the report. A long run keeps the first ones and counts the rest in `totals.events_omitted`.
const MAX_EVENTS: usize = 20_000;

/// Turns kept for the report. A long run keeps the first ones; every turn stands in the store.
const MAX_TURNS: usize = 5_000;

/// What happened in a run.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// [`VERSION`].
    pub version: u32,
    /// The questions and answers, in order.
    pub turns: Vec<Turn>,
    /// States, devices, providers, in order.
    pub events: Vec<Stamped>,
    /// Who came and went, in order.
    pub presence: Vec<Presence>,
    /// Whose faces were asked for, in order.
    pub identity: Vec<Identity>,
    /// Sums.
    pub totals: Totals,
}

/// One question and its answer. Times are ms from the start of the input.
#[derive(Debug, Clone, Serialize)]
pub struct Turn {
    /// Of the question.
    pub language: Language,
    /// Where the visitor's speech lay; `null` for a touched topic.
    pub utterance: Option<Span>,
    /// When the end of the turn was decided.
    pub end_of_turn_ms: Option<u64>,
    /// The question's words.
    pub transcript: String,
    /// The answer as it was made.
    pub answer: String,
    /// The part of it that was really heard.
    pub heard: String,
    /// `cloud` or `embedded`.
    pub served_by: ServedBy,
    /// When the first sample of the answer left for the speaker.
    pub first_audio_ms: Option<u64>,
    /// Each step, counted from the end of speech.
    pub waterfall_ms: Waterfall,
    /// The price of working ahead.
    pub thrown: Thrown,
}

/// A stretch of time, ms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Span {
    /// Its start.
    pub start_ms: u64,
    /// Its end.
    pub end_ms: u64,
}

/// What was begun for a turn and not used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Thrown {
    /// Transcriptions.
    pub transcriptions: u32,
    /// Answers.
    pub answers: u32,
}

/// A step of somebody's coming and going.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Presence {
    /// When.
    pub at_ms: u64,
    /// What they did.
    pub event: PresenceChange,
    /// Whose face.
    pub track: TrackId,
}

/// A decision who somebody is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Identity {
    /// When.
    pub at_ms: u64,
    /// Whose face.
    pub track: TrackId,
    /// The person on record; `null`: nobody.
    pub visitor: Option<VisitorId>,
    /// The similarity to that person, or to the most similar one, −1..1.
    pub score: f32,
    /// How much more similar than the second best.
    pub margin: f32,
    /// How many pictures voted.
    pub votes: u32,
}

/// Sums over the run.
#[derive(Debug, Clone, Serialize)]
pub struct Totals {
    /// Questions answered.
    pub turns: u64,
    /// Transcriptions begun and thrown away.
    pub transcriptions_thrown: u64,
    /// Answers begun and thrown away.
    pub answers_thrown: u64,
    /// 10 ms frames of audio lost.
    pub audio_frames_dropped: u64,
    /// Pictures of visitors kept for the model that sees.
    pub frames_seen: u64,
    /// Pictures sent to it.
    pub frames_sent: u64,
    /// The most memory the process ever held, bytes.
    pub peak_rss_bytes: u64,
    /// How long the run took on the wall clock, ms.
    pub wall_ms: u64,
    /// Events that are not in `events` because there were too many.
    pub events_omitted: u64,
}

/// Gathers a report while the program runs.
pub struct Collector {
    turns: Vec<TurnRecord>,
    events: Vec<Stamped>,
    presence: Vec<Presence>,
    identity: Vec<Identity>,
    metrics: Metrics,
    omitted: u64,
    started: std::time::Instant,
}

impl Default for Collector {
    fn default() -> Self {
        Self {
            turns: Vec::new(),
            events: Vec::new(),
            presence: Vec::new(),
            identity: Vec::new(),
            metrics: Metrics::default(),
            omitted: 0,
            started: std::time::Instant::now(),
        }
    }
}

impl Collector {
    /// Gathers until `stop`, and then what is still waiting.
    pub async fn run(
        mut self,
        mut events: Subscription,
        mut turns: mpsc::Receiver<TurnRecord>,
        stop: CancellationToken,
    ) -> Self {
        loop {
            tokio::select! {
                Some(record) = turns.recv() => self.turn(record),
                Some(event) = events.next() => self.event(event),
                () = stop.cancelled() => break,
                else => break,
            }
        }
        while let Ok(record) = turns.try_recv() {
            self.turn(record);
        }
        while let Some(event) = events.try_next() {
            self.event(event);
        }
        self
    }

    fn turn(&mut self, record: TurnRecord) {
        self.metrics.turn(&record);
        if self.turns.len() < MAX_TURNS {
            self.turns.push(record);
        }
    }

    fn event(&mut self, stamped: Stamped) {
        self.metrics.event(&stamped.event);
        let at_ms = millis(stamped.at);
        match stamped.event {
            Event::Presence { track, change } if self.presence.len() < MAX_EVENTS => {
                self.presence.push(Presence { at_ms, event: change, track });
            }
            Event::Identity { track, visitor, score, margin, votes } if self.identity.len() < MAX_EVENTS => {
                self.identity.push(Identity { at_ms, track, visitor, score, margin, votes });
            }
            Event::Presence { .. } | Event::Identity { .. } => self.omitted += 1,
            _ => {}
        }
        let is_reported = matches!(
            stamped.event,
            Event::VisitStarted { .. }
                | Event::VisitEnded { .. }
                | Event::PhaseChanged { .. }
                | Event::Device { .. }
                | Event::Provider { .. }
                | Event::WatchdogFired { .. }
                | Event::Dropped { .. }
        );
        if !is_reported {
            return;
        }
        if self.events.len() < MAX_EVENTS {
            self.events.push(stamped);
        } else {
            self.omitted += 1;
        }
    }

    /// The report so far.
    #[must_use]
    pub fn report(&self, meters: audio::Meters) -> Report {
        Report {
            version: VERSION,
            turns: self.turns.iter().map(Turn::from).collect(),
            events: self.events.clone(),
            presence: self.presence.clone(),
            identity: self.identity.clone(),
            totals: Totals {
                turns: self.metrics.get(metrics::TURNS),
                transcriptions_thrown: self.metrics.get(metrics::TRANSCRIPTIONS_THROWN),
                answers_thrown: self.metrics.get(metrics::ANSWERS_THROWN),
                audio_frames_dropped: meters.frames_dropped,
                frames_seen: self.metrics.get(metrics::FRAMES_SEEN),
                frames_sent: self.metrics.get(metrics::FRAMES_SENT),
                peak_rss_bytes: peak_rss_bytes().unwrap_or(0),
                wall_ms: millis(self.started.elapsed()),
                events_omitted: self.omitted,
            },
        }
    }
}

impl From<&TurnRecord> for Turn {
    fn from(record: &TurnRecord) -> Self {
        let utterance = record
            .speech_start
            .zip(record.speech_end)
            .map(|(start, end)| Span { start_ms: millis(start), end_ms: millis(end) });
        Self {
            language: record.language,
            utterance,
            end_of_turn_ms: record.end_of_turn.map(millis),
            transcript: record.transcript.clone(),
            answer: record.answer.clone(),
            heard: record.heard.clone(),
            served_by: record.served_by.unwrap_or(ServedBy::Embedded),
            first_audio_ms: record.first_sample_at.map(millis),
            waterfall_ms: record.waterfall(),
            thrown: Thrown { transcriptions: record.transcriptions_thrown, answers: record.answers_thrown },
        }
    }
}

impl Report {
    /// Writes it as JSON, readable only by the owner: it holds the visitor's words.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write(&self, path: &Path) -> std::io::Result<()> {
        use std::{
            io::Write as _,
            os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
        };
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let mut file = std::fs::OpenOptions::new().create(true).write(true).truncate(true).mode(0o600).open(path)?;
        file.set_permissions(std::fs::Permissions::from_mode(0o600))?;
        serde_json::to_writer_pretty(&mut file, self)?;
        writeln!(file)
    }

    /// The latencies as a table for people: one line a turn.
    #[must_use]
    pub fn table(&self) -> String {
        use std::fmt::Write as _;
        let mut table = String::from(
            "turn  lang  by        end of turn  transcript  first token  first audio  first sample   (ms after the end of speech)\n",
        );
        for (index, turn) in self.turns.iter().enumerate() {
            let cell = |value: Option<i64>| value.map_or_else(|| "-".to_owned(), |value| value.to_string());
            let w = turn.waterfall_ms;
            let by = if turn.served_by == ServedBy::Cloud { "cloud" } else { "embedded" };
            let _ = writeln!(
                table,
                "{:>4}  {:<4}  {:<8}  {:>11}  {:>10}  {:>11}  {:>11}  {:>12}",
                index + 1,
                turn.language.code(),
                by,
                cell(w.end_of_turn),
                cell(w.transcript),
                cell(w.first_token),
                cell(w.first_audio),
                cell(w.first_sample),
            );
        }
        table
    }

    /// The words of both sides for people: the visitor's, and what was heard of the kiosk's.
    #[must_use]
    pub fn transcript(&self) -> String {
        use std::fmt::Write as _;
        let mut text = String::new();
        for turn in &self.turns {
            let asked = if turn.transcript.is_empty() { "(no word was understood)" } else { &turn.transcript };
            let _ = writeln!(text, "visitor: {asked}\nkiosk:   {}", turn.heard);
        }
        text
    }
}

fn millis(at: Duration) -> u64 {
    u64::try_from(at.as_millis()).unwrap_or(u64::MAX)
}

/// `VmHWM` of this process.
#[must_use]
pub fn peak_rss_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kilobytes| kilobytes * 1024)
}

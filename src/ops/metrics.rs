//! The counters. Each has one definition; names are `majlis_<noun>_<unit>_total`.

use std::collections::BTreeMap;

use crate::{
    conversation::TurnRecord,
    event::{Event, ServedBy},
};

/// Questions answered.
pub const TURNS: &str = "majlis_turns_total";
/// Questions answered by the embedded parts.
pub const TURNS_EMBEDDED: &str = "majlis_turns_embedded_total";
/// Answers cut by the visitor.
pub const INTERRUPTIONS: &str = "majlis_interruptions_total";
/// Transcriptions begun and thrown away: the price of working ahead.
pub const TRANSCRIPTIONS_THROWN: &str = "majlis_transcriptions_thrown_total";
/// Answers begun and thrown away: the price of working ahead.
pub const ANSWERS_THROWN: &str = "majlis_answers_thrown_total";
/// Requests to a provider that failed.
pub const PROVIDER_FAILURES: &str = "majlis_provider_failures_total";
/// Devices lost.
pub const DEVICE_LOSSES: &str = "majlis_device_losses_total";
/// States that lasted longer than they can.
pub const WATCHDOG: &str = "majlis_watchdog_firings_total";
/// Pictures of visitors that were kept for the model that sees, one a second.
pub const FRAMES_SEEN: &str = "majlis_frames_seen_total";
/// Pictures that were sent to it.
pub const FRAMES_SENT: &str = "majlis_frames_sent_total";
/// Visits begun.
pub const VISITS: &str = "majlis_visits_total";

/// All counters of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Metrics {
    counters: BTreeMap<&'static str, u64>,
}

impl Metrics {
    /// Counts an event.
    pub fn event(&mut self, event: &Event) {
        use crate::event::{DeviceStatus, ProviderStatus};
        match event {
            Event::VisitStarted { .. } => self.add(VISITS, 1),
            Event::Device { status: DeviceStatus::Lost, .. } => self.add(DEVICE_LOSSES, 1),
            Event::Provider { status: ProviderStatus::Failed, .. } => self.add(PROVIDER_FAILURES, 1),
            Event::WatchdogFired { .. } => self.add(WATCHDOG, 1),
            Event::PicturesObserved { seen, sent } => {
                self.add(FRAMES_SEEN, *seen);
                self.add(FRAMES_SENT, *sent);
            }
            Event::WorkThrown { transcriptions, answers } => {
                self.add(TRANSCRIPTIONS_THROWN, u64::from(*transcriptions));
                self.add(ANSWERS_THROWN, u64::from(*answers));
            }
            _ => {}
        }
    }

    /// Counts a finished turn.
    pub fn turn(&mut self, record: &TurnRecord) {
        self.add(TURNS, 1);
        self.add(TURNS_EMBEDDED, u64::from(record.served_by != Some(ServedBy::Cloud)));
        self.add(INTERRUPTIONS, u64::from(record.is_interrupted));
        self.add(TRANSCRIPTIONS_THROWN, u64::from(record.transcriptions_thrown));
        self.add(ANSWERS_THROWN, u64::from(record.answers_thrown));
    }

    /// A counter's value.
    #[must_use]
    pub fn get(&self, name: &str) -> u64 {
        self.counters.get(name).copied().unwrap_or(0)
    }

    fn add(&mut self, name: &'static str, count: u64) {
        *self.counters.entry(name).or_default() += count;
    }
}

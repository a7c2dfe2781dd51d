//! Where the kiosk's voice goes.

use std::time::Duration;

/// A device came or went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeviceChange {
    /// It works; for staff: which one.
    Ready(String),
    /// It is gone; for staff: why.
    Lost(String),
}

/// What happened to playout other than playing on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlayoutChange {
    /// It was held.
    Paused,
    /// It goes on.
    Resumed,
    /// Everything was dropped.
    Cleared,
}

/// A speaker, or what stands for one.
pub trait Sink: Send {
    /// Its rate, Hz. May change when the device does.
    fn sample_rate_hz(&self) -> u32;

    /// How many samples it takes at `now` (`Clock`). Called in every round of the loop, sound or not.
    fn writable(&mut self, now: Duration) -> usize;

    /// Takes mono samples in −1..1, no more than [`writable`](Self::writable) said.
    fn write(&mut self, samples: &[f32]);

    /// Whether the loop has sound for it: while it has, running empty is a fault worth counting.
    fn expect_sound(&mut self, _expected: bool) {}

    /// Playout was held, let go or dropped.
    fn changed(&mut self, _change: PlayoutChange) {}

    /// A device that was lost or came back since the last call.
    fn take_change(&mut self) -> Option<DeviceChange> {
        None
    }

    /// Frames of 10 ms in which it ran empty although there was sound to play.
    fn frames_starved(&self) -> u64 {
        0
    }
}

/// Lets samples through at the pace of the clock, a little ahead of it: a speaker without a device.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pacer {
    rate_hz: u32,
    lead: Duration,
    /// Samples since the clock's zero.
    position: u64,
}

impl Pacer {
    pub(super) fn new(rate_hz: u32, lead: Duration) -> Self {
        Self { rate_hz, lead, position: 0 }
    }

    /// Catches up with `now` and returns the samples of silence that takes.
    pub(super) fn catch_up(&mut self, now: Duration) -> u64 {
        let gap = self.samples(now).saturating_sub(self.position);
        self.position += gap;
        gap
    }

    /// How many samples fit until `lead` after `now`.
    pub(super) fn room(&self, now: Duration) -> usize {
        usize::try_from(self.samples(now + self.lead).saturating_sub(self.position)).unwrap_or(0)
    }

    pub(super) fn advance(&mut self, samples: usize) {
        self.position += samples as u64;
    }

    fn samples(&self, time: Duration) -> u64 {
        u64::try_from(time.as_nanos() * u128::from(self.rate_hz) / 1_000_000_000).unwrap_or(u64::MAX)
    }
}

/// No speaker: takes samples at the pace of the clock and forgets them.
#[derive(Debug, Clone, Copy)]
pub struct NullSink {
    pacer: Pacer,
}

/// The rate of a speaker that is not there, Hz: what speech services give.
const NULL_RATE_HZ: u32 = 24_000;

impl Default for NullSink {
    fn default() -> Self {
        Self { pacer: Pacer::new(NULL_RATE_HZ, Duration::from_millis(20)) }
    }
}

impl Sink for NullSink {
    fn sample_rate_hz(&self) -> u32 {
        NULL_RATE_HZ
    }

    fn writable(&mut self, now: Duration) -> usize {
        self.pacer.catch_up(now);
        self.pacer.room(now)
    }

    fn write(&mut self, samples: &[f32]) {
        self.pacer.advance(samples.len());
    }
}

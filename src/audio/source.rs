//! Where the microphone's frames come from.

use std::time::Duration;

use super::{DeviceChange, PIPELINE_RATE_HZ};

/// Samples of a frame of 10 ms at [`PIPELINE_RATE_HZ`].
pub const FRAME_SAMPLES: usize = (PIPELINE_RATE_HZ / 100) as usize;

/// How long a frame lasts.
pub(super) const FRAME: Duration = Duration::from_millis(10);

/// 10 ms of sound: mono, [`PIPELINE_RATE_HZ`], −1..1.
pub type Frame = [f32; FRAME_SAMPLES];

/// What a source answers when asked for a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Polled {
    /// A frame was written.
    Frame,
    /// The next frame is not complete yet.
    Pending,
    /// There is no microphone at present: the loop goes on with silence by its own clock.
    Silent,
    /// A recorded input is over; silence from now on.
    Ended,
}

/// A microphone, or what stands for one.
pub trait Source: Send {
    /// Writes the next frame if it is complete at `now` (`Clock`). Never waits.
    fn poll(&mut self, now: Duration, frame: &mut Frame) -> Polled;

    /// When the next frame is complete, where the source knows; a source that does not know rings the loop's bell.
    fn next_due(&self) -> Option<Duration> {
        None
    }

    /// A device that was lost or came back since the last call.
    fn take_change(&mut self) -> Option<DeviceChange> {
        None
    }

    /// Frames lost so far because the loop did not take them in time.
    fn frames_dropped(&self) -> u64 {
        0
    }
}

/// No microphone: silence at the pace of the clock, for ever.
#[derive(Debug, Clone, Copy, Default)]
pub struct SilentSource;

impl Source for SilentSource {
    fn poll(&mut self, _now: Duration, _frame: &mut Frame) -> Polled {
        Polled::Silent
    }
}

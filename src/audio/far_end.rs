//! What is being played, at the rate of the pipeline: the reference of the echo canceller and the sound that the
//! mouth moves to.

use std::{collections::VecDeque, time::Duration};

use super::{
    FRAME_SAMPLES, Frame, PIPELINE_RATE_HZ,
    devices::RING,
    resample::{ResampleError, Resampler},
    source::FRAME,
};

/// Played samples waiting for their microphone frame. A slow speaker takes up to its whole ring at once, and a slow
/// microphone brings its frames a ring's length later: more than both means that the two devices' clocks have drifted
/// apart; the oldest are dropped then.
const MAX_WAITING: Duration = RING.saturating_mul(2);
/// How long after the last sample played an echo may still come: the speaker's buffer and the hall.
const ECHO_TAIL: Duration = Duration::from_millis(500);
/// How long after the last sample played the echo canceller is still fed, so that it keeps its model of the room.
const FED_AFTER: Duration = Duration::from_secs(3);

/// The far end.
pub(super) struct FarEnd {
    resampler: Resampler,
    waiting: VecDeque<f32>,
    resampled: Vec<f32>,
    frame: Frame,
    silent_for: Duration,
}

impl FarEnd {
    pub(super) fn new(sink_rate_hz: u32) -> Result<Self, ResampleError> {
        Ok(Self {
            resampler: Resampler::new(sink_rate_hz, PIPELINE_RATE_HZ, 10)?,
            waiting: VecDeque::new(),
            resampled: Vec::new(),
            frame: [0.0; FRAME_SAMPLES],
            silent_for: Duration::MAX,
        })
    }

    pub(super) fn rate_hz(&self) -> u32 {
        self.resampler.input_rate_hz()
    }

    /// Takes samples that were handed to the speaker.
    pub(super) fn push(&mut self, samples: &[f32]) {
        self.resampled.clear();
        self.resampler.push(samples, &mut self.resampled);
        self.waiting.extend(&self.resampled);
        let kept = (MAX_WAITING.as_secs_f64() * f64::from(PIPELINE_RATE_HZ)) as usize;
        let excess = self.waiting.len().saturating_sub(kept);
        self.waiting.drain(..excess);
    }

    /// What was played during the next frame of the microphone; `None` when nothing was for a while.
    pub(super) fn next_frame(&mut self) -> Option<&Frame> {
        if self.waiting.is_empty() {
            self.silent_for = self.silent_for.saturating_add(FRAME);
        } else {
            self.silent_for = Duration::ZERO;
        }
        if self.silent_for > FED_AFTER {
            return None;
        }
        for sample in &mut self.frame {
            *sample = self.waiting.pop_front().unwrap_or(0.0);
        }
        Some(&self.frame)
    }

    /// Whether the microphone may hear the kiosk itself.
    pub(super) fn may_echo(&self) -> bool {
        self.silent_for < ECHO_TAIL
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn what_the_slowest_speaker_takes_at_once_is_all_waited_for() {
        let mut far_end = FarEnd::new(PIPELINE_RATE_HZ).unwrap();
        let at_once = 2 * RING.as_millis() as usize * FRAME_SAMPLES / 10;
        far_end.push(&vec![0.5; at_once]);
        let heard = (0..200).filter(|_| far_end.next_frame().is_some_and(|frame| frame.contains(&0.5))).count();
        assert_eq!(heard * FRAME_SAMPLES, at_once);
    }
}

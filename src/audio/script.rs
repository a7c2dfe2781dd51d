//! A microphone that speaks when it is told to: a visitor for demonstrations and tests.

use std::{sync::Arc, time::Duration};

use tokio::sync::mpsc;

use super::{FRAME_SAMPLES, Frame, PIPELINE_RATE_HZ, Polled, Source, source::FRAME};

/// Clips waiting to be spoken. When it is full [`Script::say`] waits.
const CLIPS: usize = 4;

/// The room is not dead: noise of this level (−66 dBFS), peak.
const ROOM_NOISE: f32 = 0.000_9;

/// Tells a [`ScriptedSource`] what to say. When it is dropped and everything was said, the input ends.
#[derive(Debug, Clone)]
pub struct Script(mpsc::Sender<Arc<[f32]>>);

impl Script {
    /// Says `clip` (mono, −1..1, [`PIPELINE_RATE_HZ`]) after what is waiting. `false`: nobody listens any more.
    pub async fn say(&self, clip: Arc<[f32]>) -> bool {
        self.0.send(clip).await.is_ok()
    }
}

/// The microphone of a [`Script`]: room noise, and what it is told to say.
#[derive(Debug)]
pub struct ScriptedSource {
    clips: mpsc::Receiver<Arc<[f32]>>,
    speaking: Option<(Arc<[f32]>, usize)>,
    frames: u32,
    noise: u32,
}

impl ScriptedSource {
    /// A silent microphone and its script.
    #[must_use]
    pub fn new() -> (Script, Self) {
        let (sender, clips) = mpsc::channel(CLIPS);
        (Script(sender), Self { clips, speaking: None, frames: 0, noise: 0x9e37_79b9 })
    }

    /// A cheap generator (xorshift32): the noise need only be no tone.
    fn room(&mut self) -> f32 {
        self.noise ^= self.noise << 13;
        self.noise ^= self.noise >> 17;
        self.noise ^= self.noise << 5;
        (self.noise as f32 / u32::MAX as f32 * 2.0 - 1.0) * ROOM_NOISE
    }
}

impl Source for ScriptedSource {
    fn poll(&mut self, now: Duration, frame: &mut Frame) -> Polled {
        if now < FRAME * (self.frames + 1) {
            return Polled::Pending;
        }
        if self.speaking.is_none() {
            match self.clips.try_recv() {
                Ok(clip) => self.speaking = Some((clip, 0)),
                Err(mpsc::error::TryRecvError::Empty) => {}
                Err(mpsc::error::TryRecvError::Disconnected) => return Polled::Ended,
            }
        }
        self.frames += 1;
        for sample in frame.iter_mut() {
            *sample = self.room();
        }
        if let Some((clip, position)) = &mut self.speaking {
            let rest = clip.get(*position..).unwrap_or_default();
            for (sample, spoken) in frame.iter_mut().zip(rest) {
                *sample += spoken;
            }
            *position += FRAME_SAMPLES;
            if *position >= clip.len() {
                self.speaking = None;
            }
        }
        Polled::Frame
    }

    fn next_due(&self) -> Option<Duration> {
        Some(FRAME * (self.frames + 1))
    }
}

/// How long a clip lasts.
#[must_use]
pub fn clip_length(clip: &[f32]) -> Duration {
    Duration::from_secs_f64(clip.len() as f64 / f64::from(PIPELINE_RATE_HZ))
}

//! Levels and the noise floor.

/// The lowest level that is told apart from silence, dBFS.
pub(super) const SILENCE_DBFS: f32 = -90.0;

/// The level of `samples`, dBFS (RMS; a full-scale square wave is 0).
pub(super) fn dbfs(samples: &[f32]) -> f32 {
    let energy: f32 = samples.iter().map(|sample| sample * sample).sum();
    (10.0 * (energy / samples.len().max(1) as f32).max(1e-12).log10()).max(SILENCE_DBFS)
}

/// The noise floor of a room: falls at once, rises slowly, so that speech does not lift it.
#[derive(Debug, Clone, Copy)]
pub(super) struct NoiseFloor {
    smooth_dbfs: f32,
    floor_dbfs: Option<f32>,
}

/// How fast the floor rises in pauses, dB per frame: 5 dB/s.
const RISE_DB: f32 = 0.05;
/// How fast it rises under speech, dB per frame: 0.5 dB/s, so that a sudden fan is learnt in the end.
const RISE_UNDER_SPEECH_DB: f32 = 0.005;

impl Default for NoiseFloor {
    fn default() -> Self {
        Self { smooth_dbfs: SILENCE_DBFS, floor_dbfs: None }
    }
}

impl NoiseFloor {
    /// Learns from a frame's level.
    pub(super) fn update(&mut self, frame_dbfs: f32, is_speech: bool) {
        let Some(floor) = self.floor_dbfs else {
            self.smooth_dbfs = frame_dbfs;
            self.floor_dbfs = Some(frame_dbfs);
            return;
        };
        // 50 ms: single quiet frames are chance.
        self.smooth_dbfs += 0.2 * (frame_dbfs - self.smooth_dbfs);
        let rise = if is_speech { RISE_UNDER_SPEECH_DB } else { RISE_DB };
        self.floor_dbfs = Some(self.smooth_dbfs.min(floor + rise));
    }

    /// The floor, dBFS.
    pub(super) fn dbfs(&self) -> f32 {
        self.floor_dbfs.unwrap_or(SILENCE_DBFS)
    }
}

/// How loud a place usually is: mean and spread of its frames' levels, over about ten seconds of them.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct UsualLevel {
    mean_dbfs: f32,
    variance: f32,
    frames: u32,
}

/// Frames over which it is averaged in the end, and without which nothing is known of it.
const USUAL_FRAMES: u32 = 1_000;
const USUAL_FRAMES_AT_LEAST: u32 = 30;

impl UsualLevel {
    /// Learns from a frame's level, dBFS.
    pub(super) fn update(&mut self, frame_dbfs: f32) {
        self.frames = (self.frames + 1).min(USUAL_FRAMES);
        let share = 1.0 / self.frames as f32;
        let above = frame_dbfs - self.mean_dbfs;
        self.mean_dbfs += share * above;
        self.variance = (1.0 - share) * (self.variance + share * above * above);
    }

    /// The level that so many standard deviations of its frames lie under, dBFS; far below silence while too little is
    /// known.
    pub(super) fn exceptional_dbfs(&self, deviations: f32) -> f32 {
        if self.frames < USUAL_FRAMES_AT_LEAST {
            return 2.0 * SILENCE_DBFS;
        }
        self.mean_dbfs + deviations * self.variance.sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speech_does_not_lift_the_noise_floor_and_silence_lowers_it() {
        let mut floor = NoiseFloor::default();
        (0..100).for_each(|_| floor.update(-60.0, false));
        (0..200).for_each(|_| floor.update(-20.0, true));
        assert!(floor.dbfs() < -58.0, "{}", floor.dbfs());
        (0..100).for_each(|_| floor.update(-75.0, false));
        assert!((floor.dbfs() + 75.0).abs() < 1.0, "{}", floor.dbfs());
    }

    #[test]
    fn a_voice_is_exceptional_in_a_hall_whose_babble_is_usual() {
        let mut usual = UsualLevel::default();
        assert!(usual.exceptional_dbfs(2.0) < SILENCE_DBFS);
        (0..2_000).for_each(|n| usual.update(if n % 2 == 0 { -45.0 } else { -35.0 }));
        let level = usual.exceptional_dbfs(2.0);
        assert!((level + 30.0).abs() < 1.0, "{level}");
    }
}

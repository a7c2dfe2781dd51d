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
}

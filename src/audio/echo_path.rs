//! Whether the microphone hears the speaker at all.
//!
//! An echo canceller that has not found its echo yet holds the visitor's voice back too: measured here, the first
//! 200 ms of an interruption were gone. Where nothing comes back while the kiosk speaks (headphones, a recording, a
//! harness, a speaker that is off) it is better left out.

/// A played frame is loud enough to be heard again from here on, dBFS.
const LOUD_DBFS: f32 = -40.0;
/// No echo: the microphone stays this near to its noise floor, dB.
const AT_THE_FLOOR_DB: f32 = 5.0;
/// So many loud frames without echo, and there is none.
const FRAMES_WITHOUT: u32 = 40;
/// So many loud frames with sound from the microphone that nobody is heard to speak, and there is one.
const FRAMES_WITH: u32 = 30;

/// Judges the way from the speaker to the microphone.
#[derive(Debug, Default)]
pub(super) struct EchoPath {
    without: u32,
    with: u32,
    is_absent: bool,
}

impl EchoPath {
    /// Takes the levels of a frame, dBFS; `is_speech`: somebody is heard to speak, so the frame says nothing.
    pub(super) fn update(&mut self, far_dbfs: f32, near_dbfs: f32, noise_dbfs: f32, is_speech: bool) {
        if far_dbfs < LOUD_DBFS || is_speech {
            return;
        }
        if near_dbfs < noise_dbfs + AT_THE_FLOOR_DB {
            self.without += 1;
            self.with = 0;
        } else {
            self.with += 1;
            self.without = 0;
        }
        if self.without >= FRAMES_WITHOUT {
            self.is_absent = true;
        } else if self.with >= FRAMES_WITH {
            self.is_absent = false;
        }
    }

    /// What sounded like an interruption was none: it may have been the kiosk itself.
    pub(super) fn suspect(&mut self) {
        *self = Self::default();
    }

    /// Whether nothing comes back.
    pub(super) fn is_absent(&self) -> bool {
        self.is_absent
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_silent_microphone_under_a_loud_voice_means_no_echo_until_one_is_heard() {
        let mut path = EchoPath::default();
        (0..39).for_each(|_| path.update(-20.0, -68.0, -70.0, false));
        (0..100).for_each(|_| path.update(-60.0, -68.0, -70.0, false));
        assert!(!path.is_absent());
        path.update(-20.0, -68.0, -70.0, false);
        assert!(path.is_absent());
        (0..100).for_each(|_| path.update(-20.0, -30.0, -70.0, true));
        assert!(path.is_absent(), "a visitor's voice is no echo");
        (0..30).for_each(|_| path.update(-20.0, -30.0, -70.0, false));
        assert!(!path.is_absent());
    }
}

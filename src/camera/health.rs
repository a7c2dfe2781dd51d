//! Whether what the camera shows is worth looking at: a lens cap and a stuck driver deliver pictures too.

use std::{sync::Arc, time::Duration};

use image::RgbImage;

/// Mean luminance up to which a picture is black, 0..255. A covered lens gives 0 to 1; a dark hall with one lit sign
/// more than 3.
const BLACK_MEAN: f32 = 2.0;
/// The brightest pixel that a black picture may have (sensor noise), 0..255.
const BLACK_MAX: f32 = 24.0;
/// How long a picture must be black before that counts: a camera's first pictures often are.
const BLACK_AFTER: Duration = Duration::from_secs(2);
/// How long the very same picture must come. A sensor's noise never repeats itself over a whole picture; a driver that
/// is stuck repeats it for ever.
const FROZEN_AFTER: Duration = Duration::from_secs(5);
/// Fewer equal pictures than this are no evidence.
const FROZEN_PICTURES: u32 = 5;
/// Every so many-th pixel is looked at for the luminance.
const SAMPLE_STEP: usize = 61;

/// What is wrong with the picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blindness {
    /// Nothing but black.
    Black,
    /// The same picture again and again.
    Frozen,
}

impl std::fmt::Display for Blindness {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Black => "the picture is black; is the lens covered, or the hall dark?",
            Self::Frozen => "the picture is frozen; unplug the camera and plug it in again if it stays so",
        })
    }
}

/// Judges one picture after the other.
#[derive(Debug, Default)]
pub struct PictureHealth {
    /// Whether equal pictures are a fault.
    watches_for_frozen: bool,
    black_since: Option<Duration>,
    last: Option<Arc<RgbImage>>,
    same_since: Duration,
    same: u32,
}

impl PictureHealth {
    /// `is_live`: of a camera, not of a recording, in which nothing may move for a long time.
    #[must_use]
    pub fn new(is_live: bool) -> Self {
        Self { watches_for_frozen: is_live, ..Self::default() }
    }

    /// What is wrong with the picture taken `at`, if anything; the pictures before it count.
    pub fn judge(&mut self, picture: &Arc<RgbImage>, at: Duration) -> Option<Blindness> {
        if is_black(picture) {
            let since = *self.black_since.get_or_insert(at);
            if at.saturating_sub(since) >= BLACK_AFTER {
                return Some(Blindness::Black);
            }
        } else {
            self.black_since = None;
        }
        if self.watches_for_frozen && self.is_frozen(picture, at) { Some(Blindness::Frozen) } else { None }
    }

    fn is_frozen(&mut self, picture: &Arc<RgbImage>, at: Duration) -> bool {
        // Pictures of a live sensor differ within the first pixels, so that this costs next to nothing.
        if self.last.as_ref().is_some_and(|last| last.as_raw() == picture.as_raw()) {
            self.same += 1;
        } else {
            self.same = 0;
            self.same_since = at;
        }
        self.last = Some(picture.clone());
        self.same >= FROZEN_PICTURES && at.saturating_sub(self.same_since) >= FROZEN_AFTER
    }
}

fn is_black(picture: &RgbImage) -> bool {
    let (mut sum, mut brightest, mut count) = (0.0_f32, 0.0_f32, 0.0_f32);
    for pixel in picture.pixels().step_by(SAMPLE_STEP) {
        let [red, green, blue] = pixel.0.map(f32::from);
        // BT.601's luminance.
        let luminance = 0.299 * red + 0.587 * green + 0.114 * blue;
        sum += luminance;
        brightest = brightest.max(luminance);
        count += 1.0;
    }
    count == 0.0 || (sum / count < BLACK_MEAN && brightest < BLACK_MAX)
}

#[cfg(test)]
mod tests {
    use image::Rgb;

    use super::*;

    /// Noise around `level`, different for each `seed`.
    fn noise(seed: u64, level: u8) -> Arc<RgbImage> {
        let mut random = fastrand::Rng::with_seed(seed);
        Arc::new(RgbImage::from_fn(160, 120, |_, _| Rgb([random.u8(0..2) + level; 3])))
    }

    /// What is said of a picture every 200 ms, when it changes.
    fn judged(
        is_live: bool,
        seconds: u64,
        picture: impl Fn(u64) -> Arc<RgbImage>,
    ) -> Vec<(Duration, Option<Blindness>)> {
        let mut health = PictureHealth::new(is_live);
        let mut told = Vec::new();
        for index in 0..seconds * 5 {
            let at = Duration::from_millis(index * 200);
            let verdict = health.judge(&picture(index), at);
            if told.last().is_none_or(|(_, last)| *last != verdict) {
                told.push((at, verdict));
            }
        }
        told
    }

    #[test]
    fn a_covered_lens_is_noticed_after_two_seconds_and_forgiven_at_once() {
        let picture = |index| if (10..40).contains(&index) { noise(index, 0) } else { noise(index, 90) };
        let second = |tenths: u64| Duration::from_millis(tenths * 100);
        let expected = [(second(0), None), (second(40), Some(Blindness::Black)), (second(80), None)];
        assert_eq!(judged(true, 10, picture), expected);
    }

    #[test]
    fn a_stuck_driver_is_noticed_but_neither_a_quiet_hall_nor_a_recording_is_one() {
        let frozen = [(Duration::ZERO, None), (Duration::from_secs(5), Some(Blindness::Frozen))];
        assert_eq!(judged(true, 20, |_| noise(1, 90)), frozen);
        let good = [(Duration::ZERO, None)];
        assert_eq!(judged(true, 20, |index| noise(index, 90)), good);
        assert_eq!(judged(false, 20, |_| noise(1, 90)), good);
    }

    #[test]
    fn a_dark_hall_with_a_lit_sign_is_not_black() {
        let mut picture = RgbImage::new(160, 120);
        for (_, _, pixel) in picture.enumerate_pixels_mut().filter(|(x, y, _)| *x < 40 && *y < 30) {
            *pixel = Rgb([200; 3]);
        }
        assert!(!is_black(&picture));
        assert!(is_black(&RgbImage::new(160, 120)));
    }
}

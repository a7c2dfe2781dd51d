//! The light of each state: which layers the halo has at an instant.

use std::{collections::VecDeque, f32::consts::FRAC_PI_4, time::Duration};

use super::{AvatarState, ease};
use crate::ui::avatar::{LAYERS, Layer, SECTORS, lost_sector};

/// The microphone's level above the noise floor that is nothing, and all, dB.
const LEVEL_DB: (f32, f32) = (6.0, 36.0);
/// Time constants of a tip, seconds.
const ATTACK_SECS: f32 = 0.040;
const RELEASE_SECS: f32 = 0.220;
/// A tip lags so much for each step from the top.
const LAG: Duration = Duration::from_millis(15);
/// Levels kept for the lagging tips: more than their longest lag at 60 frames a second. The oldest goes.
const TRAIL: usize = 8;
/// Between two circles leaving, and how long each lives, seconds.
const CIRCLE_EVERY_SECS: f32 = 0.620;
const CIRCLE_LIFE_SECS: f32 = 1.860;
/// The first circle waits until there is a voice to leave with.
const FIRST_CIRCLE_SECS: f32 = 0.120;
/// A circle appears over this part of its life.
const CIRCLE_APPEARS: f32 = 0.03;
/// The bright sector passes a sector in this time.
const SECTOR_SECS: f32 = 0.160;
/// The octagon round the bright sector turns back, degrees a second.
const TURN_DEG_PER_SEC: f32 = -9.0;
/// How far the idle octagons breathe, in R: the inner, and the outer in inner ones.
const BREATH: (f32, f32) = (0.02, 1.6);

/// The microphone's level 0..1, of its level and noise floor in dBFS.
#[must_use]
pub fn level_of(input_dbfs: f32, noise_dbfs: f32) -> f32 {
    let (nothing, all) = LEVEL_DB;
    ((input_dbfs - noise_dbfs - nothing) / (all - nothing)).clamp(0.0, 1.0)
}

/// What the light of an instant is made of.
pub(super) struct Light {
    /// Since the state began.
    pub(super) secs: f32,
    /// The level each tip shows while listening.
    pub(super) tips: [f32; SECTORS],
    /// The circles that have left while speaking.
    pub(super) circles: [Option<Circle>; CIRCLES],
    /// −1..1.
    pub(super) breath: f32,
    /// Motion is reduced.
    pub(super) is_still: bool,
}

impl Light {
    /// The layers of `state`, outermost first; what goes from one to another is always the layer in the same place.
    pub(super) fn layers(&self, state: AvatarState) -> [Layer; LAYERS] {
        match state {
            AvatarState::Idle => {
                let breath = BREATH.0 * self.breath;
                [
                    Layer::hidden(2.0, 0.0),
                    Layer::hidden(2.0, 0.0),
                    Layer::even(1.74 + BREATH.1 * breath, 0.0, 0.05, 0.16, 0.012),
                    Layer::even(1.44 + breath, 0.0, 0.09, 0.34, 0.014),
                ]
            }
            AvatarState::Attending | AvatarState::Glad => [
                Layer::hidden(2.12, 1.0),
                Layer::even(2.08, 1.0, 0.07, 0.14, 0.012),
                Layer::even(1.80, 1.0, 0.10, 0.26, 0.012),
                Layer::even(1.52, 1.0, 0.17, 0.72, 0.018),
            ],
            AvatarState::Listening | AvatarState::Interrupted => [
                Layer::even(2.12, 1.0, 0.0, 0.22, 0.009),
                self.star(1.56, 0.56, 0.08, 0.55, 0.014),
                self.star(1.46, 0.34, 0.11, 0.60, 0.014),
                self.star(1.38, 0.14, 0.18, 0.95, 0.024),
            ],
            AvatarState::Thinking => self.thinking(),
            AvatarState::Speaking => {
                let [a, b, c] = self.circles.map(|circle| circle.map_or(Layer::hidden(1.32, -1.0), Circle::layer));
                [Layer::hidden(2.24, -1.0), a, b, c]
            }
            AvatarState::Offline => {
                [hidden(1.0), hidden(1.0), hidden(1.0), Layer { dash: 1.0, ..Layer::even(1.56, 1.0, 0.0, 0.95, 0.020) }]
            }
            AvatarState::Lost(device) => {
                let mut star = Layer { inset: 0.03, ..Layer::even(1.56, 1.0, 0.30, 0.70, 0.018) };
                if let Some((sector, _)) = lost_sector(device) {
                    for strengths in [&mut star.fill, &mut star.edge] {
                        strengths.iter_mut().skip(sector).take(1).for_each(|strength| *strength = 0.0);
                    }
                }
                [hidden(1.0), hidden(1.0), hidden(1.0), star]
            }
            AvatarState::Safe => [hidden(0.0); LAYERS],
        }
    }

    /// A star whose tips follow the microphone.
    fn star(&self, base: f32, reach: f32, fill: f32, edge: f32, width: f32) -> Layer {
        let tips = self.tips.map(|level| base + reach * level);
        Layer { tips, ..Layer::even(base, 1.0, fill, edge, width) }
    }

    /// A bright sector goes round and leaves a tail.
    fn thinking(&self) -> [Layer; LAYERS] {
        let brightness: [f32; SECTORS] =
            std::array::from_fn(
                |sector| {
                    if self.is_still { three_lit(sector) } else { comet(self.secs / SECTOR_SECS, sector) }
                },
            );
        let turn_deg = if self.is_still { 0.0 } else { (self.secs * TURN_DEG_PER_SEC) % 45.0 };
        let sectors = Layer {
            tips: brightness.map(|v| 1.50 + 0.12 * v),
            shape: 0.45,
            turn_deg: 0.0,
            fill: brightness.map(|v| 0.03 + 0.30 * v),
            edge: brightness.map(|v| 0.22 + 0.78 * v),
            width: brightness.map(|v| 0.012 + 0.022 * v),
            inset: 0.035,
            dash: 0.0,
        };
        [
            Layer::hidden(2.12, 0.0),
            Layer::hidden(2.0, 0.0),
            Layer { turn_deg, ..Layer::even(1.90, 0.0, 0.0, 0.20, 0.010) },
            sectors,
        ]
    }
}

/// A hidden layer where the single star of a waiting state opens.
fn hidden(shape: f32) -> Layer {
    Layer::hidden(1.56, shape)
}

/// The brightness of `sector` when the head stands at `head` (in sectors): it rises in 0.8 of a sector and falls by
/// 0.2 for each sector behind the head.
fn comet(head: f32, sector: usize) -> f32 {
    let behind = (head - sector as f32).rem_euclid(SECTORS as f32);
    if behind > 7.2 { (behind - 7.2) / 0.8 } else { (1.0 - 0.2 * behind).max(0.0) }
}

/// The light of thinking when it stands still: the three sectors about the top.
fn three_lit(sector: usize) -> f32 {
    let is_lit = matches!(sector, 0 | 1) || sector + 1 == SECTORS;
    if is_lit { 1.0 } else { 0.0 }
}

/// `layer` turned by whole sectors towards upright, so that it does not unwind when it is mixed with another. Only an
/// even layer looks the same then; others are never turned.
pub(super) fn unwound(layer: Layer) -> Layer {
    let sector_deg = FRAC_PI_4.to_degrees();
    Layer { turn_deg: layer.turn_deg - (layer.turn_deg / sector_deg).round() * sector_deg, ..layer }
}

/// The level over the last moments, for tips that lag.
#[derive(Debug, Clone, Default)]
pub(super) struct Ripple {
    level: f32,
    /// The newest first. Bounded by [`TRAIL`]; the oldest is dropped.
    trail: VecDeque<(Duration, f32)>,
}

impl Ripple {
    pub(super) fn advance(&mut self, now: Duration, dt: f32, level: f32) {
        let tau = if level > self.level { ATTACK_SECS } else { RELEASE_SECS };
        self.level += (level - self.level) * ease::approach(dt, tau);
        self.trail.truncate(TRAIL - 1);
        self.trail.push_front((now, self.level));
    }

    /// The level each tip shows: the top's is now, the others' are older by [`LAG`] for each step.
    pub(super) fn tips(&self, now: Duration) -> [f32; SECTORS] {
        std::array::from_fn(|sector| {
            let steps = sector.min(SECTORS - sector) as u32;
            self.at(now.saturating_sub(LAG * steps))
        })
    }

    fn at(&self, time: Duration) -> f32 {
        let older = self.trail.iter().position(|(at, _)| *at <= time);
        let Some((before, level)) = older.and_then(|index| self.trail.get(index)) else {
            return self.trail.back().map_or(self.level, |(_, level)| *level);
        };
        match older.and_then(|index| index.checked_sub(1)).and_then(|index| self.trail.get(index)) {
            Some((after, next)) if after > before => {
                let k = (time - *before).as_secs_f32() / (*after - *before).as_secs_f32();
                level + (next - level) * k
            }
            _ => *level,
        }
    }
}

/// Circles on their way at once.
pub(super) const CIRCLES: usize = 3;

/// A circle on its way.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Circle {
    /// 0..1 of its life.
    age: f32,
    /// The loudness of the voice when it left.
    loudness: f32,
}

impl Circle {
    fn layer(self) -> Layer {
        let Self { age, loudness } = self;
        let seen = (1.0 - age) * (age / CIRCLE_APPEARS).min(1.0);
        Layer::even(
            1.32 + 0.92 * age,
            -1.0,
            seen * (0.05 + 0.10 * loudness),
            seen * (0.25 + 0.75 * loudness),
            0.026 * (1.0 - 0.6 * age),
        )
    }
}

/// The circles that leave with the voice.
#[derive(Debug, Clone, Default)]
pub(super) struct Circles {
    /// How many have left.
    left: usize,
    /// When each of the last ones left (seconds after the state began), and how loud the voice was.
    last: [Option<(f32, f32)>; CIRCLES],
}

impl Circles {
    /// Lets the next circle leave when its time has come.
    pub(super) fn advance(&mut self, secs: f32, loudness: f32) {
        let due = FIRST_CIRCLE_SECS + self.left as f32 * CIRCLE_EVERY_SECS;
        if secs < due {
            return;
        }
        if let Some(slot) = self.last.get_mut(self.left % CIRCLES) {
            *slot = Some((due, loudness));
        }
        self.left += 1;
    }

    /// The circles at `secs`; standing still and evenly spread when motion is reduced.
    pub(super) fn at(&self, secs: f32, is_still: bool) -> [Option<Circle>; CIRCLES] {
        if is_still {
            return std::array::from_fn(|i| Some(Circle { age: (i as f32 + 0.5) / CIRCLES as f32, loudness: 0.6 }));
        }
        self.last.map(|left| {
            let (at, loudness) = left?;
            let age = (secs - at) / CIRCLE_LIFE_SECS;
            (0.0..1.0).contains(&age).then_some(Circle { age, loudness })
        })
    }
}

#[cfg(test)]
#[allow(clippy::indexing_slicing, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn the_level_is_measured_above_the_noise() {
        assert_eq!(level_of(-60.0, -60.0), 0.0);
        assert_eq!(level_of(-24.0, -60.0), 1.0);
        assert!((level_of(-39.0, -60.0) - 0.5).abs() < 1e-6);
    }

    #[test]
    fn tips_open_quickly_close_slowly_and_ripple_downwards() {
        let mut ripple = Ripple::default();
        let mut now = Duration::ZERO;
        let mut hear = |ripple: &mut Ripple, frames: u32, level: f32| {
            for _ in 0..frames {
                now += Duration::from_millis(16);
                ripple.advance(now, 0.016, level);
            }
            ripple.tips(now)
        };
        hear(&mut ripple, 10, 0.0);
        let opening = hear(&mut ripple, 3, 1.0);
        assert!(opening[0] > opening[1] && opening[1] > opening[2] && opening[3] >= opening[4], "{opening:?}");
        assert_eq!((opening[1], opening[2], opening[3]), (opening[7], opening[6], opening[5]));
        assert!(hear(&mut ripple, 10, 1.0)[0] > 0.95);
        assert!(hear(&mut ripple, 6, 0.0)[0] > 0.5);
    }

    #[test]
    fn a_circle_keeps_the_loudness_it_left_with() {
        let mut circles = Circles::default();
        circles.advance(0.13, 0.9);
        for frame in 5..40 {
            circles.advance(frame as f32 * 0.033, 0.1);
        }
        let now = circles.at(1.3, false);
        assert_eq!(now[0].map(|c| c.loudness), Some(0.9));
        assert_eq!(now[1].map(|c| c.loudness), Some(0.1));
        assert!(now[0].zip(now[1]).is_some_and(|(first, second)| first.age > second.age));
    }

    #[test]
    fn the_bright_sector_goes_clockwise_once_in_1_28_s() {
        for sector in 0..SECTORS {
            assert_eq!(comet(sector as f32, sector), 1.0);
            assert!((comet(sector as f32, (sector + SECTORS - 1) % SECTORS) - 0.8).abs() < 1e-5);
        }
        assert_eq!(comet(8.0, 3), comet(0.0, 3));
        assert!((SECTORS as f32 * SECTOR_SECS - 1.28).abs() < 1e-6);
    }
}

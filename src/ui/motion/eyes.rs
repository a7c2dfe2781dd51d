//! Gaze and blinks.

use std::time::Duration;

use eframe::egui::{Vec2, vec2};

use super::{
    AvatarState, Inputs,
    ease::{self, BLINK_SECS},
};

/// Where the eyes rest without a face to look at.
pub(super) const REST: Vec2 = vec2(0.0, 0.05);
/// Where the eyes go while thinking: up and aside.
const THINKING: Vec2 = vec2(0.80, -0.70);
/// How far the gaze wanders while nobody is there, and how often, seconds.
const WANDER: Vec2 = vec2(0.70, 0.35);
const WANDER_SECS: (f32, f32) = (1.8, 4.4);
/// Micro-saccades: how far, and how often, seconds.
const SACCADE: Vec2 = vec2(0.06, 0.06);
const SACCADE_SECS: (f32, f32) = (0.9, 2.4);
/// The gaze follows with this time constant, and not faster than this.
const FOLLOW_SECS: f32 = 0.090;
const SPEED_MAX_PER_SEC: f32 = 8.0;
/// A face that is lost is looked for where it was, for this long.
const HOLD: Duration = Duration::from_millis(800);
/// A shift larger than this begins with a blink.
const LARGE_SHIFT: f32 = 0.5;
/// A gaze nearer to its aim than this does not move.
const ARRIVED: f32 = 0.01;

/// Where to look for a face at `[x, y]` (0..1) of the picture of a camera that is not mirrored.
#[must_use]
pub fn gaze_towards_face([x, y]: [f32; 2]) -> Vec2 {
    vec2((2.4 * (0.5 - x)).clamp(-1.0, 1.0), (1.6 * (y - 0.45)).clamp(-1.0, 1.0))
}

/// Where the eyes look.
#[derive(Debug, Clone)]
pub(super) struct Gaze {
    chance: fastrand::Rng,
    direction: Vec2,
    /// What they were to look at, without saccades.
    aim: Vec2,
    saccade: Vec2,
    next_saccade: Duration,
    last_face: Option<(Vec2, Duration)>,
    is_moving: bool,
}

impl Gaze {
    pub(super) fn new(chance: fastrand::Rng, now: Duration) -> Self {
        Self {
            chance,
            direction: REST,
            aim: REST,
            saccade: Vec2::ZERO,
            next_saccade: now + Duration::from_millis(900),
            last_face: None,
            is_moving: false,
        }
    }

    pub(super) fn direction(&self) -> Vec2 {
        self.direction
    }

    pub(super) fn is_moving(&self) -> bool {
        self.is_moving
    }

    /// Moves on by `dt` seconds. Returns whether a large shift begins.
    pub(super) fn advance(&mut self, now: Duration, dt: f32, state: AvatarState, inputs: &Inputs) -> bool {
        if let Some(face) = inputs.face {
            self.last_face = Some((face, now));
        }
        self.last_face = self.last_face.filter(|(_, seen)| now.saturating_sub(*seen) < HOLD);
        let visitor = self.last_face.map_or(inputs.rest_gaze, |(face, _)| face);
        // Whoever comes near is looked at before the visit begins.
        let is_alone = state == AvatarState::Idle && self.last_face.is_none();
        let is_wandering = is_alone && !inputs.reduced_motion;
        if now >= self.next_saccade {
            let (reach, (least, most)) = if is_wandering { (WANDER, WANDER_SECS) } else { (SACCADE, SACCADE_SECS) };
            let mut glance = || self.chance.f32() * 2.0 - 1.0;
            self.saccade = vec2(glance(), glance()) * reach;
            self.next_saccade = now + Duration::from_secs_f32(least + (most - least) * self.chance.f32());
        }
        let aim = match state {
            _ if is_alone => REST,
            AvatarState::Thinking => THINKING,
            AvatarState::Safe => REST,
            _ if inputs.eyes_shut => REST,
            _ => visitor,
        };
        let is_large = (aim - self.aim).length() > LARGE_SHIFT;
        self.aim = aim;
        let saccade = match inputs.reduced_motion {
            true => Vec2::ZERO,
            // A wandering glance is not carried on when a visitor comes.
            false if !is_wandering => self.saccade.clamp(-SACCADE, SACCADE),
            false => self.saccade,
        };
        let way = (aim + saccade).clamp(Vec2::splat(-1.0), Vec2::splat(1.0)) - self.direction;
        self.is_moving = way.length() > ARRIVED;
        let step = way * ease::approach(dt, FOLLOW_SECS);
        let longest = SPEED_MAX_PER_SEC * dt;
        self.direction += if step.length() > longest { step * (longest / step.length()) } else { step };
        is_large
    }
}

/// Time between blinks: at least the first, and on average the second more, but at most the third, seconds.
const BLINK_PAUSE_SECS: (f32, f32, f32) = (2.2, 1.9, 7.0);
/// One blink in so many is double: the second begins so much after the first, seconds.
const DOUBLE_ONE_IN: u32 = 8;
const DOUBLE_AFTER_SECS: f32 = 0.380;

/// When the eyes blink.
#[derive(Debug, Clone)]
pub(super) struct Blinker {
    chance: fastrand::Rng,
    began: Option<Duration>,
    next: Duration,
}

impl Blinker {
    pub(super) fn new(chance: fastrand::Rng, now: Duration) -> Self {
        let mut blinker = Self { chance, began: None, next: now };
        blinker.next = now + blinker.pause();
        blinker
    }

    /// Begins a blink unless one is under way.
    pub(super) fn begin(&mut self, now: Duration) {
        if self.began.is_none() {
            self.began = Some(now);
        }
    }

    /// How far the lids are open at `now`.
    pub(super) fn advance(&mut self, now: Duration) -> f32 {
        if self.began.is_some_and(|began| now.saturating_sub(began).as_secs_f32() >= BLINK_SECS) {
            self.began = None;
        }
        if now >= self.next {
            self.begin(now);
            let is_double = self.chance.u32(0..DOUBLE_ONE_IN) == 0;
            let pause = if is_double { Duration::from_secs_f32(DOUBLE_AFTER_SECS) } else { self.pause() };
            self.next = now + pause;
        }
        self.began.map_or(1.0, |began| ease::blink_opening(now.saturating_sub(began).as_secs_f32()))
    }

    pub(super) fn is_blinking(&self) -> bool {
        self.began.is_some()
    }

    pub(super) fn until_next(&self, now: Duration) -> Duration {
        self.next.saturating_sub(now)
    }

    fn pause(&mut self) -> Duration {
        let (least, mean, most) = BLINK_PAUSE_SECS;
        let exponential = -mean * (1.0 - self.chance.f32()).ln();
        Duration::from_secs_f32((least + exponential).min(most))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn no_blink_lasts_longer_than_280_ms_and_no_pause_longer_than_7_s() {
        let mut blinker = Blinker::new(fastrand::Rng::with_seed(7), Duration::ZERO);
        let (mut shut_since, mut open_since, mut blinks) = (None, Duration::ZERO, 0);
        for ms in 0..600_000 {
            let now = ms * MS;
            if blinker.advance(now) < 1.0 {
                let since = *shut_since.get_or_insert(now);
                assert!(now - since <= 280 * MS, "{now:?}");
                open_since = now;
            } else {
                blinks += u32::from(shut_since.take().is_some());
                assert!(now - open_since <= 7001 * MS, "{now:?}");
            }
        }
        // 600 s at 2.2 + 1.9 s, and some double ones.
        assert!((120..200).contains(&blinks), "{blinks}");
    }

    #[test]
    fn the_gaze_follows_a_face_and_holds_it_for_a_moment_when_it_is_lost() {
        let mut gaze = Gaze::new(fastrand::Rng::with_seed(7), Duration::ZERO);
        let face = gaze_towards_face([0.2, 0.5]);
        let mut look = |ms: u32, face| {
            let inputs = Inputs { face, reduced_motion: true, ..Inputs::default() };
            gaze.advance(ms * MS, 0.010, AvatarState::Listening, &inputs);
            gaze.direction()
        };
        let mut seen = Vec2::ZERO;
        for ms in (0..500).step_by(10) {
            seen = look(ms, Some(face));
        }
        assert!((seen - face).length() < 0.02);
        for ms in (500..1280).step_by(10) {
            seen = look(ms, None);
        }
        assert!((seen - face).length() < 0.02);
        for ms in (1280..2000).step_by(10) {
            seen = look(ms, None);
        }
        assert!((seen - REST).length() < 0.02);
    }

    #[test]
    fn somebody_who_comes_near_is_looked_at_before_the_visit() {
        let mut gaze = Gaze::new(fastrand::Rng::with_seed(7), Duration::ZERO);
        let face = gaze_towards_face([0.15, 0.6]);
        for ms in (0..1000).step_by(10) {
            gaze.advance(
                ms * MS,
                0.010,
                AvatarState::Idle,
                &Inputs { face: Some(face), reduced_motion: true, ..Inputs::default() },
            );
        }
        assert!((gaze.direction() - face).length() < 0.02);
    }

    #[test]
    fn a_face_on_the_left_of_the_picture_is_the_visitors_right_and_the_avatars_left() {
        assert!(gaze_towards_face([0.2, 0.45]).x > 0.0);
        assert_eq!(gaze_towards_face([0.5, 0.45]), Vec2::ZERO);
    }
}

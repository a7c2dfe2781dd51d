//! The level trail (what the microphone heard in the last seconds) and the lozenges (something is at work).

use std::{collections::VecDeque, time::Duration};

use eframe::egui::{Color32, CornerRadius, Rect, Shape, Stroke, pos2, vec2};

use super::Canvas;
use crate::{audio::Meters, clock::Clock, ui::motion::level_of};

/// One bar for each 50 ms.
const STEP: Duration = Duration::from_millis(50);
/// The same with reduced motion: five steps a second.
const CALM_STEP: Duration = Duration::from_millis(200);
/// As many bars as stand in [`WIDTH`].
const BARS: u16 = 22;
const BAR_WIDTH: f32 = 6.0;
const BAR_DISTANCE: f32 = 12.0;
/// The width of the trail, points.
pub(super) const WIDTH: f32 = BARS as f32 * BAR_DISTANCE - BAR_WIDTH;
/// The height of its highest bar, points.
pub(super) const HEIGHT: f32 = 52.0;
/// Below this level a bar is a dot: silence.
const SILENCE: f32 = 0.06;

/// The levels of the last second, oldest first.
#[derive(Debug, Clone)]
pub struct LevelTrail {
    bars: VecDeque<f32>,
    /// When the newest bar is complete (`Clock`).
    next_at: Duration,
    loudest: f32,
}

impl Default for LevelTrail {
    fn default() -> Self {
        Self { bars: std::iter::repeat_n(0.0, BARS.into()).collect(), next_at: Duration::ZERO, loudest: 0.0 }
    }
}

impl LevelTrail {
    /// Takes the level of now. Bars that no frame came for get the level of this one.
    pub fn follow(&mut self, clock: &dyn Clock, meters: &Meters, reduced_motion: bool) {
        let now = clock.now();
        let step = if reduced_motion { CALM_STEP } else { STEP };
        self.loudest = self.loudest.max(level_of(meters.input_dbfs, meters.noise_dbfs));
        if now.saturating_sub(self.next_at) > step * BARS.into() {
            // Nobody looked for longer than the trail shows.
            self.next_at = now;
        }
        while self.next_at <= now {
            self.bars.pop_front();
            self.bars.push_back(self.loudest);
            self.next_at += step;
            self.loudest = level_of(meters.input_dbfs, meters.noise_dbfs);
        }
    }

    /// Silence again.
    pub fn clear(&mut self) {
        *self = Self::default();
    }
}

impl Canvas<'_> {
    /// Paints the trail into `place`, the newest bar at the end of the reading direction.
    pub(super) fn trail(&self, place: Rect, trail: &LevelTrail) {
        let colours = self.palette();
        for (index, level) in trail.bars.iter().enumerate() {
            let offset = index as f32 * BAR_DISTANCE + BAR_WIDTH / 2.0;
            let x = if self.is_mirrored() { place.right() - offset } else { place.left() + offset };
            let height = (level * HEIGHT).max(BAR_WIDTH);
            let bar = Rect::from_center_size(pos2(x, place.center().y), vec2(BAR_WIDTH, height));
            let colour = if *level > SILENCE { colours.accent } else { colours.line };
            self.painter().rect_filled(bar, CornerRadius::same(3), colour);
        }
    }

    /// Five lozenges of which a bright one travels in the reading direction, one turn in 1.28 s.
    pub(super) fn lozenges(&mut self, place: Rect) {
        const COUNT: usize = 5;
        const TURN_S: f64 = 1.28;
        let time = self.ui.input(|input| input.time);
        let step_s = if self.reduced_motion { 1.0 } else { TURN_S / COUNT as f64 };
        let head = (time / step_s) as usize % COUNT;
        let next = (time / step_s).floor().mul_add(step_s, step_s) - time;
        self.changes_in(Duration::from_secs_f64(next.max(0.0)));
        for index in 0..COUNT {
            let behind = (head + COUNT - index) % COUNT;
            let offset = 14.0 + 26.0 * index as f32;
            let x = if self.is_mirrored() { place.right() - offset } else { place.left() + offset };
            let centre = pos2(x, place.center().y);
            let points = [vec2(0.0, -16.0), vec2(10.0, 0.0), vec2(0.0, 16.0), vec2(-10.0, 0.0)];
            let colour: Color32 = self.palette().accent.gamma_multiply(1.0 - 0.2 * behind as f32);
            let shape = points.map(|point| centre + point).to_vec();
            self.painter().add(Shape::convex_polygon(shape, colour, Stroke::NONE));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ManualClock;

    #[test]
    fn one_bar_comes_for_each_fifty_milliseconds() {
        let clock = ManualClock::default();
        let mut trail = LevelTrail::default();
        let loud = Meters { input_dbfs: -20.0, noise_dbfs: -60.0, ..Meters::default() };
        clock.set(Duration::from_secs(10));
        trail.follow(&clock, &Meters::default(), false);
        clock.set(Duration::from_millis(10_100));
        trail.follow(&clock, &loud, false);
        assert_eq!(trail.bars.iter().filter(|level| **level > 0.9).count(), 2);
        assert_eq!(trail.bars.len(), usize::from(BARS));
    }
}

//! How often the window may repaint, so that it never takes time from the sound.
//!
//! With a graphics card a frame costs little and what LOOK asks for is possible. With software rendering it may cost
//! tens of milliseconds; then the window lowers its own rate until it works at most half the time.

use std::time::Duration;

/// The shortest time between two frames: 30 a second.
const SHORTEST: Duration = Duration::from_millis(33);
/// The longest time between two frames of a motion, however slow the box is: below this nothing looks like motion.
const LONGEST: Duration = Duration::from_millis(250);
/// How often the cost of a frame is measured while something moves.
const PROBE_EVERY: Duration = Duration::from_secs(4);
/// Frames of a motion may take one part in so many of the time.
const SHARE: u32 = 2;
/// From this distance of frames on, nothing but breath moves: it may take one part in [`SLOW_SHARE`], and its frames may
/// be [`SLOWEST`] apart.
const SLOW: Duration = Duration::from_millis(100);
const SLOW_SHARE: u32 = 10;
const SLOWEST: Duration = Duration::from_millis(500);

/// The pace of repainting.
///
/// What a frame costs cannot be seen from inside it: drawing ends after the program has handed it over. So from time to
/// time one frame is asked for at once after the other; the time between them is the cost.
#[derive(Debug, Clone, Default)]
pub struct Pace {
    /// From the start of a frame until it is on the screen, by the last probes.
    probed: Option<Duration>,
    /// The processor time of the last frame inside the program: less than it costs.
    own: Duration,
    last_start: Option<Duration>,
    is_probing: bool,
    last_probe: Option<Duration>,
}

impl Pace {
    /// A frame begins at `now`. `own`: the processor time that the last one took inside the program.
    pub fn frame_begins(&mut self, now: Duration, own: Duration) {
        self.own = own.min(LONGEST);
        if let (true, Some(last)) = (self.is_probing, self.last_start) {
            let measured = now.saturating_sub(last).min(LONGEST);
            // A hiccup of the machine must not slow the window for long: half old, half new.
            self.probed = Some(self.probed.map_or(measured, |before| (before + measured) / 2));
            self.last_probe = Some(now);
        }
        self.is_probing = false;
        self.last_start = Some(now);
    }

    /// When to repaint next, given that something would like to `wanted` from now.
    pub fn next(&mut self, now: Duration, wanted: Duration) -> Duration {
        let least = if wanted < SLOW {
            (self.cost() * SHARE).clamp(SHORTEST, LONGEST)
        } else {
            (self.cost() * SLOW_SHARE).clamp(SHORTEST, SLOWEST)
        };
        let is_due = self.last_probe.is_none_or(|last| now.saturating_sub(last) >= PROBE_EVERY);
        // Only while something moves: a probe of a still window would wake the machine for nothing.
        if wanted <= SLOWEST && is_due {
            self.is_probing = true;
            return Duration::ZERO;
        }
        let since_start = self.last_start.map_or(Duration::ZERO, |start| now.saturating_sub(start));
        wanted.max(least.saturating_sub(since_start))
    }

    /// What a frame costs, as far as known.
    fn cost(&self) -> Duration {
        self.probed.unwrap_or_default().max(self.own)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    /// Runs a window whose frames cost `cost` for five seconds and counts them.
    fn frames_in_five_seconds(cost: Duration, wanted: Duration) -> u32 {
        let (mut pace, mut now, mut frames) = (Pace::default(), Duration::ZERO, 0);
        while now < Duration::from_secs(5) {
            pace.frame_begins(now, MS);
            frames += 1;
            let next = pace.next(now + MS, wanted);
            now += cost.max(MS + next);
        }
        frames
    }

    #[test]
    fn a_fast_box_paints_thirty_frames_a_second() {
        let frames = frames_in_five_seconds(4 * MS, Duration::ZERO);
        assert!((145..=160).contains(&frames), "{frames}");
    }

    #[test]
    fn where_a_frame_costs_more_than_half_its_time_the_rate_is_lowered() {
        let frames = frames_in_five_seconds(40 * MS, Duration::ZERO);
        assert!((58..=70).contains(&frames), "{frames}: 40 ms a frame allow 12.5 a second");
    }

    #[test]
    fn breath_alone_takes_a_tenth_of_the_time() {
        assert!((48..=54).contains(&frames_in_five_seconds(4 * MS, SLOW)));
        let frames = frames_in_five_seconds(40 * MS, SLOW);
        assert!((11..=16).contains(&frames), "{frames}: 40 ms a frame allow 2.5 a second");
    }

    #[test]
    fn a_still_window_is_not_probed() {
        assert_eq!(frames_in_five_seconds(40 * MS, Duration::from_secs(2)), 3);
    }
}

//! Agreeing is an act: touch and hold for three seconds.

use std::time::Duration;

use eframe::egui::{CornerRadius, Id, Rect, Role, Sense, Stroke, StrokeKind, WidgetInfo, pos2, vec2};

use super::Canvas;
use crate::ui::{
    icons::Icon,
    mesh,
    text::{Fit, Span},
    tokens::{TypeRole, Weight, radius},
};

/// How long it is held.
pub const HOLD: Duration = Duration::from_secs(3);
/// How long a full fill takes to run back.
const RUN_BACK: Duration = Duration::from_millis(200);
/// Time between two frames that counts at most: a window that stood still has not been held meanwhile.
const LONGEST_STEP: Duration = Duration::from_millis(250);

/// How far something has been held.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Hold {
    /// 0..1.
    part: f32,
    last: Option<Duration>,
    is_done: bool,
}

impl Hold {
    /// Goes on to `now`. Gives whether it was held to its end just now.
    pub fn advance(&mut self, now: Duration, is_held: bool) -> bool {
        let step = self.last.map_or(Duration::ZERO, |last| now.saturating_sub(last)).min(LONGEST_STEP);
        self.last = Some(now);
        if self.is_done {
            return false;
        }
        let change = if is_held {
            step.as_secs_f32() / HOLD.as_secs_f32()
        } else {
            -step.as_secs_f32() / RUN_BACK.as_secs_f32()
        };
        self.part = (self.part + change).clamp(0.0, 1.0);
        self.is_done = self.part >= 1.0;
        self.is_done
    }

    /// How far, 0..1.
    #[must_use]
    pub fn part(&self) -> f32 {
        self.part
    }

    /// Whether it was held to its end.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.is_done
    }

    /// Seconds that are left, rounded up.
    #[must_use]
    pub fn seconds_left(&self) -> u32 {
        // The smallest float error must not show a second more.
        ((1.0 - self.part) * HOLD.as_secs_f32() - 1e-3).ceil().max(0.0) as u32
    }
}

/// The words of a hold button.
#[derive(Debug, Clone, Copy)]
pub struct HoldWords<'a> {
    /// What holding means.
    pub title: &'a str,
    /// How far it is.
    pub hint: &'a str,
}

impl Canvas<'_> {
    /// A button that is held. Gives whether it was held to its end just now.
    pub fn hold_button(&mut self, id: Id, place: Rect, hold: &mut Hold, now: Duration, words: &HoldWords<'_>) -> bool {
        let response = self.ui.interact(place, id, Sense::click());
        response.widget_info(|| WidgetInfo::labeled(Role::Button, true, words.title));
        self.focus_ring(&response, place);
        // A finger that slid off the button no longer agrees.
        let is_held = response.is_pointer_button_down_on() && response.contains_pointer();
        let is_agreed = hold.advance(now, is_held);
        if hold.part() > 0.0 && !hold.is_done() {
            self.changes_in(Duration::ZERO);
        }
        let colours = self.palette();
        let corners = CornerRadius::same(radius::CARD);
        let (fill, text) =
            if hold.is_done() { (colours.accent, colours.on_accent) } else { (colours.surface, colours.ink) };
        self.painter().rect_filled(place, corners, fill);
        if !hold.is_done() && hold.part() > 0.0 {
            let filled = self.inside(place, 0.0, 0.0, vec2(place.width() * hold.part(), place.height()));
            let clip = self.ui.clip_rect();
            // The contrast theme has no tint: there the fill is the accent, dimmed so that the words stay readable.
            let tint = if self.theme.is_flat() { colours.accent.gamma_multiply(0.35) } else { colours.tint };
            self.painter().with_clip_rect(filled.intersect(clip)).rect_filled(place, corners, tint);
        }
        self.painter().rect_stroke(place, corners, Stroke::new(4.0, colours.accent), StrokeKind::Inside);
        self.hold_words(place, hold, words, text);
        is_agreed
    }

    fn hold_words(&mut self, place: Rect, hold: &Hold, words: &HoldWords<'_>, text: eframe::egui::Color32) {
        const PADDING: f32 = 44.0;
        const ICON: f32 = 72.0;
        const GAP: f32 = 28.0;
        const RING: f32 = 104.0;
        let colours = self.palette();
        let done = hold.is_done();
        let (icon, icon_colour) = if done { (Icon::Check, colours.on_accent) } else { (Icon::Hand, colours.accent) };
        let middle = place.height() / 2.0;
        self.icon(icon, self.inside(place, PADDING, middle - ICON / 2.0, vec2(ICON, ICON)), icon_colour);
        let start = PADDING + ICON + GAP;
        let width = place.width() - start - RING - GAP - PADDING;
        let title = TypeRole { size: 40.0, line_height: 54.0, weight: Weight::SemiBold };
        let spans = [Span { text: words.title, weight: None }];
        let (_, block) = self.fitted(&spans, self.language, title, vec2(width, 54.0), Fit::Wrap);
        let hint = self.block(words.hint, TypeRole::SMALL, width, Fit::OneLine);
        let height = block.height() + if words.hint.is_empty() { 0.0 } else { hint.height() };
        let line = self.inside(place, start, middle - height / 2.0, vec2(width, height));
        block.paint(self.painter(), line.min, text);
        if !words.hint.is_empty() {
            let colour = if done { colours.on_accent } else { colours.ink2 };
            hint.paint(self.painter(), pos2(line.left(), line.top() + block.height()), colour);
            self.describe("hold hint", line, words.hint);
        }
        if !done {
            let ring = self.inside(place, place.width() - PADDING + 4.0 - RING, middle - RING / 2.0, vec2(RING, RING));
            self.ring(ring, hold);
        }
    }

    /// The seconds that are left, in a ring that closes clockwise.
    fn ring(&mut self, place: Rect, hold: &Hold) {
        let colours = self.palette();
        let centre = place.center();
        let circle = Stroke::new(6.0, colours.line.gamma_multiply(0.5));
        self.painter().circle_stroke(centre, 44.0, circle);
        if hold.part() > 0.0 {
            let steps = 1 + (64.0 * hold.part()) as usize;
            let points = (0..=steps)
                .map(|step| {
                    let angle = std::f32::consts::TAU * hold.part() * step as f32 / steps as f32;
                    centre + 44.0 * mesh::clockwise_from_top(angle)
                })
                .collect();
            mesh::round_line(self.painter(), points, Stroke::new(10.0, colours.accent));
        }
        let role = TypeRole { size: 40.0, line_height: 54.0, weight: Weight::SemiBold };
        self.centred(&hold.seconds_left().to_string(), self.language, role, centre, colours.ink);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn only_three_whole_seconds_agree() {
        let mut hold = Hold::default();
        hold.advance(Duration::ZERO, true);
        for ms in (50..3000).step_by(50) {
            assert!(!hold.advance(ms * MS, true), "{ms}");
        }
        assert_eq!(hold.seconds_left(), 1);
        assert!(hold.advance(3050 * MS, true));
        assert!(!hold.advance(3100 * MS, true), "agreed once");
    }

    #[test]
    fn letting_go_runs_back_within_200_ms() {
        let mut hold = Hold::default();
        for ms in (0..=2900).step_by(50) {
            hold.advance(ms * MS, true);
        }
        for ms in (2950..=3100).step_by(50) {
            hold.advance(ms * MS, false);
        }
        assert!(hold.part() < 0.2 && !hold.is_done());
        hold.advance(3150 * MS, false);
        assert_eq!((hold.part(), hold.seconds_left()), (0.0, 3));
    }

    #[test]
    fn a_window_that_stood_still_was_not_held() {
        let mut hold = Hold::default();
        hold.advance(Duration::ZERO, true);
        assert!(!hold.advance(Duration::from_secs(10), true));
    }
}

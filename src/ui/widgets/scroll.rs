//! A list that is scrolled by dragging, with a rail that only shows where it stands.

use std::time::Duration;

use eframe::egui::{CornerRadius, Id, Rect, Sense, pos2, vec2};

use super::Canvas;

/// How quickly a list that was let go comes to rest.
const REST_SECS: f32 = 0.325;
/// Slower than this it stands, units a second.
const STANDING: f32 = 12.0;
/// The rail is so wide.
const RAIL: f32 = 10.0;
/// The shortest thumb.
const THUMB_MIN: f32 = 48.0;

/// Where a list stands.
#[derive(Debug, Clone, Copy, Default)]
pub struct Scroll {
    offset: f32,
    velocity: f32,
    last: Option<Duration>,
}

impl Scroll {
    /// How far the content is moved up, units.
    #[must_use]
    pub fn offset(&self) -> f32 {
        self.offset
    }

    /// Back to the top.
    pub fn reset(&mut self) {
        *self = Self::default();
    }
}

impl Canvas<'_> {
    /// Takes drags in `view`, behind what lies on it, for a content `content` high; paints the rail at `rail_x` where the
    /// content is higher than the view. Call before the rows are painted.
    pub fn scroll(&mut self, id: Id, view: Rect, content: f32, scroll: &mut Scroll, rail_x: f32, now: Duration) {
        let most = (content - view.height()).max(0.0);
        let response = self.ui.interact(view, id, Sense::drag());
        let dt = scroll.last.map_or(0.0, |last| now.saturating_sub(last).as_secs_f32()).min(0.1);
        scroll.last = Some(now);
        if response.dragged() {
            let moved = -response.drag_delta().y;
            scroll.offset += moved;
            if dt > 0.0 {
                scroll.velocity = 0.5 * scroll.velocity + 0.5 * moved / dt;
            }
        } else {
            scroll.offset += scroll.velocity * dt;
            scroll.velocity *= (-dt / REST_SECS).exp();
            if scroll.velocity.abs() < STANDING {
                scroll.velocity = 0.0;
            } else {
                self.changes_in(Duration::ZERO);
            }
        }
        if response.contains_pointer() {
            scroll.offset -= self.ui.input(|input| input.smooth_scroll_delta().y);
        }
        if scroll.offset < 0.0 || scroll.offset > most {
            scroll.offset = scroll.offset.clamp(0.0, most);
            scroll.velocity = 0.0;
        }
        if most > 0.0 {
            let colours = self.palette();
            let bed = Rect::from_min_size(pos2(rail_x, view.top()), vec2(RAIL, view.height()));
            self.painter().rect_filled(bed, CornerRadius::same(5), colours.sunk);
            let height = (view.height() * view.height() / content).max(THUMB_MIN);
            let top = view.top() + (view.height() - height) * scroll.offset / most;
            let thumb = Rect::from_min_size(pos2(rail_x, top), vec2(RAIL, height));
            self.painter().rect_filled(thumb, CornerRadius::same(5), colours.ink3);
        }
    }
}

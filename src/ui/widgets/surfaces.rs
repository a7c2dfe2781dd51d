//! Cards, borders, dividers.

use eframe::egui::{Color32, CornerRadius, Pos2, Rect, Stroke, StrokeKind};

use super::Canvas;
use crate::ui::tokens::{Depth, stroke};

impl Canvas<'_> {
    /// A surface with its shadow; in the contrast theme with its border instead.
    pub fn surface(&self, place: Rect, radius: u8, depth: Depth, fill: Color32) {
        let corners = CornerRadius::same(radius);
        if self.theme.is_flat() {
            let border = Stroke::new(stroke::FLAT_SURFACE, self.palette().line);
            self.painter().rect(place, corners, fill, border, StrokeKind::Inside);
        } else {
            self.painter().add(depth.shadow(self.theme).as_shape(place, corners));
            self.painter().rect_filled(place, corners, fill);
        }
    }

    /// What the border of a surface takes from its inside.
    #[must_use]
    pub fn surface_border(&self) -> f32 {
        if self.theme.is_flat() { stroke::FLAT_SURFACE } else { 0.0 }
    }

    /// A vertical divider.
    pub fn divider(&self, x: f32, top: f32, bottom: f32) {
        let line = Rect::from_min_max(Pos2::new(x, top), Pos2::new(x + stroke::HAIRLINE, bottom));
        self.painter().rect_filled(line, CornerRadius::ZERO, self.palette().hairline);
    }

    /// A horizontal divider.
    pub fn rule(&self, left: f32, right: f32, y: f32) {
        let line = Rect::from_min_max(Pos2::new(left, y), Pos2::new(right, y + stroke::HAIRLINE));
        self.painter().rect_filled(line, CornerRadius::ZERO, self.palette().hairline);
    }
}

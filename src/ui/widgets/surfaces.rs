//! Cards, borders, dividers.

use eframe::egui::{
    Color32, CornerRadius, Painter, Pos2, Rect, Shape, Stroke, StrokeKind,
    emath::{Rot2, vec2},
};

use super::Canvas;
use crate::ui::tokens::{Depth, stroke};

/// Dash and gap of the border of what cannot be had now, units.
const DASH: f32 = 9.0;
const DASH_GAP: f32 = 6.0;

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

/// A dashed border inside `place`.
pub(super) fn dashed_border(painter: &Painter, place: Rect, radius: f32, line: Stroke) {
    let inner = place.shrink(line.width / 2.0);
    let radius = radius - line.width / 2.0;
    let corners = [
        (inner.right_top() + vec2(-radius, radius), -90.0_f32),
        (inner.right_bottom() + vec2(-radius, -radius), 0.0),
        (inner.left_bottom() + vec2(radius, -radius), 90.0),
        (inner.left_top() + vec2(radius, radius), 180.0),
    ];
    let mut outline: Vec<Pos2> = Vec::new();
    for (centre, start) in corners {
        outline.extend((0_u8..=8).map(|step| {
            let angle = (start + f32::from(step) * 11.25).to_radians();
            centre + Rot2::from_angle(angle) * vec2(radius, 0.0)
        }));
    }
    outline.extend(outline.first().copied());
    painter.extend(Shape::dashed_line(&outline, line, DASH, DASH_GAP));
}

//! Where things stand on a staff page (LOOK, "Staff pages in landscape", and the pictures 09 to 10e).
//!
//! Measures are those of the pictures; what a window is higher than they goes above the actions, what it is wider goes to
//! the margins.

use eframe::egui::{Rect, Vec2, pos2, vec2};

use crate::ui::widgets::KEYBOARD_HEIGHT;

/// A page's measures in a window.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sheet {
    pub(super) size: Vec2,
    pub(super) is_landscape: bool,
    is_mirrored: bool,
    /// The left edge of the picture's area.
    left: f32,
    /// What the window is higher than the picture.
    pub(super) extra: f32,
}

const PORTRAIT: Vec2 = vec2(1080.0, 1920.0);
const LANDSCAPE: Vec2 = vec2(1920.0, 1080.0);

impl Sheet {
    pub(super) fn new(size: Vec2, is_landscape: bool, is_mirrored: bool) -> Self {
        let drawn = if is_landscape { LANDSCAPE } else { PORTRAIT };
        Self { size, is_landscape, is_mirrored, left: (size.x - drawn.x) / 2.0, extra: size.y - drawn.y }
    }

    fn drawn(&self) -> Vec2 {
        if self.is_landscape { LANDSCAPE } else { PORTRAIT }
    }

    /// A place that begins `start` from the side where reading starts, `top` from above.
    pub(super) fn rect(&self, start: f32, top: f32, width: f32, height: f32) -> Rect {
        let x = if self.is_mirrored { self.drawn().x - start - width } else { start };
        Rect::from_min_size(pos2(self.left + x, top), vec2(width, height))
    }

    /// The same, keeping its distance from the lower edge.
    pub(super) fn low(&self, start: f32, top: f32, width: f32, height: f32) -> Rect {
        self.rect(start, top + self.extra, width, height)
    }

    /// A place that is not mirrored.
    pub(super) fn fixed(&self, left: f32, top: f32, width: f32, height: f32) -> Rect {
        Rect::from_min_size(pos2(self.left + left, top), vec2(width, height))
    }

    /// The start and the width of the column.
    pub(super) fn column(&self) -> (f32, f32) {
        if self.is_landscape { (848.0, 992.0) } else { (64.0, 952.0) }
    }

    pub(super) fn header(&self) -> Rect {
        let (start, width) = self.column();
        self.rect(start, if self.is_landscape { 56.0 } else { 48.0 }, width, 64.0)
    }

    pub(super) fn steps(&self) -> Rect {
        let (start, width) = self.column();
        self.rect(start, if self.is_landscape { 148.0 } else { 136.0 }, width, 72.0)
    }

    /// The row of the page's actions.
    pub(super) fn actions(&self) -> Rect {
        let (start, width) = self.column();
        self.low(start, if self.is_landscape { 794.0 } else { 1512.0 }, width, 104.0)
    }

    /// The tab and "Close".
    pub(super) fn tabs(&self) -> (Rect, Rect) {
        if self.is_landscape {
            (self.low(88.0, 930.0, 320.0, 112.0), self.low(1630.0, 930.0, 210.0, 112.0))
        } else {
            (self.low(64.0, 1640.0, 176.0, 120.0), self.low(884.0, 1640.0, 132.0, 120.0))
        }
    }

    /// What is looked at, in landscape.
    pub(super) fn side(&self) -> Rect {
        self.rect(88.0, 72.0, 664.0, 780.0 + self.extra)
    }

    pub(super) fn keyboard(&self) -> Rect {
        if self.is_landscape {
            let mut place = self.fixed(88.0, 440.0, 1752.0, KEYBOARD_HEIGHT);
            place = place.translate(vec2(0.0, self.extra));
            place
        } else {
            self.fixed(32.0, 1008.0, 1016.0, KEYBOARD_HEIGHT).translate(vec2(0.0, self.extra))
        }
    }

    /// `row` cut into parts of these weights, 18 apart, in reading order.
    pub(super) fn parts<const N: usize>(&self, row: Rect, weights: [f32; N]) -> [Rect; N] {
        const GAP: f32 = 18.0;
        let whole: f32 = weights.iter().sum();
        let room = row.width() - GAP * (N as f32 - 1.0);
        let mut start = 0.0;
        weights.map(|weight| {
            let width = room * weight / whole;
            let x = if self.is_mirrored { row.right() - start - width } else { row.left() + start };
            start += width + GAP;
            Rect::from_min_size(pos2(x, row.top()), vec2(width, row.height()))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mirrored_page_is_its_reflection_and_a_higher_window_moves_only_what_is_low() {
        let [plain, mirrored] = [false, true].map(|mirrored| Sheet::new(vec2(1080.0, 2000.0), false, mirrored));
        let (a, b) = (plain.rect(64.0, 100.0, 200.0, 50.0), mirrored.rect(64.0, 100.0, 200.0, 50.0));
        assert_eq!((a.left(), b.right()), (64.0, 1080.0 - 64.0));
        assert_eq!((a.top(), plain.low(64.0, 100.0, 200.0, 50.0).top()), (100.0, 180.0));
        assert_eq!(plain.keyboard(), mirrored.keyboard());
    }
}

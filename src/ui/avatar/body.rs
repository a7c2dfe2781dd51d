//! The body: a superellipse, exponent 2.16, 1.00 R wide and 1.04 R tall, brightest a little above where it looks.

use eframe::egui::{Shape, Vec2, vec2};

use super::Canvas;
use crate::ui::mesh;

const EXPONENT: f32 = 2.16;
const TALL: f32 = 1.04;
/// Rings of the mesh, in R.
const RINGS: [f32; 10] = [0.0, 0.15, 0.3, 0.45, 0.6, 0.7, 0.8, 0.88, 0.94, 1.0];
/// The reach of the body's colours from their middle, in R.
const COLOUR_REACH: f32 = 1.18;

/// The radius of the body's outline at `angle` (radians), in R.
pub(super) fn outline(angle: f32) -> f32 {
    let (sin, cos) = angle.sin_cos();
    (cos.abs().powf(EXPONENT) + (sin / TALL).abs().powf(EXPONENT)).powf(-1.0 / EXPONENT)
}

pub(super) fn paint(canvas: &Canvas<'_>, gaze: Vec2) {
    let c = canvas.colours;
    let stops = [(0.0, c.core), (0.34, c.mid), (0.66, c.body), (0.88, c.rim), (1.0, c.edge)];
    let brightest = vec2(0.09 * gaze.x, 0.07 * gaze.y - 0.09) * canvas.r;
    let colour = |offset: Vec2| {
        let distance = (offset - brightest).length() / (COLOUR_REACH * canvas.r);
        mesh::between_stops(&stops, distance, mesh::mix).unwrap_or(c.core)
    };
    let rings = RINGS.map(|ring| ring * canvas.r);
    canvas.painter.add(Shape::mesh(mesh::polar(canvas.centre, &rings, outline, colour, canvas.pixel)));
}

#[cfg(test)]
mod tests {
    use std::f32::consts::PI;

    use super::*;

    #[test]
    fn the_body_is_as_wide_and_tall_as_drawn_and_rounder_than_an_ellipse() {
        assert!((outline(0.0) - 1.0).abs() < 1e-4 && (outline(PI / 2.0) - TALL).abs() < 1e-4);
        assert!(outline(PI / 4.0) > 1.02);
    }
}

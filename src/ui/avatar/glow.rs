//! The light around the body, added to what is behind it.

use eframe::egui::{Color32, Shape};

use super::Canvas;
use crate::ui::mesh;

/// Where the glow ends, in R.
pub(super) const REACH: f32 = 2.35;
/// Strength by distance (1 is [`REACH`]).
const FALL: [(f32, f32); 5] = [(0.38, 0.46), (0.50, 0.26), (0.66, 0.11), (0.84, 0.035), (1.0, 0.0)];
/// Rings of the mesh, as distances; the body hides what lies within the first stop.
const RINGS: [f32; 14] = [0.36, 0.38, 0.41, 0.44, 0.47, 0.50, 0.54, 0.58, 0.62, 0.66, 0.72, 0.78, 0.84, 1.0];

pub(super) fn paint(canvas: &Canvas<'_>, strength: f32) {
    let reach = REACH * canvas.r;
    let colour = |distance: f32| {
        let fall = mesh::between_stops(&FALL, distance, |a, b, k| a + (b - a) * k).unwrap_or_default();
        mesh::added(canvas.colours.glow, fall * strength)
    };
    let by_ring: Vec<Color32> = RINGS.iter().map(|ring| colour(*ring)).collect();
    let ring_of = |length: f32| {
        let distance = length / reach;
        let nearest = RINGS.iter().position(|ring| distance <= ring + 0.001).unwrap_or(RINGS.len());
        by_ring.get(nearest).copied().unwrap_or(Color32::TRANSPARENT)
    };
    let mesh = mesh::polar(canvas.centre, &RINGS, |_| reach, |offset| ring_of(offset.length()), 0.0);
    canvas.painter.add(Shape::mesh(mesh));
}

//! The halo: light cast on the back of the niche, nested shapes of eight sectors each.

#![allow(clippy::indexing_slicing, reason = "sectors are counted 0..SECTORS, the length of every array here")]

use std::f32::consts::PI;

use eframe::egui::{Color32, Mesh, Pos2, Shape, Stroke, Vec2};

use super::Canvas;
use crate::ui::mesh;

/// Sectors of a layer, clockwise from the top.
pub const SECTORS: usize = 8;
/// Layers of a halo.
pub const LAYERS: usize = 4;
/// Half a sector's angle, radians.
const HALF: f32 = PI / 8.0;
/// The inner corner of the star, in tips; the octagon's is cos 22.5°.
const STAR_CORNER: f32 = 0.80;
/// The circle's radius, in tips.
const CIRCLE: f32 = 0.965;
/// Points along a sector's edge.
const STEPS: usize = 16;
/// The fill begins here, hidden by the body, and its colour reaches its end at [`FILL_REACH`], in R.
const FILL_START: f32 = 0.9;
const FILL_REACH: f32 = 2.15;
/// The fill's strength where it begins and where it ends.
const FILL_STRENGTH: (f32, f32) = (0.95, 0.55);
/// Dash and gap of a dashed edge, in R.
const DASH: (f32, f32) = (0.064, 0.058);
/// What is weaker than this is not painted.
const FAINTEST: f32 = 0.002;
/// In the contrast theme lines are at least this wide (in R), and solid from this strength on.
const FLAT_LINE: (f32, f32) = (0.020, 0.02);

/// One layer of the halo. Every field can be mixed with another layer's.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Layer {
    /// ρ: the distance of each sector's tip, in R.
    pub tips: [f32; SECTORS],
    /// −1 circle, 0 octagon, 1 star.
    pub shape: f32,
    /// Turned clockwise, degrees.
    pub turn_deg: f32,
    /// The strength of each sector's fill, 0..1.
    pub fill: [f32; SECTORS],
    /// The strength of each sector's edge, 0..1.
    pub edge: [f32; SECTORS],
    /// The width of each sector's edge, in R.
    pub width: [f32; SECTORS],
    /// Half the gap between two sectors, radians.
    pub inset: f32,
    /// 0: a whole edge, 1: a dashed one.
    pub dash: f32,
}

impl Layer {
    /// A layer that is the same all round.
    #[must_use]
    pub const fn even(tip: f32, shape: f32, fill: f32, edge: f32, width: f32) -> Self {
        Self {
            tips: [tip; SECTORS],
            shape,
            turn_deg: 0.0,
            fill: [fill; SECTORS],
            edge: [edge; SECTORS],
            width: [width; SECTORS],
            inset: 0.0,
            dash: 0.0,
        }
    }

    /// A layer that is not seen: where one comes from or goes to.
    #[must_use]
    pub const fn hidden(tip: f32, shape: f32) -> Self {
        Self::even(tip, shape, 0.0, 0.0, 0.010)
    }

    /// The layer on the way to `other`: 0 is this one, 1 the other; beyond 1 it overshoots.
    #[must_use]
    pub fn towards(&self, other: &Self, k: f32) -> Self {
        let mix = |a: f32, b: f32| a + (b - a) * k;
        let each = |a: &[f32; SECTORS], b: &[f32; SECTORS]| {
            let mut mixed = *a;
            for (value, b) in mixed.iter_mut().zip(b) {
                *value = mix(*value, *b);
            }
            mixed
        };
        Self {
            tips: each(&self.tips, &other.tips),
            shape: mix(self.shape, other.shape),
            turn_deg: mix(self.turn_deg, other.turn_deg),
            fill: each(&self.fill, &other.fill),
            edge: each(&self.edge, &other.edge),
            width: each(&self.width, &other.width),
            inset: mix(self.inset, other.inset),
            dash: mix(self.dash, other.dash),
        }
    }

    fn has_one_edge(&self) -> bool {
        let even = |values: &[f32; SECTORS]| values.iter().all(|value| (value - values[0]).abs() < 1e-4);
        self.inset < 1e-3 && self.dash < 1e-3 && even(&self.edge) && even(&self.width)
    }

    /// The direction of the middle of `sector`.
    fn axis(&self, sector: usize) -> f32 {
        sector as f32 * 2.0 * HALF + self.turn_deg.to_radians()
    }

    /// The distance of the edge of `sector` at `angle` from its axis.
    fn edge_at(&self, sector: usize, angle: f32) -> f32 {
        let beside = if angle < 0.0 { sector + SECTORS - 1 } else { sector + 1 } % SECTORS;
        let corner_ratio = HALF.cos() + (STAR_CORNER - HALF.cos()) * self.shape.max(0.0);
        let corner = corner_ratio * (self.tips[sector] + self.tips[beside]) / 2.0;
        edge(self.tips[sector], corner, self.shape, angle.abs())
    }

    /// The edge of `sector` from one side to the other: direction and distance.
    fn sector_edge(&self, sector: usize) -> [(Vec2, f32); STEPS + 1] {
        let half = HALF - self.inset.max(0.0);
        std::array::from_fn(|i| {
            let angle = half * (2.0 * i as f32 / STEPS as f32 - 1.0);
            (mesh::clockwise_from_top(self.axis(sector) + angle), self.edge_at(sector, angle))
        })
    }
}

/// The distance of a sector's edge at `angle` (0..22.5°, radians) from its axis: the straight line from the tip to the
/// corner, bent towards the circle as `shape` goes from 0 to −1.
fn edge(tip: f32, corner: f32, shape: f32, angle: f32) -> f32 {
    let (x, y) = (corner * HALF.cos(), corner * HALF.sin());
    let line = tip * y / (angle.cos() * y - angle.sin() * (x - tip));
    let round = CIRCLE * tip * (1.0 + (corner / (tip * HALF.cos()) - 1.0) * angle / HALF);
    line + (round - line) * (-shape).max(0.0)
}

pub(super) fn paint(canvas: &Canvas<'_>, layer: &Layer) {
    if !canvas.colours.is_flat && layer.fill.iter().any(|fill| *fill > FAINTEST) {
        let mut mesh = Mesh::default();
        for sector in 0..SECTORS {
            fill_sector(canvas, layer, sector, &mut mesh);
        }
        canvas.painter.add(Shape::mesh(mesh));
    }
    if layer.has_one_edge() {
        if let Some(stroke) = stroke(canvas, layer, 0) {
            let mut whole: Vec<Pos2> = (0..SECTORS).flat_map(|sector| edge_points(canvas, layer, sector)).collect();
            mesh::drop_repeated(&mut whole);
            canvas.painter.add(Shape::closed_line(whole, stroke));
        }
        return;
    }
    for sector in 0..SECTORS {
        let Some(stroke) = stroke(canvas, layer, sector) else { continue };
        let points: Vec<Pos2> = edge_points(canvas, layer, sector).collect();
        if layer.dash > 1e-3 {
            for dash in mesh::dashes(&points, DASH.0 * canvas.r, DASH.1 * layer.dash * canvas.r) {
                mesh::round_line(canvas.painter, dash, stroke);
            }
        } else {
            mesh::round_line(canvas.painter, points, stroke);
        }
    }
}

fn edge_points<'a>(canvas: &'a Canvas<'_>, layer: &Layer, sector: usize) -> impl Iterator<Item = Pos2> + 'a {
    layer.sector_edge(sector).into_iter().map(|(direction, distance)| canvas.at(direction * distance))
}

fn stroke(canvas: &Canvas<'_>, layer: &Layer, sector: usize) -> Option<Stroke> {
    let (mut strength, mut width) = (layer.edge[sector].max(0.0), layer.width[sector].max(0.0));
    if canvas.colours.is_flat {
        strength = (strength / FLAT_LINE.1).min(1.0);
        width = width.max(FLAT_LINE.0);
    }
    (strength > FAINTEST).then(|| Stroke::new(width * canvas.r, mesh::faded(canvas.colours.ring, strength)))
}

/// The fill of one sector: a strip from the body to the edge, faded out over one pixel beyond it and, where sectors
/// are apart, beside it.
fn fill_sector(canvas: &Canvas<'_>, layer: &Layer, sector: usize, mesh: &mut Mesh) {
    let strength = layer.fill[sector].max(0.0);
    if strength <= FAINTEST {
        return;
    }
    let colours = canvas.colours;
    let light = |distance: f32| {
        let k = ((distance - FILL_START) / (FILL_REACH - FILL_START)).clamp(0.0, 1.0);
        let weight = FILL_STRENGTH.0 + (FILL_STRENGTH.1 - FILL_STRENGTH.0) * k;
        mesh::added(mesh::mix(colours.ring, colours.glow, k), strength * weight)
    };
    let feather = canvas.pixel / canvas.r;
    let column = |direction: Vec2, distance: f32| {
        [
            (canvas.at(direction * FILL_START), light(FILL_START)),
            (canvas.at(direction * distance), light(distance)),
            (canvas.at(direction * (distance + feather)), Color32::TRANSPARENT),
        ]
    };
    let edge = layer.sector_edge(sector);
    let mut columns = Vec::with_capacity(STEPS + 3);
    columns.extend(edge.iter().map(|(direction, distance)| column(*direction, *distance)));
    if layer.inset > 1e-3 {
        let faded = |angle: f32, distance: f32| {
            let direction = mesh::clockwise_from_top(layer.axis(sector) + angle);
            column(direction, distance).map(|(place, _)| (place, Color32::TRANSPARENT))
        };
        let half = HALF - layer.inset;
        let beside = |distance: f32| half + feather / distance;
        let (first, last) = (edge[0].1, edge[STEPS].1);
        columns.insert(0, faded(-beside(first), first));
        columns.push(faded(beside(last), last));
    }
    mesh::grid(mesh, columns);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tips_of_a_star_point_up_and_to_each_eighth() {
        let star = Layer::even(1.5, 1.0, 0.0, 1.0, 0.01);
        for sector in 0..SECTORS {
            let edge = star.sector_edge(sector);
            let (direction, distance) = edge[STEPS / 2];
            assert!((distance - 1.5).abs() < 1e-4);
            let expected = mesh::clockwise_from_top(sector as f32 * PI / 4.0);
            assert!((direction - expected).length() < 1e-5);
            assert!((edge[0].1 - 1.5 * STAR_CORNER).abs() < 1e-3, "{}", edge[0].1);
        }
    }

    #[test]
    fn a_circle_is_round_and_an_octagon_has_straight_sides() {
        let circle = Layer::even(1.5, -1.0, 0.0, 1.0, 0.01);
        let octagon = Layer::even(1.5, 0.0, 0.0, 1.0, 0.01);
        for i in -10..=10 {
            let angle = HALF * i as f32 / 10.0;
            assert!((circle.edge_at(3, angle) - CIRCLE * 1.5).abs() < 1e-3);
            // A straight side between tips 45° apart: its distance from the centre along its normal is constant.
            let from_normal = HALF - angle.abs();
            assert!((octagon.edge_at(3, angle) * from_normal.cos() - 1.5 * HALF.cos()).abs() < 1e-3);
        }
    }

    #[test]
    fn neighbours_of_uneven_length_meet_in_the_same_corner() {
        let mut star = Layer::even(1.5, 1.0, 0.0, 1.0, 0.01);
        star.tips = [1.5, 2.1, 1.6, 1.9, 1.4, 2.0, 1.7, 1.8];
        for sector in 0..SECTORS {
            let (end, _) = (star.sector_edge(sector)[STEPS], ());
            let start = star.sector_edge((sector + 1) % SECTORS)[0];
            assert!((end.0 * end.1 - start.0 * start.1).length() < 1e-4, "{sector}");
        }
    }
}

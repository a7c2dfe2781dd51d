//! The net of panes on the body: 16 around, rows every 18° of latitude, odd rows turned by half a pane. It turns with
//! the gaze, is strongest towards the rim and leaves the face clear.

use eframe::egui::{Mesh, Shape, Stroke, Vec2, vec2};

use super::{Canvas, body};
use crate::ui::mesh;

/// Rows of points, the poles included.
const ROWS: i32 = 11;
const ROW_STEP_DEG: f32 = 18.0;
/// Panes around.
const AROUND: i32 = 16;
const HALF_STEP_DEG: f32 = 180.0 / AROUND as f32;
/// How far the net turns with a full gaze, radians: yaw, pitch.
const TURN: (f32, f32) = (0.32, -0.22);
/// The net lies just inside the body's outline.
const INSIDE: f32 = 0.992;
/// Beyond this latitude panes are fainter, degrees; by this factor.
const POLAR: (f32, f32) = (60.0, 0.45);
/// Seams are fainter where the panes are seen edge on: beyond this distance from the centre.
const EDGE_ON: f32 = 0.93;
/// The seam's width, in R.
const SEAM: f32 = 0.008;
/// Panes fainter than this are left out.
const FAINTEST: f32 = 0.012;
/// Points further behind the body's outline than this are hidden.
const BEHIND: f32 = -0.06;

/// A point of the net on the screen, in R.
#[derive(Clone, Copy)]
struct Node {
    place: Vec2,
    /// Towards the viewer.
    depth: f32,
    /// From the centre of the disc, 0..1.
    distance: f32,
}

struct Net {
    yaw: f32,
    pitch: f32,
}

impl Net {
    /// The point of `row` (0 is the upper pole) at `half` half steps around.
    fn node(&self, row: i32, half: i32) -> Node {
        let latitude = ((row - ROWS / 2) as f32 * ROW_STEP_DEG).to_radians();
        let longitude = (half as f32 * HALF_STEP_DEG).to_radians() + self.yaw;
        let x = latitude.cos() * longitude.sin();
        let (y, z) = (latitude.sin(), latitude.cos() * longitude.cos());
        let turned = vec2(x, y * self.pitch.cos() + z * self.pitch.sin());
        let angle = turned.y.atan2(turned.x);
        let distance = turned.length();
        Node {
            place: Vec2::angled(angle) * (distance * body::outline(angle) * INSIDE),
            depth: z * self.pitch.cos() - y * self.pitch.sin(),
            distance,
        }
    }
}

/// How strong a pane is at `distance` from the centre of the disc.
fn opacity(distance: f32, latitude_deg: f32) -> f32 {
    let e = ((distance - 0.46) / 0.5).clamp(0.0, 1.0);
    e * e * (3.0 - 2.0 * e) * if latitude_deg.abs() > POLAR.0 { POLAR.1 } else { 1.0 }
}

pub(super) fn paint(canvas: &Canvas<'_>, gaze: Vec2) {
    let net = Net { yaw: TURN.0 * gaze.x, pitch: TURN.1 * gaze.y };
    let colours = canvas.colours;
    let mut panes = Mesh::default();
    let mut seams = Vec::new();
    for row in 1..ROWS - 1 {
        for i in 0..AROUND {
            let half = 2 * i + row % 2;
            let (top, bottom) = (net.node(row - 1, half), net.node(row + 1, half));
            let (left, right) = (net.node(row, half - 1), net.node(row, half + 1));
            if [top, bottom, left, right].iter().any(|node| node.depth < BEHIND) {
                continue;
            }
            let distance = (top.distance + bottom.distance + left.distance + right.distance) / 4.0;
            let strength = opacity(distance, (row - ROWS / 2) as f32 * ROW_STEP_DEG);
            if strength < FAINTEST {
                continue;
            }
            // Each pane is cut: the half away from the light is a little darker.
            for (side, shade) in [(right, 0.30), (left, 0.10)] {
                let first = panes.vertices.len() as u32;
                for node in [top, side, bottom] {
                    panes.colored_vertex(canvas.at(node.place), mesh::faded(colours.pane, strength * shade));
                }
                panes.add_triangle(first, first + 1, first + 2);
            }
            let seam = strength * if distance > EDGE_ON { 0.35 } else { 0.7 };
            seams.push(Shape::line(
                canvas.points([left, top, right].iter().map(|node| node.place)),
                Stroke::new(SEAM * canvas.r, mesh::faded(colours.core, seam)),
            ));
        }
    }
    canvas.painter.add(Shape::mesh(panes));
    canvas.painter.extend(seams);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pane_lies_on_the_body_and_the_face_stays_clear() {
        for gaze in [Vec2::ZERO, vec2(1.0, -1.0), vec2(-1.0, 1.0)] {
            let net = Net { yaw: TURN.0 * gaze.x, pitch: TURN.1 * gaze.y };
            for row in 0..ROWS {
                for half in 0..2 * AROUND {
                    let node = net.node(row, half);
                    assert!(node.place.length() <= body::outline(node.place.angle()), "{row} {half}");
                }
            }
        }
        assert_eq!(opacity(0.4, 0.0), 0.0);
    }
}

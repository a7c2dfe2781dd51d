//! Meshes and colours for egui's painter: gradients by vertex, added light, soft edges.
//!
//! egui smooths its own shapes but not meshes: a mesh here ends in a ring one pixel further out with nothing in it, or
//! is given a line. Colours are mixed as they are stored (gamma), as the drawings do.

use std::f32::consts::TAU;

use eframe::egui::{Color32, Mesh, Painter, Pos2, Shape, Stroke, Vec2, vec2};

/// Vertices round a polar mesh.
pub const AROUND: u32 = 96;

/// `a` on the way to `b`: 0 is `a`, 1 is `b`.
#[must_use]
pub fn mix(a: Color32, b: Color32, k: f32) -> Color32 {
    a.lerp_to_gamma(b, k.clamp(0.0, 1.0))
}

/// `colour` as light that is added to what is behind, `strength` 0..1.
#[must_use]
pub fn added(colour: Color32, strength: f32) -> Color32 {
    let part = |x: u8| (f32::from(x) * strength).round().clamp(0.0, 255.0) as u8;
    Color32::from_rgba_premultiplied(part(colour.r()), part(colour.g()), part(colour.b()), 0)
}

/// `colour` with its opacity multiplied by `opacity` 0..1.
#[must_use]
pub fn faded(colour: Color32, opacity: f32) -> Color32 {
    colour.gamma_multiply(opacity.clamp(0.0, 1.0))
}

/// The value at `t` between stops given as (position, value), by `mix`.
pub fn between_stops<T: Copy>(stops: &[(f32, T)], t: f32, mix: impl Fn(T, T, f32) -> T) -> Option<T> {
    let after = stops.iter().position(|(at, _)| t <= *at).unwrap_or(stops.len());
    match (after.checked_sub(1).and_then(|i| stops.get(i)), stops.get(after)) {
        (Some((a, from)), Some((b, to))) => Some(mix(*from, *to, (t - a) / (b - a))),
        (Some((_, value)), None) | (None, Some((_, value))) => Some(*value),
        (None, None) => None,
    }
}

/// Rings of vertices round `centre`: each of `rings` times the outline's radius `outline(angle)`, coloured by
/// `colour(offset from the centre)`, and a last ring `feather` further out with nothing in it.
pub fn polar(
    centre: Pos2,
    rings: &[f32],
    outline: impl Fn(f32) -> f32,
    colour: impl Fn(Vec2) -> Color32,
    feather: f32,
) -> Mesh {
    let directions: Vec<(Vec2, f32)> = (0..AROUND)
        .map(|i| {
            let angle = TAU * i as f32 / AROUND as f32;
            (Vec2::angled(angle), outline(angle))
        })
        .collect();
    let mut mesh = Mesh::default();
    mesh.reserve_vertices((rings.len() + 1) * AROUND as usize);
    mesh.reserve_triangles((rings.len() + 1) * 2 * AROUND as usize);
    for ring in rings {
        for (direction, radius) in &directions {
            let offset = *direction * *radius * *ring;
            mesh.colored_vertex(centre + offset, colour(offset));
        }
    }
    let last = rings.last().copied().unwrap_or_default();
    for (direction, radius) in &directions {
        mesh.colored_vertex(centre + *direction * (*radius * last + feather), Color32::TRANSPARENT);
    }
    for ring in 0..rings.len() as u32 {
        for i in 0..AROUND {
            let (a, b) = (ring * AROUND + i, ring * AROUND + (i + 1) % AROUND);
            mesh.add_triangle(a, b, a + AROUND);
            mesh.add_triangle(b, b + AROUND, a + AROUND);
        }
    }
    mesh
}

/// Appends a grid of vertices, `columns` of equal height, as triangles.
pub fn grid<const ROWS: usize>(mesh: &mut Mesh, columns: impl IntoIterator<Item = [(Pos2, Color32); ROWS]>) {
    let rows = ROWS as u32;
    for (index, column) in columns.into_iter().enumerate() {
        let first = mesh.vertices.len() as u32;
        for (position, colour) in column {
            mesh.colored_vertex(position, colour);
        }
        if index > 0 {
            for row in 0..rows.saturating_sub(1) {
                let (a, b) = (first - rows + row, first + row);
                mesh.add_triangle(a, a + 1, b);
                mesh.add_triangle(a + 1, b + 1, b);
            }
        }
    }
}

/// Fills between two curves of equally many points and rounds its edge with a line of `outline` width along each, in
/// the same colour. Never folds over itself, however concave the shape is. Two lines, not a closed one: where the
/// curves meet sharply, egui would draw a long spike.
pub fn strip(painter: &Painter, upper: Vec<Pos2>, lower: Vec<Pos2>, colour: Color32, outline: f32) {
    let mut mesh = Mesh::default();
    grid(&mut mesh, upper.iter().zip(&lower).map(|(a, b)| [(*a, colour), (*b, colour)]));
    painter.add(Shape::mesh(mesh));
    for side in [upper, lower] {
        round_line(painter, side, Stroke::new(outline, colour));
    }
}

/// What a round pen leaves at a point. An ellipse, because egui draws small circles from a texture that does not fit
/// the width of its lines.
pub fn dot(at: Pos2, stroke: Stroke) -> Shape {
    Shape::ellipse_filled(at, Vec2::splat(stroke.width / 2.0), stroke.color)
}

/// A line with round ends.
pub fn round_line(painter: &Painter, points: Vec<Pos2>, stroke: Stroke) {
    for end in [points.first(), points.last()].into_iter().flatten() {
        painter.add(dot(*end, stroke));
    }
    painter.add(Shape::line(points, stroke));
}

/// Drops points that repeat the one before (the last and first included): they make spikes in a closed line.
pub fn drop_repeated(points: &mut Vec<Pos2>) {
    const SAME: f32 = 0.01;
    points.dedup_by(|a, b| a.distance(*b) < SAME);
    while points.len() > 1 && points.first().zip(points.last()).is_some_and(|(a, b)| a.distance(*b) < SAME) {
        points.pop();
    }
}

/// Cuts a polyline into dashes of `dash` with gaps of `gap`, beginning with a dash.
#[must_use]
pub fn dashes(points: &[Pos2], dash: f32, gap: f32) -> Vec<Vec<Pos2>> {
    let mut cut = Vec::new();
    let mut piece = points.first().map(|p| vec![*p]).unwrap_or_default();
    let (mut is_dash, mut left) = (true, dash);
    for (from, to) in points.iter().zip(points.iter().skip(1)) {
        let (mut from, mut length) = (*from, from.distance(*to));
        while length > left {
            from += (*to - from) * (left / length);
            length -= left;
            if is_dash {
                piece.push(from);
                cut.push(std::mem::take(&mut piece));
            } else {
                piece = vec![from];
            }
            is_dash = !is_dash;
            left = if is_dash { dash } else { gap };
        }
        left -= length;
        if is_dash {
            piece.push(*to);
        }
    }
    if is_dash && piece.len() > 1 {
        cut.push(piece);
    }
    cut
}

/// The size of one physical pixel, units.
#[must_use]
pub fn pixel(painter: &Painter) -> f32 {
    1.0 / painter.pixels_per_point()
}

/// `angle` clockwise from the top (radians) as a direction on the screen.
#[must_use]
pub fn clockwise_from_top(angle: f32) -> Vec2 {
    vec2(angle.sin(), -angle.cos())
}

#[cfg(test)]
#[allow(clippy::indexing_slicing, reason = "a test may panic")]
mod tests {
    use eframe::egui::pos2;

    use super::*;

    #[test]
    fn dashes_keep_their_length_round_a_corner() {
        let cut = dashes(&[pos2(0.0, 0.0), pos2(10.0, 0.0), pos2(10.0, 10.0)], 6.0, 2.0);
        assert_eq!(cut.len(), 3);
        assert_eq!(cut[1], [pos2(8.0, 0.0), pos2(10.0, 0.0), pos2(10.0, 4.0)]);
    }

    #[test]
    fn a_polar_mesh_is_whole_and_fades_out_at_its_rim() {
        let mesh = polar(Pos2::ZERO, &[0.0, 0.5, 1.0], |_| 10.0, |_| Color32::WHITE, 1.0);
        assert!(mesh.is_valid());
        let rim = mesh.vertices.iter().filter(|v| v.color == Color32::TRANSPARENT);
        assert!(
            rim.clone().count() == AROUND as usize
                && rim.clone().all(|v| (v.pos.to_vec2().length() - 11.0).abs() < 0.01)
        );
    }

    #[test]
    fn stops_hold_their_ends_and_mix_between() {
        let at = |t| between_stops(&[(0.2, 1.0_f32), (0.6, 3.0)], t, |a, b, k| a + (b - a) * k);
        assert_eq!((at(0.0), at(0.4), at(1.0)), (Some(1.0), Some(2.0), Some(3.0)));
    }
}

//! The live picture: a texture that is renewed only when another picture has come, at most ten times a second.

use std::{sync::Arc, time::Duration};

use eframe::egui::{
    Color32, ColorImage, CornerRadius, Mesh, Pos2, Rect, Shape, Stroke, TextureHandle, TextureOptions, Vec2,
    epaint::RectShape, pos2, vec2,
};

use crate::{
    event::staff::LivePicture,
    ui::{
        mesh,
        widgets::{Canvas, octagon_points},
    },
};

/// Between two pictures at least.
const EVERY: Duration = Duration::from_millis(100);
/// The longest side of the texture, pixels.
const LONGEST: u32 = 1280;
/// What lies outside the octagon is darkened.
const SHADE: Color32 = Color32::from_rgba_premultiplied(12, 8, 5, 117);
const OCTAGON_LINE: Color32 = Color32::from_rgb(0xff, 0xf4, 0xde);
/// The corners round the face: their length and their width.
const CORNER: f32 = 40.0;
const CORNER_LINE: f32 = 7.0;

/// The picture on the graphics card.
#[derive(Default)]
pub(super) struct Live {
    texture: Option<TextureHandle>,
    shown: Option<Arc<image::RgbImage>>,
    since: Duration,
}

impl Live {
    /// Renews the texture if another picture has come and the last one is old enough.
    fn follow(&mut self, canvas: &mut Canvas<'_>, picture: &Arc<image::RgbImage>, now: Duration) {
        let is_same = self.shown.as_ref().is_some_and(|shown| Arc::ptr_eq(shown, picture));
        if is_same || picture.width() == 0 || picture.height() == 0 {
            return;
        }
        let age = now.saturating_sub(self.since);
        if self.shown.is_some() && age < EVERY {
            canvas.changes_in(EVERY - age);
            return;
        }
        let image = for_texture(picture);
        match &mut self.texture {
            Some(texture) => texture.set(image, TextureOptions::LINEAR),
            None => self.texture = Some(canvas.ui.ctx().load_texture("live", image, TextureOptions::LINEAR)),
        }
        self.shown = Some(picture.clone());
        self.since = now;
    }

    /// Paints the picture into `place` like a mirror, covering it, with the octagon (corners on an ellipse of `radii`) and
    /// the corners round the face. The face is that of the picture shown.
    pub(super) fn paint(
        &mut self,
        canvas: &mut Canvas<'_>,
        place: Rect,
        radii: Vec2,
        live: Option<&LivePicture>,
        now: Duration,
    ) {
        let corners = CornerRadius::same(36);
        canvas.painter().rect_filled(place, corners, Color32::from_rgb(0x3a, 0x31, 0x2a));
        if let Some(live) = live {
            self.follow(canvas, &live.picture, now);
        } else {
            *self = Self::default();
        }
        if let (Some(texture), Some(picture)) = (&self.texture, &self.shown) {
            let size = vec2(picture.width() as f32, picture.height() as f32);
            let cover = Cover::new(place, size);
            let shape = RectShape::filled(place, corners, Color32::WHITE).with_texture(texture.id(), cover.uv());
            canvas.painter().add(shape);
            shade(canvas, place, radii);
            if let Some(face) = live.and_then(|live| live.face) {
                face_corners(canvas, cover.on_screen(face));
            }
        }
        let octagon = octagon_points(place.center(), radii);
        canvas.dashed(&octagon, 20.0, 16.0, Stroke::new(5.0, OCTAGON_LINE));
    }
}

/// The picture, made smaller where it is larger than is shown: graphics cards take no textures of any size.
fn for_texture(picture: &image::RgbImage) -> ColorImage {
    let (width, height) = picture.dimensions();
    let longest = width.max(height);
    let smaller;
    let picture = if longest > LONGEST {
        let side = |side: u32| (side * LONGEST / longest).max(1);
        smaller = image::imageops::thumbnail(picture, side(width), side(height));
        &smaller
    } else {
        picture
    };
    ColorImage::from_rgb([picture.width() as usize, picture.height() as usize], picture.as_raw())
}

/// How a picture of `size` pixels covers `place`, mirrored.
struct Cover {
    place: Rect,
    size: Vec2,
    scale: f32,
}

impl Cover {
    fn new(place: Rect, size: Vec2) -> Self {
        Self { place, size, scale: (place.width() / size.x).max(place.height() / size.y) }
    }

    /// The part of the picture that is shown, its left and right swapped.
    fn uv(&self) -> Rect {
        let part = self.place.size() / (self.size * self.scale);
        let margin = (Vec2::splat(1.0) - part) / 2.0;
        Rect::from_min_max(pos2(1.0 - margin.x, margin.y), pos2(margin.x, 1.0 - margin.y))
    }

    /// Where a box of the picture (x, y, width, height) stands on the screen.
    fn on_screen(&self, [x, y, width, height]: [f32; 4]) -> Rect {
        let centre = self.place.center();
        let left = centre.x + (self.size.x / 2.0 - (x + width)) * self.scale;
        let top = centre.y + (y - self.size.y / 2.0) * self.scale;
        Rect::from_min_size(pos2(left, top), vec2(width, height) * self.scale)
    }
}

/// Points of the shade for each side of the octagon: enough for the picture's rounded corners.
const PARTS: u32 = 48;

/// Darkens what lies between the octagon and the edge of `place`.
fn shade(canvas: &Canvas<'_>, place: Rect, radii: Vec2) {
    let centre = place.center();
    let octagon = octagon_points(centre, radii);
    let mut mesh = Mesh::default();
    for side in 0..8 {
        let (Some(from), Some(to)) = (octagon.get(side), octagon.get((side + 1) % 8)) else { continue };
        for part in 0..=PARTS {
            let inner = *from + (*to - *from) * (part as f32 / PARTS as f32);
            let outer = edge_towards(place, 36.0, inner - centre);
            mesh.colored_vertex(inner, SHADE);
            mesh.colored_vertex(outer, SHADE);
        }
    }
    let count = mesh.vertices.len() as u32;
    for index in (0..count).step_by(2) {
        let next = (index + 2) % count;
        mesh.add_triangle(index, index + 1, next);
        mesh.add_triangle(index + 1, next + 1, next);
    }
    canvas.painter().add(Shape::mesh(mesh));
}

/// Where a ray from the middle of `place` leaves it; its corners are rounded with `radius`.
fn edge_towards(place: Rect, radius: f32, direction: Vec2) -> Pos2 {
    let half = place.size() / 2.0;
    let is_outside = |at: Vec2| {
        let q = at.abs() - (half - Vec2::splat(radius));
        q.max(Vec2::ZERO).length() + q.max_elem().min(0.0) > radius
    };
    let unit = direction.normalized();
    let (mut inside, mut outside) = (0.0, half.length() + 1.0);
    // Halving a thousand pixels sixteen times leaves a fiftieth of one.
    for _ in 0..16 {
        let middle = f32::midpoint(inside, outside);
        if is_outside(unit * middle) {
            outside = middle;
        } else {
            inside = middle;
        }
    }
    place.center() + unit * inside
}

fn face_corners(canvas: &Canvas<'_>, face: Rect) {
    let length = CORNER.min(face.width() / 3.0).min(face.height() / 3.0);
    let stroke = Stroke::new(CORNER_LINE, Color32::WHITE);
    for (corner, x, y) in [
        (face.left_top(), 1.0, 1.0),
        (face.right_top(), -1.0, 1.0),
        (face.right_bottom(), -1.0, -1.0),
        (face.left_bottom(), 1.0, -1.0),
    ] {
        let ends = [corner + vec2(0.0, y * length), corner, corner + vec2(x * length, 0.0)];
        mesh::round_line(canvas.painter(), vec![ends[0], ends[1]], stroke);
        mesh::round_line(canvas.painter(), vec![ends[1], ends[2]], stroke);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_face_at_the_left_of_the_picture_stands_at_the_right_of_the_mirror() {
        let place = Rect::from_min_size(pos2(64.0, 240.0), vec2(952.0, 760.0));
        let cover = Cover::new(place, vec2(1280.0, 720.0));
        let face = cover.on_screen([300.0, 200.0, 200.0, 240.0]);
        assert!(face.center().x > place.center().x);
        // 760 units for 720 pixels.
        assert!((face.height() - 240.0 * 760.0 / 720.0).abs() < 0.01);
        let middle = cover.on_screen([540.0, 260.0, 200.0, 200.0]);
        assert!((middle.center() - place.center()).length() < 0.01);
        let uv = cover.uv();
        assert!(uv.left() > uv.right(), "mirrored");
        assert!((uv.top() - 0.0).abs() < 1e-6 && (uv.left() + uv.right() - 1.0).abs() < 1e-6);
    }

    #[test]
    fn the_shade_ends_at_the_rounded_edge() {
        let place = Rect::from_min_size(Pos2::ZERO, vec2(400.0, 200.0));
        assert!((edge_towards(place, 36.0, vec2(1.0, 0.0)) - pos2(400.0, 100.0)).length() < 0.1);
        let corner = edge_towards(place, 36.0, vec2(2.0, 1.0));
        assert!(corner.x < 395.0 && corner.y < 198.0);
    }
}

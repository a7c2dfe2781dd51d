//! The still stage: wall, niche, sill and their light, rasterised once for each size, theme and layout.
//!
//! One texture costs software rendering far less than large gradient meshes, and its values are dithered by half a
//! step, so that the long gradients show no bands. What moves (avatar, nameplate, cards) is painted on it.

use eframe::egui::{Color32, ColorImage, Painter, Pos2, Rect, TextureHandle, TextureOptions, Vec2, pos2};

use super::{
    layout::{Niche, REVEAL},
    mesh,
    tokens::{NICHE_COOL, POOL_COOL, POOL_WARM, Palette, Theme},
};

/// Textures kept: warm and cool, whole and compact. When a fifth is needed the one used least recently goes.
const TEXTURES_MAX: usize = 4;
/// The niche's light falls off over this part of its longer side.
const LIGHT_REACH: f32 = 0.74;
/// How dark the niche gets under the arch, and over which part of its height.
const VAULT_SHADE: (f32, f32) = (0.42, 0.30);
/// The pool of light on the sill: half width in widths of the niche, height to width, opacity in its middle.
const POOL: (f32, f32, f32) = (0.40, 0.20, 0.55);
/// The shadow under the sill: its colour, opacity, inset beyond the opening, top below the sill's top, height.
const SILL_SHADOW: (Rgb, f32, f32, f32, f32) = (Rgb([74.0, 50.0, 24.0]), 0.20, 30.0, 20.0, 46.0);
/// The sill's corner radius and the height of its bright edge, units.
const SILL_CORNER: f32 = 8.0;
const SILL_EDGE: f32 = 3.0;
/// The niche's white line in the contrast theme, units.
const FLAT_LINE: f32 = 6.0;

/// What a still stage looks like. Equal scenes share a texture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scene {
    /// The colours.
    pub theme: Theme,
    /// The niche, in units of the window; without one only the wall is drawn.
    pub niche: Option<Niche>,
    /// Whether the niche has its cool colours (offline).
    pub is_cool: bool,
}

/// Paints still stages and keeps their textures.
#[derive(Default)]
pub struct Stage {
    /// The most recently used last.
    textures: Vec<(Scene, [usize; 2], TextureHandle)>,
}

impl Stage {
    /// Fills `window` (which begins at the layout's origin) with `scene`. Paint a second scene with an `opacity` below
    /// 1 over the first to fade from one to the other.
    pub fn paint(&mut self, painter: &Painter, window: Rect, scene: Scene, opacity: f32) {
        if opacity <= 0.0 {
            return;
        }
        let scale = painter.pixels_per_point();
        let size = (window.size() * scale).round();
        let size_px = [size.x.max(1.0) as usize, size.y.max(1.0) as usize];
        let kept = self.textures.iter().position(|(s, size, _)| *s == scene && *size == size_px);
        let entry = match kept {
            Some(index) => self.textures.remove(index),
            None => {
                let image = rasterise(&scene, size_px, scale);
                let texture = painter.ctx().load_texture("stage", image, TextureOptions::NEAREST);
                (scene, size_px, texture)
            }
        };
        let whole = Rect::from_min_max(Pos2::ZERO, pos2(1.0, 1.0));
        painter.image(entry.2.id(), window, whole, mesh::faded(Color32::WHITE, opacity));
        if self.textures.len() >= TEXTURES_MAX {
            drop(self.textures.remove(0));
        }
        self.textures.push(entry);
    }
}

/// The picture of `scene`, `size_px` pixels of which `scale` make a unit.
#[must_use]
pub fn rasterise(scene: &Scene, size_px: [usize; 2], scale: f32) -> ColorImage {
    let [width, height] = size_px;
    let palette = scene.theme.palette();
    let (wall, wall_bottom) = (Rgb::from(palette.wall), Rgb::from(palette.wall_bottom));
    let lit = scene.niche.map(|niche| LitNiche::new(&niche, scene, scale));
    let mut pixels = Vec::with_capacity(width * height);
    for y in 0..height {
        let row = wall.towards(wall_bottom, (y as f32 + 0.5) / height as f32);
        for x in 0..width {
            let at = Vec2::new(x as f32 + 0.5, y as f32 + 0.5) / scale;
            let colour = lit.as_ref().map_or(row, |niche| niche.over(row, at.to_pos2()));
            pixels.push(colour.dithered(x, y));
        }
    }
    ColorImage::new(size_px, pixels)
}

/// A niche with everything that does not change from pixel to pixel.
struct LitNiche {
    niche: Niche,
    palette: &'static Palette,
    is_flat: bool,
    /// Far, half-way, near.
    back: [Rgb; 3],
    pool: Rgb,
    scale: f32,
    /// What the niche, its sill and shadow can reach.
    bounds: Rect,
}

impl LitNiche {
    fn new(niche: &Niche, scene: &Scene, scale: f32) -> Self {
        let palette = scene.theme.palette();
        let (back, pool) = if scene.is_cool {
            (NICHE_COOL, POOL_COOL)
        } else {
            ([palette.niche_far, palette.niche_half, palette.niche_near], POOL_WARM)
        };
        let mut bounds = niche.opening.expand(REVEAL + 2.0).union(niche.sill().expand(2.0));
        bounds.max.y += SILL_SHADOW.3 + SILL_SHADOW.4;
        Self {
            niche: *niche,
            palette,
            is_flat: scene.theme.is_flat(),
            back: back.map(Rgb::from),
            pool: Rgb::from(pool),
            scale,
            bounds,
        }
    }

    /// The colour at `at`, the wall there being `wall`.
    fn over(&self, wall: Rgb, at: Pos2) -> Rgb {
        if !self.bounds.contains(at) {
            return wall;
        }
        let outside = self.outside(at);
        if self.is_flat {
            let on_line = self.coverage(outside.abs() - FLAT_LINE / 2.0);
            return wall.towards(Rgb([255.0; 3]), on_line);
        }
        let mut colour = wall;
        let above_sill = self.coverage(at.y - self.niche.opening.bottom());
        let frame = self.coverage(outside - REVEAL).min(above_sill);
        let opening = self.coverage(outside).min(above_sill);
        if opening < 1.0 {
            colour = colour.towards(self.frame_colour(at), frame);
        }
        if opening > 0.0 {
            colour = colour.towards(self.back_colour(at), opening);
        }
        if at.y > self.niche.opening.bottom() - 1.0 {
            colour = self.sill(colour, at);
        }
        colour
    }

    /// How far `at` lies outside the opening's arch and sides (the sill is the lower side), units; negative inside.
    fn outside(&self, at: Pos2) -> f32 {
        let opening = self.niche.opening;
        let radius = opening.width() / 2.0;
        let spring = pos2(opening.center().x, opening.top() + radius);
        let arch = if at.y < spring.y { at.distance(spring) } else { (at.x - spring.x).abs() } - radius;
        if self.is_flat { arch.max(at.y - opening.bottom()) } else { arch }
    }

    /// The part of a pixel that is covered, by the distance of its middle from an edge, units.
    fn coverage(&self, outside: f32) -> f32 {
        (0.5 - outside * self.scale).clamp(0.0, 1.0)
    }

    fn frame_colour(&self, at: Pos2) -> Rgb {
        let opening = self.niche.opening;
        let palette = self.palette;
        let stops = [(0.0, palette.reveal_top), (0.55, palette.reveal_middle), (1.0, palette.reveal_bottom)];
        let t = (at.y - opening.top() + REVEAL) / (opening.height() + REVEAL);
        gradient(stops, t)
    }

    fn back_colour(&self, at: Pos2) -> Rgb {
        let opening = self.niche.opening;
        let [far, half, near] = self.back;
        let t = at.distance(self.niche.avatar_centre) / (opening.size().max_elem() * LIGHT_REACH);
        let lit = if t < 0.5 { near.towards(half, t * 2.0) } else { half.towards(far, t * 2.0 - 1.0) };
        let depth = (at.y - opening.top()) / opening.height();
        let shaded = lit.towards(Rgb([0.0; 3]), VAULT_SHADE.0 * (1.0 - depth / VAULT_SHADE.1).clamp(0.0, 1.0));
        let (half_width, flatness, strength) = (POOL.0 * opening.width(), POOL.1, POOL.2);
        let mut from_pool = at - opening.center_bottom();
        from_pool.y /= flatness;
        shaded.towards(self.pool, strength * (1.0 - from_pool.length() / half_width).max(0.0))
    }

    /// The sill and the shadow below it over `wall`.
    fn sill(&self, wall: Rgb, at: Pos2) -> Rgb {
        let opening = self.niche.opening;
        let (shadow, opacity, overhang, top, height) = SILL_SHADOW;
        let below = (at.y - opening.bottom() - top) / height;
        let beside = (at.x - opening.center().x).abs() - opening.width() / 2.0 - overhang;
        let mut colour = wall;
        if (0.0..1.0).contains(&below) {
            colour = colour.towards(shadow, opacity * (1.0 - below) * self.coverage(beside));
        }
        let sill = self.niche.sill();
        let t = (at.y - sill.top()) / sill.height();
        let stone =
            gradient([(0.0, self.palette.sill_top), (0.5, self.middle_of_sill()), (1.0, self.palette.sill_bottom)], t);
        colour = colour.towards(stone, self.coverage(outside_rounded(sill, SILL_CORNER, at)));
        let mut edge = sill;
        edge.max.y = edge.min.y + SILL_EDGE;
        colour.towards(self.palette.sill_edge.into(), self.coverage(outside_rounded(edge, SILL_EDGE / 2.0, at)))
    }

    fn middle_of_sill(&self) -> Color32 {
        mesh::mix(self.palette.sill_top, self.palette.sill_bottom, 0.5)
    }
}

/// How far `at` lies outside a rectangle with round corners; negative inside.
fn outside_rounded(rect: Rect, corner: f32, at: Pos2) -> f32 {
    let from_core = (at - rect.center()).abs() - rect.size() / 2.0 + Vec2::splat(corner);
    from_core.max(Vec2::ZERO).length() + from_core.max_elem().min(0.0) - corner
}

fn gradient(stops: [(f32, Color32); 3], t: f32) -> Rgb {
    mesh::between_stops(&stops.map(|(at, colour)| (at, Rgb::from(colour))), t, Rgb::towards).unwrap_or(Rgb([0.0; 3]))
}

/// Red, green, blue, 0..255 with fractions.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Rgb([f32; 3]);

impl From<Color32> for Rgb {
    fn from(colour: Color32) -> Self {
        Self([colour.r(), colour.g(), colour.b()].map(f32::from))
    }
}

impl Rgb {
    fn towards(self, other: Self, k: f32) -> Self {
        let Self([r, g, b]) = self;
        let Self([r2, g2, b2]) = other;
        Self([r + (r2 - r) * k, g + (g2 - g) * k, b + (b2 - b) * k])
    }

    /// Rounded up or down by interleaved gradient noise (J. Jimenez, "Next Generation Post Processing in Call of Duty:
    /// Advanced Warfare", 2014): even in every neighbourhood, so that no pattern is seen.
    fn dithered(self, x: usize, y: usize) -> Color32 {
        let noise = (52.982_918 * (0.067_110_56 * x as f32 + 0.005_837_15 * y as f32).fract()).fract();
        let [r, g, b] = self.0.map(|value| (value + noise) as u8);
        Color32::from_rgb(r, g, b)
    }
}

#[cfg(test)]
#[allow(clippy::indexing_slicing, reason = "a test may panic")]
mod tests {
    use eframe::egui::vec2;

    use super::*;
    use crate::ui::layout::Layout;

    fn scene(theme: Theme, is_cool: bool) -> (Scene, ColorImage) {
        let niche = Layout::new(vec2(1080.0, 1920.0), false, false).niche;
        let scene = Scene { theme, niche: Some(niche), is_cool };
        (scene, rasterise(&scene, [270, 480], 0.25))
    }

    fn at(image: &ColorImage, x: f32, y: f32) -> Color32 {
        image[((x * 0.25) as usize, (y * 0.25) as usize)]
    }

    #[test]
    fn the_niche_is_darkest_under_its_arch_and_lightest_near_the_lamp() {
        let (_, image) = scene(Theme::Day, false);
        let light = |x, y| at(&image, x, y).intensity();
        assert!(light(540.0, 150.0) < light(540.0, 400.0));
        assert!(light(540.0, 400.0) < light(540.0, 552.0));
        assert!(light(110.0, 900.0) < light(300.0, 600.0));
    }

    #[test]
    fn the_frame_is_darker_above_than_below() {
        let (_, image) = scene(Theme::Day, false);
        assert!(at(&image, 540.0, 132.0).intensity() < at(&image, 92.0, 940.0).intensity());
    }

    #[test]
    fn offline_the_niche_turns_blue_and_the_wall_stays() {
        let ((_, warm), (_, cool)) = (scene(Theme::Day, false), scene(Theme::Day, true));
        assert_eq!(at(&warm, 40.0, 300.0), at(&cool, 40.0, 300.0));
        let (lit, cold) = (at(&warm, 300.0, 500.0), at(&cool, 300.0, 500.0));
        assert!(lit.r() > lit.b() && cold.b() > cold.r(), "{lit:?} {cold:?}");
    }

    #[test]
    fn the_contrast_stage_has_only_black_white_and_smoothed_edges_between() {
        let (_, image) = scene(Theme::Contrast, false);
        assert!(image.pixels.iter().all(|p| p.r() == p.g() && p.g() == p.b()));
        assert_eq!(at(&image, 540.0, 558.0), Color32::BLACK);
        assert_eq!(at(&image, 20.0, 20.0), Color32::BLACK);
    }

    #[test]
    fn dithering_keeps_the_mean_and_moves_no_value_by_a_step() {
        let colour = Rgb([100.3, 100.0, 99.7]);
        let pixels: Vec<Color32> = (0..4096).map(|i| colour.dithered(i % 64, i / 64)).collect();
        let mean = pixels.iter().map(|p| f32::from(p.r())).sum::<f32>() / 4096.0;
        assert!((mean - 100.3).abs() < 0.05, "{mean}");
        assert!(pixels.iter().all(|p| p.g() == 100 && (99..=100).contains(&p.b())));
    }
}

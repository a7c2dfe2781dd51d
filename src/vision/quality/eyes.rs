//! Whether something covers the eyes of an aligned face: sunglasses, a hand, a bar.
//!
//! An open or closed eye is never one even patch, and there is always something in it (white, lid, skin) that is nearly
//! as bright as the cheeks. The limits were chosen on the 716 development photographs and on the same with bars and
//! dark glasses drawn over the eyes; docs/vision.md has the rates.

use image::RgbImage;

use super::{super::align::TEMPLATE, luminance};

/// Half width and half height of an eye with its lids, pixels of the aligned face.
const EYE: [f32; 2] = [11.0, 7.0];

/// Places that are skin: cheeks and the back of the nose; with their radii.
const SKIN: [([f32; 2], [f32; 2]); 3] =
    [([34.0, 76.0], [7.0, 7.0]), ([78.0, 76.0], [7.0, 7.0]), ([56.0, 66.0], [5.0, 5.0])];

/// Darker skin than this says nothing: the picture is too dark.
const DARKEST_SKIN: f32 = 8.0;

/// Deviation of an eye's luminance, in parts of the skin's. An eye below the first is covered; both, below the second.
const EVEN_EYE: f32 = 0.055;
const EVEN_EYES: f32 = 0.1;

/// What the brightest tenth of an eye reaches, in parts of the skin's. One eye below the first, or both below the
/// second, are covered.
const DARK_EYE: f32 = 0.33;
const DARK_EYES: f32 = 0.55;

/// Whether something covers one or both eyes.
pub(super) fn are_covered(crop: &RgbImage) -> bool {
    let mut skin: Vec<f32> = SKIN.iter().flat_map(|(centre, radii)| patch(crop, *centre, *radii)).collect();
    let skin = rank(&mut skin, 50).max(DARKEST_SKIN);
    let [right, left, ..] = TEMPLATE;
    let [right, left] = [right, left].map(|centre| Eye::of(crop, centre, skin));
    let evenness = [right.deviation, left.deviation];
    let brightness = [right.bright, left.bright];
    let is_below = |values: [f32; 2], one: f32, both: f32| {
        let [a, b] = values;
        a.min(b) < one || a.max(b) < both
    };
    is_below(evenness, EVEN_EYE, EVEN_EYES) || is_below(brightness, DARK_EYE, DARK_EYES)
}

/// An eye's luminance in parts of the skin's.
struct Eye {
    deviation: f32,
    bright: f32,
}

impl Eye {
    fn of(crop: &RgbImage, centre: [f32; 2], skin: f32) -> Self {
        let mut values = patch(crop, centre, EYE);
        let count = values.len().max(1) as f32;
        let mean = values.iter().sum::<f32>() / count;
        let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f32>() / count;
        Self { deviation: variance.sqrt() / skin, bright: rank(&mut values, 90) / skin }
    }
}

/// The luminances inside of an ellipse.
fn patch(crop: &RgbImage, [x, y]: [f32; 2], [width, height]: [f32; 2]) -> Vec<f32> {
    let inside =
        |column: u32, row: u32| ((column as f32 - x) / width).powi(2) + ((row as f32 - y) / height).powi(2) <= 1.0;
    crop.enumerate_pixels()
        .filter(|(column, row, _)| inside(*column, *row))
        .map(|(_, _, pixel)| luminance(pixel.0))
        .collect()
}

/// The value below which `percent` of them lie; 0 of none.
fn rank(values: &mut [f32], percent: usize) -> f32 {
    let index = values.len() * percent / 100;
    if index >= values.len() {
        return 0.0;
    }
    *values.select_nth_unstable_by(index, f32::total_cmp).1
}

//! Whether a face is good enough to be recognised or enrolled, and what is wrong with it.

use image::RgbImage;

use super::{Face, Quality, QualityMeasures, QualityReason, pose::Pose, raster};
use crate::config;

mod eyes;

/// A face that fills more than this part of the picture's shorter side is too near: it is cut off or out of focus.
const NEAREST: f32 = 0.8;

/// A detector that is less sure than this saw too little of the face (InsightFace's server: 0.5).
const LEAST_SCORE: f32 = 0.5;

/// The fine contrast of which [`QualityMeasures::sharpness`] is one half: the median of the 716 development photographs.
const HALF_SHARP: f64 = 0.0167;

/// What is asked of a face.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Gates {
    min_face_px: f32,
    brightness: [f32; 2],
    min_sharpness: f32,
    max_turn_deg: f32,
}

impl From<&config::Vision> for Gates {
    fn from(config: &config::Vision) -> Self {
        Self {
            min_face_px: config.min_face_px as f32,
            brightness: [config.min_brightness, config.max_brightness],
            min_sharpness: config.min_sharpness,
            max_turn_deg: config.max_turn_deg,
        }
    }
}

/// What is wrong with `face`, of a picture of that `size` with so many `faces`. `crop` is the face aligned.
pub(super) fn judge(gates: &Gates, size: (u32, u32), face: &Face, faces: usize, crop: &RgbImage) -> Quality {
    let pose = Pose::of(face);
    let measures = QualityMeasures {
        face_px: face.bounds.width.min(face.bounds.height),
        brightness: brightness(crop),
        sharpness: sharpness(crop),
        yaw_deg: pose.yaw_deg,
        pitch_deg: pose.pitch_deg,
        roll_deg: pose.roll_deg,
    };
    let picture_px = size.0.min(size.1) as f32;
    let longer_px = face.bounds.width.max(face.bounds.height);
    let is_turned = pose.largest_deg() > gates.max_turn_deg;
    let [darkest, brightest] = gates.brightness;
    // In the order in which somebody before the camera can do something about it: first who, then where, then light;
    // a face that is far, dark or turned is blurred as well, so that comes last.
    let checks = [
        (QualityReason::SeveralFaces, faces > 1),
        (QualityReason::TooSmall, measures.face_px < gates.min_face_px || face.score < LEAST_SCORE),
        (QualityReason::TooNear, longer_px > NEAREST * picture_px && longer_px > 2.0 * gates.min_face_px),
        (QualityReason::TooDark, measures.brightness < darkest),
        (QualityReason::TooBright, measures.brightness > brightest),
        (QualityReason::TurnedAway, is_turned),
        // The far eye of a turned face looks covered.
        (QualityReason::EyesCovered, !is_turned && eyes::are_covered(crop)),
        (QualityReason::Blurred, measures.sharpness < gates.min_sharpness),
    ];
    let reasons = checks.into_iter().filter(|(_, is_wrong)| *is_wrong).map(|(reason, _)| reason).collect();
    Quality { measures, reasons }
}

/// Mean luminance, 0..1 (Rec. 601).
fn brightness(crop: &RgbImage) -> f32 {
    let sum: f64 = crop.pixels().map(|pixel| f64::from(luminance(pixel.0))).sum();
    (sum / (255.0 * crop.pixels().len().max(1) as f64)) as f32
}

/// 0..255.
fn luminance([red, green, blue]: [u8; 3]) -> f32 {
    0.299 * f32::from(red) + 0.587 * f32::from(green) + 0.114 * f32::from(blue)
}

/// 0..1; 0 where it cannot be told.
fn sharpness(crop: &RgbImage) -> f32 {
    let contrast = raster::fine_contrast(crop).unwrap_or_default();
    (contrast / (contrast + HALF_SHARP)) as f32
}

#[cfg(test)]
#[path = "quality_tests.rs"]
mod tests;

use image::Rgb;

use super::{
    super::{Bounds, align::TEMPLATE},
    *,
};

const GATES: Gates = Gates { min_face_px: 40.0, brightness: [0.06, 0.94], min_sharpness: 0.15, max_turn_deg: 45.0 };

/// A frontal face of that size in the middle of a picture of 640 × 480.
fn face(side_px: f32) -> Face {
    let scale = side_px / 112.0;
    let landmarks = TEMPLATE.map(|[x, y]| [320.0 + (x - 56.0) * scale, 240.0 + (y - 56.0) * scale]);
    let bounds = Bounds { x: 320.0 - side_px / 2.0, y: 240.0 - side_px / 2.0, width: side_px, height: side_px };
    Face { bounds, score: 0.9, landmarks }
}

/// Dark hair over skin with fine grain, and eyes: white with a dark middle.
fn crop(skin: u8) -> RgbImage {
    let [right, left, ..] = TEMPLATE;
    RgbImage::from_fn(112, 112, |x, y| {
        let from = |[a, b]: [f32; 2]| (x as f32 - a).hypot((y as f32 - b) * 1.8);
        let distance = from(right).min(from(left));
        let grain = if (x + y) % 2 == 0 { skin / 10 } else { 0 };
        Rgb([match distance {
            _ if y < 28 => skin / 8,
            d if d < 4.0 => skin / 8,
            d if d < 9.0 => skin.saturating_add(skin / 4),
            _ => skin - grain,
        }; 3])
    })
}

fn reasons(face: &Face, faces: usize, crop: &RgbImage) -> Vec<QualityReason> {
    judge(&GATES, (640, 480), face, faces, crop).reasons
}

#[test]
fn a_near_frontal_well_lit_sharp_face_is_good_enough() {
    let quality = judge(&GATES, (640, 480), &face(160.0), 1, &crop(150));
    assert_eq!(quality.reasons, []);
    let QualityMeasures { face_px, brightness, sharpness, .. } = quality.measures;
    assert!((face_px - 160.0).abs() < 1e-3 && (0.4..0.7).contains(&brightness) && sharpness > 0.3, "{quality:?}");
}

#[test]
fn each_fault_is_told_by_its_own_reason() {
    let good = crop(150);
    assert_eq!(reasons(&face(30.0), 1, &good), [QualityReason::TooSmall]);
    assert_eq!(reasons(&Face { score: 0.4, ..face(160.0) }, 1, &good), [QualityReason::TooSmall]);
    assert_eq!(reasons(&face(420.0), 1, &good), [QualityReason::TooNear]);
    assert_eq!(reasons(&face(160.0), 2, &good), [QualityReason::SeveralFaces]);
    let mut turned = face(160.0);
    turned.landmarks[2][0] += 40.0;
    assert_eq!(reasons(&turned, 1, &good), [QualityReason::TurnedAway]);
    assert!(reasons(&face(160.0), 1, &crop(9)).starts_with(&[QualityReason::TooDark]));
    let bright = RgbImage::from_pixel(112, 112, Rgb([252; 3]));
    assert!(reasons(&face(160.0), 1, &bright).starts_with(&[QualityReason::TooBright]));
    let blurred = image::imageops::blur(&good, 4.0);
    assert!(reasons(&face(160.0), 1, &blurred).contains(&QualityReason::Blurred));
}

#[test]
fn eyes_behind_a_bar_or_dark_glasses_are_covered() {
    for shade in [10, 60, 120, 150] {
        let mut covered = crop(150);
        for (x, y) in (20..92).flat_map(|x| (40..63).map(move |y| (x, y))) {
            covered.put_pixel(x, y, Rgb([shade; 3]));
        }
        assert_eq!(reasons(&face(160.0), 1, &covered), [QualityReason::EyesCovered], "{shade}");
    }
}

#[test]
fn the_most_important_reason_comes_first() {
    let dark = RgbImage::from_pixel(112, 112, Rgb([2; 3]));
    let all = reasons(&face(20.0), 3, &dark);
    assert_eq!(
        all,
        [
            QualityReason::SeveralFaces,
            QualityReason::TooSmall,
            QualityReason::TooDark,
            QualityReason::EyesCovered,
            QualityReason::Blurred
        ]
    );
}

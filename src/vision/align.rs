//! A face turned, scaled and moved so that eyes, nose and mouth stand where recognisers were taught to expect them.

use image::RgbImage;

use super::{
    VisionError,
    raster::{self, Similarity},
};

/// Both sides of an aligned face, pixels.
pub(super) const SIDE: u32 = 112;

/// Where right eye, left eye, nose and the corners of the mouth stand in an aligned face, pixels: ArcFace's template
/// (InsightFace, `face_align.py`).
pub(super) const TEMPLATE: [[f32; 2]; 5] =
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]];

/// Landmarks that lie closer together than this (root of the mean square distance from their middle) are no face.
const SMALLEST_SPREAD_PX: f64 = 1.0;

/// The similarity that brings `landmarks` nearest to [`TEMPLATE`], by least squares over all five points (Umeyama 1991
/// without reflection). OpenCV's `estimateAffinePartial2D` with LMEDS would drop two of them.
pub(super) fn to_template(landmarks: &[[f32; 2]; 5]) -> Result<Similarity, VisionError> {
    let points = landmarks.map(|point| point.map(f64::from));
    let template = TEMPLATE.map(|point| point.map(f64::from));
    if !points.as_flattened().iter().all(|number| number.is_finite()) {
        return Err(VisionError::Alignment("a landmark is no number".to_owned()));
    }
    let (from, to) = (middle(&points), middle(&template));
    let (mut along, mut across, mut spread) = (0.0, 0.0, 0.0);
    for ([x, y], [u, v]) in points.into_iter().zip(template) {
        let (x, y, u, v) = (x - from[0], y - from[1], u - to[0], v - to[1]);
        along += x * u + y * v;
        across += x * v - y * u;
        spread += x * x + y * y;
    }
    let spread_px = (spread / 5.0).sqrt();
    if spread_px < SMALLEST_SPREAD_PX {
        let found = format!("the landmarks lie within {spread_px:.1} pixels of one point");
        return Err(VisionError::Alignment(found));
    }
    let (a, b) = (along / spread, across / spread);
    if a.hypot(b) < f64::EPSILON {
        return Err(VisionError::Alignment("the landmarks lie as no face's do".to_owned()));
    }
    Ok(Similarity { a, b, shift: [to[0] - a * from[0] + b * from[1], to[1] - b * from[0] - a * from[1]] })
}

/// The aligned face, [`SIDE`] × [`SIDE`] pixels, black beyond the picture's edges.
pub(super) fn align(picture: &RgbImage, landmarks: &[[f32; 2]; 5]) -> Result<RgbImage, VisionError> {
    raster::warp(picture, &to_template(landmarks)?, SIDE, SIDE)
        .map_err(|error| VisionError::Alignment(error.to_string()))
}

fn middle(points: &[[f64; 2]; 5]) -> [f64; 2] {
    points.iter().fold([0.0; 2], |sum, point| [sum[0] + point[0] / 5.0, sum[1] + point[1] / 5.0])
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn landmarks_that_are_a_turned_template_come_back_to_it() {
        let turn = Similarity::about([56.0, 56.0], [310.0, 200.0], 1.7, 0.5);
        let landmarks = TEMPLATE.map(|point| turn.apply(point));
        let back = to_template(&landmarks).unwrap();
        for (landmark, wanted) in landmarks.into_iter().zip(TEMPLATE) {
            let [x, y] = back.apply(landmark);
            assert!((x - wanted[0]).abs() < 1e-3 && (y - wanted[1]).abs() < 1e-3, "{x} {y} {wanted:?}");
        }
    }

    #[test]
    fn all_five_points_count_alike() {
        // One point out of place moves the result by a fifth, instead of being left out.
        let mut landmarks = TEMPLATE;
        landmarks[2][1] += 10.0;
        let shift = to_template(&landmarks).unwrap().apply(TEMPLATE[0]);
        assert!((shift[1] - (TEMPLATE[0][1] - 2.0)).abs() < 1.0, "{shift:?}");
    }

    #[test]
    fn the_aligned_face_has_its_eyes_where_they_belong() {
        let turn = Similarity::about([56.0, 56.0], [150.0, 120.0], 2.0, -0.3);
        let landmarks = TEMPLATE.map(|point| turn.apply(point));
        let mut picture = RgbImage::new(320, 240);
        let [x, y] = landmarks[1].map(|number| number.round() as i64);
        for (dx, dy) in (-3..=3).flat_map(|dx| (-3..=3).map(move |dy| (dx, dy))) {
            picture.put_pixel((x + dx) as u32, (y + dy) as u32, image::Rgb([255, 0, 0]));
        }
        let face = align(&picture, &landmarks).unwrap();
        assert_eq!(face.dimensions(), (SIDE, SIDE));
        assert!(face.get_pixel(74, 52).0[0] > 200, "{:?}", face.get_pixel(74, 52));
        assert!(face.get_pixel(38, 52).0[0] < 50);
    }

    #[test]
    fn impossible_landmarks_are_an_error_and_no_panic() {
        let same = [[40.0, 40.0]; 5];
        let lost = [[f32::NAN, 0.0]; 5];
        let far = [[f32::INFINITY, 1.0], [0.0, 0.0], [1.0, 1.0], [2.0, 2.0], [3.0, 3.0]];
        for landmarks in [same, lost, far] {
            let error = align(&RgbImage::new(50, 50), &landmarks).unwrap_err();
            assert!(matches!(error, VisionError::Alignment(_)), "{error}");
        }
    }

    #[test]
    fn a_face_beyond_the_picture_is_black() {
        let landmarks = TEMPLATE.map(|[x, y]| [x + 5_000.0, y - 9_000.0]);
        let face = align(&RgbImage::from_pixel(50, 50, image::Rgb([255; 3])), &landmarks).unwrap();
        assert!(face.pixels().all(|pixel| pixel.0 == [0; 3]));
    }
}

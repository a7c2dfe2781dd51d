//! Landmarks found a second time, on the face alone. Alignment decides how well a face is recognised, and the points
//! of one pass over the whole picture are off by 7 % of the distance between the eyes: they are the mean of several
//! slightly different views of the face, mirrored ones among them, whose errors are not the same.

use image::{RgbImage, imageops};

use super::{
    Bounds, Face, VisionError,
    detector::Detector,
    raster::{self, Similarity},
};

/// A view of the face: a square picture around its box.
struct View {
    /// The side of the picture, pixels; a multiple of what the network wants.
    side_px: u32,
    is_mirrored: bool,
}

/// The side of the square, in longer sides of the box.
const MARGIN: f32 = 1.6;

/// The views, chosen by measurement among sizes of 128 to 320 pixels and margins of 1.6 to 2.5 (docs/vision.md). The
/// landmarks of the first pass count as one more.
const VIEWS: [View; 4] = [
    View { side_px: 128, is_mirrored: false },
    View { side_px: 128, is_mirrored: true },
    View { side_px: 160, is_mirrored: false },
    View { side_px: 160, is_mirrored: true },
];

/// The score from which the face counts as found again: it is known to be there.
const MIN_SCORE: f32 = 0.3;

/// Another face's landmarks lie farther away than this, in longer sides of the box.
const FARTHEST: f32 = 0.3;

/// `face` with better landmarks; as it was where no view shows it.
pub(super) fn refine(detector: &mut Detector, picture: &RgbImage, face: &Face) -> Result<Face, VisionError> {
    let Bounds { width, height, .. } = face.bounds;
    let longer = width.max(height);
    if !(longer.is_finite() && longer >= 1.0) {
        return Ok(*face);
    }
    let (mut sum, mut found) = (face.landmarks, 1_u32);
    for view in &VIEWS {
        let Some(landmarks) = look(detector, picture, face, longer, view)? else { continue };
        for (total, landmark) in sum.as_flattened_mut().iter_mut().zip(landmarks.as_flattened()) {
            *total += landmark;
        }
        found += 1;
    }
    Ok(Face { landmarks: sum.map(|point| point.map(|number| number / found as f32)), ..*face })
}

/// The landmarks that one view shows, pixels of the picture.
fn look(
    detector: &mut Detector,
    picture: &RgbImage,
    face: &Face,
    longer: f32,
    view: &View,
) -> Result<Option<[[f32; 2]; 5]>, VisionError> {
    let scale = f64::from(view.side_px) / f64::from(MARGIN * longer);
    let middle = f64::from(view.side_px) / 2.0;
    let to_view = Similarity::about(face.bounds.centre(), [middle, middle], scale, 0.0);
    let mut part = raster::warp(picture, &to_view, view.side_px, view.side_px)
        .map_err(|error| VisionError::Alignment(error.to_string()))?;
    if view.is_mirrored {
        imageops::flip_horizontal_in_place(&mut part);
    }
    let back = to_view.inverse();
    let candidates = detector.find(&part, MIN_SCORE)?.into_iter().map(|found| {
        let landmarks = if view.is_mirrored { unmirrored(&found.landmarks, view.side_px) } else { found.landmarks };
        landmarks.map(|point| back.apply(point))
    });
    let expected = middle_of(&face.landmarks);
    let distance = |landmarks: &[[f32; 2]; 5]| {
        let [x, y] = middle_of(landmarks);
        (x - expected[0]).hypot(y - expected[1])
    };
    let nearest = candidates.min_by(|a, b| distance(a).total_cmp(&distance(b)));
    Ok(nearest.filter(|landmarks| distance(landmarks) < FARTHEST * longer))
}

/// Landmarks of the mirrored view in the view itself: what was a right eye is a left one.
fn unmirrored(&[right_eye, left_eye, nose, right_mouth, left_mouth]: &[[f32; 2]; 5], side_px: u32) -> [[f32; 2]; 5] {
    [left_eye, right_eye, nose, left_mouth, right_mouth].map(|[x, y]| [side_px as f32 - 1.0 - x, y])
}

fn middle_of(landmarks: &[[f32; 2]; 5]) -> [f32; 2] {
    landmarks.iter().fold([0.0; 2], |sum, point| [sum[0] + point[0] / 5.0, sum[1] + point[1] / 5.0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mirrored_views_right_eye_is_the_left_one() {
        let mirrored = [[10.0, 5.0], [30.0, 6.0], [20.0, 10.0], [12.0, 20.0], [28.0, 21.0]];
        let landmarks = unmirrored(&mirrored, 100);
        assert_eq!(landmarks[0], [69.0, 6.0]);
        assert_eq!(landmarks[1], [89.0, 5.0]);
        assert_eq!(landmarks[3], [71.0, 21.0]);
        assert!(landmarks[0][0] < landmarks[1][0], "the person's right eye stays on the left of the picture");
    }
}

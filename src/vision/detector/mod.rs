//! Finds faces: a network by the manifest, and what turns its outputs into boxes and landmarks.

use image::RgbImage;

use super::{
    Bounds, Face, VisionError,
    network::{Network, wrong},
    raster,
};
use crate::runtime::{Decoder, ModelStore, Onnx, Task};

mod scrfd;
mod yunet;

/// Both networks halve a picture five times.
const SIDE_MULTIPLE: u32 = 32;

/// The score where neither `kiosk.toml` nor the manifest says one.
const USUAL_SCORE: f32 = 0.6;

/// Finds the faces of a picture.
pub(super) struct Detector {
    network: Network,
    decoder: Decoder,
    min_score: f32,
    longest_side_px: u32,
}

impl Detector {
    /// Loads the model `name` and asks it once, so that a wrong one is found at start. `min_score` 0: the manifest's.
    pub(super) fn load(
        models: &ModelStore,
        onnx: &Onnx,
        name: &str,
        threads: usize,
        min_score: f32,
        longest_side_px: u32,
    ) -> Result<Self, VisionError> {
        let (network, model) = Network::load(models, onnx, name, Task::FaceDetection, threads)?;
        let Some(decoder) = model.decoder else {
            let found = "found no `decoder` in the manifest".to_owned();
            return Err(wrong(name, found, "yunet or scrfd must stand there".to_owned()));
        };
        let score =
            if min_score > 0.0 { min_score } else { model.thresholds.get("score").copied().unwrap_or(USUAL_SCORE) };
        let mut detector = Self { network, decoder, min_score: score, longest_side_px };
        detector.detect(&RgbImage::new(64, 64))?;
        Ok(detector)
    }

    /// Its name in the manifest.
    pub(super) fn name(&self) -> &str {
        self.network.name()
    }

    /// All faces of a picture, the largest first. A picture longer than the limit is made smaller first.
    pub(super) fn detect(&mut self, picture: &RgbImage) -> Result<Vec<Face>, VisionError> {
        let longest = picture.width().max(picture.height());
        let mut faces = if longest > self.longest_side_px {
            let scale = f64::from(self.longest_side_px) / f64::from(longest);
            let smaller = |side: u32| ((f64::from(side) * scale).round() as u32).max(1);
            let (width, height) = (smaller(picture.width()), smaller(picture.height()));
            let small = raster::resize(picture, width, height).map_err(|error| VisionError::Inference {
                model: self.name().to_owned(),
                reason: format!("the picture cannot be made smaller: {error}"),
            })?;
            let back = [picture.width() as f32 / width as f32, picture.height() as f32 / height as f32];
            let mut faces = self.find(&small, self.min_score)?;
            faces.iter_mut().for_each(|face| *face = enlarged(face, back));
            faces
        } else {
            self.find(picture, self.min_score)?
        };
        let area = |face: &Face| face.bounds.width * face.bounds.height;
        faces.sort_by(|a, b| area(b).total_cmp(&area(a)));
        Ok(faces)
    }

    /// The faces of a picture as large as it is, the surest first.
    pub(super) fn find(&mut self, picture: &RgbImage, min_score: f32) -> Result<Vec<Face>, VisionError> {
        if picture.width() == 0 || picture.height() == 0 {
            return Ok(Vec::new());
        }
        let padded = |side: u32| side.div_ceil(SIDE_MULTIPLE).saturating_mul(SIDE_MULTIPLE);
        let (width, height) = (padded(picture.width()), padded(picture.height()));
        let outputs = self.network.run(picture, width, height)?;
        let (found, most_overlap) = match self.decoder {
            Decoder::Yunet => (yunet::decode(&outputs, width, height, min_score)?, yunet::MOST_OVERLAP),
            Decoder::Scrfd => (scrfd::decode(&outputs, width, height, min_score)?, scrfd::MOST_OVERLAP),
        };
        Ok(suppress(found, most_overlap))
    }
}

/// Of faces that overlap by more than `most_overlap` (intersection over union) only the surest; the surest first.
fn suppress(mut found: Vec<Face>, most_overlap: f32) -> Vec<Face> {
    found.retain(|face| face.bounds.width > 0.0 && face.bounds.height > 0.0 && is_finite(face));
    found.sort_by(|a, b| b.score.total_cmp(&a.score));
    let mut kept: Vec<Face> = Vec::new();
    for face in found {
        if kept.iter().all(|other| other.bounds.overlap(&face.bounds) <= most_overlap) {
            kept.push(face);
        }
    }
    kept
}

fn is_finite(face: &Face) -> bool {
    let Bounds { x, y, width, height } = face.bounds;
    [x, y, width, height].iter().chain(face.landmarks.as_flattened()).all(|number| number.is_finite())
}

fn enlarged(face: &Face, [x, y]: [f32; 2]) -> Face {
    let Bounds { x: left, y: top, width, height } = face.bounds;
    Face {
        bounds: Bounds { x: left * x, y: top * y, width: width * x, height: height * y },
        score: face.score,
        landmarks: face.landmarks.map(|[across, down]| [across * x, down * y]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn face(x: f32, side: f32, score: f32) -> Face {
        Face { bounds: Bounds { x, y: 0.0, width: side, height: side }, score, landmarks: [[x, 0.0]; 5] }
    }

    #[test]
    fn of_faces_on_the_same_spot_the_surest_stays() {
        let kept = suppress(vec![face(0.0, 10.0, 0.7), face(1.0, 10.0, 0.9), face(30.0, 10.0, 0.8)], 0.3);
        assert_eq!(kept.iter().map(|face| face.score).collect::<Vec<_>>(), [0.9, 0.8]);
    }

    #[test]
    fn faces_side_by_side_both_stay() {
        assert_eq!(suppress(vec![face(0.0, 10.0, 0.7), face(8.0, 10.0, 0.9)], 0.3).len(), 2);
    }

    #[test]
    fn what_has_no_size_or_no_numbers_is_no_face() {
        let mut lost = face(0.0, 10.0, 0.7);
        lost.landmarks[2][1] = f32::NAN;
        assert_eq!(suppress(vec![face(0.0, 0.0, 0.7), face(f32::INFINITY, 3.0, 0.7), lost], 0.3), []);
    }

    #[test]
    fn a_face_of_the_smaller_picture_is_told_in_pixels_of_the_whole() {
        let found = enlarged(&face(10.0, 20.0, 0.9), [2.0, 3.0]);
        assert_eq!(found.bounds, Bounds { x: 20.0, y: 0.0, width: 40.0, height: 60.0 });
        assert_eq!(found.landmarks[4], [20.0, 0.0]);
    }
}

//! A person, or a picture of one on paper or a screen: MiniFASNet (minivision-ai/Silent-Face-Anti-Spoofing). It keeps
//! a photograph from being greeted by name. It is no protection that a door may rely on.

use std::collections::VecDeque;

use image::RgbImage;

use super::{
    Face, Liveness, VisionError,
    network::{Network, wrong},
    raster,
};
use crate::runtime::{ModelStore, Onnx, Task};

/// Where neither `kiosk.toml` nor the manifest says one.
const USUAL_THRESHOLD: f32 = 0.5;

/// Tells a person from a picture of one.
pub(super) struct LivenessModel {
    network: Network,
    side: u32,
    enlarge: f32,
    person_class: usize,
    threshold: f32,
}

impl LivenessModel {
    /// Loads the model `name` and asks it once. `threshold` 0: the manifest's.
    pub(super) fn load(
        models: &ModelStore,
        onnx: &Onnx,
        name: &str,
        threads: usize,
        threshold: f32,
    ) -> Result<Self, VisionError> {
        let (network, model) = Network::load(models, onnx, name, Task::FaceLiveness, threads)?;
        let shape = model.inputs.first().map(|input| input.shape.as_slice()).unwrap_or_default();
        let (Some(enlarge), Some(person_class), [_, _, height, width]) = (model.enlarge, model.person_class, shape)
        else {
            let found = "found no `enlarge`, no `person_class` or no picture's shape in the manifest".to_owned();
            return Err(wrong(name, found, "all of them must stand there".to_owned()));
        };
        let Some(side) = u32::try_from(*width).ok().filter(|side| *side > 0 && width == height) else {
            let found = format!("found inputs of {width} x {height}");
            return Err(wrong(name, found, "a square of a fixed size is needed".to_owned()));
        };
        let manifests = model.thresholds.get("person").copied().unwrap_or(USUAL_THRESHOLD);
        let threshold = if threshold > 0.0 { threshold } else { manifests };
        let mut liveness = Self { network, side, enlarge, person_class, threshold };
        liveness.probability(&RgbImage::new(side, side))?;
        Ok(liveness)
    }

    /// The probability from which a face counts as a person's.
    pub(super) fn threshold(&self) -> f32 {
        self.threshold
    }

    /// From this picture alone.
    pub(super) fn check(&mut self, picture: &RgbImage, face: &Face) -> Result<Liveness, VisionError> {
        let part = self.part(picture, face)?;
        let score = self.probability(&part)?;
        Ok(Liveness { score, is_live: score >= self.threshold })
    }

    /// The part of the picture around the face, as upstream cuts it (src/generate_patches.py): the box enlarged, less
    /// so where the picture is too small, and moved to lie inside it. Width and height are scaled each on their own.
    fn part(&self, picture: &RgbImage, face: &Face) -> Result<RgbImage, VisionError> {
        let [left, top, width, height] = surroundings(picture.dimensions(), face, self.enlarge)
            .ok_or_else(|| self.failed("the face lies outside of the picture"))?;
        let part = image::imageops::crop_imm(picture, left, top, width, height).to_image();
        // Bilinear as upstream, also where it gets smaller: the network was taught with it.
        raster::resize_bilinear(&part, self.side, self.side).map_err(|error| self.failed(&error.to_string()))
    }

    fn probability(&mut self, part: &RgbImage) -> Result<f32, VisionError> {
        let (name, class) = (self.network.name().to_owned(), self.person_class);
        let outputs = self.network.run(part, self.side, self.side)?;
        match outputs.all().as_slice() {
            [(_, logits)] if class < logits.len() => Ok(softmax(logits, class)),
            _ => {
                let found = "found no output with that class".to_owned();
                Err(wrong(&name, found, format!("class {class} must be a person")))
            }
        }
    }

    fn failed(&self, reason: &str) -> VisionError {
        VisionError::Inference { model: self.network.name().to_owned(), reason: reason.to_owned() }
    }
}

/// Left, top, width and height, pixels, inside the picture; `None`: the box has no size, or nothing of it is inside.
fn surroundings((width, height): (u32, u32), face: &Face, enlarge: f32) -> Option<[u32; 4]> {
    let box_ = face.bounds;
    let (limit_x, limit_y) = (width as f32 - 1.0, height as f32 - 1.0);
    if box_.width < 1.0 || box_.height < 1.0 || limit_x < 1.0 || limit_y < 1.0 {
        return None;
    }
    let enlarge = enlarge.min(limit_y / box_.height).min(limit_x / box_.width);
    let (new_width, new_height) = (box_.width * enlarge, box_.height * enlarge);
    let [centre_x, centre_y] = box_.centre();
    let place = |centre: f32, length: f32, limit: f32| (centre - length / 2.0).min(limit - length).max(0.0);
    let (left, top) = (place(centre_x, new_width, limit_x), place(centre_y, new_height, limit_y));
    let within = |start: f32, length: f32, limit: u32| {
        let start = (start as u32).min(limit.saturating_sub(1));
        (start, (length as u32 + 1).clamp(1, limit - start))
    };
    let ((left, width), (top, height)) = (within(left, new_width, width), within(top, new_height, height));
    Some([left, top, width, height])
}

fn softmax(logits: &[f32], class: usize) -> f32 {
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f32 = logits.iter().map(|logit| (logit - largest).exp()).sum();
    logits.get(class).map_or(0.0, |logit| (logit - largest).exp() / sum)
}

/// What is known of one person's liveness after several pictures: the mean of the last ones.
#[derive(Debug, Clone)]
pub struct LivenessTrack {
    threshold: f32,
    scores: VecDeque<f32>,
}

impl LivenessTrack {
    /// Pictures that count; older ones are forgotten.
    const LAST: usize = 8;
    /// Pictures needed before anybody counts as a person.
    const NEEDED: usize = 3;

    /// Nothing is known yet. `threshold`: mean probability from which it is a person.
    #[must_use]
    pub fn new(threshold: f32) -> Self {
        Self { threshold, scores: VecDeque::with_capacity(Self::LAST) }
    }

    /// Takes what one picture says.
    pub fn add(&mut self, liveness: Liveness) {
        if !liveness.score.is_finite() {
            return;
        }
        if self.scores.len() == Self::LAST {
            self.scores.pop_front();
        }
        self.scores.push_back(liveness.score);
    }

    /// What all of them say; `None`: too few to tell.
    #[must_use]
    pub fn verdict(&self) -> Option<Liveness> {
        if self.scores.len() < Self::NEEDED {
            return None;
        }
        let score = self.scores.iter().sum::<f32>() / self.scores.len() as f32;
        Some(Liveness { score, is_live: score >= self.threshold })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::{super::Bounds, *};

    fn face(x: f32, y: f32, side: f32) -> Face {
        Face { bounds: Bounds { x, y, width: side, height: side }, score: 0.9, landmarks: [[0.0; 2]; 5] }
    }

    #[test]
    fn the_surroundings_of_a_face_are_cut_around_its_middle() {
        assert_eq!(surroundings((640, 480), &face(270.0, 190.0, 100.0), 2.7), Some([185, 105, 271, 271]));
    }

    #[test]
    fn at_an_edge_they_move_inside_and_in_a_small_picture_they_shrink() {
        assert_eq!(surroundings((640, 480), &face(0.0, 0.0, 100.0), 2.7), Some([0, 0, 271, 271]));
        let [left, top, width, height] = surroundings((200, 150), &face(40.0, 20.0, 100.0), 2.7).unwrap();
        assert!(left + width <= 200 && top + height <= 150);
        assert_eq!((width, height), (150, 150));
    }

    #[test]
    fn a_face_without_size_or_picture_has_none() {
        assert_eq!(surroundings((640, 480), &face(0.0, 0.0, 0.0), 2.7), None);
        assert_eq!(surroundings((1, 1), &face(0.0, 0.0, 10.0), 2.7), None);
    }

    #[test]
    fn probabilities_of_all_classes_make_one() {
        let logits = [900.0, 901.0, 880.0];
        let sum: f32 = (0..3).map(|class| softmax(&logits, class)).sum();
        assert!((sum - 1.0).abs() < 1e-6);
        assert!(softmax(&logits, 1) > 0.7);
    }

    #[test]
    fn one_picture_decides_nothing_and_old_ones_are_forgotten() {
        let seen = |score: f32| Liveness { score, is_live: score > 0.5 };
        let mut track = LivenessTrack::new(0.5);
        track.add(seen(1.0));
        track.add(seen(1.0));
        assert_eq!(track.verdict(), None);
        track.add(seen(0.1));
        assert!(track.verdict().unwrap().is_live, "one bad picture among good ones");
        for _ in 0..LivenessTrack::LAST {
            track.add(seen(0.0));
        }
        assert_eq!(track.verdict(), Some(Liveness { score: 0.0, is_live: false }));
    }
}

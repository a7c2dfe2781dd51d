//! A face as numbers.

use image::RgbImage;

use super::{
    Embedding, VisionError, align,
    network::{Network, wrong},
};
use crate::{
    config,
    runtime::{Model, ModelStore, Onnx, Task},
};

/// Makes embeddings of aligned faces.
pub(super) struct Recogniser {
    network: Network,
    dimensions: usize,
}

/// What the manifest says of a recogniser.
#[derive(Debug, Clone, PartialEq)]
pub struct RecogniserInfo {
    /// Its name in the manifest. A gallery belongs to one recogniser.
    pub name: String,
    /// How many numbers it makes of a face.
    pub dimensions: usize,
    /// Similarity from which two faces are the same person, −1..1.
    pub same_person_threshold: f32,
    /// How much more similar than the second best person.
    pub same_person_margin: f32,
}

/// Where the manifest names none. Higher than any that was measured: nobody is greeted by another's name.
const CAUTIOUS_THRESHOLD: f32 = 0.5;
const USUAL_MARGIN: f32 = 0.05;

impl RecogniserInfo {
    /// The recogniser of the configuration, without loading it.
    ///
    /// # Errors
    /// The manifest does not have it, or says too little of it.
    pub fn configured(models: &ModelStore, config: &config::Vision) -> Result<Self, VisionError> {
        let name = &config.recogniser;
        let model = models
            .model(name)
            .map_err(|error| wrong(name, error.to_string(), "a model of the task \"face-recognition\"".to_owned()))?;
        Ok(Self::of(model)?.overridden(config))
    }

    /// With the thresholds of the configuration in place of those of the manifest.
    pub(super) fn overridden(mut self, config: &config::Vision) -> Self {
        if config.same_person_threshold > 0.0 {
            self.same_person_threshold = config.same_person_threshold;
        }
        if config.same_person_margin > 0.0 {
            self.same_person_margin = config.same_person_margin;
        }
        self
    }

    fn of(model: &Model) -> Result<Self, VisionError> {
        let Some(dimensions) = model.dimensions else {
            let found = "found no `dimensions` in the manifest".to_owned();
            let allowed = "how many numbers it makes of a face must stand there".to_owned();
            return Err(wrong(&model.name, found, allowed));
        };
        let threshold = |key: &str, otherwise: f32| model.thresholds.get(key).copied().unwrap_or(otherwise);
        Ok(Self {
            name: model.name.clone(),
            dimensions,
            same_person_threshold: threshold("same_person", CAUTIOUS_THRESHOLD),
            same_person_margin: threshold("margin", USUAL_MARGIN),
        })
    }
}

impl Recogniser {
    /// Loads the model `name` and asks it once, so that a wrong one is found at start.
    pub(super) fn load(
        models: &ModelStore,
        onnx: &Onnx,
        name: &str,
        threads: usize,
    ) -> Result<(Self, RecogniserInfo), VisionError> {
        let (network, model) = Network::load(models, onnx, name, Task::FaceRecognition, threads)?;
        let info = RecogniserInfo::of(model)?;
        let mut recogniser = Self { network, dimensions: info.dimensions };
        recogniser.numbers(&RgbImage::from_pixel(align::SIDE, align::SIDE, image::Rgb([90, 110, 130])))?;
        Ok((recogniser, info))
    }

    /// The embedding of an aligned face.
    pub(super) fn embed(&mut self, crop: &RgbImage) -> Result<Embedding, VisionError> {
        let numbers = self.numbers(crop)?;
        Embedding::normalised(numbers).ok_or_else(|| self.no_numbers())
    }

    /// The embedding of an aligned face and its mirror's together: twice the time, and somewhat more exact.
    pub(super) fn embed_with_mirror(&mut self, crop: &RgbImage) -> Result<Embedding, VisionError> {
        let (one, other) = (self.embed(crop)?, self.embed(&image::imageops::flip_horizontal(crop))?);
        let sum = one.values().iter().zip(other.values()).map(|(a, b)| a + b).collect();
        Embedding::normalised(sum).ok_or_else(|| self.no_numbers())
    }

    fn numbers(&mut self, crop: &RgbImage) -> Result<Vec<f32>, VisionError> {
        let (name, dimensions) = (self.network.name().to_owned(), self.dimensions);
        let outputs = self.network.run(crop, align::SIDE, align::SIDE)?;
        match outputs.all().as_slice() {
            [(_, values)] if values.len() == dimensions => Ok(values.to_vec()),
            other => {
                let shapes: Vec<String> = other.iter().map(|(shape, _)| format!("{shape:?}")).collect();
                Err(wrong(
                    &name,
                    format!("found outputs of {}", shapes.join(", ")),
                    format!("{dimensions} numbers are needed"),
                ))
            }
        }
    }

    fn no_numbers(&self) -> VisionError {
        VisionError::Inference {
            model: self.network.name().to_owned(),
            reason: "it made no numbers of the face".to_owned(),
        }
    }
}

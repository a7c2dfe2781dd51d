//! The networks behind [`Faces`].

use image::RgbImage;

use super::{
    Embedding, Face, FaceReading, Faces, Gallery, Liveness, RecogniserInfo, VisionError, align,
    detector::Detector,
    liveness::LivenessModel,
    quality::{self, Gates},
    recogniser::Recogniser,
    refine,
};
use crate::{
    config,
    runtime::{ModelStore, Onnx},
};

/// Finds and reads faces with the models that `[vision]` names. Some 40 MB, one thread each time it is asked.
pub struct FaceReader {
    detector: Detector,
    recogniser: Recogniser,
    info: RecogniserInfo,
    liveness: Option<LivenessModel>,
    gates: Gates,
    threads: usize,
    refines_landmarks: bool,
    embeds_mirrored: bool,
    /// Models whose weights may not be used commercially.
    research_only: Vec<String>,
}

impl FaceReader {
    /// Loads and tries the models, so that a wrong one is found here. Says in the log which weights are for
    /// non-commercial research only.
    ///
    /// # Errors
    /// A model is missing, has a wrong sum, or is not of the kind that its task needs.
    pub fn load(models: &ModelStore, onnx: &Onnx, config: &config::Vision) -> Result<Self, VisionError> {
        let threads = usize::try_from(config.threads).unwrap_or(1);
        let detector = Detector::load(models, onnx, &config.detector, threads, config.min_score, config.detect_px)?;
        let (recogniser, info) = Recogniser::load(models, onnx, &config.recogniser, threads)?;
        let info = info.overridden(config);
        let liveness = match config.liveness.as_str() {
            "" => None,
            name => Some(LivenessModel::load(models, onnx, name, threads, config.liveness_threshold)?),
        };
        let named = [&config.detector, &config.recogniser, &config.liveness];
        let research_only: Vec<String> = models
            .manifest()
            .models()
            .filter(|model| !model.commercial_use && named.contains(&&model.name))
            .map(|model| model.name.clone())
            .collect();
        for model in &research_only {
            tracing::warn!(model, "weights for non-commercial research only");
        }
        Ok(Self {
            detector,
            recogniser,
            info,
            liveness,
            gates: Gates::from(config),
            threads,
            refines_landmarks: config.refine_landmarks,
            embeds_mirrored: config.embed_mirrored,
            research_only,
        })
    }

    /// The detector's name in the manifest.
    #[must_use]
    pub fn detector(&self) -> &str {
        self.detector.name()
    }

    /// Threads of each network.
    #[must_use]
    pub fn threads(&self) -> usize {
        self.threads
    }

    /// The recogniser with the threshold and margin that count.
    #[must_use]
    pub fn recogniser(&self) -> &RecogniserInfo {
        &self.info
    }

    /// The probability from which a face counts as a person's; `None`: not checked.
    #[must_use]
    pub fn liveness_threshold(&self) -> Option<f32> {
        self.liveness.as_ref().map(LivenessModel::threshold)
    }

    /// An empty gallery for the embeddings that this reader makes.
    #[must_use]
    pub fn new_gallery(&self) -> Gallery {
        Gallery::new(&self.info.name, self.info.dimensions)
    }

    /// The models in use whose weights may not be used commercially.
    #[must_use]
    pub fn research_only(&self) -> &[String] {
        &self.research_only
    }

    /// `face` with the landmarks that it is aligned by: found again on the face alone, if configured.
    ///
    /// # Errors
    /// The detector failed.
    pub fn refine(&mut self, picture: &RgbImage, face: &Face) -> Result<Face, VisionError> {
        if self.refines_landmarks { refine::refine(&mut self.detector, picture, face) } else { Ok(*face) }
    }

    /// The aligned face, 112 × 112 RGB.
    ///
    /// # Errors
    /// The landmarks are impossible.
    pub fn align(&self, picture: &RgbImage, face: &Face) -> Result<RgbImage, VisionError> {
        align::align(picture, &face.landmarks)
    }

    /// The embedding of an aligned face, for example of one that was kept.
    ///
    /// # Errors
    /// The network failed.
    pub fn embed(&mut self, crop: &RgbImage) -> Result<Embedding, VisionError> {
        if self.embeds_mirrored { self.recogniser.embed_with_mirror(crop) } else { self.recogniser.embed(crop) }
    }
}

impl Faces for FaceReader {
    fn detect(&mut self, picture: &RgbImage) -> Result<Vec<Face>, VisionError> {
        self.detector.detect(picture)
    }

    fn read(&mut self, picture: &RgbImage, face: &Face, faces: usize) -> Result<FaceReading, VisionError> {
        let face = self.refine(picture, face)?;
        let crop = self.align(picture, &face)?;
        let quality = quality::judge(&self.gates, picture.dimensions(), &face, faces, &crop);
        let embedding = self.embed(&crop)?;
        let liveness = self.liveness(picture, &face)?;
        Ok(FaceReading { face, quality, liveness, embedding, crop })
    }

    fn liveness(&mut self, picture: &RgbImage, face: &Face) -> Result<Option<Liveness>, VisionError> {
        self.liveness.as_mut().map(|model| model.check(picture, face)).transpose()
    }
}

#[cfg(test)]
#[path = "reader_tests.rs"]
mod tests;

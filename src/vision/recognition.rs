//! `majlis recognize`: what is seen of the faces in pictures, for people and as JSON.

use std::{
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use image::RgbImage;
use serde::Serialize;

use super::{
    Bounds, FaceReader, FaceReading, Faces as _, Gallery, GalleryError, PictureError, QualityMeasures, QualityReason,
    VisionError, picture,
};
use crate::event::VisitorId;

/// Why a picture could not be read.
#[derive(Debug, thiserror::Error)]
enum RecognitionError {
    #[error(transparent)]
    Picture(#[from] PictureError),
    #[error("{}: {source}", path.display())]
    Vision { path: PathBuf, source: Box<VisionError> },
    #[error("{}: {source}", path.display())]
    Gallery { path: PathBuf, source: GalleryError },
}

/// Everything that is said of the pictures.
#[derive(Debug, Serialize)]
struct Recognition {
    images: Vec<Image>,
}

#[derive(Debug, Serialize)]
struct Image {
    image: String,
    faces: Vec<SeenFace>,
    /// Why it could not be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

#[derive(Debug, Serialize)]
struct SeenFace {
    /// x, y, width, height, pixels.
    r#box: [f32; 4],
    score: f32,
    landmarks: [[f32; 2]; 5],
    quality: SeenQuality,
    liveness: Option<SeenLiveness>,
    r#match: Option<SeenMatch>,
}

#[derive(Debug, Serialize)]
struct SeenQuality {
    ok: bool,
    reasons: Vec<QualityReason>,
    measures: QualityMeasures,
}

#[derive(Debug, Serialize)]
struct SeenLiveness {
    ok: bool,
    score: f32,
}

#[derive(Debug, Serialize)]
struct SeenMatch {
    visitor: VisitorId,
    name: Option<String>,
    score: f32,
    margin: f32,
}

/// Reads the faces of `images` and writes what is seen to `output`; what a file is unfit for, to standard error.
/// `names`: what the people in `gallery` are called. Returns whether every picture could be read.
///
/// # Errors
/// `output` cannot be written.
pub fn recognize(
    reader: &mut FaceReader,
    images: &[PathBuf],
    gallery: &Gallery,
    names: &dyn Fn(VisitorId) -> Option<String>,
    is_json: bool,
    output: &mut dyn io::Write,
) -> io::Result<bool> {
    for model in reader.research_only() {
        // A caller who closed standard error does not want to know.
        let _ = writeln!(io::stderr(), "majlis: model \"{model}\": weights for non-commercial research only");
    }
    let mut all = Recognition { images: Vec::with_capacity(images.len()) };
    for path in images {
        let (faces, error) = match look(reader, path, gallery, names) {
            Ok(faces) => (faces, None),
            Err(error) => (Vec::new(), Some(error.to_string())),
        };
        if let Some(error) = &error {
            let _ = writeln!(io::stderr(), "majlis: {error}");
        }
        let image = Image { image: path.display().to_string(), faces, error };
        if !is_json {
            output.write_all(image.table().as_bytes())?;
        }
        all.images.push(image);
    }
    if is_json {
        serde_json::to_writer_pretty(&mut *output, &all)?;
        writeln!(output)?;
    }
    Ok(all.images.iter().all(|image| image.error.is_none()))
}

fn look(
    reader: &mut FaceReader,
    path: &Path,
    gallery: &Gallery,
    names: &dyn Fn(VisitorId) -> Option<String>,
) -> Result<Vec<SeenFace>, RecognitionError> {
    let picture = picture::open(path)?;
    let readings = read_all(reader, &picture)
        .map_err(|source| RecognitionError::Vision { path: path.to_owned(), source: Box::new(source) })?;
    let mut seen = Vec::with_capacity(readings.len());
    for reading in readings {
        let found = gallery
            .search(&reading.embedding)
            .map_err(|source| RecognitionError::Gallery { path: path.to_owned(), source })?;
        let info = reader.recogniser();
        let found =
            found.filter(|found| found.score >= info.same_person_threshold && found.margin >= info.same_person_margin);
        let found = found.map(|found| SeenMatch {
            visitor: found.visitor,
            name: names(found.visitor),
            score: found.score,
            margin: found.margin,
        });
        seen.push(SeenFace::new(&reading, found));
    }
    Ok(seen)
}

fn read_all(reader: &mut FaceReader, picture: &RgbImage) -> Result<Vec<FaceReading>, VisionError> {
    let faces = reader.detect(picture)?;
    faces.iter().map(|face| reader.read(picture, face, faces.len())).collect()
}

impl SeenFace {
    fn new(reading: &FaceReading, found: Option<SeenMatch>) -> Self {
        let Bounds { x, y, width, height } = reading.face.bounds;
        Self {
            r#box: [x, y, width, height],
            score: reading.face.score,
            landmarks: reading.face.landmarks,
            quality: SeenQuality {
                ok: reading.quality.is_ok(),
                reasons: reading.quality.reasons.clone(),
                measures: reading.quality.measures,
            },
            liveness: reading.liveness.map(|liveness| SeenLiveness { ok: liveness.is_live, score: liveness.score }),
            r#match: found,
        }
    }
}

impl Image {
    fn table(&self) -> String {
        let mut text = match (&self.error, self.faces.len()) {
            (Some(_), _) => return String::new(),
            (None, 0) => format!("{}: no face\n", self.image),
            (None, 1) => format!("{}: 1 face\n", self.image),
            (None, count) => format!("{}: {count} faces\n", self.image),
        };
        for face in &self.faces {
            text.push_str(&format!("  {}\n", face.line()));
        }
        text
    }
}

impl SeenFace {
    fn line(&self) -> String {
        let [x, y, width, height] = self.r#box;
        let mut line = format!("{width:.0} x {height:.0} at {x:.0}, {y:.0}; score {:.2}", self.score);
        let codes: Vec<String> = self.quality.reasons.iter().map(|reason| code(*reason)).collect();
        line.push_str(&if codes.is_empty() { "; quality ok".to_owned() } else { format!("; {}", codes.join(", ")) });
        if let Some(SeenLiveness { ok, score }) = self.liveness {
            line.push_str(&format!("; {} {score:.2}", if ok { "live" } else { "not live" }));
        }
        line.push_str(&match &self.r#match {
            Some(SeenMatch { visitor, name, score, margin }) => {
                let who = name.clone().unwrap_or_else(|| visitor.to_string());
                format!("; {who} {score:.3}, margin {margin:.3}")
            }
            None => "; nobody on record".to_owned(),
        });
        line
    }
}

fn code(reason: QualityReason) -> String {
    serde_json::to_value(reason).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

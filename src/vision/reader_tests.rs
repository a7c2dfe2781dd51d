//! With the networks at hand. Faces are not committed: tests that need them read the folder that `MAJLIS_FACES` names,
//! else `../shared/faces`, and say so where there is none.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "tests")]

use std::{
    path::{Path, PathBuf},
    sync::OnceLock,
};

use super::{super::picture, *};
use crate::runtime::ModelError;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// A process can load the library only once.
fn onnx() -> Onnx {
    static ONNX: OnceLock<Onnx> = OnceLock::new();
    ONNX.get_or_init(|| Onnx::load(&ModelStore::open(&root().join("models")).unwrap()).unwrap()).clone()
}

fn load(change: impl FnOnce(&mut config::Vision)) -> Result<FaceReader, VisionError> {
    let models = ModelStore::open(&root().join("models")).unwrap();
    let mut config = config::Vision::default();
    change(&mut config);
    FaceReader::load(&models, &onnx(), &config)
}

/// `None`: the weights are not on this machine.
fn reader() -> Option<FaceReader> {
    match load(|_| ()) {
        Ok(reader) => Some(reader),
        Err(VisionError::Onnx(crate::runtime::OnnxError::Model(ModelError::Missing { model, .. }))) => {
            eprintln!("skipped: the model {model} is not on this machine");
            None
        }
        Err(error) => panic!("{error}"),
    }
}

/// The development photographs of these names.
fn photographs(names: &[&str]) -> Option<Vec<RgbImage>> {
    let folder = std::env::var_os("MAJLIS_FACES").map_or_else(|| root().join("../shared/faces"), PathBuf::from);
    if !folder.join("images").is_dir() {
        eprintln!("skipped: no pictures in {}; name their folder in MAJLIS_FACES", folder.display());
        return None;
    }
    Some(names.iter().map(|name| picture::open(&folder.join("images").join(name)).unwrap()).collect())
}

#[test]
fn two_photographs_of_one_person_are_more_alike_than_those_of_two() {
    let names = ["Gerry_Adams_0003.jpg", "Gerry_Adams_0007.jpg", "Cathy_Freeman_0001.jpg"];
    let (Some(mut reader), Some(pictures)) = (reader(), photographs(&names)) else { return };
    let readings: Vec<FaceReading> = pictures
        .iter()
        .map(|picture| {
            let faces = reader.detect(picture).unwrap();
            reader.read(picture, faces.first().unwrap(), 1).unwrap()
        })
        .collect();
    let [one, again, other] = readings.as_slice() else { panic!("three pictures") };
    let threshold = reader.recogniser().same_person_threshold;
    assert!(one.embedding.similarity(&again.embedding) > threshold);
    assert!(one.embedding.similarity(&other.embedding) < threshold);
    assert_eq!(one.quality.reasons, []);
    assert!(one.liveness.is_some());
}

#[test]
fn forty_faces_in_one_picture_are_all_found_in_their_places() {
    let names =
        ["Gerry_Adams_0003.jpg", "Vincent_Brooks_0002.jpg", "Cathy_Freeman_0001.jpg", "Jake_Gyllenhaal_0002.jpg"];
    let (Some(mut reader), Some(pictures)) = (reader(), photographs(&names)) else { return };
    let mut crowd = RgbImage::new(8 * 240, 5 * 240);
    for index in 0..40_u32 {
        let face =
            image::imageops::resize(&pictures[index as usize % 4], 240, 240, image::imageops::FilterType::Triangle);
        image::imageops::replace(&mut crowd, &face, i64::from(index % 8 * 240), i64::from(index / 8 * 240));
    }
    let faces = reader.detect(&crowd).unwrap();
    for index in 0..40_u32 {
        let (left, top) = ((index % 8 * 240) as f32, (index / 8 * 240) as f32);
        let inside = |face: &&Face| {
            let [x, y] = face.bounds.centre();
            (left + 60.0..left + 180.0).contains(&x) && (top + 60.0..top + 180.0).contains(&y)
        };
        assert_eq!(faces.iter().filter(inside).count(), 1, "face {index} of {}", faces.len());
    }
    let reading = reader.read(&crowd, faces.first().unwrap(), faces.len()).unwrap();
    assert_eq!(reading.quality.reasons.first(), Some(&super::super::QualityReason::SeveralFaces));
}

#[test]
fn a_face_in_a_4k_picture_is_found_in_its_pixels() {
    let (Some(mut reader), Some(pictures)) = (reader(), photographs(&["Gerry_Adams_0003.jpg"])) else { return };
    let mut large = RgbImage::new(3_840, 2_160);
    let face = image::imageops::resize(&pictures[0], 1_000, 1_000, image::imageops::FilterType::Triangle);
    image::imageops::replace(&mut large, &face, 1_400, 600);
    let faces = reader.detect(&large).unwrap();
    let [x, y] = faces.first().unwrap().bounds.centre();
    assert!((1_700.0..2_100.0).contains(&x) && (900.0..1_300.0).contains(&y), "{x} {y}");
    let small = reader.detect(&pictures[0]).unwrap();
    let one = reader.read(&large, &faces[0], 1).unwrap();
    let other = reader.read(&pictures[0], &small[0], 1).unwrap();
    assert!(one.embedding.similarity(&other.embedding) > 0.9);
}

#[test]
fn pictures_without_faces_have_none() {
    let Some(mut reader) = reader() else { return };
    let noise = RgbImage::from_fn(640, 480, |x, y| image::Rgb([(x * 7 + y * 13) as u8, (x ^ y) as u8, (x * y) as u8]));
    for picture in [RgbImage::new(640, 480), noise, RgbImage::new(1, 1), RgbImage::new(3_840, 2), RgbImage::new(0, 0)] {
        assert_eq!(reader.detect(&picture).unwrap(), [], "{:?}", picture.dimensions());
    }
}

#[test]
fn a_face_that_is_none_is_an_error_and_no_panic() {
    let Some(mut reader) = reader() else { return };
    let picture = RgbImage::new(100, 100);
    let nowhere = Face { bounds: super::super::Bounds::default(), score: 0.9, landmarks: [[0.0; 2]; 5] };
    assert!(matches!(reader.read(&picture, &nowhere, 1), Err(VisionError::Alignment(_))));
    let lost = Face { landmarks: [[f32::NAN; 2]; 5], ..nowhere };
    assert!(reader.read(&picture, &lost, 1).is_err());
    assert!(reader.liveness(&picture, &nowhere).is_err());
}

#[test]
fn a_model_of_another_kind_is_refused_with_its_name() {
    let Some(_) = reader() else { return };
    let refused =
        |change: fn(&mut config::Vision)| load(change).err().map(|error| error.to_string()).unwrap_or_default();
    let error = refused(|config| config.detector = "mobilefacenet-128".into());
    assert!(error.contains("\"mobilefacenet-128\": found a model for recognising faces"), "{error}");
    let error = refused(|config| config.recogniser = "minifasnet-v2".into());
    assert!(error.contains("a model for recognising faces is needed"), "{error}");
    let error = refused(|config| config.liveness = "silero-vad".into());
    assert!(error.contains("silero-vad"), "{error}");
    let error = refused(|config| config.detector = "nobody".into());
    assert!(error.contains("found no model \"nobody\" in the manifest"), "{error}");
}

#[test]
fn a_network_of_another_shape_than_the_manifest_says_is_refused_when_it_is_loaded() {
    let Some(_) = reader() else { return };
    let path = root().join("models/manifest.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    let refused = |from: &str, to: &str| {
        let manifest = crate::runtime::Manifest::parse(&text.replace(from, to), Path::new("manifest.toml")).unwrap();
        let models = ModelStore::new(&root().join("models"), manifest);
        let error = FaceReader::load(&models, &onnx(), &config::Vision::default()).err();
        error.map(|error| error.to_string()).unwrap_or_default()
    };
    let error = refused("dimensions = 128", "dimensions = 512");
    assert!(error.contains("\"mobilefacenet-128\"") && error.contains("512 numbers are needed"), "{error}");
    let error = refused("decoder = \"yunet\"", "decoder = \"scrfd\"");
    assert!(error.contains("\"yunet-n\"") && error.contains("SCRFD"), "{error}");
    let error = refused("person_class = 1", "person_class = 9");
    assert!(error.contains("class 9 must be a person"), "{error}");
}

#[test]
fn without_a_liveness_model_nothing_is_said_of_it() {
    let Some(_) = reader() else { return };
    let mut reader = load(|config| config.liveness = String::new()).unwrap();
    assert_eq!(reader.liveness_threshold(), None);
    let face = Face { bounds: super::super::Bounds::default(), score: 0.9, landmarks: [[0.0; 2]; 5] };
    assert_eq!(reader.liveness(&RgbImage::new(100, 100), &face).unwrap(), None);
}

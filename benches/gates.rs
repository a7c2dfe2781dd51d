//! How often each gate of quality closes: on photographs as they are, blurred, darkened, and with bars and dark glasses
//! drawn over the eyes. Of each photograph the largest face counts.
//!
//! `cargo bench --bench gates -- FOLDER_OF_PHOTOGRAPHS`

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a bench prints, and stops at the first fault"
)]

use std::path::{Path, PathBuf};

use image::{Rgb, RgbImage};
use majlis::{
    config,
    runtime::{ModelStore, Onnx},
    vision::{Face, FaceReader, Faces as _, QualityReason, picture},
};

type Change = fn(&RgbImage, &Face) -> RgbImage;

const CHANGES: [(&str, Change); 11] = [
    ("as they are", |picture, _| picture.clone()),
    ("mirrored", |picture, _| image::imageops::flip_horizontal(picture)),
    ("black bar", |picture, face| covered(picture, face, Some([8; 3]), false)),
    ("grey bar", |picture, face| covered(picture, face, Some([60; 3]), false)),
    ("bar of the colour of the skin", |picture, face| covered(picture, face, None, false)),
    ("black glasses", |picture, face| covered(picture, face, Some([15; 3]), true)),
    ("dark grey glasses", |picture, face| covered(picture, face, Some([48; 3]), true)),
    ("blurred, 1 px of the aligned face", |picture, face| blurred(picture, face, 1.0)),
    ("blurred, 2 px", |picture, face| blurred(picture, face, 2.0)),
    ("blurred, 3 px", |picture, face| blurred(picture, face, 3.0)),
    ("a twelfth of the light", |picture, _| {
        let mut dark = picture.clone();
        dark.pixels_mut().for_each(|pixel| pixel.0 = pixel.0.map(|value| value / 12));
        dark
    }),
];

fn main() {
    let Some(folder) = std::env::args().skip(1).find(|argument| argument != "--bench") else {
        println!("nothing to do: cargo bench --bench gates -- FOLDER_OF_PHOTOGRAPHS");
        return;
    };
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let models = ModelStore::open(&Path::new(env!("CARGO_MANIFEST_DIR")).join("models")).unwrap();
    let config = config::Vision { liveness: String::new(), ..config::Vision::default() };
    let mut reader = FaceReader::load(&models, &Onnx::load(&models).unwrap(), &config).unwrap();
    let reasons = [
        ("small", QualityReason::TooSmall),
        ("near", QualityReason::TooNear),
        ("dark", QualityReason::TooDark),
        ("bright", QualityReason::TooBright),
        ("turned", QualityReason::TurnedAway),
        ("covered", QualityReason::EyesCovered),
        ("blurred", QualityReason::Blurred),
    ];
    let names: Vec<&str> = reasons.iter().map(|(name, _)| *name).collect();
    println!("| photographs | no face | {} |", names.join(" | "));
    println!("|---|---|{}", "---|".repeat(names.len()));
    for (name, change) in CHANGES {
        let (mut lost, mut counts, mut all) = (0, [0; 7], 0);
        for path in &paths {
            let picture = picture::open(path).unwrap();
            let Some(face) = reader.detect(&picture).unwrap().first().copied() else { continue };
            let face = reader.refine(&picture, &face).unwrap();
            let changed = change(&picture, &face);
            all += 1;
            let found = reader.detect(&changed).unwrap();
            let Some(again) = found.first() else {
                lost += 1;
                continue;
            };
            let quality = reader.read(&changed, again, 1).unwrap().quality;
            let is_named = name == "as they are" || name == "mirrored";
            if is_named && quality.reasons.contains(&QualityReason::EyesCovered) {
                eprintln_name(path);
            }
            for (count, (_, reason)) in counts.iter_mut().zip(reasons) {
                *count += usize::from(quality.reasons.contains(&reason));
            }
        }
        let percent = |count: usize| format!("{:.1}", 100.0 * count as f64 / all as f64);
        println!("| {name} | {} | {} |", percent(lost), counts.map(percent).join(" | "));
    }
}

/// Whose eyes are found covered in an untouched photograph: some do wear dark glasses.
fn eprintln_name(path: &Path) {
    use std::io::Write as _;
    let _ = writeln!(std::io::stderr(), "covered: {}", path.display());
}

/// A bar along the eyes, or two dark glasses; without a colour, that of the cheeks.
fn covered(picture: &RgbImage, face: &Face, colour: Option<[u8; 3]>, are_glasses: bool) -> RgbImage {
    let [right, left, nose, mouth, _] = face.landmarks;
    let distance = (left[0] - right[0]).hypot(left[1] - right[1]);
    let along = [(left[0] - right[0]) / distance, (left[1] - right[1]) / distance];
    // A place between eye and corner of the mouth, aside of the nose.
    let cheek = [(right[0] + mouth[0]) / 2.0, (nose[1] + mouth[1]) / 2.0];
    let at = |[x, y]: [f32; 2]| {
        picture.get_pixel((x.max(0.0) as u32).min(picture.width() - 1), (y.max(0.0) as u32).min(picture.height() - 1))
    };
    let colour = colour.map_or_else(|| *at(cheek), Rgb);
    // Along and across the line of the eyes, in distances of the eyes.
    let place = |x: f32, y: f32, [from_x, from_y]: [f32; 2]| {
        let (x, y) = ((x - from_x) / distance, (y - from_y) / distance);
        (x * along[0] + y * along[1], y * along[0] - x * along[1])
    };
    let middle = [(left[0] + right[0]) / 2.0, (left[1] + right[1]) / 2.0];
    let is_covered = |x: f32, y: f32| {
        if are_glasses {
            let lens = |eye| {
                let (u, v) = place(x, y, eye);
                (u / 0.42).powi(2) + ((v - 0.06) / 0.32).powi(2) <= 1.0
            };
            return lens(right) || lens(left);
        }
        let (u, v) = place(x, y, middle);
        u.abs() <= 1.0 && (-0.32..=0.3).contains(&v)
    };
    RgbImage::from_fn(picture.width(), picture.height(), |x, y| {
        if is_covered(x as f32, y as f32) { colour } else { *picture.get_pixel(x, y) }
    })
}

/// Blurred by so many pixels of the aligned face, whose eyes are 35.2 pixels apart.
fn blurred(picture: &RgbImage, face: &Face, pixels: f32) -> RgbImage {
    let [right, left, ..] = face.landmarks;
    let distance = (left[0] - right[0]).hypot(left[1] - right[1]);
    image::imageops::blur(picture, pixels * distance / 35.2)
}

//! Our side of the comparison with Python (benches/peers/vision): for each picture the boxes, the aligned face of the
//! largest one and its embedding, and the thread-CPU time of each stage on a picture of 640 × 480.
//!
//! `cargo bench --bench vision -- OUT_FOLDER DETECTOR PICTURE…` writes `OUT_FOLDER/majlis.json` and the aligned faces
//! as `OUT_FOLDER/<number>.png`. The last picture is the one that times are taken on.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a bench prints, and stops at the first fault"
)]

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Duration,
};

use image::{RgbImage, imageops::FilterType};
use majlis::{
    config,
    runtime::{ModelStore, Onnx, keep_memory_small},
    vision::{FaceReader, Faces as _, picture},
};
use rustix::time::{ClockId, clock_gettime};
use serde_json::json;

const WARM_UP: usize = 10;
const RUNS: usize = 50;

fn main() {
    keep_memory_small();
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let [folder, detector, pictures @ ..] = arguments.as_slice() else {
        println!("nothing to do: cargo bench --bench vision -- OUT_FOLDER DETECTOR PICTURE...");
        return;
    };
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let models = ModelStore::open(&root.join("models")).unwrap();
    let before_kb = resident_kb();
    let onnx = Onnx::load(&models).unwrap();
    let config = config::Vision { detector: detector.clone(), ..config::Vision::default() };
    let mut reader = FaceReader::load(&models, &onnx, &config).unwrap();

    let mut seen = Vec::new();
    for (number, path) in pictures.iter().enumerate() {
        let picture = picture::open(&PathBuf::from(path)).unwrap();
        let faces = reader.detect(&picture).unwrap();
        let boxes: Vec<[f32; 5]> = faces
            .iter()
            .map(|face| [face.bounds.x, face.bounds.y, face.bounds.width, face.bounds.height, face.score])
            .collect();
        let embedding = faces.first().map(|face| {
            let face = reader.refine(&picture, face).unwrap();
            let crop = reader.align(&picture, &face).unwrap();
            crop.save(Path::new(folder).join(format!("{number}.png"))).unwrap();
            reader.embed(&crop).unwrap().values().to_vec()
        });
        seen.push(json!({ "picture": path, "boxes": boxes, "embedding": embedding }));
    }
    let last = picture::open(&PathBuf::from(pictures.last().unwrap())).unwrap();
    let times = time(&mut reader, &last);
    let added_kb = resident_kb() - before_kb;
    let text = json!({ "pictures": seen, "times_ms": times, "added_memory_mb": added_kb / 1_024 }).to_string();
    std::fs::write(Path::new(folder).join("majlis.json"), text).unwrap();
    println!("{} pictures; {} MB of memory added", pictures.len(), added_kb / 1_024);
}

/// Median thread-CPU time of each stage, milliseconds.
fn time(reader: &mut FaceReader, picture: &RgbImage) -> BTreeMap<&'static str, f64> {
    let picture = image::imageops::resize(picture, 640, 480, FilterType::Triangle);
    let face = reader.detect(&picture).unwrap()[0];
    let refined = reader.refine(&picture, &face).unwrap();
    let crop = reader.align(&picture, &refined).unwrap();
    BTreeMap::from([
        ("detect", median(|| drop(reader.detect(&picture).unwrap()))),
        (
            "refine",
            median(|| {
                std::hint::black_box(reader.refine(&picture, &face).unwrap());
            }),
        ),
        ("align", median(|| drop(reader.align(&picture, &refined).unwrap()))),
        ("embed", median(|| drop(reader.embed(&crop).unwrap()))),
        (
            "liveness",
            median(|| {
                std::hint::black_box(reader.liveness(&picture, &face).unwrap());
            }),
        ),
        ("read", median(|| drop(reader.read(&picture, &face, 1).unwrap()))),
    ])
}

fn median(mut work: impl FnMut()) -> f64 {
    let mut times: Vec<f64> = (0..WARM_UP + RUNS)
        .map(|_| {
            let start = thread_cpu();
            work();
            (thread_cpu() - start).as_secs_f64() * 1e3
        })
        .skip(WARM_UP)
        .collect();
    times.sort_by(f64::total_cmp);
    times[RUNS / 2]
}

fn thread_cpu() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap())
}

fn resident_kb() -> i64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

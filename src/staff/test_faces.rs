//! Faces for tests: drawn by numbers, of nobody.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::{sync::Arc, time::Duration};

use image::RgbImage;

use crate::{
    camera::Frame,
    config,
    event::staff::Pose,
    staff::capture::Demands,
    vision::{Bounds, Embedding, Face, FaceReading, Glimpse, Liveness, Quality, QualityMeasures},
};

pub(super) const DIMENSIONS: usize = 4;
pub(super) const THRESHOLD: f32 = 0.4;

pub(super) fn demands() -> Demands {
    Demands::new(&config::Vision::default(), THRESHOLD)
}

/// A face that is good enough, of the person with that number: two of them are not alike at all.
pub(super) fn face(person: usize) -> FaceReading {
    let mut values = vec![0.0; DIMENSIONS];
    values[person % DIMENSIONS] = 1.0;
    FaceReading {
        face: Face {
            bounds: Bounds { x: 540.0, y: 210.0, width: 200.0, height: 260.0 },
            score: 0.95,
            landmarks: [[0.0; 2]; 5],
        },
        quality: Quality {
            measures: QualityMeasures {
                face_px: 200.0,
                brightness: 0.5,
                sharpness: 0.6,
                yaw_deg: 2.0,
                pitch_deg: -5.0,
                roll_deg: 0.0,
            },
            reasons: Vec::new(),
        },
        liveness: Some(Liveness { score: 0.9, is_live: true }),
        embedding: Embedding::normalised(values).unwrap(),
        crop: RgbImage::from_pixel(112, 112, image::Rgb([90, 80, 70])),
    }
}

/// The same, turned as asked.
pub(super) fn posed(person: usize, pose: Pose) -> FaceReading {
    let mut reading = face(person);
    let measures = &mut reading.quality.measures;
    match pose {
        Pose::Front => {}
        Pose::Left => measures.yaw_deg += 22.0,
        Pose::Right => measures.yaw_deg -= 22.0,
        Pose::Up => measures.pitch_deg += 15.0,
        Pose::Down => measures.pitch_deg -= 15.0,
    }
    reading
}

pub(super) fn glimpse(sequence: u64, faces: Vec<FaceReading>) -> Arc<Glimpse> {
    let at = Duration::from_millis(200 * sequence);
    Arc::new(Glimpse { frame: Frame { sequence, at, picture: Arc::new(RgbImage::new(1_280, 720)) }, faces })
}

//! Which pictures are taken, and what is said of the others.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use super::*;
use crate::{
    staff::test_faces::{demands, face, glimpse, posed},
    vision::Liveness,
};

/// Shows faces one after the other, each in a frame of its own.
struct Sitting {
    capture: Capture,
    sequence: u64,
}

impl Sitting {
    fn new() -> Self {
        Self { capture: Capture::default(), sequence: 0 }
    }

    fn show(&mut self, reading: FaceReading) -> Progress {
        self.sequence += 1;
        self.capture.look(&glimpse(self.sequence, vec![reading]), &demands())
    }

    fn hold(&mut self, reading: &FaceReading) -> Progress {
        (0..3).map(|_| self.show(reading.clone())).last().unwrap()
    }

    fn problem_of(reading: FaceReading) -> Option<&'static str> {
        let mut sitting = Self::new();
        sitting.hold(&reading);
        sitting.capture.problem()
    }
}

#[test]
fn five_pictures_are_taken_in_order_each_held_still() {
    let mut sitting = Sitting::new();
    for (index, pose) in Pose::ALL.into_iter().enumerate() {
        assert_eq!(sitting.capture.pose(), Some(pose));
        assert_eq!(sitting.show(posed(1, pose)), Progress::None);
        assert_eq!(sitting.show(posed(1, pose)), Progress::None);
        let last = if index == 4 { Progress::Complete } else { Progress::Took(pose) };
        assert_eq!(sitting.show(posed(1, pose)), last);
        assert_eq!(sitting.capture.problem(), None);
    }
    let poses: Vec<Pose> = sitting.capture.taken().iter().map(|taken| taken.pose).collect();
    assert_eq!(poses, Pose::ALL);
    assert_eq!(sitting.hold(&face(1)), Progress::None, "no sixth");
}

#[test]
fn the_sharpest_of_the_steady_frames_is_taken_and_a_frame_counts_once() {
    let mut sitting = Sitting::new();
    for sharpness in [0.5, 0.9, 0.7] {
        let mut reading = face(1);
        reading.quality.measures.sharpness = sharpness;
        sitting.show(reading.clone());
        sitting.capture.look(&glimpse(sitting.sequence, vec![reading]), &demands());
    }
    assert_eq!(sitting.capture.taken().len(), 1);
    assert!((sitting.capture.taken()[0].reading.quality.measures.sharpness - 0.9).abs() < 1e-6);
}

#[test]
fn a_face_that_moves_is_waited_for() {
    let mut sitting = Sitting::new();
    for step in 0_u16..8 {
        let mut reading = face(1);
        reading.face.bounds.x += 60.0 * f32::from(step);
        assert_eq!(sitting.show(reading), Progress::None);
    }
    assert_eq!(sitting.capture.taken().len(), 0);
    assert_eq!(sitting.capture.problem(), None, "hold still");
}

#[test]
fn why_no_picture_is_taken_is_said_the_most_important_first() {
    let changed = |change: fn(&mut FaceReading)| {
        let mut reading = face(1);
        change(&mut reading);
        Sitting::problem_of(reading)
    };
    assert_eq!(changed(|_| {}), None, "taken");
    assert_eq!(changed(|it| it.quality.measures.face_px = 60.0), Some("face.far"));
    assert_eq!(changed(|it| it.quality.measures.face_px = 600.0), Some("face.near"));
    assert_eq!(changed(|it| it.quality.measures.brightness = 0.1), Some("face.dark"));
    assert_eq!(changed(|it| it.quality.measures.brightness = 0.9), Some("face.bright"));
    assert_eq!(changed(|it| it.quality.reasons = vec![QualityReason::Blurred]), Some("face.blur"));
    assert_eq!(changed(|it| it.quality.reasons = vec![QualityReason::EyesCovered]), Some("face.covered"));
    assert_eq!(changed(|it| it.quality.measures.yaw_deg = 20.0), Some("face.pose.front"));
    assert_eq!(changed(|it| it.liveness = Some(Liveness { score: 0.1, is_live: false })), Some("face.picture"));
    assert_eq!(
        changed(|it| {
            it.quality.reasons = vec![QualityReason::SeveralFaces];
            it.quality.measures.face_px = 60.0;
        }),
        Some("face.many")
    );
    let mut sitting = Sitting::new();
    sitting.capture.look(&glimpse(1, Vec::new()), &demands());
    assert_eq!(sitting.capture.problem(), Some("face.none"));
}

#[test]
fn sides_are_measured_against_the_persons_own_front() {
    // A camera that hangs high sees everybody look down.
    let mut sitting = Sitting::new();
    let tilted = |pose| {
        let mut reading = posed(1, pose);
        reading.quality.measures.pitch_deg -= 15.0;
        reading
    };
    for pose in Pose::ALL {
        assert_ne!(sitting.hold(&tilted(pose)), Progress::None, "{pose:?}");
    }
    let mut other_side = Sitting::new();
    other_side.hold(&face(1));
    other_side.hold(&posed(1, Pose::Right));
    assert_eq!(other_side.capture.problem(), Some("face.pose.left"));
}

#[test]
fn somebody_else_who_steps_in_is_not_taken() {
    let mut sitting = Sitting::new();
    sitting.hold(&face(1));
    sitting.hold(&posed(2, Pose::Left));
    assert_eq!((sitting.capture.taken().len(), sitting.capture.problem()), (1, Some("face.other")));
}

#[test]
fn gauges_show_distance_light_and_sharpness_against_what_is_good() {
    let mut sitting = Sitting::new();
    sitting.show(face(1));
    assert!(sitting.capture.gauges(&demands()).iter().all(Gauge::is_good));
    let mut far = face(1);
    far.quality.measures.face_px = 50.0;
    far.quality.measures.brightness = 0.95;
    sitting.show(far);
    let [distance, light, sharpness] = sitting.capture.gauges(&demands());
    assert!(!distance.is_good() && distance.value < distance.good[0]);
    assert!(!light.is_good() && light.value > light.good[1]);
    assert!(sharpness.is_good());
}

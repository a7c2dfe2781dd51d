//! The five guided pictures: which frame is taken, and why the others are not.

use std::time::Duration;

use crate::{
    config,
    event::staff::{Gauge, Pose},
    vision::{Embedding, FaceReading, Glimpse, QualityMeasures, QualityReason},
};

/// Good frames in a row before a picture is taken: at five frames a second a bit more than half a second of holding
/// still.
const STEADY_FRAMES: usize = 3;

/// The face may move by this part of its own width from frame to frame and counts as held still.
const STILL: f32 = 0.12;

/// How far the head must be turned to a side, or nodded, against the picture from the front, degrees: what people do
/// when asked to look a little aside, and what the landmarks tell surely (they are good to some 10°).
const TURNED_DEG: [f32; 2] = [14.0, 40.0];
const NODDED_DEG: [f32; 2] = [9.0, 35.0];
/// How far it may be turned the other way in these pictures.
const ASTRAY_DEG: f32 = 16.0;
/// How far it may be turned and nodded in the picture from the front. Cameras hang high and stand low.
const FRONT_DEG: [f32; 2] = [12.0, 25.0];

/// A face to be enrolled has this many times as many pixels as one to be recognised needs, and at least so many: what
/// is enrolled is compared with for a year.
const SIZE_FACTOR: f32 = 2.0;
const LEAST_FACE_PX: f32 = 80.0;
/// The largest part of the picture's shorter side that the face may take, and where the scale of the gauge ends.
const NEAREST: f32 = 0.65;
const SCALE_END: f32 = 0.8;

/// Light for a picture that is enrolled, mean luminance: narrower than what recognition bears.
const LIGHT: [f32; 2] = [0.18, 0.82];

/// What is enrolled is at least this sharp, 0..1; recognition bears less.
const LEAST_SHARPNESS: f32 = 0.2;

/// Pictures of one person in one sitting are at least this part of the threshold alike, whichever way they look;
/// otherwise somebody else stepped before the camera.
const SAME_SITTING: f32 = 0.5;

/// What is asked of a picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Demands {
    least_face_px: f32,
    light: [f32; 2],
    least_sharpness: f32,
    least_similarity: f32,
}

impl Demands {
    /// From the configuration. `same_person` is the recogniser's threshold.
    #[must_use]
    pub fn new(vision: &config::Vision, same_person: f32) -> Self {
        Self {
            least_face_px: (SIZE_FACTOR * vision.min_face_px as f32).max(LEAST_FACE_PX),
            light: [LIGHT[0].max(vision.min_brightness), LIGHT[1].min(vision.max_brightness)],
            least_sharpness: LEAST_SHARPNESS,
            least_similarity: SAME_SITTING * same_person,
        }
    }
}

/// A picture that was taken: numbers, and the aligned face for where consent covers it.
#[derive(Clone)]
pub struct Taken {
    /// Which way the face is turned.
    pub pose: Pose,
    /// The face.
    pub reading: FaceReading,
}

/// The pictures of one sitting. Dropped as a whole when somebody stops.
#[derive(Clone, Default)]
pub struct Capture {
    taken: Vec<Taken>,
    /// The good frames in a row for the next pose.
    steady: Vec<FaceReading>,
    last_frame: Option<u64>,
    problem: Option<&'static str>,
    gauges: [Option<Gauge>; 3],
}

/// What one frame led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// No picture was taken.
    None,
    /// The picture of this pose was taken.
    Took(Pose),
    /// The last one was taken.
    Complete,
}

impl Capture {
    /// The pictures so far, in the order of [`Pose::ALL`].
    #[must_use]
    pub fn taken(&self) -> &[Taken] {
        &self.taken
    }

    /// Why no picture is taken now, as a key of the translation files; `None`: hold still.
    #[must_use]
    pub fn problem(&self) -> Option<&'static str> {
        self.problem
    }

    /// Distance, light and sharpness of the last face.
    #[must_use]
    pub fn gauges(&self, demands: &Demands) -> [Gauge; 3] {
        let empty = self.scales(demands, 1.0).map(|good| Gauge { value: 0.0, good });
        let mut gauges = empty;
        for (gauge, measured) in gauges.iter_mut().zip(self.gauges) {
            *gauge = measured.unwrap_or(*gauge);
        }
        gauges
    }

    /// The next pose.
    #[must_use]
    pub fn pose(&self) -> Option<Pose> {
        Pose::ALL.get(self.taken.len()).copied()
    }

    /// The camera delivers no picture.
    pub fn lost(&mut self) {
        self.steady.clear();
        self.problem = Some("lost.camera");
    }

    /// Looks at a frame and takes it, or says why not.
    pub fn look(&mut self, glimpse: &Glimpse, demands: &Demands) -> Progress {
        let Some(pose) = self.pose() else { return Progress::None };
        if self.last_frame.replace(glimpse.frame.sequence) == Some(glimpse.frame.sequence) {
            return Progress::None;
        }
        let [face] = glimpse.faces.as_slice() else {
            self.steady.clear();
            self.gauges = [None; 3];
            self.problem = Some(if glimpse.faces.is_empty() { "face.none" } else { "face.many" });
            return Progress::None;
        };
        let (width, height) = glimpse.frame.picture.dimensions();
        let shorter_px = width.min(height).max(1) as f32;
        self.gauges = self.measure(&face.quality.measures, shorter_px, demands).map(Some);
        self.problem = self.complaint(face, pose, shorter_px, demands);
        if self.problem.is_some() {
            self.steady.clear();
            return Progress::None;
        }
        if self.steady.last().is_some_and(|before| moved(before, face)) {
            self.steady.clear();
        }
        self.steady.push(face.clone());
        if self.steady.len() < STEADY_FRAMES {
            return Progress::None;
        }
        // The sharpest of those that were held still.
        let sharpness = |reading: &FaceReading| reading.quality.measures.sharpness;
        let best = self.steady.drain(..).max_by(|a, b| sharpness(a).total_cmp(&sharpness(b)));
        self.taken.extend(best.map(|reading| Taken { pose, reading }));
        if self.pose().is_none() { Progress::Complete } else { Progress::Took(pose) }
    }

    /// The good ranges of distance, light and sharpness on scales of 0..1.
    fn scales(&self, demands: &Demands, shorter_px: f32) -> [[f32; 2]; 3] {
        let least = if shorter_px > 1.0 { demands.least_face_px / shorter_px } else { 0.0 };
        [[least.min(NEAREST) / SCALE_END, NEAREST / SCALE_END], demands.light, [demands.least_sharpness, 1.0]]
    }

    fn measure(&self, measures: &QualityMeasures, shorter_px: f32, demands: &Demands) -> [Gauge; 3] {
        let values = [measures.face_px / shorter_px / SCALE_END, measures.brightness, measures.sharpness];
        let scales = self.scales(demands, shorter_px);
        std::array::from_fn(|index| Gauge {
            value: values.get(index).copied().unwrap_or(0.0).clamp(0.0, 1.0),
            good: scales.get(index).copied().unwrap_or([0.0, 1.0]),
        })
    }

    /// What must change before this face is taken: first who, then where, then light.
    fn complaint(&self, face: &FaceReading, pose: Pose, shorter_px: f32, demands: &Demands) -> Option<&'static str> {
        let measures = &face.quality.measures;
        if face.quality.reasons.contains(&QualityReason::SeveralFaces) {
            return Some(QualityReason::SeveralFaces.words_key());
        }
        let front = self.taken.first().map(|taken| &taken.reading);
        if front.is_some_and(|front| !is_same_person(&front.embedding, &face.embedding, demands)) {
            return Some("face.other");
        }
        let reason = if measures.face_px < demands.least_face_px {
            Some(QualityReason::TooSmall)
        } else if measures.face_px > NEAREST * shorter_px {
            Some(QualityReason::TooNear)
        } else if measures.brightness < demands.light[0] {
            Some(QualityReason::TooDark)
        } else if measures.brightness > demands.light[1] {
            Some(QualityReason::TooBright)
        } else {
            // The far eye of a face that is turned on purpose looks covered.
            let is_excused =
                |reason: &QualityReason| pose != Pose::Front && matches!(reason, QualityReason::EyesCovered);
            face.quality.reasons.iter().copied().find(|reason| !is_excused(reason))
        };
        if let Some(reason) = reason {
            return Some(reason.words_key());
        }
        if face.liveness.is_some_and(|liveness| !liveness.is_live) {
            return Some("face.picture");
        }
        let straight =
            front.map_or((0.0, 0.0), |front| (front.quality.measures.yaw_deg, front.quality.measures.pitch_deg));
        let (yaw, pitch) = (measures.yaw_deg - straight.0, measures.pitch_deg - straight.1);
        (!is_turned(pose, yaw, pitch)).then(|| pose_key(pose))
    }
}

fn is_same_person(front: &Embedding, face: &Embedding, demands: &Demands) -> bool {
    front.similarity(face) >= demands.least_similarity
}

/// What to do for a picture, as a key of the translation files.
fn pose_key(pose: Pose) -> &'static str {
    match pose {
        Pose::Front => "face.pose.front",
        Pose::Left => "face.pose.left",
        Pose::Right => "face.pose.right",
        Pose::Up => "face.pose.up",
        Pose::Down => "face.pose.down",
    }
}

fn is_turned(pose: Pose, yaw: f32, pitch: f32) -> bool {
    let within = |angle: f32, [least, most]: [f32; 2]| angle >= least && angle <= most;
    match pose {
        Pose::Front => yaw.abs() <= FRONT_DEG[0] && pitch.abs() <= FRONT_DEG[1],
        Pose::Left => within(yaw, TURNED_DEG) && pitch.abs() <= ASTRAY_DEG,
        Pose::Right => within(-yaw, TURNED_DEG) && pitch.abs() <= ASTRAY_DEG,
        Pose::Up => within(pitch, NODDED_DEG) && yaw.abs() <= ASTRAY_DEG,
        Pose::Down => within(-pitch, NODDED_DEG) && yaw.abs() <= ASTRAY_DEG,
    }
}

fn moved(before: &FaceReading, now: &FaceReading) -> bool {
    let ([x, y], [u, v]) = (before.face.bounds.centre(), now.face.bounds.centre());
    (x - u).hypot(y - v) > STILL * now.face.bounds.width.max(1.0)
}

/// How long a picture may be on its way before the camera counts as lost to enrolment.
pub(super) const NO_PICTURE_AFTER: Duration = Duration::from_secs(2);

#[cfg(test)]
#[path = "capture_tests.rs"]
mod tests;

//! How a head is turned, from its five landmarks.

use super::types::Face;

/// Distances of an average head in parts of that between the pupils (63 mm): how far the tip of the nose stands before
/// the plane of eyes and mouth, seen from the side (27 mm), and in parts of the distance from eyes to mouth (65 mm).
const NOSE_TO_EYES: f32 = 0.43;
const NOSE_TO_MOUTH: f32 = 0.42;

/// Where the tip of the nose stands between the line of the eyes (0) and that of the mouth (1) in a frontal face: the
/// median of the 716 development photographs.
const NOSE_HEIGHT: f32 = 0.556;

/// Angles of a head, degrees.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Pose {
    /// Turned to the side; positive: towards the person's own left, the right of the picture.
    pub(super) yaw_deg: f32,
    /// Nodding; positive: upwards.
    pub(super) pitch_deg: f32,
    /// Tilted; positive: clockwise as seen in the picture.
    pub(super) roll_deg: f32,
}

impl Pose {
    /// An estimate, good to some 10°: the nose moves against eyes and mouth as the head turns. Landmarks on one spot
    /// count as turned away.
    pub(super) fn of(face: &Face) -> Self {
        let [right_eye, left_eye, nose, right_mouth, left_mouth] = face.landmarks;
        let roll = (left_eye[1] - right_eye[1]).atan2(left_eye[0] - right_eye[0]);
        let (sin, cos) = roll.sin_cos();
        // Upright: turned back by the roll.
        let upright = |[x, y]: [f32; 2]| [x * cos + y * sin, y * cos - x * sin];
        let between = |[a, b]: [f32; 2], [c, d]: [f32; 2]| upright([(a + c) / 2.0, (b + d) / 2.0]);
        let (eyes, mouth, nose) = (between(right_eye, left_eye), between(right_mouth, left_mouth), upright(nose));
        let eye_distance = (left_eye[0] - right_eye[0]).hypot(left_eye[1] - right_eye[1]);
        let height = mouth[1] - eyes[1];
        let aside = nose[0] - (eyes[0] + mouth[0]) / 2.0;
        let yaw = aside.atan2(NOSE_TO_EYES * eye_distance);
        let pitch = (NOSE_HEIGHT * height - (nose[1] - eyes[1])).atan2(NOSE_TO_MOUTH * height);
        if eye_distance < 1.0 || height.abs() < 1.0 {
            return Self { yaw_deg: 90.0, pitch_deg: 90.0, roll_deg: roll.to_degrees() };
        }
        Self { yaw_deg: yaw.to_degrees(), pitch_deg: pitch.to_degrees(), roll_deg: roll.to_degrees() }
    }

    /// The largest of the three, degrees.
    pub(super) fn largest_deg(&self) -> f32 {
        self.yaw_deg.abs().max(self.pitch_deg.abs()).max(self.roll_deg.abs())
    }
}

#[cfg(test)]
mod tests {
    use super::{super::types::Bounds, *};

    /// The landmarks of a head that is turned by these angles, drawn from a model in space (millimetres).
    fn head(yaw_deg: f32, pitch_deg: f32, roll_deg: f32) -> Face {
        // x to the right of the picture, y down, z towards the camera.
        let model =
            [[-31.5, -36.1, 0.0_f32], [31.5, -36.1, 0.0], [0.0, 0.0, 27.0], [-25.0, 28.9, 0.0], [25.0, 28.9, 0.0]];
        let (yaw, pitch, roll) = (yaw_deg.to_radians(), pitch_deg.to_radians(), roll_deg.to_radians());
        let landmarks = model.map(|[x, y, z]| {
            let (y, z) = (y * pitch.cos() - z * pitch.sin(), z * pitch.cos() + y * pitch.sin());
            let x = x * yaw.cos() + z * yaw.sin();
            [200.0 + x * roll.cos() - y * roll.sin(), 150.0 + x * roll.sin() + y * roll.cos()]
        });
        Face { bounds: Bounds::default(), score: 1.0, landmarks }
    }

    fn assert_near(found: Pose, yaw: f32, pitch: f32, roll: f32) {
        let all = [(found.yaw_deg, yaw), (found.pitch_deg, pitch), (found.roll_deg, roll)];
        assert!(all.iter().all(|(found, wanted)| (found - wanted).abs() < 5.0), "{found:?}, not {yaw} {pitch} {roll}");
    }

    #[test]
    fn a_frontal_face_is_not_turned() {
        assert_near(Pose::of(&head(0.0, 0.0, 0.0)), 0.0, 0.0, 0.0);
    }

    #[test]
    fn angles_come_back_with_their_signs() {
        for angle in [-40.0, -20.0, 20.0, 40.0] {
            assert_near(Pose::of(&head(angle, 0.0, 0.0)), angle, 0.0, 0.0);
            assert_near(Pose::of(&head(0.0, angle / 2.0, 0.0)), 0.0, angle / 2.0, 0.0);
            assert_near(Pose::of(&head(0.0, 0.0, angle)), 0.0, 0.0, angle);
        }
        assert_near(Pose::of(&head(25.0, 0.0, 30.0)), 25.0, 0.0, 30.0);
    }

    #[test]
    fn landmarks_on_one_spot_are_turned_away() {
        let face = Face { landmarks: [[5.0, 5.0]; 5], ..head(0.0, 0.0, 0.0) };
        assert!(Pose::of(&face).largest_deg() >= 90.0);
    }
}

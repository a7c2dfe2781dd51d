//! How far a head is turned, from five landmarks: cheap enough for every face of every picture.

/// How far the tip of the nose stands before the eyes, in distances between the eyes (about 27 mm of 63 mm).
const NOSE_DEPTH: f32 = 0.43;

/// Turned to the side, degrees, −90..90; positive: towards the right edge of the picture, the person's own left.
/// Landmarks in the order of [`super::Face::landmarks`].
#[must_use]
pub(super) fn yaw_deg(landmarks: &[[f32; 2]; 5]) -> f32 {
    let [right_eye, left_eye, nose, ..] = *landmarks;
    let axis = [left_eye[0] - right_eye[0], left_eye[1] - right_eye[1]];
    let eyes_apart = axis[0].hypot(axis[1]);
    if eyes_apart < 1e-3 {
        return 90.0;
    }
    let middle = [(left_eye[0] + right_eye[0]) / 2.0, (left_eye[1] + right_eye[1]) / 2.0];
    // The nose's place along the line through the eyes: a tilted head is not a turned one.
    let along = ((nose[0] - middle[0]) * axis[0] + (nose[1] - middle[1]) * axis[1]) / eyes_apart;
    (along / eyes_apart / NOSE_DEPTH).atan().to_degrees()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Landmarks of the 112 × 112 template's face, turned about the vertical axis.
    fn turned(degrees: f32) -> [[f32; 2]; 5] {
        let (sin, cos) = degrees.to_radians().sin_cos();
        let at = |x: f32, y: f32, depth: f32| [x * cos + depth * sin, y];
        [at(-17.5, 0.0, 0.0), at(17.5, 0.0, 0.0), at(0.0, 20.0, 15.0), at(-14.0, 41.0, 3.0), at(14.0, 41.0, 3.0)]
    }

    #[test]
    fn a_turn_is_measured_to_either_side_and_a_tilt_is_none() {
        for degrees in [-60.0_f32, -30.0, 0.0, 20.0, 45.0] {
            assert!((yaw_deg(&turned(degrees)) - degrees).abs() < 3.0, "{degrees}");
        }
        let (sin, cos) = 25_f32.to_radians().sin_cos();
        let tilted = turned(0.0).map(|[x, y]| [x * cos - y * sin, x * sin + y * cos]);
        assert!(yaw_deg(&tilted).abs() < 1.0);
    }

    #[test]
    fn a_profile_whose_eyes_fall_together_is_turned_away() {
        assert!(yaw_deg(&turned(89.9)) > 80.0);
        assert!(yaw_deg(&[[5.0, 5.0]; 5]) > 80.0);
    }
}

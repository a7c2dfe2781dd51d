//! The face: two eyes that open, smile and look, and the mouth below them.

use std::f32::consts::PI;

use eframe::egui::{Color32, Pos2, Shape, Stroke, Vec2, vec2};

use super::{Canvas, Pose, face_offset, mouth};
use crate::ui::mesh;

/// The eye's place beside the middle, and its half axes, in R.
const EYE_PLACE: Vec2 = vec2(0.300, -0.070);
const EYE_SIZE: Vec2 = vec2(0.078, 0.128);
/// The mouth's place below the middle, and how far it moves with the gaze, in R.
const MOUTH_PLACE: (f32, f32) = (0.315, 0.014);
/// Points along each lid.
const LID_STEPS: usize = 24;
/// An eye less open than this is a line, of this width, in R.
const SHUT: (f32, f32) = (0.035, 0.036);
/// The outline that rounds an open eye, in R.
const OUTLINE: f32 = 0.016;
/// The radius of the catch light, in R.
const CATCH_LIGHT: f32 = 0.026;
/// The iris's opacity.
const IRIS: f32 = 0.55;

pub(super) fn paint(canvas: &Canvas<'_>, pose: &Pose) {
    let face = canvas.moved(face_offset(pose.gaze));
    for side in [-1.0, 1.0] {
        eye(&face, pose, side);
    }
    mouth::paint(&face.moved(vec2(MOUTH_PLACE.1 * pose.gaze.x, MOUTH_PLACE.0)), &pose.mouth);
}

/// `side`: −1 the left eye, 1 the right one.
fn eye(canvas: &Canvas<'_>, pose: &Pose, side: f32) {
    let open = pose.lid.clamp(0.0, 1.0);
    // The far eye narrows as the face turns away, and moves a little inwards.
    let narrow = 1.0 - 0.10 * (pose.gaze.x * side).max(0.0);
    let size = EYE_SIZE * pose.eye;
    let centre = vec2(side * EYE_PLACE.x * (1.0 + 0.6 * (1.0 - narrow)), EYE_PLACE.y + (1.0 - open) * size.y * 0.35);
    let upper_height = size.y * (1.35 * pose.lid.clamp(0.0, 1.05) - 0.35);
    let lower_height = size.y * (1.0 - 2.0 * pose.low) * (0.5 + 0.5 * open);
    let lid = |height: f32| -> Vec<Pos2> {
        canvas.points((0..=LID_STEPS).map(|i| {
            let (sin, cos) = (PI * i as f32 / LID_STEPS as f32).sin_cos();
            centre + vec2(-size.x * narrow * cos, height * sin)
        }))
    };
    let feature = canvas.colours.feature;
    if upper_height + lower_height < SHUT.0 {
        mesh::round_line(canvas.painter, lid(lower_height), Stroke::new(SHUT.1 * canvas.r, feature));
        return;
    }
    mesh::strip(canvas.painter, lid(-upper_height), lid(lower_height), feature, OUTLINE * canvas.r);
    // Nothing shines in a half-shut or smiling eye.
    let shine = ((pose.lid - 0.70) / 0.06).clamp(0.0, 1.0) * ((0.40 - pose.low) / 0.05).clamp(0.0, 1.0);
    if shine <= 0.0 {
        return;
    }
    if !canvas.colours.is_flat {
        let iris = centre + vec2(0.018 * pose.gaze.x * narrow, lower_height * 0.46 + 0.018 * pose.gaze.y);
        let radii = vec2(size.x * 0.55 * narrow, (lower_height * 0.34).max(0.01)) * canvas.r;
        let colour = mesh::faded(canvas.colours.iris, IRIS * shine);
        canvas.painter.add(Shape::ellipse_filled(canvas.at(iris), radii, colour));
    }
    let catch_light = centre
        + vec2((-size.x * 0.26 + 0.022 * pose.gaze.x) * narrow, -upper_height.min(size.y) * 0.42 + 0.025 * pose.gaze.y);
    canvas.painter.circle_filled(canvas.at(catch_light), CATCH_LIGHT * canvas.r, mesh::faded(Color32::WHITE, shine));
}

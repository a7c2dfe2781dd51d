//! The avatar: a lamp with a face, and the eight-fold light it casts on the back of the niche.
//!
//! In: a [`Pose`], which says everything for one instant, and the lamp's colours. Out: shapes. Lengths are in units of
//! R, the radius of the body, y down, origin in the body's centre (LOOK, "Avatar"). Never touches time or state:
//! that is [`super::motion`].

mod body;
mod face;
mod glow;
mod halo;
mod lamp;
pub mod mouth;
mod panes;

use eframe::egui::{Color32, Painter, Pos2, Rect, Vec2, pos2, vec2};
pub use halo::{LAYERS, Layer, SECTORS};
pub use lamp::LampMix;
pub use mouth::MouthShape;

use super::{
    icons::{self, Icon},
    mesh,
    tokens::LampColours,
};
use crate::event::Device;

/// How far from the centre the icon of a lost device stands, and its side, in R.
const LOST_ICON: (f32, f32) = (1.62, 0.495);

/// The avatar at one instant.
#[derive(Debug, Clone, PartialEq)]
pub struct Pose {
    /// The halo, outermost layer first.
    pub layers: [Layer; LAYERS],
    /// Where it looks: −1..1 to the right and down.
    pub gaze: Vec2,
    /// How far the eyes are open: 0 shut, 1 open.
    pub lid: f32,
    /// How far the lower lids are raised: 0 round eyes, 0.75 smiling.
    pub low: f32,
    /// The size of the eyes, 1 normal.
    pub eye: f32,
    /// The strength of the glow, 1 full.
    pub glow: f32,
    /// The size of the body, 1 normal (breathing).
    pub scale: f32,
    /// The mouth.
    pub mouth: MouthShape,
    /// Which lamp burns.
    pub lamp: LampMix,
    /// A lost device whose crossed icon stands in the halo's gap, and the icon's opacity.
    pub lost: Option<(Device, f32)>,
}

/// Paints the avatar around `centre` with a body of radius `r` (points).
pub fn paint(painter: &Painter, centre: Pos2, r: f32, pose: &Pose, colours: &LampColours) {
    let canvas = Canvas { painter, centre, r: r * pose.scale, pixel: mesh::pixel(painter), colours };
    if !colours.is_flat {
        glow::paint(&canvas, pose.glow);
    }
    for layer in &pose.layers {
        halo::paint(&canvas, layer);
    }
    body::paint(&canvas, pose.gaze);
    if !colours.is_flat {
        panes::paint(&canvas, pose.gaze);
    }
    face::paint(&canvas, pose);
    if let Some((device, opacity)) = pose.lost {
        paint_lost(&canvas, device, opacity);
    }
}

fn paint_lost(canvas: &Canvas<'_>, device: Device, opacity: f32) {
    let Some((sector, icon)) = lost_sector(device) else { return };
    let (distance, side) = LOST_ICON;
    let direction = mesh::clockwise_from_top(sector as f32 * 45_f32.to_radians());
    let rect = Rect::from_center_size(canvas.at(direction * distance), Vec2::splat(side * canvas.r));
    let colour = if canvas.colours.is_flat { Color32::WHITE } else { canvas.colours.ring };
    icons::paint(canvas.painter, icon, rect, mesh::faded(colour, opacity), false);
}

/// The sector of the halo that is missing without `device` (clockwise from the top), and the icon that stands there.
#[must_use]
pub fn lost_sector(device: Device) -> Option<(usize, Icon)> {
    match device {
        Device::Microphone => Some((1, Icon::MicrophoneOff)),
        Device::Speaker => Some((3, Icon::SpeakerOff)),
        Device::Camera => Some((7, Icon::CameraOff)),
        Device::Display | Device::Store => None,
    }
}

/// What the parts of the avatar are painted on.
struct Canvas<'a> {
    painter: &'a Painter,
    centre: Pos2,
    r: f32,
    /// A physical pixel, points.
    pixel: f32,
    colours: &'a LampColours,
}

impl Canvas<'_> {
    /// A place given in R.
    fn at(&self, offset: Vec2) -> Pos2 {
        self.centre + offset * self.r
    }

    /// Points given in R.
    fn points(&self, offsets: impl Iterator<Item = Vec2>) -> Vec<Pos2> {
        offsets.map(|offset| self.at(offset)).collect()
    }

    /// The same, with its origin moved by `offset` (in R).
    fn moved(&self, offset: Vec2) -> Self {
        Self { centre: self.at(offset), ..*self }
    }
}

/// Where the face stands when it looks at `gaze`, in R: it slides over the round body.
fn face_offset(gaze: Vec2) -> Vec2 {
    vec2(0.11 * gaze.x, 0.08 * gaze.y)
}

/// The square around the avatar at `centre` that its light stays in.
#[must_use]
pub fn bounds(centre: Pos2, r: f32) -> Rect {
    let reach = glow::REACH * r;
    Rect::from_min_max(pos2(centre.x - reach, centre.y - reach), pos2(centre.x + reach, centre.y + reach))
}

//! The mouth: two Bézier curves and a strip between them. Every shape is eight numbers, so any two can be mixed.

use std::f32::consts::PI;

use eframe::egui::{Pos2, Stroke, Vec2, vec2};

use super::Canvas;
use crate::{audio::VoiceFeatures, ui::mesh};

/// Points along each lip.
const STEPS: usize = 24;
/// A mouth less open than this (in R) is one line.
const CLOSED: f32 = 0.012;
/// The width of a lip's line when open and of the one line when closed, in R.
const LINE: (f32, f32) = (0.030, 0.046);

/// A shape of the mouth, in R: both lips are cubic Béziers from (−w, c) to (w, c).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MouthShape {
    /// w: half the width.
    pub half_width: f32,
    /// c: the height of the corners.
    pub corner: f32,
    /// (ux, uy): the upper lip's controls are (∓ux, uy).
    pub upper: [f32; 2],
    /// (lx, ly): the lower lip's controls are (∓lx, ly).
    pub lower: [f32; 2],
    /// t: how much of the opening the tongue fills from below, 0..1.
    pub tongue: f32,
    /// g: how much of the upper teeth is seen, 0..1.
    pub teeth: f32,
}

const fn shape(w: f32, c: f32, upper: [f32; 2], lower: [f32; 2], tongue: f32, teeth: f32) -> MouthShape {
    MouthShape { half_width: w, corner: c, upper, lower, tongue, teeth }
}

impl MouthShape {
    /// Silence.
    pub const REST: Self = shape(0.190, -0.020, [0.100, 0.070], [0.100, 0.070], 0.0, 0.0);
    /// m b p · م ب
    pub const MBP: Self = shape(0.165, 0.010, [0.080, 0.014], [0.080, 0.020], 0.0, 0.0);
    /// t d n s z sh k g · ت د ن س ز ش ك
    pub const TDN: Self = shape(0.175, 0.000, [0.110, -0.035], [0.110, 0.085], 0.25, 0.55);
    /// ee i y · ي, كسرة
    pub const EE: Self = shape(0.245, -0.020, [0.150, -0.045], [0.150, 0.130], 0.35, 0.60);
    /// e a · فتحة
    pub const EH: Self = shape(0.200, -0.005, [0.140, -0.075], [0.140, 0.190], 0.50, 0.35);
    /// ah · ا ع ح
    pub const AA: Self = shape(0.180, 0.010, [0.150, -0.105], [0.150, 0.300], 0.55, 0.20);
    /// o aw · ط ض ص ق خ
    pub const OH: Self = shape(0.125, 0.045, [0.125, -0.115], [0.125, 0.235], 0.25, 0.0);
    /// oo u w · و, ضمة
    pub const OO: Self = shape(0.085, 0.045, [0.085, -0.075], [0.085, 0.170], 0.0, 0.0);
    /// f v · ف
    pub const FV: Self = shape(0.175, 0.000, [0.110, -0.040], [0.110, 0.055], 0.0, 1.0);
    /// Thinking.
    pub const MUSE: Self = shape(0.130, 0.000, [0.060, 0.036], [0.060, 0.036], 0.0, 0.0);
    /// Greeting.
    pub const SMILE: Self = shape(0.235, -0.055, [0.140, 0.085], [0.140, 0.085], 0.0, 0.0);

    /// The shape on the way to `other`: 0 is this one, 1 the other.
    #[must_use]
    pub fn towards(&self, other: &Self, k: f32) -> Self {
        let mix = |a: f32, b: f32| a + (b - a) * k;
        let pair = |[a, b]: [f32; 2], [c, d]: [f32; 2]| [mix(a, c), mix(b, d)];
        Self {
            half_width: mix(self.half_width, other.half_width),
            corner: mix(self.corner, other.corner),
            upper: pair(self.upper, other.upper),
            lower: pair(self.lower, other.lower),
            tongue: mix(self.tongue, other.tongue),
            teeth: mix(self.teeth, other.teeth),
        }
    }

    /// How far it is open in the middle, in R.
    #[must_use]
    pub fn opening(&self) -> f32 {
        0.75 * (self.lower[1] - self.upper[1]).abs()
    }

    /// Whether the difference from `other` cannot be seen.
    #[must_use]
    pub fn is_near(&self, other: &Self) -> bool {
        const UNSEEN: f32 = 0.002;
        [
            self.half_width - other.half_width,
            self.corner - other.corner,
            self.upper[1] - other.upper[1],
            self.lower[1] - other.lower[1],
        ]
        .into_iter()
        .all(|difference| difference.abs() < UNSEEN)
    }

    /// The point at `t` 0..1 from the left corner to the right one on the lip with these controls.
    fn lip(&self, [x, y]: [f32; 2], t: f32) -> Vec2 {
        let u = 1.0 - t;
        let bezier =
            |a: f32, b: f32, c: f32, d: f32| u * u * u * a + 3.0 * u * u * t * b + 3.0 * u * t * t * c + t * t * t * d;
        vec2(bezier(-self.half_width, -x, x, self.half_width), bezier(self.corner, y, y, self.corner))
    }

    /// The points of the upper and the lower lip at `t`.
    fn lips(&self, t: f32) -> (Vec2, Vec2) {
        (self.lip(self.upper, t), self.lip(self.lower, t))
    }
}

fn curve(canvas: &Canvas<'_>, point: impl Fn(f32) -> Vec2) -> Vec<Pos2> {
    canvas.points((0..=STEPS).map(|i| point(i as f32 / STEPS as f32)))
}

/// Paints the mouth around the canvas's centre.
pub(super) fn paint(canvas: &Canvas<'_>, shape: &MouthShape) {
    let colours = canvas.colours;
    let upper = curve(canvas, |t| shape.lips(t).0);
    if shape.opening() < CLOSED {
        // Half-way between the lips, so that the line does not jump as they part.
        let line = curve(canvas, |t| (shape.lips(t).0 + shape.lips(t).1) / 2.0);
        mesh::round_line(canvas.painter, line, Stroke::new(LINE.1 * canvas.r, colours.feature));
        return;
    }
    let lower = curve(canvas, |t| shape.lips(t).1);
    // As it closes, the two thin lines grow into the one thick line of a closed mouth.
    let parted = ((shape.opening() - CLOSED) / CLOSED).clamp(0.0, 1.0);
    let width = LINE.1 + (LINE.0 - LINE.1) * parted;
    mesh::strip(canvas.painter, upper.clone(), lower.clone(), colours.feature, canvas.pixel);
    let between = |t: f32, k: f32| {
        let (upper, lower) = shape.lips(t);
        upper + (lower - upper) * k
    };
    if shape.tongue > 0.0 && !colours.is_flat {
        let along = |t: f32| 0.14 + 0.72 * t;
        let top = |t: f32| between(along(t), (1.0 - shape.tongue * (PI * t).sin() * 0.62).max(0.30));
        let (top, bottom) = (curve(canvas, top), curve(canvas, |t| between(along(t), 1.0)));
        mesh::strip(canvas.painter, top, bottom, colours.tongue, canvas.pixel);
    }
    if shape.teeth > 0.0 {
        let along = |t: f32| 0.10 + 0.80 * t;
        let deep = ((0.045 + 0.03 * shape.teeth) / shape.opening()).min(0.62) * shape.teeth;
        let bottom = |t: f32| between(along(t), deep * (3.0 * (PI * t).sin()).clamp(0.0, 1.0));
        let (top, bottom) = (curve(canvas, |t| between(along(t), 0.0)), curve(canvas, bottom));
        mesh::strip(canvas.painter, top, bottom, colours.teeth, canvas.pixel);
    }
    for lip in [upper, lower] {
        mesh::round_line(canvas.painter, lip, Stroke::new(width * canvas.r, colours.feature));
    }
}

/// Where vowels lie in (jaw, spread), and how fast their weight falls with the squared distance.
const VOWELS: [([f32; 2], MouthShape); 3] =
    [([0.0, 1.0], MouthShape::EE), ([0.2, -0.15], MouthShape::OO), ([1.0, 0.15], MouthShape::EH)];
const OPEN_VOWEL: [f32; 2] = [1.0, -0.45];
const WEIGHT_WIDTH: f32 = 0.06;
/// From here on a sound is a hiss; from the second on a strong one.
const HISS: (f32, f32) = (0.3, 0.6);
/// A strong hiss that is louder than this is made with the tongue, a weaker one with the lips.
const HISS_LOUDNESS: f32 = 0.5;
/// Below this loudness nothing is said, and after this time of it the mouth rests.
const QUIET: f32 = 0.1;
const REST_AFTER_SECS: f32 = 0.250;
/// Time constants of opening and closing, seconds.
const OPENING_SECS: f32 = 0.035;
const CLOSING_SECS: f32 = 0.055;

/// Moves the mouth by the sound that is being played (LOOK, "From sound to mouth").
#[derive(Debug, Clone)]
pub struct MouthDriver {
    shape: MouthShape,
    quiet_secs: f32,
}

impl MouthDriver {
    /// Begins with the mouth as it is.
    #[must_use]
    pub fn new(shape: MouthShape) -> Self {
        Self { shape, quiet_secs: 0.0 }
    }

    /// The shape `dt_secs` later, `voice` being the sound of now.
    pub fn advance(&mut self, dt_secs: f32, voice: &VoiceFeatures) -> MouthShape {
        self.quiet_secs = if voice.loudness < QUIET { self.quiet_secs + dt_secs } else { 0.0 };
        let target = if self.quiet_secs >= REST_AFTER_SECS { MouthShape::REST } else { spoken(voice) };
        let tau = if target.opening() > self.shape.opening() { OPENING_SECS } else { CLOSING_SECS };
        self.shape = self.shape.towards(&target, 1.0 - (-dt_secs / tau).exp());
        self.shape
    }
}

/// The shape of a mouth that makes this sound.
#[must_use]
pub fn spoken(voice: &VoiceFeatures) -> MouthShape {
    if voice.loudness < QUIET {
        return MouthShape::MBP;
    }
    let sound = if voice.hiss >= HISS.1 || (voice.hiss >= HISS.0 && voice.loudness >= HISS_LOUDNESS) {
        MouthShape::TDN
    } else if voice.hiss >= HISS.0 {
        MouthShape::FV
    } else {
        vowel(voice)
    };
    MouthShape::MBP.towards(&sound, voice.loudness.clamp(0.0, 1.0).powf(0.7))
}

/// The vowels' shapes, mixed by their nearness.
fn vowel(voice: &VoiceFeatures) -> MouthShape {
    let open = if voice.open_vowel > 0.0 { MouthShape::AA } else { MouthShape::OH };
    let mut mixed = open;
    let mut sum = 0.0;
    for ([jaw, spread], shape) in VOWELS.into_iter().chain([(OPEN_VOWEL, open)]) {
        let distance_sq = (voice.jaw - jaw).powi(2) + (voice.spread - spread).powi(2);
        // Never quite nothing, so that a sound far from all vowels has a shape as well.
        let weight = (-distance_sq / WEIGHT_WIDTH).exp().max(1e-9);
        sum += weight;
        mixed = mixed.towards(&shape, weight / sum);
    }
    mixed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn voice(loudness: f32, jaw: f32, spread: f32, open_vowel: f32, hiss: f32) -> VoiceFeatures {
        VoiceFeatures { loudness, jaw, spread, open_vowel, hiss }
    }

    /// As the eye sees it: as wide and as open.
    fn is_alike(a: &MouthShape, b: &MouthShape) -> bool {
        (a.half_width - b.half_width).abs() < 0.02 && (a.opening() - b.opening()).abs() < 0.03
    }

    #[test]
    fn each_vowel_has_its_own_shape() {
        assert!(is_alike(&spoken(&voice(1.0, 0.0, 1.0, 0.0, 0.0)), &MouthShape::EE));
        assert!(is_alike(&spoken(&voice(1.0, 0.2, -0.15, 0.0, 0.0)), &MouthShape::OO));
        assert!(is_alike(&spoken(&voice(1.0, 1.0, 0.15, 0.0, 0.0)), &MouthShape::EH));
        assert!(is_alike(&spoken(&voice(1.0, 1.0, -0.45, 0.2, 0.0)), &MouthShape::AA));
        assert!(is_alike(&spoken(&voice(1.0, 1.0, -0.45, -0.2, 0.0)), &MouthShape::OH));
    }

    #[test]
    fn hisses_show_the_teeth_and_silence_shuts_the_lips() {
        assert!(spoken(&voice(1.0, 0.5, 0.0, 0.0, 0.7)).is_near(&MouthShape::TDN));
        assert!(spoken(&voice(0.4, 0.5, 0.0, 0.0, 0.4)).teeth > 0.4);
        assert_eq!(spoken(&voice(0.05, 1.0, 0.0, 1.0, 0.0)), MouthShape::MBP);
    }

    #[test]
    fn the_mouth_opens_within_a_tenth_of_a_second_and_rests_after_a_quarter_of_silence() {
        let mut driver = MouthDriver::new(MouthShape::REST);
        let loud = voice(1.0, 1.0, -0.45, 0.2, 0.0);
        let mut shape = MouthShape::REST;
        for _ in 0..10 {
            shape = driver.advance(0.010, &loud);
        }
        assert!(shape.opening() > 0.9 * MouthShape::AA.opening());
        for _ in 0..24 {
            shape = driver.advance(0.010, &VoiceFeatures::default());
        }
        assert!(is_alike(&shape, &MouthShape::MBP));
        for _ in 0..40 {
            shape = driver.advance(0.010, &VoiceFeatures::default());
        }
        assert!((shape.half_width - MouthShape::REST.half_width).abs() < 0.002);
    }

    #[test]
    fn every_sound_gives_a_mouth_that_stays_in_the_face() {
        for step in 0..500_u16 {
            let at = |k: f32| (f32::from(step) * k).fract();
            let sound = voice(at(0.37), at(0.61), 2.0 * at(0.29) - 1.0, at(0.17) - 0.5, at(0.83));
            let shape = spoken(&sound);
            assert!((0.05..0.26).contains(&shape.half_width) && (0.0..0.35).contains(&shape.opening()), "{sound:?}");
        }
    }
}

//! Whether a mouth moves: the patch around it is compared from picture to picture.
//!
//! Moving heads must not look like talking: the patch is cut in the face's own frame (turned and scaled by the eyes,
//! placed by the corners of the mouth), made independent of light, and laid over the one before where it fits best, so
//! that what remains is a change of shape.

use std::time::Duration;

use image::RgbImage;

use super::Face;

/// The patch, samples: one and a half mouths wide, from under the nose to the chin.
const COLUMNS: usize = 24;
const ROWS: usize = 20;
/// Its size in distances between the eyes.
const WIDTH: f32 = 1.0;
const HEIGHT: f32 = 0.8;

/// How far the patches are shifted against each other, samples: the landmarks tremble by a pixel or two.
const SHIFT: usize = 2;

/// The mean difference of normalised patches that is the landmarks' trembling and the sensor's noise, and the one of a
/// mouth that opens and closes (the unit is the standard deviation of the patch's brightness).
const STILL: f32 = 0.20;
const TALKING: f32 = 0.55;

/// A mouth that moved still counts in part after this time: talking has pauses, and five pictures a second miss some.
const FADES_IN: Duration = Duration::from_millis(500);

/// Pictures further apart than this are not compared.
const COMPARED_WITHIN: Duration = Duration::from_millis(700);

/// A smaller face shows no mouth, distance of the eyes in pixels.
const EYES_APART_PX: f32 = 14.0;

/// What is said of a mouth that cannot be seen: neither still nor talking.
pub(super) const UNSEEN: f32 = 0.5;

type Patch = [[f32; COLUMNS]; ROWS];

/// Watches one mouth.
#[derive(Debug, Clone, Default)]
pub(super) struct Mouth {
    last: Option<(Duration, Box<Patch>)>,
    motion: f32,
    motion_at: Duration,
}

impl Mouth {
    /// Takes the face of a picture taken at `at`. Gives how much the mouth has moved of late, 0 (still) to 1 (talks),
    /// and [`UNSEEN`] where it cannot be seen.
    pub(super) fn look(&mut self, at: Duration, picture: &RgbImage, face: &Face) -> f32 {
        let Some(patch) = cut(picture, &face.landmarks) else {
            self.last = None;
            return UNSEEN;
        };
        let before = self.last.take().filter(|(then, _)| at.saturating_sub(*then) <= COMPARED_WITHIN);
        let moved = before.as_ref().map(|(_, before)| {
            let difference = difference(before, &patch);
            ((difference - STILL) / (TALKING - STILL)).clamp(0.0, 1.0)
        });
        self.last = Some((at, Box::new(patch)));
        let faded = self.motion_now(at);
        let Some(moved) = moved else { return if faded > 0.0 { faded } else { UNSEEN } };
        self.motion = moved.max(faded);
        self.motion_at = at;
        self.motion
    }

    /// The mouth is out of sight.
    pub(super) fn lose(&mut self) {
        self.last = None;
    }

    fn motion_now(&self, at: Duration) -> f32 {
        let ago = at.saturating_sub(self.motion_at).as_secs_f32() / FADES_IN.as_secs_f32();
        // Below a twentieth it is over.
        Some(self.motion * (-ago).exp()).filter(|motion| *motion > 0.05).unwrap_or(0.0)
    }
}

/// The patch with mean 0 and standard deviation 1; `None`: too small, outside the picture, or without contrast.
fn cut(picture: &RgbImage, landmarks: &[[f32; 2]; 5]) -> Option<Patch> {
    let [right_eye, left_eye, _, right_corner, left_corner] = *landmarks;
    let across = [left_eye[0] - right_eye[0], left_eye[1] - right_eye[1]];
    let apart = across[0].hypot(across[1]);
    if !apart.is_finite() || apart < EYES_APART_PX {
        return None;
    }
    let down = [-across[1], across[0]];
    let middle = [(right_corner[0] + left_corner[0]) / 2.0, (right_corner[1] + left_corner[1]) / 2.0];
    let mut patch = [[0.0; COLUMNS]; ROWS];
    for (row, line) in patch.iter_mut().enumerate() {
        let v = (row as f32 / (ROWS - 1) as f32 - 0.4) * HEIGHT;
        for (column, value) in line.iter_mut().enumerate() {
            let u = (column as f32 / (COLUMNS - 1) as f32 - 0.5) * WIDTH;
            *value =
                luminance(picture, middle[0] + u * across[0] + v * down[0], middle[1] + u * across[1] + v * down[1])?;
        }
    }
    normalise(&mut patch).then_some(patch)
}

/// The luminance between pixels, 0..255; `None` outside the picture.
fn luminance(picture: &RgbImage, x: f32, y: f32) -> Option<f32> {
    if !(0.0..picture.width() as f32 - 1.0).contains(&x) || !(0.0..picture.height() as f32 - 1.0).contains(&y) {
        return None;
    }
    let (left, top) = (x as u32, y as u32);
    let (fx, fy) = (x - left as f32, y - top as f32);
    let at = |x: u32, y: u32| {
        let [red, green, blue] = picture.get_pixel_checked(x, y)?.0.map(f32::from);
        Some(0.299 * red + 0.587 * green + 0.114 * blue)
    };
    let upper = at(left, top)? * (1.0 - fx) + at(left + 1, top)? * fx;
    let lower = at(left, top + 1)? * (1.0 - fx) + at(left + 1, top + 1)? * fx;
    Some(upper * (1.0 - fy) + lower * fy)
}

/// Makes the patch independent of the light. `false`: it shows nothing.
fn normalise(patch: &mut Patch) -> bool {
    let count = (COLUMNS * ROWS) as f32;
    let mean = patch.iter().flatten().sum::<f32>() / count;
    let variance = patch.iter().flatten().map(|value| (value - mean).powi(2)).sum::<f32>() / count;
    let deviation = variance.sqrt();
    // Two steps of 255: a uniform patch in which only noise is left.
    if deviation < 2.0 {
        return false;
    }
    for value in patch.iter_mut().flatten() {
        *value = (*value - mean) / deviation;
    }
    true
}

/// The mean absolute difference of two patches where they fit best.
fn difference(before: &Patch, now: &Patch) -> f32 {
    let mut least = f32::INFINITY;
    for down in 0..=2 * SHIFT {
        for right in 0..=2 * SHIFT {
            let mut sum = 0.0;
            let inner = now.iter().skip(SHIFT).take(ROWS - 2 * SHIFT);
            for (line, other) in inner.zip(before.iter().skip(down)) {
                let inner = line.iter().skip(SHIFT).take(COLUMNS - 2 * SHIFT);
                sum += inner.zip(other.iter().skip(right)).map(|(a, b)| (a - b).abs()).sum::<f32>();
            }
            least = least.min(sum);
        }
    }
    least / ((ROWS - 2 * SHIFT) * (COLUMNS - 2 * SHIFT)) as f32
}

#[cfg(test)]
mod tests {
    use image::Rgb;

    use super::*;
    use crate::vision::Bounds;

    /// A painted face: skin with some shading, dark eyes, and a mouth that is open so far (0..1).
    fn painted(centre: [f32; 2], eyes_apart: f32, open: f32, light: f32) -> (RgbImage, Face) {
        let at = |x: f32, y: f32| [centre[0] + x * eyes_apart, centre[1] + y * eyes_apart];
        let landmarks = [at(-0.5, 0.0), at(0.5, 0.0), at(0.0, 0.6), at(-0.4, 1.15), at(0.4, 1.15)];
        let picture = RgbImage::from_fn(320, 320, |x, y| {
            let (u, v) = ((x as f32 - centre[0]) / eyes_apart, (y as f32 - centre[1]) / eyes_apart);
            let lips = (u / 0.45).powi(2) + ((v - 1.15) / 0.14).powi(2) < 1.0;
            let gap = (u / 0.36).powi(2) + ((v - 1.15) / (0.02 + 0.28 * open)).powi(2) < 1.0;
            let shade = 150.0 + 30.0 * (3.0 * u).sin() + 20.0 * (5.0 * v).cos();
            let value = if gap {
                30.0
            } else if lips {
                95.0
            } else {
                shade
            };
            Rgb([(value * light) as u8; 3])
        });
        let side = 2.2 * eyes_apart;
        let bounds = Bounds { x: centre[0] - side / 2.0, y: centre[1] - side / 2.0, width: side, height: side };
        (picture, Face { bounds, score: 0.9, landmarks })
    }

    fn motion(faces: impl IntoIterator<Item = (RgbImage, Face)>) -> f32 {
        let mut mouth = Mouth::default();
        let looks = faces.into_iter().zip(0..);
        looks
            .map(|((picture, face), n)| mouth.look(Duration::from_millis(200 * n), &picture, &face))
            .last()
            .unwrap_or(0.0)
    }

    #[test]
    fn a_mouth_that_opens_and_closes_talks() {
        let talking = [0.0, 0.7, 0.2, 0.9, 0.1].map(|open| painted([160.0, 120.0], 50.0, open, 1.0));
        assert!(motion(talking) > 0.6);
    }

    #[test]
    fn a_still_mouth_in_a_head_that_moves_nears_and_changes_its_light_does_not() {
        let moving = (0..6_u8)
            .map(f32::from)
            .map(|n| painted([140.0 + 7.3 * n, 110.0 + 3.1 * n], 45.0 + 1.7 * n, 0.0, 1.0 - 0.05 * n));
        assert!(motion(moving) < 0.2);
    }

    #[test]
    fn trembling_landmarks_are_no_talk() {
        let trembling = (0..6_u8).map(|n| {
            let (picture, mut face) = painted([160.0, 120.0], 50.0, 0.0, 1.0);
            for (index, [x, y]) in face.landmarks.iter_mut().enumerate() {
                *x += if (usize::from(n) + index).is_multiple_of(2) { 0.8 } else { -0.8 };
                *y += if (usize::from(n) + index).is_multiple_of(3) { 0.8 } else { -0.4 };
            }
            (picture, face)
        });
        assert!(motion(trembling) < 0.3);
    }

    #[test]
    fn a_mouth_that_cannot_be_seen_is_neither_still_nor_talking() {
        let mut mouth = Mouth::default();
        let (picture, face) = painted([310.0, 310.0], 50.0, 0.0, 1.0);
        assert!((mouth.look(Duration::ZERO, &picture, &face) - UNSEEN).abs() < f32::EPSILON);
        let (picture, far) = painted([160.0, 120.0], 8.0, 0.0, 1.0);
        assert!((mouth.look(Duration::from_secs(1), &picture, &far) - UNSEEN).abs() < f32::EPSILON);
    }

    #[test]
    fn talking_is_remembered_for_a_moment_and_then_over() {
        let mut mouth = Mouth::default();
        let mut look = |ms, open| {
            let (picture, face) = painted([160.0, 120.0], 50.0, open, 1.0);
            mouth.look(Duration::from_millis(ms), &picture, &face)
        };
        look(0, 0.0);
        assert!(look(200, 0.9) > 0.6);
        assert!(look(400, 0.9) > 0.3);
        for ms in [600, 800, 1_000, 1_200, 1_400, 1_600, 1_800] {
            look(ms, 0.9);
        }
        assert!(look(2_000, 0.9) < 0.1);
    }
}

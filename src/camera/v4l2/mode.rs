//! The modes of a camera and the choice among them.

use std::{cmp::Ordering, collections::BTreeMap};

use crate::config::{self, CameraFormat};

/// A format that can be decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ModeFormat {
    /// Uncompressed, 4:2:2.
    Yuyv,
    /// One JPEG a picture.
    Mjpeg,
}

impl ModeFormat {
    pub(super) const ALL: [Self; 2] = [Self::Yuyv, Self::Mjpeg];

    /// As V4L2 names it.
    #[must_use]
    pub fn four_cc(self) -> &'static [u8; 4] {
        match self {
            Self::Yuyv => b"YUYV",
            Self::Mjpeg => b"MJPG",
        }
    }

    fn is_allowed(self, wanted: CameraFormat) -> bool {
        match wanted {
            CameraFormat::Auto => true,
            CameraFormat::Mjpeg => self == Self::Mjpeg,
            CameraFormat::Yuyv => self == Self::Yuyv,
        }
    }
}

impl std::fmt::Display for ModeFormat {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Yuyv => "YUYV",
            Self::Mjpeg => "MJPEG",
        })
    }
}

/// A way in which a camera can deliver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mode {
    /// Its format.
    pub format: ModeFormat,
    /// Width, pixels.
    pub width_px: u32,
    /// Height, pixels.
    pub height_px: u32,
    /// Time between two pictures as a fraction of a second, numerator and denominator: 1001/30000 is 29.97 a second.
    /// `None`: the driver does not say.
    pub interval: Option<[u32; 2]>,
}

impl Mode {
    /// Pictures a second; `None`: the driver does not say.
    #[must_use]
    pub fn frames_per_second(&self) -> Option<f64> {
        match self.interval {
            Some([numerator, denominator]) if numerator > 0 && denominator > 0 => {
                Some(f64::from(denominator) / f64::from(numerator))
            }
            _ => None,
        }
    }
}

impl std::fmt::Display for Mode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}×{} {}", self.width_px, self.height_px, self.format)?;
        match self.frames_per_second() {
            Some(rate) => write!(f, ", {} fps", rounded(rate)),
            None => Ok(()),
        }
    }
}

/// To two digits: 29.97.
fn rounded(rate: f64) -> f64 {
    (rate * 100.0).round() / 100.0
}

/// One line a format: its sizes, each with its highest rate.
pub(super) fn table(modes: &[Mode]) -> String {
    let mut text = String::new();
    for format in ModeFormat::ALL {
        let mut fastest: BTreeMap<[u32; 2], Option<f64>> = BTreeMap::new();
        for mode in modes.iter().filter(|mode| mode.format == format) {
            let rate = fastest.entry([mode.width_px, mode.height_px]).or_default();
            let own = mode.frames_per_second();
            if own.unwrap_or(0.0) > rate.unwrap_or(0.0) {
                *rate = own;
            }
        }
        let sizes: Vec<String> = fastest
            .iter()
            .map(|([width, height], rate)| match rate {
                Some(rate) => format!("{width}×{height} at {}", rounded(*rate)),
                None => format!("{width}×{height}"),
            })
            .collect();
        if !sizes.is_empty() {
            text.push_str(&format!("      {format}: {}\n", sizes.join(", ")));
        }
    }
    text
}

/// The mode that suits the configuration best; `None`: none is allowed.
///
/// Fast enough goes first, then the nearest size, then uncompressed (no artefacts, no decoding), then the slowest rate
/// that is fast enough: between pictures that come more slowly a camera can expose for longer, which a hall's light needs.
pub(super) fn choose(modes: &[Mode], config: &config::Camera) -> Option<Mode> {
    let allowed = modes.iter().filter(|mode| mode.format.is_allowed(config.format));
    allowed.min_by(|a, b| compare(a, b, config)).copied()
}

fn compare(a: &Mode, b: &Mode, config: &config::Camera) -> Ordering {
    let wanted = f64::from(config.frames_per_second);
    // 29.97 is 30 for whoever asks for 30; a driver that does not say is believed.
    let rate = |mode: &Mode| mode.frames_per_second().unwrap_or(wanted);
    let is_slow = |mode: &Mode| rate(mode) < wanted * 0.99;
    let by_rate = || {
        let order = rate(a).total_cmp(&rate(b));
        if is_slow(a) { order.reverse() } else { order }
    };
    is_slow(a)
        .cmp(&is_slow(b))
        .then_with(|| distance(a, config).total_cmp(&distance(b, config)))
        .then_with(|| a.format.cmp(&b.format))
        .then_with(by_rate)
}

/// How far a size is from the wanted one: twice as wide is as far as half as wide.
fn distance(mode: &Mode, config: &config::Camera) -> f64 {
    let ratio = |found: u32, wanted: u32| (f64::from(found.max(1)) / f64::from(wanted.max(1))).ln().abs();
    ratio(mode.width_px, config.width_px) + ratio(mode.height_px, config.height_px)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn mode(format: ModeFormat, width_px: u32, height_px: u32, interval: [u32; 2]) -> Mode {
        Mode { format, width_px, height_px, interval: Some(interval) }
    }

    /// A usual webcam: uncompressed 720p only at 10 a second.
    fn webcam() -> Vec<Mode> {
        use ModeFormat::{Mjpeg, Yuyv};
        vec![
            mode(Yuyv, 640, 480, [1, 30]),
            mode(Yuyv, 640, 480, [1, 15]),
            mode(Yuyv, 1280, 720, [1, 10]),
            mode(Mjpeg, 640, 480, [1, 30]),
            mode(Mjpeg, 1280, 720, [1, 60]),
            mode(Mjpeg, 1280, 720, [1001, 30000]),
            mode(Mjpeg, 3840, 2160, [1, 30]),
        ]
    }

    fn chosen(change: impl FnOnce(&mut config::Camera)) -> String {
        let mut config = config::Camera::default();
        change(&mut config);
        choose(&webcam(), &config).unwrap().to_string()
    }

    #[test]
    fn uncompressed_pictures_are_taken_where_they_come_fast_enough() {
        assert_eq!(chosen(|_| {}), "1280×720 MJPEG, 29.97 fps");
        assert_eq!(chosen(|config| config.frames_per_second = 10), "1280×720 YUYV, 10 fps");
        assert_eq!(chosen(|config| (config.width_px, config.height_px) = (640, 480)), "640×480 YUYV, 15 fps");
    }

    #[test]
    fn an_odd_rate_is_as_good_as_the_whole_number_beside_it() {
        assert_eq!(chosen(|config| config.frames_per_second = 30), "1280×720 MJPEG, 29.97 fps");
        assert_eq!(chosen(|config| config.frames_per_second = 31), "1280×720 MJPEG, 60 fps");
    }

    #[test]
    fn the_format_that_staff_name_is_the_only_one() {
        assert_eq!(chosen(|config| config.format = CameraFormat::Yuyv), "640×480 YUYV, 15 fps");
        assert_eq!(choose(&webcam()[..3], &config::Camera { format: CameraFormat::Mjpeg, ..Default::default() }), None);
    }

    #[test]
    fn a_4k_stream_is_taken_only_where_it_is_wanted_or_there_is_no_other() {
        assert_eq!(chosen(|config| (config.width_px, config.height_px) = (3840, 2160)), "3840×2160 MJPEG, 30 fps");
        let only = choose(&webcam()[6..], &config::Camera::default()).unwrap();
        assert_eq!(only.to_string(), "3840×2160 MJPEG, 30 fps");
    }

    #[test]
    fn a_camera_that_is_always_too_slow_gives_its_fastest() {
        let slow = [mode(ModeFormat::Yuyv, 1280, 720, [1, 5]), mode(ModeFormat::Yuyv, 1280, 720, [1, 10])];
        assert_eq!(choose(&slow, &config::Camera::default()).unwrap().interval, Some([1, 10]));
    }
}

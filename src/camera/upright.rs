//! From a picture as the camera gives it to one as the program wants it: small enough, upright, not mirrored.

use image::{RgbImage, imageops};

use crate::config;

/// What is done to every picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Upright {
    longest_px: u32,
    rotation_deg: u32,
    is_mirrored: bool,
}

impl Upright {
    pub(super) fn new(config: &config::Camera) -> Self {
        Self {
            longest_px: config.width_px.max(config.height_px),
            rotation_deg: config.rotation_deg,
            is_mirrored: config.mirrored,
        }
    }

    /// The longest side that a picture may have, pixels.
    pub(super) fn longest_px(&self) -> u32 {
        self.longest_px
    }

    pub(super) fn apply(&self, picture: RgbImage) -> RgbImage {
        let mut picture = shrink(picture, self.longest_px);
        // The mirror is in the camera's own picture, so it is undone before the picture is turned.
        if self.is_mirrored {
            imageops::flip_horizontal_in_place(&mut picture);
        }
        match self.rotation_deg {
            90 => imageops::rotate90(&picture),
            180 => {
                imageops::rotate180_in_place(&mut picture);
                picture
            }
            270 => imageops::rotate270(&picture),
            _ => picture,
        }
    }
}

/// The picture with its longest side at most `longest_px`; smaller ones stay as they are.
pub(crate) fn shrink(picture: RgbImage, longest_px: u32) -> RgbImage {
    let (width, height) = picture.dimensions();
    let longest = width.max(height);
    if longest <= longest_px {
        return picture;
    }
    let scaled = |side: u32| {
        let scaled = (f64::from(side) * f64::from(longest_px) / f64::from(longest)).round() as u32;
        scaled.max(1)
    };
    imageops::thumbnail(&picture, scaled(width), scaled(height))
}

#[cfg(test)]
mod tests {
    use image::Rgb;

    use super::*;

    const RED: Rgb<u8> = Rgb([255, 0, 0]);

    /// 4 × 2 with a red upper left corner.
    fn picture() -> RgbImage {
        let mut picture = RgbImage::new(4, 2);
        picture.put_pixel(0, 0, RED);
        picture
    }

    fn red_at(rotation_deg: u32, is_mirrored: bool) -> ((u32, u32), Option<(u32, u32)>) {
        let turned = Upright { longest_px: 1280, rotation_deg, is_mirrored }.apply(picture());
        let place = turned.enumerate_pixels().find(|(_, _, pixel)| **pixel == RED).map(|(x, y, _)| (x, y));
        (turned.dimensions(), place)
    }

    #[test]
    fn a_picture_is_turned_clockwise() {
        assert_eq!(red_at(0, false), ((4, 2), Some((0, 0))));
        assert_eq!(red_at(90, false), ((2, 4), Some((1, 0))));
        assert_eq!(red_at(180, false), ((4, 2), Some((3, 1))));
        assert_eq!(red_at(270, false), ((2, 4), Some((0, 3))));
    }

    #[test]
    fn a_mirrors_picture_is_turned_back_before_it_is_turned_upright() {
        assert_eq!(red_at(0, true), ((4, 2), Some((3, 0))));
        assert_eq!(red_at(90, true), ((2, 4), Some((1, 3))));
    }

    #[test]
    fn a_picture_of_a_4k_camera_is_kept_small_with_its_proportions() {
        let upright = Upright::new(&config::Camera::default());
        assert_eq!(upright.apply(RgbImage::new(3840, 2160)).dimensions(), (1280, 720));
        assert_eq!(upright.apply(RgbImage::new(1000, 4000)).dimensions(), (320, 1280));
        assert_eq!(upright.apply(RgbImage::new(640, 480)).dimensions(), (640, 480));
    }
}

//! Pictures resized and warped by OpenCV, and the similarity transforms that say how.

use std::sync::Once;

use image::RgbImage;
use opencv::{
    boxed_ref::BoxedRef,
    core::{self, LogLevel, Mat, MatTraitConstManual as _, Point, Scalar, Size, Vec3b},
    imgproc,
};

/// Below this scale a bilinear warp skips pixels, so the picture is first made smaller by averaging.
const SMALLEST_DIRECT_SCALE: f64 = 0.5;

/// OpenCV keeps to the calling thread and writes nothing by itself.
pub(super) fn calm_opencv() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // Neither can fail in a way that matters: it would only be slower, or louder.
        let _ = core::set_num_threads(1);
        let _ = core::set_log_level(LogLevel::LOG_LEVEL_SILENT);
    });
}

/// A turn, a scale and a shift: `(x, y)` → `(a·x − b·y + shift₀, b·x + a·y + shift₁)`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Similarity {
    /// Scale times the cosine of the angle.
    pub(super) a: f64,
    /// Scale times its sine.
    pub(super) b: f64,
    /// The shift, pixels.
    pub(super) shift: [f64; 2],
}

impl Similarity {
    /// The one that moves `from` to `to`, scaling by `scale` and turning by `angle_rad` (clockwise in a picture).
    pub(super) fn about(from: [f32; 2], to: [f64; 2], scale: f64, angle_rad: f64) -> Self {
        let (a, b) = (scale * angle_rad.cos(), scale * angle_rad.sin());
        let [x, y] = from.map(f64::from);
        Self { a, b, shift: [to[0] - a * x + b * y, to[1] - b * x - a * y] }
    }

    /// How much larger it makes things.
    pub(super) fn scale(&self) -> f64 {
        self.a.hypot(self.b)
    }

    /// Where a point goes.
    pub(super) fn apply(&self, point: [f32; 2]) -> [f32; 2] {
        let [x, y] = point.map(f64::from);
        [(self.a * x - self.b * y + self.shift[0]) as f32, (self.b * x + self.a * y + self.shift[1]) as f32]
    }

    /// The way back; of one that shrinks everything to a point, nothing sensible.
    pub(super) fn inverse(&self) -> Self {
        let size = self.a * self.a + self.b * self.b;
        let (a, b) = (self.a / size, -self.b / size);
        let [x, y] = self.shift;
        Self { a, b, shift: [-(a * x - b * y), -(b * x + a * y)] }
    }

    fn is_finite(&self) -> bool {
        [self.a, self.b, self.shift[0], self.shift[1]].iter().all(|number| number.is_finite())
    }
}

/// `picture` in another size: averaged where it gets smaller, bilinear where larger.
pub(super) fn resize(picture: &RgbImage, width: u32, height: u32) -> opencv::Result<RgbImage> {
    let smaller = width < picture.width() && height < picture.height();
    resize_by(picture, width, height, if smaller { imgproc::INTER_AREA } else { imgproc::INTER_LINEAR })
}

/// `picture` in another size, bilinear: pixels are skipped where it gets much smaller.
pub(super) fn resize_bilinear(picture: &RgbImage, width: u32, height: u32) -> opencv::Result<RgbImage> {
    resize_by(picture, width, height, imgproc::INTER_LINEAR)
}

fn resize_by(picture: &RgbImage, width: u32, height: u32, how: i32) -> opencv::Result<RgbImage> {
    let source = matrix(picture)?;
    let mut resized = RgbImage::new(width, height);
    {
        let mut target = Mat::new_rows_cols_with_bytes_mut::<Vec3b>(side(height)?, side(width)?, &mut resized)?;
        imgproc::resize(&source, &mut target, Size::new(side(width)?, side(height)?), 0.0, 0.0, how)?;
    }
    Ok(resized)
}

/// What `transform` makes of `picture`, `width` × `height` pixels, bilinear, black beyond its edges.
pub(super) fn warp(picture: &RgbImage, transform: &Similarity, width: u32, height: u32) -> opencv::Result<RgbImage> {
    if !transform.is_finite() {
        return Err(opencv::Error::new(core::StsBadArg, "the transform has no finite numbers"));
    }
    if transform.scale() < SMALLEST_DIRECT_SCALE
        && let Some((part, transform)) = shrink(picture, transform, width, height)?
    {
        return warp_directly(&part, &transform, width, height);
    }
    warp_directly(picture, transform, width, height)
}

fn warp_directly(picture: &RgbImage, transform: &Similarity, width: u32, height: u32) -> opencv::Result<RgbImage> {
    let source = matrix(picture)?;
    let Similarity { a, b, shift } = *transform;
    let matrix = Mat::from_slice_2d(&[[a, -b, shift[0]], [b, a, shift[1]]])?;
    let mut warped = RgbImage::new(width, height);
    {
        let mut target = Mat::new_rows_cols_with_bytes_mut::<Vec3b>(side(height)?, side(width)?, &mut warped)?;
        imgproc::warp_affine(
            &source,
            &mut target,
            &matrix,
            Size::new(side(width)?, side(height)?),
            imgproc::INTER_LINEAR,
            core::BORDER_CONSTANT,
            Scalar::default(),
        )?;
    }
    Ok(warped)
}

/// The part of `picture` that the warp needs, made smaller by averaging so that the warp of it keeps the size; with the
/// transform that remains. `None`: nothing of the picture is needed, or it is too small to be made smaller.
fn shrink(
    picture: &RgbImage,
    transform: &Similarity,
    width: u32,
    height: u32,
) -> opencv::Result<Option<(RgbImage, Similarity)>> {
    let back = transform.inverse();
    let corners = [[0.0, 0.0], [width as f32, 0.0], [0.0, height as f32], [width as f32, height as f32]]
        .map(|corner| back.apply(corner));
    let range = |axis: usize, limit: u32| {
        let at = corners.map(|corner| corner.get(axis).copied().unwrap_or_default());
        let low = at.iter().copied().fold(f32::INFINITY, f32::min).floor() - 2.0;
        let high = at.iter().copied().fold(f32::NEG_INFINITY, f32::max).ceil() + 2.0;
        (low.clamp(0.0, limit as f32) as u32, high.clamp(0.0, limit as f32) as u32)
    };
    let ((left, right), (top, bottom)) = (range(0, picture.width()), range(1, picture.height()));
    let scale = transform.scale();
    let smaller = |length: u32| (f64::from(length) * scale).round() as u32;
    let (new_width, new_height) = (smaller(right - left), smaller(bottom - top));
    if new_width < 2 || new_height < 2 {
        return Ok(None);
    }
    let part = image::imageops::crop_imm(picture, left, top, right - left, bottom - top).to_image();
    let part = resize(&part, new_width, new_height)?;
    // Pixel centres: x = (x' + 0.5) / k − 0.5 + left. The two sides' factors differ by less than a pixel's share.
    let k = f64::from(new_width) / f64::from(right - left);
    let at = |length: u32| f64::from(length) + 0.5 / k - 0.5;
    let (x, y) = (at(left), at(top));
    let remaining = Similarity {
        a: transform.a / k,
        b: transform.b / k,
        shift: [
            transform.a * x - transform.b * y + transform.shift[0],
            transform.b * x + transform.a * y + transform.shift[1],
        ],
    };
    Ok(Some((part, remaining)))
}

/// How much the luminance of `picture` bends from pixel to pixel, in parts of how much it varies at all: the variance of
/// its second difference by its own variance, along the rows or down the columns, where it is less: a moving face is
/// blurred in one direction only. 0 of an even picture.
pub(super) fn fine_contrast(picture: &RgbImage) -> opencv::Result<f64> {
    let source = matrix(picture)?;
    let mut grey = Mat::default();
    imgproc::cvt_color(&source, &mut grey, imgproc::COLOR_RGB2GRAY, 0)?;
    let bend = |kernel: &Mat| -> opencv::Result<f64> {
        let mut bent = Mat::default();
        imgproc::filter_2d(&grey, &mut bent, core::CV_16S, kernel, Point::new(-1, -1), 0.0, core::BORDER_REPLICATE)?;
        Ok(variance(bent.data_typed::<i16>()?.iter().map(|value| f64::from(*value))))
    };
    let across = bend(&Mat::from_slice_2d(&[[1.0_f32, -2.0, 1.0]])?)?;
    let down = bend(&Mat::from_slice_2d(&[[1.0_f32], [-2.0], [1.0]])?)?;
    let of_all = variance(grey.data_typed::<u8>()?.iter().map(|value| f64::from(*value)));
    Ok(across.min(down) / of_all.max(1.0))
}

fn variance(values: impl ExactSizeIterator<Item = f64> + Clone) -> f64 {
    let count = values.len().max(1) as f64;
    let mean = values.clone().sum::<f64>() / count;
    values.map(|value| (value - mean).powi(2)).sum::<f64>() / count
}

fn matrix(picture: &RgbImage) -> opencv::Result<BoxedRef<'_, Mat>> {
    calm_opencv();
    Mat::new_rows_cols_with_bytes::<Vec3b>(side(picture.height())?, side(picture.width())?, picture)
}

fn side(length: u32) -> opencv::Result<i32> {
    i32::try_from(length).map_err(|_| opencv::Error::new(core::StsOutOfRange, "a picture this large has no use"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    /// A picture whose red is the column and whose green is the row.
    fn ramp(width: u32, height: u32) -> RgbImage {
        RgbImage::from_fn(width, height, |x, y| image::Rgb([x as u8, y as u8, 7]))
    }

    #[test]
    fn a_warp_puts_every_point_where_the_transform_says() {
        let picture = ramp(200, 150);
        let quarter = std::f64::consts::FRAC_PI_2;
        let transform = Similarity::about([100.0, 75.0], [20.0, 30.0], 1.0, quarter);
        let warped = warp(&picture, &transform, 64, 64).unwrap();
        let [x, y] = transform.apply([110.0, 70.0]);
        let pixel = warped.get_pixel(x.round() as u32, y.round() as u32);
        assert_eq!(pixel.0, [110, 70, 7]);
        assert_eq!(warped.get_pixel(63, 63).0[2], 7, "still inside");
        let outside = warp(&picture, &Similarity::about([0.0, 0.0], [32.0, 32.0], 1.0, 0.0), 64, 64).unwrap();
        assert_eq!(outside.get_pixel(5, 5).0, [0, 0, 0], "black beyond the edges");
    }

    #[test]
    fn a_transform_and_its_inverse_lead_back() {
        let transform = Similarity::about([31.0, 7.0], [3.0, 9.0], 0.37, 0.6);
        let [x, y] = transform.inverse().apply(transform.apply([12.5, 80.0]));
        assert!((x - 12.5).abs() < 1e-3 && (y - 80.0).abs() < 1e-3, "{x} {y}");
    }

    #[test]
    fn a_strongly_shrinking_warp_averages_and_stays_in_place() {
        let picture = RgbImage::from_fn(1_024, 1_024, |x, y| {
            let fine = if (x + y) % 2 == 0 { 255 } else { 0 };
            image::Rgb([fine, (x / 4) as u8, (y / 4) as u8])
        });
        let transform = Similarity::about([0.0, 0.0], [0.0, 0.0], 0.1, 0.0);
        let warped = warp(&picture, &transform, 100, 100).unwrap();
        let [grey, column, row] = warped.get_pixel(50, 30).0;
        assert!(grey.abs_diff(127) < 16, "a fine pattern becomes grey, not stripes: {grey}");
        assert!(column.abs_diff(125) <= 2 && row.abs_diff(75) <= 2, "{column} {row}");
    }

    #[test]
    fn a_transform_without_numbers_is_an_error() {
        let transform = Similarity { a: f64::NAN, b: 0.0, shift: [0.0; 2] };
        assert!(warp(&ramp(10, 10), &transform, 8, 8).is_err());
    }

    #[test]
    fn an_even_picture_has_no_fine_contrast_and_a_checkered_one_much() {
        let even = RgbImage::from_pixel(112, 112, image::Rgb([90, 90, 90]));
        assert!(fine_contrast(&even).unwrap() < 1e-6);
        let checkered = |size: u32| {
            RgbImage::from_fn(112, 112, |x, y| {
                image::Rgb([if (x / size + y / size).is_multiple_of(2) { 200 } else { 50 }; 3])
            })
        };
        assert!(fine_contrast(&checkered(1)).unwrap() > 10.0);
        assert!(fine_contrast(&checkered(28)).unwrap() < 0.5);
        let striped = RgbImage::from_fn(112, 112, |x, _| image::Rgb([if x % 2 == 0 { 200 } else { 50 }; 3]));
        assert!(fine_contrast(&striped).unwrap() < 0.01, "sharp in one direction only");
    }
}

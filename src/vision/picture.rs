//! Pictures from files: what the content is and not what the name says, upright, and never too large for memory.

use std::{
    fs::File,
    io::BufReader,
    path::{Path, PathBuf},
};

use image::{DynamicImage, ImageDecoder, ImageError, ImageReader, Limits, RgbImage, metadata::Orientation};

/// The largest picture that is opened, pixels: twice what the largest cameras make.
const MOST_PIXELS: u64 = 100_000_000;

/// Memory that decoding may take: 100 megapixels at 4 bytes, twice.
const MOST_MEMORY_BYTES: u64 = 800_000_000;

/// Why a picture cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum PictureError {
    /// The file cannot be read.
    #[error("{}: cannot be read: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is no picture, or a broken one.
    #[error("{}: found {found}; allowed a JPEG, PNG, WebP or BMP picture", path.display())]
    NoPicture {
        /// The file.
        path: PathBuf,
        /// What it is.
        found: String,
    },
    /// It is too large.
    #[error("{}: found {width} x {height} pixels; allowed {} megapixels", path.display(), MOST_PIXELS / 1_000_000)]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its width, pixels.
        width: u32,
        /// Its height, pixels.
        height: u32,
    },
}

/// The picture in the file `path`, by its content and not by its name, upright as its EXIF says.
///
/// # Errors
/// When it cannot be read, is no whole picture, or has more than 100 megapixels.
pub fn open(path: &Path) -> Result<RgbImage, PictureError> {
    let unreadable = |source| PictureError::Unreadable { path: path.to_owned(), source };
    let file = File::open(path).map_err(unreadable)?;
    if file.metadata().is_ok_and(|about| about.is_dir()) {
        return Err(PictureError::NoPicture { path: path.to_owned(), found: "a folder".to_owned() });
    }
    let mut reader = ImageReader::new(BufReader::new(file)).with_guessed_format().map_err(unreadable)?;
    if reader.format().is_none() {
        return Err(PictureError::NoPicture { path: path.to_owned(), found: "no picture of a known kind".to_owned() });
    }
    let mut limits = Limits::default();
    limits.max_alloc = Some(MOST_MEMORY_BYTES);
    reader.limits(limits);
    let broken = |error: ImageError| PictureError::NoPicture {
        path: path.to_owned(),
        found: format!("a picture that cannot be decoded ({error})"),
    };
    let mut decoder = reader.into_decoder().map_err(broken)?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > MOST_PIXELS {
        return Err(PictureError::TooLarge { path: path.to_owned(), width, height });
    }
    // A picture whose EXIF is broken is taken as it is.
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let mut picture = DynamicImage::from_decoder(decoder).map_err(broken)?;
    picture.apply_orientation(orientation);
    Ok(picture.into_rgb8())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::io::Cursor;

    use image::ImageFormat;

    use super::*;

    fn encoded(format: ImageFormat) -> Vec<u8> {
        let picture = RgbImage::from_fn(8, 4, |x, _| image::Rgb(if x < 4 { [250, 0, 0] } else { [0, 0, 250] }));
        let mut bytes = Cursor::new(Vec::new());
        picture.write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    }

    fn open_bytes(name: &str, bytes: &[u8]) -> Result<RgbImage, PictureError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        open(&path)
    }

    #[test]
    fn what_a_file_is_decides_its_content_and_not_its_name() {
        for format in [ImageFormat::Png, ImageFormat::WebP, ImageFormat::Jpeg, ImageFormat::Bmp] {
            for name in ["face.jpg", "face.png", "face"] {
                assert_eq!(open_bytes(name, &encoded(format)).unwrap().dimensions(), (8, 4));
            }
        }
    }

    #[test]
    fn a_picture_that_lies_on_its_side_is_stood_up() {
        let jpeg = encoded(ImageFormat::Jpeg);
        // An APP1 segment whose only tag says: turned by 90° (orientation 6).
        let mut exif = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0".to_vec();
        let length = u16::try_from(exif.len() + 2).unwrap().to_be_bytes();
        let mut turned = vec![0xff, 0xd8, 0xff, 0xe1, length[0], length[1]];
        turned.append(&mut exif);
        turned.extend_from_slice(jpeg.get(2..).unwrap());
        let picture = open_bytes("phone.jpg", &turned).unwrap();
        assert_eq!(picture.dimensions(), (4, 8));
        let (top, bottom) = (picture.get_pixel(2, 1).0, picture.get_pixel(2, 6).0);
        assert!(top[0] > top[2] && bottom[2] > bottom[0], "{top:?} {bottom:?}");
    }

    #[test]
    fn what_is_no_picture_is_an_error_that_names_the_file() {
        let mut cut = encoded(ImageFormat::Png);
        cut.truncate(50);
        for (name, bytes) in [("empty.jpg", Vec::new()), ("text.png", b"a text".to_vec()), ("cut.png", cut)] {
            let error = open_bytes(name, &bytes).unwrap_err().to_string();
            assert!(error.contains(name) && error.contains("allowed a JPEG"), "{error}");
        }
        let error = open(Path::new("/nonexistent/face.jpg")).unwrap_err().to_string();
        assert!(error.contains("/nonexistent/face.jpg: cannot be read"), "{error}");
        assert!(open(&std::env::temp_dir()).unwrap_err().to_string().contains("a folder"));
    }

    #[test]
    fn a_small_file_that_claims_a_huge_picture_is_refused_before_it_is_decoded() {
        let mut png = encoded(ImageFormat::Png);
        // IHDR: width and height at 16..24, its sum at 29..33.
        png[16..20].copy_from_slice(&60_000_u32.to_be_bytes());
        png[20..24].copy_from_slice(&60_000_u32.to_be_bytes());
        let sum = crc32(&png[12..29]).to_be_bytes();
        png[29..33].copy_from_slice(&sum);
        let error = open_bytes("bomb.png", &png).unwrap_err().to_string();
        assert!(error.contains("60000 x 60000 pixels; allowed 100 megapixels"), "{error}");
    }

    fn crc32(bytes: &[u8]) -> u32 {
        !bytes.iter().fold(u32::MAX, |sum, byte| {
            (0..8).fold(sum ^ u32::from(*byte), |sum, _| (sum >> 1) ^ (0xedb8_8320 & (sum & 1).wrapping_neg()))
        })
    }
}

//! A folder of pictures.

use std::{
    collections::VecDeque,
    path::{Path, PathBuf},
    time::Duration,
};

use image::{DynamicImage, ImageDecoder as _, ImageReader, RgbImage};

use super::{Reader, Timed};
use crate::camera::CameraError;

/// The pictures of a folder by name, at a steady pace. A file that is no picture takes its time and shows nothing new.
pub(super) struct Folder {
    files: VecDeque<PathBuf>,
    period: Duration,
    next_at: Duration,
}

impl Folder {
    pub(super) fn open(path: &Path, frames_per_second: u32) -> Result<Self, CameraError> {
        let fail = |detail: String| CameraError::Recording { path: path.to_owned(), detail };
        let entries = std::fs::read_dir(path).map_err(|error| fail(error.to_string()))?;
        let mut files: Vec<PathBuf> = entries
            .flatten()
            .map(|entry| entry.path())
            // Hidden files are a desktop's notes, not pictures.
            .filter(|file| {
                file.is_file() && !file.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."))
            })
            .collect();
        if files.is_empty() {
            return Err(fail("the folder holds no files".to_owned()));
        }
        files.sort();
        let period = Duration::from_secs(1) / frames_per_second.max(1);
        Ok(Self { files: files.into(), period, next_at: Duration::ZERO })
    }
}

impl Reader for Folder {
    fn read(&mut self) -> Result<Option<Timed>, CameraError> {
        let Some(file) = self.files.pop_front() else { return Ok(None) };
        let at = self.next_at;
        self.next_at += self.period;
        let picture = read_picture(&file).map_err(|error| format!("{}: {error}", file.display()));
        Ok(Some(Timed { at, picture }))
    }
}

/// A picture whose format is told by its content, turned as its camera noted.
fn read_picture(path: &Path) -> image::ImageResult<RgbImage> {
    let mut decoder = ImageReader::open(path)?.with_guessed_format()?.into_decoder()?;
    let orientation = decoder.orientation()?;
    let mut picture = DynamicImage::from_decoder(decoder)?;
    picture.apply_orientation(orientation);
    Ok(picture.into_rgb8())
}

//! Where pictures come from: the traits, and what can go wrong.

use std::{path::PathBuf, time::Duration};

use image::RgbImage;

/// An open source of pictures. Belongs to the camera's thread, which is the only one that waits for it.
pub trait FrameSource: Send {
    /// What it is and how it delivers, for staff: `/dev/video0, 1280×720 YUYV, 30 fps`.
    fn detail(&self) -> String;

    /// The next picture as the source gives it, not turned yet. Waits for it for about `limit`, never longer than
    /// twice that.
    ///
    /// # Errors
    /// See [`SourceError`]: after `Silent` and `Bad` it may be asked again, after the others it must not.
    fn next(&mut self, limit: Duration) -> Result<RgbImage, SourceError>;
}

/// Opens a camera, again and again as it comes and goes.
pub trait OpenCamera: Send {
    /// Opens it. May take some seconds.
    ///
    /// # Errors
    /// It is not there or does not deliver what is needed.
    fn open(&mut self) -> Result<Box<dyn FrameSource>, CameraError>;

    /// Whether it is a device. To deliver nothing, or the same picture again and again, is a fault of a device; a recording
    /// may show a still scene.
    fn is_live(&self) -> bool {
        true
    }
}

/// Why there is no next picture.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// Not within the limit. The next one may come.
    #[error("no picture yet")]
    Silent,
    /// A picture that cannot be read. The next one may be better.
    #[error("a picture cannot be read: {0}")]
    Bad(String),
    /// The source is gone.
    #[error("{0}")]
    Lost(String),
    /// The recording has come to its end.
    #[error("the recording has ended")]
    Ended,
}

/// A camera or recording that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CameraError {
    /// There is none.
    #[error("there is no camera; `majlis devices` lists what there is")]
    None,
    /// It cannot be opened.
    #[error("the camera \"{id}\" cannot be opened: {detail}")]
    Open {
        /// Its id.
        id: String,
        /// Why, and what to do.
        detail: String,
    },
    /// It has no mode that can be used.
    #[error("the camera \"{id}\" offers {found}; allowed: {allowed} (`camera.format`)")]
    NoMode {
        /// Its id.
        id: String,
        /// Its formats.
        found: String,
        /// Those that can be used.
        allowed: String,
    },
    /// A recording that cannot be played.
    #[error("{path} cannot be played as a camera: {detail}; allowed: a video file, or a folder of pictures")]
    Recording {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        detail: String,
    },
    /// The program that decodes videos is missing.
    #[error(
        "`ffmpeg` cannot be started ({0}): install ffmpeg (on Debian: apt-get install ffmpeg) to play a video file"
    )]
    NoDecoder(std::io::Error),
}

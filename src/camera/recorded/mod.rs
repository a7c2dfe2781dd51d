//! Recorded pictures in place of a camera: a video file or a folder of pictures.
//!
//! Step by step ([`Recorded::frame_at`], for a fast replay) or at the pace of the clock, as a camera
//! ([`Recorded::into_opener`]).

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use image::RgbImage;

use super::{CameraError, Frame, FrameSource, OpenCamera, SourceError, upright::Upright};
use crate::{clock::Clock, config};

mod folder;
mod video;

use folder::Folder;
use video::Video;

/// The next picture of a recording, or that one could not be read, with its time since the recording's begin.
struct Timed {
    at: Duration,
    picture: Result<RgbImage, String>,
}

/// Reads a recording from its begin to its end, as fast as it is asked.
trait Reader: Send {
    /// The next picture; `None`: the end.
    fn read(&mut self) -> Result<Option<Timed>, CameraError>;
}

/// A recording, forwards only.
pub struct Recorded {
    path: PathBuf,
    upright: Upright,
    /// How long each picture is shown.
    period: Duration,
    reader: Box<dyn Reader>,
    /// Read ahead, not yet due. `None`: not read yet, or there is none.
    ahead: Option<Timed>,
    shown: Option<Frame>,
    /// Where the recording ends, once it is known.
    end: Option<Duration>,
    last_at: Duration,
    frames: u64,
    bad: u64,
}

impl Recorded {
    /// Opens a video file (decoded by `ffmpeg`) or a folder of pictures, `camera.frames_per_second` of them a second in
    /// the order of their names. Turned and bounded in size as a camera's pictures are.
    ///
    /// # Errors
    /// It is neither, is empty, or `ffmpeg` is missing.
    pub fn open(path: &Path, config: &config::Camera) -> Result<Self, CameraError> {
        let upright = Upright::new(config);
        let rate = config.frames_per_second;
        let reader: Box<dyn Reader> = if path.is_dir() {
            Box::new(Folder::open(path, rate)?)
        } else {
            Box::new(Video::open(path, rate, upright.longest_px())?)
        };
        Ok(Self {
            path: path.to_owned(),
            upright,
            period: Duration::from_secs(1) / rate.max(1),
            reader,
            ahead: None,
            shown: None,
            end: None,
            last_at: Duration::ZERO,
            frames: 0,
            bad: 0,
        })
    }

    /// The picture that is shown at `at` since the recording's begin: the last one that is not later. Its `at` is its
    /// own time. `None`: none could be read yet, or the recording is over. `at` must not decrease. Blocks for as long as
    /// decoding takes.
    ///
    /// # Errors
    /// The decoder failed.
    pub fn frame_at(&mut self, at: Duration) -> Result<Option<Frame>, CameraError> {
        while self.end.is_none() {
            if self.peek()?.is_none_or(|next| next.at > at) {
                break;
            }
            self.show_next();
        }
        if self.has_ended(at) {
            self.shown = None;
        }
        Ok(self.shown.clone())
    }

    /// Whether the recording is over at `at`; known once `frame_at` was asked for that time.
    #[must_use]
    pub fn has_ended(&self, at: Duration) -> bool {
        self.end.is_some_and(|end| at >= end)
    }

    /// Pictures that could be read so far.
    #[must_use]
    pub fn frames(&self) -> u64 {
        self.frames
    }

    /// Pictures that could not be read so far.
    #[must_use]
    pub fn bad(&self) -> u64 {
        self.bad
    }

    /// Plays it once at the pace of `clock`, from the moment it is opened, in place of a camera.
    #[must_use]
    pub fn into_opener(self, clock: Arc<dyn Clock>) -> Box<dyn OpenCamera> {
        Box::new(Player { recorded: Some(self), clock })
    }

    /// The next picture without taking it; at the end of the recording notes where that is.
    fn peek(&mut self) -> Result<Option<&Timed>, CameraError> {
        if self.ahead.is_none() && self.end.is_none() {
            self.ahead = self.reader.read()?;
            match &self.ahead {
                Some(next) => self.last_at = next.at,
                None => self.end = Some(self.last_at + self.period),
            }
        }
        Ok(self.ahead.as_ref())
    }

    fn show_next(&mut self) {
        match self.ahead.take() {
            Some(Timed { at, picture: Ok(picture) }) => {
                self.frames += 1;
                let picture = Arc::new(self.upright.apply(picture));
                self.shown = Some(Frame { sequence: self.frames, at, picture });
            }
            Some(Timed { picture: Err(reason), .. }) => {
                self.bad += 1;
                tracing::debug!(%reason, "a picture of the recording cannot be read");
            }
            None => {}
        }
    }
}

/// Gives a recording once.
struct Player {
    recorded: Option<Recorded>,
    clock: Arc<dyn Clock>,
}

impl OpenCamera for Player {
    fn open(&mut self) -> Result<Box<dyn FrameSource>, CameraError> {
        let recorded = self.recorded.take().ok_or(CameraError::None)?;
        let waits = tokio::runtime::Builder::new_current_thread().enable_time().build();
        let waits = waits.map_err(|error| CameraError::Recording {
            path: recorded.path.clone(),
            detail: format!("no timer: {error}"),
        })?;
        Ok(Box::new(Playing { recorded, start: self.clock.now(), clock: self.clock.clone(), waits }))
    }

    fn is_live(&self) -> bool {
        false
    }
}

struct Playing {
    recorded: Recorded,
    start: Duration,
    clock: Arc<dyn Clock>,
    waits: tokio::runtime::Runtime,
}

impl FrameSource for Playing {
    fn detail(&self) -> String {
        self.recorded.path.display().to_string()
    }

    fn next(&mut self, limit: Duration) -> Result<RgbImage, SourceError> {
        let now = self.clock.now();
        let ahead = self.recorded.peek().map_err(|error| SourceError::Lost(error.to_string()))?;
        let due = ahead.map(|next| self.start + next.at);
        let end = self.recorded.end.map(|end| self.start + end);
        let Some(until) = due.or(end) else { return Err(SourceError::Ended) };
        let is_due = until <= now + limit;
        self.waits.block_on(self.clock.sleep_until(until.min(now + limit)));
        if !is_due {
            return Err(SourceError::Silent);
        }
        match self.recorded.ahead.take() {
            Some(Timed { picture, .. }) => picture.map_err(SourceError::Bad),
            None => Err(SourceError::Ended),
        }
    }
}

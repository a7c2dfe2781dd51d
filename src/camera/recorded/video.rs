//! A video file, decoded by `ffmpeg` in a process of its own.
//!
//! `ffmpeg` turns the pictures as the file says, brings them to a constant rate (so that the time of a picture is its
//! number) and to a bounded size, and writes them one after the other as PPM, which tells their size.

use std::{
    io::{BufRead, BufReader, Read as _},
    path::{Path, PathBuf},
    process::{Child, ChildStderr, Command, Stdio},
    sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel},
    thread::JoinHandle,
    time::Duration,
};

use image::RgbImage;

use super::{Reader, Timed};
use crate::camera::CameraError;

/// Pictures decoded ahead; the decoder waits when it is full.
const AHEAD: usize = 2;
/// How long the decoder may take for one picture.
const LIMIT: Duration = Duration::from_secs(20);
/// The largest side that is believed, pixels.
const MAX_SIDE_PX: u32 = 16_384;

pub(super) struct Video {
    path: PathBuf,
    decoder: Decoder,
    frames_per_second: u32,
    frames: u32,
    /// Read when the file was opened, to know that it can be.
    first: Option<RgbImage>,
}

impl Video {
    pub(super) fn open(path: &Path, frames_per_second: u32, longest_px: u32) -> Result<Self, CameraError> {
        let fail = |detail: String| CameraError::Recording { path: path.to_owned(), detail };
        std::fs::File::open(path).map_err(|error| fail(error.to_string()))?;
        let mut decoder = Decoder::start(path, frames_per_second, longest_px)?;
        let first = decoder.next().map_err(&fail)?;
        if first.is_none() {
            let complaint = decoder.complaint();
            return Err(fail(complaint.unwrap_or_else(|| "there is no picture in it".to_owned())));
        }
        Ok(Self { path: path.to_owned(), decoder, frames_per_second, frames: 0, first })
    }
}

impl Reader for Video {
    fn read(&mut self) -> Result<Option<Timed>, CameraError> {
        let picture = match self.first.take() {
            Some(first) => Some(first),
            None => self.decoder.next().map_err(|detail| CameraError::Recording { path: self.path.clone(), detail })?,
        };
        let at = Duration::from_secs(1) * self.frames / self.frames_per_second.max(1);
        self.frames += 1;
        Ok(picture.map(|picture| Timed { at, picture: Ok(picture) }))
    }
}

/// The process and the threads that read from it. Ended and reaped when dropped.
struct Decoder {
    process: Child,
    pictures: Option<Receiver<Result<RgbImage, String>>>,
    threads: Vec<JoinHandle<()>>,
    complaints: Receiver<String>,
}

impl Decoder {
    fn start(path: &Path, frames_per_second: u32, longest_px: u32) -> Result<Self, CameraError> {
        // `file:` keeps a name with a colon from being taken for an address; `round=up` shows no picture before its time.
        let input = [b"file:", path.as_os_str().as_encoded_bytes()].concat();
        let filters = format!(
            "fps={frames_per_second}:start_time=0:round=up,\
             scale=w='min(iw,{longest_px})':h='min(ih,{longest_px})':force_original_aspect_ratio=decrease"
        );
        let mut process = Command::new("ffmpeg")
            .args(["-nostdin", "-hide_banner", "-loglevel", "error", "-i"])
            .arg(as_os_string(input))
            .args(["-map", "0:v:0", "-vf", &filters])
            .args(["-pix_fmt", "rgb24", "-c:v", "ppm", "-f", "image2pipe", "pipe:1"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(CameraError::NoDecoder)?;
        let (sender, pictures) = sync_channel(AHEAD);
        let (complain, complaints) = sync_channel(1);
        let (stdout, stderr) = (process.stdout.take(), process.stderr.take());
        let mut decoder = Self { process, pictures: Some(pictures), threads: Vec::new(), complaints };
        let thread = |name: &str, work: Box<dyn FnOnce() + Send>| {
            std::thread::Builder::new().name(name.into()).spawn(work).map_err(CameraError::NoDecoder)
        };
        if let Some(stdout) = stdout {
            let read = move || read_pictures(BufReader::with_capacity(1 << 20, stdout), &sender);
            decoder.threads.push(thread("video", Box::new(read))?);
        }
        if let Some(stderr) = stderr {
            decoder.threads.push(thread("video-complaints", Box::new(move || read_complaints(stderr, &complain)))?);
        }
        Ok(decoder)
    }

    /// The next picture; `None`: the end.
    fn next(&mut self) -> Result<Option<RgbImage>, String> {
        let Some(pictures) = &self.pictures else { return Ok(None) };
        match pictures.recv_timeout(LIMIT) {
            Ok(picture) => picture.map(Some),
            Err(RecvTimeoutError::Disconnected) => {
                self.end();
                Ok(None)
            }
            Err(RecvTimeoutError::Timeout) => {
                self.end();
                Err(format!("ffmpeg gave no picture for {} s", LIMIT.as_secs()))
            }
        }
    }

    /// The first line that ffmpeg had to say, once it has ended.
    fn complaint(&mut self) -> Option<String> {
        self.complaints.try_recv().ok()
    }

    fn end(&mut self) {
        // Whoever waits to hand out a picture must see that nobody takes it.
        self.pictures = None;
        // It may have ended already; either way it is waited for.
        let _ = self.process.kill();
        if let Err(error) = self.process.wait() {
            tracing::warn!(%error, "ffmpeg cannot be waited for");
        }
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::warn!("a thread that read from ffmpeg did not end well");
            }
        }
    }
}

impl Drop for Decoder {
    fn drop(&mut self) {
        self.end();
    }
}

fn as_os_string(bytes: Vec<u8>) -> std::ffi::OsString {
    use std::os::unix::ffi::OsStringExt as _;
    std::ffi::OsString::from_vec(bytes)
}

/// Keeps the first line; the rest is read so that ffmpeg never waits for us.
fn read_complaints(stderr: ChildStderr, complain: &SyncSender<String>) {
    for line in BufReader::new(stderr).split(b'\n').map_while(Result::ok) {
        let line = String::from_utf8_lossy(&line);
        // `[mov,mp4 @ 0x5604] moov atom not found`: which part of ffmpeg says so helps nobody.
        let line = line.split_once("] ").map_or(&*line, |(_, said)| said).trim().to_owned();
        if !line.is_empty() {
            let _ = complain.try_send(line);
        }
    }
}

fn read_pictures(mut stream: impl BufRead, pictures: &SyncSender<Result<RgbImage, String>>) {
    loop {
        let picture = match read_ppm(&mut stream) {
            Ok(Some(picture)) => Ok(picture),
            Ok(None) => return,
            Err(reason) => Err(reason),
        };
        let is_last = picture.is_err();
        if pictures.send(picture).is_err() || is_last {
            return;
        }
    }
}

/// One binary PPM as ffmpeg writes it: `P6`, width, height, 255, each followed by one blank; then the pixels.
fn read_ppm(stream: &mut impl BufRead) -> Result<Option<RgbImage>, String> {
    let Some(magic) = word(stream)? else { return Ok(None) };
    let (width, height, depth) = (number(stream)?, number(stream)?, number(stream)?);
    if magic != "P6" || depth != 255 || !(1..=MAX_SIDE_PX).contains(&width) || !(1..=MAX_SIDE_PX).contains(&height) {
        return Err(format!("ffmpeg wrote \"{magic} {width} {height} {depth}\" where a picture should begin"));
    }
    let mut pixels = vec![0; width as usize * height as usize * 3];
    stream.read_exact(&mut pixels).map_err(|error| format!("ffmpeg ended in the middle of a picture ({error})"))?;
    Ok(RgbImage::from_raw(width, height, pixels))
}

fn number(stream: &mut impl BufRead) -> Result<u32, String> {
    let word = word(stream)?.unwrap_or_default();
    word.parse().map_err(|_| format!("ffmpeg wrote \"{word}\" where a number should be"))
}

/// Up to the next blank; `None` at the end of the stream.
fn word(stream: &mut impl BufRead) -> Result<Option<String>, String> {
    let mut word = String::new();
    for byte in stream.by_ref().bytes() {
        let byte = byte.map_err(|error| error.to_string())?;
        if byte.is_ascii_whitespace() {
            return Ok(Some(word));
        }
        word.push(char::from(byte));
        if word.len() > 16 {
            return Err(format!("ffmpeg wrote \"{word}\" where a picture should begin"));
        }
    }
    if word.is_empty() { Ok(None) } else { Err("ffmpeg ended in the middle of a picture".to_owned()) }
}

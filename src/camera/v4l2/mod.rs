//! Cameras through V4L2.
//!
//! `v4l` is used for its mapped buffers. Three of its habits are worked around: its `next` cannot be called again after a
//! time-out (so the device is polled here), it panics where a driver says something new (caught when the camera is
//! opened), and it panics when a broken driver does not stop (see [`ffi`]).

use std::{
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    time::Duration,
};

use image::RgbImage;
use v4l::{
    Device, Format, FourCC, Fraction,
    buffer::{Flags, Type},
    frameinterval::FrameIntervalEnum,
    framesize::FrameSizeEnum,
    io::{
        mmap::Stream,
        traits::{CaptureStream as _, Stream as _},
    },
    video::{Capture as _, capture::Parameters},
};

use super::{CameraError, FrameSource, OpenCamera, SourceError, list::list};
use crate::config;

mod ffi;
mod mode;
mod pixels;

pub use mode::{Mode, ModeFormat};

/// Buffers shared with the driver. When all are full it drops pictures.
const BUFFERS: u32 = 4;

/// Opens the camera of the configuration, whatever `/dev/videoN` it is at the moment.
#[must_use]
pub fn opener_for(config: &config::Camera) -> Box<dyn OpenCamera> {
    Box::new(Opener { config: config.clone() })
}

/// The modes in which the camera `id` can deliver; of a range the mode that is nearest to the configuration's wish.
///
/// # Errors
/// It cannot be opened.
pub fn modes(id: &str, config: &config::Camera) -> Result<Vec<Mode>, CameraError> {
    guarded(id, || modes_of(&open_device(id)?, config).map_err(|error| open_error(id, &error)))
}

/// All cameras for people, with formats, sizes and pictures a second; `*`: taken where the configuration names none.
#[must_use]
pub fn describe(config: &config::Camera) -> String {
    let cameras = list();
    if cameras.is_empty() {
        return "    none\n".to_owned();
    }
    let mut text = String::new();
    for (index, camera) in cameras.iter().enumerate() {
        let mark = if index == 0 { "*" } else { " " };
        text.push_str(&format!("  {mark} {}\n      {}\n", camera.id, camera.name));
        match modes(&camera.id, config) {
            Ok(modes) if modes.is_empty() => text.push_str("      neither YUYV nor MJPEG\n"),
            Ok(modes) => text.push_str(&mode::table(&modes)),
            Err(error) => text.push_str(&format!("      {error}\n")),
        }
    }
    text
}

struct Opener {
    config: config::Camera,
}

impl OpenCamera for Opener {
    fn open(&mut self) -> Result<Box<dyn FrameSource>, CameraError> {
        let id = match self.config.device.as_str() {
            "" => list().into_iter().next().ok_or(CameraError::None)?.id,
            id => id.to_owned(),
        };
        guarded(&id, || V4l2Source::open(&id, &self.config)).map(|source| Box::new(source) as Box<dyn FrameSource>)
    }
}

/// `v4l` asserts on what drivers say; a driver that says something else must cost the camera, not its thread.
fn guarded<T>(id: &str, work: impl FnOnce() -> Result<T, CameraError>) -> Result<T, CameraError> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
        let detail = "its driver answers with values that no driver should".to_owned();
        Err(CameraError::Open { id: id.to_owned(), detail })
    })
}

fn open_device(id: &str) -> Result<Device, CameraError> {
    if id.contains('\0') {
        return Err(open_error(id, &io::ErrorKind::InvalidInput.into()));
    }
    Device::with_path(Path::new(id)).map_err(|error| open_error(id, &error))
}

fn open_error(id: &str, error: &io::Error) -> CameraError {
    let advice = match error.raw_os_error() {
        Some(libc::ENOENT | libc::ENODEV | libc::ENXIO) => "; is it plugged in? `majlis devices` lists what there is",
        Some(libc::EACCES | libc::EPERM) => "; the program's user must be in the group `video`",
        Some(libc::EBUSY) => "; another program uses it",
        _ => "",
    };
    CameraError::Open { id: id.to_owned(), detail: format!("{error}{advice}") }
}

fn modes_of(device: &Device, config: &config::Camera) -> io::Result<Vec<Mode>> {
    let offered: Vec<FourCC> = device.enum_formats()?.into_iter().map(|format| format.fourcc).collect();
    let mut modes = Vec::new();
    for format in ModeFormat::ALL {
        let four_cc = FourCC::new(format.four_cc());
        if !offered.contains(&four_cc) {
            continue;
        }
        for [width_px, height_px] in sizes(device, four_cc, config) {
            for interval in intervals(device, four_cc, [width_px, height_px], config) {
                modes.push(Mode { format, width_px, height_px, interval });
            }
        }
    }
    Ok(modes)
}

/// The sizes of a format; of a range the one nearest to the wanted size. A driver that names none takes any.
fn sizes(device: &Device, four_cc: FourCC, config: &config::Camera) -> Vec<[u32; 2]> {
    let wanted = [config.width_px, config.height_px];
    let named = device.enum_framesizes(four_cc).unwrap_or_default();
    let sizes: Vec<[u32; 2]> = named
        .into_iter()
        .map(|size| match size.size {
            FrameSizeEnum::Discrete(size) => [size.width, size.height],
            FrameSizeEnum::Stepwise(range) => [
                within(wanted[0], range.min_width, range.max_width, range.step_width),
                within(wanted[1], range.min_height, range.max_height, range.step_height),
            ],
        })
        .collect();
    if sizes.is_empty() { vec![wanted] } else { sizes }
}

/// `wanted` brought into a range of steps.
fn within(wanted: u32, min: u32, max: u32, step: u32) -> u32 {
    let wanted = wanted.clamp(min, max.max(min));
    min + (wanted - min) / step.max(1) * step.max(1)
}

/// The times between pictures at a size; of a range the one nearest to the wanted rate.
fn intervals(device: &Device, four_cc: FourCC, size: [u32; 2], config: &config::Camera) -> Vec<Option<[u32; 2]>> {
    let fraction = |fraction: Fraction| [fraction.numerator, fraction.denominator];
    let seconds = |fraction: &Fraction| f64::from(fraction.numerator) / f64::from(fraction.denominator.max(1));
    let wanted = 1.0 / f64::from(config.frames_per_second.max(1));
    let named = device.enum_frameintervals(four_cc, size[0], size[1]).unwrap_or_default();
    let intervals: Vec<Option<[u32; 2]>> = named
        .into_iter()
        .map(|interval| {
            Some(match interval.interval {
                FrameIntervalEnum::Discrete(interval) => fraction(interval),
                FrameIntervalEnum::Stepwise(range) if wanted <= seconds(&range.min) => fraction(range.min),
                FrameIntervalEnum::Stepwise(range) if wanted >= seconds(&range.max) => fraction(range.max),
                FrameIntervalEnum::Stepwise(_) => [1, config.frames_per_second],
            })
        })
        .collect();
    if intervals.is_empty() { vec![None] } else { intervals }
}

/// Device and stream; `None` only while they are being dropped.
struct Held(Option<(Device, Stream<'static>)>);

impl Drop for Held {
    fn drop(&mut self) {
        let Some((device, mut stream)) = self.0.take() else { return };
        match stream.stop() {
            Err(error) if error.raw_os_error() != Some(libc::ENODEV) => {
                tracing::warn!(%error, "the camera's driver does not stop; it is closed without");
                ffi::abandon(device, stream);
            }
            _ => drop((stream, device)),
        }
    }
}

struct V4l2Source {
    id: String,
    mode: Mode,
    stride: usize,
    held: Held,
}

impl V4l2Source {
    fn open(id: &str, config: &config::Camera) -> Result<Self, CameraError> {
        let fail = |error: io::Error| open_error(id, &error);
        let device = open_device(id)?;
        let modes = modes_of(&device, config).map_err(fail)?;
        let wanted = mode::choose(&modes, config).ok_or_else(|| no_mode(id, &device, config))?;
        let asked = Format::new(wanted.width_px, wanted.height_px, FourCC::new(wanted.format.four_cc()));
        let given = device.set_format(&asked).map_err(fail)?;
        if given.fourcc != asked.fourcc {
            return Err(no_mode(id, &device, config));
        }
        let mut mode = Mode { width_px: given.width, height_px: given.height, ..wanted };
        if let Some([numerator, denominator]) = wanted.interval {
            // A camera that does not let its rate be set delivers at its own.
            if let Ok(given) = device.set_params(&Parameters::new(Fraction::new(numerator, denominator))) {
                mode.interval = Some([given.interval.numerator, given.interval.denominator]);
            }
        }
        let stream = Stream::with_buffers(&device, Type::VideoCapture, BUFFERS).map_err(fail)?;
        let mut held = Held(Some((device, stream)));
        if let Some((_, stream)) = &mut held.0 {
            stream.set_timeout(Duration::from_millis(100));
            // `next` queues the buffer 0 before it waits; all the others are queued here. A driver may have given fewer.
            for index in 1..BUFFERS as usize {
                if stream.queue(index).is_err() {
                    break;
                }
            }
            stream.start().map_err(fail)?;
        }
        Ok(Self { id: id.to_owned(), mode, stride: given.stride as usize, held })
    }
}

fn no_mode(id: &str, device: &Device, config: &config::Camera) -> CameraError {
    let formats = device.enum_formats().unwrap_or_default();
    let names: Vec<String> = formats.iter().map(|format| String::from_utf8_lossy(&format.fourcc.repr).into()).collect();
    let found = if names.is_empty() { "no pictures".to_owned() } else { names.join(", ") };
    let allowed = match config.format {
        config::CameraFormat::Auto => "YUYV, MJPG",
        config::CameraFormat::Mjpeg => "MJPG",
        config::CameraFormat::Yuyv => "YUYV",
    };
    CameraError::NoMode { id: id.to_owned(), found, allowed: allowed.to_owned() }
}

impl FrameSource for V4l2Source {
    fn detail(&self) -> String {
        format!("{}, {}", self.id, self.mode)
    }

    fn next(&mut self, limit: Duration) -> Result<RgbImage, SourceError> {
        let lost = |error: io::Error| {
            SourceError::Lost(match error.raw_os_error() {
                Some(libc::ENODEV) => "it was unplugged".to_owned(),
                _ if error.kind() == io::ErrorKind::TimedOut => "it announced a picture and gave none".to_owned(),
                _ => error.to_string(),
            })
        };
        let Some((_, stream)) = &mut self.held.0 else { return Err(SourceError::Lost("closed".to_owned())) };
        let limit_ms = i32::try_from(limit.as_millis()).unwrap_or(i32::MAX);
        match stream.handle().poll(libc::POLLIN, limit_ms) {
            Ok(0) => return Err(SourceError::Silent),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Err(SourceError::Silent),
            Err(error) => return Err(lost(error)),
        }
        let (bytes, filled) = stream.next().map_err(lost)?;
        if filled.flags.contains(Flags::ERROR) {
            return Err(SourceError::Bad("the driver says that it is damaged".to_owned()));
        }
        // The buffer is larger than the picture in it; some drivers leave the length of uncompressed ones at 0.
        let length = if filled.bytesused == 0 { bytes.len() } else { filled.bytesused as usize };
        let bytes = bytes.get(..length).unwrap_or(bytes);
        match self.mode.format {
            ModeFormat::Yuyv => pixels::from_yuyv(bytes, self.mode.width_px, self.mode.height_px, self.stride),
            ModeFormat::Mjpeg => pixels::from_mjpeg(bytes),
        }
        .map_err(SourceError::Bad)
    }
}

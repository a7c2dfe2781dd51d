//! Which microphones and speakers there are, and opening them through `cpal`.
//!
//! A stable id is `host:name`, as `majlis devices` prints it: `pulseaudio:alsa_input.usb-…`, `alsa:hw:CARD=…`. The
//! host is always named: `cpal`'s own choice changes with what happens to run.

use std::{
    str::FromStr as _,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use cpal::{
    BufferSize, Device, DeviceId, ErrorKind, FromSample, Host, HostId, Sample as _, SampleFormat, SizedSample, Stream,
    StreamConfig, SupportedBufferSize, SupportedStreamConfig,
    traits::{DeviceTrait as _, HostTrait as _, StreamTrait as _},
};

use super::Bell;
use crate::config::AudioHost;

/// How long opening a stream may take.
const OPEN_TIMEOUT: Duration = Duration::from_secs(2);
/// What a ring between callback and loop holds.
pub(super) const RING: Duration = Duration::from_millis(200);

/// What is said of an id that no device has.
const NOT_THERE: &str = "it is not there; `majlis devices` lists what there is";

/// Which way sound goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// A microphone.
    Capture,
    /// A speaker.
    Playback,
}

impl std::fmt::Display for Direction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Capture => "microphone",
            Self::Playback => "speaker",
        })
    }
}

/// A device that can be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceInfo {
    /// For `audio.microphone` and `audio.speaker` in `kiosk.toml`.
    pub id: String,
    /// For people.
    pub name: String,
    /// Microphone or speaker; a device that is both is listed twice.
    pub direction: Direction,
    /// Whether it is taken where `kiosk.toml` names none.
    pub is_default: bool,
}

/// A device that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DeviceError {
    /// The sound system does not answer.
    #[error("the sound system {host} does not answer: {detail}; is it running? `audio.host` may name another")]
    Host {
        /// Which.
        host: &'static str,
        /// Why.
        detail: String,
    },
    /// There is none.
    #[error("there is no {direction}; `majlis devices` lists what there is")]
    None {
        /// Of which kind.
        direction: Direction,
    },
    /// The id is not one.
    #[error("\"{id}\" is not a device id: {detail}; `majlis devices` lists them")]
    Id {
        /// What was given.
        id: String,
        /// Why.
        detail: String,
    },
    /// It cannot be opened.
    #[error("the {direction} \"{id}\" cannot be opened: {detail}")]
    Open {
        /// Of which kind.
        direction: Direction,
        /// Which.
        id: String,
        /// Why.
        detail: String,
    },
}

/// The level of a microphone over a while.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MeasuredLevel {
    /// Of the whole time, dBFS.
    pub rms_dbfs: f32,
    /// Of the loudest sample, dBFS.
    pub peak_dbfs: f32,
}

/// All microphones and speakers of `host`; of ALSA's, which knows a dozen plug-ins whether there is a sound card or not,
/// those of the hardware and the default one.
///
/// # Errors
/// The sound system does not answer.
pub fn list(host: AudioHost) -> Result<Vec<DeviceInfo>, DeviceError> {
    silence_alsa();
    let host = open_host(host)?;
    let id_of = |device: Option<Device>| device.and_then(|device| device.id().ok());
    let defaults = (id_of(host.default_input_device()), id_of(host.default_output_device()));
    let devices = host.devices().map_err(|error| host_error(host.id(), &error))?;
    let devices: Vec<(DeviceId, Device)> =
        devices.filter_map(|device| device.id().ok().map(|id| (id, device))).collect();
    let is_named = |id: &DeviceId| hardware(id.id()) == Some(CardName::Named);
    let has_named = devices.iter().any(|(id, _)| is_named(id));
    let mut found = Vec::new();
    for (id, device) in devices {
        let is_default = [&defaults.0, &defaults.1].contains(&&Some(id.clone()));
        let is_listed = id.host() != HostId::Alsa
            || is_default
            || hardware(id.id()).is_some_and(|card| card == CardName::Named || !has_named);
        if !is_listed {
            continue;
        }
        let name = device.description().map_or_else(|_| id.to_string(), |it| it.name().to_owned());
        let mut add = |direction, default: &Option<DeviceId>| {
            let is_default = default.as_ref() == Some(&id);
            found.push(DeviceInfo { id: id.to_string(), name: name.clone(), direction, is_default });
        };
        if device.supports_input() {
            add(Direction::Capture, &defaults.0);
        }
        if device.supports_output() {
            add(Direction::Playback, &defaults.1);
        }
    }
    Ok(found)
}

/// How an id of ALSA's names its sound card. Numbers change with the order in which cards are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum CardName {
    Named,
    Numbered,
}

/// Whether `pcm` is hardware, itself or behind conversions: `hw:CARD=PCH,DEV=0`, `plughw:CARD=0,DEV=0`.
fn hardware(pcm: &str) -> Option<CardName> {
    let (kind, place) = pcm.split_once(':')?;
    if !matches!(kind, "hw" | "plughw") {
        return None;
    }
    let card = place.strip_prefix("CARD=").unwrap_or(place).split(',').next().unwrap_or_default();
    let is_number = card.chars().all(|c| c.is_ascii_digit());
    Some(if is_number { CardName::Numbered } else { CardName::Named })
}

/// The ALSA library writes to standard error whatever it does not find, on every attempt. What matters comes back as
/// an error as well. Holds for the present thread; what an attempt before wrote is forgotten.
fn silence_alsa() {
    if let Err(error) = alsa::Output::local_error_handler() {
        tracing::debug!(%error, "ALSA writes its errors to standard error");
    }
}

/// Listens to the microphone `id` (empty: the default) for `duration`. Blocks as long.
///
/// # Errors
/// It cannot be opened.
pub fn measure_level(host: AudioHost, id: &str, duration: Duration) -> Result<MeasuredLevel, DeviceError> {
    let mut opened = open_capture(host, id, Choice::Preferred, &Bell::default())?;
    let end = Instant::now() + duration;
    let (mut energy, mut peak, mut count) = (0.0_f64, 0.0_f32, 0_u64);
    while Instant::now() < end {
        std::thread::sleep(Duration::from_millis(20));
        while let Ok(sample) = opened.ring.pop() {
            energy += f64::from(sample * sample);
            peak = peak.max(sample.abs());
            count += 1;
        }
    }
    opened.stream.discard();
    let to_db = |amplitude: f64| (20.0 * amplitude.max(1e-5).log10()) as f32;
    Ok(MeasuredLevel { rms_dbfs: to_db((energy / count.max(1) as f64).sqrt()), peak_dbfs: to_db(f64::from(peak)) })
}

/// What callbacks count; read by the loop and by the stream's supervisor.
#[derive(Debug, Default)]
pub(super) struct Counters {
    /// Data callbacks so far.
    pub(super) callbacks: AtomicU64,
    /// Errors after which the stream is dead.
    pub(super) fatal: AtomicU64,
    /// Errors that may pass.
    pub(super) transient: AtomicU64,
    /// Captured samples that found the ring full, or samples a speaker asked for in vain.
    pub(super) missed_samples: AtomicU64,
    /// Frames of the largest callback.
    pub(super) largest_callback: AtomicUsize,
    /// Whether a speaker that finds its ring empty has been let down.
    pub(super) expects_sound: AtomicBool,
}

impl Counters {
    fn count(&self, frames: usize, missed: usize) {
        self.callbacks.fetch_add(1, Ordering::Relaxed);
        self.largest_callback.fetch_max(frames, Ordering::Relaxed);
        if missed > 0 {
            self.missed_samples.fetch_add(missed as u64, Ordering::Relaxed);
        }
    }

    fn count_error(&self, error: &cpal::Error) {
        let counter = match error.kind() {
            ErrorKind::DeviceNotAvailable | ErrorKind::StreamInvalidated | ErrorKind::HostUnavailable => &self.fatal,
            ErrorKind::Xrun | ErrorKind::DeviceChanged | ErrorKind::RealtimeDenied => return,
            _ => &self.transient,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

/// A running stream. Closing it can hang for ever when its device is gone.
pub(super) struct RunningStream(#[expect(dead_code, reason = "held: dropping it closes the stream")] Box<dyn Send>);

impl RunningStream {
    /// Keeps `stream`, a cpal stream or what stands for one, until it is closed.
    pub(super) fn new(stream: impl Send + 'static) -> Self {
        Self(Box::new(stream))
    }

    /// Closes the stream on a thread that nobody waits for.
    pub(super) fn discard(self) {
        let closing = std::thread::Builder::new().name("close-stream".into()).spawn(move || drop(self));
        if let Err(error) = closing {
            tracing::warn!(%error, "no thread to close a sound stream on");
        }
    }
}

/// An open device and the loop's end of its ring.
pub(super) struct Opened<Ring> {
    pub(super) stream: RunningStream,
    pub(super) ring: Ring,
    pub(super) rate_hz: u32,
    pub(super) counters: Arc<Counters>,
    pub(super) id: String,
    /// Why the one that was asked for is not open in its place; `None`: it is the one.
    pub(super) instead_because: Option<DeviceError>,
}

/// Which device may be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Choice {
    /// The one that was asked for; the default one where it is not there or cannot be opened.
    Best,
    /// Only the one that was asked for.
    Preferred,
}

/// Opens the microphone `id`; empty: the default one.
pub(super) fn open_capture(
    host: AudioHost,
    id: &str,
    choice: Choice,
    bell: &Bell,
) -> Result<Opened<rtrb::Consumer<f32>>, DeviceError> {
    choose(host, id, Direction::Capture, choice, |device| start_capture(device, bell))
}

/// Opens the speaker `id`; empty: the default one.
pub(super) fn open_playback(
    host: AudioHost,
    id: &str,
    choice: Choice,
) -> Result<Opened<rtrb::Producer<f32>>, DeviceError> {
    choose(host, id, Direction::Playback, choice, start_playback)
}

fn choose<Ring>(
    host: AudioHost,
    id: &str,
    direction: Direction,
    choice: Choice,
    start: impl Fn(&Device) -> Result<Opened<Ring>, DeviceError>,
) -> Result<Opened<Ring>, DeviceError> {
    silence_alsa();
    let preferred = || start(&find(host, id, direction)?);
    if id.is_empty() || choice == Choice::Preferred {
        return preferred();
    }
    or_default(preferred, || start(&find_default(host, id, direction)?))
}

/// What `preferred` opens, or else what `default` opens; if neither can be opened, why not the preferred one.
fn or_default<Ring>(
    preferred: impl FnOnce() -> Result<Opened<Ring>, DeviceError>,
    default: impl FnOnce() -> Result<Opened<Ring>, DeviceError>,
) -> Result<Opened<Ring>, DeviceError> {
    preferred().or_else(|error| match default() {
        Ok(opened) => Ok(Opened { instead_because: Some(error), ..opened }),
        Err(_) => Err(error),
    })
}

fn start_capture(device: &Device, bell: &Bell) -> Result<Opened<rtrb::Consumer<f32>>, DeviceError> {
    let id = id_of(device);
    let fail = |error: cpal::Error| open_error(Direction::Capture, &id, &error);
    let supported = device.default_input_config().map_err(fail)?;
    let (producer, ring) = rtrb::RingBuffer::new(ring_samples(&supported));
    let counters: Arc<Counters> = Arc::default();
    let build = match supported.sample_format() {
        SampleFormat::I16 => build_capture::<i16>,
        SampleFormat::I32 => build_capture::<i32>,
        _ => build_capture::<f32>,
    };
    let stream = build(device, &supported, producer, counters.clone(), bell.clone()).map_err(fail)?;
    stream.play().map_err(fail)?;
    let (stream, rate_hz) = (RunningStream::new(stream), supported.sample_rate());
    Ok(Opened { stream, ring, rate_hz, counters, id, instead_because: None })
}

fn start_playback(device: &Device) -> Result<Opened<rtrb::Producer<f32>>, DeviceError> {
    let id = id_of(device);
    let fail = |error: cpal::Error| open_error(Direction::Playback, &id, &error);
    let supported = device.default_output_config().map_err(fail)?;
    let (ring, consumer) = rtrb::RingBuffer::new(ring_samples(&supported));
    let counters: Arc<Counters> = Arc::default();
    let build = match supported.sample_format() {
        SampleFormat::I16 => build_playback::<i16>,
        SampleFormat::I32 => build_playback::<i32>,
        _ => build_playback::<f32>,
    };
    let stream = build(device, &supported, consumer, counters.clone()).map_err(fail)?;
    stream.play().map_err(fail)?;
    let (stream, rate_hz) = (RunningStream::new(stream), supported.sample_rate());
    Ok(Opened { stream, ring, rate_hz, counters, id, instead_because: None })
}

fn id_of(device: &Device) -> String {
    device.id().map_or_else(|_| device.to_string(), |id| id.to_string())
}

fn build_capture<T>(
    device: &Device,
    supported: &SupportedStreamConfig,
    mut ring: rtrb::Producer<f32>,
    counters: Arc<Counters>,
    bell: Bell,
) -> Result<Stream, cpal::Error>
where
    T: SizedSample,
    f32: FromSample<T>,
{
    let channels = usize::from(supported.channels().max(1));
    let errors = counters.clone();
    // The callback only mixes down, copies, counts, and wakes the loop.
    let on_data = move |samples: &[T], _: &cpal::InputCallbackInfo| {
        let mut missed = 0;
        for frame in samples.chunks_exact(channels) {
            let sum: f32 = frame.iter().map(|sample| f32::from_sample(*sample)).sum();
            missed += usize::from(ring.push(sum / channels as f32).is_err());
        }
        counters.count(samples.len() / channels, missed);
        bell.ring();
    };
    let on_error = move |error: cpal::Error| errors.count_error(&error);
    device.build_input_stream(stream_config(supported), on_data, on_error, Some(OPEN_TIMEOUT))
}

fn build_playback<T>(
    device: &Device,
    supported: &SupportedStreamConfig,
    mut ring: rtrb::Consumer<f32>,
    counters: Arc<Counters>,
) -> Result<Stream, cpal::Error>
where
    T: SizedSample + FromSample<f32>,
{
    let channels = usize::from(supported.channels().max(1));
    let errors = counters.clone();
    let on_data = move |samples: &mut [T], _: &cpal::OutputCallbackInfo| {
        let expects_sound = counters.expects_sound.load(Ordering::Relaxed);
        let mut missed = 0;
        for frame in samples.chunks_exact_mut(channels) {
            let sample = ring.pop().unwrap_or_else(|_| {
                missed += usize::from(expects_sound);
                0.0
            });
            frame.fill(T::from_sample(sample));
        }
        counters.count(samples.len() / channels, missed);
    };
    let on_error = move |error: cpal::Error| errors.count_error(&error);
    device.build_output_stream(stream_config(supported), on_data, on_error, Some(OPEN_TIMEOUT))
}

/// Callbacks of 10 ms where the device allows it; PulseAudio's own default would be two seconds.
fn stream_config(supported: &SupportedStreamConfig) -> StreamConfig {
    let wanted = supported.sample_rate() / 100;
    let frames = match supported.buffer_size() {
        SupportedBufferSize::Range { min, max } if min <= max => wanted.clamp(*min, *max),
        _ => wanted,
    };
    StreamConfig {
        channels: supported.channels(),
        sample_rate: supported.sample_rate(),
        buffer_size: BufferSize::Fixed(frames),
    }
}

fn ring_samples(supported: &SupportedStreamConfig) -> usize {
    (RING.as_secs_f64() * f64::from(supported.sample_rate())) as usize
}

fn find(host: AudioHost, id: &str, direction: Direction) -> Result<Device, DeviceError> {
    if id.is_empty() {
        return find_default(host, id, direction);
    }
    let parsed = parse_id(id)?;
    // The id says which host it belongs to, whatever `audio.host` says.
    let named = cpal::host_from_id(parsed.host()).map_err(|error| host_error(parsed.host(), &error))?;
    let absent = || DeviceError::Open { direction, id: id.to_owned(), detail: NOT_THERE.to_owned() };
    named.device_by_id(&parsed).ok_or_else(absent)
}

/// The default device of `host`, or of the host that `id` names where that one does not answer.
fn find_default(host: AudioHost, id: &str, direction: Direction) -> Result<Device, DeviceError> {
    let host = open_host(host).or_else(|error| {
        let named = parse_id(id).ok().and_then(|id| cpal::host_from_id(id.host()).ok());
        named.ok_or(error)
    })?;
    let default = match direction {
        Direction::Capture => host.default_input_device(),
        Direction::Playback => host.default_output_device(),
    };
    default.ok_or(DeviceError::None { direction })
}

fn parse_id(id: &str) -> Result<DeviceId, DeviceError> {
    DeviceId::from_str(id).map_err(|error| DeviceError::Id { id: id.to_owned(), detail: error.to_string() })
}

fn open_host(host: AudioHost) -> Result<Host, DeviceError> {
    let open = |id| cpal::host_from_id(id).map_err(|error| host_error(id, &error));
    match host {
        AudioHost::PulseAudio => open(HostId::PulseAudio),
        AudioHost::Alsa => open(HostId::Alsa),
        AudioHost::Auto => open(HostId::PulseAudio).or_else(|_| open(HostId::Alsa)),
    }
}

fn host_error(host: HostId, error: &cpal::Error) -> DeviceError {
    DeviceError::Host { host: host.name(), detail: error.to_string() }
}

fn open_error(direction: Direction, id: &str, error: &cpal::Error) -> DeviceError {
    DeviceError::Open { direction, id: id.to_owned(), detail: error.to_string() }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn opened(id: &str) -> Result<Opened<()>, DeviceError> {
        let stream = RunningStream::new(());
        Ok(Opened { stream, ring: (), rate_hz: 48_000, counters: Arc::default(), id: id.into(), instead_because: None })
    }

    fn refused(id: &str) -> Result<Opened<()>, DeviceError> {
        Err(DeviceError::Open { direction: Direction::Capture, id: id.into(), detail: "busy".into() })
    }

    #[test]
    fn of_alsa_s_devices_hardware_is_told_from_plug_ins_and_named_cards_from_numbers() {
        for pcm in ["hw:CARD=PCH,DEV=0", "plughw:CARD=USB,DEV=1"] {
            assert_eq!(hardware(pcm), Some(CardName::Named), "{pcm}");
        }
        for pcm in ["hw:CARD=0,DEV=0", "plughw:1,0"] {
            assert_eq!(hardware(pcm), Some(CardName::Numbered), "{pcm}");
        }
        for pcm in ["null", "pulse", "upmix", "sysdefault:CARD=PCH", "dmix:CARD=PCH,DEV=0"] {
            assert_eq!(hardware(pcm), None, "{pcm}");
        }
    }

    #[test]
    fn the_default_device_serves_where_the_preferred_one_cannot_be_opened() {
        let taken = or_default(|| refused("usb"), || opened("built-in")).unwrap();
        assert_eq!((taken.id.as_str(), taken.instead_because.is_none()), ("built-in", false));
        let taken = or_default(|| opened("usb"), || refused("built-in")).unwrap();
        assert_eq!((taken.id.as_str(), taken.instead_because.is_none()), ("usb", true));
        let error = or_default(|| refused("usb"), || refused("built-in")).err().unwrap();
        assert!(error.to_string().contains("usb"), "{error}");
    }
}

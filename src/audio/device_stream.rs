//! A microphone and a speaker that never die: opened, watched, dropped when lost, looked for again.
//!
//! Each has a supervisor thread that does everything that may block; the loop only sees rings that come and go.
//! A device is lost when it says so, when its errors do not stop, or when it stops calling back, which is how most
//! sound systems lose one: without any error.

use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use super::{
    Bell, DeviceChange, FRAME_SAMPLES, Frame, PIPELINE_RATE_HZ, Polled, Sink, Source,
    devices::{Choice, Counters, DeviceError, Opened, open_capture, open_playback},
    resample::Resampler,
    sink::Pacer,
};
use crate::config;

/// How often a stream is looked at.
const WATCH: Duration = Duration::from_millis(50);
/// Looks in a row with new errors after which a stream is dead: some hosts report two million of them.
const LOOKS_WITH_ERRORS: u32 = 3;
/// A stream may take this long to its first callback, on top of the time after which it is lost.
const START: Duration = Duration::from_secs(2);
/// Between attempts to open: from, to.
const BACK_OFF: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(4));
/// How often the preferred device is tried while another one serves.
const PREFERRED: Duration = Duration::from_secs(3);
/// Changes that wait for the loop; the supervisor waits when they are full.
const UPDATES: usize = 4;
/// Sound waiting in a speaker's ring: enough for two callbacks of 10 ms.
const FILL: Duration = Duration::from_millis(25);
/// The rate of a speaker that is not there, Hz.
const ABSENT_RATE_HZ: u32 = 48_000;

struct Stream<Ring> {
    ring: Ring,
    rate_hz: u32,
    counters: Arc<Counters>,
}

enum Update<Ring> {
    Up(Stream<Ring>, String),
    Down(String),
}

/// The thread that keeps a device open. Ends when dropped; a stream that hangs is left behind.
struct Supervisor {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Supervisor {
    fn start<Ring: Send + 'static>(
        name: &str,
        lost_after: Duration,
        mut open: impl FnMut(Choice) -> Result<Opened<Ring>, DeviceError> + Send + 'static,
        bell: Bell,
    ) -> std::io::Result<(Self, Receiver<Update<Ring>>)> {
        let (updates, received) = sync_channel(UPDATES);
        let stop = Arc::new(AtomicBool::new(false));
        let watch = Watch { stop: stop.clone(), lost_after, try_preferred_every: PREFERRED };
        let thread = std::thread::Builder::new().name(name.into()).spawn(move || {
            watch.keep_open(&mut open, &updates, &bell);
        })?;
        Ok((Self { stop, thread: Some(thread) }, received))
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        // Not joined: opening a device may block for seconds, and stopping must not.
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
        }
    }
}

struct Watch {
    stop: Arc<AtomicBool>,
    lost_after: Duration,
    try_preferred_every: Duration,
}

/// Why a stream is not watched any more.
enum Outcome<Ring> {
    Lost(String),
    /// The preferred device is open and takes its place.
    Replaced(Opened<Ring>),
}

impl Watch {
    fn keep_open<Ring>(
        &self,
        open: &mut impl FnMut(Choice) -> Result<Opened<Ring>, DeviceError>,
        updates: &SyncSender<Update<Ring>>,
        bell: &Bell,
    ) {
        let mut back_off = BACK_OFF.0;
        let mut is_known_lost = false;
        while !self.is_stopped() {
            let lost = match open(Choice::Best) {
                Ok(opened) => {
                    is_known_lost = false;
                    let began = Instant::now();
                    let Some(reason) = self.serve(opened, open, updates, bell) else { return };
                    if began.elapsed() > BACK_OFF.1 {
                        back_off = BACK_OFF.0;
                    }
                    reason
                }
                Err(error) => error.to_string(),
            };
            if self.is_stopped() {
                return;
            }
            // Said once: that it is still gone a second later is no news.
            if !std::mem::replace(&mut is_known_lost, true) {
                if updates.send(Update::Down(lost)).is_err() {
                    return;
                }
                bell.ring();
            }
            std::thread::park_timeout(back_off);
            back_off = (2 * back_off).min(BACK_OFF.1);
        }
    }

    /// Hands the stream to the loop and watches it until it is lost; says why. The preferred device takes the place
    /// of another one without a loss between them. `None`: nobody wants it any more.
    fn serve<Ring>(
        &self,
        mut opened: Opened<Ring>,
        open: &mut impl FnMut(Choice) -> Result<Opened<Ring>, DeviceError>,
        updates: &SyncSender<Update<Ring>>,
        bell: &Bell,
    ) -> Option<String> {
        loop {
            let Opened { stream, ring, rate_hz, counters, id, instead_because } = opened;
            let up = Stream { ring, rate_hz, counters: counters.clone() };
            let detail = match &instead_because {
                None => format!("{id} at {rate_hz} Hz"),
                Some(error) => {
                    tracing::warn!(%error, "{id} is used instead until it comes");
                    format!("{id} at {rate_hz} Hz, instead: {error}")
                }
            };
            if updates.send(Update::Up(up, detail)).is_err() {
                stream.discard();
                return None;
            }
            bell.ring();
            let outcome = self.until_lost(&counters, instead_because.is_none(), open);
            stream.discard();
            match outcome {
                Outcome::Lost(reason) => return Some(format!("{id}: {reason}")),
                Outcome::Replaced(preferred) => opened = preferred,
            }
        }
    }

    /// Watches a stream until it is lost, or the preferred device could be opened in its place.
    fn until_lost<Ring>(
        &self,
        counters: &Counters,
        is_preferred: bool,
        open: &mut impl FnMut(Choice) -> Result<Opened<Ring>, DeviceError>,
    ) -> Outcome<Ring> {
        let opened = Instant::now();
        let mut called_back = (0, opened + START);
        let mut errors = (0, 0);
        let mut tried_preferred = opened;
        loop {
            std::thread::park_timeout(WATCH);
            let now = Instant::now();
            if self.is_stopped() {
                return Outcome::Lost("stopped".to_owned());
            }
            if counters.fatal.load(Ordering::Relaxed) > 0 {
                return Outcome::Lost("the device is gone".to_owned());
            }
            let callbacks = counters.callbacks.load(Ordering::Relaxed);
            if callbacks != called_back.0 {
                called_back = (callbacks, now);
            } else if now.saturating_duration_since(called_back.1) > self.lost_after {
                return Outcome::Lost(format!("no sound for {} ms", self.lost_after.as_millis()));
            }
            let transient = counters.transient.load(Ordering::Relaxed);
            errors = (transient, if transient == errors.0 { 0 } else { errors.1 + 1 });
            if errors.1 >= LOOKS_WITH_ERRORS {
                return Outcome::Lost("its errors do not stop".to_owned());
            }
            if !is_preferred && now - tried_preferred > self.try_preferred_every {
                if let Ok(preferred) = open(Choice::Preferred) {
                    return Outcome::Replaced(preferred);
                }
                tried_preferred = Instant::now();
            }
        }
    }

    fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Acquire)
    }
}

/// A microphone of the box.
pub struct DeviceSource {
    updates: Receiver<Update<rtrb::Consumer<f32>>>,
    stream: Option<(Stream<rtrb::Consumer<f32>>, Resampler)>,
    resampled: Vec<f32>,
    taken: Vec<f32>,
    changes: VecDeque<DeviceChange>,
    dropped_before: u64,
    _supervisor: Supervisor,
}

impl DeviceSource {
    /// Opens the microphone of the configuration, and keeps it open. Whether there is one is told by
    /// [`Source::take_change`].
    ///
    /// # Errors
    /// The supervisor's thread cannot be started.
    pub fn start(settings: &config::Audio, bell: &Bell) -> std::io::Result<Self> {
        let (host, id) = (settings.host, settings.microphone.clone());
        let ringing = bell.clone();
        let (supervisor, updates) = Supervisor::start(
            "microphone",
            Duration::from_millis(settings.lost_after_ms),
            move |choice| open_capture(host, &id, choice, &ringing),
            bell.clone(),
        )?;
        Ok(Self {
            updates,
            stream: None,
            resampled: Vec::new(),
            taken: Vec::new(),
            changes: VecDeque::new(),
            dropped_before: 0,
            _supervisor: supervisor,
        })
    }

    fn hear_supervisor(&mut self) {
        while let Ok(update) = self.updates.try_recv() {
            self.dropped_before = self.frames_dropped();
            self.resampled.clear();
            let (stream, change) = match update {
                Update::Down(reason) => (None, DeviceChange::Lost(reason)),
                Update::Up(stream, detail) => match Resampler::new(stream.rate_hz, PIPELINE_RATE_HZ, 10) {
                    Ok(resampler) => (Some((stream, resampler)), DeviceChange::Ready(detail)),
                    Err(error) => (None, DeviceChange::Lost(error.to_string())),
                },
            };
            self.stream = stream;
            self.changes.push_back(change);
        }
    }
}

impl Source for DeviceSource {
    fn poll(&mut self, _now: Duration, frame: &mut Frame) -> Polled {
        self.hear_supervisor();
        let Some((stream, resampler)) = &mut self.stream else { return Polled::Silent };
        let waiting = stream.ring.slots();
        self.taken.resize(waiting, 0.0);
        if stream.ring.pop_entire_slice(&mut self.taken).is_ok() {
            resampler.push(&self.taken, &mut self.resampled);
        }
        match self.resampled.first_chunk::<FRAME_SAMPLES>() {
            Some(next) => {
                frame.copy_from_slice(next);
                self.resampled.drain(..FRAME_SAMPLES);
                Polled::Frame
            }
            None => Polled::Pending,
        }
    }

    fn take_change(&mut self) -> Option<DeviceChange> {
        self.hear_supervisor();
        self.changes.pop_front()
    }

    fn frames_dropped(&self) -> u64 {
        self.dropped_before + self.stream.as_ref().map_or(0, |(stream, _)| missed_frames(stream))
    }
}

/// A speaker of the box.
pub struct DeviceSink {
    updates: Receiver<Update<rtrb::Producer<f32>>>,
    stream: Option<Stream<rtrb::Producer<f32>>>,
    /// Without a device playout goes on at its own pace.
    pacer: Pacer,
    changes: VecDeque<DeviceChange>,
    starved_before: u64,
    _supervisor: Supervisor,
}

impl DeviceSink {
    /// Opens the speaker of the configuration, and keeps it open. Whether there is one is told by
    /// [`Sink::take_change`].
    ///
    /// # Errors
    /// The supervisor's thread cannot be started.
    pub fn start(settings: &config::Audio, bell: &Bell) -> std::io::Result<Self> {
        let (host, id) = (settings.host, settings.speaker.clone());
        let (supervisor, updates) = Supervisor::start(
            "speaker",
            Duration::from_millis(settings.lost_after_ms),
            move |choice| open_playback(host, &id, choice),
            bell.clone(),
        )?;
        Ok(Self {
            updates,
            stream: None,
            pacer: Pacer::new(ABSENT_RATE_HZ, FILL),
            changes: VecDeque::new(),
            starved_before: 0,
            _supervisor: supervisor,
        })
    }

    fn hear_supervisor(&mut self) {
        while let Ok(update) = self.updates.try_recv() {
            self.starved_before = self.frames_starved();
            let (stream, change) = match update {
                Update::Down(reason) => (None, DeviceChange::Lost(reason)),
                Update::Up(stream, detail) => (Some(stream), DeviceChange::Ready(detail)),
            };
            self.stream = stream;
            self.changes.push_back(change);
        }
    }
}

impl Sink for DeviceSink {
    fn sample_rate_hz(&self) -> u32 {
        self.stream.as_ref().map_or(ABSENT_RATE_HZ, |stream| stream.rate_hz)
    }

    fn writable(&mut self, now: Duration) -> usize {
        self.pacer.catch_up(now);
        let Some(stream) = &self.stream else { return self.pacer.room(now) };
        let asked_at_once = stream.counters.largest_callback.load(Ordering::Relaxed);
        let wanted = ((FILL.as_secs_f64() * f64::from(stream.rate_hz)) as usize).max(asked_at_once * 3 / 2);
        let filled = stream.ring.buffer().capacity() - stream.ring.slots();
        wanted.saturating_sub(filled).min(stream.ring.slots())
    }

    fn write(&mut self, samples: &[f32]) {
        match &mut self.stream {
            Some(stream) => {
                // `writable` has left room for all of it.
                let _ = stream.ring.push_entire_slice(samples);
            }
            None => self.pacer.advance(samples.len()),
        }
    }

    fn expect_sound(&mut self, expected: bool) {
        if let Some(stream) = &self.stream {
            stream.counters.expects_sound.store(expected, Ordering::Relaxed);
        }
    }

    fn take_change(&mut self) -> Option<DeviceChange> {
        self.hear_supervisor();
        self.changes.pop_front()
    }

    fn frames_starved(&self) -> u64 {
        self.starved_before + self.stream.as_ref().map_or(0, missed_frames)
    }
}

fn missed_frames<Ring>(stream: &Stream<Ring>) -> u64 {
    stream.counters.missed_samples.load(Ordering::Relaxed) * 100 / u64::from(stream.rate_hz.max(1))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
mod tests {
    use super::*;
    use crate::audio::devices::{Direction, RunningStream};

    fn opened(id: &str, is_preferred: bool) -> Opened<()> {
        let stream = RunningStream::new(());
        let instead_because = (!is_preferred).then_some(DeviceError::None { direction: Direction::Capture });
        Opened { stream, ring: (), rate_hz: 48_000, counters: Arc::default(), id: id.into(), instead_because }
    }

    #[test]
    fn the_preferred_device_takes_the_place_of_the_default_one_without_a_loss() {
        let stop = Arc::new(AtomicBool::new(false));
        let lost_after = Duration::from_secs(60);
        let watch = Watch { stop: stop.clone(), lost_after, try_preferred_every: Duration::ZERO };
        let (updates, received) = sync_channel(UPDATES);
        let mut refusals = 2;
        let mut open = move |choice| match choice {
            Choice::Best => Ok(opened("built-in", false)),
            Choice::Preferred if refusals > 0 => {
                refusals -= 1;
                Err(DeviceError::None { direction: Direction::Capture })
            }
            Choice::Preferred => Ok(opened("usb", true)),
        };
        let supervisor = std::thread::spawn(move || watch.keep_open(&mut open, &updates, &Bell::default()));
        let instead = "built-in at 48000 Hz, instead: there is no microphone; `majlis devices` lists what there is";
        for expected in [instead, "usb at 48000 Hz"] {
            match received.recv_timeout(Duration::from_secs(20)).unwrap() {
                Update::Up(_, detail) => assert_eq!(detail, expected),
                Update::Down(reason) => panic!("lost: {reason}"),
            }
        }
        stop.store(true, Ordering::Release);
        supervisor.join().unwrap();
        assert!(received.try_recv().is_err(), "nothing more was said");
    }
}

//! A camera that never dies: opened, watched, let go when it is lost, looked for again.
//!
//! `run` calls `run_once`; opener and clock are handed in, so that all of it is tested without a device and in no time.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, sync_channel},
    },
    time::Duration,
};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{
    Frame, FrameSlot, FrameSource, OpenCamera, PictureHealth, SourceError, health::Blindness, upright::Upright,
};
use crate::{
    clock::Clock,
    config,
    event::{Bus, Device, DeviceStatus, Event},
};

/// How long one wait for a picture lasts: so soon a stop is noticed.
const WAIT: Duration = Duration::from_millis(200);
/// A camera may take this long to its first picture, on top of the time after which it is lost: many measure the light
/// first.
const START: Duration = Duration::from_secs(2);
/// Between attempts to open: from, to.
const BACK_OFF: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(5));
/// How long a stop waits for the thread; a driver that hangs in the kernel is left behind.
const STOP_LIMIT: Duration = Duration::from_secs(2);

/// What the camera does now.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum CameraStatus {
    /// Not opened yet.
    #[default]
    Starting,
    /// Delivers pictures that show something.
    Seeing(String),
    /// Delivers pictures that show nothing.
    Blind(Blindness),
    /// Gone, or never there; it is looked for again. Why.
    Lost(String),
    /// A recording that has come to its end.
    Ended,
}

impl CameraStatus {
    /// Whether there are pictures that show something.
    #[must_use]
    pub fn is_seeing(&self) -> bool {
        matches!(self, Self::Seeing(_))
    }
}

/// What a camera has done so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CameraFigures {
    /// Pictures that could be read.
    pub frames: u64,
    /// Of those: nobody waited for them before the next one came.
    pub dropped: u64,
    /// Pictures that could not be read.
    pub bad: u64,
    /// How often it was opened again after it was lost.
    pub reopened: u64,
}

#[derive(Debug, Default)]
struct Counters {
    frames: AtomicU64,
    bad: AtomicU64,
    reopened: AtomicU64,
}

/// Starts cameras.
#[derive(Debug)]
pub struct Camera;

impl Camera {
    /// Starts the thread that opens a camera and keeps it open. Without one the program goes on: that there is none is
    /// told on the bus and by the status.
    ///
    /// # Errors
    /// The thread cannot be started.
    pub fn start(
        opener: Box<dyn OpenCamera>,
        config: &config::Camera,
        clock: Arc<dyn Clock>,
        bus: Bus,
    ) -> std::io::Result<CameraHandle> {
        // Only for the clock's waits; nothing is ever spawned on it.
        let waits = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
        let (slot, counters): (Arc<FrameSlot>, Arc<Counters>) = Default::default();
        let (status, stop) = (watch::Sender::new(CameraStatus::Starting), CancellationToken::new());
        let (ended, end) = sync_channel(1);
        let supervision = Supervision {
            upright: Upright::new(config),
            lost_after: Duration::from_millis(config.lost_after_ms),
            health: PictureHealth::new(opener.is_live()),
            is_live: opener.is_live(),
            opener,
            clock,
            bus,
            slot: slot.clone(),
            status: status.clone(),
            counters: counters.clone(),
            stop: stop.clone(),
            waits,
        };
        std::thread::Builder::new().name("camera".into()).spawn(move || {
            supervision.run();
            let _ = ended.send(());
        })?;
        Ok(CameraHandle { slot, status: status.subscribe(), counters, stop, end })
    }
}

/// A running camera. Dropping it stops it without waiting.
pub struct CameraHandle {
    /// The latest picture.
    pub slot: Arc<FrameSlot>,
    /// What it does now.
    pub status: watch::Receiver<CameraStatus>,
    counters: Arc<Counters>,
    stop: CancellationToken,
    end: Receiver<()>,
}

impl CameraHandle {
    /// What it has done so far.
    #[must_use]
    pub fn figures(&self) -> CameraFigures {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        CameraFigures {
            frames: read(&self.counters.frames),
            dropped: self.slot.dropped(),
            bad: read(&self.counters.bad),
            reopened: read(&self.counters.reopened),
        }
    }

    /// Stops it and closes its device; waits for that at most two seconds.
    pub fn stop(self) {
        self.stop.cancel();
        if self.end.recv_timeout(STOP_LIMIT).is_err() {
            tracing::warn!("the camera does not close; it is left behind");
        }
    }
}

impl Drop for CameraHandle {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// Why a source is no longer read.
enum End {
    Stopped,
    /// The recording is over.
    Ended,
    /// The camera is lost; whether it delivered anything before.
    Lost {
        reason: String,
        has_delivered: bool,
    },
}

struct Supervision {
    opener: Box<dyn OpenCamera>,
    upright: Upright,
    lost_after: Duration,
    health: PictureHealth,
    /// A recording may pause for as long as it likes.
    is_live: bool,
    clock: Arc<dyn Clock>,
    bus: Bus,
    slot: Arc<FrameSlot>,
    status: watch::Sender<CameraStatus>,
    counters: Arc<Counters>,
    stop: CancellationToken,
    waits: tokio::runtime::Runtime,
}

impl Supervision {
    fn run(mut self) {
        let mut pause = BACK_OFF.0;
        while !self.stop.is_cancelled() {
            match self.run_once() {
                End::Stopped => break,
                End::Ended => {
                    self.tell(CameraStatus::Ended);
                    break;
                }
                End::Lost { reason, has_delivered } => {
                    if has_delivered {
                        pause = BACK_OFF.0;
                    }
                    self.tell(CameraStatus::Lost(reason));
                    if !self.is_live {
                        // A recording that breaks off does not come back; whoever waits for its end must not wait for ever.
                        self.tell(CameraStatus::Ended);
                        break;
                    }
                    self.sleep(pause);
                    pause = (pause * 2).min(BACK_OFF.1);
                }
            }
        }
        self.slot.close();
    }

    /// Opens the camera and takes its pictures until it is lost.
    fn run_once(&mut self) -> End {
        let source = match self.opener.open() {
            Ok(source) => source,
            Err(error) => return End::Lost { reason: error.to_string(), has_delivered: false },
        };
        let mut source = Discarded(Some(source));
        let Some(source) = &mut source.0 else { return End::Stopped };
        let mut has_delivered = false;
        let mut due = self.clock.now() + self.lost_after + START;
        loop {
            if self.stop.is_cancelled() {
                return End::Stopped;
            }
            match source.next(WAIT.min(self.lost_after)) {
                Ok(picture) => {
                    if !has_delivered && matches!(*self.status.borrow(), CameraStatus::Lost(_)) {
                        self.counters.reopened.fetch_add(1, Ordering::Relaxed);
                    }
                    has_delivered = true;
                    due = self.clock.now() + self.lost_after;
                    self.take(picture, source.as_ref());
                    continue;
                }
                Err(SourceError::Silent) => {}
                Err(SourceError::Bad(reason)) => {
                    self.counters.bad.fetch_add(1, Ordering::Relaxed);
                    tracing::debug!(%reason, "a picture of the camera cannot be read");
                }
                Err(SourceError::Ended) => return End::Ended,
                Err(SourceError::Lost(reason)) => {
                    return End::Lost { reason: format!("{}: {reason}", source.detail()), has_delivered };
                }
            }
            // Neither silence nor pictures that nobody can read are pictures.
            if self.is_live && self.clock.now() >= due {
                let reason = format!("{}: no picture for {} ms", source.detail(), self.lost_after.as_millis());
                return End::Lost { reason, has_delivered };
            }
        }
    }

    fn take(&mut self, picture: image::RgbImage, source: &dyn FrameSource) {
        let at = self.clock.now();
        let sequence = self.counters.frames.fetch_add(1, Ordering::Relaxed) + 1;
        let picture = Arc::new(self.upright.apply(picture));
        match self.health.judge(&picture, at) {
            None => {
                if !self.status.borrow().is_seeing() {
                    self.tell(CameraStatus::Seeing(source.detail()));
                }
                self.slot.publish(Frame { sequence, at, picture });
            }
            // Who looks at a black or frozen picture would believe that nobody moves.
            Some(blindness) => self.tell(CameraStatus::Blind(blindness)),
        }
    }

    /// Changes the status, and tells the bus if staff or visitors would notice the difference.
    fn tell(&self, status: CameraStatus) {
        if !status.is_seeing() {
            self.slot.clear();
        }
        let before = self.status.send_replace(status.clone());
        if std::mem::discriminant(&before) == std::mem::discriminant(&status) {
            return;
        }
        let (device_status, detail) = match status {
            CameraStatus::Starting => return,
            CameraStatus::Seeing(detail) => (DeviceStatus::Ready, detail),
            CameraStatus::Blind(blindness) => (DeviceStatus::Lost, blindness.to_string()),
            CameraStatus::Lost(reason) => (DeviceStatus::Lost, reason),
            CameraStatus::Ended => (DeviceStatus::Lost, SourceError::Ended.to_string()),
        };
        self.bus.publish(Event::Device { device: Device::Camera, status: device_status, detail });
    }

    /// Waits, but not for longer than the camera is wanted.
    fn sleep(&self, pause: Duration) {
        let until = self.clock.now() + pause;
        self.waits.block_on(async {
            tokio::select! {
                () = self.stop.cancelled() => {}
                () = self.clock.sleep_until(until) => {}
            }
        });
    }
}

/// A source that is closed on a thread that nobody waits for: closing a device that is gone can hang.
struct Discarded(Option<Box<dyn FrameSource>>);

impl Drop for Discarded {
    fn drop(&mut self) {
        let source = self.0.take();
        let closing = std::thread::Builder::new().name("close-camera".into()).spawn(move || drop(source));
        if let Err(error) = closing {
            tracing::warn!(%error, "no thread to close the camera on");
        }
    }
}

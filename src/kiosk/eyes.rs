//! The vision thread: takes the newest picture when it is free, and survives whatever comes of it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use arc_swap::ArcSwap;
use tokio::sync::{mpsc, watch};

use super::Foundation;
use crate::{
    camera::{CameraHandle, CameraStatus, Frame, FrameSlot},
    config::Config,
    event::{Bus, Command, Device, DeviceStatus, Event, Sight},
    runtime::{ModelStore, Onnx},
    vision::{
        EyesCommand, EyesMode, FaceReader, Gallery, Glimpse, KnownPeople, VisionError,
        eyes::{Eyes, EyesParts, Outlets, Recognition},
        identity,
    },
};

/// What the conversation says to the eyes. When it is full the newest is dropped, and logged.
const ASKED: usize = 8;

/// One wait for a picture: so soon a stop is noticed.
const WAIT: Duration = Duration::from_millis(200);

/// Pictures in a row on which the networks may fail before that counts as blindness.
const FAILURES: u32 = 5;

/// Then the next attempts are so far apart: from, to.
const BACK_OFF: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));

/// The people who may be recognised.
pub(super) struct Acquaintances {
    pub(super) gallery: Arc<ArcSwap<Gallery>>,
    pub(super) people: Arc<dyn KnownPeople>,
}

/// The ends of the eyes that others hold.
pub struct EyesLink {
    /// What the camera shows.
    pub sight: watch::Receiver<Sight>,
    /// Pictures read for enrolment.
    pub glimpses: watch::Receiver<Option<Arc<Glimpse>>>,
    /// What the eyes are used for.
    pub mode: watch::Sender<EyesMode>,
    /// To the eyes.
    pub(super) asked: mpsc::Sender<EyesCommand>,
}

/// Eyes whose networks are not loaded yet: that waits for the first picture, so that without a camera nothing is.
pub(super) struct ClosedEyes {
    models: ModelStore,
    onnx: Onnx,
    config: Arc<Config>,
    acquaintances: Option<Acquaintances>,
    outlets: Outlets,
    mode: watch::Receiver<EyesMode>,
    asked: mpsc::Receiver<EyesCommand>,
}

impl ClosedEyes {
    pub(super) fn new(
        foundation: &Foundation,
        bus: Bus,
        commands: mpsc::Sender<Command>,
        acquaintances: Option<Acquaintances>,
    ) -> (Self, EyesLink) {
        let (sight, seen) = watch::channel(Sight::default());
        let (glimpses, glimpsed) = watch::channel(None);
        let (mode, wanted) = watch::channel(EyesMode::default());
        let (asker, asked) = mpsc::channel(ASKED);
        let closed = Self {
            models: foundation.models.clone(),
            onnx: foundation.onnx.clone(),
            config: foundation.config.clone(),
            acquaintances,
            outlets: Outlets { bus, sight, commands, glimpses },
            mode: wanted,
            asked,
        };
        (closed, EyesLink { sight: seen, glimpses: glimpsed, mode, asked: asker })
    }

    /// Loads the networks.
    fn open(self) -> Result<Eyes, VisionError> {
        let vision = &self.config.vision;
        let faces = FaceReader::load(&self.models, &self.onnx, vision)?;
        let recogniser = faces.recogniser();
        let settings = identity::Settings {
            threshold: recogniser.same_person_threshold,
            margin: recogniser.same_person_margin,
            votes: vision.votes,
            liveness: faces.liveness_threshold(),
        };
        let recognition = self.acquaintances.filter(|_| vision.recognition).map(|known| Recognition {
            gallery: known.gallery,
            people: known.people,
            settings,
        });
        Ok(Eyes::new(EyesParts {
            faces: Box::new(faces),
            vision: vision.clone(),
            presence: self.config.presence.clone(),
            recognition,
            outlets: self.outlets,
            mode: self.mode,
            asked: self.asked,
        }))
    }
}

enum State {
    /// No picture came yet.
    Closed(Box<ClosedEyes>),
    Open(Box<Eyes>),
    /// A network is missing or wrong: staff were told, the voice goes on.
    Broken,
}

/// Eyes that do not fail: errors are counted, told to staff once, and tried again more and more rarely.
pub(super) struct Watcher {
    state: State,
    bus: Bus,
    failures: u32,
}

impl Watcher {
    pub(super) fn new(closed: ClosedEyes) -> Self {
        Self { bus: closed.outlets.bus.clone(), state: State::Closed(Box::new(closed)), failures: 0 }
    }

    /// Looks at a picture; gives how long to rest from the beginning of this look to the next.
    pub(super) fn look(&mut self, frame: &Frame) -> Duration {
        let Some(eyes) = self.eyes() else { return BACK_OFF.1 };
        let (outcome, interval) = (eyes.look(frame), eyes.interval());
        match outcome {
            Ok(()) => {
                if std::mem::take(&mut self.failures) >= FAILURES {
                    self.tell(DeviceStatus::Ready, "faces are found again".to_owned());
                }
                interval
            }
            Err(error) => {
                self.failures = self.failures.saturating_add(1);
                if self.failures < FAILURES {
                    return interval;
                }
                self.go_blind();
                if self.failures == FAILURES {
                    self.tell(DeviceStatus::Lost, error.to_string());
                }
                let doublings = (self.failures - FAILURES).min(8);
                (BACK_OFF.0 * 2_u32.pow(doublings)).min(BACK_OFF.1)
            }
        }
    }

    /// The camera shows nothing.
    pub(super) fn go_blind(&mut self) {
        if let State::Open(eyes) = &mut self.state {
            eyes.go_blind();
        }
    }

    /// A recording has come to its end.
    pub(super) fn end(&mut self) {
        if let State::Open(eyes) = &mut self.state {
            eyes.end();
        }
    }

    fn is_broken(&self) -> bool {
        matches!(self.state, State::Broken)
    }

    fn eyes(&mut self) -> Option<&mut Eyes> {
        if let State::Closed(_) = &self.state {
            let State::Closed(closed) = std::mem::replace(&mut self.state, State::Broken) else { return None };
            match closed.open() {
                Ok(eyes) => self.state = State::Open(Box::new(eyes)),
                Err(error) => self.tell(DeviceStatus::Lost, format!("faces cannot be found: {error}")),
            }
        }
        match &mut self.state {
            State::Open(eyes) => Some(eyes),
            State::Closed(_) | State::Broken => None,
        }
    }

    fn tell(&self, status: DeviceStatus, detail: String) {
        self.bus.publish(Event::Device { device: Device::Camera, status, detail });
    }
}

/// The running vision thread and its camera.
pub(super) struct EyesThread {
    camera: CameraHandle,
    stop: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl EyesThread {
    /// Starts to look at what `camera` shows.
    pub(super) fn start(closed: ClosedEyes, camera: CameraHandle) -> std::io::Result<Self> {
        let stop: Arc<AtomicBool> = Arc::default();
        let (slot, status, stopped) = (camera.slot.clone(), camera.status.clone(), stop.clone());
        let thread = std::thread::Builder::new().name("vision".into()).spawn(move || {
            let mut watcher = Watcher::new(closed);
            let (mut sequence, mut has_ended) = (0, false);
            while !stopped.load(Ordering::Acquire) && !slot.is_closed() && !watcher.is_broken() {
                let Some(frame) = slot.wait_newer(sequence, WAIT) else {
                    match &*status.borrow() {
                        CameraStatus::Seeing(_) => {}
                        CameraStatus::Ended if !std::mem::replace(&mut has_ended, true) => watcher.end(),
                        _ => watcher.go_blind(),
                    }
                    continue;
                };
                sequence = frame.sequence;
                let began = Instant::now();
                let interval = watcher.look(&frame);
                while let Some(rest) = interval.checked_sub(began.elapsed()).filter(|rest| !rest.is_zero()) {
                    if stopped.load(Ordering::Acquire) {
                        return;
                    }
                    std::thread::park_timeout(rest);
                }
            }
        })?;
        Ok(Self { camera, stop, thread })
    }

    /// Where the camera's latest picture is.
    pub(super) fn slot(&self) -> Arc<FrameSlot> {
        self.camera.slot.clone()
    }

    /// What the camera does.
    pub(super) fn camera_status(&self) -> watch::Receiver<CameraStatus> {
        self.camera.status.clone()
    }

    /// Stops both. Blocks until the present look is over.
    pub(super) fn stop(self) {
        self.stop.store(true, Ordering::Release);
        self.thread.thread().unpark();
        self.camera.stop();
        if self.thread.join().is_err() {
            tracing::error!("the vision thread did not end well");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU32;

    use image::RgbImage;

    use super::*;
    use crate::{
        clock::ManualClock,
        config,
        event::Subscription,
        vision::{Face, FaceReading, Faces, Liveness},
    };

    /// Fails as often as it is told to, then sees nobody.
    struct Failing(Arc<AtomicU32>);

    impl Faces for Failing {
        fn detect(&mut self, _picture: &RgbImage) -> Result<Vec<Face>, VisionError> {
            let left = self.0.load(Ordering::Relaxed);
            if left == 0 {
                return Ok(Vec::new());
            }
            self.0.store(left - 1, Ordering::Relaxed);
            Err(VisionError::Inference { model: "scripted".into(), reason: "asked to".into() })
        }

        fn read(&mut self, _picture: &RgbImage, _face: &Face, _faces: usize) -> Result<FaceReading, VisionError> {
            Err(VisionError::Alignment("there is no face".into()))
        }

        fn liveness(&mut self, _picture: &RgbImage, _face: &Face) -> Result<Option<Liveness>, VisionError> {
            Ok(None)
        }
    }

    fn watcher(failures: u32) -> (Watcher, Subscription, watch::Receiver<Sight>) {
        let bus = Bus::new(Arc::new(ManualClock::default()));
        let (sight, seen) = watch::channel(Sight::default());
        let eyes = Eyes::new(EyesParts {
            faces: Box::new(Failing(Arc::new(AtomicU32::new(failures)))),
            vision: config::Vision::default(),
            presence: config::Presence::default(),
            recognition: None,
            outlets: Outlets {
                bus: bus.clone(),
                sight,
                commands: mpsc::channel(8).0,
                glimpses: watch::channel(None).0,
            },
            mode: watch::channel(EyesMode::default()).1,
            asked: mpsc::channel(8).1,
        });
        let events = bus.subscribe();
        (Watcher { state: State::Open(Box::new(eyes)), bus, failures: 0 }, events, seen)
    }

    /// Looks at `pictures` pictures; gives the longest rest and what was told of the camera.
    fn look(watcher: &mut Watcher, events: &mut Subscription, pictures: u64) -> (Duration, Vec<DeviceStatus>) {
        let picture = Arc::new(RgbImage::new(64, 48));
        let rests = (1..=pictures).map(|sequence| {
            watcher.look(&Frame { sequence, at: Duration::from_secs(sequence), picture: picture.clone() })
        });
        let longest = rests.max().unwrap_or_default();
        let told = std::iter::from_fn(|| events.try_next()).filter_map(|stamped| match stamped.event {
            Event::Device { device: Device::Camera, status, .. } => Some(status),
            _ => None,
        });
        (longest, told.collect())
    }

    #[test]
    fn a_network_that_fails_now_and_then_is_tried_with_the_next_picture() {
        let (mut watcher, mut events, sight) = watcher(FAILURES - 1);
        let (rest, told) = look(&mut watcher, &mut events, 10);
        assert_eq!(told, []);
        assert!(rest < BACK_OFF.0 && sight.borrow().is_seeing);
    }

    #[test]
    fn a_network_that_keeps_failing_is_told_once_tried_more_rarely_and_told_again_when_it_works() {
        let (mut watcher, mut events, sight) = watcher(FAILURES + 10);
        let (rest, told) = look(&mut watcher, &mut events, u64::from(FAILURES) + 10);
        assert_eq!((rest, told), (BACK_OFF.1, vec![DeviceStatus::Lost]));
        assert!(!sight.borrow().is_seeing, "whoever speaks counts");
        let (_, told) = look(&mut watcher, &mut events, 2);
        assert_eq!(told, [DeviceStatus::Ready]);
        assert!(sight.borrow().is_seeing);
    }
}

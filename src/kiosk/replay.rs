//! `majlis replay`: the whole pipeline on a recorded microphone and a recorded camera, at the pace of real time or as fast as it goes.

use std::{path::PathBuf, sync::Arc, time::Duration};

use tokio::time::Instant;

use super::{
    Foundation, Kiosk, Seeing, Sound, StartError, Surroundings,
    eyes::{EyesThread, Watcher},
};
use crate::{
    audio::{AudioLoop, Bell, NullSink, Sink, WavSink, WavSource},
    camera::{CameraStatus, Recorded},
    clock::{Clock, ManualClock, SystemClock},
    conversation::Activity,
    event::{Event, Phase, Subscription},
    ops::report::Report,
};

/// Silence after the recording, beyond the longest that may follow a question.
const SILENCE_AFTER: Duration = Duration::from_millis(1_500);

/// How long nothing may happen before a replay is over, frames.
const REST_FRAMES: u32 = 30;

/// How long after the end of the recording an answer may still go on before the replay is ended.
const ANSWER_LIMIT: Duration = Duration::from_secs(120);

/// How long the eyes may take to notice that the camera's recording is over.
const LAST_LOOK: Duration = Duration::from_secs(1);

/// A frame of the audio loop.
const FRAME: Duration = Duration::from_millis(10);

/// What is replayed, and how.
#[derive(Debug, Clone)]
pub struct Recording {
    /// The microphone's recording: WAV of any rate and channels. `None`: silence.
    pub audio: Option<PathBuf>,
    /// The camera's recording: a video file or a folder of pictures. `None`: no camera.
    pub camera: Option<PathBuf>,
    /// Where to write what the kiosk says, on the recording's timeline.
    pub speaker: Option<PathBuf>,
    /// As fast as it goes instead of at the pace of real time. While a transcription or an answer is being made time
    /// goes on at its own pace, so that the figures are those of this machine.
    pub is_fast: bool,
}

/// Replays `recording` and tells what happened.
///
/// # Errors
/// The recording cannot be read, or the kiosk cannot start.
pub async fn run(foundation: &Foundation, recording: &Recording) -> Result<Report, StartError> {
    let patience = Duration::from_millis(foundation.config.turn.max_silence_ms);
    let source = match &recording.audio {
        Some(path) => WavSource::open(path, patience + SILENCE_AFTER)?,
        None => WavSource::new(Vec::new(), FRAME),
    };
    let sink: Box<dyn Sink> = match &recording.speaker {
        Some(path) => Box::new(WavSink::create(path)?),
        None => Box::new(NullSink::default()),
    };
    let sound = Sound { source: Box::new(source), sink, bell: Bell::default() };
    let pictures =
        recording.camera.as_deref().map(|path| Recorded::open(path, &foundation.config.camera)).transpose()?;
    if recording.is_fast { fast(foundation, sound, pictures).await } else { at_pace(foundation, sound, pictures).await }
}

async fn fast(foundation: &Foundation, sound: Sound, pictures: Option<Recorded>) -> Result<Report, StartError> {
    let (clock, activity) = (ManualClock::default(), Activity::default());
    let seeing = if pictures.is_some() { Seeing::Stepwise } else { Seeing::Nothing };
    let surroundings = surroundings(Arc::new(clock.clone()), sound, activity.clone(), seeing);
    let (mut kiosk, mut audio) = Kiosk::start(foundation, surroundings)?;
    if let Some(people) = &kiosk.people {
        people.load().await;
    }
    let mut events = kiosk.bus.subscribe();
    let mut looker =
        pictures.zip(kiosk.closed_eyes.take()).map(|(pictures, eyes)| Looker::new(pictures, Watcher::new(eyes)));
    drive(&kiosk, &clock, (&mut audio, looker.as_mut()), &activity, &mut events).await?;
    let stopping = kiosk.stop(None);
    tokio::pin!(stopping);
    // The loop goes on taking commands until the conversation has said its last.
    Ok(loop {
        tokio::select! {
            report = &mut stopping => break report,
            () = tokio::time::sleep(FRAME) => {
                clock.advance(FRAME);
                audio.step();
            }
        }
    })
}

async fn at_pace(foundation: &Foundation, sound: Sound, pictures: Option<Recorded>) -> Result<Report, StartError> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::start_now());
    let activity = Activity::default();
    let seeing = match pictures {
        Some(pictures) => Seeing::With { camera: pictures.into_opener(clock.clone()), is_there: true },
        None => Seeing::Nothing,
    };
    let (kiosk, audio) = Kiosk::start(foundation, surroundings(clock, sound, activity.clone(), seeing))?;
    if let Some(people) = &kiosk.people {
        people.load().await;
    }
    let mut events = kiosk.bus.subscribe();
    let camera = kiosk.eyes_thread.as_ref().map(EyesThread::camera_status);
    let audio = audio.spawn()?;
    while events.next().await.is_some_and(|stamped| stamped.event != Event::InputEnded) {}
    if let Some(mut camera) = camera {
        // Its sender goes with the camera's thread: then it has ended too.
        let is_over = |status: &CameraStatus| matches!(status, CameraStatus::Ended | CameraStatus::Lost(_));
        let _ = camera.wait_for(is_over).await;
        // One more look, in which who has left is told.
        tokio::time::sleep(LAST_LOOK).await;
    }
    let limit = Instant::now() + ANSWER_LIMIT;
    let mut rest = 0;
    while rest < REST_FRAMES && Instant::now() < limit {
        tokio::time::sleep(FRAME).await;
        rest = if is_at_rest(&kiosk, &activity) { rest + 1 } else { 0 };
    }
    Ok(kiosk.stop(Some(audio)).await)
}

fn surroundings(clock: Arc<dyn Clock>, sound: Sound, activity: Activity, seeing: Seeing) -> Surroundings {
    Surroundings { clock, sound, activity, repaint: Box::new(|| {}), seeing, has_desk: false }
}

/// Shows a recording to the eyes, at the pace of a clock that is moved by hand.
struct Looker {
    pictures: Recorded,
    watcher: Watcher,
    due: Duration,
    last: Option<u64>,
    has_ended: bool,
}

impl Looker {
    fn new(pictures: Recorded, watcher: Watcher) -> Self {
        Self { pictures, watcher, due: Duration::ZERO, last: None, has_ended: false }
    }

    /// Looks if a look is due.
    fn step(&mut self, now: Duration) -> Result<(), StartError> {
        if self.has_ended || now < self.due {
            return Ok(());
        }
        let frame = self.pictures.frame_at(now)?;
        if self.pictures.has_ended(now) {
            self.has_ended = true;
            self.watcher.end();
        } else if let Some(frame) = frame.filter(|frame| self.last != Some(frame.sequence)) {
            self.last = Some(frame.sequence);
            self.due = now + self.watcher.look(&frame);
        }
        Ok(())
    }
}

/// Moves the clock frame by frame. The runtime must be single-threaded, so that everything a frame leads to is done
/// before the next.
async fn drive(
    kiosk: &Kiosk,
    clock: &ManualClock,
    (audio, mut looker): (&mut AudioLoop, Option<&mut Looker>),
    activity: &Activity,
    events: &mut Subscription,
) -> Result<(), StartError> {
    let (mut has_ended, mut limit) = (false, None);
    let mut rest = 0;
    loop {
        let began = Instant::now();
        clock.advance(FRAME);
        if let Some(looker) = &mut looker {
            looker.step(clock.now())?;
        }
        audio.step();
        settle().await;
        while let Some(stamped) = events.try_next() {
            has_ended |= stamped.event == Event::InputEnded;
        }
        if limit.is_none() && has_ended && looker.as_ref().is_none_or(|looker| looker.has_ended) {
            limit = Some(clock.now() + ANSWER_LIMIT);
        }
        rest = if is_at_rest(kiosk, activity) { rest + 1 } else { 0 };
        if limit.is_some_and(|limit| clock.now() >= limit || rest >= REST_FRAMES) {
            return Ok(());
        }
        if audio.busy() || !activity.is_quiet() {
            tokio::time::sleep_until(began + FRAME).await;
        }
    }
}

/// Lets every task run until it waits for something that only time or another thread brings.
async fn settle() {
    // A chain of tasks waking each other is never longer than this.
    for _ in 0..32 {
        tokio::task::yield_now().await;
    }
}

/// Nothing is being made and nothing is being said.
fn is_at_rest(kiosk: &Kiosk, activity: &Activity) -> bool {
    let phase = kiosk.view.load().phase;
    activity.is_quiet() && matches!(phase, Phase::Idle | Phase::Attending | Phase::Listening)
}

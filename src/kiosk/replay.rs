//! `majlis replay`: the whole pipeline on a recorded microphone, at the pace of real time or as fast as it goes.

use std::{path::PathBuf, sync::Arc, time::Duration};

use tokio::time::Instant;

use super::{Foundation, Kiosk, Sound, StartError, Surroundings};
use crate::{
    audio::{AudioLoop, Bell, NullSink, Sink, WavSink, WavSource},
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

/// A frame of the audio loop.
const FRAME: Duration = Duration::from_millis(10);

/// What is replayed, and how.
#[derive(Debug, Clone)]
pub struct Recording {
    /// The microphone's recording: WAV of any rate and channels.
    pub audio: PathBuf,
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
    let source = WavSource::open(&recording.audio, patience + SILENCE_AFTER)?;
    let sink: Box<dyn Sink> = match &recording.speaker {
        Some(path) => Box::new(WavSink::create(path)?),
        None => Box::new(NullSink::default()),
    };
    let sound = Sound { source: Box::new(source), sink, bell: Bell::default() };
    let activity = Activity::default();
    if recording.is_fast {
        let clock = ManualClock::default();
        let surroundings = surroundings(Arc::new(clock.clone()), sound, activity.clone());
        let (kiosk, mut audio) = Kiosk::start(foundation, surroundings)?;
        let mut events = kiosk.bus.subscribe();
        drive(&kiosk, &clock, &mut audio, &activity, &mut events).await;
        let stopping = kiosk.stop(None);
        tokio::pin!(stopping);
        // The loop goes on taking commands until the conversation has said its last.
        return Ok(loop {
            tokio::select! {
                report = &mut stopping => break report,
                () = tokio::time::sleep(FRAME) => {
                    clock.advance(FRAME);
                    audio.step();
                }
            }
        });
    }
    let surroundings = surroundings(Arc::new(SystemClock::start_now()), sound, activity.clone());
    let (kiosk, audio) = Kiosk::start(foundation, surroundings)?;
    let mut events = kiosk.bus.subscribe();
    let audio = audio.spawn()?;
    while events.next().await.is_some_and(|stamped| stamped.event != Event::InputEnded) {}
    let limit = Instant::now() + ANSWER_LIMIT;
    let mut rest = 0;
    while rest < REST_FRAMES && Instant::now() < limit {
        tokio::time::sleep(FRAME).await;
        rest = if is_at_rest(&kiosk, &activity) { rest + 1 } else { 0 };
    }
    Ok(kiosk.stop(Some(audio)).await)
}

fn surroundings(clock: Arc<dyn Clock>, sound: Sound, activity: Activity) -> Surroundings {
    Surroundings { clock, sound, activity, repaint: Box::new(|| {}) }
}

/// Moves the clock frame by frame. The runtime must be single-threaded, so that everything a frame leads to is done
/// before the next.
async fn drive(
    kiosk: &Kiosk,
    clock: &ManualClock,
    audio: &mut AudioLoop,
    activity: &Activity,
    events: &mut Subscription,
) {
    let mut limit = None;
    let mut rest = 0;
    loop {
        let began = Instant::now();
        clock.advance(FRAME);
        audio.step();
        settle().await;
        while let Some(stamped) = events.try_next() {
            if stamped.event == Event::InputEnded {
                limit = Some(clock.now() + ANSWER_LIMIT);
            }
        }
        rest = if is_at_rest(kiosk, activity) { rest + 1 } else { 0 };
        if limit.is_some_and(|limit| clock.now() >= limit || rest >= REST_FRAMES) {
            return;
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

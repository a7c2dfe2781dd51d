//! The whole loop in lock-step with a manual clock: a WAV in, a WAV out, the real models.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

use std::{path::Path, process::Command};

use super::*;
use crate::{
    audio::{AnswerId, NullSink, PlayChunk, UtteranceId, WavSink, WavSource, read_wav},
    clock::ManualClock,
    runtime::{ModelStore, Onnx},
};

/// A kiosk's ears and mouth in virtual time.
struct Scene {
    audio_loop: AudioLoop,
    link: AudioLink,
    clock: ManualClock,
    events: Vec<(u64, AudioEvent)>,
}

impl Scene {
    fn new(near: Vec<f32>, sink: Box<dyn Sink>) -> Self {
        Self::with_source(Box::new(WavSource::new(near, Duration::from_secs(1))), sink)
    }

    fn with_source(source: Box<dyn Source>, sink: Box<dyn Sink>) -> Self {
        let store = ModelStore::open(&Path::new(env!("CARGO_MANIFEST_DIR")).join("models")).unwrap();
        let onnx = Onnx::load(&store).unwrap();
        let bell = Bell::default();
        let parts = AudioParts {
            source,
            sink,
            vad: Vad::new(onnx.session(&store, "silero-vad", 1).unwrap()).unwrap(),
            turn_model: Some(
                TurnModel::spawn(onnx.session(&store, "smart-turn-v3.2", 1).unwrap(), bell.clone()).unwrap(),
            ),
            bell,
        };
        let clock = ManualClock::default();
        let (audio_loop, link) =
            AudioLoop::new(parts, &config::Audio::default(), &config::Turn::default(), Arc::new(clock.clone()))
                .unwrap();
        Self { audio_loop, link, clock, events: Vec::new() }
    }

    fn run(&mut self, time: Duration) {
        let end = self.clock.now() + time;
        while self.clock.now() < end {
            self.clock.advance(FRAME);
            self.audio_loop.step();
            while self.audio_loop.busy() {
                std::thread::yield_now();
            }
            let now = self.clock.now().as_millis() as u64;
            while let Ok(event) = self.link.events.try_recv() {
                self.events.push((now, event));
            }
        }
    }

    fn send(&self, command: AudioCommand) {
        futures_util::FutureExt::now_or_never(self.link.commands.send(command)).unwrap().unwrap();
    }

    fn say(&self, answer: u64, samples: &[f32]) {
        let chunk = PlayChunk {
            answer: AnswerId(answer),
            clause: 0,
            samples: samples.into(),
            sample_rate_hz: PIPELINE_RATE_HZ,
        };
        self.send(AudioCommand::Play(chunk));
        self.send(AudioCommand::CloseAnswer(AnswerId(answer)));
    }

    /// The events in short, with the milliseconds at which they came.
    fn log(&self) -> Vec<(u64, &'static str)> {
        let name = |event: &AudioEvent| match event {
            AudioEvent::SpeechStarted { over_playout: true, .. } => "started over playout",
            AudioEvent::SpeechStarted { .. } => "started",
            AudioEvent::InterruptionConfirmed { .. } => "confirmed",
            AudioEvent::InterruptionDismissed { .. } => "dismissed",
            AudioEvent::SpeechPaused { .. } => "paused",
            AudioEvent::SpeechResumed { .. } => "resumed",
            AudioEvent::TurnProbability { .. } => "probability",
            AudioEvent::PlayoutStarted { .. } => "playing",
            AudioEvent::PlayoutFinished { .. } => "played",
            AudioEvent::InputEnded => "input ended",
            _ => "other",
        };
        self.events.iter().map(|(at, event)| (*at, name(event))).collect()
    }

    fn utterance(&self) -> UtteranceId {
        let started = self.events.iter().rev().find_map(|(_, event)| match event {
            AudioEvent::SpeechStarted { utterance, .. } => Some(*utterance),
            _ => None,
        });
        started.unwrap_or_else(|| panic!("no speech: {:?}", self.log()))
    }
}

/// A sentence by espeak-ng, at the pipeline's rate, with its silence trimmed off.
fn speech(voice: &str, text: &str) -> Vec<f32> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("speech.wav");
    let status = Command::new("espeak-ng").args(["-v", voice, "-w"]).arg(&path).arg(text).status();
    assert!(status.is_ok_and(|status| status.success()), "espeak-ng must be installed: scripts/setup.sh does it");
    let samples = read_wav(&path, PIPELINE_RATE_HZ).unwrap();
    let loud = |sample: &f32| sample.abs() > 0.01;
    let start = samples.iter().position(loud).unwrap();
    let end = samples.iter().rposition(loud).unwrap();
    samples[start..=end].to_vec()
}

/// Places sounds at their times (ms) on a bed of faint noise.
fn scene_of(length_ms: usize, sounds: &[(usize, &[f32])]) -> Vec<f32> {
    let mut state = 7_u32;
    let mut samples: Vec<f32> = (0..length_ms * 16)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            0.001 * ((state >> 8) as f32 / (1 << 24) as f32 - 0.5)
        })
        .collect();
    for (at, sound) in sounds {
        for (to, from) in samples[at * 16..].iter_mut().zip(*sound) {
            *to += from;
        }
    }
    samples
}

#[test]
fn a_recorded_question_is_heard_and_an_answer_lies_in_the_recording_at_its_time() {
    let question = speech("en-us", "What are your opening hours?");
    let answer = speech("en-gb", "We open at nine.");
    let end_ms = 1_000 + question.len() / 16;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.wav");
    let near = scene_of(end_ms + 4_000, &[(1_000, &question)]);
    let mut scene = Scene::new(near, Box::new(WavSink::create(&path).unwrap()));
    scene.run(Duration::from_millis(end_ms as u64 + 500));
    let utterance = scene.utterance();
    scene.send(AudioCommand::EndUtterance(utterance));
    scene.say(1, &answer);
    scene.run(Duration::from_millis(4_600));
    let log = scene.log();
    let names: Vec<&str> = log.iter().map(|(_, name)| *name).collect();
    assert_eq!(names, ["started", "paused", "probability", "playing", "played", "input ended"], "{log:?}");
    let found = log[1].0 as i64 - end_ms as i64;
    assert!((20..=130).contains(&found), "the pause was found {found} ms after the end");
    let Some((_, AudioEvent::SpeechPaused { clip })) = scene.events.get(1) else { panic!("{log:?}") };
    let start_error = clip.speech_start.as_millis() as i64 - 1_000;
    assert!(start_error.abs() <= 60, "the onset is {start_error} ms off");

    let started = log[3].0;
    drop(scene);
    let recorded = read_wav(&path, 24_000).unwrap();
    let first = recorded.iter().position(|sample| sample.abs() > 0.005).unwrap() / 24;
    assert!(first.abs_diff(started as usize) <= 20, "sound at {first} ms, event at {started} ms");
    assert!(recorded.len() / 24 >= end_ms + 5_000);
}

#[test]
fn speech_over_the_answer_stops_it_and_is_confirmed_as_an_interruption() {
    let answer = speech("en-gb", "The pavilion shows how the sun and the wind give us light, and what comes next.");
    let interruption = speech("en-us+f3", "Excuse me, where is the training hall?");
    let start = 2_500;
    let near = scene_of(6_000, &[(start, &interruption)]);
    let mut scene = Scene::new(near, Box::new(NullSink::default()));
    scene.run(Duration::from_millis(1_000));
    scene.say(1, &answer);
    scene.run(Duration::from_millis(4_000));
    let log = scene.log();
    let names: Vec<&str> = log.iter().map(|(_, name)| *name).collect();
    assert_eq!(names[..3], ["playing", "started over playout", "confirmed"], "{log:?}");
    let stopped_after = log[1].0 as usize - start;
    assert!(stopped_after <= 200, "{stopped_after} ms");
    assert!(!scene.audio_loop.meter.playhead.is_playing);
}

#[test]
fn speech_while_the_next_clause_is_late_interrupts_the_answer() {
    let clause = speech("en-gb", "We open at nine.");
    let interruption = speech("en-us+f3", "Excuse me, where is the training hall?");
    let start = 1_000 + clause.len() / 16 + 500;
    let near = scene_of(start + 4_000, &[(start, &interruption)]);
    let mut scene = Scene::new(near, Box::new(NullSink::default()));
    scene.run(Duration::from_millis(1_000));
    let play = |clause_index, samples: &[f32]| {
        AudioCommand::Play(PlayChunk {
            answer: AnswerId(1),
            clause: clause_index,
            samples: samples.into(),
            sample_rate_hz: PIPELINE_RATE_HZ,
        })
    };
    scene.send(play(0, &clause));
    scene.run(Duration::from_millis(start as u64 - 1_000 + 1_000));
    let names: Vec<&str> = scene.log().iter().map(|(_, name)| *name).collect();
    assert_eq!(names[..3], ["playing", "started over playout", "confirmed"], "{:?}", scene.log());
    scene.send(play(1, &clause));
    scene.run(Duration::from_millis(100));
    assert!(!scene.audio_loop.meter.playhead.is_playing, "the late clause is held");
}

/// A room: what is played comes back 80 ms later and 6 dB lower, with the visitor on top.
struct Room {
    played: Arc<std::sync::Mutex<std::collections::VecDeque<f32>>>,
    near: WavSource,
}

/// The speaker of that room, at the pipeline's rate.
struct RoomSpeaker {
    played: Arc<std::sync::Mutex<std::collections::VecDeque<f32>>>,
    written: u64,
}

const ROOM_DELAY_MS: u64 = 80;

impl Source for Room {
    fn poll(&mut self, now: Duration, frame: &mut Frame) -> Polled {
        let polled = self.near.poll(now, frame);
        let mut played = self.played.lock().unwrap();
        for sample in frame.iter_mut() {
            *sample += 0.5 * played.pop_front().unwrap_or(0.0);
        }
        polled
    }
}

impl Sink for RoomSpeaker {
    fn sample_rate_hz(&self) -> u32 {
        PIPELINE_RATE_HZ
    }

    fn writable(&mut self, now: Duration) -> usize {
        let due = (now.as_millis() as u64 + 20) * 16;
        let mut played = self.played.lock().unwrap();
        // Silence up to now, so that what is written next is heard after the room's delay.
        let now = now.as_millis() as u64 * 16;
        if self.written < now {
            self.written = now;
            played.resize((ROOM_DELAY_MS * 16) as usize, 0.0);
        }
        (due - self.written) as usize
    }

    fn write(&mut self, samples: &[f32]) {
        self.written += samples.len() as u64;
        self.played.lock().unwrap().extend(samples);
    }
}

#[test]
fn the_kiosk_does_not_hear_itself_but_hears_a_visitor_over_itself() {
    let answer = speech(
        "en-gb",
        "Welcome to the pavilion. The solar hall is on the left, and the wind hall is on the \
        right. Programmes begin every hour, and the next one starts in ten minutes at the entrance.",
    );
    let visitor = speech("en-us+f3", "Sorry, how much does the programme cost?");
    let length = 1_000 + answer.len() / 16;
    let start = length - 2_500;
    let played: Arc<std::sync::Mutex<std::collections::VecDeque<f32>>> = Arc::default();
    let near = WavSource::new(scene_of(length + 3_000, &[(start, &visitor)]), Duration::ZERO);
    let mut scene = Scene::with_source(
        Box::new(Room { played: played.clone(), near }),
        Box::new(RoomSpeaker { played, written: 0 }),
    );
    scene.run(Duration::from_millis(1_000));
    scene.say(1, &answer);
    scene.run(Duration::from_millis(start as u64 - 1_000));
    assert_eq!(scene.log().iter().map(|(_, name)| *name).collect::<Vec<_>>(), ["playing"], "{:?}", scene.log());
    scene.run(Duration::from_millis(1_500));
    let log = scene.log();
    assert_eq!(log[1].1, "started over playout", "{log:?}");
    assert!(log[1].0 as usize <= start + 300, "{log:?}, spoken from {start}");
}

#[test]
fn the_mouth_moves_with_what_is_played_and_rests_otherwise() {
    let answer = speech("en-us", "Aah, welcome.");
    let mut scene = Scene::new(scene_of(3_000, &[]), Box::new(NullSink::default()));
    scene.run(Duration::from_millis(200));
    assert_eq!(scene.link.meters.borrow().voice, VoiceFeatures::default());
    scene.say(1, &answer);
    scene.run(Duration::from_millis(200));
    let meters = *scene.link.meters.borrow();
    assert!(meters.playhead.is_playing && meters.voice.loudness > 0.3, "{meters:?}");
    assert!(meters.playhead.clause_played >= Duration::from_millis(190), "{meters:?}");
    scene.run(Duration::from_millis(2_500));
    assert_eq!(scene.link.meters.borrow().voice.loudness, 0.0);
}

#[test]
fn on_its_own_thread_the_loop_plays_an_answer_without_a_microphone_and_closes_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.wav");
    let store = ModelStore::open(&Path::new(env!("CARGO_MANIFEST_DIR")).join("models")).unwrap();
    let onnx = Onnx::load(&store).unwrap();
    let parts = AudioParts {
        source: Box::new(crate::audio::SilentSource),
        sink: Box::new(WavSink::create(&path).unwrap()),
        vad: Vad::new(onnx.session(&store, "silero-vad", 1).unwrap()).unwrap(),
        turn_model: None,
        bell: Bell::default(),
    };
    let clock = Arc::new(crate::clock::SystemClock::start_now());
    let (audio_loop, mut link) =
        AudioLoop::new(parts, &config::Audio::default(), &config::Turn::default(), clock).unwrap();
    let thread = audio_loop.spawn().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let chunk = PlayChunk { answer: AnswerId(7), clause: 0, samples: vec![0.25; 2_400].into(), sample_rate_hz: 24_000 };
    let finished = runtime.block_on(async {
        link.commands.send(AudioCommand::Play(chunk)).await.unwrap();
        link.commands.send(AudioCommand::CloseAnswer(AnswerId(7))).await.unwrap();
        let finished = async {
            loop {
                if let Some(AudioEvent::PlayoutFinished { answer }) = link.events.recv().await {
                    break answer;
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(20), finished).await
    });
    assert_eq!(finished.ok(), Some(AnswerId(7)));
    thread.stop();
    let heard = read_wav(&path, 24_000).unwrap();
    assert_eq!(heard.iter().filter(|sample| **sample > 0.2).count(), 2_400);
}

//! The state machine on scripted levels and probabilities.

#![allow(clippy::indexing_slicing, reason = "tests")]

use super::*;

/// Plays a script of stretches into a segmenter and notes what happens, with the time of the frame.
struct Scene {
    segmenter: Segmenter,
    now: Duration,
    until_window: usize,
    playing_since: Option<Duration>,
    may_echo: bool,
    log: Vec<(u64, String)>,
    clips: Vec<SpeechClip>,
}

impl Scene {
    fn new(settings: &config::Audio) -> Self {
        Self {
            segmenter: Segmenter::new(settings, &config::Turn::default()),
            now: Duration::ZERO,
            until_window: WINDOW,
            playing_since: None,
            may_echo: false,
            log: Vec::new(),
            clips: Vec::new(),
        }
    }

    fn play(&mut self, length_ms: u64, raw_dbfs: f32, probability: f32) -> &mut Self {
        for _ in 0..length_ms / 10 {
            self.now += FRAME;
            let window = if self.until_window <= FRAME_SAMPLES {
                let rest = FRAME_SAMPLES - self.until_window;
                self.until_window = WINDOW - rest;
                let end = self.now - Duration::from_secs(1) * rest as u32 / PIPELINE_RATE_HZ;
                Some(VadWindow { probability, end })
            } else {
                self.until_window -= FRAME_SAMPLES;
                None
            };
            let seen = Observation {
                clean: &[0.1; FRAME_SAMPLES],
                raw_dbfs,
                clean_dbfs: raw_dbfs,
                end: self.now,
                window,
                may_echo: self.may_echo,
                playing_since: self.playing_since,
            };
            let mut happenings = Vec::new();
            self.segmenter.push(&seen, &mut happenings);
            for happening in happenings {
                let name = match happening {
                    Happening::Started { over_playout: true, .. } => "started over playout",
                    Happening::Started { .. } => "started",
                    Happening::Confirmed { .. } => "confirmed",
                    Happening::Dismissed { .. } => "dismissed",
                    Happening::Truncated { .. } => "truncated",
                    Happening::GoesOn { .. } => "goes on",
                    Happening::Resumed { .. } => "resumed",
                    Happening::Paused { clip, .. } => {
                        self.clips.push(clip);
                        "paused"
                    }
                };
                self.log.push((self.now.as_millis() as u64, name.to_owned()));
            }
        }
        self
    }

    fn names(&self) -> Vec<&str> {
        self.log.iter().map(|(_, name)| name.as_str()).collect()
    }
}

fn quiet_room() -> Scene {
    let mut scene = Scene::new(&config::Audio::default());
    scene.play(1_000, -70.0, 0.01);
    scene
}

#[test]
fn in_a_quiet_room_a_pause_is_found_by_energy_after_the_asked_silence() {
    let mut scene = quiet_room();
    // The VAD is late at both ends, as it is in life.
    scene.play(50, -25.0, 0.1).play(950, -25.0, 0.9).play(100, -70.0, 0.9).play(300, -70.0, 0.1);
    assert_eq!(scene.names(), ["started", "paused"]);
    assert_eq!(scene.log[1].0, 2_070);
    let clip = &scene.clips[0];
    assert_eq!(clip.speech_end, Duration::from_millis(2_000));
    assert!(clip.speech_start.abs_diff(Duration::from_millis(1_000)) <= Duration::from_millis(20));
    let lead_in = Duration::from_millis(2_070) - Duration::from_millis(clip.samples.len() as u64 / 16);
    assert!(lead_in.abs_diff(clip.speech_start - LEAD_IN) <= Duration::from_millis(10), "{lead_in:?}");
}

#[test]
fn in_a_noisy_hall_the_vad_finds_the_pause() {
    let mut scene = Scene::new(&config::Audio::default());
    scene.play(1_000, -40.0, 0.01).play(1_000, -25.0, 0.9).play(400, -40.0, 0.05);
    assert_eq!(scene.names(), ["started", "paused"]);
    assert!((2_040..2_120).contains(&scene.log[1].0), "{:?}", scene.log);
    assert!(scene.clips[0].speech_end.abs_diff(Duration::from_secs(2)) <= WINDOW_TIME);
}

#[test]
fn speech_that_comes_back_continues_the_utterance_until_it_is_ended() {
    let mut scene = quiet_room();
    scene.play(600, -25.0, 0.9).play(500, -70.0, 0.05).play(600, -25.0, 0.9).play(500, -70.0, 0.05);
    assert_eq!(scene.names(), ["started", "paused", "resumed", "paused"]);
    assert_eq!(scene.clips[0].utterance, scene.clips[1].utterance);
    assert!(scene.clips[1].samples.len() > scene.clips[0].samples.len() + 16_000);
    scene.segmenter.end_utterance(scene.clips[0].utterance);
    scene.play(600, -25.0, 0.9).play(500, -70.0, 0.05);
    assert_ne!(scene.clips[2].utterance, scene.clips[0].utterance);
}

#[test]
fn a_cough_over_the_answer_is_dismissed_and_a_sentence_confirmed() {
    let mut scene = quiet_room();
    scene.playing_since = Some(Duration::ZERO);
    scene.may_echo = true;
    scene.play(100, -25.0, 0.9);
    scene.may_echo = false;
    scene.play(400, -70.0, 0.05);
    assert_eq!(scene.names(), ["started over playout", "dismissed"]);
    scene.log.clear();
    scene.play(500, -25.0, 0.9).play(300, -70.0, 0.05);
    assert_eq!(scene.names(), ["started over playout", "confirmed", "goes on", "paused"]);
    assert!(scene.log[0].0 <= 1_600, "{:?}", scene.log);
}

#[test]
fn speech_over_the_answer_is_judged_within_six_tenths_of_a_second() {
    for (raw_dbfs, probability, judged) in
        [(-25.0, 0.9, "confirmed"), (-25.0, 0.3, "dismissed"), (-52.0, 0.9, "dismissed")]
    {
        let mut scene = quiet_room();
        // A hall whose voices reach -50 dBFS.
        for n in 0..300 {
            scene.play(10, if n % 3 == 0 { -50.0 } else { -60.0 }, 0.01);
        }
        scene.playing_since = Some(scene.now);
        scene.play(3_500, -70.0, 0.01);
        let onset = scene.now.as_millis() as u64;
        scene.play(100, -25.0, 0.9).play(1_000, raw_dbfs, probability);
        assert_eq!(scene.names()[..2], ["started over playout", judged], "{raw_dbfs} dBFS, {probability}");
        assert!(scene.log[0].0 - onset <= 100, "{:?}", scene.log);
        assert!(scene.log[1].0 - onset <= 650, "{:?}", scene.log);
    }
}

#[test]
fn under_echo_a_doubtful_voice_that_stands_out_pauses_the_answer_and_what_is_left_of_the_echo_does_not() {
    for (level_dbfs, pauses) in [(-45.0, true), (-62.0, false)] {
        let mut scene = quiet_room();
        scene.playing_since = Some(scene.now);
        scene.may_echo = true;
        scene.play(4_000, -70.0, 0.01).play(200, level_dbfs, 0.2);
        assert_eq!(!scene.names().is_empty(), pauses, "{level_dbfs} dBFS: {:?}", scene.log);
    }
}

#[test]
fn while_the_echo_canceller_learns_one_window_is_no_speech() {
    let mut scene = quiet_room();
    scene.playing_since = Some(scene.now);
    scene.may_echo = true;
    scene.play(30, -25.0, 0.9).play(100, -25.0, 0.1);
    assert!(scene.names().is_empty(), "{:?}", scene.log);
}

#[test]
fn an_endless_utterance_is_cut_once_and_does_not_begin_again_while_it_goes_on() {
    let mut scene = Scene::new(&config::Audio { max_utterance_s: 2, ..config::Audio::default() });
    scene.play(1_000, -70.0, 0.01).play(5_000, -25.0, 0.9);
    assert_eq!(scene.names(), ["started", "truncated", "paused"]);
    assert!(scene.clips[0].samples.len() <= 2 * 16_000 + FRAME_SAMPLES);
    scene.segmenter.end_utterance(scene.clips[0].utterance);
    scene.play(2_000, -25.0, 0.9);
    assert_eq!(scene.log.len(), 3);
    scene.play(500, -70.0, 0.01).play(500, -25.0, 0.9);
    assert_eq!(scene.names()[3..], ["started"]);
}

#[test]
fn an_utterance_that_nobody_ends_is_closed_by_silence_after_it_was_cut() {
    let mut scene = Scene::new(&config::Audio { max_utterance_s: 2, ..config::Audio::default() });
    scene.play(1_000, -70.0, 0.01).play(4_000, -25.0, 0.9).play(500, -70.0, 0.01);
    assert_eq!(scene.names(), ["started", "truncated", "paused"]);
    scene.play(600, -25.0, 0.9).play(500, -70.0, 0.01);
    assert_eq!(scene.names()[3..], ["started", "paused"]);
    assert_ne!(scene.clips[1].utterance, scene.clips[0].utterance);
}

#[test]
fn an_utterance_that_nobody_ends_is_closed_by_a_long_silence() {
    let mut scene = quiet_room();
    scene.play(600, -25.0, 0.9).play(9_000, -70.0, 0.01).play(600, -25.0, 0.9);
    assert_eq!(scene.names(), ["started", "paused", "resumed"]);
    scene.play(11_000, -70.0, 0.01).play(600, -25.0, 0.9).play(500, -70.0, 0.01);
    assert_eq!(scene.names()[3..], ["paused", "started", "paused"]);
    assert_ne!(scene.clips[2].utterance, scene.clips[0].utterance);
    assert!(scene.clips[2].samples.len() < 2 * 16_000);
}

//! Whole visits, from a WAV file as the microphone to a WAV file as the speaker, with every real part between: audio
//! loop, voice activity, end of turn, providers over HTTP or embedded, store and report.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

#[path = "common/openai.rs"]
mod openai;

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use majlis::{
    audio::read_wav,
    config::Config,
    event::{ByLanguage, Event, ServedBy, Speaker},
    kiosk::{Foundation, Libraries, StartError, replay},
    ops::report::Report,
    store::Reader,
};
use openai::{Endpoint, Fault, Server, tokens};

const RATE_HZ: u32 = 16_000;

/// A folder with a recording, and the configuration that replays it.
struct Recording {
    folder: tempfile::TempDir,
    config: Config,
    samples: Vec<f32>,
}

impl Recording {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut config = Config::load(Some(Path::new("kiosk.toml")), &[]).unwrap();
        config.paths.database = folder.path().join("majlis.sqlite");
        config.paths.output = folder.path().to_owned();
        let mut recording = Self { folder, config, samples: Vec::new() };
        recording.silence(1.0);
        recording
    }

    fn with_cloud(server: &Server) -> Self {
        let mut recording = Self::new();
        recording.config.cloud.base_url = server.base_url();
        recording
    }

    /// The visitor says `text` in espeak-ng's `voice`; gives where, s.
    fn say(&mut self, voice: &str, text: &str) -> f32 {
        let path = self.folder.path().join("said.wav");
        let status =
            Command::new("espeak-ng").args(["-v", voice, "-s", "150", "-w"]).arg(&path).arg(text).status().unwrap();
        assert!(status.success());
        let at = self.samples.len() as f32 / RATE_HZ as f32;
        self.samples.extend(read_wav(&path, RATE_HZ).unwrap());
        at
    }

    fn silence(&mut self, seconds: f32) {
        // A room, not digital zero.
        let noise =
            (0..(seconds * RATE_HZ as f32) as u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 16) as f32 / 65_536.0);
        self.samples.extend(noise.map(|noise| (noise - 0.5) * 0.001));
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn foundation(&self) -> Foundation {
        Foundation::load(self.config.clone(), &mut Libraries::default()).unwrap()
    }

    async fn replay(&self) -> Report {
        self.replay_on(&self.foundation()).await
    }

    async fn replay_on(&self, foundation: &Foundation) -> Report {
        let spec = hound::WavSpec {
            channels: 1,
            sample_rate: RATE_HZ,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let mut writer = hound::WavWriter::create(self.path("in.wav"), spec).unwrap();
        for sample in &self.samples {
            writer.write_sample((sample * 32_767.0) as i16).unwrap();
        }
        writer.finalize().unwrap();
        let recording = replay::Recording {
            audio: Some(self.path("in.wav")),
            camera: None,
            speaker: Some(self.path("out.wav")),
            is_fast: true,
        };
        replay::run(foundation, &recording).await.unwrap()
    }

    /// The loudest sample the kiosk played between two times, s.
    fn loudest(&self, from: f32, to: f32) -> f32 {
        let played = read_wav(&self.path("out.wav"), RATE_HZ).unwrap();
        let at = |seconds: f32| ((seconds * RATE_HZ as f32) as usize).min(played.len());
        played[at(from)..at(to)].iter().fold(0.0, |loudest, sample| sample.abs().max(loudest))
    }

    fn messages(&self) -> Vec<(Speaker, String)> {
        let reader = Reader::open(&self.config.paths.database).unwrap();
        let visits = reader.visits().unwrap();
        let messages = visits.iter().flat_map(|visit| reader.messages(visit.id).unwrap());
        messages.map(|row| (row.message.speaker, row.message.text.0)).collect()
    }
}

fn has_event(report: &Report, is_wanted: impl Fn(&Event) -> bool) -> bool {
    report.events.iter().any(|stamped| is_wanted(&stamped.event))
}

#[tokio::test]
async fn a_spoken_question_is_answered_aloud_by_the_cloud() {
    let server = Server::start().await;
    server.script(|script| {
        script.transcript = "What time do you open?".into();
        script.answers.push_back(tokens("We open at nine. You are welcome."));
    });
    let mut recording = Recording::with_cloud(&server);
    let asked_at = recording.say("en-us", "What time do you open?");
    recording.silence(4.0);
    let report = recording.replay().await;

    assert_eq!(report.turns.len(), 1, "{report:?}");
    let turn = &report.turns[0];
    assert_eq!(turn.transcript, "What time do you open?");
    assert_eq!(turn.heard, "We open at nine. You are welcome.");
    assert_eq!(turn.served_by, ServedBy::Cloud);
    let utterance = turn.utterance.unwrap();
    assert!(utterance.start_ms.abs_diff((asked_at * 1000.0) as u64) < 300, "{utterance:?}");
    let first_audio = turn.first_audio_ms.unwrap();
    assert!(first_audio > utterance.end_ms);
    // The microphone went to the service with the whole utterance; the speaker is silent before the answer, not after.
    let heard = server.requests_to(Endpoint::Transcription).last().unwrap().wav_samples();
    assert!(heard.len() as u64 >= (utterance.end_ms - utterance.start_ms) * 16);
    assert!(recording.loudest(0.0, first_audio as f32 / 1000.0 - 0.1) < 0.01);
    assert!(recording.loudest(first_audio as f32 / 1000.0, first_audio as f32 / 1000.0 + 1.0) > 0.05);
    assert_eq!(
        recording.messages(),
        [
            (Speaker::Visitor, "What time do you open?".to_owned()),
            (Speaker::Kiosk, "We open at nine. You are welcome.".to_owned())
        ]
    );
}

#[tokio::test]
async fn without_a_network_both_languages_are_answered_from_the_knowledge_base() {
    let mut recording = Recording::new();
    recording.say("en-us", "What are your opening hours?");
    // The recogniser loads with the first question, on a busy machine for many seconds.
    recording.silence(14.0);
    recording.say("ar+f5", "ما أوقات الزيارة؟");
    recording.silence(9.0);
    let report = recording.replay().await;
    assert_eq!(report.turns.len(), 2, "{report:?}");
    assert!(report.turns.iter().all(|turn| turn.served_by == ServedBy::Embedded));
    assert!(report.turns[0].heard.contains("9:00"), "{report:?}");
    assert!(report.turns[1].heard.contains("9:00"), "{report:?}");
    assert_eq!(report.turns[1].language.code(), "ar");
}

#[tokio::test]
async fn a_cloud_that_fails_hands_the_visitor_to_the_embedded_parts_and_tells_staff() {
    let server = Server::start().await;
    server.script(|script| {
        script.transcript = "What are your opening hours?".into();
        script.fail_always(Endpoint::Chat, Fault::status(500));
        script.fail_always(Endpoint::Speech, Fault::status(401));
    });
    let mut recording = Recording::with_cloud(&server);
    recording.say("en-us", "What are your opening hours?");
    recording.silence(9.0);
    let report = recording.replay().await;
    assert_eq!(report.turns.len(), 1, "{report:?}");
    assert_eq!(report.turns[0].served_by, ServedBy::Embedded);
    assert!(report.turns[0].heard.contains("9:00"), "{report:?}");
    assert!(has_event(&report, |event| matches!(event, Event::Provider { name, .. } if name == "cloud")));
    let staff = Reader::open(&recording.config.paths.database).unwrap().staff_events().unwrap();
    assert!(staff.iter().any(|event| event.kind == "provider"), "{staff:?}");
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_ended_with_a_whole_sentence() {
    let server = Server::start().await;
    server.script(|script| {
        script.transcript = "How do I get to hall four?".into();
        script.answers.push_back(tokens("Walk past the fountain, then turn left at the big screen and go on."));
        script.fail(Endpoint::Chat, Fault::Cut { after: 8 });
    });
    let mut recording = Recording::with_cloud(&server);
    recording.say("en-us", "How do I get to hall four?");
    recording.silence(9.0);
    let report = recording.replay().await;
    assert_eq!(report.turns.len(), 1, "{report:?}");
    assert!(report.turns[0].heard.starts_with("Walk past the fountain,"), "{report:?}");
    assert!(report.turns[0].heard.ends_with(['.', '?', '؟']), "{report:?}");
}

#[tokio::test]
async fn speech_without_a_word_is_asked_for_again() {
    let server = Server::start().await;
    server.script(|script| script.transcript = String::new());
    let mut recording = Recording::with_cloud(&server);
    recording.say("en-us", "Mumble mumble mumble mumble mumble.");
    recording.silence(6.0);
    let report = recording.replay().await;
    assert_eq!(report.turns.len(), 1, "{report:?}");
    assert!(report.turns[0].heard.starts_with("I did not catch that."), "{report:?}");
    assert!(server.requests_to(Endpoint::Chat).is_empty());
}

#[tokio::test]
async fn a_monologue_is_cut_at_its_limit_and_answered() {
    let server = Server::start().await;
    server.script(|script| {
        script.transcript = "and then and then and then the".into();
        script.answers.push_back(tokens("That is a long story."));
    });
    let mut recording = Recording::with_cloud(&server);
    recording.config.audio.max_utterance_s = 5;
    for _ in 0..4 {
        recording.say(
            "en-us",
            "and then I went to the market and bought some bread and then I came back and told them about it",
        );
    }
    recording.silence(5.0);
    let report = recording.replay().await;
    assert!(!report.turns.is_empty(), "{report:?}");
    assert!(has_event(&report, |event| matches!(event, Event::Dropped { what: "utterance_tail", .. })));
    let longest = report.turns.iter().filter_map(|turn| turn.utterance).map(|span| span.end_ms - span.start_ms).max();
    assert!(longest.unwrap() <= 5_500, "{report:?}");
}

#[tokio::test]
async fn silence_and_noise_start_no_visit() {
    let mut recording = Recording::new();
    recording.silence(20.0);
    let report = recording.replay().await;
    assert!(report.turns.is_empty());
    assert!(!has_event(&report, |event| matches!(event, Event::VisitStarted { .. })));
}

#[tokio::test]
async fn a_database_that_cannot_be_written_loses_nothing_and_stops_nobody() {
    let server = Server::start().await;
    server.script(|script| script.transcript = "What time do you open?".into());
    let mut recording = Recording::with_cloud(&server);
    // A folder stands where the database should be.
    std::fs::create_dir(&recording.config.paths.database).unwrap();
    recording.say("en-us", "What time do you open?");
    recording.silence(5.0);
    let foundation = recording.foundation();
    let report = recording.replay_on(&foundation).await;
    assert_eq!(report.turns.len(), 1);
    let is_told = |event: &Event| {
        matches!(
            event,
            Event::Device { device: majlis::event::Device::Store, status: majlis::event::DeviceStatus::Lost, .. }
        )
    };
    assert!(has_event(&report, is_told), "{report:?}");
    // Somebody makes room; the next start finds what was said.
    std::fs::remove_dir(&recording.config.paths.database).unwrap();
    recording.samples.clear();
    recording.silence(1.0);
    recording.replay_on(&foundation).await;
    assert!(recording.messages().iter().any(|(_, text)| text == "What time do you open?"));
}

#[test]
fn a_voice_that_espeak_does_not_have_is_replaced_by_the_language_s_own() {
    let mut recording = Recording::new();
    recording.config.embedded.voice = ByLanguage::texts("nobody", "ar+f2");
    let chosen = recording.foundation().config.embedded.clone();
    assert_eq!(chosen.voice, ByLanguage::texts("en-us", "ar+f2"));
}

#[test]
fn a_missing_model_is_named_with_what_to_do() {
    let mut config = Config::load(Some(Path::new("kiosk.toml")), &[]).unwrap();
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy("models/manifest.toml", folder.path().join("manifest.toml")).unwrap();
    config.paths.models = folder.path().to_owned();
    let error = match Foundation::load(config, &mut Libraries::default()) {
        Ok(_) => panic!("it starts without its models"),
        Err(error) => error,
    };
    assert!(matches!(error, StartError::Onnx(_)), "{error}");
    assert!(error.to_string().contains("scripts/setup.sh"), "{error}");
}

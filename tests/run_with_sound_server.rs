//! `majlis run --headless` as a box runs it: a real sound server between the visitor and the program, a scripted service
//! behind it. The question is played into the room, the answer is recorded from the speaker.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr, clippy::indexing_slicing, reason = "tests")]

#[path = "common/openai.rs"]
mod openai;
#[path = "common/sound.rs"]
mod sound;

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use majlis::{event::Speaker, store::Reader};
use openai::{Endpoint, tokens};
use serde_json::Value;
use sound::{Server, wait_for};

const QUESTION: &str = "What time do you open?";
const ANSWER: &str = "We open at nine. You are welcome.";

/// A kiosk on a private sound server. Both are ended by their ids when it is dropped.
struct Kiosk {
    /// Before the folder, so that it is gone when the folder goes.
    sound: Server,
    program: Child,
    helpers: Vec<Child>,
    folder: tempfile::TempDir,
}

impl Kiosk {
    /// Starts both; returns once the kiosk listens and has its speaker.
    fn start(service: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut sound = Server::in_folder(folder.path().to_owned());
        sound.start();
        let path = |name: &str| folder.path().join(name).display().to_string();
        let program = Command::new(env!("CARGO_BIN_EXE_majlis"))
            .args(["--config", "kiosk.toml", "--set", "audio.host=pulseaudio"])
            .args(["--set", &format!("paths.database={}", path("majlis.sqlite"))])
            .args(["--set", &format!("cloud.base_url={service}")])
            .args(["run", "--headless", "--report", &path("report.json")])
            .envs(sound.variables())
            .stdin(Stdio::null())
            .stderr(fs::File::create(folder.path().join("log")).unwrap())
            .spawn()
            .unwrap();
        let kiosk = Self { sound, program, helpers: Vec::new(), folder };
        // The helpers of the server itself record, too: only the kiosk plays.
        wait_for("the kiosk's speaker and microphone", || {
            kiosk.has_stream("sink-inputs") && kiosk.has_stream("source-outputs")
        });
        kiosk
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Whether the server has a stream of the kiosk's process.
    fn has_stream(&self, kind: &str) -> bool {
        let output = self.sound.command("pactl").args(["list", kind]).stdout(Stdio::piped()).output().unwrap();
        let owner = format!("application.process.id = \"{}\"", self.program.id());
        String::from_utf8_lossy(&output.stdout).contains(&owner)
    }

    /// The visitor asks.
    fn ask(&mut self, text: &str) {
        let path = self.path("question.wav");
        let made = Command::new("espeak-ng").args(["-v", "en-us", "-s", "150", "-w"]).arg(&path).arg(text).status();
        assert!(made.unwrap().success(), "espeak-ng must be installed: scripts/setup.sh does it");
        let player = self.sound.command("paplay").args(["-d", "room"]).arg(&path).spawn();
        self.helpers.push(player.unwrap());
    }

    /// Records what the speaker plays from now on.
    fn record(&mut self) {
        let file = fs::File::create(self.path("heard.raw")).unwrap();
        let mut recorder = self.sound.command("parec");
        recorder.args(["--latency-msec=10", "-d", "speaker.monitor", "--format=s16le", "--rate=48000", "--channels=1"]);
        self.helpers.push(recorder.arg("--raw").stdout(file).spawn().unwrap());
        let path = self.path("heard.raw");
        wait_for("the recorder", || fs::metadata(&path).is_ok_and(|file| file.len() > 0));
    }

    /// What was recorded, in pieces of a tenth of a second: the loudest sample of each.
    fn heard(&self) -> Vec<f32> {
        let bytes = fs::read(self.path("heard.raw")).unwrap();
        let samples: Vec<u16> =
            bytes.as_chunks::<2>().0.iter().map(|pair| i16::from_le_bytes(*pair).unsigned_abs()).collect();
        samples.chunks(4_800).map(|piece| f32::from(piece.iter().copied().max().unwrap_or(0)) / 32_768.0).collect()
    }

    /// What the kiosk's answers came to in the database: those that are over, as they were heard.
    fn answers_heard(&self) -> Vec<String> {
        let Ok(reader) = Reader::open(&self.path("majlis.sqlite")) else { return Vec::new() };
        let visits = reader.visits().unwrap_or_default();
        let messages = visits.iter().flat_map(|visit| reader.messages(visit.id).unwrap_or_default());
        let answers = messages.filter(|row| row.message.speaker == Speaker::Kiosk);
        answers.filter_map(|row| row.heard.map(|heard| heard.0)).collect()
    }

    /// Tells the kiosk to stop, as systemd does. Its exit code and its report.
    fn stop(&mut self) -> (Option<i32>, Value) {
        let id = self.program.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        let mut status = None;
        wait_for("the end of the kiosk", || {
            status = self.program.try_wait().unwrap();
            status.is_some()
        });
        let report = fs::read_to_string(self.path("report.json")).unwrap();
        (status.and_then(|status| status.code()), serde_json::from_str(&report).unwrap())
    }
}

impl Drop for Kiosk {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}", fs::read_to_string(self.path("log")).unwrap_or_default());
        }
        for process in self.helpers.iter_mut().chain([&mut self.program]) {
            let _ = process.kill();
            let _ = process.wait();
        }
        self.sound.kill();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_question_in_the_room_is_answered_from_the_speaker() {
    assert!(Path::new("kiosk.toml").exists(), "the tests run at the root of the repository");
    let service = openai::Server::start().await;
    service.script(|script| {
        script.transcript = QUESTION.into();
        script.answer = tokens(ANSWER);
    });
    let base_url = service.base_url();
    let conversation = tokio::task::spawn_blocking(move || {
        let mut kiosk = Kiosk::start(&base_url);
        kiosk.record();
        kiosk.ask(QUESTION);
        wait_for("an answer that was heard", || !kiosk.answers_heard().is_empty());
        let (code, report) = kiosk.stop();
        (kiosk.heard(), kiosk.answers_heard(), code, report)
    });
    let (heard, answers, code, report) = conversation.await.unwrap();

    assert_eq!(code, Some(0));
    assert_eq!(answers, [ANSWER]);
    assert_eq!(report["turns"].as_array().unwrap().len(), 1, "{report}");
    assert_eq!(report["turns"][0]["transcript"], QUESTION);
    assert_eq!(report["turns"][0]["heard"], ANSWER);
    // The visitor's voice came through the sound server to the service.
    let sent = service.requests_to(Endpoint::Transcription).last().unwrap().wav_samples();
    assert!(sent.iter().any(|sample| sample.unsigned_abs() > 1_000), "the service was sent silence");
    // The speaker is silent while the question is asked, then says the answer: more than a second of a clear tone.
    let first = heard.iter().position(|loudest| *loudest > 0.05).unwrap_or_else(|| panic!("silence: {heard:?}"));
    assert!(first >= 10, "the question takes longer than a second: {heard:?}");
    assert!(heard.iter().filter(|loudest| **loudest > 0.05).count() >= 10, "{heard:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_counts_as_heard_until_its_sound_server_died() {
    const LONG: &str = "We open at nine. On Saturday and on Sunday we open at ten, and on every other day of the week we \
                        stay open until eight in the evening, when the last tour ends.";
    let service = openai::Server::start().await;
    service.script(|script| {
        script.transcript = QUESTION.into();
        script.answer = tokens(LONG);
    });
    let base_url = service.base_url();
    let conversation = tokio::task::spawn_blocking(move || {
        let mut kiosk = Kiosk::start(&base_url);
        kiosk.record();
        kiosk.ask(QUESTION);
        // A second and a half of the answer.
        wait_for("the answer's first words", || kiosk.heard().iter().filter(|loudest| **loudest > 0.05).count() >= 15);
        kiosk.sound.kill();
        wait_for("the end of the answer", || !kiosk.answers_heard().is_empty());
        let (code, report) = kiosk.stop();
        (kiosk.answers_heard(), code, report)
    });
    let (answers, code, report) = conversation.await.unwrap();

    assert_eq!(code, Some(0));
    assert_eq!(report["turns"][0]["answer"], LONG);
    let heard = &answers[0];
    assert!(LONG.starts_with(heard.as_str()) && heard.starts_with("We open at nine."), "{heard}");
    assert!(heard.len() < LONG.len() / 2, "{heard}");
}

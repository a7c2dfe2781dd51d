//! The program as a stranger uses it: what it prints and how it exits.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::{
    io::Write as _,
    path::Path,
    process::{Command, Output, Stdio},
};

fn majlis(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_majlis"));
    command.args(arguments).stdin(Stdio::null()).env_remove("DISPLAY").env_remove("WAYLAND_DISPLAY");
    command.output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn help_names_every_command_in_plain_words() {
    let output = majlis(&["--help"]);
    assert_eq!(output.status.code(), Some(0));
    let help = text(&output.stdout);
    for command in
        ["run", "demo", "replay", "config", "models", "devices", "recognize", "eval", "db", "--config", "--set"]
    {
        assert!(help.contains(command), "{command} is missing in:\n{help}");
    }
}

#[test]
fn wrong_use_exits_with_2() {
    assert_eq!(majlis(&["dance"]).status.code(), Some(2));
    assert_eq!(majlis(&["replay"]).status.code(), Some(2));
    assert_eq!(majlis(&["demo", "--window", "big"]).status.code(), Some(2));
    let output = majlis(&["--set", "audio.volume=11", "run", "--headless"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("audio.volume"), "{}", text(&output.stderr));
}

#[test]
fn a_kiosk_with_a_wrong_configuration_and_no_display_says_what_is_wrong_and_exits_with_2() {
    let output = majlis(&["--set", "audio.volume=11", "run"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("audio.volume"), "{}", text(&output.stderr));
}

#[test]
fn every_problem_of_a_configuration_is_named_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kiosk.toml");
    std::fs::write(&path, "[turn]\nmin_silence_ms = \"soon\"\n[audoi]\nhost = \"auto\"\n[ui]\ntheme = \"pink\"\n")
        .unwrap();
    let output = majlis(&["config", "check", path.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2));
    let told = text(&output.stdout);
    for wanted in [":2", "min_silence_ms", ":3", "audoi", ":6", "pink", "contrast"] {
        assert!(told.contains(wanted), "{wanted} is missing in:\n{told}");
    }
}

#[test]
fn the_shipped_configuration_is_right() {
    let output = majlis(&["config", "check", "kiosk.toml"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stdout));
}

#[test]
fn a_folder_without_a_configuration_is_said_to_have_none() {
    let folder = tempfile::tempdir().unwrap();
    let check = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_majlis"));
        text(&command.args(["config", "check"]).current_dir(folder.path()).output().unwrap().stdout).to_owned()
    };
    assert_eq!(check(), "no kiosk.toml here; the built-in defaults are good\n");
    std::fs::write(folder.path().join("kiosk.toml"), "[ui]\n").unwrap();
    assert_eq!(check(), "kiosk.toml: good\n");
}

#[test]
fn a_replay_of_a_missing_file_fails_with_its_name() {
    let output = majlis(&["replay", "--audio", "nobody.wav", "--report", "/tmp/never.json"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("nobody.wav"), "{}", text(&output.stderr));
    assert!(!Path::new("/tmp/never.json").exists());
}

#[test]
fn a_replay_of_an_empty_file_says_that_it_is_empty() {
    let folder = tempfile::tempdir().unwrap();
    let (recording, report) = (folder.path().join("nothing.wav"), folder.path().join("report.json"));
    let replay = || {
        let output = majlis(&["replay", "--audio", recording.to_str().unwrap(), "--report", report.to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(1));
        text(&output.stderr)
    };
    std::fs::write(&recording, "").unwrap();
    assert!(replay().contains("nothing.wav is empty"));
    // A header and no sample.
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: 16_000,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    hound::WavWriter::create(&recording, spec).unwrap().finalize().unwrap();
    assert!(replay().contains("nothing.wav is empty"));
}

/// A box without sound: no server, no card (or one that nobody asks for here).
#[test]
fn without_a_sound_server_no_plug_in_is_listed_and_the_sound_library_is_silent() {
    let folder = tempfile::tempdir().unwrap();
    let nobody = format!("unix:{}", folder.path().join("nobody").display());
    let mut command = Command::new(env!("CARGO_BIN_EXE_majlis"));
    let output = command
        .args(["--set", "audio.host=alsa", "--set", "audio.microphone=alsa:nobody", "devices"])
        .env("PULSE_SERVER", nobody)
        .output()
        .unwrap();
    let listed = text(&output.stdout);
    for plug_in in ["null", "upmix", "speex", "samplerate"] {
        assert!(!listed.contains(&format!("alsa:{plug_in}\n")), "{listed}");
    }
    assert!(!text(&output.stderr).contains("ALSA lib"), "{}", text(&output.stderr));
}

#[test]
fn a_harness_that_closes_standard_input_ends_the_run() {
    let folder = tempfile::tempdir().unwrap();
    let database = format!("paths.database={}", folder.path().join("majlis.sqlite").display());
    let report = folder.path().join("report.json");
    let mut child = Command::new(env!("CARGO_BIN_EXE_majlis"))
        .args(["--set", &database, "run", "--headless", "--audio", "stdio", "--report", report.to_str().unwrap()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(&[0; 32_000]).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("@bench {\"ev\":\"ready\"}"));
    assert!(report.exists());
}

/// Whether the weights of the networks for faces are on this machine.
fn sees_faces() -> bool {
    let listed = text(&majlis(&["models", "list"]).stdout);
    let is_ready = |model: &str| listed.lines().any(|line| line.contains(model) && line.contains("ready"));
    let ready = ["yunet-n", "mobilefacenet-128", "minifasnet-v2"].iter().all(|model| is_ready(model));
    if !ready {
        let _ = writeln!(std::io::stderr(), "skipped: the models for faces are not on this machine:\n{listed}");
    }
    ready
}

#[test]
fn pictures_that_cannot_be_read_are_named_and_the_others_still_told() {
    assert_eq!(majlis(&["recognize"]).status.code(), Some(2));
    if !sees_faces() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (broken, empty) = (folder.path().join("broken.jpg"), folder.path().join("empty.jpg"));
    std::fs::write(&broken, b"no picture").unwrap();
    image::RgbImage::new(64, 48).save_with_format(&empty, image::ImageFormat::Png).unwrap();
    let paths = [broken.to_str().unwrap(), empty.to_str().unwrap()];
    let output = majlis(&["recognize", paths[0], paths[1], "--json"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("broken.jpg: found no picture"), "{}", text(&output.stderr));
    let seen: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(seen["images"][0]["error"].as_str().unwrap().contains("broken.jpg"));
    assert_eq!(seen["images"][1]["faces"], serde_json::json!([]));
    let output = majlis(&["recognize", paths[1]]);
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(0), format!("{}: no face\n", paths[1])));
}

#[test]
fn a_wrong_file_of_pairs_is_told_by_its_line() {
    assert_eq!(majlis(&["eval", "faces"]).status.code(), Some(2));
    if !sees_faces() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let pairs = folder.path().join("pairs.csv");
    std::fs::write(&pairs, "a,b,same\nx.jpg,y.jpg,1\nx.jpg,y.jpg,perhaps\n").unwrap();
    let output = majlis(&["eval", "faces", "--pairs", pairs.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    let told = text(&output.stderr);
    assert!(told.contains("pairs.csv: line 3: found same = \"perhaps\"; allowed 0 or 1"), "{told}");
    std::fs::write(&pairs, "a,b,same\nx.jpg,y.jpg,1\n").unwrap();
    let told = text(&majlis(&["eval", "faces", "--pairs", pairs.to_str().unwrap()]).stderr);
    assert!(told.contains("line 2") && told.contains("x.jpg: cannot be read"), "{told}");
}

#[test]
fn every_pair_is_written_with_its_similarity_where_that_is_asked_for() {
    if !sees_faces() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    image::RgbImage::new(64, 48).save(folder.path().join("empty.png")).unwrap();
    let (pairs, scores) = (folder.path().join("pairs.csv"), folder.path().join("scores.csv"));
    std::fs::write(&pairs, "a,b,same\nempty.png,empty.png,1\n").unwrap();
    let eval = |scores: &std::path::Path| {
        let paths = [pairs.as_path(), scores].map(|path| path.to_str().unwrap());
        majlis(&["eval", "faces", "--pairs", paths[0], "--scores", paths[1]])
    };
    assert_eq!(eval(&scores).status.code(), Some(0));
    // Without a face there is nothing alike.
    assert_eq!(std::fs::read_to_string(&scores).unwrap(), "a,b,same,score\nempty.png,empty.png,1,-1.000000\n");
    let output = eval(&folder.path().join("missing/scores.csv"));
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("scores.csv: the scores cannot be written"), "{}", text(&output.stderr));
}

#[test]
fn a_research_model_works_by_its_name_and_is_said_to_be_one() {
    if !sees_faces() {
        return;
    }
    if !text(&majlis(&["models", "list"]).stdout).lines().any(|l| l.contains("insightface-y1") && l.contains("ready")) {
        let _ = writeln!(std::io::stderr(), "skipped: the model insightface-y1 is not on this machine");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let picture = folder.path().join("empty.png");
    image::RgbImage::new(64, 48).save(&picture).unwrap();
    let output = majlis(&["--set", "vision.recogniser=insightface-y1", "recognize", picture.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0));
    assert!(text(&output.stderr).contains("weights for non-commercial research only"), "{}", text(&output.stderr));
}

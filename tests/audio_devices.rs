//! Microphone and speaker through `cpal` against a real PulseAudio daemon with null sinks: heard, spoken, lost, back.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

#[path = "common/sound.rs"]
mod sound;

use std::{
    path::PathBuf,
    process::Command,
    time::{Duration, Instant},
};

use majlis::{
    audio::{Bell, DeviceChange, DeviceSink, DeviceSource, FRAME_SAMPLES, Polled, Sink, Source, devices},
    config,
};
use sound::{Server, wait_for};

/// The RMS of what is heard in about a second.
fn hear(source: &mut DeviceSource) -> f32 {
    let mut frame = [0.0; FRAME_SAMPLES];
    let (mut energy, mut frames) = (0.0, 0);
    wait_for("a second of sound", || {
        while source.poll(Duration::ZERO, &mut frame) == Polled::Frame {
            energy += frame.iter().map(|sample| sample * sample).sum::<f32>();
            frames += 1;
        }
        frames >= 100
    });
    (energy / (frames * FRAME_SAMPLES) as f32).sqrt()
}

fn wait_for_change(what: &str, mut change: impl FnMut() -> Option<DeviceChange>, is_wanted: fn(&DeviceChange) -> bool) {
    wait_for(what, || change().is_some_and(|change| is_wanted(&change)));
}

const IS_READY: fn(&DeviceChange) -> bool = |change| matches!(change, DeviceChange::Ready(_));
const IS_LOST: fn(&DeviceChange) -> bool = |change| matches!(change, DeviceChange::Lost(_));

/// The client library finds the server by variables of the process, and changing those while threads run is not safe:
/// so the test proper runs in a process of its own, with the variables in place from the start.
#[test]
fn devices_are_heard_and_spoken_to_and_come_back_after_their_server_died() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::in_folder(folder.path().to_owned());
    let status = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "with_a_private_sound_server", "--ignored", "--nocapture"])
        .envs(server.variables())
        .status()
        .unwrap();
    assert!(status.success());
}

#[test]
#[ignore = "run by the test above, which sets its variables"]
fn with_a_private_sound_server() {
    let folder = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from).unwrap();
    let mut server = Server::in_folder(folder);
    server.start();
    let settings = config::Audio {
        host: config::AudioHost::PulseAudio,
        microphone: "pulseaudio:mic".into(),
        speaker: "pulseaudio:speaker".into(),
        ..config::Audio::default()
    };
    let found = devices::list(settings.host).unwrap();
    let microphone = found.iter().find(|device| device.id == settings.microphone).expect("the microphone is listed");
    assert!(microphone.is_default && microphone.direction == devices::Direction::Capture, "{found:?}");

    let bell = Bell::default();
    let mut source = DeviceSource::start(&settings, &bell).unwrap();
    let mut sink = DeviceSink::start(&settings, &bell).unwrap();
    wait_for_change("the microphone", || source.take_change(), IS_READY);
    wait_for_change("the speaker", || sink.take_change(), IS_READY);

    assert!(hear(&mut source) < 0.001, "a silent room is silent");
    server.play_tone("room");
    std::thread::sleep(Duration::from_millis(500));
    let rms = hear(&mut source);
    assert!((rms - 0.4 / 2_f32.sqrt()).abs() < 0.02, "a tone of 0.4 has an RMS of {rms}");
    let level = devices::measure_level(settings.host, &settings.microphone, Duration::from_secs(1)).unwrap();
    assert!(level.rms_dbfs > -20.0 && level.peak_dbfs < -7.0, "{level:?}");

    let start = Instant::now();
    let peak = std::thread::scope(|scope| {
        let recording = scope.spawn(|| server.record_peak("speaker.monitor"));
        let rate_hz = sink.sample_rate_hz();
        let mut n = 0_u32;
        while !recording.is_finished() {
            let room = sink.writable(start.elapsed());
            let samples: Vec<f32> = (0..room as u32)
                .map(|k| 0.3 * (std::f32::consts::TAU * 500.0 * ((n + k) % rate_hz) as f32 / rate_hz as f32).sin())
                .collect();
            n = (n + room as u32) % rate_hz;
            sink.write(&samples);
            std::thread::sleep(Duration::from_millis(5));
        }
        recording.join().unwrap()
    });
    assert!((peak - 0.3).abs() < 0.02, "a tone of 0.3 was heard as {peak}");

    comes_to_the_preferred_speaker(&mut server, &settings);

    server.kill();
    wait_for_change("the loss of the microphone", || source.take_change(), IS_LOST);
    wait_for_change("the loss of the speaker", || sink.take_change(), IS_LOST);
    assert_eq!(source.poll(Duration::ZERO, &mut [0.0; FRAME_SAMPLES]), Polled::Silent);
    assert!(sink.writable(start.elapsed()) > 0, "without a speaker playout goes on");

    server.start();
    wait_for_change("the microphone again", || source.take_change(), IS_READY);
    wait_for_change("the speaker again", || sink.take_change(), IS_READY);
    server.play_tone("room");
    std::thread::sleep(Duration::from_millis(500));
    assert!(hear(&mut source) > 0.2);
}

/// The default speaker serves until the one that was asked for appears, and is then left without a loss between.
fn comes_to_the_preferred_speaker(server: &mut Server, settings: &config::Audio) {
    let settings = config::Audio { speaker: "pulseaudio:late".into(), ..settings.clone() };
    let mut sink = DeviceSink::start(&settings, &Bell::default()).unwrap();
    let mut changes = Vec::new();
    let mut wait_for_changes = |count: usize| {
        wait_for("a speaker", || {
            changes.extend(sink.take_change());
            changes.len() >= count
        });
        changes.clone()
    };
    wait_for_changes(1);
    server.add_sink("late");
    let changes = wait_for_changes(2);
    for (change, name) in changes.iter().zip(["pulseaudio:speaker at ", "pulseaudio:late at "]) {
        assert!(matches!(change, DeviceChange::Ready(detail) if detail.starts_with(name)), "{changes:?}");
    }
}

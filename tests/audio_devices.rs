//! Microphone and speaker through `cpal` against a real PulseAudio daemon with null sinks: heard, spoken, lost, back.
//!
//! The daemon is private: its own folder, its own socket, ended by its process id.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use majlis::{
    audio::{Bell, DeviceChange, DeviceSink, DeviceSource, FRAME_SAMPLES, Polled, Sink, Source, devices},
    config,
};

/// A sound server of our own. Ended when dropped.
struct Server {
    folder: PathBuf,
    processes: Vec<Child>,
}

impl Server {
    fn in_folder(folder: PathBuf) -> Self {
        for name in ["pulse", "state", "home"] {
            fs::create_dir_all(folder.join(name)).unwrap();
        }
        for private in [folder.clone(), folder.join("pulse")] {
            fs::set_permissions(private, fs::Permissions::from_mode(0o700)).unwrap();
        }
        Self { folder, processes: Vec::new() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    fn variables(&self) -> Vec<(&'static str, String)> {
        let path = |name: &str| self.path(name).display().to_string();
        vec![
            ("XDG_RUNTIME_DIR", self.folder.display().to_string()),
            ("PULSE_RUNTIME_PATH", path("pulse")),
            ("PULSE_STATE_PATH", path("state")),
            ("PULSE_SERVER", format!("unix:{}", path("pulse/native"))),
            ("HOME", path("home")),
        ]
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.envs(self.variables()).stdout(Stdio::null()).stderr(Stdio::null());
        command
    }

    fn start(&mut self) {
        let socket = self.path("pulse/native");
        let protocol = format!("module-native-protocol-unix auth-anonymous=1 socket={}", socket.display());
        let daemon = self
            .command("pulseaudio")
            .args(["-n", "--daemonize=no", "--exit-idle-time=-1", "--disallow-exit", "--use-pid-file=no"])
            .args(["--high-priority=no", "--realtime=no", "--log-target=stderr", "-L", &protocol])
            .args(["-L", "module-null-sink sink_name=room rate=48000 channels=1"])
            .args(["-L", "module-null-sink sink_name=speaker rate=48000 channels=2"])
            .args(["-L", "module-remap-source master=room.monitor source_name=mic"])
            .spawn()
            .expect("pulseaudio must be installed: scripts/setup.sh does it");
        self.processes.push(daemon);
        let is_up = || self.command("pactl").arg("info").status().is_ok_and(|status| status.success());
        wait_for("the sound server", is_up);
        for (what, name) in [("set-default-sink", "speaker"), ("set-default-source", "mic")] {
            assert!(self.command("pactl").args([what, name]).status().unwrap().success());
        }
        self.quicken("room.monitor");
        self.quicken("speaker.monitor");
    }

    /// A null sink works in blocks of two seconds until somebody asks for less.
    fn quicken(&mut self, monitor: &str) {
        let listener = self.command("parec").args(["--latency-msec=10", "-d", monitor, "--raw"]).spawn().unwrap();
        self.processes.push(listener);
    }

    /// Adds a speaker of this name.
    fn add_sink(&mut self, name: &str) {
        let named = format!("sink_name={name}");
        let loaded = self.command("pactl").args(["load-module", "module-null-sink", &named, "rate=48000"]).status();
        assert!(loaded.unwrap().success());
        self.quicken(&format!("{name}.monitor"));
    }

    fn kill(&mut self) {
        for process in &mut self.processes {
            let _ = process.kill();
            let _ = process.wait();
        }
        self.processes.clear();
        let _ = fs::remove_file(self.path("pulse/native"));
    }

    /// Plays a tone of 0.4 into the sink `name` until it is killed.
    fn play_tone(&mut self, name: &str) {
        let path = self.path("tone.wav");
        let spec = hound::WavSpec {
            channels: 1,
            sample_rate: 48_000,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let mut writer = hound::WavWriter::create(&path, spec).unwrap();
        for n in 0..48_000 * 20 {
            let phase = std::f64::consts::TAU * 500.0 * f64::from(n) / 48_000.0;
            writer.write_sample((0.4 * 32_767.0 * phase.sin()) as i16).unwrap();
        }
        writer.finalize().unwrap();
        let player = self.command("paplay").args(["-d", name]).arg(&path).spawn().unwrap();
        self.processes.push(player);
    }

    /// Records the sink `name` for two seconds; the loudest sample.
    fn record_peak(&self, name: &str) -> f32 {
        let path = self.path("heard.raw");
        let file = fs::File::create(&path).unwrap();
        let mut recorder = self
            .command("parec")
            .args(["--latency-msec=10", "-d", name, "--format=s16le", "--rate=48000", "--channels=1", "--raw"])
            .stdout(file)
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_secs(2));
        let _ = recorder.kill();
        let _ = recorder.wait();
        let bytes = fs::read(&path).unwrap();
        let samples = bytes.as_chunks::<2>().0.iter().map(|pair| i16::from_le_bytes(*pair).unsigned_abs());
        f32::from(samples.max().unwrap_or(0)) / 32_768.0
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

fn wait_for(what: &str, mut is_there: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !is_there() {
        assert!(Instant::now() < deadline, "{what} did not come");
        std::thread::sleep(Duration::from_millis(10));
    }
}

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

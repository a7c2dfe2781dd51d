//! A private sound server for the tests: PulseAudio with null sinks, its own folder and socket, ended by its process id.
//!
//! What is played into the sink `room` is what the microphone `mic` hears; what the kiosk plays goes to the sink
//! `speaker` and can be recorded from its monitor.

#![allow(dead_code, unreachable_pub, reason = "each test binary uses its own part")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// A sound server of our own. Ended when dropped.
pub struct Server {
    folder: PathBuf,
    processes: Vec<Child>,
}

impl Server {
    /// A server that lives in `folder`; not started.
    pub fn in_folder(folder: PathBuf) -> Self {
        for name in ["pulse", "state", "home"] {
            fs::create_dir_all(folder.join(name)).unwrap();
        }
        for private in [folder.clone(), folder.join("pulse")] {
            fs::set_permissions(private, fs::Permissions::from_mode(0o700)).unwrap();
        }
        Self { folder, processes: Vec::new() }
    }

    /// A file of the server's.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// What tells a client library where the server is.
    pub fn variables(&self) -> Vec<(&'static str, String)> {
        let path = |name: &str| self.path(name).display().to_string();
        vec![
            ("XDG_RUNTIME_DIR", self.folder.display().to_string()),
            ("PULSE_RUNTIME_PATH", path("pulse")),
            ("PULSE_STATE_PATH", path("state")),
            ("PULSE_SERVER", format!("unix:{}", path("pulse/native"))),
            ("HOME", path("home")),
        ]
    }

    /// A program that talks to the server.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.envs(self.variables()).stdout(Stdio::null()).stderr(Stdio::null());
        command
    }

    /// Starts it, or starts it again.
    pub fn start(&mut self) {
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
    pub fn add_sink(&mut self, name: &str) {
        let named = format!("sink_name={name}");
        let loaded = self.command("pactl").args(["load-module", "module-null-sink", &named, "rate=48000"]).status();
        assert!(loaded.unwrap().success());
        self.quicken(&format!("{name}.monitor"));
    }

    /// Ends it and everything that was started for it.
    pub fn kill(&mut self) {
        for process in &mut self.processes {
            let _ = process.kill();
            let _ = process.wait();
        }
        self.processes.clear();
        let _ = fs::remove_file(self.path("pulse/native"));
    }

    /// Plays a tone of 0.4 into the sink `name` until it is killed.
    pub fn play_tone(&mut self, name: &str) {
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
    pub fn record_peak(&self, name: &str) -> f32 {
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

/// Waits for twenty seconds at most.
pub fn wait_for(what: &str, mut is_there: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !is_there() {
        assert!(Instant::now() < deadline, "{what} did not come");
        std::thread::sleep(Duration::from_millis(10));
    }
}

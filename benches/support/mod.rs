//! Shared by the benches of the audio room: the real models, synthetic voices, a loop in virtual time.

#![allow(dead_code, reason = "each bench uses its part")]

pub(crate) mod hall;
pub(crate) mod room;

use std::{path::Path, process::Command, sync::Arc, time::Duration};

use anyhow::{Context as _, ensure};
use majlis::{
    audio::{
        AudioEvent, AudioLink, AudioLoop, AudioParts, Bell, NullSink, PIPELINE_RATE_HZ, Sink, Source, TurnModel, Vad,
        WavSource, read_wav,
    },
    clock::{Clock, ManualClock},
    config,
    runtime::{ModelStore, Onnx},
    words::TurnWords,
};

/// Samples a second in the pipeline.
pub(crate) const PIPELINE_RATE: usize = PIPELINE_RATE_HZ as usize;

/// The models of `models/`, found once: a process has one ONNX Runtime.
pub(crate) struct Models {
    store: ModelStore,
    onnx: Onnx,
    /// What words mean for whose turn it is.
    pub(crate) turns: TurnWords,
}

impl Models {
    pub(crate) fn load() -> anyhow::Result<Self> {
        let store = ModelStore::open(&Path::new(env!("CARGO_MANIFEST_DIR")).join("models"))?;
        let onnx = Onnx::load(&store)?;
        let turns = TurnWords::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("assets"))?;
        Ok(Self { store, onnx, turns })
    }

    /// The loop with a recording as the microphone.
    pub(crate) fn audio_loop(&self, near: Vec<f32>, clock: Arc<dyn Clock>) -> anyhow::Result<(AudioLoop, AudioLink)> {
        self.audio_loop_with(
            Box::new(WavSource::new(near, Duration::from_secs(3))),
            Box::new(NullSink::default()),
            &config::Audio::default(),
            clock,
        )
    }

    /// The loop with these devices.
    pub(crate) fn audio_loop_with(
        &self,
        source: Box<dyn Source>,
        sink: Box<dyn Sink>,
        settings: &config::Audio,
        clock: Arc<dyn Clock>,
    ) -> anyhow::Result<(AudioLoop, AudioLink)> {
        let bell = Bell::default();
        let turn_model = self.onnx.session(&self.store, "smart-turn-v3.2", 1)?;
        let parts = AudioParts {
            source,
            sink,
            vad: Vad::new(self.onnx.session(&self.store, "silero-vad", 1)?)?,
            turn_model: Some(TurnModel::spawn(turn_model, bell.clone())?),
            bell,
        };
        Ok(AudioLoop::new(parts, settings, &config::Turn::default(), clock)?)
    }
}

/// A synthetic voice.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Voice {
    /// espeak-ng, by its name.
    Espeak(&'static str),
    /// flite, by its name.
    Flite(&'static str),
}

/// Speaks `text`; the silence around it is cut off.
pub(crate) fn speak(voice: Voice, text: &str) -> anyhow::Result<Vec<f32>> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("speech.wav");
    let mut command = match voice {
        Voice::Espeak(name) => {
            let mut command = Command::new("espeak-ng");
            command.args(["-v", name, "-w"]).arg(&path).arg(text);
            command
        }
        Voice::Flite(name) => {
            let mut command = Command::new("flite");
            command.args(["-voice", name, "-t", text, "-o"]).arg(&path);
            command
        }
    };
    let status = command.status().with_context(|| format!("{voice:?}: is it installed? scripts/setup.sh does it"))?;
    ensure!(status.success(), "{voice:?} failed on {text:?}");
    let samples = read_wav(&path, PIPELINE_RATE_HZ)?;
    // As the harness of the peers: the last 10 ms above −40 dB of the loudest.
    let energies: Vec<f32> = samples.chunks(160).map(|frame| frame.iter().map(|x| x * x).sum()).collect();
    let threshold = energies.iter().copied().fold(0.0, f32::max) * 1e-4;
    let first = energies.iter().position(|energy| *energy > threshold).unwrap_or(0);
    let last = energies.iter().rposition(|energy| *energy > threshold).unwrap_or(0);
    Ok(samples.into_iter().skip(first * 160).take((last + 1 - first) * 160).collect())
}

/// A bed of noise at −66 dBFS with sounds at their times, ms.
pub(crate) fn scene(length_ms: usize, sounds: &[(usize, &[f32])]) -> Vec<f32> {
    let mut state = 7_u32;
    let mut samples: Vec<f32> = (0..length_ms * 16)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            0.0017 * ((state >> 8) as f32 / (1 << 24) as f32 - 0.5)
        })
        .collect();
    for (at, sound) in sounds {
        for (to, from) in samples.iter_mut().skip(at * 16).zip(*sound) {
            *to += from;
        }
    }
    samples
}

/// Writes a recording at the pipeline's rate.
pub(crate) fn write_wav(path: &Path, samples: &[f32]) -> anyhow::Result<()> {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: 16_000,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::create(path, spec).context("no recording can be written")?;
    for sample in samples {
        writer.write_sample((sample * 32_767.0).round() as i16)?;
    }
    Ok(writer.finalize()?)
}

/// Runs one frame in lock-step and returns what happened.
pub(crate) fn step(audio: &mut AudioLoop, link: &mut AudioLink, clock: &ManualClock) -> Vec<AudioEvent> {
    clock.advance(Duration::from_millis(10));
    audio.step();
    while audio.busy() {
        std::thread::yield_now();
    }
    std::iter::from_fn(|| link.events.try_recv().ok()).collect()
}

/// The value below which `share` (0..1) of `values` lie.
pub(crate) fn quantile(values: &mut [f64], share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let index = ((values.len().max(1) - 1) as f64 * share).round() as usize;
    values.get(index).copied().unwrap_or(f64::NAN)
}

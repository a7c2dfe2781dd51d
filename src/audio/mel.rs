//! The features of smart-turn v3.2: Whisper's log-mel spectrogram of the last 8 s, kept up with the sound.
//!
//! As in `pipecat` 1.14.0, `_whisper_features.py`: zero mean and unit variance over all 128,000 samples, centred STFT
//! with reflect padding, 400-point periodic Hann, hop 160, power, 80 Slaney mel filters 0–8 kHz, log₁₀ with floor
//! 1e-10, the last frame dropped, clamped to the maximum − 8, (x + 4) / 4.
//!
//! The mean and variance are known only at the end, but the transform is linear: scaling divides the power, and a
//! constant shows itself only in bins 0 and 1 of a Hann window. So each frame's mel sums are kept without those two
//! bins, which are kept as they are, and the question costs no transform but those at the window's edges.

#![allow(
    clippy::indexing_slicing,
    reason = "a numeric kernel: every index is below N_MELS, BINS, FFT or FRAMES by the loops that make it"
)]

use std::{collections::VecDeque, sync::Arc};

use realfft::{RealFftPlanner, RealToComplex, num_complex::Complex32};

use super::{FRAME_SAMPLES, Frame};

/// Mel filters.
pub(super) const N_MELS: usize = 80;
/// Frames of the features: 8 s.
pub(super) const FRAMES: usize = 800;
/// Samples the features look at.
const WINDOW: usize = FRAMES * FRAME_SAMPLES;
const FFT: usize = 400;
const BINS: usize = FFT / 2 + 1;
/// Half a transform: a frame reaches this far to both sides of its centre.
const REACH: usize = FFT / 2;
const VARIANCE_EPSILON: f64 = 1e-7;
const MEL_FLOOR: f32 = 1e-10;
/// The transform of a constant 1 under the window, bins 0 and 1.
const CONSTANT_0: f32 = 200.0;
const CONSTANT_1: f32 = -100.0;

/// One frame of the spectrogram before normalisation.
#[derive(Debug, Clone)]
struct MelFrame {
    /// Mel sums of all bins but 0 and 1.
    sums: [f32; N_MELS],
    bin_0: Complex32,
    bin_1: Complex32,
}

/// Transforms 400 samples to a [`MelFrame`].
struct Transform {
    fft: Arc<dyn RealToComplex<f32>>,
    hann: Vec<f32>,
    input: Vec<f32>,
    spectrum: Vec<Complex32>,
    scratch: Vec<Complex32>,
    filters: MelFilters,
}

/// Each filter's first bin and weights.
struct MelFilters(Vec<(usize, Vec<f32>)>);

impl MelFilters {
    /// Slaney's scale and area normalisation.
    fn new() -> Self {
        let logstep = 27.0 / 6.4_f64.ln();
        let to_mel = |hz: f64| if hz >= 1000.0 { 15.0 + (hz / 1000.0).ln() * logstep } else { 3.0 * hz / 200.0 };
        let to_hz = |mel: f64| if mel >= 15.0 { 1000.0 * ((mel - 15.0) / logstep).exp() } else { 200.0 * mel / 3.0 };
        let edge = |n: usize| to_hz(to_mel(8000.0) * n as f64 / (N_MELS + 1) as f64);
        let filters = (0..N_MELS).map(|mel| {
            let (low, middle, high) = (edge(mel), edge(mel + 1), edge(mel + 2));
            let weight = |bin: usize| {
                let hz = 8000.0 * bin as f64 / (BINS - 1) as f64;
                let triangle = ((hz - low) / (middle - low)).min((high - hz) / (high - middle)).max(0.0);
                (triangle * 2.0 / (high - low)) as f32
            };
            let first = (0..BINS).find(|bin| weight(*bin) > 0.0).unwrap_or(0);
            (first, (first..BINS).map(weight).take_while(|weight| *weight > 0.0).collect())
        });
        Self(filters.collect())
    }

    fn weight(&self, mel: usize, bin: usize) -> f32 {
        let (first, weights) = &self.0[mel];
        bin.checked_sub(*first).and_then(|n| weights.get(n)).copied().unwrap_or(0.0)
    }
}

impl Transform {
    fn new() -> Self {
        let fft = RealFftPlanner::new().plan_fft_forward(FFT);
        Self {
            hann: (0..FFT).map(|n| 0.5 - 0.5 * (std::f64::consts::TAU * n as f64 / FFT as f64).cos() as f32).collect(),
            input: fft.make_input_vec(),
            spectrum: fft.make_output_vec(),
            scratch: fft.make_scratch_vec(),
            fft,
            filters: MelFilters::new(),
        }
    }

    /// Transforms 400 samples, given one by one.
    fn run(&mut self, samples: impl Iterator<Item = f32>) -> MelFrame {
        for ((to, sample), weight) in self.input.iter_mut().zip(samples).zip(&self.hann) {
            *to = sample * weight;
        }
        if self.fft.process_with_scratch(&mut self.input, &mut self.spectrum, &mut self.scratch).is_err() {
            // Only a wrong length can fail, and the lengths are the transform's own.
            self.spectrum.fill(Complex32::default());
        }
        let power: [f32; BINS] = std::array::from_fn(|bin| if bin < 2 { 0.0 } else { self.spectrum[bin].norm_sqr() });
        let sums = std::array::from_fn(|mel| {
            let (first, weights) = &self.filters.0[mel];
            weights.iter().zip(&power[*first..]).map(|(weight, power)| weight * power).sum()
        });
        MelFrame { sums, bin_0: self.spectrum[0], bin_1: self.spectrum[1] }
    }
}

/// The spectrogram of an utterance, at most its last 8 s, kept up frame by frame.
pub(super) struct MelHistory {
    transform: Transform,
    samples: VecDeque<f32>,
    /// The frame at index `n` is centred `n · 160` samples after `samples` begins; the first is centred on its first
    /// sample, with zeros before.
    frames: VecDeque<MelFrame>,
    /// Whether the utterance is longer than the window, so that its beginning is gone.
    is_cut: bool,
}

impl Default for MelHistory {
    fn default() -> Self {
        Self { transform: Transform::new(), samples: VecDeque::new(), frames: VecDeque::new(), is_cut: false }
    }
}

impl MelHistory {
    /// Begins a new utterance.
    pub(super) fn clear(&mut self) {
        self.samples.clear();
        self.frames.clear();
        self.is_cut = false;
    }

    /// Takes the next 10 ms.
    pub(super) fn push(&mut self, frame: &Frame) {
        self.samples.extend(frame);
        while self.frames.len() * FRAME_SAMPLES + REACH <= self.samples.len() {
            let centre = self.frames.len() * FRAME_SAMPLES;
            let padding = REACH.saturating_sub(centre);
            let start = (centre + padding).saturating_sub(REACH);
            let samples = self.samples.range(start..centre + REACH).copied();
            let new = self.transform.run(std::iter::repeat_n(0.0, padding).chain(samples));
            self.frames.push_back(new);
        }
        if self.samples.len() > WINDOW {
            self.is_cut = true;
            self.samples.drain(..FRAME_SAMPLES);
            self.frames.pop_front();
        }
    }

    /// What is needed to ask the model, copied for its thread.
    pub(super) fn snapshot(&self) -> MelSnapshot {
        MelSnapshot {
            samples: self.samples.iter().copied().collect(),
            frames: self.frames.iter().cloned().collect(),
            is_cut: self.is_cut,
        }
    }
}

/// A [`MelHistory`] at one moment.
#[derive(Debug)]
pub(super) struct MelSnapshot {
    samples: Vec<f32>,
    frames: Vec<MelFrame>,
    is_cut: bool,
}

/// Computes features from snapshots.
pub(super) struct MelFeatures {
    transform: Transform,
}

impl Default for MelFeatures {
    fn default() -> Self {
        Self { transform: Transform::new() }
    }
}

impl MelFeatures {
    /// The features, [80, 800] row by row.
    pub(super) fn of(&mut self, snapshot: &MelSnapshot) -> Vec<f32> {
        let samples = &snapshot.samples;
        let (sum, squares) = samples
            .iter()
            .fold((0.0, 0.0), |(sum, squares), x| (sum + f64::from(*x), squares + f64::from(*x) * f64::from(*x)));
        let mean = sum / WINDOW as f64;
        let variance = squares / WINDOW as f64 - mean * mean;
        let power_scale = (1.0 / (variance + VARIANCE_EPSILON)) as f32;

        let padding = FRAMES - samples.len() / FRAME_SAMPLES;
        let silence = MelFrame { sums: [0.0; N_MELS], bin_0: Complex32::default(), bin_1: Complex32::default() };
        let mut features = vec![0.0; N_MELS * FRAMES];
        let mut loudest = f32::MIN;
        for column in 0..FRAMES {
            let edge;
            let frame = match column.checked_sub(padding) {
                _ if self.is_edge(column, padding, snapshot) => {
                    edge = self.at_edge(column, padding, samples);
                    &edge
                }
                Some(index) => snapshot.frames.get(index).unwrap_or(&silence),
                None => &silence,
            };
            let bin_0 = (frame.bin_0 - mean as f32 * CONSTANT_0).norm_sqr();
            let bin_1 = (frame.bin_1 - mean as f32 * CONSTANT_1).norm_sqr();
            for mel in 0..N_MELS {
                let filters = &self.transform.filters;
                let energy = frame.sums[mel] + filters.weight(mel, 0) * bin_0 + filters.weight(mel, 1) * bin_1;
                let log = (energy * power_scale).max(MEL_FLOOR).log10();
                loudest = loudest.max(log);
                features[mel * FRAMES + column] = log;
            }
        }
        for value in &mut features {
            *value = (value.max(loudest - 8.0) + 4.0) / 4.0;
        }
        features
    }

    /// Whether the frame reaches over an edge in another way than it was computed: over the end, where the window is
    /// mirrored; over the beginning, if that is the window's or if sound before it is gone; or before the sound.
    fn is_edge(&self, column: usize, padding: usize, snapshot: &MelSnapshot) -> bool {
        let reaches_over_end = column * FRAME_SAMPLES + REACH > WINDOW;
        let reaches_into_sound = column < padding && column * FRAME_SAMPLES + REACH > padding * FRAME_SAMPLES;
        let reaches_over_start = column * FRAME_SAMPLES < REACH && (snapshot.is_cut || padding < 2);
        reaches_over_end || reaches_into_sound || reaches_over_start
    }

    fn at_edge(&mut self, column: usize, padding: usize, samples: &[f32]) -> MelFrame {
        let start = (column * FRAME_SAMPLES) as isize - REACH as isize;
        let last = WINDOW as isize - 1;
        let sound = (padding * FRAME_SAMPLES) as isize;
        self.transform.run((start..start + FFT as isize).map(|n| {
            // Reflected without repeating the edge, as numpy's `mode="reflect"`.
            let inside = if n > last { 2 * last - n } else { n.abs() };
            usize::try_from(inside - sound).ok().and_then(|n| samples.get(n)).copied().unwrap_or(0.0)
        }))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Three tones under a slow swell with a little noise and an offset: any ear would call it a test signal.
    pub(in crate::audio) fn signal(samples: usize) -> Vec<f32> {
        let mut state = 12_345_u32;
        (0..samples)
            .map(|n| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let noise = f64::from(state >> 8) / f64::from(1 << 24) - 0.5;
                let time = n as f64 / 16_000.0;
                let swell = 0.5 + 0.5 * (std::f64::consts::TAU * 1.5 * time).sin();
                let tone = |hz: f64| (std::f64::consts::TAU * hz * time).sin();
                let sum = 0.2 * tone(140.0) + 0.15 * tone(620.0) + 0.1 * tone(2_350.0);
                (swell * sum + 0.01 * noise + 0.002) as f32
            })
            .collect()
    }

    fn features(samples: &[f32]) -> Vec<f32> {
        let mut history = MelHistory::default();
        samples.as_chunks::<FRAME_SAMPLES>().0.iter().for_each(|frame| history.push(frame));
        MelFeatures::default().of(&history.snapshot())
    }

    /// Golden values from `compute_whisper_log_mel_features` (pipecat-ai 1.14.0) on the same signal.
    fn assert_golden(samples: usize, golden: &[(usize, usize, f32)]) {
        let features = features(&signal(samples));
        for (mel, column, expected) in golden {
            let found = features[mel * FRAMES + column];
            assert!((found - expected).abs() < 1e-3, "mel {mel}, frame {column}: {found} instead of {expected}");
        }
    }

    #[test]
    fn a_short_clip_has_the_features_of_the_python_package() {
        assert_golden(32_000, SHORT);
    }

    #[test]
    fn of_a_clip_longer_than_eight_seconds_the_last_eight_count() {
        assert_golden(150_400, LONG);
    }

    const SHORT: &[(usize, usize, f32)] = &[
        (0, 0, 0.56288),
        (1, 0, 0.28875),
        (5, 0, -0.16903),
        (22, 0, -0.16903),
        (47, 0, -0.16903),
        (79, 0, -0.16903),
        (0, 1, 0.56288),
        (1, 1, 0.28875),
        (5, 1, -0.16903),
        (22, 1, -0.16903),
        (47, 1, -0.16903),
        (79, 1, -0.16903),
        (0, 2, 0.56288),
        (22, 2, -0.16903),
        (60, 2, -0.16903),
        (0, 300, 0.56288),
        (22, 300, -0.16903),
        (60, 300, -0.16903),
        (0, 599, 0.79164),
        (22, 599, 0.48451),
        (60, 599, 0.08834),
        (0, 600, 1.41821),
        (1, 600, 1.51705),
        (5, 600, 1.32105),
        (22, 600, 0.98194),
        (47, 600, 1.23916),
        (79, 600, 0.28957),
        (0, 601, 0.82615),
        (1, 601, 1.33642),
        (5, 601, 1.26804),
        (22, 601, 0.46975),
        (47, 601, 1.26605),
        (79, 601, 0.47002),
        (0, 602, 1.0545),
        (22, 602, 0.35508),
        (60, 602, 0.45627),
        (0, 640, 0.82314),
        (22, 640, 0.31225),
        (60, 640, 0.49922),
        (0, 700, 0.90806),
        (22, 700, 0.58003),
        (60, 700, 0.43814),
        (0, 777, 0.89097),
        (22, 777, 0.53209),
        (60, 777, 0.45076),
        (0, 797, 0.99635),
        (22, 797, 0.47265),
        (60, 797, 0.45547),
        (0, 798, 0.61027),
        (22, 798, 0.58622),
        (60, 798, 0.41308),
        (0, 799, 1.02757),
        (1, 799, 1.30421),
        (5, 799, 1.23832),
        (22, 799, 0.67601),
        (47, 799, 1.22935),
        (79, 799, 0.5304),
    ];
    const LONG: &[(usize, usize, f32)] = &[
        (0, 0, 1.51369),
        (1, 0, 1.61039),
        (5, 0, 1.40546),
        (22, 0, 1.08183),
        (47, 0, 1.30392),
        (79, 0, 0.44206),
        (0, 1, 0.93223),
        (1, 1, 1.27556),
        (5, 1, 1.21725),
        (22, 1, 0.54661),
        (47, 1, 1.20791),
        (79, 1, 0.26705),
        (0, 2, 0.90504),
        (22, 2, 0.36109),
        (60, 2, 0.30821),
        (0, 300, 0.60872),
        (22, 300, 0.22426),
        (60, 300, 0.36644),
        (0, 599, 0.84131),
        (22, 599, 0.32183),
        (60, 599, 0.36786),
        (0, 600, 0.82205),
        (1, 600, 1.26844),
        (5, 600, 1.18607),
        (22, 600, 0.40673),
        (47, 600, 1.19781),
        (79, 600, 0.3153),
        (0, 601, 0.85577),
        (1, 601, 1.28354),
        (5, 601, 1.19271),
        (22, 601, 0.46091),
        (47, 601, 1.20457),
        (79, 601, 0.32261),
        (0, 602, 0.91064),
        (22, 602, 0.20702),
        (60, 602, 0.38503),
        (0, 640, 0.20816),
        (22, 640, 0.26677),
        (60, 640, 0.19448),
        (0, 700, 0.51313),
        (22, 700, 0.08124),
        (60, 700, 0.36128),
        (0, 777, 0.23426),
        (22, 777, 0.4443),
        (60, 777, 0.25752),
        (0, 797, 0.85015),
        (22, 797, 0.33898),
        (60, 797, 0.31747),
        (0, 798, 0.86357),
        (22, 798, 0.30881),
        (60, 798, 0.28309),
        (0, 799, 0.94384),
        (1, 799, 1.25429),
        (5, 799, 1.19624),
        (22, 799, 0.59007),
        (47, 799, 1.18777),
        (79, 799, 0.35675),
    ];
}

//! The sound of the kiosk's own voice, described for the mouth: LOOK, "From sound to mouth".

use std::{ops::Range, sync::Arc};

use realfft::{RealFftPlanner, RealToComplex, num_complex::Complex32};

use super::{FRAME_SAMPLES, Frame, PIPELINE_RATE_HZ, VoiceFeatures};

/// 25 ms, Hann.
const WINDOW: usize = 400;
const FFT: usize = 512;
/// The loudest of the last 10 s counts as full; what is 30 dB below is closed, 24 dB further up is open.
const PEAK_FRAMES: usize = 1_000;
const SILENT_DB: f32 = -70.0;

/// Describes the voice every 10 ms.
pub(super) struct VoiceAnalyser {
    fft: Arc<dyn RealToComplex<f32>>,
    hann: [f32; WINDOW],
    history: [f32; WINDOW],
    padded: Vec<f32>,
    spectrum: Vec<Complex32>,
    scratch: Vec<Complex32>,
    peak_db: f32,
    peak_age: usize,
}

impl Default for VoiceAnalyser {
    fn default() -> Self {
        let fft = RealFftPlanner::new().plan_fft_forward(FFT);
        Self {
            hann: std::array::from_fn(|n| 0.5 - 0.5 * (std::f32::consts::TAU * n as f32 / WINDOW as f32).cos()),
            history: [0.0; WINDOW],
            padded: fft.make_input_vec(),
            spectrum: fft.make_output_vec(),
            scratch: fft.make_scratch_vec(),
            fft,
            peak_db: SILENT_DB,
            peak_age: 0,
        }
    }
}

impl VoiceAnalyser {
    /// Takes the 10 ms that were played and describes the last 25.
    pub(super) fn push(&mut self, frame: &Frame) -> VoiceFeatures {
        self.history.rotate_left(FRAME_SAMPLES);
        if let Some(newest) = self.history.get_mut(WINDOW - FRAME_SAMPLES..) {
            newest.copy_from_slice(frame);
        }
        self.padded.fill(0.0);
        for ((to, sample), weight) in self.padded.iter_mut().zip(&self.history).zip(&self.hann) {
            *to = sample * weight;
        }
        if self.fft.process_with_scratch(&mut self.padded, &mut self.spectrum, &mut self.scratch).is_err() {
            // Only a wrong length can fail, and the lengths are the transform's own.
            return VoiceFeatures::default();
        }
        self.describe()
    }

    fn describe(&mut self) -> VoiceFeatures {
        let db = super::level::dbfs(&self.history);
        self.peak_age += 1;
        if db >= self.peak_db || self.peak_age > PEAK_FRAMES {
            self.peak_db = db.max(SILENT_DB);
            self.peak_age = 0;
        }
        if db <= SILENT_DB {
            return VoiceFeatures::default();
        }
        let ratio = |over: Range<u32>, under: Range<u32>| (self.energy(over) / self.energy(under)).log10();
        VoiceFeatures {
            loudness: ((db - self.peak_db + 30.0) / 24.0).clamp(0.0, 1.0),
            jaw: ((ratio(550..1000, 150..450) + 2.0) / 2.2).clamp(0.0, 1.0),
            spread: (ratio(1500..2800, 700..1300) / 3.5).clamp(-1.0, 1.0),
            open_vowel: ratio(700..1000, 400..650),
            hiss: (self.energy(4000..7500) / self.energy(100..7500)).clamp(0.0, 1.0),
        }
    }

    /// The energy between two frequencies, Hz.
    fn energy(&self, hz: Range<u32>) -> f32 {
        let bin = |hz: u32| (hz as usize * FFT).div_ceil(PIPELINE_RATE_HZ as usize);
        let bins = self.spectrum.get(bin(hz.start)..bin(hz.end + 1)).unwrap_or_default();
        bins.iter().map(Complex32::norm_sqr).sum::<f32>() + 1e-9
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_tones(hz: &[f32]) -> VoiceFeatures {
        let mut analyser = VoiceAnalyser::default();
        let mut features = VoiceFeatures::default();
        for start in 0..20 {
            let frame = std::array::from_fn(|n| {
                let time = (start * FRAME_SAMPLES + n) as f32 / PIPELINE_RATE_HZ as f32;
                hz.iter().map(|hz| 0.2 * (std::f32::consts::TAU * hz * time).sin()).sum()
            });
            features = analyser.push(&frame);
        }
        features
    }

    #[test]
    fn an_open_vowel_drops_the_jaw_a_front_vowel_spreads_and_a_hiss_is_a_hiss() {
        let open = of_tones(&[150.0, 800.0, 1100.0]);
        let front = of_tones(&[150.0, 300.0, 2300.0]);
        let hiss = of_tones(&[5000.0, 6500.0]);
        assert!(open.jaw > 0.8 && open.open_vowel > 0.0 && open.spread < 0.0, "{open:?}");
        assert!(front.jaw < 0.2 && front.spread > 0.5, "{front:?}");
        assert!(hiss.hiss > 0.9 && hiss.loudness > 0.9, "{hiss:?}");
        assert_eq!(of_tones(&[]), VoiceFeatures::default());
    }
}

//! Echo cancellation, noise suppression and gain control (`sonora`, the WebRTC algorithms in Rust) at 16 kHz.

use std::time::Duration;

use sonora::{
    AudioProcessing, Config, StreamConfig,
    config::{
        AdaptiveDigital, EchoCanceller, GainController2, HighPassFilter, NoiseSuppression, NoiseSuppressionLevel,
    },
};

use super::{FRAME_SAMPLES, Frame, PIPELINE_RATE_HZ};
use crate::config;

/// Gain control starts here, dB, and goes no further than the next: visitors stand within two metres, and more
/// would lift the hall.
const INITIAL_GAIN_DB: f32 = 6.0;
const MAX_GAIN_DB: f32 = 30.0;

/// The chain between the microphone and everything that listens.
pub(super) struct Processing {
    chain: Option<AudioProcessing>,
    config: Config,
    /// Whether staff want echo cancelled, whatever is heard now.
    may_cancel: bool,
    scratch: Frame,
}

impl Processing {
    pub(super) fn new(settings: &config::Audio) -> Self {
        let noise = match settings.noise_suppression {
            config::NoiseSuppression::Off => None,
            config::NoiseSuppression::Low => Some(NoiseSuppressionLevel::Low),
            config::NoiseSuppression::Moderate => Some(NoiseSuppressionLevel::Moderate),
            config::NoiseSuppression::High => Some(NoiseSuppressionLevel::High),
        };
        let config = Config {
            high_pass_filter: Some(HighPassFilter::default()),
            echo_canceller: settings.echo_cancellation.then(EchoCanceller::default),
            noise_suppression: noise.map(|level| NoiseSuppression { level, ..NoiseSuppression::default() }),
            gain_controller2: settings.gain_control.then(|| GainController2 {
                adaptive_digital: Some(AdaptiveDigital {
                    initial_gain_db: INITIAL_GAIN_DB,
                    max_gain_db: MAX_GAIN_DB,
                    ..AdaptiveDigital::default()
                }),
                ..GainController2::default()
            }),
            ..Config::default()
        };
        let needed = settings.echo_cancellation || noise.is_some() || settings.gain_control;
        let stream = StreamConfig::new(PIPELINE_RATE_HZ, 1);
        let builder = AudioProcessing::builder().config(config.clone()).capture_config(stream).render_config(stream);
        Self {
            chain: needed.then(|| builder.build()),
            config,
            may_cancel: settings.echo_cancellation,
            scratch: [0.0; FRAME_SAMPLES],
        }
    }

    /// How much later a sound comes out than it went in.
    pub(super) fn delay(&self) -> Duration {
        let echo = if self.config.echo_canceller.is_some() { ECHO_DELAY } else { Duration::ZERO };
        let noise = if self.config.noise_suppression.is_some() { NOISE_DELAY } else { Duration::ZERO };
        echo + noise
    }

    /// Leaves the echo canceller out, or takes it in again, where there is no echo (see
    /// [`echo_path`](super::echo_path)). A change starts the noise suppressor and the gain anew.
    pub(super) fn set_echo(&mut self, is_absent: bool) {
        let wanted = self.may_cancel && !is_absent;
        if let Some(chain) = &mut self.chain
            && wanted != self.config.echo_canceller.is_some()
        {
            self.config.echo_canceller = wanted.then(EchoCanceller::default);
            chain.apply_config(self.config.clone());
        }
    }

    /// Cleans `near` (the microphone) of `far` (what is being played; `None`: nothing for long enough that no echo
    /// is left).
    pub(super) fn process(&mut self, far: Option<&Frame>, near: &Frame, clean: &mut Frame) {
        let Some(chain) = &mut self.chain else {
            clean.copy_from_slice(near);
            return;
        };
        let heard = match far {
            Some(far) if self.config.echo_canceller.is_some() => {
                chain.process_render_f32(&[far], &mut [&mut self.scratch])
            }
            _ => Ok(()),
        };
        let cleaned = heard.and_then(|()| chain.process_capture_f32(&[near], &mut [clean]));
        if cleaned.is_err() {
            // Only a wrong rate or channel count can fail, and both are fixed above.
            clean.copy_from_slice(near);
        }
    }
}

/// The echo canceller works in blocks of 4 ms, the noise suppressor on blocks of 16 ms that overlap by 6; measured by
/// `the_delay_is_as_stated`.
const ECHO_DELAY: Duration = Duration::from_millis(4);
const NOISE_DELAY: Duration = Duration::from_millis(6);

#[cfg(test)]
#[allow(clippy::indexing_slicing, reason = "tests")]
mod tests {
    use super::*;

    /// Noise in bursts: something whose place can be found again by correlation.
    fn bursts(samples: usize) -> Vec<f32> {
        let mut state = 1_u32;
        (0..samples)
            .map(|n| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let noise = (state >> 8) as f32 / (1 << 24) as f32 - 0.5;
                if (n / 1600) % 4 == 0 { 0.4 * noise } else { 0.0 }
            })
            .collect()
    }

    #[test]
    fn the_delay_is_as_stated() {
        let input = bursts(32_000);
        for (echo_cancellation, noise_suppression) in [
            (false, config::NoiseSuppression::Off),
            (true, config::NoiseSuppression::Off),
            (false, config::NoiseSuppression::Moderate),
            (true, config::NoiseSuppression::Moderate),
        ] {
            let settings = config::Audio { echo_cancellation, noise_suppression, ..config::Audio::default() };
            let mut processing = Processing::new(&settings);
            let mut output = Vec::new();
            let mut clean = [0.0; FRAME_SAMPLES];
            for near in input.as_chunks::<FRAME_SAMPLES>().0 {
                processing.process(None, near, &mut clean);
                output.extend_from_slice(&clean);
            }
            let similarity =
                |lag: usize| input.iter().zip(&output[lag..]).skip(8_000).map(|(a, b)| f64::from(a * b)).sum::<f64>();
            let lag = (0..480).max_by(|a, b| similarity(*a).total_cmp(&similarity(*b))).unwrap_or(0);
            let found = Duration::from_secs(1) * lag as u32 / PIPELINE_RATE_HZ;
            let stated = processing.delay();
            assert!(found.abs_diff(stated) <= Duration::from_millis(1), "found {found:?}, stated {stated:?}");
        }
    }
}

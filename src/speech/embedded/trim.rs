//! Cuts the silence from both ends of an utterance: it costs decoding time and spoils the mean over the utterance by
//! which the recogniser levels out voices and microphones.

use std::ops::Range;

/// Samples of a frame: 10 ms at 16 kHz, as the recogniser counts them.
pub(super) const FRAME: usize = 160;
/// How far below its loudest frame speech still counts as speech: 40 dB, as a factor of energy.
const QUIETEST: f32 = 1e-4;
/// Frames that are kept on each side: soft consonants, and some silence for the grammar to begin and end with.
const MARGIN: usize = 12;

/// The part of `samples` (mono, 16 kHz) from the first to the last frame of speech. All of it where the room is loud.
pub(super) fn speech(samples: &[f32]) -> Range<usize> {
    let energies: Vec<f32> =
        samples.chunks(FRAME).map(|frame| frame.iter().map(|sample| sample * sample).sum()).collect();
    let floor = energies.iter().copied().fold(0.0, f32::max) * QUIETEST;
    let is_speech = |energy: &f32| *energy > floor;
    let (Some(first), Some(last)) = (energies.iter().position(is_speech), energies.iter().rposition(is_speech)) else {
        return 0..0;
    };
    first.saturating_sub(MARGIN) * FRAME..((last + 1 + MARGIN) * FRAME).min(samples.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_around_speech_is_cut_but_for_a_margin() {
        let mut samples = vec![0.001; 100 * FRAME];
        samples.extend(vec![0.5; 50 * FRAME]);
        samples.extend(vec![0.001; 60 * FRAME]);
        assert_eq!(speech(&samples), 88 * FRAME..162 * FRAME);
    }

    #[test]
    fn silence_alone_is_no_speech_and_loud_noise_is_kept() {
        assert!(speech(&[0.0; 1_000]).is_empty());
        assert_eq!(speech(&[0.1; 1_000]), 0..1_000);
    }
}

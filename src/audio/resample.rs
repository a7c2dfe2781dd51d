//! Changing the rate of a stream in small blocks.

use rubato::{Fft, FixedSync, Resampler as _, audioadapter_buffers::direct::InterleavedSlice};

/// Two rates that cannot be turned into each other.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot resample from {from_hz} Hz to {to_hz} Hz: {reason}; sound devices use 8000 to 192000 Hz")]
pub struct ResampleError {
    from_hz: u32,
    to_hz: u32,
    reason: String,
}

/// Resamples a mono stream. The filter's delay is cut off at the start and given back by
/// [`flush`](Self::flush), so that output sample `n` belongs to input sample `n · from / to`.
pub(super) struct Resampler {
    /// `None`: the rates are equal.
    fft: Option<Fft<f32>>,
    from_hz: u32,
    to_hz: u32,
    pending: Vec<f32>,
    block_in: usize,
    block_out: Vec<f32>,
    /// Samples of the filter's delay still to be cut off.
    skip: usize,
    total_in: u64,
    total_out: u64,
}

impl Resampler {
    /// Works in blocks of about `block_ms`: less is quicker, but has a softer cut-off below the Nyquist frequency.
    pub(super) fn new(from_hz: u32, to_hz: u32, block_ms: u32) -> Result<Self, ResampleError> {
        let fail = |reason: String| ResampleError { from_hz, to_hz, reason };
        if from_hz == to_hz && from_hz > 0 {
            return Ok(Self::with(None, from_hz, to_hz, 1, 0, 0));
        }
        let block = (from_hz * block_ms / 1000).max(1) as usize;
        let fft = Fft::new(from_hz as usize, to_hz as usize, block, 1, FixedSync::Both)
            .map_err(|error| fail(error.to_string()))?;
        let (block_in, block_out, delay) = (fft.input_frames_next(), fft.output_frames_next(), fft.output_delay());
        Ok(Self::with(Some(fft), from_hz, to_hz, block_in, block_out, delay))
    }

    fn with(fft: Option<Fft<f32>>, from_hz: u32, to_hz: u32, block_in: usize, block_out: usize, skip: usize) -> Self {
        Self {
            fft,
            from_hz,
            to_hz,
            pending: Vec::with_capacity(2 * block_in),
            block_in,
            block_out: vec![0.0; block_out],
            skip,
            total_in: 0,
            total_out: 0,
        }
    }

    pub(super) fn input_rate_hz(&self) -> u32 {
        self.from_hz
    }

    /// The output sample that belongs to the next input sample.
    pub(super) fn next_output(&self) -> u64 {
        self.total_in * u64::from(self.to_hz) / u64::from(self.from_hz)
    }

    /// Takes `input` and appends what is complete to `output`.
    pub(super) fn push(&mut self, input: &[f32], output: &mut Vec<f32>) {
        self.total_in += input.len() as u64;
        if self.fft.is_none() {
            self.total_out += input.len() as u64;
            output.extend_from_slice(input);
            return;
        }
        self.pending.extend_from_slice(input);
        self.run(output, u64::MAX);
    }

    /// Appends what the filter still holds and starts anew.
    pub(super) fn flush(&mut self, output: &mut Vec<f32>) {
        let end = self.next_output();
        while self.fft.is_some() && self.total_out < end {
            self.pending.resize(self.pending.len().max(1).next_multiple_of(self.block_in), 0.0);
            self.run(output, end);
        }
        self.pending.clear();
        self.total_in = 0;
        self.total_out = 0;
        if let Some(fft) = &mut self.fft {
            fft.reset();
            self.skip = fft.output_delay();
        }
    }

    fn run(&mut self, output: &mut Vec<f32>, end: u64) {
        let Some(fft) = &mut self.fft else { return };
        let mut used = 0;
        while let Some(block) = self.pending.get(used..used + self.block_in) {
            used += self.block_in;
            let frames = self.block_out.len();
            let input = InterleavedSlice::new(block, 1, self.block_in);
            let result = InterleavedSlice::new_mut(&mut self.block_out, 1, frames);
            if let (Ok(input), Ok(mut result)) = (input, result)
                && fft.process_into_buffer(&input, &mut result, None).is_err()
            {
                // Only a wrong block size can fail, and the sizes are the resampler's own.
                self.block_out.fill(0.0);
            }
            let cut = self.skip.min(frames);
            self.skip -= cut;
            let room = usize::try_from(end.saturating_sub(self.total_out)).unwrap_or(usize::MAX);
            let fresh: &[f32] = self.block_out.get(cut..).unwrap_or_default();
            let fresh = fresh.get(..room).unwrap_or(fresh);
            output.extend_from_slice(fresh);
            self.total_out += fresh.len() as u64;
        }
        self.pending.drain(..used);
    }
}

/// A whole recording at another rate.
///
/// # Errors
/// A rate that no sound has.
pub fn resample_all(samples: &[f32], from_hz: u32, to_hz: u32) -> Result<Vec<f32>, ResampleError> {
    let mut resampler = Resampler::new(from_hz, to_hz, 10)?;
    let mut resampled = Vec::new();
    resampler.push(samples, &mut resampled);
    resampler.flush(&mut resampled);
    Ok(resampled)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
mod tests {
    use super::*;

    fn tone(rate_hz: u32, hz: f32, samples: usize) -> Vec<f32> {
        (0..samples).map(|n| (std::f32::consts::TAU * hz * n as f32 / rate_hz as f32).sin()).collect()
    }

    #[test]
    fn a_tone_keeps_its_length_its_place_and_its_height_at_every_rate() {
        for (from, to) in [(48_000, 16_000), (44_100, 16_000), (22_050, 48_000), (24_000, 48_000), (16_000, 16_000)] {
            let mut resampler = Resampler::new(from, to, 10).unwrap();
            let mut output = Vec::new();
            for piece in tone(from, 440.0, from as usize / 2).chunks(333) {
                resampler.push(piece, &mut output);
            }
            resampler.flush(&mut output);
            let expected = tone(to, 440.0, to as usize / 2);
            assert_eq!(output.len(), expected.len(), "{from} → {to}");
            let middle = output.len() / 4..output.len() * 3 / 4;
            let worst = middle.map(|n| (output[n] - expected[n]).abs()).fold(0.0, f32::max);
            assert!(worst < 0.05, "{from} → {to}: {worst}");
        }
    }
}

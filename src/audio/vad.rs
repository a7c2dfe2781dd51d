//! Voice activity by Silero VAD.
//!
//! Model: `silero_vad.onnx` of the `silero-vad` 6.2.3 wheel (MIT). Inputs `input` f32 [1, 576] (the last 64 samples of
//! the window before and 512 new ones at 16 kHz), `state` f32 [2, 1, 128], `sr` i64; outputs `output` f32 [1, 1],
//! `stateN`. Without the 64 samples of context it finds no speech at all.

use ort::{session::Session, value::TensorRef};

use super::Frame;

/// New samples of a window: 32 ms.
pub(super) const WINDOW: usize = 512;
const CONTEXT: usize = 64;
const STATE: usize = 2 * 128;

/// The model could not be asked.
#[derive(Debug, thiserror::Error)]
#[error("the voice activity model cannot be run: {0}; it must be silero_vad.onnx as the manifest names it")]
pub struct VadError(#[from] ort::Error);

/// Silero VAD, fed with frames of 10 ms.
pub struct Vad {
    session: Session,
    state: [f32; STATE],
    /// Context, then the window as far as it is filled.
    input: [f32; CONTEXT + WINDOW],
    filled: usize,
}

impl Vad {
    /// Takes a session of `silero_vad.onnx` and asks it once, so that a wrong model is found at start.
    ///
    /// # Errors
    /// The model has other inputs or outputs.
    pub fn new(session: Session) -> Result<Self, VadError> {
        let mut vad = Self { session, state: [0.0; STATE], input: [0.0; CONTEXT + WINDOW], filled: 0 };
        vad.infer()?;
        vad.reset();
        Ok(vad)
    }

    /// Forgets what was heard: between visits.
    pub fn reset(&mut self) {
        self.state.fill(0.0);
        self.input.fill(0.0);
        self.filled = 0;
    }

    /// Takes a frame; returns the probability of speech when a window is complete.
    ///
    /// # Errors
    /// The model failed.
    pub(super) fn push(&mut self, frame: &Frame) -> Result<Option<f32>, VadError> {
        let mut rest: &[f32] = frame;
        let mut probability = None;
        while !rest.is_empty() {
            let (now, later) = rest.split_at(rest.len().min(WINDOW - self.filled));
            let start = CONTEXT + self.filled;
            if let Some(place) = self.input.get_mut(start..start + now.len()) {
                place.copy_from_slice(now);
            }
            self.filled += now.len();
            rest = later;
            if self.filled == WINDOW {
                probability = Some(self.infer()?);
                self.input.copy_within(WINDOW.., 0);
                self.filled = 0;
            }
        }
        Ok(probability)
    }

    /// Samples taken since the last complete window.
    pub(super) fn pending(&self) -> usize {
        self.filled
    }

    fn infer(&mut self) -> Result<f32, VadError> {
        let rate = [i64::from(super::PIPELINE_RATE_HZ)];
        let no_dimensions: [i64; 0] = [];
        let outputs = self.session.run(ort::inputs![
            "input" => TensorRef::from_array_view(([1_i64, (CONTEXT + WINDOW) as i64], &self.input[..]))?,
            "state" => TensorRef::from_array_view(([2_i64, 1, 128], &self.state[..]))?,
            "sr" => TensorRef::from_array_view((no_dimensions, &rate[..]))?,
        ])?;
        let (_, probability) = outputs
            .get("output")
            .ok_or_else(|| ort::Error::new("there is no output named `output`"))?
            .try_extract_tensor::<f32>()?;
        let probability = probability.first().copied().unwrap_or(0.0);
        let (_, state) = outputs
            .get("stateN")
            .ok_or_else(|| ort::Error::new("there is no output named `stateN`"))?
            .try_extract_tensor::<f32>()?;
        if state.len() != STATE {
            return Err(ort::Error::new(format!("the state has {} values instead of {STATE}", state.len())).into());
        }
        self.state.copy_from_slice(state);
        Ok(probability)
    }
}

//! Whether the voice sounds finished: smart-turn v3.2 on a thread of its own.
//!
//! Model: `smart-turn-v3.2-cpu.onnx` of the `pipecat-ai` 1.14.0 wheel (BSD-2; 23 languages, Arabic among them). Input
//! `input_features` f32 [1, 80, 800] (see [`mel`](super::mel)), output `logits` f32 [1, 1], which is already a
//! probability.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    time::Duration,
};

use ort::{session::Session, value::TensorRef};

use super::{
    Bell, UtteranceId,
    mel::{FRAMES, MelFeatures, MelSnapshot, N_MELS},
};

/// Questions and verdicts waiting. When there are more the newest question is dropped: silence decides then.
const WAITING: usize = 4;

/// The model's verdict on an utterance so far.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Verdict {
    pub(super) utterance: UtteranceId,
    pub(super) speech_end: Duration,
    /// 0 (will go on) to 1 (finished).
    pub(super) finished: f32,
}

struct Question {
    utterance: UtteranceId,
    speech_end: Duration,
    heard: MelSnapshot,
}

/// The end-of-turn model. Its thread ends when this is dropped.
pub struct TurnModel {
    questions: SyncSender<Question>,
    verdicts: Receiver<Verdict>,
    in_flight: Arc<AtomicUsize>,
}

impl TurnModel {
    /// Takes a session of `smart-turn-v3.2-cpu.onnx`; `bell` is the one of the loop that will ask.
    ///
    /// # Errors
    /// The thread cannot be started.
    pub fn spawn(session: Session, bell: Bell) -> std::io::Result<Self> {
        let (questions, asked) = sync_channel::<Question>(WAITING);
        let (answer, verdicts) = sync_channel(WAITING);
        let in_flight = Arc::new(AtomicUsize::new(0));
        let counter = in_flight.clone();
        std::thread::Builder::new().name("turn-model".into()).spawn(move || {
            let mut model = Model { session, features: MelFeatures::default(), has_failed: false };
            for question in asked {
                if let Some(finished) = model.ask(&question.heard) {
                    let verdict = Verdict { utterance: question.utterance, speech_end: question.speech_end, finished };
                    // Full only if the loop has stopped taking verdicts, and then nobody waits for this one.
                    let _ = answer.try_send(verdict);
                }
                counter.fetch_sub(1, Ordering::Release);
                bell.ring();
            }
        })?;
        Ok(Self { questions, verdicts, in_flight })
    }

    /// Asks about what was heard until `speech_end`.
    pub(super) fn ask(&self, utterance: UtteranceId, speech_end: Duration, heard: MelSnapshot) {
        self.in_flight.fetch_add(1, Ordering::Acquire);
        if self.questions.try_send(Question { utterance, speech_end, heard }).is_err() {
            self.in_flight.fetch_sub(1, Ordering::Release);
        }
    }

    /// The next verdict, if one is there.
    pub(super) fn verdict(&self) -> Option<Verdict> {
        self.verdicts.try_recv().ok()
    }

    /// Whether a question is being answered.
    pub(super) fn is_busy(&self) -> bool {
        self.in_flight.load(Ordering::Acquire) > 0
    }
}

struct Model {
    session: Session,
    features: MelFeatures,
    has_failed: bool,
}

impl Model {
    fn ask(&mut self, heard: &MelSnapshot) -> Option<f32> {
        let features = self.features.of(heard);
        match self.infer(&features) {
            Ok(finished) => Some(finished),
            Err(error) => {
                // Said once: it would fail again at each pause, and silence and words decide without it.
                if !std::mem::replace(&mut self.has_failed, true) {
                    tracing::error!(%error, "the end-of-turn model cannot be run; silence and words decide alone");
                }
                None
            }
        }
    }

    fn infer(&mut self, features: &[f32]) -> ort::Result<f32> {
        let input = TensorRef::from_array_view(([1_i64, N_MELS as i64, FRAMES as i64], features))?;
        let outputs = self.session.run(ort::inputs!["input_features" => input])?;
        let output = outputs.get("logits").ok_or_else(|| ort::Error::new("there is no output named `logits`"))?;
        let (_, probability) = output.try_extract_tensor::<f32>()?;
        probability.first().copied().ok_or_else(|| ort::Error::new("the output is empty"))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::{
        audio::{
            FRAME_SAMPLES,
            mel::{MelHistory, tests::signal},
        },
        runtime::{ModelStore, Onnx},
    };

    /// Golden values: the same signals through pipecat-ai 1.14.0 and onnxruntime 1.31.1 in Python. The features agree
    /// to 1e-5 (and are held to 1e-3 by the tests of `mel`), but the 8-bit model turns a difference of 1e-6 in them
    /// into up to 0.11 of probability on such artificial signals, so this only holds it to the same side.
    #[test]
    fn the_probability_is_that_of_the_python_package() {
        let store = ModelStore::open(&Path::new(env!("CARGO_MANIFEST_DIR")).join("models")).unwrap();
        let session = Onnx::load(&store).unwrap().session(&store, "smart-turn-v3.2", 1).unwrap();
        let model = TurnModel::spawn(session, Bell::default()).unwrap();
        for (samples, expected) in [(32_000, 0.321_179_5), (150_400, 0.881_712_3)] {
            let mut history = MelHistory::default();
            signal(samples).as_chunks::<FRAME_SAMPLES>().0.iter().for_each(|frame| history.push(frame));
            let end = Duration::from_millis(samples as u64 / 16);
            model.ask(UtteranceId(1), end, history.snapshot());
            let verdict = model.verdicts.recv().unwrap();
            assert_eq!(verdict.speech_end, end);
            assert!((verdict.finished - expected).abs() < 0.15, "{} instead of {expected}", verdict.finished);
        }
    }
}

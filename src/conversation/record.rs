//! What is kept of a turn: its words and its times.

use std::time::Duration;

use crate::{
    event::{Language, ServedBy, TurnId, VisitId},
    store::TurnFigures,
};

/// A question and its answer, with when everything happened (`Clock`).
#[derive(Debug, Clone, PartialEq)]
pub struct TurnRecord {
    /// The visit it belongs to.
    pub visit: VisitId,
    /// Which turn of it.
    pub turn: TurnId,
    /// The language of the question.
    pub language: Language,
    /// Where the visitor's speech began; `None` for a touched topic.
    pub speech_start: Option<Duration>,
    /// Where it ended.
    pub speech_end: Option<Duration>,
    /// When the end of the turn was decided.
    pub end_of_turn: Option<Duration>,
    /// When the final words were there.
    pub transcript_at: Option<Duration>,
    /// When the first token of the answer was there.
    pub first_token_at: Option<Duration>,
    /// When the first sound of the answer was there.
    pub first_audio_at: Option<Duration>,
    /// When the first sample of it left for the speaker.
    pub first_sample_at: Option<Duration>,
    /// The question's words.
    pub transcript: String,
    /// The answer as it was made.
    pub answer: String,
    /// The part of it that was really heard.
    pub heard: String,
    /// Who answered.
    pub served_by: Option<ServedBy>,
    /// Whether the visitor cut the answer.
    pub is_interrupted: bool,
    /// Transcriptions begun and not used.
    pub transcriptions_thrown: u32,
    /// Answers begun and not used.
    pub answers_thrown: u32,
}

/// How long after the end of speech each step was done, ms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct Waterfall {
    /// The end of the turn was decided.
    pub end_of_turn: Option<i64>,
    /// The words were there.
    pub transcript: Option<i64>,
    /// The first token was there.
    pub first_token: Option<i64>,
    /// The first sound was there.
    pub first_audio: Option<i64>,
    /// The first sample left.
    pub first_sample: Option<i64>,
}

impl TurnRecord {
    /// A turn of which nothing is known yet.
    #[must_use]
    pub fn new(visit: VisitId, turn: TurnId, language: Language) -> Self {
        Self {
            visit,
            turn,
            language,
            speech_start: None,
            speech_end: None,
            end_of_turn: None,
            transcript_at: None,
            first_token_at: None,
            first_audio_at: None,
            first_sample_at: None,
            transcript: String::new(),
            answer: String::new(),
            heard: String::new(),
            served_by: None,
            is_interrupted: false,
            transcriptions_thrown: 0,
            answers_thrown: 0,
        }
    }

    /// The times counted from the end of speech; all `None` for a touched topic.
    #[must_use]
    pub fn waterfall(&self) -> Waterfall {
        let Some(speech_end) = self.speech_end else { return Waterfall::default() };
        let since = |at: Option<Duration>| at.map(|at| millis(at) - millis(speech_end));
        Waterfall {
            end_of_turn: since(self.end_of_turn),
            transcript: since(self.transcript_at),
            first_token: since(self.first_token_at),
            first_audio: since(self.first_audio_at),
            first_sample: since(self.first_sample_at),
        }
    }

    /// What the store keeps of the times.
    #[must_use]
    pub fn figures(&self) -> TurnFigures {
        let since_start = |at: Option<Duration>| at.and_then(|at| u64::try_from(at.as_millis()).ok());
        // A step that was done before the speech ended took no time after it.
        let after = |ms: Option<i64>| ms.map(|ms| u64::try_from(ms).unwrap_or(0));
        let waterfall = self.waterfall();
        TurnFigures {
            visit: self.visit,
            turn: self.turn,
            utterance_start_ms: since_start(self.speech_start),
            utterance_end_ms: since_start(self.speech_end),
            end_of_turn_ms: after(waterfall.end_of_turn),
            transcript_ms: after(waterfall.transcript),
            first_token_ms: after(waterfall.first_token),
            first_audio_ms: after(waterfall.first_audio),
            first_sample_ms: after(waterfall.first_sample),
        }
    }
}

fn millis(at: Duration) -> i64 {
    i64::try_from(at.as_millis()).unwrap_or(i64::MAX)
}

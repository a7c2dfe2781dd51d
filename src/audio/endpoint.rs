//! Whether the visitor has finished: silence, voice and words weighed.
//!
//! Pure: what is known so far in, a decision or the silence at which to decide again out.

use std::time::Duration;

use crate::{config, event::Language};

mod words;

pub use words::TextVerdict;

/// What is known in a pause.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Signals {
    /// How long nothing has been said.
    pub silence: Duration,
    /// The end-of-turn model's probability for this very pause; `None`: not there yet.
    pub smart_turn: Option<f32>,
    /// What the words say; `None`: no transcript of this pause yet.
    pub text: Option<TextVerdict>,
}

/// What to do in a pause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// The turn is over.
    End,
    /// Not before silence has lasted this long; decide again then, or when more is known.
    WaitUntil(Duration),
}

/// Decides. Words that are finished end the turn soon, whatever the voice says: on synthetic voices the model waits
/// in vain in a third of the cases. Words that are not finished hold it to the ceiling.
#[must_use]
pub fn decide(signals: &Signals, settings: &config::Turn) -> Decision {
    let (min, unsure, max) = (settings.min_silence_ms, settings.unsure_silence_ms, settings.max_silence_ms);
    let voice_finished = signals.smart_turn.map(|finished| finished >= settings.finished_threshold);
    let needed_ms = match (signals.text, voice_finished) {
        (Some(TextVerdict::Finished), Some(true)) => min,
        (Some(TextVerdict::Finished), _) => min.midpoint(unsure),
        (Some(TextVerdict::Unfinished), _) => max,
        (Some(TextVerdict::Unclear) | None, Some(true)) => unsure,
        (Some(TextVerdict::Unclear) | None, _) => max,
    };
    let needed = Duration::from_millis(needed_ms);
    if signals.silence >= needed { Decision::End } else { Decision::WaitUntil(needed) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn needed(smart_turn: Option<f32>, text: Option<TextVerdict>) -> u64 {
        let silence = Duration::ZERO;
        match decide(&Signals { silence, smart_turn, text }, &config::Turn::default()) {
            Decision::End => 0,
            Decision::WaitUntil(silence) => silence.as_millis() as u64,
        }
    }

    #[test]
    fn a_finished_question_ends_soon_and_an_unfinished_one_is_waited_for() {
        assert_eq!(needed(Some(0.9), Some(TextVerdict::Finished)), 300);
        assert_eq!(needed(Some(0.1), Some(TextVerdict::Finished)), 450);
        assert_eq!(needed(Some(0.9), Some(TextVerdict::Unfinished)), 2_000);
        assert_eq!(needed(Some(0.9), Some(TextVerdict::Unclear)), 600);
        assert_eq!(needed(Some(0.1), None), 2_000);
    }

    #[test]
    fn the_turn_ends_when_silence_has_lasted_long_enough_and_at_the_ceiling_in_any_case() {
        let turn = config::Turn::default();
        let finished =
            Signals { silence: Duration::from_millis(300), smart_turn: Some(0.8), text: Some(TextVerdict::Finished) };
        assert_eq!(decide(&finished, &turn), Decision::End);
        for text in [None, Some(TextVerdict::Unclear), Some(TextVerdict::Unfinished)] {
            let signals = Signals { silence: Duration::from_secs(2), smart_turn: None, text };
            assert_eq!(decide(&signals, &turn), Decision::End);
        }
    }

    #[test]
    fn the_language_of_the_words_decides_which_words_leave_a_sentence_open() {
        assert_eq!(TextVerdict::of("I would like to visit the", Language::ENGLISH), TextVerdict::Unfinished);
        assert_eq!(TextVerdict::of("أريد أن أسأل عن", Language::ARABIC), TextVerdict::Unfinished);
    }
}

//! Whether the visitor has finished: silence, voice and words weighed.
//!
//! Pure: what is known so far in, a decision or the silence at which to decide again out.

use std::time::Duration;

use crate::{config, event::Language, words::TurnWords};

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
    /// The language that is spoken, as far as is known: voices of different languages end differently.
    pub language: Option<Language>,
}

/// From this probability on a voice counts as finished where its language is not known: the model's own middle.
const FINISHED_THRESHOLD: f32 = 0.5;

/// The probability from which a voice counts as finished: that of `kiosk.toml`, or of the language's file.
#[must_use]
pub fn finished_threshold(language: Option<Language>, settings: &config::Turn, turns: &TurnWords) -> f32 {
    if settings.finished_threshold > 0.0 {
        return settings.finished_threshold;
    }
    language.and_then(|language| turns.of(language)).map_or(FINISHED_THRESHOLD, |turns| turns.finished_threshold)
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
/// in vain in a third of the cases. Words that are not finished hold it to the ceiling. The yes or no that was asked for
/// ends it at the floor, and a number of which digits are missing is waited for longest.
#[must_use]
pub fn decide(signals: &Signals, settings: &config::Turn, turns: &TurnWords) -> Decision {
    let (min, unsure, max) = (settings.min_silence_ms, settings.unsure_silence_ms, settings.max_silence_ms);
    let threshold = finished_threshold(signals.language, settings, turns);
    let voice_finished = signals.smart_turn.map(|finished| finished >= threshold);
    let needed_ms = match (signals.text, voice_finished) {
        (Some(TextVerdict::Answered), _) => min,
        (Some(TextVerdict::MoreDigits), _) => settings.digits_silence_ms,
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
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::{path::Path, sync::LazyLock};

    use super::*;
    use crate::words::Expecting;

    static TURNS: LazyLock<TurnWords> = LazyLock::new(|| TurnWords::load(Path::new("assets")).unwrap());

    fn needed(smart_turn: Option<f32>, text: Option<TextVerdict>) -> u64 {
        let silence = Duration::ZERO;
        let signals = Signals { silence, smart_turn, text, language: Some(Language::ENGLISH) };
        match decide(&signals, &config::Turn::default(), &TURNS) {
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
        let finished = Signals {
            silence: Duration::from_millis(300),
            smart_turn: Some(0.8),
            text: Some(TextVerdict::Finished),
            language: None,
        };
        assert_eq!(decide(&finished, &turn, &TURNS), Decision::End);
        for text in [None, Some(TextVerdict::Unclear), Some(TextVerdict::Unfinished)] {
            let signals = Signals { silence: Duration::from_secs(2), smart_turn: None, text, language: None };
            assert_eq!(decide(&signals, &turn, &TURNS), Decision::End);
        }
    }

    #[test]
    fn the_language_of_the_words_decides_which_words_leave_a_sentence_open() {
        assert_eq!(
            TextVerdict::of("I would like to visit the", Language::ENGLISH, Expecting::Anything, &TURNS),
            TextVerdict::Unfinished
        );
        assert_eq!(
            TextVerdict::of("أريد أن أسأل عن", Language::ARABIC, Expecting::Anything, &TURNS),
            TextVerdict::Unfinished
        );
    }

    #[test]
    fn a_yes_that_was_asked_for_ends_the_turn_at_once_and_a_number_in_the_making_is_waited_for() {
        assert_eq!(needed(Some(0.1), Some(TextVerdict::Answered)), 300);
        assert_eq!(needed(Some(0.9), Some(TextVerdict::MoreDigits)), 3_000);
    }

    #[test]
    fn the_file_of_the_language_says_when_its_voices_have_finished_unless_kiosk_toml_does() {
        let of = |turn: &config::Turn| finished_threshold(Some(Language::ARABIC), turn, &TURNS);
        let own = TURNS.of(Language::ARABIC).unwrap().finished_threshold;
        assert_eq!(of(&config::Turn::default()), own);
        assert_eq!(of(&config::Turn { finished_threshold: 0.77, ..config::Turn::default() }), 0.77);
    }
}

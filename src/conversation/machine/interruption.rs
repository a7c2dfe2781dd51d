//! Speech over the kiosk's own voice: the answer is paused, and goes on or is cut when it is known what was said.
//!
//! The ears pause the sound by themselves and tell soon whether the speech is long and loud enough to be one of a
//! visitor; from then on the kiosk listens. But only words cut the answer: whoever coughs, says "mhm" or is the kiosk
//! itself lets it go on from where it was paused. While words are awaited there is an [`Interruption`], and as long as
//! there is one there is an answer that can go on.

use std::time::Duration;

use super::{Action, JobId, State, Step, Words};
use crate::{
    event::{Phase, ServedBy, UtteranceId},
    words::{Expecting, Overheard},
};

/// How long an interruption may stay unjudged by the ears before the answer goes on.
pub(super) const UNJUDGED_AT_MOST: Duration = Duration::from_secs(3);

/// Speech that has no words after this long was nothing: the answer goes on. Counted from the end of the speech, and
/// from its beginning where a service has listened to it meanwhile and understood nothing.
pub(super) const NO_WORDS_AFTER: Duration = Duration::from_secs(2);

/// Speech that does not pause, with nobody who could say whether there are words in it: the embedded recogniser knows
/// whole sentences only.
pub(super) const UNHEARD_AT_MOST: Duration = Duration::from_secs(8);

/// Speech over the kiosk's voice that is being judged. The answer is paused.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Interruption {
    utterance: UtteranceId,
    since: Duration,
    /// It is long and loud enough for a visitor.
    is_confirmed: bool,
    /// A service has listened to its beginning and understood nothing.
    is_wordless: bool,
}

/// What the kiosk was saying when it was last interrupted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OwnWords {
    /// The words around the place where it was paused.
    pub around: String,
    /// What the answer asks for, where that was heard already or was just about to be.
    pub asks: Expecting,
}

impl State {
    /// When the interruption must be decided, as far as is known now.
    pub(super) fn interruption_limit(&self) -> Option<Duration> {
        let interruption = self.interruption.as_ref()?;
        let speech_end = self.turn.as_ref().and_then(|turn| turn.speech_end);
        Some(match speech_end {
            _ if !interruption.is_confirmed => interruption.since + UNJUDGED_AT_MOST,
            Some(speech_end) => speech_end.max(interruption.since) + NO_WORDS_AFTER,
            None if interruption.is_wordless => interruption.since + NO_WORDS_AFTER,
            None => interruption.since + UNHEARD_AT_MOST,
        })
    }
}

impl Step<'_> {
    /// The ears have paused the answer.
    pub(super) fn begin_interruption(&mut self, utterance: UtteranceId) {
        self.drop_turn();
        self.new_turn(Some(utterance));
        if let Some(turn) = &mut self.state.turn {
            turn.is_interruption = true;
            turn.expecting = self.state.own_words.asks;
        }
        self.state.interruption =
            Some(Interruption { utterance, since: self.now, is_confirmed: false, is_wordless: false });
        self.go(Phase::Interrupted);
    }

    /// It is long and loud enough: the kiosk listens. The answer waits for the words.
    pub(super) fn interruption_confirmed(&mut self, utterance: UtteranceId) {
        let Some(interruption) = &mut self.state.interruption else { return };
        if interruption.utterance == utterance {
            interruption.is_confirmed = true;
            self.be_active();
            self.go(Phase::Listening);
        }
    }

    /// It was a noise; the ears have let the answer go on.
    pub(super) fn interruption_dismissed(&mut self, utterance: UtteranceId) {
        if self.turn_of(utterance).is_none_or(|turn| !turn.is_interruption || turn.is_decided) {
            return;
        }
        if self.state.interruption.is_some() {
            self.resume_answer();
        } else if matches!(self.state.phase, Phase::Listening | Phase::Speaking) {
            // The answer ended while the interruption was being judged.
            self.drop_turn();
        }
    }

    /// Speech that has not paused yet: are there words in it?
    pub(super) fn speech_goes_on(&mut self, utterance: UtteranceId) {
        let job = JobId(self.state.last_job.0.wrapping_add(1));
        if self.state.interruption.is_none() {
            return;
        }
        let Some(turn) = self.turn_of(utterance) else { return };
        if turn.speech_end.is_none() && turn.running.is_none() {
            turn.running = Some(job);
            let turn = turn.id;
            self.state.last_job = job;
            self.actions.push(Action::Transcribe { job, turn });
        }
    }

    /// The words of the interrupting speech: of its beginning only (`is_part`), or as far as its first pause.
    pub(super) fn judge_interruption(&mut self, words: &Words, is_part: bool) {
        match self.overheard(words) {
            Overheard::Words | Overheard::Stop if is_part => self.give_way(),
            Overheard::Words => {
                if let Some(turn) = &mut self.state.turn {
                    turn.words = Some(words.clone());
                }
                self.give_way();
                self.judge();
            }
            Overheard::Stop => {
                self.drop_turn();
                self.give_way();
            }
            Overheard::Nothing if is_part => {
                if let Some(interruption) = &mut self.state.interruption {
                    interruption.is_wordless |= words.served_by == ServedBy::Cloud;
                }
            }
            Overheard::Backchannel | Overheard::OwnVoice if is_part => {}
            Overheard::Nothing | Overheard::Backchannel | Overheard::OwnVoice => self.resume_answer(),
        }
    }

    /// What was said over the kiosk's voice. A "yes" is an answer where one was asked for.
    pub(super) fn overheard(&self, words: &Words) -> Overheard {
        let turns = &self.settings.words;
        let own = &self.state.own_words;
        match turns.overheard(&words.text, &own.around) {
            Overheard::Backchannel if own.asks == Expecting::YesNo && turns.is_yes_or_no(&words.text) => {
                Overheard::Words
            }
            overheard => overheard,
        }
    }

    /// The visitor has the word.
    fn give_way(&mut self) {
        self.stop_answer();
        self.be_active();
        self.go(Phase::Listening);
    }

    /// There is no answer any more that could go on.
    pub(super) fn end_interruption(&mut self) {
        if self.state.interruption.take().is_some() && self.state.phase == Phase::Interrupted {
            self.go(Phase::Listening);
        }
    }

    /// It was nothing: the answer goes on from where it was paused.
    pub(super) fn resume_answer(&mut self) {
        self.state.interruption = None;
        self.drop_turn();
        self.actions.push(Action::ResumePlayout);
        self.go_back_to_speaking();
    }

    pub(super) fn watch_interruption(&mut self) {
        if self.state.interruption_limit().is_none_or(|limit| self.now < limit) {
            return;
        }
        let is_confirmed = self.state.interruption.as_ref().is_some_and(|interruption| interruption.is_confirmed);
        if !is_confirmed {
            self.actions.push(Action::Watchdog(Phase::Interrupted));
        }
        let is_being_written =
            self.state.turn.as_ref().is_some_and(|turn| turn.running.is_some() && turn.speech_end.is_some());
        if !is_being_written {
            self.resume_answer();
            return;
        }
        // The transcription is slow. The answer goes on, and still gives way should there be words after all.
        self.state.interruption = None;
        if let Some(utterance) = self.state.utterance() {
            self.actions.push(Action::EndUtterance(utterance));
        }
        self.actions.push(Action::ResumePlayout);
        self.go_back_to_speaking();
    }

    /// Words that came after the answer had been let go on.
    pub(super) fn judge_late_words(&mut self, words: &Words) {
        match self.overheard(words) {
            Overheard::Words | Overheard::Stop => self.judge_interruption(words, false),
            Overheard::Nothing | Overheard::Backchannel | Overheard::OwnVoice => self.drop_turn(),
        }
    }
}

//! What is heard: the beginning, the pauses and the words of the visitor's speech.

use std::time::Duration;

use super::{Action, JobId, Step, Turn, Words};
use crate::event::{Phase, UtteranceId};

impl Step<'_> {
    pub(super) fn speech_started(&mut self, utterance: UtteranceId, over_playout: bool) {
        match self.state.phase {
            Phase::Idle if !self.settings.visit.begin_by_speech => {
                self.actions.push(Action::EndUtterance(utterance));
            }
            Phase::Idle | Phase::Attending | Phase::Listening => {
                self.attend();
                self.stop_answer();
                self.drop_turn();
                self.new_turn(Some(utterance));
                self.go(Phase::Listening);
            }
            Phase::Speaking if over_playout => {
                self.drop_turn();
                self.new_turn(Some(utterance));
                self.go(Phase::Interrupted);
            }
            Phase::Speaking | Phase::Interrupted => {
                self.stop_answer();
                self.drop_turn();
                self.new_turn(Some(utterance));
                self.go(Phase::Listening);
            }
            Phase::Thinking | Phase::CallingTool if self.was_heard_of_answer() => self.go_on_while_working(utterance),
            Phase::Transcribing | Phase::Thinking | Phase::CallingTool => self.go_on(utterance),
        }
    }

    /// The visitor goes on although the turn had been taken for ended, and nothing of the answer was heard yet: what
    /// was said and what will be said are one question.
    ///
    /// For as long as an utterance may be: then the answer is heard, whoever speaks.
    pub(super) fn go_on(&mut self, utterance: UtteranceId) {
        let first_begun = self.state.turn.as_ref().map_or(self.now, |turn| turn.first_begun);
        if self.now.saturating_sub(first_begun) >= self.settings.max_utterance {
            self.actions.push(Action::EndUtterance(utterance));
            return;
        }
        self.cancel_transcription();
        let said = self.state.turn.as_ref().and_then(Turn::all_words);
        self.discard_answer();
        let id = self.state.turn.as_ref().map(|turn| (turn.id, turn.answers_thrown));
        self.state.turn = None;
        self.new_turn(Some(utterance));
        if let (Some(turn), Some((id, answers_thrown))) = (&mut self.state.turn, id) {
            turn.id = id;
            turn.first_begun = first_begun;
            turn.answers_thrown = answers_thrown;
            turn.carried = said;
        }
        self.go(Phase::Listening);
    }

    pub(super) fn interruption_confirmed(&mut self, utterance: UtteranceId) {
        if self.state.phase == Phase::Interrupted && self.turn_of(utterance).is_some() {
            self.stop_answer();
            self.be_active();
            self.go(Phase::Listening);
            self.judge();
        }
    }

    pub(super) fn interruption_dismissed(&mut self, utterance: UtteranceId) {
        if self.turn_of(utterance).is_none() {
            return;
        }
        match self.state.phase {
            Phase::Interrupted => {
                self.drop_turn();
                self.go_back_to_speaking();
            }
            // The answer ended while the interruption was being judged.
            Phase::Listening => self.drop_turn(),
            _ => {}
        }
    }

    pub(super) fn go_back_to_speaking(&mut self) {
        let now = self.now;
        if let Some(answer) = &mut self.state.answer {
            answer.last_sound = Some(now);
            self.go(Phase::Speaking);
        } else {
            self.be_active();
            self.go(Phase::Listening);
        }
    }

    pub(super) fn speech_paused(&mut self, utterance: UtteranceId, speech_start: Duration, speech_end: Duration) {
        let is_listening = self.state.phase == Phase::Listening;
        let job = JobId(self.state.last_job.0.wrapping_add(1));
        let Some(turn) = self.turn_of(utterance) else {
            // Speech that nobody took: the ears must not wait for its end.
            self.actions.push(Action::EndUtterance(utterance));
            return;
        };
        if turn.is_decided || turn.speech_end == Some(speech_end) {
            return;
        }
        let (id, stale) = (turn.id, turn.running.take());
        turn.speech_start = speech_start;
        turn.speech_end = Some(speech_end);
        turn.finished = None;
        turn.running = Some(job);
        self.state.last_job = job;
        if let Some(job) = stale {
            self.actions.push(Action::CancelTranscription { job, turn: id });
        }
        self.actions.push(Action::Transcribe { job, turn: id });
        if is_listening {
            self.judge();
        }
    }

    pub(super) fn speech_resumed(&mut self, utterance: UtteranceId) {
        if self.turn_of(utterance).is_none_or(|turn| turn.is_decided) {
            return;
        }
        self.cancel_transcription();
        if self.state.answer.as_ref().is_some_and(|answer| !answer.is_committed) {
            self.discard_answer();
        }
        if let Some(turn) = &mut self.state.turn {
            turn.speech_end = None;
            turn.finished = None;
            if turn.words.take().is_some() {
                let turn = turn.id;
                self.actions.push(Action::DiscardWords { turn });
            }
        }
    }

    /// What was being said can no longer be understood; what was said before is answered.
    pub(super) fn microphone_lost(&mut self) {
        self.drop_held();
        if self.state.turn.as_ref().is_none_or(|turn| turn.is_decided) {
            return;
        }
        self.drop_turn();
        if self.state.phase == Phase::Interrupted {
            self.actions.push(Action::ResumePlayout);
            self.go_back_to_speaking();
        } else if self.state.answer.as_ref().is_some_and(|answer| !answer.is_committed) {
            self.discard_answer();
        }
    }

    pub(super) fn transcribed(&mut self, job: JobId, words: Words) {
        let Some(turn) = self.state.turn.as_mut().filter(|turn| turn.running == Some(job)) else { return };
        turn.running = None;
        turn.words = Some(words);
        match self.state.phase {
            Phase::Transcribing => self.commit_turn(),
            Phase::Listening => self.judge(),
            _ => {}
        }
    }
}

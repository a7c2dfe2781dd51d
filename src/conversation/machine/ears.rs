//! What is heard: the beginning, the pauses and the words of the visitor's speech.

use std::time::Duration;

use super::{Action, JobId, Step, Turn, Words};
use crate::event::{Phase, UtteranceId};

impl Step<'_> {
    pub(super) fn speech_started(&mut self, utterance: UtteranceId, over_playout: bool) {
        match self.state.phase {
            // The ears lost the last speech before it was judged: this one is judged in its place.
            _ if self.state.interruption.is_some() => self.begin_interruption(utterance),
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
            Phase::Speaking if over_playout => self.begin_interruption(utterance),
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
        let before = self.state.turn.as_ref().map(|turn| (turn.id, turn.answers_thrown, turn.expecting));
        self.state.turn = None;
        self.new_turn(Some(utterance));
        if let (Some(turn), Some((id, answers_thrown, expecting))) = (&mut self.state.turn, before) {
            turn.id = id;
            turn.expecting = expecting;
            turn.first_begun = first_begun;
            turn.answers_thrown = answers_thrown;
            turn.carried = said;
        }
        self.go(Phase::Listening);
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
        if self.state.interruption.is_some() {
            self.resume_answer();
        } else if self.state.answer.as_ref().is_some_and(|answer| !answer.is_committed) {
            self.discard_answer();
        }
    }

    pub(super) fn transcribed(&mut self, job: JobId, words: Words) {
        let Some(turn) = self.state.turn.as_mut().filter(|turn| turn.running == Some(job)) else { return };
        turn.running = None;
        let is_part = turn.speech_end.is_none();
        if self.state.interruption.is_some() {
            self.judge_interruption(&words, is_part);
            return;
        }
        if is_part {
            // The visitor goes on, and has the word already.
            return;
        }
        if self.state.phase == Phase::Speaking {
            self.judge_late_words(&words);
            return;
        }
        turn.words = Some(words);
        match self.state.phase {
            Phase::Transcribing => self.commit_turn(),
            Phase::Listening => self.judge(),
            _ => {}
        }
    }
}

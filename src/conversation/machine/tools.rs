//! Tools that run for an answer: the phase they give, how long they may take, and a visitor who does not wait for them.

use std::time::Duration;

use super::{Settings, Step, Words};
use crate::event::{AnswerId, Phase, UtteranceId};

/// All tools of one answer together may take this many times `visit.max_thinking_s`.
const ALL_STEPS: u32 = 3;

/// Tools at work for an answer, or the model with what they found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Work {
    /// When the first tool began.
    begun: Duration,
    /// When the present step began.
    since: Duration,
    is_running: bool,
    /// Whether all text of the answer is there.
    is_done: bool,
}

impl Work {
    /// When it has taken too long.
    pub(super) fn limit(self, settings: &Settings) -> Duration {
        let step = Duration::from_secs(settings.visit.max_thinking_s);
        (self.since + step).min(self.begun + step * ALL_STEPS)
    }
}

impl Step<'_> {
    pub(super) fn calling(&mut self, id: AnswerId, is_running: bool) {
        let now = self.now;
        let Some(answer) = self.answer_of(id).filter(|answer| answer.is_committed) else { return };
        let begun = answer.work.map_or(now, |work| work.begun);
        answer.work = Some(Work { begun, since: now, is_running, is_done: false });
        self.show_work();
    }

    /// Nothing sounds any more, and the answer is not over.
    pub(super) fn sound_ran_dry(&mut self, id: AnswerId) {
        let is_working = self.answer_of(id).is_some_and(|answer| answer.work.is_some_and(|work| !work.is_done));
        if is_working && self.state.phase == Phase::Speaking {
            self.go(Phase::Thinking);
            self.show_work();
        }
    }

    pub(super) fn sound_heard(&mut self, id: AnswerId) {
        let now = self.now;
        let Some(answer) = self.answer_of(id).filter(|answer| answer.last_sound.is_some()) else { return };
        answer.last_sound = Some(now);
        answer.work.take_if(|work| work.is_done);
        if matches!(self.state.phase, Phase::Thinking | Phase::CallingTool) {
            self.go(Phase::Speaking);
        }
    }

    /// All text of the answer is there: what is left is its sound, which may take as long as any first sound.
    pub(super) fn work_done(&mut self, id: AnswerId) {
        let now = self.now;
        if let Some(work) = self.answer_of(id).and_then(|answer| answer.work.as_mut()) {
            *work = Work { since: now, is_running: false, is_done: true, ..*work };
        }
    }

    /// The phase of an answer of which nothing sounds.
    fn show_work(&mut self) {
        let is_running = self.state.answer.as_ref().and_then(|answer| answer.work).is_some_and(|work| work.is_running);
        match self.state.phase {
            Phase::Thinking if is_running => self.go(Phase::CallingTool),
            Phase::CallingTool if !is_running => self.go(Phase::Thinking),
            _ => {}
        }
    }

    pub(super) fn was_heard_of_answer(&self) -> bool {
        self.state.answer.as_ref().is_some_and(|answer| answer.last_sound.is_some())
    }

    /// The visitor speaks while tools run for an answer of which something was heard: what they say belongs to the same
    /// question. Should it be a noise, the question is still there.
    pub(super) fn go_on_while_working(&mut self, utterance: UtteranceId) {
        let question = self.state.answer.as_ref().and_then(|answer| answer.question.clone());
        self.stop_answer();
        self.drop_turn();
        self.new_turn(Some(utterance));
        if let Some(turn) = &mut self.state.turn {
            turn.carried = question.as_ref().map(Words::from);
        }
        self.go(Phase::Listening);
    }
}

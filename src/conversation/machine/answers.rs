//! Beginning, replacing and ending answers. At most one is under way.

use super::{Action, Question, Step};
use crate::event::{AnswerId, EndReason, Phase, TurnId};

impl Step<'_> {
    pub(super) fn answer_now(&mut self, turn: TurnId, question: Question) {
        self.stop_answer();
        self.state.language = question.language;
        let answer = self.new_answer(Some(turn), Some(question.clone()), true);
        self.actions.push(Action::Prepare { answer, turn, question: question.clone() });
        self.actions.push(Action::Commit { answer, turn, question });
        self.go(Phase::Thinking);
    }

    /// A sentence of the kiosk's own that answers no question.
    pub(super) fn say(&mut self, key: &'static str, ends_visit: bool) {
        self.say_in(None, key, ends_visit);
    }

    /// A sentence of the kiosk's own as the answer of `turn`.
    pub(super) fn say_in(&mut self, turn: Option<TurnId>, key: &'static str, ends_visit: bool) {
        self.stop_answer();
        let language = self.state.language;
        let answer = self.new_answer(turn, None, true);
        if let Some(answer) = &mut self.state.answer {
            answer.is_own = true;
            answer.ends_visit = ends_visit;
        }
        self.actions.push(Action::Say { answer, turn, key, language });
    }

    pub(super) fn answer_complete(&mut self, id: AnswerId, ends_visit: bool, has_text: bool) {
        let Some(answer) = self.answer_of(id) else { return };
        answer.ends_visit |= ends_visit;
        answer.is_empty = !has_text;
        self.work_done(id);
        self.replace_if_empty();
    }

    /// An answer without a word (a model that only took its leave, or failed politely) is replaced by a sentence of the
    /// kiosk's own as soon as it is wanted.
    pub(super) fn replace_if_empty(&mut self) {
        let Some(answer) = self.state.answer.as_ref().filter(|answer| answer.is_committed && answer.is_empty) else {
            return;
        };
        let (turn, ends_visit) = (answer.turn, answer.ends_visit);
        self.discard_answer();
        self.finish_turn();
        self.say_in(turn, if ends_visit { "goodbye" } else { "trouble" }, ends_visit);
    }

    pub(super) fn answer_failed(&mut self, id: AnswerId) {
        let Some(answer) = self.answer_of(id) else { return };
        let (turn, is_wanted) = (answer.turn, answer.is_committed);
        self.discard_answer();
        if is_wanted {
            self.finish_turn();
            self.be_active();
            self.go(Phase::Listening);
            self.say_in(turn, "trouble", false);
        }
    }

    pub(super) fn playout_started(&mut self, id: AnswerId) {
        let now = self.now;
        let Some(answer) = self.answer_of(id) else { return };
        if !answer.is_committed {
            return;
        }
        answer.last_sound = Some(now);
        // Whoever speaks over it already has made the turn that is not finished.
        if self.state.interruption.is_none() {
            self.finish_turn();
            self.go(Phase::Speaking);
        }
    }

    pub(super) fn playout_finished(&mut self, id: AnswerId) {
        let Some(answer) = self.answer_of(id) else { return };
        if answer.last_sound.is_none() && !answer.is_own {
            // It came to its end without a sound: there was nothing in it to say.
            answer.is_empty = true;
            self.replace_if_empty();
            return;
        }
        let ends_visit = answer.ends_visit;
        self.actions.push(Action::Heard(id));
        self.state.answer = None;
        let was_interrupted = self.state.interruption.take().is_some();
        if ends_visit {
            self.end_visit(EndReason::Goodbye);
            return;
        }
        // Only the visitor resets "are you still there?": the kiosk's own sentence does not answer it.
        self.state.last_activity = self.now;
        if was_interrupted {
            self.actions.push(Action::ResumePlayout);
            self.go(Phase::Listening);
        } else if matches!(self.state.phase, Phase::Speaking | Phase::Thinking | Phase::CallingTool) {
            self.go(Phase::Listening);
        }
        // There may be words by now of what was said over it.
        self.judge();
    }

    /// Stops whatever answer there is: cut if it can be heard, thrown away if not.
    pub(super) fn stop_answer(&mut self) {
        self.end_interruption();
        match &self.state.answer {
            Some(answer) if answer.is_committed => {
                let id = answer.id;
                self.state.answer = None;
                self.actions.push(Action::Cut(id));
            }
            Some(_) => self.discard_answer(),
            None => {}
        }
    }

    pub(super) fn discard_answer(&mut self) {
        let Some(answer) = self.state.answer.take() else { return };
        self.end_interruption();
        if let Some(turn) = &mut self.state.turn {
            turn.answers_thrown += 1;
        }
        let turn = answer.turn.unwrap_or_default();
        self.actions.push(Action::Discard { answer: answer.id, turn });
    }
}

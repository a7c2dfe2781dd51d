//! What must happen although nothing happens: the end of a turn, of patience, of a visit, and the watchdogs.

use std::time::Duration;

use super::{Action, Settings, State, Step, Turn, UTTERANCE_GRACE};
use crate::{
    audio::endpoint::{self, Decision, Signals},
    event::{EndReason, Phase},
};

impl State {
    /// When `Input::Tick` is due, if nothing else happens before.
    #[must_use]
    pub fn next_deadline(&self, settings: &Settings) -> Option<Duration> {
        let visit = &settings.visit;
        let mut deadlines: Vec<Duration> = Vec::with_capacity(3);
        match self.phase {
            _ if self.interruption.is_some() => deadlines.extend(self.interruption_limit()),
            Phase::Idle => deadlines.extend(self.home_at),
            Phase::Attending | Phase::Listening => match &self.turn {
                Some(turn) => deadlines.push(match turn.speech_end {
                    Some(speech_end) => speech_end + self.patience(turn, settings),
                    None => turn.begun + settings.max_utterance + UTTERANCE_GRACE,
                }),
                None if self.answer.is_none() => deadlines.push(self.last_activity + self.quiet_limit(settings)),
                None => {}
            },
            Phase::Transcribing | Phase::Thinking | Phase::CallingTool => {
                let max_thinking = Duration::from_secs(visit.max_thinking_s);
                deadlines.push(self.since + max_thinking);
                if !self.said_long_thinking {
                    deadlines.push(self.since + Duration::from_millis(visit.long_thinking_ms));
                }
            }
            Phase::Speaking | Phase::Interrupted => {}
        }
        deadlines.extend(self.answer_limit(settings));
        deadlines.extend(self.held_until());
        deadlines.into_iter().min()
    }

    /// How long the present silence may last before the turn is over.
    fn patience(&self, turn: &Turn, settings: &Settings) -> Duration {
        let signals = self.signals(turn, Duration::ZERO, settings);
        match endpoint::decide(&signals, &settings.turn, &settings.words) {
            Decision::End => Duration::ZERO,
            Decision::WaitUntil(silence) => silence,
        }
    }

    /// What is known of whether the visitor has finished.
    pub(super) fn signals(&self, turn: &Turn, silence: Duration, settings: &Settings) -> Signals {
        let language = turn.words.as_ref().map_or(self.language, |words| words.language);
        Signals {
            silence,
            smart_turn: turn.finished,
            text: turn.text_verdict(&settings.words),
            language: Some(language),
        }
    }

    fn quiet_limit(&self, settings: &Settings) -> Duration {
        Duration::from_secs(if self.asked_whether_there {
            settings.visit.end_after_s
        } else {
            settings.visit.ask_after_s
        })
    }

    /// When a committed answer has been without sound for too long. A paused one is judged by the interruption's limit.
    fn answer_limit(&self, settings: &Settings) -> Option<Duration> {
        let answer = self.answer.as_ref().filter(|answer| answer.is_committed && self.interruption.is_none())?;
        if let Some(work) = &answer.work {
            return Some(work.limit(settings));
        }
        Some(match answer.last_sound {
            Some(heard) => heard + Duration::from_secs(settings.visit.max_silent_speaking_s),
            None => answer.since + Duration::from_secs(settings.visit.max_thinking_s),
        })
    }
}

impl Step<'_> {
    pub(super) fn tick(&mut self) {
        self.judge_held();
        self.judge();
        self.watch_answer();
        match self.state.phase {
            _ if self.state.interruption.is_some() => self.watch_interruption(),
            Phase::Idle if self.state.home_at.is_some_and(|home_at| self.now >= home_at) => {
                self.state.home_at = None;
                self.state.language = self.state.home;
            }
            Phase::Attending | Phase::Listening => self.watch_silence(),
            Phase::Transcribing | Phase::Thinking | Phase::CallingTool => self.watch_thinking(),
            _ => {}
        }
    }

    /// An answer that should sound but does not is given up; what was heard of it stays on record.
    fn watch_answer(&mut self) {
        if self.state.answer_limit(self.settings).is_none_or(|limit| self.now < limit) {
            return;
        }
        let ends_visit = self.state.answer.as_ref().is_some_and(|answer| answer.ends_visit);
        let is_at_work = matches!(self.state.phase, Phase::Thinking | Phase::CallingTool);
        self.actions.push(Action::Watchdog(self.state.phase));
        self.stop_answer();
        self.finish_turn();
        self.state.last_activity = self.now;
        if ends_visit {
            self.end_visit(EndReason::Goodbye);
        } else if self.state.in_visit {
            self.go(Phase::Listening);
            // A sentence that is itself silent must not call for another.
            if is_at_work {
                self.say("trouble", false);
            }
        }
    }

    fn watch_silence(&mut self) {
        if let Some(turn) = &self.state.turn {
            if turn.speech_end.is_none() && self.now >= turn.begun + self.settings.max_utterance + UTTERANCE_GRACE {
                self.actions.push(Action::Watchdog(Phase::Listening));
                self.drop_turn();
                self.be_active();
            }
            return;
        }
        if self.state.answer.is_some() || self.now < self.state.last_activity + self.state.quiet_limit(self.settings) {
            return;
        }
        if self.state.asked_whether_there || !self.state.is_announced {
            self.end_visit(EndReason::Silence);
        } else {
            self.say("silence", false);
            self.state.last_activity = self.now;
            self.state.asked_whether_there = true;
        }
    }

    fn watch_thinking(&mut self) {
        let thinking_for = self.now.saturating_sub(self.state.since);
        if thinking_for >= Duration::from_secs(self.settings.visit.max_thinking_s) {
            self.actions.push(Action::Watchdog(self.state.phase));
            self.stop_answer();
            self.cancel_transcription();
            let turn = self.state.turn.take().map(|turn| turn.id);
            self.begin_visit();
            self.go(Phase::Listening);
            self.say_in(turn, "trouble", false);
        } else if !self.state.said_long_thinking
            && thinking_for >= Duration::from_millis(self.settings.visit.long_thinking_ms)
        {
            self.state.said_long_thinking = true;
            self.actions.push(Action::LongThinking);
        }
    }
}

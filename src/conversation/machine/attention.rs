//! Whom the kiosk listens to: the visitor who attends, as far as a camera sees; and what their being known leads to.
//!
//! Speech that may be another's is *held*: nothing is transcribed and nothing cut until it is known whose it is. It is
//! heard from its beginning when it turns out to be the visitor's, and dropped without trace when not.

use std::time::Duration;

use super::{Action, Input, Settings, State, Step};
use crate::event::{EndReason, Language, Phase, Sight, UtteranceId, VisitorId};

/// Evidence from so long before speech began counts, and so long after it is waited for: the eyes look five times a
/// second, and a mouth opens before it sounds.
const MOUTH_WINDOW: Duration = Duration::from_millis(600);

/// How much a mouth that talks moves (0 still, 1 talks).
const TALKS: f32 = 0.3;

/// How long speech waits for somebody who approaches to attend: people begin to talk while they are still coming.
const ATTENDING_WINDOW: Duration = Duration::from_millis(1_200);

/// Who was greeted by name so recently is greeted without it when they come back.
const GREETED_FOR: Duration = Duration::from_secs(300);

/// The key of the sentence that names the visitor.
pub const GREETING_BY_NAME: &str = "greet.back";

/// How many of those are remembered.
const GREETED_KEPT: usize = 16;

/// Speech of which it is not known yet whether it counts.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Held {
    utterance: UtteranceId,
    over_playout: bool,
    until: Duration,
    /// What was heard of it meanwhile, to be taken in order.
    meanwhile: Vec<Input>,
}

/// What was heard of a held utterance is more than this only if its pauses are many; the rest comes again with the next.
const MEANWHILE: usize = 16;

/// Whether speech counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Heed {
    Counts,
    Ignored,
    /// Not known for so long.
    Unsure(Duration),
}

/// What the machine knows of who is there.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Attention {
    sight: Sight,
    /// When the visitor's mouth was last seen to move.
    mouth_moved: Option<Duration>,
    /// The visitor is where the camera does not see them, but touched the screen in this visit.
    has_touched: bool,
    held: Option<Held>,
    /// Staff use the screen: what is said there is not for the kiosk.
    has_staff: bool,
    /// Who was greeted by name, and when.
    greeted: Vec<(VisitorId, Duration)>,
}

impl Attention {
    fn heed(&self, settings: &Settings, now: Duration) -> Heed {
        if self.has_staff {
            return Heed::Ignored;
        }
        if !settings.listen_only_when_attending || !self.sight.is_seeing {
            return Heed::Counts;
        }
        match self.sight.visitor {
            Some(visitor) if visitor.is_attending => {
                let talks = self.mouth_moved.is_some_and(|moved| now.saturating_sub(moved) <= MOUTH_WINDOW);
                if talks || self.sight.people_near <= 1 { Heed::Counts } else { Heed::Unsure(MOUTH_WINDOW) }
            }
            _ if self.has_touched => Heed::Counts,
            Some(_) => Heed::Unsure(ATTENDING_WINDOW),
            None => Heed::Ignored,
        }
    }

    fn was_greeted(&self, visitor: VisitorId, now: Duration) -> bool {
        self.greeted.iter().any(|(own, at)| *own == visitor && now.saturating_sub(*at) < GREETED_FOR)
    }

    pub(super) fn end_visit(&mut self) {
        self.has_touched = false;
    }
}

impl State {
    /// The speech that is held back until it is known whose it is.
    #[must_use]
    pub fn held_utterance(&self) -> Option<UtteranceId> {
        self.attention.held.as_ref().map(|held| held.utterance)
    }

    pub(super) fn held_until(&self) -> Option<Duration> {
        self.attention.held.as_ref().map(|held| held.until)
    }
}

impl Step<'_> {
    pub(super) fn touched(&mut self) {
        let attention = &mut self.state.attention;
        attention.has_touched = !attention.sight.visitor.is_some_and(|visitor| visitor.is_attending);
    }

    pub(super) fn seen(&mut self, sight: Sight) {
        let now = self.now;
        let attention = &mut self.state.attention;
        let before = std::mem::replace(&mut attention.sight, sight);
        let visitor = sight.visitor.filter(|visitor| visitor.is_attending);
        if let Some(visitor) = visitor {
            attention.has_touched = false;
            if before.visitor.is_none_or(|before| before.track != visitor.track) {
                attention.mouth_moved = None;
            }
            if visitor.mouth_motion >= TALKS {
                attention.mouth_moved = Some(now);
            }
        }
        self.judge_held();
    }

    /// Speech began: whose is it?
    pub(super) fn speech_heard(&mut self, utterance: UtteranceId, over_playout: bool) {
        // The ears know one utterance at a time: one that was held is over.
        self.state.attention.held = None;
        match self.state.attention.heed(self.settings, self.now) {
            Heed::Counts => self.speech_started(utterance, over_playout),
            Heed::Ignored => self.pass_over(utterance, over_playout),
            Heed::Unsure(wait) => {
                let until = self.now + wait;
                self.state.attention.held = Some(Held { utterance, over_playout, until, meanwhile: Vec::new() });
            }
        }
    }

    /// Staff have signed in, or have left their pages. While they are there nobody is greeted and nothing that is said
    /// counts; only a page may be read out.
    pub(super) fn staff(&mut self, is_there: bool) {
        self.end_visit(EndReason::Staff);
        self.state.attention.has_staff = is_there;
    }

    pub(super) fn has_staff(&self) -> bool {
        self.state.attention.has_staff
    }

    /// Keeps what is heard of a held utterance. `None`: it was kept.
    pub(super) fn keep_for_held(&mut self, input: Input) -> Option<Input> {
        let Some(held) = &mut self.state.attention.held else { return Some(input) };
        match &input {
            Input::InterruptionDismissed(utterance) if *utterance == held.utterance => {
                // The ears have let the kiosk's voice go on by themselves.
                self.state.attention.held = None;
                None
            }
            Input::InterruptionConfirmed(utterance)
            | Input::SpeechGoesOn(utterance)
            | Input::SpeechPaused { utterance, .. }
            | Input::SpeechResumed(utterance)
            | Input::TurnProbability { utterance, .. }
            | Input::UtteranceTruncated(utterance)
                if *utterance == held.utterance =>
            {
                if held.meanwhile.len() < MEANWHILE {
                    held.meanwhile.push(input);
                }
                None
            }
            _ => Some(input),
        }
    }

    /// Takes or drops what is held, as soon as it is known whose it is.
    pub(super) fn judge_held(&mut self) {
        let Some(until) = self.state.held_until() else { return };
        match self.state.attention.heed(self.settings, self.now) {
            Heed::Counts => {
                let Some(held) = self.state.attention.held.take() else { return };
                self.speech_started(held.utterance, held.over_playout);
                for input in held.meanwhile {
                    self.take(input);
                }
            }
            Heed::Unsure(_) if self.now < until => {}
            Heed::Ignored | Heed::Unsure(_) => self.drop_held(),
        }
    }

    pub(super) fn drop_held(&mut self) {
        if let Some(held) = self.state.attention.held.take() {
            self.pass_over(held.utterance, held.over_playout);
        }
    }

    /// Speech that does not count: the ears need not follow it, and the kiosk's voice goes on.
    fn pass_over(&mut self, utterance: UtteranceId, over_playout: bool) {
        self.actions.push(Action::EndUtterance(utterance));
        if over_playout {
            self.actions.push(Action::ResumePlayout);
        }
    }

    // ---- somebody who is known --------------------------------------------------------------------------------------

    /// Greets by name, once, and only while nothing was said yet.
    pub(super) fn recognised(&mut self, visitor: VisitorId, language: Language) {
        let was_greeted = self.state.attention.was_greeted(visitor, self.now);
        let is_new = !self.state.in_visit;
        let is_silent = self.state.turn.is_none()
            && self.state.attention.held.is_none()
            && self.state.phase == Phase::Attending
            && self.state.answer.as_ref().is_none_or(|answer| answer.is_greeting && answer.last_sound.is_none());
        if !is_new && (was_greeted || !is_silent) {
            self.be_active();
            return;
        }
        self.state.language = language;
        self.begin_visit();
        if !self.settings.visit.greet {
            return;
        }
        if was_greeted {
            self.greet("attending");
            return;
        }
        let greeted = &mut self.state.attention.greeted;
        greeted.retain(|(own, _)| *own != visitor);
        if greeted.len() == GREETED_KEPT {
            greeted.remove(0);
        }
        greeted.push((visitor, self.now));
        self.greet(GREETING_BY_NAME);
    }

    pub(super) fn greet(&mut self, key: &'static str) {
        self.say(key, false);
        if let Some(answer) = &mut self.state.answer {
            answer.is_greeting = true;
        }
    }

    /// "That is not me": a wrong greeting is taken back; a conversation that is under way goes on.
    pub(super) fn not_me(&mut self) {
        self.touched();
        self.begin_visit();
        let is_talking =
            self.state.turn.is_some() || self.state.answer.as_ref().is_some_and(|answer| !answer.is_greeting);
        if !is_talking {
            self.say("greet.sorry", false);
        }
    }

    /// Says what came of something that the visitor touched or asked for, at once.
    pub(super) fn tell(&mut self, key: &'static str) {
        if !self.state.in_visit {
            return;
        }
        self.be_active();
        self.stop_answer();
        self.drop_turn();
        self.say(key, false);
    }
}

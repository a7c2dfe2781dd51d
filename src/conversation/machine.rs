//! The conversation as a pure function: `(state, input, now) → (state, actions)`.
//!
//! It knows no device, no service and no words but those of the present question; the driver carries out what it asks
//! for and tells it what came of it. Time is handed in; [`State::next_deadline`] says when it wants to be asked again.

use std::time::Duration;

use crate::{
    audio::endpoint::{self, Decision, TextVerdict},
    event::{AnswerId, EndReason, Language, Phase, TurnId, UtteranceId},
    words::{Expecting, Overheard},
};

mod answers;
mod attention;
mod deadlines;
mod ears;
mod interruption;
mod io;
mod question;
#[cfg(test)]
mod tests;
mod tools;

pub use attention::GREETING_BY_NAME;
use interruption::Interruption;
pub use interruption::OwnWords;
pub use io::{Action, Input, JobId, Settings};
pub use question::{Question, Words};

/// Speech shorter than this that has no words is taken for a noise and passed over in silence.
const NOISE_AT_MOST: Duration = Duration::from_millis(800);

/// The sentence of a page that is read out: what stands there.
pub const READ_OUT: &str = "consent.spoken";

/// How long the last visitor's language stays after a visit, for the farewell to be read.
pub const FAREWELL: Duration = Duration::from_secs(5);

/// How long a language that was chosen while nobody talks stays.
const LANGUAGE_KEPT: Duration = Duration::from_secs(60);

/// What is allowed beyond `max_utterance_s` before an utterance that never pauses is given up.
const UTTERANCE_GRACE: Duration = Duration::from_secs(5);

/// The question being put together.
#[derive(Debug, Clone, PartialEq)]
struct Turn {
    id: TurnId,
    utterance: Option<UtteranceId>,
    begun: Duration,
    /// When the first of its words began, if the visitor has gone on since.
    first_begun: Duration,
    speech_start: Duration,
    /// Set while the visitor is silent.
    speech_end: Option<Duration>,
    is_truncated: bool,
    finished: Option<f32>,
    running: Option<JobId>,
    words: Option<Words>,
    /// Words of this turn from before the visitor went on although the turn had been taken for ended.
    carried: Option<Words>,
    answers_thrown: u32,
    is_decided: bool,
    /// It began over the kiosk's own voice.
    is_interruption: bool,
    /// What the kiosk asked for before it.
    expecting: Expecting,
}

/// The answer being made or heard.
#[derive(Debug, Clone, PartialEq)]
struct Answer {
    id: AnswerId,
    turn: Option<TurnId>,
    is_committed: bool,
    since: Duration,
    /// Set from the first sample on.
    last_sound: Option<Duration>,
    /// Set once tools have run for it, until what came of them sounds.
    work: Option<tools::Work>,
    /// A sentence of the kiosk's own.
    is_own: bool,
    is_empty: bool,
    ends_visit: bool,
    /// It only bids welcome.
    is_greeting: bool,
    /// It reads a page out.
    is_reading: bool,
    /// What it answers; `None` for a sentence of the kiosk's own.
    question: Option<Question>,
}

/// Where the conversation stands.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    phase: Phase,
    since: Duration,
    language: Language,
    /// The language of the window when nobody is there, and when it is to return to it.
    home: Language,
    home_at: Option<Duration>,
    in_visit: bool,
    /// Whether the visit is on record: a noise that begins one and has no words leaves no trace.
    is_announced: bool,
    turn: Option<Turn>,
    answer: Option<Answer>,
    last_turn: TurnId,
    last_answer: AnswerId,
    last_job: JobId,
    last_activity: Duration,
    asked_whether_there: bool,
    said_long_thinking: bool,
    /// Speech over the answer that is being judged. While there is one there is an answer, committed and paused.
    interruption: Option<Interruption>,
    own_words: OwnWords,
    /// What the kiosk's last sentence asked for.
    expecting: Expecting,
    attention: attention::Attention,
}

impl State {
    /// Nobody is there.
    #[must_use]
    pub fn new(language: Language) -> Self {
        Self {
            phase: Phase::Idle,
            since: Duration::ZERO,
            language,
            home: language,
            home_at: None,
            in_visit: false,
            is_announced: false,
            turn: None,
            answer: None,
            last_turn: TurnId(0),
            last_answer: AnswerId(0),
            last_job: JobId(0),
            last_activity: Duration::ZERO,
            asked_whether_there: false,
            said_long_thinking: false,
            interruption: None,
            own_words: OwnWords::default(),
            expecting: Expecting::Anything,
            attention: attention::Attention::default(),
        }
    }

    /// The present phase.
    #[must_use]
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// When it began.
    #[must_use]
    pub fn phase_since(&self) -> Duration {
        self.since
    }

    /// The language of the conversation.
    #[must_use]
    pub fn language(&self) -> Language {
        self.language
    }

    /// Whether a visit is on.
    #[must_use]
    pub fn in_visit(&self) -> bool {
        self.in_visit
    }

    /// Whether an answer is paused until it is known what was said over it.
    #[must_use]
    pub fn is_judging_interruption(&self) -> bool {
        self.interruption.is_some()
    }

    /// Whether a page of text is being read out.
    #[must_use]
    pub fn is_reading(&self) -> bool {
        self.answer.as_ref().is_some_and(|answer| answer.is_reading)
    }

    /// The utterance whose speech is being heard or judged.
    #[must_use]
    pub fn utterance(&self) -> Option<UtteranceId> {
        self.turn.as_ref().and_then(|turn| turn.utterance)
    }
}

/// One step of the conversation.
#[must_use]
pub fn step(state: &State, settings: &Settings, now: Duration, input: Input) -> (State, Vec<Action>) {
    let mut step = Step { state: state.clone(), settings, now, actions: Vec::new() };
    step.take(input);
    (step.state, step.actions)
}

/// A step in the making.
struct Step<'a> {
    state: State,
    settings: &'a Settings,
    now: Duration,
    actions: Vec<Action>,
}

impl Step<'_> {
    fn take(&mut self, input: Input) {
        let Some(input) = self.keep_for_held(input) else { return };
        match input {
            Input::Arrived | Input::Recognised { .. } if self.has_staff() => {}
            Input::Arrived => self.welcome(),
            Input::Touched => {
                self.touched();
                self.welcome();
            }
            Input::Seen(sight) => self.seen(sight),
            Input::Recognised { visitor, language } => self.recognised(visitor, language),
            Input::NotMe => self.not_me(),
            Input::Forgotten { is_done } => self.tell(if is_done { "greet.forgotten" } else { "greet.unforgotten" }),
            Input::Tell(key) => self.tell(key),
            Input::ReadOut(language) => self.read_out(language),
            Input::StopReading => self.stop_reading(),
            Input::Left => self.end_visit(EndReason::Departure),
            Input::Finish => self.end_visit(EndReason::Touch),
            Input::Staff { is_there } => self.staff(is_there),
            Input::Shutdown => self.end_visit(EndReason::Shutdown),
            Input::Topic(question) => self.topic(question),
            Input::SetLanguage(language) => self.choose_language(language),
            Input::CallStaff => self.call_staff(),
            Input::OwnWords(own_words) => self.state.own_words = own_words,
            Input::Asked(expecting) => self.state.expecting = expecting,
            Input::SpeechStarted { utterance, over_playout } => self.speech_heard(utterance, over_playout),
            Input::SpeechGoesOn(utterance) => self.speech_goes_on(utterance),
            Input::InterruptionConfirmed(utterance) => self.interruption_confirmed(utterance),
            Input::InterruptionDismissed(utterance) => self.interruption_dismissed(utterance),
            Input::SpeechPaused { utterance, speech_start, speech_end } => {
                self.speech_paused(utterance, speech_start, speech_end);
            }
            Input::SpeechResumed(utterance) => self.speech_resumed(utterance),
            Input::TurnProbability { utterance, speech_end, finished } => {
                if let Some(turn) = self.turn_of(utterance)
                    && turn.speech_end == Some(speech_end)
                {
                    turn.finished = Some(finished);
                    self.judge();
                }
            }
            Input::UtteranceTruncated(utterance) => {
                if let Some(turn) = self.turn_of(utterance) {
                    turn.is_truncated = true;
                }
            }
            Input::MicrophoneLost => self.microphone_lost(),
            Input::Transcribed { job, words } => self.transcribed(job, words),
            Input::TranscriptionFailed(job) => {
                let language = self.state.language;
                self.transcribed(job, Words::none(language));
            }
            Input::AnswerComplete { answer, ends_visit, has_text } => {
                self.answer_complete(answer, ends_visit, has_text)
            }
            Input::AnswerFailed(answer) => self.answer_failed(answer),
            Input::Calling { answer, is_running } => self.calling(answer, is_running),
            Input::SoundRanDry(answer) => self.sound_ran_dry(answer),
            Input::PlayoutStarted(answer) => self.playout_started(answer),
            Input::SoundHeard(answer) => self.sound_heard(answer),
            Input::PlayoutFinished(answer) => self.playout_finished(answer),
            Input::Tick => self.tick(),
        }
    }

    // ---- coming and going -------------------------------------------------------------------------------------------

    /// Somebody may be there: the visit goes on record once that is certain.
    fn attend(&mut self) {
        if !self.state.in_visit {
            self.state.in_visit = true;
            self.state.home_at = None;
            self.go(Phase::Attending);
            self.be_active();
        }
    }

    fn begin_visit(&mut self) {
        self.attend();
        if !self.state.is_announced {
            self.state.is_announced = true;
            self.actions.push(Action::BeginVisit);
        }
        self.be_active();
    }

    fn welcome(&mut self) {
        if self.state.in_visit {
            self.be_active();
            return;
        }
        self.begin_visit();
        if self.settings.visit.greet {
            self.greet("attending");
        }
    }

    fn end_visit(&mut self, reason: EndReason) {
        self.drop_held();
        self.state.attention.end_visit();
        self.state.expecting = Expecting::Anything;
        self.stop_answer();
        // What was said stays on record although nobody waits for the answer.
        if let Some(turn) = &self.state.turn
            && let (id, Some(question)) = (turn.id, turn.question())
        {
            self.begin_visit();
            self.actions.push(Action::RecordQuestion { turn: id, question });
        }
        self.drop_turn();
        self.state.in_visit = false;
        self.state.home_at = Some(self.now + FAREWELL);
        if std::mem::take(&mut self.state.is_announced) {
            self.actions.push(Action::EndVisit(reason));
        }
        self.go(Phase::Idle);
    }

    fn topic(&mut self, question: Question) {
        self.touched();
        self.begin_visit();
        self.stop_answer();
        self.drop_turn();
        let turn = self.new_turn(None);
        if let Some(turn) = &mut self.state.turn {
            turn.is_decided = true;
            // Should a noise come before the answer, the question is still there.
            turn.carried = Some(Words::from(&question));
        }
        self.answer_now(turn, question);
    }

    /// The switch was touched: whoever wants another language does not want the rest of an answer in this one. A question
    /// is answered again in the language that was chosen; a farewell is said to its end.
    fn choose_language(&mut self, language: Language) {
        let is_other = std::mem::replace(&mut self.state.language, language) != language;
        self.state.home_at = (!self.state.in_visit).then_some(self.now + LANGUAGE_KEPT);
        if !self.state.in_visit {
            return;
        }
        self.be_active();
        let Some(answer) = self.state.answer.as_ref().filter(|answer| answer.is_committed && !answer.ends_visit) else {
            return;
        };
        match answer.question.clone() {
            _ if !is_other => {}
            // Not while the visitor is asking something else already.
            Some(question) if self.state.interruption.is_none() => {
                self.topic(Question { language, ..question });
            }
            _ => {
                let was_interrupted = self.state.interruption.is_some();
                self.stop_answer();
                if was_interrupted || self.state.phase == Phase::Speaking {
                    self.go(Phase::Listening);
                    self.judge();
                }
            }
        }
    }

    fn call_staff(&mut self) {
        self.begin_visit();
        self.stop_answer();
        self.drop_turn();
        self.say("safe.ask", false);
    }

    /// Whoever wants a page read out is there, and has finished talking. It is no visit on record.
    fn read_out(&mut self, language: Language) {
        if self.state.is_reading() {
            return self.stop_reading();
        }
        self.touched();
        self.attend();
        self.stop_answer();
        self.drop_turn();
        self.state.language = language;
        self.say(READ_OUT, false);
        if let Some(answer) = &mut self.state.answer {
            answer.is_reading = true;
        }
    }

    fn stop_reading(&mut self) {
        if !self.state.is_reading() {
            return;
        }
        self.stop_answer();
        if !matches!(self.state.phase, Phase::Idle | Phase::Attending | Phase::Listening) {
            self.go(Phase::Listening);
            self.judge();
        }
    }

    // ---- the end of the turn ----------------------------------------------------------------------------------------

    /// Decides whether the visitor has finished, and prepares the answer meanwhile.
    fn judge(&mut self) {
        // While an answer waits for the words, nothing is decided without them.
        if self.state.phase != Phase::Listening || self.state.interruption.is_some() {
            return;
        }
        let Some(turn) = self.state.turn.as_ref().filter(|turn| !turn.is_decided) else { return };
        let Some(speech_end) = turn.speech_end else { return };
        if turn.is_truncated || self.decision(turn, speech_end) == Decision::End {
            self.decide();
        } else {
            self.prepare();
        }
    }

    fn decision(&self, turn: &Turn, speech_end: Duration) -> Decision {
        let signals = self.state.signals(turn, self.now.saturating_sub(speech_end), self.settings);
        endpoint::decide(&signals, &self.settings.turn, &self.settings.words)
    }

    fn decide(&mut self) {
        let Some(turn) = &mut self.state.turn else { return };
        turn.is_decided = true;
        let (id, utterance, is_written) = (turn.id, turn.utterance, turn.words.is_some());
        self.actions.push(Action::TurnDecided { turn: id });
        if let Some(utterance) = utterance {
            self.actions.push(Action::EndUtterance(utterance));
        }
        if is_written {
            self.commit_turn();
        } else {
            self.go(Phase::Transcribing);
        }
    }

    fn prepare(&mut self) {
        let turn_settings = &self.settings.turn;
        let Some(turn) = &self.state.turn else { return };
        let worth_it = turn_settings.prepare_answers
            && self.state.answer.is_none()
            && turn.answers_thrown < turn_settings.max_prepared
            && turn
                .text_verdict(&self.settings.words)
                .is_some_and(|verdict| !matches!(verdict, TextVerdict::Unfinished | TextVerdict::MoreDigits));
        if let Some(question) = turn.question().filter(|_| worth_it) {
            let turn = turn.id;
            let answer = self.new_answer(Some(turn), Some(question.clone()), false);
            self.actions.push(Action::Prepare { answer, turn, question });
        }
    }

    fn commit_turn(&mut self) {
        let Some(turn) = &self.state.turn else { return };
        let id = turn.id;
        let is_worth_it = self.is_worth_an_answer(turn);
        if let Some(question) = turn.question().filter(|_| is_worth_it) {
            self.begin_visit();
            self.state.expecting = Expecting::Anything;
            self.state.language = question.language;
            if let Some(answer) = self.state.answer.as_mut().filter(|answer| answer.turn == Some(id)) {
                answer.is_committed = true;
                answer.since = self.now;
                let answer = answer.id;
                self.actions.push(Action::Commit { answer, turn: id, question });
                self.go(Phase::Thinking);
                self.replace_if_empty();
            } else {
                self.answer_now(id, question);
            }
            return;
        }
        let spoke_for = turn.speech_end.map_or(Duration::ZERO, |end| end.saturating_sub(turn.speech_start));
        self.discard_answer();
        self.state.turn = None;
        self.go(Phase::Listening);
        if spoke_for > NOISE_AT_MOST && is_worth_it {
            self.begin_visit();
            self.say_in(Some(id), "unheard", false);
            return;
        }
        self.actions.push(Action::ForgetTurn(id));
        if !self.state.is_announced {
            self.end_visit(EndReason::Silence);
        }
    }

    /// What was said over the last words of an answer that has ended meanwhile needs none if it is no more than "mhm" or
    /// "stop".
    fn is_worth_an_answer(&self, turn: &Turn) -> bool {
        let Some(words) = turn.words.as_ref().filter(|_| turn.is_interruption && turn.carried.is_none()) else {
            return true;
        };
        // "Yes" over the end of a question that asks for it, and over anything else.
        let answers = turn.expecting == Expecting::YesNo && self.settings.words.is_yes_or_no(&words.text);
        answers || matches!(self.overheard(words), Overheard::Words | Overheard::Nothing)
    }

    // ---- small steps ------------------------------------------------------------------------------------------------

    fn go(&mut self, to: Phase) {
        let from = self.state.phase;
        if from != to {
            self.state.phase = to;
            self.state.since = self.now;
            self.state.said_long_thinking = false;
            self.actions.push(Action::Phase { from, to });
        }
    }

    fn be_active(&mut self) {
        self.state.last_activity = self.now;
        self.state.asked_whether_there = false;
    }

    fn new_turn(&mut self, utterance: Option<UtteranceId>) -> TurnId {
        let id = self.state.last_turn.next();
        self.state.last_turn = id;
        self.state.turn = Some(Turn::new(id, utterance, self.now, self.state.expecting));
        id
    }

    fn new_answer(&mut self, turn: Option<TurnId>, question: Option<Question>, is_committed: bool) -> AnswerId {
        let id = self.state.last_answer.next();
        self.state.last_answer = id;
        self.state.answer = Some(Answer {
            id,
            turn,
            is_committed,
            since: self.now,
            last_sound: None,
            work: None,
            is_own: false,
            is_empty: false,
            ends_visit: false,
            is_greeting: false,
            is_reading: false,
            question,
        });
        id
    }

    /// The turn's question is on record and its answer on the way: nothing of it is needed any more.
    fn finish_turn(&mut self) {
        if self.state.turn.as_ref().is_some_and(|turn| turn.is_decided) {
            self.state.turn = None;
        }
    }

    fn drop_turn(&mut self) {
        self.cancel_transcription();
        if let Some(turn) = self.state.turn.take()
            && !turn.is_decided
        {
            self.actions.push(Action::ForgetTurn(turn.id));
            if let Some(utterance) = turn.utterance {
                self.actions.push(Action::EndUtterance(utterance));
            }
        }
    }

    fn cancel_transcription(&mut self) {
        if let Some(turn) = &mut self.state.turn
            && let Some(job) = turn.running.take()
        {
            let turn = turn.id;
            self.actions.push(Action::CancelTranscription { job, turn });
        }
    }

    fn turn_of(&mut self, utterance: UtteranceId) -> Option<&mut Turn> {
        self.state.turn.as_mut().filter(|turn| turn.utterance == Some(utterance))
    }

    fn answer_of(&mut self, id: AnswerId) -> Option<&mut Answer> {
        self.state.answer.as_mut().filter(|answer| answer.id == id)
    }
}

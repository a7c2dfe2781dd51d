#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::{
    path::Path,
    sync::{Arc, LazyLock},
};

use proptest::prelude::*;

use super::*;
use crate::{
    event::{EntryId, SeenVisitor, ServedBy, Sight, TrackId, VisitorId},
    words::TurnWords,
};

mod attention;
mod interruption;
mod language;
mod properties;
mod tools;
mod turn;

static TURNS: LazyLock<Arc<TurnWords>> = LazyLock::new(|| Arc::new(TurnWords::load(Path::new("assets")).unwrap()));

/// A conversation in virtual time, with what it asked for.
struct Talk {
    state: State,
    settings: Settings,
    now: Duration,
    actions: Vec<Action>,
}

impl Talk {
    fn new() -> Self {
        let config = crate::config::Config::default();
        Self {
            state: State::new(Language::ENGLISH),
            settings: Settings {
                turn: config.turn,
                visit: config.visit,
                max_utterance: Duration::from_secs(config.audio.max_utterance_s),
                listen_only_when_attending: config.presence.listen_only_when_attending,
                words: TURNS.clone(),
            },
            now: Duration::from_secs(1),
            actions: Vec::new(),
        }
    }

    /// Feeds an input; gives what it led to.
    fn feed(&mut self, input: Input) -> Vec<Action> {
        let (state, actions) = step(&self.state, &self.settings, self.now, input);
        self.state = state;
        self.actions.extend(actions.clone());
        actions
    }

    /// Lets time pass, ticking whenever the machine asked for it.
    fn wait(&mut self, time: Duration) -> Vec<Action> {
        let until = self.now + time;
        let mut actions = Vec::new();
        while let Some(deadline) = self.state.next_deadline(&self.settings).filter(|deadline| *deadline <= until) {
            self.now = self.now.max(deadline);
            actions.extend(self.feed(Input::Tick));
        }
        self.now = until;
        actions
    }

    fn wait_ms(&mut self, ms: u64) -> Vec<Action> {
        self.wait(Duration::from_millis(ms))
    }

    /// The visitor speaks for `ms`; the pause after it has just been noticed. Gives the transcription asked for.
    fn speak(&mut self, utterance: u64, ms: u64) -> JobId {
        let utterance = UtteranceId(utterance);
        let speech_start = self.now;
        self.feed(Input::SpeechStarted { utterance, over_playout: false });
        self.now += Duration::from_millis(ms);
        self.pause(utterance, speech_start)
    }

    fn pause(&mut self, utterance: UtteranceId, speech_start: Duration) -> JobId {
        let speech_end = self.now;
        self.now += Duration::from_millis(self.settings.turn.transcribe_after_ms);
        let actions = self.feed(Input::SpeechPaused { utterance, speech_start, speech_end });
        actions
            .iter()
            .find_map(|action| if let Action::Transcribe { job, .. } = action { Some(*job) } else { None })
            .unwrap()
    }

    fn transcribe(&mut self, job: JobId, text: &str) -> Vec<Action> {
        let words = Words {
            text: text.into(),
            language: Language::of_text(text).unwrap_or(Language::ENGLISH),
            entry: None,
            served_by: ServedBy::Cloud,
        };
        self.feed(Input::Transcribed { job, words })
    }

    /// A whole question, its answer sounding.
    fn ask_and_be_answered(&mut self, utterance: u64) -> AnswerId {
        let job = self.speak(utterance, 1_500);
        self.wait_ms(100);
        self.transcribe(job, "What time do you open?");
        self.wait_ms(900);
        let answer = self.committed().unwrap();
        self.feed(Input::AnswerComplete { answer, ends_visit: false, has_text: true });
        self.feed(Input::PlayoutStarted(answer));
        assert_eq!(self.state.phase(), Phase::Speaking);
        answer
    }

    fn committed(&self) -> Option<AnswerId> {
        self.actions.iter().rev().find_map(|action| match action {
            Action::Commit { answer, .. } | Action::Say { answer, .. } => Some(*answer),
            _ => None,
        })
    }

    fn said(&self) -> Vec<&'static str> {
        self.actions
            .iter()
            .filter_map(|action| if let Action::Say { key, .. } = action { Some(*key) } else { None })
            .collect()
    }

    fn count(&self, wanted: impl Fn(&Action) -> bool) -> usize {
        self.actions.iter().filter(|action| wanted(action)).count()
    }
}

fn topic() -> Question {
    Question {
        text: "When are you open?".into(),
        language: Language::ENGLISH,
        entry: Some(EntryId("hours.today".into())),
        written_by: None,
    }
}

#[test]
fn a_question_is_transcribed_at_once_prepared_before_the_turn_ends_and_then_heard() {
    let mut talk = Talk::new();
    let job = talk.speak(1, 1_500);
    talk.wait_ms(100);
    let actions = talk.transcribe(job, "What time do you open?");
    assert!(actions.iter().any(|action| matches!(action, Action::Prepare { .. })), "{actions:?}");
    assert_eq!(talk.state.phase(), Phase::Listening);
    let actions = talk.wait_ms(900);
    let decided = actions.iter().position(|action| matches!(action, Action::TurnDecided { .. })).unwrap();
    let committed = actions.iter().position(|action| matches!(action, Action::Commit { .. })).unwrap();
    assert!(decided < committed);
    assert_eq!(talk.state.phase(), Phase::Thinking);
    let answer = talk.committed().unwrap();
    talk.feed(Input::PlayoutStarted(answer));
    assert_eq!(talk.state.phase(), Phase::Speaking);
    talk.feed(Input::PlayoutFinished(answer));
    assert_eq!(talk.state.phase(), Phase::Listening);
    assert_eq!(talk.count(|action| matches!(action, Action::Heard(_))), 1);
}

#[test]
fn a_visitor_who_goes_on_after_a_pause_throws_the_prepared_answer_away_without_trace() {
    let mut talk = Talk::new();
    let job = talk.speak(1, 1_500);
    talk.wait_ms(50);
    talk.transcribe(job, "What time do you open?");
    let actions = talk.feed(Input::SpeechResumed(UtteranceId(1)));
    assert!(actions.iter().any(|action| matches!(action, Action::Discard { .. })), "{actions:?}");
    talk.now += Duration::from_millis(700);
    let job = talk.pause(UtteranceId(1), Duration::from_secs(1));
    talk.transcribe(job, "What time do you open on Friday?");
    talk.wait_ms(2_500);
    let committed: Vec<&str> = talk
        .actions
        .iter()
        .filter_map(
            |action| if let Action::Commit { question, .. } = action { Some(question.text.as_str()) } else { None },
        )
        .collect();
    assert_eq!(committed, ["What time do you open on Friday?"]);
}

#[test]
fn an_unfinished_sentence_is_waited_for_and_no_answer_is_prepared() {
    let mut talk = Talk::new();
    let job = talk.speak(1, 900);
    let actions = talk.transcribe(job, "I would like to know about the");
    assert!(!actions.iter().any(|action| matches!(action, Action::Prepare { .. })), "{actions:?}");
    let actions = talk.wait_ms(1_200);
    assert!(!actions.iter().any(|action| matches!(action, Action::TurnDecided { .. })), "{actions:?}");
    assert_eq!(talk.state.phase(), Phase::Listening);
}

#[test]
fn speech_after_the_turn_was_taken_for_ended_joins_what_was_said_before() {
    let mut talk = Talk::new();
    let job = talk.speak(1, 1_500);
    talk.transcribe(job, "Is the café open?");
    talk.wait_ms(1_000);
    assert_eq!(talk.state.phase(), Phase::Thinking);
    let job = talk.speak(2, 900);
    assert_eq!(talk.state.phase(), Phase::Listening);
    talk.transcribe(job, "On Fridays I mean.");
    talk.wait_ms(2_500);
    let last = talk.actions.iter().rev().find_map(|action| {
        if let Action::Commit { question, .. } = action { Some(question.text.clone()) } else { None }
    });
    assert_eq!(last.as_deref(), Some("Is the café open? On Fridays I mean."));
}

#[test]
fn a_cough_over_the_answer_lets_it_go_on() {
    let mut talk = Talk::new();
    let answer = talk.ask_and_be_answered(1);
    talk.feed(Input::SpeechStarted { utterance: UtteranceId(2), over_playout: true });
    talk.feed(Input::InterruptionDismissed(UtteranceId(2)));
    assert_eq!(talk.state.phase(), Phase::Speaking);
    assert_eq!(talk.count(|action| *action == Action::Cut(answer)), 0);
}

#[test]
fn an_interruption_that_nobody_judges_lets_the_answer_go_on() {
    let mut talk = Talk::new();
    talk.ask_and_be_answered(1);
    talk.feed(Input::SpeechStarted { utterance: UtteranceId(2), over_playout: true });
    let actions = talk.wait(Duration::from_secs(3));
    assert!(actions.contains(&Action::ResumePlayout), "{actions:?}");
    assert_eq!(talk.state.phase(), Phase::Speaking);
}

#[test]
fn speech_without_words_is_asked_for_again_but_a_noise_is_passed_over() {
    let mut talk = Talk::new();
    let job = talk.speak(1, 1_500);
    talk.transcribe(job, "");
    talk.wait_ms(3_000);
    assert_eq!(talk.said(), ["unheard"]);

    let mut talk = Talk::new();
    let job = talk.speak(1, 300);
    talk.transcribe(job, "");
    talk.wait_ms(3_000);
    assert_eq!(talk.said(), Vec::<&str>::new());
    assert_eq!(talk.state.phase(), Phase::Idle, "nobody was there");
}

#[test]
fn an_answer_that_never_comes_is_replaced_by_an_apology() {
    let mut talk = Talk::new();
    let job = talk.speak(1, 1_500);
    talk.transcribe(job, "What time do you open?");
    talk.wait(Duration::from_secs(22));
    assert_eq!(talk.said(), ["trouble"]);
    assert!(talk.actions.contains(&Action::LongThinking));
    assert!(talk.actions.contains(&Action::Watchdog(Phase::Thinking)));
}

#[test]
fn a_speaking_without_sound_is_ended() {
    let mut talk = Talk::new();
    let answer = talk.ask_and_be_answered(1);
    let actions = talk.wait(Duration::from_secs(6));
    assert!(actions.contains(&Action::Watchdog(Phase::Speaking)), "{actions:?}");
    assert!(actions.contains(&Action::Cut(answer)));
    assert_eq!(talk.state.phase(), Phase::Listening);
}

#[test]
fn a_model_that_only_takes_its_leave_says_goodbye_and_ends_the_visit() {
    let mut talk = Talk::new();
    let job = talk.speak(1, 1_500);
    talk.transcribe(job, "Thank you, goodbye.");
    let prepared = talk.state.answer.as_ref().unwrap().id;
    talk.feed(Input::AnswerComplete { answer: prepared, ends_visit: true, has_text: false });
    assert_eq!(talk.said(), Vec::<&str>::new(), "nothing is said before the turn has ended");
    talk.wait_ms(1_500);
    assert_eq!(talk.said(), ["goodbye"]);
    let answer = talk.committed().unwrap();
    talk.feed(Input::PlayoutStarted(answer));
    talk.feed(Input::PlayoutFinished(answer));
    assert_eq!(talk.state.phase(), Phase::Idle);
    assert!(talk.actions.contains(&Action::EndVisit(EndReason::Goodbye)));
}

#[test]
fn a_silent_visitor_is_asked_once_and_then_the_visit_ends() {
    let mut talk = Talk::new();
    talk.feed(Input::Touched);
    let greeting = talk.committed();
    if let Some(greeting) = greeting {
        talk.feed(Input::PlayoutStarted(greeting));
        talk.feed(Input::PlayoutFinished(greeting));
    }
    talk.wait(Duration::from_secs(26));
    assert_eq!(talk.said().last(), Some(&"silence"));
    let asking = talk.committed().unwrap();
    talk.feed(Input::PlayoutStarted(asking));
    talk.now += Duration::from_secs(2);
    talk.feed(Input::PlayoutFinished(asking));
    talk.wait(Duration::from_secs(11));
    assert!(talk.actions.contains(&Action::EndVisit(EndReason::Silence)));
    assert_eq!(talk.state.phase(), Phase::Idle);
}

#[test]
fn a_visitor_who_leaves_mid_sentence_ends_the_visit_and_the_sound() {
    let mut talk = Talk::new();
    let answer = talk.ask_and_be_answered(1);
    let actions = talk.feed(Input::Left);
    assert!(actions.contains(&Action::Cut(answer)));
    assert!(actions.contains(&Action::EndVisit(EndReason::Departure)));
    assert_eq!(talk.state.phase(), Phase::Idle);
}

#[test]
fn a_touched_topic_takes_the_place_of_the_answer_that_sounds() {
    let mut talk = Talk::new();
    let first = talk.ask_and_be_answered(1);
    let actions = talk.feed(Input::Topic(topic()));
    assert!(actions.contains(&Action::Cut(first)));
    assert!(actions.iter().any(|action| matches!(action, Action::Commit { .. })));
    assert_eq!(talk.state.phase(), Phase::Thinking);
}

#[test]
fn a_monologue_is_answered_when_it_is_as_long_as_one_may_be() {
    let mut talk = Talk::new();
    let utterance = UtteranceId(1);
    let start = talk.now;
    talk.feed(Input::SpeechStarted { utterance, over_playout: false });
    talk.wait(talk.settings.max_utterance);
    talk.feed(Input::UtteranceTruncated(utterance));
    let job = talk.pause(utterance, start);
    talk.transcribe(job, "and another thing that I always wanted to ask is whether the");
    assert_eq!(talk.state.phase(), Phase::Thinking);
}

#[test]
fn a_lost_microphone_forgets_the_half_heard_question() {
    let mut talk = Talk::new();
    talk.feed(Input::SpeechStarted { utterance: UtteranceId(1), over_playout: false });
    let actions = talk.feed(Input::MicrophoneLost);
    assert!(actions.contains(&Action::ForgetTurn(TurnId(1))));
    assert_eq!(talk.state.phase(), Phase::Listening);
}

#[test]
fn speech_that_nobody_takes_is_closed_so_that_the_next_is_heard() {
    let mut talk = Talk::new();
    talk.settings.visit.begin_by_speech = false;
    let actions = talk.feed(Input::SpeechStarted { utterance: UtteranceId(1), over_playout: false });
    assert!(actions.contains(&Action::EndUtterance(UtteranceId(1))), "{actions:?}");
    assert_eq!(talk.state.phase(), Phase::Idle);
}

#[test]
fn a_noise_in_an_empty_hall_leaves_no_visit() {
    let mut talk = Talk::new();
    let job = talk.speak(1, 200);
    talk.transcribe(job, "");
    talk.wait(Duration::from_secs(120));
    assert_eq!(talk.state.phase(), Phase::Idle);
    assert_eq!(talk.count(|action| matches!(action, Action::BeginVisit | Action::EndVisit(_) | Action::Say { .. })), 0);
}

#[test]
fn a_noise_before_the_answer_to_a_touched_topic_does_not_lose_it() {
    let mut talk = Talk::new();
    talk.feed(Input::Topic(topic()));
    let job = talk.speak(1, 150);
    talk.transcribe(job, "");
    talk.wait_ms(3_000);
    let last = talk.actions.iter().rev().find_map(|action| match action {
        Action::Commit { question, .. } => Some(question.entry.clone()),
        _ => None,
    });
    assert_eq!(last, Some(topic().entry));
    assert_eq!(talk.state.phase(), Phase::Thinking);
}

#[test]
fn an_answer_that_ends_while_it_is_interrupted_lets_playout_go() {
    let mut talk = Talk::new();
    let answer = talk.ask_and_be_answered(1);
    talk.feed(Input::SpeechStarted { utterance: UtteranceId(2), over_playout: true });
    let actions = talk.feed(Input::PlayoutFinished(answer));
    assert!(actions.contains(&Action::ResumePlayout), "{actions:?}");
    assert_eq!(talk.state.phase(), Phase::Listening);
    talk.feed(Input::InterruptionDismissed(UtteranceId(2)));
    assert!(talk.state.utterance().is_none());
}

#[test]
fn an_answer_without_a_word_to_say_is_replaced_at_once() {
    let mut talk = Talk::new();
    let job = talk.speak(1, 1_500);
    talk.transcribe(job, "What time do you open?");
    talk.wait_ms(900);
    let answer = talk.committed().unwrap();
    talk.feed(Input::PlayoutFinished(answer));
    assert_eq!(talk.said(), ["trouble"]);
    let own = talk.committed().unwrap();
    talk.feed(Input::PlayoutFinished(own));
    assert_eq!(talk.said(), ["trouble"], "a sentence without sound calls for no other");
}

#[test]
fn what_was_said_last_stays_on_record_when_the_visitor_leaves() {
    let mut talk = Talk::new();
    let job = talk.speak(1, 1_500);
    talk.transcribe(job, "Thank you, I will come back tomorrow.");
    let actions = talk.feed(Input::Left);
    assert!(actions.iter().any(|action| matches!(action, Action::RecordQuestion { .. })), "{actions:?}");
    assert!(actions.contains(&Action::EndVisit(EndReason::Departure)));
}

#[test]
fn a_visitor_who_never_stops_gets_an_answer_in_the_end() {
    let mut talk = Talk::new();
    let job = talk.speak(1, 1_500);
    talk.transcribe(job, "There was this one thing.");
    talk.wait_ms(900);
    let mut joined = 0;
    for utterance in (2..60).map(UtteranceId) {
        assert_eq!(talk.state.phase(), Phase::Thinking);
        let speech_start = talk.now;
        talk.feed(Input::SpeechStarted { utterance, over_playout: false });
        if talk.state.phase() == Phase::Thinking {
            break;
        }
        joined += 1;
        talk.now += Duration::from_secs(4);
        let job = talk.pause(utterance, speech_start);
        talk.transcribe(job, "And then there was another thing.");
        talk.wait_ms(900);
    }
    let answer = talk.committed().unwrap();
    talk.feed(Input::PlayoutStarted(answer));
    assert_eq!(talk.state.phase(), Phase::Speaking);
    assert!((5..20).contains(&joined), "{joined} pieces of five seconds were joined");
}

#[test]
fn words_that_were_thrown_away_are_counted() {
    let mut talk = Talk::new();
    let job = talk.speak(1, 1_500);
    talk.transcribe(job, "What time do you");
    let actions = talk.feed(Input::SpeechResumed(UtteranceId(1)));
    assert!(actions.contains(&Action::DiscardWords { turn: TurnId(1) }), "{actions:?}");
}

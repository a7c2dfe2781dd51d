//! Whom the kiosk listens to, and how it greets those it knows.

use super::*;

fn sight(people_near: u32, visitor: Option<(bool, f32)>) -> Sight {
    let visitor = visitor.map(|(is_attending, mouth_motion)| SeenVisitor {
        track: TrackId(1),
        centre: [0.5, 0.4],
        height: 0.2,
        is_attending,
        mouth_motion,
    });
    Sight { is_seeing: true, people_near, visitor }
}

fn nobody() -> Sight {
    sight(0, None)
}

fn attending(mouth_motion: f32) -> Sight {
    sight(1, Some((true, mouth_motion)))
}

fn with_others(mouth_motion: f32) -> Sight {
    sight(3, Some((true, mouth_motion)))
}

fn sara() -> Input {
    Input::Recognised { visitor: VisitorId(uuid::Uuid::from_u128(7)), language: Language::ARABIC }
}

impl Talk {
    fn see(&mut self, sight: Sight) -> Vec<Action> {
        self.feed(Input::Seen(sight))
    }

    fn starts_to_speak(&mut self, utterance: u64, over_playout: bool) -> Vec<Action> {
        self.feed(Input::SpeechStarted { utterance: UtteranceId(utterance), over_playout })
    }

    fn falls_silent(&mut self, utterance: u64) -> Vec<Action> {
        let speech_end = self.now;
        let speech_start = speech_end.saturating_sub(Duration::from_millis(400));
        self.feed(Input::SpeechPaused { utterance: UtteranceId(utterance), speech_start, speech_end })
    }
}

fn transcribes(actions: &[Action]) -> bool {
    actions.iter().any(|action| matches!(action, Action::Transcribe { .. }))
}

#[test]
fn while_the_camera_sees_nobody_speech_begins_neither_a_visit_nor_a_turn() {
    let mut talk = Talk::new();
    talk.see(nobody());
    assert_eq!(talk.starts_to_speak(1, false), [Action::EndUtterance(UtteranceId(1))]);
    assert_eq!(talk.state.phase(), Phase::Idle);
    assert!(!transcribes(&talk.falls_silent(1)));
}

#[test]
fn with_the_setting_off_or_a_camera_that_sees_nothing_whoever_speaks_counts() {
    let mut talk = Talk::new();
    talk.settings.listen_only_when_attending = false;
    talk.see(nobody());
    talk.speak(1, 1_000);
    assert_eq!(talk.state.phase(), Phase::Listening);

    let mut talk = Talk::new();
    talk.see(nobody());
    talk.see(Sight::default());
    talk.speak(1, 1_000);
    assert_eq!(talk.state.phase(), Phase::Listening);
}

#[test]
fn who_attends_is_heard_and_not_cut_by_a_look_aside() {
    let mut talk = Talk::new();
    talk.see(attending(0.0));
    talk.starts_to_speak(1, false);
    talk.see(sight(0, Some((true, 0.0))));
    talk.see(nobody());
    talk.wait_ms(400);
    assert!(transcribes(&talk.falls_silent(1)));
}

#[test]
fn who_begins_to_speak_while_still_coming_is_heard_from_the_beginning() {
    let mut talk = Talk::new();
    talk.see(sight(1, Some((false, 0.5))));
    assert_eq!(talk.starts_to_speak(1, false), []);
    assert_eq!(talk.state.phase(), Phase::Idle);
    talk.wait_ms(600);
    talk.see(attending(0.8));
    assert_eq!(talk.state.phase(), Phase::Listening);
    assert!(transcribes(&talk.falls_silent(1)));
}

#[test]
fn who_speaks_while_passing_is_dropped() {
    let mut talk = Talk::new();
    talk.see(sight(1, Some((false, 0.9))));
    talk.starts_to_speak(1, false);
    let actions = talk.wait_ms(1_300);
    assert_eq!(actions, [Action::EndUtterance(UtteranceId(1))]);
    assert_eq!(talk.state.phase(), Phase::Idle);
}

#[test]
fn among_several_people_speech_counts_when_the_visitors_mouth_moves_and_else_is_dropped() {
    let mut talk = Talk::new();
    talk.see(with_others(0.9));
    talk.wait_ms(300);
    talk.starts_to_speak(1, false);
    assert_eq!(talk.state.phase(), Phase::Listening, "the mouth moved just before");

    let mut talk = Talk::new();
    talk.see(with_others(0.0));
    talk.starts_to_speak(1, false);
    talk.wait_ms(200);
    assert!(!transcribes(&talk.falls_silent(1)), "a short word is held");
    let actions = talk.see(with_others(0.7));
    assert!(transcribes(&actions), "and written down when the mouth is seen to have moved");

    let mut talk = Talk::new();
    talk.see(with_others(0.0));
    talk.starts_to_speak(1, false);
    talk.wait_ms(200);
    talk.see(with_others(0.1));
    let actions = talk.wait_ms(500);
    assert_eq!(actions, [Action::EndUtterance(UtteranceId(1))]);
    assert!(!transcribes(&talk.falls_silent(1)));
    assert_eq!(talk.state.phase(), Phase::Idle);
}

#[test]
fn an_answer_is_interrupted_by_the_visitor_and_not_by_those_around() {
    let mut talk = Talk::new();
    talk.see(attending(0.0));
    let answer = talk.ask_and_be_answered(1);
    talk.see(with_others(0.0));
    assert_eq!(talk.starts_to_speak(2, true), []);
    talk.wait_ms(250);
    talk.feed(Input::InterruptionConfirmed(UtteranceId(2)));
    let actions = talk.wait_ms(500);
    assert_eq!(actions, [Action::EndUtterance(UtteranceId(2)), Action::ResumePlayout]);
    assert_eq!(talk.state.phase(), Phase::Speaking);

    talk.starts_to_speak(3, true);
    talk.feed(Input::InterruptionConfirmed(UtteranceId(3)));
    talk.see(with_others(0.9));
    assert_eq!(talk.state.phase(), Phase::Listening);
    let job = talk.pause(UtteranceId(3), talk.now);
    let actions = talk.transcribe(job, "Where is the training hall?");
    assert!(actions.contains(&Action::Cut(answer)), "{actions:?}");
    assert_eq!(talk.state.phase(), Phase::Listening);
}

#[test]
fn noise_over_the_answer_while_nobody_attends_leaves_it_playing() {
    let mut talk = Talk::new();
    talk.see(attending(0.0));
    talk.ask_and_be_answered(1);
    talk.see(nobody());
    let actions = talk.starts_to_speak(2, true);
    assert_eq!(actions, [Action::EndUtterance(UtteranceId(2)), Action::ResumePlayout]);
}

#[test]
fn who_touches_the_screen_is_heard_although_the_camera_does_not_see_them() {
    let mut talk = Talk::new();
    talk.see(nobody());
    talk.feed(Input::Touched);
    talk.speak(1, 1_000);
    assert_eq!(talk.state.phase(), Phase::Listening);
    talk.feed(Input::Left);
    talk.starts_to_speak(2, false);
    assert_eq!(talk.state.phase(), Phase::Idle, "the touch counted for that visit only");
}

#[test]
fn a_known_visitor_is_greeted_by_name_once_in_their_language() {
    let mut talk = Talk::new();
    talk.feed(sara());
    assert_eq!(talk.said(), [GREETING_BY_NAME]);
    assert_eq!(talk.state.language(), Language::ARABIC);
    talk.feed(sara());
    assert_eq!(talk.said(), [GREETING_BY_NAME]);
    talk.wait_ms(500);
    talk.feed(Input::Left);
    talk.wait_ms(20_000);
    talk.feed(sara());
    assert_eq!(talk.said(), [GREETING_BY_NAME, "attending"], "they had only stepped away");
    talk.feed(Input::Left);
    talk.wait(Duration::from_secs(600));
    talk.feed(sara());
    assert_eq!(talk.said().last(), Some(&GREETING_BY_NAME));
}

#[test]
fn the_name_replaces_a_greeting_that_was_not_heard_yet_and_is_never_said_over_anything() {
    let mut talk = Talk::new();
    talk.feed(Input::Arrived);
    let actions = talk.feed(sara());
    assert!(actions.iter().any(|action| matches!(action, Action::Cut(_))), "{actions:?}");
    assert_eq!(talk.said(), ["attending", GREETING_BY_NAME]);

    let mut talk = Talk::new();
    talk.feed(Input::Arrived);
    let greeting = talk.committed().unwrap();
    talk.feed(Input::PlayoutStarted(greeting));
    assert_eq!(talk.feed(sara()), []);

    let mut talk = Talk::new();
    talk.see(attending(0.0));
    talk.speak(1, 800);
    assert_eq!(talk.feed(sara()), []);
    assert_eq!(talk.state.language(), Language::ENGLISH);
}

#[test]
fn a_kiosk_that_does_not_greet_aloud_says_no_name() {
    let mut talk = Talk::new();
    talk.settings.visit.greet = false;
    talk.feed(sara());
    assert!(talk.said().is_empty() && talk.state.in_visit());
}

#[test]
fn that_is_not_me_takes_the_greeting_back_and_leaves_a_conversation_alone() {
    let mut talk = Talk::new();
    talk.feed(sara());
    let greeting = talk.committed().unwrap();
    talk.feed(Input::PlayoutStarted(greeting));
    let actions = talk.feed(Input::NotMe);
    assert!(actions.contains(&Action::Cut(greeting)));
    assert_eq!(talk.said().last(), Some(&"greet.sorry"));

    let mut talk = Talk::new();
    talk.see(attending(0.0));
    talk.ask_and_be_answered(1);
    assert_eq!(talk.feed(Input::NotMe), []);
}

#[test]
fn who_asked_to_be_forgotten_is_told_what_came_of_it() {
    let mut talk = Talk::new();
    talk.feed(sara());
    talk.feed(Input::Forgotten { is_done: true });
    assert_eq!(talk.said().last(), Some(&"greet.forgotten"));
    talk.feed(Input::Forgotten { is_done: false });
    assert_eq!(talk.said().last(), Some(&"greet.unforgotten"));
    talk.feed(Input::Left);
    assert_eq!(talk.feed(Input::Forgotten { is_done: true }), []);
}

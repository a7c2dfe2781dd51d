//! Speech over the kiosk's voice: what cuts the answer and what lets it go on.

use super::*;

const OVER: UtteranceId = UtteranceId(2);

impl Talk {
    /// The kiosk is speaking, and somebody speaks over it, long and loud enough.
    fn interrupt(&mut self) -> AnswerId {
        let answer = self.ask_and_be_answered(1);
        self.speak_over("We open at nine in the morning, and on Friday at two.", Expecting::Anything);
        answer
    }

    fn speak_over(&mut self, around: &str, asks: Expecting) {
        self.feed(Input::OwnWords(OwnWords { around: around.into(), asks }));
        self.feed(Input::SpeechStarted { utterance: OVER, over_playout: true });
        assert_eq!(self.state.phase(), Phase::Interrupted);
        self.wait_ms(250);
        self.feed(Input::InterruptionConfirmed(OVER));
        assert_eq!(self.state.phase(), Phase::Listening, "the kiosk listens while the words are awaited");
    }

    /// The visitor pauses; the recogniser gives `text` so much later.
    fn overheard(&mut self, text: &str, after_ms: u64) -> Vec<Action> {
        let speech_start = self.now;
        self.now += Duration::from_millis(300);
        let job = self.pause(OVER, speech_start);
        let mut actions = self.wait_ms(after_ms);
        actions.extend(self.transcribe(job, text));
        actions
    }

    fn goes_on(&self, answer: AnswerId, actions: &[Action]) {
        assert!(actions.contains(&Action::ResumePlayout), "{actions:?}");
        assert_eq!(self.count(|action| *action == Action::Cut(answer)), 0);
        assert_eq!(self.state.phase(), Phase::Speaking);
        assert!(self.state.utterance().is_none());
    }
}

#[test]
fn words_over_the_answer_cut_it_and_become_the_next_question() {
    let mut talk = Talk::new();
    let answer = talk.interrupt();
    assert_eq!(talk.count(|action| *action == Action::Cut(answer)), 0, "before there are words it can go on");
    let actions = talk.overheard("Where is the training hall?", 150);
    assert!(actions.contains(&Action::Cut(answer)), "{actions:?}");
    talk.wait_ms(900);
    let asked = talk.actions.iter().rev().find_map(|action| {
        if let Action::Commit { question, .. } = action { Some(question.text.as_str()) } else { None }
    });
    assert_eq!(asked, Some("Where is the training hall?"));
}

#[test]
fn a_sound_of_listening_lets_the_answer_go_on_in_both_languages() {
    for said in ["Mhm.", "Yes.", "okay", "right", "نعم", "اه", "طيب", "تمام"] {
        let mut talk = Talk::new();
        let answer = talk.interrupt();
        let actions = talk.overheard(said, 150);
        talk.goes_on(answer, &actions);
        talk.feed(Input::PlayoutFinished(answer));
        talk.wait_ms(3_000);
        assert_eq!(talk.count(|action| matches!(action, Action::TurnDecided { .. })), 1, "{said} is no question");
    }
}

#[test]
fn a_noise_without_words_lets_the_answer_go_on() {
    let mut talk = Talk::new();
    let answer = talk.interrupt();
    let actions = talk.overheard("", 150);
    talk.goes_on(answer, &actions);
}

#[test]
fn the_kiosks_own_words_let_the_answer_go_on() {
    let mut talk = Talk::new();
    let answer = talk.interrupt();
    let actions = talk.overheard("nine in the morning and on", 150);
    talk.goes_on(answer, &actions);
}

#[test]
fn a_stop_word_ends_the_answer_at_once_and_nothing_is_said_to_it() {
    for said in ["Stop!", "Wait.", "قف", "لحظة"] {
        let mut talk = Talk::new();
        let answer = talk.interrupt();
        let actions = talk.overheard(said, 150);
        assert!(actions.contains(&Action::Cut(answer)), "{said}: {actions:?}");
        talk.wait_ms(5_000);
        assert_eq!(talk.state.phase(), Phase::Listening, "{said}");
        assert_eq!(talk.count(|action| matches!(action, Action::Commit { .. })), 1, "{said} needs no answer");
    }
}

#[test]
fn a_stop_word_at_the_beginning_of_a_question_ends_the_answer_and_the_question_is_answered() {
    let mut talk = Talk::new();
    let answer = talk.interrupt();
    let actions = talk.feed(Input::SpeechGoesOn(OVER));
    let Some(Action::Transcribe { job, .. }) = actions.first() else { panic!("{actions:?}") };
    let actions = talk.transcribe(*job, "Wait");
    assert!(actions.contains(&Action::Cut(answer)), "{actions:?}");
    let _ = talk.overheard("Wait, what about Friday?", 150);
    talk.wait_ms(900);
    assert_eq!(talk.count(|action| matches!(action, Action::Commit { .. })), 2);
}

#[test]
fn words_are_looked_for_while_the_visitor_is_still_speaking() {
    let mut talk = Talk::new();
    let answer = talk.interrupt();
    let actions = talk.feed(Input::SpeechGoesOn(OVER));
    let Some(Action::Transcribe { job, .. }) = actions.first() else { panic!("{actions:?}") };
    assert!(!talk.transcribe(*job, "mhm").contains(&Action::ResumePlayout), "more may come");
    let actions = talk.feed(Input::SpeechGoesOn(OVER));
    let Some(Action::Transcribe { job, .. }) = actions.first() else { panic!("{actions:?}") };
    assert!(talk.transcribe(*job, "Mhm, but where").contains(&Action::Cut(answer)));
    assert_eq!(talk.state.phase(), Phase::Listening);
}

#[test]
fn a_long_noise_in_which_a_service_hears_no_words_lets_the_answer_go_on_after_two_seconds() {
    let mut talk = Talk::new();
    let answer = talk.interrupt();
    let actions = talk.feed(Input::SpeechGoesOn(OVER));
    let Some(Action::Transcribe { job, .. }) = actions.first() else { panic!("{actions:?}") };
    talk.transcribe(*job, "");
    assert!(talk.wait_ms(1_700).is_empty());
    let actions = talk.wait_ms(100);
    talk.goes_on(answer, &actions);
}

#[test]
fn words_that_come_late_cut_the_answer_that_had_gone_on() {
    let mut talk = Talk::new();
    let answer = talk.interrupt();
    let job = talk.pause(OVER, talk.now);
    let actions = talk.wait_ms(2_000);
    assert!(actions.contains(&Action::ResumePlayout), "{actions:?}");
    assert_eq!(talk.state.phase(), Phase::Speaking);
    let actions = talk.transcribe(job, "Where is the training hall?");
    assert!(actions.contains(&Action::Cut(answer)), "{actions:?}");
    talk.wait_ms(900);
    assert_eq!(talk.count(|action| matches!(action, Action::Commit { .. })), 2);
}

#[test]
fn listening_sounds_over_the_last_words_leave_the_answer_finished() {
    let mut talk = Talk::new();
    let answer = talk.interrupt();
    talk.feed(Input::PlayoutFinished(answer));
    talk.overheard("okay", 150);
    talk.wait_ms(3_000);
    assert_eq!(talk.state.phase(), Phase::Listening);
    assert_eq!(talk.count(|action| matches!(action, Action::Commit { .. })), 1, "there is nothing to answer");
    assert_eq!(talk.said(), Vec::<&str>::new());
}

#[test]
fn a_yes_over_the_end_of_the_question_that_asks_for_it_is_an_answer() {
    for said in ["Yes.", "نعم"] {
        let mut talk = Talk::new();
        let answer = talk.ask_and_be_answered(1);
        talk.speak_over("Shall I book it for you?", Expecting::YesNo);
        let actions = talk.overheard(said, 100);
        assert!(actions.contains(&Action::Cut(answer)), "{said}: {actions:?}");
        talk.wait_ms(300);
        assert_eq!(talk.count(|action| matches!(action, Action::Commit { .. })), 2, "{said}");
    }
}

#[test]
fn a_question_in_two_pieces_over_the_answer_is_one_question() {
    let mut talk = Talk::new();
    let answer = talk.interrupt();
    let job = talk.pause(OVER, talk.now);
    talk.wait_ms(50);
    talk.feed(Input::SpeechResumed(OVER));
    assert!(talk.transcribe(job, "Where is").is_empty(), "it was not the end");
    let actions = talk.overheard("Where is the training hall?", 150);
    assert!(actions.contains(&Action::Cut(answer)), "{actions:?}");
}

#[test]
fn a_visitor_who_leaves_while_the_answer_is_paused_ends_it() {
    let mut talk = Talk::new();
    let answer = talk.interrupt();
    let actions = talk.feed(Input::Left);
    assert!(actions.contains(&Action::Cut(answer)), "{actions:?}");
    assert!(!talk.state.is_judging_interruption());
}

#[test]
fn a_call_for_staff_while_the_answer_is_paused_is_answered_at_once() {
    let mut talk = Talk::new();
    let answer = talk.ask_and_be_answered(1);
    talk.feed(Input::SpeechStarted { utterance: OVER, over_playout: true });
    let actions = talk.feed(Input::CallStaff);
    assert!(actions.contains(&Action::Cut(answer)), "{actions:?}");
    assert_eq!(talk.said(), ["safe.ask"]);
    assert_eq!(talk.state.phase(), Phase::Listening);
}

#[test]
fn a_lost_microphone_lets_the_paused_answer_go_on() {
    let mut talk = Talk::new();
    let answer = talk.interrupt();
    let actions = talk.feed(Input::MicrophoneLost);
    talk.goes_on(answer, &actions);
}

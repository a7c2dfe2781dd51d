//! How patiently the visitor is listened to, and how often an answer is prepared.

use super::*;

impl Talk {
    /// The visitor says `text` after the kiosk asked for `expecting`. Gives the silence after which the turn ended, ms.
    fn ends_after(&mut self, expecting: Expecting, text: &str) -> u64 {
        self.feed(Input::Asked(expecting));
        let job = self.speak(1, 700);
        let spoken = self.now - Duration::from_millis(self.settings.turn.transcribe_after_ms);
        self.transcribe(job, text);
        for _ in 0..500 {
            if self.count(|action| matches!(action, Action::TurnDecided { .. })) > 0 {
                return (self.now - spoken).as_millis() as u64;
            }
            self.wait_ms(10);
        }
        panic!("the turn never ends: {:?}", self.actions);
    }
}

#[test]
fn the_yes_that_was_asked_for_ends_the_turn_at_once() {
    for said in ["Yes", "نعم", "no thanks"] {
        let asked = Talk::new().ends_after(Expecting::YesNo, said);
        let unasked = Talk::new().ends_after(Expecting::Anything, said);
        assert_eq!(asked, 300, "{said}");
        assert!(unasked >= 600, "{said}: {unasked} ms");
    }
}

#[test]
fn a_number_is_waited_for_until_it_has_digits_enough() {
    for said in ["zero five five.", "صفر خمسة خمسة", "055 12"] {
        assert_eq!(Talk::new().ends_after(Expecting::Digits, said), 3_000, "{said}");
    }
    assert!(Talk::new().ends_after(Expecting::Digits, "0551234567.") <= 2_000);
    assert_eq!(Talk::new().ends_after(Expecting::Digits, "I would rather not say."), 450);
}

#[test]
fn a_question_that_was_answered_is_not_asked_any_more() {
    let mut talk = Talk::new();
    talk.feed(Input::Asked(Expecting::Digits));
    talk.ask_and_be_answered(1);
    talk.feed(Input::PlayoutFinished(talk.committed().unwrap()));
    let job = talk.speak(2, 700);
    talk.transcribe(job, "At one.");
    talk.wait_ms(600);
    assert_eq!(talk.count(|action| matches!(action, Action::TurnDecided { .. })), 2);
}

#[test]
fn a_number_in_pieces_is_one_turn_and_no_answer_is_prepared_to_a_part_of_it() {
    let mut talk = Talk::new();
    talk.feed(Input::Asked(Expecting::Digits));
    let start = talk.now;
    let job = talk.speak(1, 900);
    talk.transcribe(job, "zero five five");
    talk.wait_ms(1_800);
    talk.feed(Input::SpeechResumed(UtteranceId(1)));
    talk.now += Duration::from_millis(900);
    let job = talk.pause(UtteranceId(1), start);
    talk.transcribe(job, "zero five five one two three four five six seven");
    assert_eq!(talk.count(|action| matches!(action, Action::Discard { .. })), 0);
    talk.wait_ms(2_000);
    let asked: Vec<&str> = talk
        .actions
        .iter()
        .filter_map(
            |action| if let Action::Commit { question, .. } = action { Some(question.text.as_str()) } else { None },
        )
        .collect();
    assert_eq!(asked, ["zero five five one two three four five six seven"]);
}

#[test]
fn an_answer_is_prepared_at_most_three_times_in_a_turn_and_no_trace_of_the_others_is_left() {
    let mut talk = Talk::new();
    let start = talk.now;
    let mut job = talk.speak(1, 900);
    for _ in 0..6 {
        talk.transcribe(job, "What time do you open?");
        talk.feed(Input::SpeechResumed(UtteranceId(1)));
        talk.now += Duration::from_millis(500);
        job = talk.pause(UtteranceId(1), start);
    }
    assert_eq!(talk.count(|action| matches!(action, Action::Prepare { .. })), 3);
    assert_eq!(talk.count(|action| matches!(action, Action::Discard { .. })), 3);
    assert_eq!(talk.count(|action| matches!(action, Action::Commit { .. } | Action::RecordQuestion { .. })), 0);
    talk.transcribe(job, "What time do you open on Friday?");
    talk.wait_ms(900);
    assert_eq!(talk.count(|action| matches!(action, Action::Commit { .. })), 1);
}

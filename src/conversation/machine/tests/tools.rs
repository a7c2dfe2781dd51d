//! Tools that run for an answer.

use super::*;

/// A committed answer of which nothing was heard yet.
fn asked(talk: &mut Talk) -> AnswerId {
    let job = talk.speak(1, 1_500);
    talk.wait_ms(100);
    talk.transcribe(job, "What time do you open?");
    talk.wait_ms(900);
    assert_eq!(talk.state.phase(), Phase::Thinking);
    talk.committed().unwrap()
}

#[test]
fn the_phase_follows_the_tools_and_the_sound() {
    let mut talk = Talk::new();
    let answer = asked(&mut talk);
    talk.feed(Input::Calling { answer, is_running: true });
    assert_eq!(talk.state.phase(), Phase::CallingTool);
    talk.feed(Input::Calling { answer, is_running: false });
    assert_eq!(talk.state.phase(), Phase::Thinking);
    talk.feed(Input::PlayoutStarted(answer));
    talk.feed(Input::Calling { answer, is_running: true });
    assert_eq!(talk.state.phase(), Phase::Speaking, "what is heard goes before what is done");
    talk.feed(Input::SoundRanDry(answer));
    assert_eq!(talk.state.phase(), Phase::CallingTool);
    talk.feed(Input::SoundHeard(answer));
    assert_eq!(talk.state.phase(), Phase::Speaking);
    talk.feed(Input::AnswerComplete { answer, ends_visit: false, has_text: true });
    talk.feed(Input::SoundRanDry(answer));
    assert_eq!(talk.state.phase(), Phase::Speaking, "a gap between two clauses is no tool");
    talk.feed(Input::PlayoutFinished(answer));
    assert_eq!(talk.state.phase(), Phase::Listening);
}

#[test]
fn tools_may_take_as_long_as_thinking_each_but_not_for_ever_together() {
    let mut talk = Talk::new();
    let answer = asked(&mut talk);
    let begun = talk.now;
    for step in 0.. {
        talk.feed(Input::Calling { answer, is_running: step % 2 == 0 });
        talk.wait(Duration::from_secs(15));
        if talk.state.phase() == Phase::Listening {
            break;
        }
        assert!(step < 10, "it is never ended");
    }
    let took = talk.now - begun;
    assert!(took >= Duration::from_secs(60) && took <= Duration::from_secs(75), "{took:?}");
    assert!(talk.said().contains(&"trouble"), "{:?}", talk.said());
    assert_eq!(talk.count(|action| matches!(action, Action::Watchdog(_))), 1);
}

#[test]
fn whoever_speaks_while_a_tool_runs_after_something_was_heard_adds_to_the_question() {
    let mut talk = Talk::new();
    let answer = asked(&mut talk);
    talk.feed(Input::PlayoutStarted(answer));
    talk.feed(Input::Calling { answer, is_running: true });
    talk.feed(Input::SoundRanDry(answer));
    let job = talk.speak(2, 900);
    assert_eq!(talk.count(|action| *action == Action::Cut(answer)), 1);
    talk.transcribe(job, "On Friday, please.");
    talk.wait_ms(2_500);
    let question = talk.actions.iter().rev().find_map(|action| match action {
        Action::Commit { question, .. } => Some(question.text.clone()),
        _ => None,
    });
    assert_eq!(question.as_deref(), Some("What time do you open? On Friday, please."));
}

#[test]
fn an_answer_that_is_only_being_prepared_shows_no_tool() {
    let mut talk = Talk::new();
    let job = talk.speak(1, 1_500);
    talk.transcribe(job, "the opening hours on friday");
    let prepared = talk.actions.iter().find_map(|action| match action {
        Action::Prepare { answer, .. } => Some(*answer),
        _ => None,
    });
    talk.feed(Input::Calling { answer: prepared.unwrap(), is_running: true });
    assert_eq!(talk.state.phase(), Phase::Listening);
}

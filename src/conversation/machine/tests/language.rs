//! The language of the conversation, and the switch that changes it.

use super::*;

#[test]
fn the_window_returns_to_its_own_language_after_the_farewell() {
    let mut talk = Talk::new();
    let job = talk.speak(1, 1_500);
    talk.transcribe(job, "متى تفتحون؟");
    talk.wait_ms(2_500);
    assert_eq!(talk.state.language(), Language::ARABIC);
    talk.feed(Input::Finish);
    talk.wait_ms(4_000);
    assert_eq!(talk.state.language(), Language::ARABIC, "the farewell is still to be read");
    talk.wait_ms(2_000);
    assert_eq!(talk.state.language(), Language::ENGLISH);
}

/// The answers asked for in Arabic, with the questions they answer.
fn arabic_answers(actions: &[Action]) -> Vec<String> {
    let commits = actions.iter().filter_map(|action| match action {
        Action::Commit { question, .. } if question.language == Language::ARABIC => Some(question.text.clone()),
        _ => None,
    });
    commits.collect()
}

#[test]
fn whoever_switches_the_language_in_mid_answer_is_answered_again_in_the_other_one() {
    let mut talk = Talk::new();
    let answer = talk.ask_and_be_answered(1);
    let actions = talk.feed(Input::SetLanguage(Language::ARABIC));
    assert!(actions.contains(&Action::Cut(answer)), "{actions:?}");
    assert_eq!(arabic_answers(&actions), ["What time do you open?"]);
    assert_eq!((talk.state.phase(), talk.state.language()), (Phase::Thinking, Language::ARABIC));
    // Before anything is heard of it as well; and there is only one question to go back to.
    let actions = talk.feed(Input::SetLanguage(Language::ENGLISH));
    assert_eq!(talk.state.language(), Language::ENGLISH);
    assert!(actions.iter().any(|action| matches!(action, Action::Commit { .. })), "{actions:?}");
    let actions = talk.feed(Input::SetLanguage(Language::ENGLISH));
    assert_eq!(actions, [], "the same language changes nothing");
}

#[test]
fn a_touched_topic_is_told_again_in_the_language_that_is_chosen_meanwhile() {
    let mut talk = Talk::new();
    talk.feed(Input::Topic(topic()));
    let answer = talk.committed().unwrap();
    talk.feed(Input::PlayoutStarted(answer));
    let actions = talk.feed(Input::SetLanguage(Language::ARABIC));
    let entries: Vec<_> = actions
        .iter()
        .filter_map(|action| if let Action::Prepare { question, .. } = action { question.entry.clone() } else { None })
        .collect();
    assert_eq!(entries, [EntryId("hours.today".into())]);
    assert_eq!(arabic_answers(&actions).len(), 1);
}

#[test]
fn the_language_switch_ends_a_sentence_of_the_kiosk_and_lets_a_farewell_be_said() {
    let mut talk = Talk::new();
    talk.feed(Input::Touched);
    if let Some(greeting) = talk.committed() {
        talk.feed(Input::PlayoutStarted(greeting));
        let actions = talk.feed(Input::SetLanguage(Language::ARABIC));
        assert!(actions.contains(&Action::Cut(greeting)), "{actions:?}");
        assert_eq!(talk.state.phase(), Phase::Listening);
    }
    let answer = talk.ask_and_be_answered(1);
    talk.feed(Input::AnswerComplete { answer, ends_visit: true, has_text: true });
    assert_eq!(talk.feed(Input::SetLanguage(Language::ARABIC)), []);
    talk.feed(Input::PlayoutFinished(answer));
    assert!(!talk.state.in_visit());
}

#[test]
fn whoever_talks_over_an_answer_and_switches_the_language_is_listened_to() {
    let mut talk = Talk::new();
    let answer = talk.ask_and_be_answered(1);
    let utterance = UtteranceId(2);
    talk.feed(Input::SpeechStarted { utterance, over_playout: true });
    let actions = talk.feed(Input::SetLanguage(Language::ARABIC));
    assert!(actions.contains(&Action::Cut(answer)), "{actions:?}");
    assert_eq!(arabic_answers(&actions), Vec::<String>::new());
    assert_eq!((talk.state.phase(), talk.state.utterance()), (Phase::Listening, Some(utterance)));
}

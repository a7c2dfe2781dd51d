//! What happens in the middle of an answer: the speaker goes, another language is chosen.

use super::*;

#[tokio::test]
async fn what_a_lost_speaker_did_not_play_does_not_count_as_heard() {
    let mut world = World::new(
        &[Some("When do you open?"), Some("And on Friday?")],
        &[Thought::Says("We open at nine. We close at six."), Thought::Says("At two.")],
    );
    world.say(1_500).await;
    let answer = world.answer_begins().await;
    world.played(answer, 0, 1_000);
    world.hear(AudioEvent::SpeakerLost { detail: "the sound server is gone".into() }).await;
    // Playout goes on at its own pace, for those who read.
    world.played(answer, 1, 1_000);
    assert_eq!(world.caption(), "We open at nine. We close at six.");
    world.answer_ends(answer).await;
    world.say(1_500).await;
    let answer = world.answer_begins().await;
    world.answer_ends(answer).await;
    let shown = world.mind.asked.lock().unwrap().last().unwrap().messages.clone();
    assert!(shown.iter().any(|message| message.text == "We open at nine. We close at six."), "{shown:?}");
    assert_eq!(heard(&world.transcript().await), ["We open at nine.", ""]);
}

#[tokio::test]
async fn a_speaker_that_is_back_in_time_is_heard() {
    let mut world = World::new(&[Some("When do you open?")], &[Thought::Says("We open at nine.")]);
    world.hear(AudioEvent::SpeakerLost { detail: "gone".into() }).await;
    world.say(1_500).await;
    world.hear(AudioEvent::SpeakerReady { detail: "back".into() }).await;
    let answer = world.answer_begins().await;
    world.played(answer, 0, 1_000);
    world.answer_ends(answer).await;
    assert_eq!(heard(&world.transcript().await), ["We open at nine."]);
}

#[tokio::test]
async fn a_switch_of_the_language_in_mid_answer_asks_the_same_question_for_an_answer_in_the_other_one() {
    let mut world = World::new(
        &[Some("When do you open?")],
        &[Thought::Says("We open at nine. We close at six."), Thought::Says("نفتح في التاسعة.")],
    );
    world.say(1_500).await;
    let answer = world.answer_begins().await;
    world.played(answer, 0, 1_000);
    world.command(Command::SetLanguage(Language::ARABIC)).await;
    let answer = world.answer_begins().await;
    assert_eq!(world.caption(), "نفتح في التاسعة.");
    assert_eq!(world.view.load().language, Language::ARABIC);
    world.played(answer, 0, 1_000);
    world.answer_ends(answer).await;
    let asked = world.mind.asked.lock().unwrap().clone();
    let languages: Vec<_> = asked.iter().map(|request| request.language).collect();
    assert_eq!(languages, [Language::ENGLISH, Language::ARABIC]);
    // What the stand knows is found by the question's own words.
    let facts = &asked.last().unwrap().messages.first().unwrap().text;
    assert!(facts.contains("9:00"), "{facts}");
    assert_eq!(heard(&world.transcript().await), ["We open at nine.", "نفتح في التاسعة."]);
}

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
//! Visits in virtual time: speech and touches in, commands to the audio loop, transcript and view out.

use std::time::Duration;

use crate::{
    audio::{AudioCommand, AudioEvent},
    clock::Clock as _,
    config::Config,
    event::{
        Command, Connection, Device, DeviceStatus, EndReason, EntryId, Event, KnownVisitor, Language, Phase, ServedBy,
        Sight, Speaker, VisitorId, WordState,
    },
    llm::ChatRequest,
    vision::EyesCommand,
};
use world::{Setup, Thought, World, heard, said};

mod booking;
mod known;
mod languages;
mod log;
mod memory;
mod mid_answer;
mod reading;
mod real_tools;
mod tools;
mod world;

#[tokio::test]
async fn a_question_is_answered_and_both_sides_stand_in_the_transcript() {
    let mut world = World::new(&[Some("What time do you open?")], &[Thought::Says("At nine, every day.")]);
    world.say(1_500).await;
    let answer = world.answer_begins().await;
    assert_eq!(world.phase(), Phase::Speaking);
    assert_eq!(world.caption(), "At nine, every day.");
    world.played(answer, 0, 900);
    world.wait(Duration::from_millis(100)).await;
    let view = world.view.load_full();
    assert_eq!(view.before, Some((Speaker::Visitor, "What time do you open?".to_owned())));
    assert!(view.caption.as_ref().unwrap().words.iter().any(|word| word.state == WordState::Now));
    world.answer_ends(answer).await;
    assert_eq!(world.phase(), Phase::Listening);
    let record = world.turns.try_recv().unwrap();
    assert_eq!(record.served_by, Some(ServedBy::Cloud));
    assert!(record.waterfall().first_sample.is_some() && record.waterfall().transcript.is_some());
    let messages = world.transcript().await;
    assert_eq!(said(&messages, Speaker::Visitor), ["What time do you open?"]);
    assert_eq!(said(&messages, Speaker::Kiosk), ["At nine, every day."]);
    assert_eq!(heard(&messages), ["At nine, every day."]);
}

#[tokio::test]
async fn what_was_seen_goes_with_the_question_with_its_age_and_what_is_stale_does_not() {
    let mut world = World::new(&[Some("ماذا أحمل؟"), Some("ماذا أحمل الآن؟")], &[]);
    world.observations.note("شخص يحمل تذكرة.".to_owned(), world.clock.now());
    world.say(2_000).await;
    let answer = world.answer_begins().await;
    world.answer_ends(answer).await;
    // From 15 s on it is stale.
    world.wait(Duration::from_secs(12)).await;
    world.say(1_000).await;
    world.answer_begins().await;
    let asked = world.mind.asked.lock().unwrap();
    let instructions = |request: &ChatRequest| request.messages.first().unwrap().text.clone();
    let (first, last) = (instructions(asked.first().unwrap()), instructions(asked.last().unwrap()));
    assert!(first.contains("ما رأته الكاميرا (عمره بالثواني: 2): شخص يحمل تذكرة."), "{first}");
    assert!(!last.contains("تذكرة"), "{last}");
}

#[tokio::test]
async fn an_arabic_question_turns_the_conversation_to_arabic() {
    let mut world = World::new(&[Some("متى تفتحون؟")], &[Thought::Says("نفتح في التاسعة صباحًا.")]);
    world.say(1_500).await;
    let answer = world.answer_begins().await;
    assert_eq!(world.view.load().language, Language::ARABIC);
    assert_eq!(world.mind.asked.lock().unwrap().first().unwrap().language, Language::ARABIC);
    world.answer_ends(answer).await;
    let messages = world.transcript().await;
    assert!(messages.iter().all(|row| row.message.language == Language::ARABIC));
}

#[tokio::test]
async fn an_interrupted_answer_is_remembered_as_far_as_it_was_heard() {
    let mut world = World::new(
        &[Some("What time do you open?"), Some("And on Friday?")],
        &[Thought::Says("We open at nine. We close at six."), Thought::Says("At two.")],
    );
    world.say(1_500).await;
    let answer = world.answer_begins().await;
    world.played(answer, 0, 1_000);
    world.say(900).await;
    assert_eq!(world.phase(), Phase::Listening);
    let second = world.answer_begins().await;
    let history: Vec<String> =
        world.mind.asked.lock().unwrap().last().unwrap().messages.iter().map(|message| message.text.clone()).collect();
    assert_eq!(history.get(1..).unwrap(), ["What time do you open?", "We open at nine.", "And on Friday?"]);
    world.answer_ends(second).await;
    assert_eq!(heard(&world.transcript().await), ["We open at nine.", "At two."]);
}

#[tokio::test]
async fn a_touched_topic_is_answered_without_a_word_spoken() {
    let mut world = World::new(&[], &[Thought::Says("From nine to six.")]);
    let topic: EntryId = world.view.load().topics.first().unwrap().entry.clone();
    world.command(Command::AskTopic(topic.clone())).await;
    let answer = world.answer_begins().await;
    assert_eq!(world.mind.asked.lock().unwrap().first().unwrap().entry, Some(topic));
    world.answer_ends(answer).await;
    let record = world.turns.try_recv().unwrap();
    assert_eq!(record.waterfall(), super::Waterfall::default());
}

#[tokio::test]
async fn a_failed_transcription_is_asked_for_again() {
    let mut world = World::new(&[None], &[]);
    world.say(1_500).await;
    world.answer_begins().await;
    assert_eq!(world.caption(), "I did not catch that. Please say it again, or touch a topic.");
}

#[tokio::test]
async fn a_mind_that_fails_apologises() {
    let mut world = World::new(&[Some("Who are you?")], &[Thought::Fails; 8]);
    world.say(1_500).await;
    let answer = world.answer_begins().await;
    assert!(world.caption().starts_with("I could not find an answer"), "{}", world.caption());
    world.answer_ends(answer).await;
    assert_eq!(world.phase(), Phase::Listening);
    assert!(world.mind.asked.lock().unwrap().len() <= 4, "a failing mind is not asked for ever");
}

#[tokio::test]
async fn a_mind_that_is_cut_keeps_what_it_said() {
    let mut world = World::new(&[Some("Who are you?")], &[Thought::IsCutAfter("I am a machine.")]);
    world.say(1_500).await;
    let answer = world.answer_begins().await;
    assert_eq!(world.caption(), "I am a machine.");
    world.answer_ends(answer).await;
    assert_eq!(world.phase(), Phase::Listening);
}

#[tokio::test]
async fn a_mind_that_hangs_is_told_of_and_ended_by_the_watchdog() {
    let mut world = World::new(&[Some("Who are you?")], &[Thought::Hangs]);
    world.say(1_500).await;
    world.wait(Duration::from_secs(6)).await;
    assert_eq!(world.view.load().hint, Some("thinking.long"));
    world.wait(Duration::from_secs(20)).await;
    world.answer_begins().await;
    assert!(world.caption().starts_with("I could not find an answer"), "{}", world.caption());
    let mut fired = false;
    while let Some(stamped) = world.bus.try_next() {
        fired |= stamped.event == Event::WatchdogFired { phase: Phase::Thinking };
    }
    assert!(fired);
}

#[tokio::test]
async fn without_any_voice_the_answer_can_be_read_for_as_long_as_reading_takes() {
    let mut world = World::with_voice(&[Some("Who are you?")], &[Thought::Says("I am a machine.")], true);
    world.say(1_500).await;
    world.wait(Duration::from_secs(3)).await;
    let mut silence = Duration::ZERO;
    while let Ok(command) = world.to_speaker.try_recv() {
        if let AudioCommand::Play(chunk) = command {
            assert!(chunk.samples.iter().all(|sample| *sample == 0.0));
            silence += Duration::from_secs_f64(chunk.samples.len() as f64 / f64::from(chunk.sample_rate_hz));
        }
    }
    assert!(silence > Duration::from_millis(500), "{silence:?}");
}

#[tokio::test]
async fn a_visitor_who_takes_leave_hears_goodbye_and_the_visit_ends() {
    let mut world = World::new(&[Some("Thank you, goodbye.")], &[Thought::TakesLeave]);
    world.say(1_500).await;
    let answer = world.answer_begins().await;
    assert_eq!(world.caption(), "Thank you for your visit. Goodbye.");
    world.answer_ends(answer).await;
    assert_eq!(world.phase(), Phase::Idle);
    assert!(world.caption().is_empty(), "nothing is left on the screen for the next visitor");
    assert_eq!(world.view.load().hint, Some("goodbye"));
    world.wait(Duration::from_secs(6)).await;
    assert_eq!(world.view.load().hint, None);
    let mut reason = None;
    while let Some(stamped) = world.bus.try_next() {
        if let Event::VisitEnded { reason: why, .. } = stamped.event {
            reason = Some(why);
        }
    }
    assert_eq!(reason, Some(EndReason::Goodbye));
}

#[tokio::test]
async fn a_lost_speaker_and_a_returning_network_reach_the_window() {
    let world = World::new(&[], &[]);
    world.connection.send_replace(Connection::Offline);
    world.hear(AudioEvent::SpeakerLost { detail: "gone".into() }).await;
    let view = world.view.load_full();
    assert_eq!(
        (view.connection, view.lost.as_slice()),
        (Connection::Offline, [crate::event::Device::Speaker].as_slice())
    );
    world.connection.send_replace(Connection::Online);
    world.hear(AudioEvent::SpeakerReady { detail: "back".into() }).await;
    let view = world.view.load_full();
    assert!(view.lost.is_empty());
    assert_eq!(view.toast.as_ref().map(|toast| toast.key), Some("offline.back"));
    world.wait(Duration::from_secs(5)).await;
    assert!(world.view.load().toast.is_none());
}

//! What is remembered: of a visitor who is known, of a visit that is over, of a long talk; and being forgotten by word.

use std::sync::atomic::Ordering;

use super::{world::play_all, *};
use crate::event::{Card, Cost, FeedEvent, VisitSummary, VisitorMemory};

fn sara(language: Language) -> KnownVisitor {
    KnownVisitor {
        id: VisitorId(uuid::Uuid::from_u128(7)),
        name: "Sara".into(),
        language,
        agreed_at: jiff::Timestamp::UNIX_EPOCH,
    }
}

fn memory() -> VisitorMemory {
    VisitorMemory {
        preferences: vec!["mornings".into()],
        appointments: vec!["tomorrow at half past ten: Training adviser".into()],
        visits: vec!["Tuesday: asked about the apprenticeship.".into()],
        soon: Some("tomorrow at half past ten".into()),
    }
}

async fn greeted(language: Language, heard: &[Option<&'static str>], thoughts: &[Thought]) -> World {
    let mut world = World::with(Config::default(), heard, thoughts, false);
    *world.records.memory.lock().unwrap() = memory();
    world.command(Command::VisitorRecognised(Box::new(sara(language)))).await;
    let greeting = world.answer_begins().await;
    let expected = match language {
        Language::ARABIC => "أهلًا بعودتكم يا Sara. لديكم موعد tomorrow at half past ten.",
        _ => "Welcome back, Sara. You have an appointment tomorrow at half past ten.",
    };
    assert_eq!(world.caption(), expected);
    play_all(&mut world, greeting).await;
    world
}

/// The summaries that were told to the outside.
fn summaries(world: &mut World) -> Vec<VisitSummary> {
    let mut summaries = Vec::new();
    while let Ok(event) = world.feed.try_recv() {
        if let FeedEvent::CallSummary { summary, .. } = event.as_ref() {
            summaries.push(VisitSummary::clone(summary));
        }
    }
    summaries
}

#[tokio::test]
async fn a_known_visitor_is_greeted_with_the_next_appointment_and_answered_from_what_is_remembered() {
    let mut world =
        greeted(Language::ENGLISH, &[Some("What did I ask last time?"), Some("And who are you?")], &[]).await;
    world.say(1_000).await;
    let answer = world.answer_begins().await;
    play_all(&mut world, answer).await;
    let asked = world.mind.asked.lock().unwrap().clone();
    let instructions = &asked.last().unwrap().messages.first().unwrap().text;
    for line in ["- Prefers: mornings", "- Open appointment: tomorrow", "- Earlier visit: Tuesday: asked about"] {
        assert!(instructions.contains(line), "{line} in {instructions}");
    }
    assert!(!instructions.contains("Sara"), "the name stays here");
    world.command(Command::NotMe).await;
    let sorry = world.answer_begins().await;
    play_all(&mut world, sorry).await;
    world.say(1_000).await;
    world.answer_begins().await;
    let asked = world.mind.asked.lock().unwrap().clone();
    assert!(!asked.last().unwrap().messages.first().unwrap().text.contains("mornings"), "it was somebody else's");
}

#[tokio::test]
async fn forget_me_is_said_asked_back_and_carried_out_without_a_model_in_both_languages() {
    for (language, words, asks, done) in [
        (
            Language::ENGLISH,
            ["Please forget me.", "Yes, please."],
            "Shall I forget you? Your name and the pattern of your face are deleted at once. Please say yes or no.",
            "It is done. I no longer know your face or your name.",
        ),
        (
            Language::ARABIC,
            ["انسوني من فضلكم", "نعم"],
            "هل أحذف بياناتكم؟ يُحذف الاسم ونمط الوجه فورًا. قولوا نعم أو لا من فضلكم.",
            "",
        ),
    ] {
        let heard = words.map(Some);
        let mut world = greeted(language, &heard, &[]).await;
        world.say(1_000).await;
        let answer = world.answer_begins().await;
        assert_eq!(world.caption(), asks);
        play_all(&mut world, answer).await;
        assert_eq!(*world.records.told.lock().unwrap(), ["greeted 7"], "nothing is done before the yes");
        world.say(700).await;
        world.answer_begins().await;
        assert!(done.is_empty() || world.caption() == done, "{}", world.caption());
        assert_eq!(*world.records.told.lock().unwrap(), ["greeted 7", "forgotten 7"]);
        assert_eq!(world.view.load().known, None);
        assert_eq!(world.to_eyes.try_recv(), Ok(EyesCommand::NotThem(sara(language).id)));
        assert!(world.mind.asked.lock().unwrap().is_empty(), "no model was needed");
    }
}

#[tokio::test]
async fn forget_me_without_a_yes_forgets_nobody() {
    let heard = [Some("Forget me."), Some("No, wait."), Some("Yes.")];
    let mut world = greeted(Language::ENGLISH, &heard, &[]).await;
    for _ in heard {
        world.say(1_000).await;
        let answer = world.answer_begins().await;
        play_all(&mut world, answer).await;
    }
    assert_eq!(*world.records.told.lock().unwrap(), ["greeted 7"], "a later yes is an answer to something else");
    assert!(world.view.load().known.is_some());
}

#[tokio::test]
async fn somebody_who_is_not_known_hears_that_there_is_nothing_to_forget() {
    let mut world = World::new(&[Some("Please forget me.")], &[]);
    world.say(1_000).await;
    world.answer_begins().await;
    assert_eq!(world.caption(), "I do not know you, so there is nothing to forget.");
}

#[tokio::test]
async fn a_visit_without_a_network_is_summed_up_from_what_happened_shown_for_some_seconds_and_told() {
    for (question, language, text) in [
        ("When do you open?", Language::ENGLISH, "Asked: When do you open."),
        ("متى تفتحون؟", Language::ARABIC, "السؤال: متى تفتحون."),
    ] {
        let mut world = World::new(&[Some(question)], &[Thought::Says("9:00–18:00.")]);
        world.connection.send_replace(Connection::Offline);
        world.say(1_500).await;
        let answer = world.answer_begins().await;
        world.spent.store(1_700, Ordering::Relaxed);
        play_all(&mut world, answer).await;
        world.command(Command::Finish).await;
        let Some(Card::Summary(card)) = world.view.load().card.clone() else { panic!("no summary is shown") };
        assert_eq!(card.asked, [question]);
        let told = summaries(&mut world);
        let [summary] = told.as_slice() else { panic!("{told:?}") };
        assert_eq!((summary.text.as_str(), summary.language, summary.reason), (text, language, EndReason::Touch));
        assert_eq!(summary.cost, Cost(1_700));
        assert!(summary.duration > Duration::from_secs(2));
        world.wait(Duration::from_secs(9)).await;
        assert_eq!(world.view.load().card, None);
        let mut spent = Vec::new();
        while let Some(stamped) = world.bus.try_next() {
            if let Event::Spent { scope, cost } = stamped.event {
                spent.push((scope, cost));
            }
        }
        assert_eq!(spent, [("turn", Cost(1_700)), ("visit", Cost(1_700))]);
        let kept = world.summary_on_record().await.unwrap();
        assert_eq!(kept.cost, Cost(1_700));
    }
}

#[tokio::test]
async fn staff_who_sign_in_end_the_visit_and_see_nothing_of_it() {
    let mut world = World::new(&[Some("When do you open?")], &[]);
    world.connection.send_replace(Connection::Offline);
    world.say(1_500).await;
    let answer = world.answer_begins().await;
    play_all(&mut world, answer).await;
    world.command(Command::StaffSignedIn).await;
    assert_eq!((world.phase(), world.view.load().card.clone()), (Phase::Idle, None));
    let told = summaries(&mut world);
    assert_eq!(told.first().map(|summary| summary.reason), Some(EndReason::Staff));
    // What they ask of a person at the screen is between the two.
    world.say(1_500).await;
    world.wait(Duration::from_secs(3)).await;
    world.command(Command::VisitorArrived).await;
    assert_eq!(world.phase(), Phase::Idle);
    world.command(Command::StaffLeft).await;
    world.command(Command::VisitorArrived).await;
    assert_ne!(world.phase(), Phase::Idle, "the next visitor is received");
    world.command(Command::Finish).await;
    assert!(world.summary_on_record().await.is_some());
}

#[tokio::test]
async fn the_next_visitor_does_not_see_the_summary_of_the_one_before() {
    let mut world = World::new(&[Some("When do you open?")], &[]);
    world.connection.send_replace(Connection::Offline);
    world.say(1_500).await;
    let answer = world.answer_begins().await;
    play_all(&mut world, answer).await;
    world.command(Command::VisitorLeft).await;
    assert!(world.view.load().card.is_some());
    world.command(Command::VisitorArrived).await;
    assert_eq!(world.view.load().card, None);
}

#[tokio::test]
async fn a_model_words_the_summary_and_a_visit_without_a_question_has_none() {
    let thoughts = [Thought::Says("At nine."), Thought::Says("The visitor asked about the hours.")];
    let mut world = World::new(&[Some("When do you open?")], &thoughts);
    world.say(1_500).await;
    let answer = world.answer_begins().await;
    play_all(&mut world, answer).await;
    world.command(Command::Finish).await;
    let told = summaries(&mut world);
    assert_eq!(told.first().map(|summary| summary.text.as_str()), Some("The visitor asked about the hours."));
    world.command(Command::VisitorArrived).await;
    world.command(Command::Finish).await;
    assert!(summaries(&mut world).is_empty());
    assert_eq!(world.view.load().card, None);
}

#[tokio::test]
async fn a_summary_is_on_record_although_the_program_stops_while_a_model_words_it() {
    let mut world = World::new(&[Some("When do you open?")], &[Thought::Says("At nine."), Thought::Hangs]);
    world.say(1_500).await;
    let answer = world.answer_begins().await;
    world.spent.store(1_700, Ordering::Relaxed);
    play_all(&mut world, answer).await;
    world.command(Command::Finish).await;
    assert!(summaries(&mut world).is_empty(), "it is still being worded");
    assert_eq!(world.summary_on_record().await.unwrap().cost, Cost(1_700));
}

#[tokio::test]
async fn a_mixed_sentence_is_answered_in_the_language_of_the_visit_and_a_whole_one_in_its_own() {
    let heard = [
        Some("متى تفتحون؟"),
        Some("عندي meeting مع training adviser"),
        Some("Okay."),
        Some("Where are the toilets, please?"),
    ];
    let mut world = World::new(&heard, &[]);
    let mut languages = Vec::new();
    for _ in heard {
        world.say(1_200).await;
        let answer = world.answer_begins().await;
        languages.push(world.view.load().language);
        play_all(&mut world, answer).await;
    }
    assert_eq!(languages, [Language::ARABIC, Language::ARABIC, Language::ARABIC, Language::ENGLISH]);
    let asked: Vec<Language> = world.mind.asked.lock().unwrap().iter().map(|request| request.language).collect();
    assert_eq!(asked, languages, "the answer is in the language that the window shows");
}

#[tokio::test]
async fn a_long_talk_stays_within_the_budget_of_the_prompt_and_keeps_what_came_first_in_short() {
    let mut config = Config::default();
    config.visit.greet = false;
    config.memory.prompt_tokens = 900;
    let heard =
        vec![Some("Tell me more about the solar programme and its halls, please, with all that belongs to it."); 40];
    let long = "The programme has many parts, and each of them has its own hall and its own hours. ";
    let thoughts = vec![Thought::Says(long); 40];
    let mut world = World::with(config, &heard, &thoughts, false);
    world.connection.send_replace(Connection::Offline);
    for _ in 0..40 {
        world.say(1_000).await;
        let answer = world.answer_begins().await;
        play_all(&mut world, answer).await;
    }
    let asked = world.mind.asked.lock().unwrap();
    let last = asked.last().unwrap();
    assert!(last.messages.len() < 24, "{}", last.messages.len());
    assert!(last.messages.first().unwrap().text.contains("\nEARLIER"));
}

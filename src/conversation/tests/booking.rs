//! A booking with nothing scripted but the model's words: the kiosk's registry, its gate, the desk and the database.

use super::{world::play_all, *};
use crate::event::{Card, ToolFailure};

const BOOK: (&str, &str) = ("book_appointment", "{\"host\":\"desk\",\"day\":\"2026-11-24\",\"time\":\"10:30\"}");

/// What the results of tools said, as the model was told them.
fn results(world: &World) -> Vec<String> {
    let asked = world.mind.asked.lock().unwrap();
    let messages = asked.last().unwrap().messages.clone();
    messages
        .iter()
        .filter(|message| message.role == crate::llm::Role::Tool)
        .map(|message| message.text.clone())
        .collect()
}

async fn book(heard: [&'static str; 3], language: Language) {
    let thoughts = [
        Thought::Calls("", &[("fetch_slots", "{\"day\":\"2026-11-24\"}")]),
        Thought::Says("10:30?"),
        // A model that does not ask, and tries again at once.
        Thought::Calls("", &[BOOK]),
        Thought::Calls("", &[BOOK]),
        Thought::Says("Tuesday, 10:30?"),
        Thought::Calls("", &[BOOK]),
        Thought::Says("OK."),
    ];
    let said = heard.map(Some);
    let mut config = Config::default();
    config.visit.greet = false;
    let setup = Setup { config, heard: &said, thoughts: &thoughts, has_real_tools: true, ..Setup::default() };
    let mut world = World::build(setup);
    for (turn, asked_until_then) in [2, 5, 7].into_iter().enumerate() {
        world.say(1_000).await;
        // Until the turn has ended, whatever the words say of it.
        world.wait(Duration::from_millis(2_100)).await;
        world.until(|world| world.mind.asked.lock().unwrap().len() == asked_until_then).await;
        let answer = world.answer_begins().await;
        assert_eq!(world.view.load().language, language);
        let card = world.view.load().card.clone();
        match turn {
            0 => assert!(results(&world).iter().any(|told| told.contains("2026-11-24")), "{:?}", results(&world)),
            1 => assert_eq!(card, None, "nothing is booked before the visitor's yes: {:?}", results(&world)),
            _ => {
                let Some(Card::Appointment(card)) = card else { panic!("no card: {:?}", results(&world)) };
                assert!(card.code.starts_with("NEP-") && card.qr.side > 0, "{}", card.code);
            }
        }
        play_all(&mut world, answer).await;
    }
    let mut failures = Vec::new();
    while let Some(stamped) = world.bus.try_next() {
        if let Event::ToolCall { failure: Some(failure), .. } = stamped.event {
            failures.push(failure);
        }
    }
    assert!(failures.contains(&ToolFailure::NeedsConfirmation), "{failures:?}");
    world.command(Command::Finish).await;
    world.wait(Duration::from_millis(100)).await;
    let Some(Card::Summary(summary)) = world.view.load().card.clone() else { panic!("no summary is shown") };
    assert_eq!(summary.booked.len(), 1, "{:?}", summary.booked);
}

#[tokio::test]
async fn an_appointment_is_booked_by_the_real_tools_in_english_after_a_yes_and_not_before() {
    book(["When can I meet somebody on Tuesday?", "The one at half past ten.", "Yes, please."], Language::ENGLISH)
        .await;
}

#[tokio::test]
async fn an_appointment_is_booked_by_the_real_tools_in_arabic_after_a_yes_and_not_before() {
    book(["متى يمكنني مقابلة أحد يوم الثلاثاء؟", "موعد العاشرة والنصف.", "نعم، من فضلكم."], Language::ARABIC).await;
}

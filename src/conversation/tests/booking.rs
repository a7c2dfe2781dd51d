//! A booking with nothing scripted but the model's words: the kiosk's registry, its gate, the desk and the database.

use std::sync::Arc;

use super::{world::play_all, *};
use crate::event::{AppointmentCard, Card, ToolFailure};

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

/// A visit in which an appointment has just been booked, and its card is shown.
async fn booked(heard: [&'static str; 3], language: Language) -> World {
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
    world
}

fn shown(world: &World) -> Option<Arc<AppointmentCard>> {
    match world.view.load().card.clone() {
        Some(Card::Appointment(card)) => Some(card),
        _ => None,
    }
}

/// What the kiosk said last.
fn last_said(world: &World) -> String {
    world.voice.spoken.lock().unwrap().last().map(|request| request.text.clone()).unwrap_or_default()
}

/// The appointments that the visit's summary lists.
async fn summed_up(world: &World) -> Vec<String> {
    world.command(Command::Finish).await;
    world.wait(Duration::from_millis(100)).await;
    let Some(Card::Summary(summary)) = world.view.load().card.clone() else { panic!("no summary is shown") };
    summary.booked.clone()
}

const IN_ENGLISH: [&str; 3] = ["When can I meet somebody on Tuesday?", "The one at half past ten.", "Yes, please."];

#[tokio::test]
async fn an_appointment_is_booked_by_the_real_tools_in_english_after_a_yes_and_not_before() {
    let world = booked(IN_ENGLISH, Language::ENGLISH).await;
    assert_eq!(summed_up(&world).await.len(), 1);
}

#[tokio::test]
async fn an_appointment_is_booked_by_the_real_tools_in_arabic_after_a_yes_and_not_before() {
    let heard = ["متى يمكنني مقابلة أحد يوم الثلاثاء؟", "موعد العاشرة والنصف.", "نعم، من فضلكم."];
    let world = booked(heard, Language::ARABIC).await;
    assert_eq!(summed_up(&world).await.len(), 1);
}

#[tokio::test]
async fn touching_another_time_moves_the_appointment_and_says_so() {
    let mut world = booked(IN_ENGLISH, Language::ENGLISH).await;
    let before = shown(&world).unwrap();
    let other = before.alternatives.first().unwrap().clone();
    world.command(Command::MoveAppointment(other.slot)).await;
    world.until(|world| shown(world).is_some_and(|card| card.time != before.time)).await;
    let after = shown(&world).unwrap();
    assert!(after.time.starts_with(&other.time), "{} is not at {}", after.time, other.time);
    assert_eq!(after.code, before.code, "the appointment keeps its code");
    let answer = world.answer_begins().await;
    assert!(last_said(&world).starts_with("Your appointment with Reception desk is now"), "{:?}", last_said(&world));
    play_all(&mut world, answer).await;
    let listed = summed_up(&world).await;
    assert!(
        matches!(listed.as_slice(), [line] if line.starts_with("Moved") && line.contains(&other.time)),
        "{listed:?}"
    );
}

#[tokio::test]
async fn touching_cancel_takes_the_appointment_and_its_card_away_and_says_so() {
    let mut world = booked(IN_ENGLISH, Language::ENGLISH).await;
    world.command(Command::CancelAppointment).await;
    world.until(|world| shown(world).is_none()).await;
    let answer = world.answer_begins().await;
    assert!(last_said(&world).to_lowercase().contains("cancel"), "{:?}", last_said(&world));
    play_all(&mut world, answer).await;
    let listed = summed_up(&world).await;
    assert!(matches!(listed.as_slice(), [line] if line.starts_with("Cancelled")), "{listed:?}");
}

//! A page of text that is read out.

use super::*;
use crate::audio::AudioCommand;

fn pages() -> [(Language, &'static str); 2] {
    [
        (Language::ENGLISH, "May I know you by your face? It is your choice. Everything else works without it."),
        (Language::ARABIC, "هل أتعرّف عليكم من وجوهكم؟ الأمر راجع لكم. كل ما عدا ذلك يعمل من دونه."),
    ]
}

fn read_out((language, text): (Language, &str)) -> Command {
    Command::ReadOut { text: text.into(), language }
}

#[tokio::test]
async fn a_page_is_spoken_whole_in_its_language_and_then_the_kiosk_listens() {
    for page in pages() {
        let mut world = World::new(&[], &[]);
        world.command(read_out(page)).await;
        let answer = world.answer_begins().await;
        assert!(world.view.load().is_reading);
        world.settle().await;
        let spoken = world.voice.spoken.lock().unwrap().clone();
        assert!(spoken.iter().all(|request| request.language == page.0));
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let said: Vec<String> = spoken.iter().flat_map(|request| words(&request.text)).collect();
        assert_eq!(said, words(page.1));
        world.answer_ends(answer).await;
        assert!(!world.view.load().is_reading);
        assert!(world.mind.asked.lock().unwrap().is_empty(), "nobody was asked anything");
    }
}

#[tokio::test]
async fn a_second_touch_or_a_page_that_goes_stops_it_at_once() {
    for stop in [read_out(pages()[1]), Command::StopReading] {
        let mut world = World::new(&[], &[]);
        world.command(read_out(pages()[1])).await;
        let answer = world.answer_begins().await;
        world.command(stop).await;
        let mut is_silent = false;
        while let Ok(command) = world.to_speaker.try_recv() {
            is_silent |= matches!(command, AudioCommand::Clear { through } if through == answer);
        }
        assert!(is_silent);
        assert!(!world.view.load().is_reading);
        assert_eq!(world.view.load().phase, Phase::Listening);
    }
}

#[tokio::test]
async fn where_nothing_is_read_an_answer_goes_on() {
    let mut world = World::new(&[Some("When do you open?")], &[Thought::Says("We open at nine.")]);
    world.say(1_500).await;
    let answer = world.answer_begins().await;
    world.command(Command::StopReading).await;
    world.played(answer, 0, 1_000);
    world.answer_ends(answer).await;
    assert_eq!(heard(&world.transcript().await), ["We open at nine."]);
}

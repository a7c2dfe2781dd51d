//! A third language, of which there are only files.

use std::path::Path;

use super::{world::play_all, *};
use crate::{conversation::Personas, event::PersonaId};

#[path = "../../../tests/common/third_language.rs"]
mod third_language;

fn french() -> Language {
    "fr".parse().unwrap()
}

/// A kiosk that also speaks French, and speaks it first.
fn in_french(heard: &[Option<&'static str>], thoughts: &[Thought]) -> (World, tempfile::TempDir) {
    let assets = tempfile::tempdir().unwrap();
    third_language::add_french(Path::new("assets"), assets.path());
    let mut config = Config::default();
    config.paths.assets = assets.path().to_owned();
    config.stand.language = french();
    config.visit.greet = false;
    (World::with(config, heard, thoughts, false), assets)
}

#[tokio::test]
async fn a_visitor_is_answered_by_a_model_in_a_language_that_was_added_by_files() {
    let (mut world, _assets) = in_french(&[Some("Quand êtes-vous ouverts ?")], &[Thought::Says("De neuf heures.")]);
    world.say(1_500).await;
    let answer = world.answer_begins().await;
    assert_eq!((world.view.load().language, world.caption().as_str()), (french(), "De neuf heures."));
    let asked = world.mind.asked.lock().unwrap().last().unwrap().clone();
    assert_eq!(asked.language, french());
    let told = asked.messages.iter().map(|message| message.text.as_str()).collect::<Vec<_>>().join("\n");
    assert!(told.contains("French") && told.contains("ouvert de 9 h à 18 h"), "{told}");
    assert!(world.voice.spoken.lock().unwrap().iter().all(|request| request.language == french()));
    play_all(&mut world, answer).await;
}

#[tokio::test]
async fn a_visitor_changes_between_all_languages_and_is_followed() {
    let heard =
        [Some("Quand êtes-vous ouverts ?"), Some("متى تفتحون يوم الجمعة؟"), Some("Merci beaucoup pour votre aide")];
    let thoughts =
        [Thought::Says("De neuf heures."), Thought::Says("نفتح في الثانية."), Thought::Says("Je vous en prie.")];
    let (mut world, _assets) = in_french(&heard, &thoughts);
    for language in [french(), Language::ARABIC] {
        world.say(1_500).await;
        let answer = world.answer_begins().await;
        assert_eq!(world.view.load().language, language);
        play_all(&mut world, answer).await;
    }
    world.command(Command::SetLanguage(french())).await;
    world.say(1_500).await;
    let answer = world.answer_begins().await;
    assert_eq!(world.view.load().language, french());
    play_all(&mut world, answer).await;
}

#[tokio::test]
async fn topics_and_personas_are_named_in_every_language_that_has_a_name_for_them() {
    let (world, assets) = in_french(&[], &[]);
    let topics = world.view.load().topics.clone();
    let hours = topics.first().unwrap();
    assert_eq!((hours.label.text(french()), hours.label.text(Language::ENGLISH)), ("Horaires", "Opening hours"));
    let personas = Personas::load(assets.path(), "reception").unwrap();
    let sales = personas.get(&PersonaId("sales".into())).unwrap();
    assert_eq!((sales.name(french()), sales.name(Language::ARABIC)), ("Ventes", "المبيعات"));
}

//! What a visit leaves in the log: figures, never words.

use std::{
    io::Write,
    sync::{Arc, Mutex},
};

use super::{
    world::{ScriptedTool, play_all},
    *,
};
use crate::event::Effect;

/// Everything that is written, at every level.
#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn the_log_of_a_whole_visit_holds_no_number_no_name_and_no_word_of_it() {
    let written = Written::default();
    let writer = written.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);

    let known = KnownVisitor {
        id: VisitorId(uuid::Uuid::from_u128(7)),
        name: "Sara".into(),
        language: Language::ENGLISH,
        agreed_at: jiff::Timestamp::UNIX_EPOCH,
    };
    let identify = ScriptedTool {
        effects: vec![Effect::Identified(Arc::new(known)), Effect::Preferred("mornings".into())],
        ..ScriptedTool::new("identify_visitor", "{\"found\":true,\"phone\":\"+966501234567\"}")
    };
    let fails = ScriptedTool {
        failure: Some(crate::event::ToolFailure::Failed),
        ..ScriptedTool::new("book_appointment", "{\"error\":\"Tuesday is taken\"}")
    };
    let thoughts = [
        Thought::Calls("", &[("identify_visitor", "{\"phone\":\"zero five zero one two three four five six seven\"}")]),
        Thought::Says("Welcome, Sara. Your number ends in 567."),
        Thought::Calls("", &[("book_appointment", "{\"phone\":\"0501234567\"}")]),
        Thought::Fails,
        Thought::Says("A visitor asked for Tuesday."),
    ];
    let heard = [Some("My number is 050 123 4567."), Some("Book me on Tuesday, please."), None];
    let mut config = Config::default();
    config.visit.greet = false;
    let tools = vec![identify, fails];
    let mut world = World::build(Setup { config, heard: &heard, thoughts: &thoughts, tools, ..Setup::default() });
    for _ in 0..3 {
        world.say(1_500).await;
        let answer = world.answer_begins().await;
        play_all(&mut world, answer).await;
    }
    let view = world.view.load_full();
    tracing::debug!(?view.known, ?view.card, "what may be shown of a view");
    world.command(Command::Finish).await;
    world.wait(Duration::from_secs(1)).await;

    let log = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
    assert!(log.contains("turn"), "the figures are there: {log}");
    for secret in [
        "050 123",
        "0501234567",
        "501234567",
        "+966",
        "zero five",
        "Sara",
        "Tuesday",
        "My number",
        "mornings",
        "Welcome",
    ] {
        let found = log.lines().find(|line| line.contains(secret));
        assert_eq!(found, None, "{secret}");
    }
}

//! `majlis appointments` beside a kiosk that runs.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use super::*;
use crate::{
    event::{PersonaId, TurnId, VisitId},
    store::{AuditAction, People},
    tools::CallContext,
};

struct Kiosk {
    _folder: tempfile::TempDir,
    _store: Store,
    people: People,
    desk: Desk,
    config: Config,
}

impl Kiosk {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut config = Config::default();
        config.paths.database = folder.path().join("majlis.sqlite");
        config.store.key = String::new();
        let path = &config.paths.database;
        let store = Store::open(path, Bus::new(Arc::new(SystemClock::start_now()))).unwrap();
        let people = store.people(Key::load(path, "", None).unwrap());
        let words = Arc::new(Words::load(&config.paths.assets).unwrap());
        let desk = Desk::new(&config, people.clone(), words).unwrap();
        Self { _folder: folder, _store: store, people, desk, config }
    }

    /// Books the first free time; its code.
    async fn book(&self, now: Timestamp) -> String {
        self.people.ready().await.unwrap();
        let host = self.desk.calendar.hosts()[0].clone();
        let slot = self.desk.free(&host, self.desk.calendar.window(now), now).await.unwrap().remove(0);
        let context = CallContext {
            visit: VisitId::generate(),
            turn: TurnId(1),
            step: 0,
            visitor: None,
            language: Language::ENGLISH,
            persona: PersonaId("reception".to_owned()),
            now,
            visitor_said: "".into(),
            shown: None,
        };
        let book = super::super::tools(&self.desk).into_iter().find(|tool| tool.spec().name == "book_appointment");
        let arguments = serde_json::json!({"slot": slot.id().0, "name": "Sara", "may_keep": true});
        let done = book.unwrap().call(arguments, &context).await.unwrap();
        done.content["code"].as_str().unwrap().to_owned()
    }

    fn run(&self, action: AppointmentsAction) -> Outcome {
        appointments(&self.config, &action).unwrap()
    }

    fn list(&self, day: Option<&str>, cancelled: bool) -> Outcome {
        self.run(AppointmentsAction::List { day: day.map(str::to_owned), cancelled })
    }
}

#[test]
fn staff_see_what_is_booked_and_cancel_it() {
    let kiosk = Kiosk::new();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let code = runtime.block_on(kiosk.book(Timestamp::now()));
    let listed = kiosk.list(None, false).text;
    assert!(listed.starts_with(&code) && listed.ends_with("  Reception desk  Sara\n"), "{listed}");
    assert_eq!(kiosk.list(Some("2020-01-01"), false).text, "none\n");
    let wrong = kiosk.list(Some("someday"), false);
    assert!(wrong.code == 2 && wrong.notes.contains("found \"someday\"; allowed a date such as"), "{}", wrong.notes);

    let cancel = |code: &str| kiosk.run(AppointmentsAction::Cancel { code: code.to_owned() });
    assert_eq!(cancel("x").code, 2);
    assert_eq!(cancel("NEP-AAAA").code, 1);
    assert!(cancel(&code.to_lowercase()).text.starts_with(&format!("cancelled {code}")));
    assert_eq!(cancel(&code).code, 1, "twice");
    assert_eq!(kiosk.list(None, false).text, "none\n");
    let listed = kiosk.list(None, true).text;
    assert!(listed.ends_with("  cancelled\n") && !listed.contains("Sara"), "{listed}");
    let log = kiosk.people.reader().unwrap().audit_log(&[AuditAction::AppointmentCancelled], 9).unwrap();
    assert_eq!(log.len(), 1);
}

//! Two kiosks book on one database at once, each in a process of its own: no time is given twice.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a test; the child's output is its result")]

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use majlis::{
    appointments::{Calendar, Desk, tools},
    clock::SystemClock,
    config::{Config, Host},
    event::{Bus, ByLanguage, Language, PersonaId, TurnId, VisitId},
    store::{AppointmentStatus, Key, Store, check},
    tools::{CallContext, ToolError},
    words::Words,
};
use serde_json::json;

/// Times that both kiosks want: 1,000 tries in all.
const TIMES: usize = 500;

/// Names the database to the child.
const DATABASE: &str = "MAJLIS_TWO_KIOSKS_DATABASE";

/// A limit that is never reached unless the test fails.
const LONG: Duration = Duration::from_secs(240);

fn now() -> Timestamp {
    "2026-11-21T07:00:00Z".parse().unwrap()
}

fn config(database: &Path) -> Config {
    let mut config = Config::default();
    config.paths.database = database.to_owned();
    config.appointments.days_ahead = 30;
    config.appointments.hosts = vec![Host {
        id: "adviser".to_owned(),
        name: ByLanguage::texts("Adviser", "مستشار"),
        hours: vec!["mon-sun 08:00-18:00".to_owned()],
        length_minutes: 5,
        ..Host::default()
    }];
    config
}

fn wanted(config: &Config) -> Vec<String> {
    let calendar = Calendar::new(&config.appointments, &config.stand).unwrap();
    let host = calendar.hosts().first().unwrap().clone();
    let window = calendar.window(now());
    let days = std::iter::successors(Some(*window.start()), |day| day.tomorrow().ok()).take(30);
    let slots = days.flat_map(|day| calendar.slots(&host, day, now()));
    slots.map(|slot| slot.id().0).take(TIMES).collect()
}

/// What one kiosk does: tries to book every time, each for another visitor, and prints what it got.
#[test]
#[ignore = "run by two_kiosks_never_give_a_time_twice, as a process of its own"]
fn a_kiosk_that_books() {
    let database = PathBuf::from(std::env::var(DATABASE).unwrap());
    let config = config(&database);
    let store = Store::open(&database, Bus::new(Arc::new(SystemClock::start_now()))).unwrap();
    let people = store.people(Key::load(&database, "KEY", None).unwrap());
    let words = Arc::new(Words::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("assets")).unwrap());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        people.ready().await.unwrap();
        let desk = Desk::new(&config, people, words).unwrap();
        let book = tools(&desk).into_iter().find(|tool| tool.spec().name == "book_appointment").unwrap();
        let ready = database.with_extension(std::process::id().to_string());
        std::fs::write(&ready, "").unwrap();
        wait_for(|| database.with_extension("go").exists());
        for slot in wanted(&config) {
            let context = CallContext {
                visit: VisitId::generate(),
                turn: TurnId(1),
                step: 0,
                visitor: None,
                language: Language::ENGLISH,
                persona: PersonaId("reception".to_owned()),
                now: now(),
                visitor_said: "yes".into(),
                shown: None,
            };
            match book.call(json!({"slot": slot}), &context).await {
                Ok(_) => println!("got {slot}"),
                Err(ToolError::Refused(_)) => println!("taken {slot}"),
                Err(error) => println!("failed {slot} {error}"),
            }
        }
    });
}

fn wait_for(is_there: impl Fn() -> bool) {
    let deadline = Instant::now() + LONG;
    while !is_there() {
        assert!(Instant::now() < deadline);
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn two_kiosks_never_give_a_time_twice() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("majlis.sqlite");
    let kiosks: Vec<_> = (0..2)
        .map(|_| {
            Command::new(std::env::current_exe().unwrap())
                .args(["--exact", "a_kiosk_that_books", "--ignored", "--nocapture"])
                .env(DATABASE, &database)
                .stdout(Stdio::piped())
                .spawn()
                .unwrap()
        })
        .collect();
    for kiosk in &kiosks {
        wait_for(|| database.with_extension(kiosk.id().to_string()).exists());
    }
    let begin = Instant::now();
    std::fs::write(database.with_extension("go"), "").unwrap();
    let mut got: BTreeMap<String, usize> = BTreeMap::new();
    let mut shares = Vec::new();
    let (mut taken, mut failed) = (0, Vec::new());
    for kiosk in kiosks {
        let output = kiosk.wait_with_output().unwrap();
        assert!(output.status.success());
        let text = String::from_utf8(output.stdout).unwrap();
        // The harness writes the test's name before its first line.
        let lines = || text.lines().filter_map(|line| line.find("got ").and_then(|at| line.get(at + 4..)));
        shares.push(lines().count());
        lines().for_each(|slot| *got.entry(slot.to_owned()).or_default() += 1);
        taken += text.lines().filter(|line| line.contains("taken ")).count();
        failed.extend(text.lines().filter(|line| line.contains("failed ")).map(str::to_owned));
    }
    println!("{} tries in {:?}: {shares:?} booked, {taken} refused", 2 * TIMES, begin.elapsed());
    assert_eq!(failed, [""; 0]);
    assert_eq!(got.values().max(), Some(&1), "a time was given twice");
    assert_eq!((got.len(), taken), (TIMES, TIMES), "each time is given once, and refused once");

    let people = Store::open(&database, Bus::new(Arc::new(SystemClock::start_now()))).unwrap();
    let reader = people.people(Key::load(&database, "KEY", None).unwrap()).reader().unwrap();
    let all = reader.appointments_between([Timestamp::UNIX_EPOCH, "2030-01-01T00:00:00Z".parse().unwrap()]).unwrap();
    let booked = all.iter().filter(|one| one.appointment.status == AppointmentStatus::Booked);
    assert_eq!(booked.count(), TIMES);
    assert_eq!(check(&database).unwrap(), []);
}

//! The store as the kiosk and its staff see it.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::{
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use rusqlite::Connection;
use sha2::{Digest, Sha256};

use super::{
    code::Code,
    connection::{Database, MIGRATIONS},
    queue, recovery,
    writer::Retry,
    *,
};
use crate::{
    clock::ManualClock,
    event::{
        AnswerId, Bus, Device, DeviceStatus, EndReason, Event, Language, ProviderKind, ServedBy, Speaker, Subscription,
        TurnId, VisitId,
    },
};

/// A limit that is never reached unless the test fails.
const LONG: Duration = Duration::from_secs(20);
const QUICK: Retry = Retry { first: Duration::from_millis(2), last: Duration::from_millis(10) };

struct Place {
    folder: tempfile::TempDir,
    bus: Bus,
    events: Subscription,
}

impl Place {
    fn new() -> Self {
        let bus = Bus::new(Arc::new(ManualClock::default()));
        Self { folder: tempfile::tempdir().unwrap(), events: bus.subscribe(), bus }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("data/majlis.sqlite")
    }

    fn open(&self) -> Store {
        self.open_with(Box::new(Database::open), queue::CAPACITY)
    }

    fn open_with(&self, opener: super::writer::Opener, capacity: usize) -> Store {
        Store::start(&self.path(), self.bus.clone(), opener, QUICK, capacity).unwrap()
    }

    /// What was published about the store so far.
    fn statuses(&mut self) -> Vec<DeviceStatus> {
        std::iter::from_fn(|| self.events.try_next())
            .map(|stamped| match stamped.event {
                Event::Device { device: Device::Store, status, .. } => status,
                other => panic!("unexpected {other:?}"),
            })
            .collect()
    }

    fn wait_for(&mut self, wanted: DeviceStatus) {
        let deadline = Instant::now() + LONG;
        while self.statuses().last() != Some(&wanted) {
            assert!(Instant::now() < deadline, "the store never became {wanted:?}");
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    fn reader(&self) -> Reader {
        Reader::open(&self.path()).unwrap()
    }
}

fn visit() -> VisitId {
    VisitId::generate()
}

fn message(visit: VisitId, turn: u64, speaker: Speaker, text: &str) -> Record {
    Record::Message(Message {
        visit,
        turn: TurnId(turn),
        speaker,
        answer: AnswerId(7),
        language: Language::ENGLISH,
        text: text.into(),
        served_by: Some(ServedBy::Embedded),
        started_at: UnixMillis(1_000 + i64::try_from(turn).unwrap()),
    })
}

/// A short visit: a question, an answer that was cut, the figures, a goodbye.
fn talk(visit: VisitId) -> Vec<Record> {
    vec![
        Record::VisitStarted { visit, at: UnixMillis(1_000) },
        message(visit, 1, Speaker::Visitor, "Where is hall B2?"),
        message(visit, 1, Speaker::Kiosk, "Hall B2 is on the first floor, left of the stairs."),
        Record::Heard { visit, turn: TurnId(1), answer: AnswerId(7), text: "Hall B2 is on".into() },
        Record::Turn(TurnFigures {
            visit,
            turn: TurnId(1),
            utterance_start_ms: Some(500),
            utterance_end_ms: Some(1_700),
            end_of_turn_ms: Some(300),
            transcript_ms: Some(180),
            first_token_ms: None,
            first_audio_ms: Some(310),
            first_sample_ms: Some(330),
        }),
        Record::VisitEnded { visit, at: UnixMillis(9_000), reason: EndReason::Goodbye },
    ]
}

fn record_all(store: &Store, records: &[Record]) {
    let writer = store.writer();
    for record in records {
        writer.record(record.clone());
    }
}

fn texts(reader: &Reader, visit: VisitId) -> Vec<String> {
    reader.messages(visit).unwrap().into_iter().map(|row| row.message.text.0).collect()
}

fn assert_talk_is_there(place: &Place, id: VisitId) {
    let reader = place.reader();
    let visits = reader.visits().unwrap();
    let row = visits.iter().find(|row| row.id == id).unwrap();
    assert_eq!((row.started_at, row.ended), (UnixMillis(1_000), Some((UnixMillis(9_000), EndReason::Goodbye))));
    let messages = reader.messages(id).unwrap();
    assert_eq!(messages.len(), 2);
    assert_eq!((messages[0].message.speaker, &messages[0].heard), (Speaker::Visitor, &None));
    assert_eq!(messages[1].heard, Some(Said::from("Hall B2 is on")));
    assert_eq!(reader.turns(id).unwrap()[0].first_sample_ms, Some(330));
    assert_eq!(check(&place.path()).unwrap(), []);
}

#[test]
fn what_is_said_is_on_the_disk_as_it_is_said() {
    let mut place = Place::new();
    let (store, id) = (place.open(), visit());
    let talk = talk(id);
    record_all(&store, &talk[..3]);
    assert!(store.flush(LONG));
    // Another connection sees the transcript while the visit goes on.
    assert_eq!(texts(&place.reader(), id).len(), 2);
    assert_eq!(place.reader().visits().unwrap()[0].ended, None);
    record_all(&store, &talk[3..]);
    assert_eq!(store.close(LONG).unwrap(), Closed { recovered: 0, dropped: 0 });
    assert_talk_is_there(&place, id);
    assert_eq!(place.statuses(), []);
}

#[test]
fn a_longer_text_replaces_the_shorter_and_writing_twice_is_writing_once() {
    let place = Place::new();
    let (store, id) = (place.open(), visit());
    record_all(&store, &[message(id, 1, Speaker::Kiosk, "Hall B2")]);
    record_all(&store, &talk(id));
    record_all(&store, &talk(id));
    assert!(store.flush(LONG));
    assert_talk_is_there(&place, id);
}

#[test]
fn only_this_user_may_read_the_database() {
    let place = Place::new();
    let store = place.open();
    record_all(&store, &talk(visit()));
    assert!(store.flush(LONG));
    for file in std::fs::read_dir(place.path().parent().unwrap()).unwrap() {
        let file = file.unwrap();
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o077, 0, "{:?}", file.path());
    }
}

#[test]
fn records_wait_in_order_while_the_database_cannot_be_written_and_staff_are_told_once() {
    let mut place = Place::new();
    // A file stands where the folder should be: no rights help, not even root's.
    std::fs::write(place.folder.path().join("data"), "in the way").unwrap();
    let (store, id) = (place.open(), visit());
    record_all(&store, &talk(id));
    place.wait_for(DeviceStatus::Lost);
    assert!(!store.flush(Duration::from_millis(60)));
    assert_eq!(place.statuses(), [], "told again");
    assert_eq!(store.writer().waiting(), 6);

    std::fs::remove_file(place.folder.path().join("data")).unwrap();
    assert!(store.flush(LONG));
    place.wait_for(DeviceStatus::Ready);
    assert_talk_is_there(&place, id);
}

#[test]
fn a_locked_database_delays_the_records_only() {
    let mut place = Place::new();
    let (store, id) = (place.open(), visit());
    record_all(&store, &[Record::VisitStarted { visit: id, at: UnixMillis(1_000) }]);
    assert!(store.flush(LONG));
    let other = Connection::open(place.path()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    record_all(&store, &talk(id));
    place.wait_for(DeviceStatus::Lost);
    other.execute_batch("COMMIT").unwrap();
    assert!(store.flush(LONG));
    assert_talk_is_there(&place, id);
}

/// Opens the database so that it can grow no more while `full` holds.
fn opener_of_a_full_disk(full: Arc<AtomicBool>) -> super::writer::Opener {
    Box::new(move |path| {
        let database = Database::open(path)?;
        if full.load(Ordering::SeqCst) {
            let pages: i64 = database.connection.pragma_query_value(None, "page_count", |row| row.get(0)).unwrap();
            database.connection.pragma_update(None, "max_page_count", pages).unwrap();
        }
        Ok(database)
    })
}

#[test]
fn a_full_disk_loses_nothing_that_was_said() {
    let mut place = Place::new();
    let full = Arc::new(AtomicBool::new(true));
    let (store, id) = (place.open_with(opener_of_a_full_disk(full.clone()), queue::CAPACITY), visit());
    let long = "a very long question ".repeat(1_000);
    record_all(&store, &talk(id));
    record_all(&store, &[message(id, 2, Speaker::Visitor, &long)]);
    place.wait_for(DeviceStatus::Lost);
    full.store(false, Ordering::SeqCst);
    assert!(store.flush(LONG));
    place.wait_for(DeviceStatus::Ready);
    assert_eq!(texts(&place.reader(), id).last(), Some(&long));
}

#[test]
fn a_database_that_vanishes_is_made_anew_and_later_records_are_kept() {
    let mut place = Place::new();
    let (store, first, second) = (place.open(), visit(), visit());
    record_all(&store, &talk(first));
    assert!(store.flush(LONG));
    std::fs::remove_dir_all(place.path().parent().unwrap()).unwrap();
    record_all(&store, &talk(second));
    assert!(store.flush(LONG));
    place.wait_for(DeviceStatus::Ready);
    assert_talk_is_there(&place, second);
}

#[test]
fn what_cannot_be_written_until_the_end_is_read_back_at_the_next_start() {
    let mut place = Place::new();
    let full = Arc::new(AtomicBool::new(true));
    let (store, id) = (place.open_with(opener_of_a_full_disk(full), queue::CAPACITY), visit());
    let long = "a very long question ".repeat(1_000);
    record_all(&store, &[message(id, 2, Speaker::Visitor, &long)]);
    record_all(&store, &talk(id));
    place.wait_for(DeviceStatus::Lost);
    assert_eq!(store.close(LONG).unwrap(), Closed { recovered: 7, dropped: 0 });
    let file = recovery::file(&place.path());
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);

    let store = place.open();
    record_all(&store, &[message(id, 3, Speaker::Visitor, "Thank you")]);
    assert!(store.flush(LONG));
    assert_eq!(texts(&place.reader(), id).len(), 4);
    assert!(!file.exists());
}

#[test]
fn a_torn_line_of_the_recovery_file_costs_only_itself() {
    let place = Place::new();
    let id = visit();
    std::fs::create_dir(place.path().parent().unwrap()).unwrap();
    recovery::save(&place.path(), &talk(id)).unwrap();
    let file = recovery::file(&place.path());
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, format!("{text}{{\"record\":\"mess")).unwrap();
    let store = place.open();
    record_all(&store, &talk(visit()));
    assert!(store.flush(LONG));
    assert_talk_is_there(&place, id);
    assert!(!file.exists());
    assert!(place.path().with_file_name("majlis.sqlite.recovery.unreadable.jsonl").exists());
}

#[test]
fn records_saved_after_a_torn_line_can_be_read_back() {
    let place = Place::new();
    std::fs::create_dir(place.path().parent().unwrap()).unwrap();
    let file = recovery::file(&place.path());
    std::fs::write(&file, "{\"record\":\"mess").unwrap();
    let talk = talk(visit());
    recovery::save(&place.path(), &talk[..2]).unwrap();
    recovery::save(&place.path(), &talk[2..]).unwrap();
    let recovered = recovery::read(&place.path()).unwrap().unwrap();
    assert_eq!((recovered.records.len(), recovered.unreadable), (talk.len(), 1));
    assert!(!std::fs::read_to_string(&file).unwrap().contains("\n\n"));
}

#[test]
fn unreadable_lines_of_every_run_are_kept() {
    let place = Place::new();
    std::fs::create_dir(place.path().parent().unwrap()).unwrap();
    for torn in ["first", "second", "third"] {
        std::fs::write(recovery::file(&place.path()), torn).unwrap();
        let recovered = recovery::read(&place.path()).unwrap().unwrap();
        recovery::finish(&place.path(), &recovered).unwrap();
    }
    for (ending, torn) in [("", "first"), ("-2", "second"), ("-3", "third")] {
        let file = place.path().with_file_name(format!("majlis.sqlite.recovery.unreadable{ending}.jsonl"));
        assert_eq!(std::fs::read_to_string(file).unwrap(), torn);
    }
}

#[test]
fn a_transcript_is_in_the_order_it_was_said() {
    let place = Place::new();
    let (store, id) = (place.open(), visit());
    let said = |turn, speaker, at, answer, text: &str| match message(id, turn, speaker, text) {
        Record::Message(message) => {
            Record::Message(Message { started_at: UnixMillis(at), answer: AnswerId(answer), ..message })
        }
        other => other,
    };
    // What the kiosk says of itself has turn 0.
    record_all(
        &store,
        &[
            said(0, Speaker::Kiosk, 1_000, 1, "Welcome!"),
            said(1, Speaker::Kiosk, 2_000, 2, "Upstairs."),
            said(1, Speaker::Visitor, 2_000, 0, "Where is hall B2?"),
            said(0, Speaker::Kiosk, 9_000, 3, "Are you still there?"),
            said(2, Speaker::Visitor, 9_500, 0, "Yes."),
        ],
    );
    assert!(store.flush(LONG));
    let expected = ["Welcome!", "Where is hall B2?", "Upstairs.", "Are you still there?", "Yes."];
    assert_eq!(texts(&place.reader(), id), expected);
}

#[test]
fn a_recovery_file_that_cannot_be_read_does_not_stop_the_writing() {
    let place = Place::new();
    // A folder of that name: no rights help, not even root's.
    std::fs::create_dir_all(recovery::file(&place.path())).unwrap();
    let (store, id) = (place.open(), visit());
    record_all(&store, &talk(id));
    assert!(store.flush(LONG));
    assert_talk_is_there(&place, id);
}

#[test]
fn a_program_that_dies_loses_nothing_that_was_committed() {
    let place = Place::new();
    let (store, id) = (place.open(), visit());
    record_all(&store, &talk(id)[..5]);
    assert!(store.flush(LONG));
    // No destructor, no checkpoint, the journal stays as it is.
    std::mem::forget(store);
    let store = place.open();
    record_all(&store, &talk(id)[5..]);
    assert!(store.flush(LONG));
    assert_talk_is_there(&place, id);
}

#[test]
fn two_stores_of_one_database_both_write() {
    let place = Place::new();
    let (one, other, first, second) = (place.open(), place.open(), visit(), visit());
    record_all(&one, &talk(first));
    record_all(&other, &talk(second));
    assert!(one.flush(LONG) && other.flush(LONG));
    assert_talk_is_there(&place, first);
    assert_talk_is_there(&place, second);
}

#[test]
fn a_full_queue_drops_the_oldest_and_staff_are_told_how_many() {
    let mut place = Place::new();
    std::fs::write(place.folder.path().join("data"), "in the way").unwrap();
    let (store, id) = (place.open_with(Box::new(Database::open), 3), visit());
    let talk = talk(id);
    record_all(&store, &talk[..5]);
    assert_eq!(store.writer().waiting(), 3);
    std::fs::remove_file(place.folder.path().join("data")).unwrap();
    assert!(store.flush(LONG));
    // The beginning of the visit and the question are gone; the answer is kept all the same.
    assert_eq!(texts(&place.reader(), id).len(), 1);
    assert_eq!(store.close(LONG).unwrap(), Closed { recovered: 0, dropped: 2 });
    let told: Vec<u64> = std::iter::from_fn(|| place.events.try_next())
        .filter_map(|stamped| match stamped.event {
            Event::Dropped { what: "records", count } => Some(count),
            _ => None,
        })
        .collect();
    assert_eq!(told, [2], "once");
}

#[test]
fn dropping_the_store_writes_what_is_waiting() {
    let place = Place::new();
    let (store, id) = (place.open(), visit());
    record_all(&store, &talk(id));
    drop(store);
    assert_talk_is_there(&place, id);
}

#[test]
fn a_database_of_a_later_version_is_left_alone() {
    let mut place = Place::new();
    std::fs::create_dir(place.path().parent().unwrap()).unwrap();
    Connection::open(place.path()).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let store = place.open();
    place.wait_for(DeviceStatus::Lost);
    assert!(matches!(check(&place.path()), Err(StoreError::Newer { found: 99, known: 5, .. })));
    assert_eq!(store.close(LONG).unwrap().recovered, 0);
}

#[test]
fn staff_events_are_kept_and_carry_no_words() {
    let place = Place::new();
    let store = place.open();
    let event =
        Event::Device { device: Device::Microphone, status: DeviceStatus::Lost, detail: "unplugged".to_owned() };
    let event = StaffEvent::of(&event, UnixMillis(5)).unwrap();
    record_all(&store, &[Record::Staff(event.clone()), Record::Staff(event.clone())]);
    assert!(store.flush(LONG));
    assert_eq!(place.reader().staff_events().unwrap(), [event]);
    assert_eq!(StaffEvent::of(&Event::VisitStarted { visit: visit() }, UnixMillis(5)), None);
}

#[test]
fn debug_output_of_a_record_tells_nothing_that_was_said() {
    let text = format!("{:?}", talk(visit()));
    assert!(!text.contains("hall") && text.contains("Said(17 characters)"), "{text}");
}

#[test]
fn check_names_the_row_that_breaks_an_invariant() {
    let place = Place::new();
    let (store, id) = (place.open(), visit());
    record_all(&store, &talk(id));
    store.close(LONG).unwrap();
    let connection = Connection::open(place.path()).unwrap();
    connection.execute_batch("UPDATE messages SET heard = text || ' and more' WHERE speaker = 'kiosk'").unwrap();
    connection.execute_batch("PRAGMA foreign_keys = off; DELETE FROM visits").unwrap();
    let said: Vec<String> = check(&place.path()).unwrap().iter().map(ToString::to_string).collect();
    assert!(
        said.iter().any(|line| line.starts_with(&format!("messages {id}/1/kiosk/7: no more is heard"))),
        "{said:?}"
    );
    assert!(said.iter().any(|line| line.ends_with("every reference has its row")), "{said:?}");
}

#[test]
fn migrations_are_applied_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.sqlite");
    let schema = |path: &Path| -> Vec<String> {
        let database = Database::open(path).unwrap();
        let mut statement = database.connection.prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL").unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    let first = schema(&path);
    assert_eq!(schema(&path), first);
    assert_eq!(check(&path).unwrap(), []);
}

/// A migration that has been shipped may not change: add another.
#[test]
fn shipped_migrations_are_as_they_were() {
    let sums: Vec<(&str, String)> = MIGRATIONS
        .iter()
        .map(|(name, sql)| (*name, Sha256::digest(sql).iter().map(|byte| format!("{byte:02x}")).collect()))
        .collect();
    let shipped = [
        ("0001_visits", "3a98fa94b26f380f0adb28746002bc6c8cc929812bda91e2a09570468c567e91".to_owned()),
        ("0002_people", "fc096dd92a3060c1fd25e97b1611416a6bad5baf26dcd213091d934011de0905".to_owned()),
        ("0003_conversation", "af361769d8143520db70178eafcb6e1fb3c82294be3fed01af8dbac38808963d".to_owned()),
        ("0004_requests", "40e81d80ffec25142680f24cedcfda5a74018f2655d2020354e2956026e9dd05".to_owned()),
        ("0005_staff", "caf62ce9f10587602a1e240c115fe8f4738a1c6095579d58e94c2ef57188cffe".to_owned()),
    ];
    assert_eq!(sums, shipped);
}

#[test]
fn every_value_has_a_name_that_reads_back() {
    fn check<T: Code + std::fmt::Debug>(values: &[T]) {
        for value in values {
            assert_eq!(T::from_code(value.code()), Some(*value));
        }
    }
    check(&[Speaker::Visitor, Speaker::Kiosk]);
    check(&[ServedBy::Cloud, ServedBy::Embedded]);
    check(&[AppointmentStatus::Booked, AppointmentStatus::Cancelled]);
    check(&[ProviderKind::SpeechToText, ProviderKind::LanguageModel, ProviderKind::TextToSpeech]);
    check(&[EndReason::Goodbye, EndReason::Silence, EndReason::Departure, EndReason::Touch]);
    check(&[EndReason::Staff, EndReason::Shutdown]);
}

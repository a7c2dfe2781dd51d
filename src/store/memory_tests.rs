//! What is remembered of visitors, their appointments, and what a day cost.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::{path::PathBuf, sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};
use rusqlite::Connection;
use uuid::Uuid;

use super::*;
use crate::{
    clock::ManualClock,
    event::{
        Bus, Cost, EndReason, Language, ProviderKind, UsageSum, VisitId, VisitSummary, VisitorId, staff::PersonDetails,
    },
};

const LONG: Duration = Duration::from_secs(20);
const DAY: i64 = 24 * 60 * 60 * 1_000;
const NOW: UnixMillis = UnixMillis(1_790_000_000_000);

struct Place {
    folder: tempfile::TempDir,
    store: Store,
    people: People,
}

impl Place {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store =
            Store::open(&folder.path().join("majlis.sqlite"), Bus::new(Arc::new(ManualClock::default()))).unwrap();
        let people = store.people(Key::random());
        people.ready().await.unwrap();
        Self { folder, store, people }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("majlis.sqlite")
    }

    async fn person(&self, phone: &str) -> VisitorId {
        let details = PersonDetails { name: "Maryam".to_owned(), phone: phone.to_owned(), ..PersonDetails::default() };
        let consent = Consent {
            text_version: "3".to_owned(),
            text_sha256: "a".repeat(64),
            language: Language::ENGLISH,
            agreed_at: NOW,
            covers_crops: false,
        };
        let person = NewPerson {
            renews: None,
            details,
            language: Language::ENGLISH,
            consent,
            faces: Vec::new(),
            retained_until: UnixMillis(NOW.0 + 365 * DAY),
            by: Actor::CommandLine,
        };
        self.people.enrol(person, NOW).await.unwrap()
    }

    async fn book(&self, host: &str, start: Timestamp, minutes: i64, code: &str) -> Result<Booking, StoreError> {
        self.people.book(new(host, start, minutes), NOW, drawing(&[code])).await
    }

    fn reader(&self) -> PeopleReader {
        self.people.reader().unwrap()
    }

    fn violations(&self) -> Vec<String> {
        let mut all = check(&self.path()).unwrap();
        all.extend(check_sealed(&self.path(), Some(&self.reader().key())).unwrap());
        all.iter().map(ToString::to_string).collect()
    }

    /// All bytes of the database and its journals.
    fn bytes(&self) -> Vec<u8> {
        let files = std::fs::read_dir(self.folder.path()).unwrap();
        files.flat_map(|file| std::fs::read(file.unwrap().path()).unwrap()).collect()
    }
}

/// Draws these codes one after another.
fn drawing(codes: &[&str]) -> impl FnMut() -> String + Send + 'static {
    let mut codes: Vec<String> = codes.iter().rev().map(|code| (*code).to_owned()).collect();
    move || codes.pop().unwrap()
}

fn at(minutes: i64) -> Timestamp {
    NOW.timestamp() + SignedDuration::from_mins(minutes)
}

fn new(host: &str, start: Timestamp, minutes: i64) -> NewAppointment {
    NewAppointment {
        host: host.to_owned(),
        start,
        end: start + SignedDuration::from_mins(minutes),
        visitor: None,
        visit: VisitId::generate(),
        name: None,
        phone: None,
    }
}

fn done(booking: Booking) -> Appointment {
    match booking {
        Booking::Done(appointment) => appointment,
        other => panic!("{other:?}"),
    }
}

fn summary(visitor: Option<VisitorId>, text: &str) -> VisitSummary {
    VisitSummary {
        text: text.to_owned(),
        language: Language::ENGLISH,
        asked: vec!["Where is hall B2?".to_owned()],
        done: Vec::new(),
        booked: Vec::new(),
        preferences: Vec::new(),
        duration: Duration::from_secs(90),
        cost: Cost(1_234),
        reason: EndReason::Goodbye,
        visitor,
    }
}

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

#[tokio::test]
async fn a_time_of_a_host_is_given_once() {
    let place = Place::new().await;
    let first = done(place.book("adviser", at(60), 30, "A").await.unwrap());
    assert_eq!((first.code.as_str(), first.status), ("A", AppointmentStatus::Booked));
    for (start, minutes) in [(60, 30), (45, 30), (75, 30), (45, 60), (65, 10)] {
        assert_eq!(place.book("adviser", at(start), minutes, "B").await.unwrap(), Booking::Taken, "{start}");
    }
    done(place.book("adviser", at(90), 30, "C").await.unwrap());
    done(place.book("adviser", at(30), 30, "D").await.unwrap());
    done(place.book("desk", at(60), 30, "E").await.unwrap());
    let taken = place.reader().taken("adviser", [at(0), at(100)]).unwrap();
    assert_eq!(taken, [[at(30), at(60)], [at(60), at(90)], [at(90), at(120)]]);
    place.people.cancel_appointment(first.id, Actor::Visitor, NOW).await.unwrap().unwrap();
    assert_eq!(place.people.cancel_appointment(first.id, Actor::Visitor, NOW).await.unwrap(), None, "twice");
    done(place.book("adviser", at(60), 30, "F").await.unwrap());
    assert_eq!(place.violations(), [""; 0]);
}

#[tokio::test]
async fn the_tables_themselves_refuse_what_overlaps() {
    let place = Place::new().await;
    done(place.book("adviser", at(60), 30, "A").await.unwrap());
    let other = done(place.book("adviser", at(120), 30, "B").await.unwrap());
    let connection = Connection::open(place.path()).unwrap();
    let insert = |start: i64, status: &str| {
        let (start, end) = (at(start).as_millisecond(), at(start + 30).as_millisecond());
        let id = Uuid::now_v7();
        connection.execute_batch(&format!(
            "INSERT INTO appointments VALUES ('{id}', '{id}', 'adviser', {start}, {end}, '{status}', NULL, NULL, NULL,
             NULL, 0, 0)"
        ))
    };
    for start in [60, 45, 75] {
        let refused = insert(start, "booked").unwrap_err().to_string();
        assert!(refused.contains("another appointment"), "{refused}");
        insert(start, "cancelled").unwrap();
    }
    insert(90, "booked").unwrap();
    let moved = connection.execute(
        "UPDATE appointments SET start_at = start_at - 3600000, end_at = end_at - 3600000 WHERE id = ?1",
        [other.id.to_string()],
    );
    assert!(moved.unwrap_err().to_string().contains("another appointment"));
    let revived = connection.execute("UPDATE appointments SET status = 'booked' WHERE status = 'cancelled'", []);
    assert!(revived.unwrap_err().to_string().contains("another appointment"));
}

#[tokio::test]
async fn moving_keeps_the_code_and_frees_the_time_it_had() {
    let place = Place::new().await;
    let first = done(place.book("adviser", at(60), 30, "A").await.unwrap());
    done(place.book("adviser", at(120), 30, "B").await.unwrap());
    let to = |start| place.people.move_appointment(first.id, "adviser".into(), [at(start), at(start + 30)], NOW);
    assert_eq!(to(120).await.unwrap(), Booking::Taken);
    let moved = done(to(75).await.unwrap());
    assert_eq!((moved.id, moved.code.as_str(), moved.start), (first.id, "A", at(75)), "over its own old time");
    done(place.book("adviser", at(45), 30, "C").await.unwrap());
    place.people.cancel_appointment(first.id, Actor::CommandLine, NOW).await.unwrap().unwrap();
    assert_eq!(to(300).await.unwrap(), Booking::Gone);
    let log = place.reader().audit_log(&[AuditAction::AppointmentCancelled], 9).unwrap();
    assert_eq!((log.len(), log[0].subject), (1, Some(first.id)));
}

#[tokio::test]
async fn a_code_in_use_is_drawn_again() {
    let place = Place::new().await;
    done(place.book("adviser", at(60), 30, "A").await.unwrap());
    let codes = drawing(&["A", "A", "B"]);
    let second = done(place.people.book(new("adviser", at(90), 30), NOW, codes).await.unwrap());
    assert_eq!(second.code, "B");
    assert_eq!(place.reader().appointment("B").unwrap(), Some(second));
    assert_eq!(place.reader().appointment("C").unwrap(), None);
}

#[tokio::test]
async fn name_and_number_of_an_appointment_are_sealed_and_leave_it_when_it_is_over_or_cancelled() {
    let place = Place::new().await;
    let personal = |start, name: &str| NewAppointment {
        name: Some(name.to_owned()),
        phone: Some("+966501234567".to_owned()),
        ..new("adviser", at(start), 30)
    };
    let over = done(place.people.book(personal(-60, "Over"), NOW, drawing(&["A"])).await.unwrap());
    let ahead = done(place.people.book(personal(60, "Ahead"), NOW, drawing(&["B"])).await.unwrap());
    assert!(!contains(&place.bytes(), "966501234567") && !contains(&place.bytes(), "Ahead"));
    let names = || -> Vec<Option<String>> {
        let all = place.reader().appointments_between([at(-999), at(999)]).unwrap();
        all.into_iter().map(|one| one.name).collect()
    };
    assert_eq!(names(), [Some("Over".to_owned()), Some("Ahead".to_owned())]);
    place.people.forget_expired(NOW).await.unwrap();
    assert_eq!(names(), [None, Some("Ahead".to_owned())]);
    place.people.cancel_appointment(ahead.id, Actor::Visitor, NOW).await.unwrap();
    assert_eq!(names(), [None, None]);
    assert_eq!(place.reader().appointment(&over.code).unwrap(), Some(over));
    assert_eq!(place.violations(), [""; 0]);
}

#[tokio::test]
async fn somebody_is_remembered_from_visit_to_visit_the_latest_first() {
    let place = Place::new().await;
    let id = place.person("").await;
    let other = place.person("").await;
    for (minute, text) in [(1, "mornings"), (2, "by the window"), (3, "mornings")] {
        place.people.prefer(id, text.to_owned(), UnixMillis(NOW.0 + minute)).await.unwrap();
    }
    place.people.prefer(other, "evenings".to_owned(), NOW).await.unwrap();
    for (count, start) in [-90, 60, 120].into_iter().enumerate() {
        let new = NewAppointment { visitor: Some(id), ..new("adviser", at(start), 30) };
        done(place.people.book(new, NOW, drawing(&[&count.to_string()])).await.unwrap());
    }
    let writer = place.store.writer().sealing(place.reader().key());
    for minute in 1..=4 {
        let visit = VisitId::generate();
        writer.summarise(visit, UnixMillis(NOW.0 + minute), &summary(Some(id), &format!("visit {minute}")));
    }
    writer.summarise(VisitId::generate(), NOW, &summary(Some(other), "somebody else's"));
    assert!(place.store.flush(LONG));
    let memory = place.reader().memory(id, 3, NOW).unwrap();
    assert_eq!(memory.preferences, ["mornings", "by the window"]);
    assert_eq!(memory.open.iter().map(|one| one.start).collect::<Vec<_>>(), [at(60), at(120)]);
    assert_eq!(memory.past.iter().map(|one| one.start).collect::<Vec<_>>(), [at(-90)]);
    let visits: Vec<&str> = memory.visits.iter().map(|(_, visit)| visit.text.as_str()).collect();
    assert_eq!(visits, ["visit 4", "visit 3", "visit 2"]);
    assert_eq!(memory.visits[0].1, summary(Some(id), "visit 4"));
    assert!(!contains(&place.bytes(), "mornings") && !contains(&place.bytes(), "B2"), "sealed");
    assert_eq!(place.violations(), [""; 0]);
}

#[tokio::test]
async fn more_preferences_than_are_kept_push_out_the_oldest() {
    let place = Place::new().await;
    let id = place.person("").await;
    for number in 0..25 {
        place.people.prefer(id, number.to_string(), UnixMillis(NOW.0 + number)).await.unwrap();
    }
    let kept = place.reader().memory(id, 0, NOW).unwrap().preferences;
    assert_eq!((kept.len(), kept[0].as_str(), kept[19].as_str()), (20, "24", "5"));
}

#[tokio::test]
async fn forgetting_somebody_leaves_their_appointment_to_whoever_has_the_code_and_nothing_else() {
    let place = Place::new().await;
    let id = place.person("0501234567").await;
    place.people.prefer(id, "mornings".to_owned(), NOW).await.unwrap();
    let booked = NewAppointment { visitor: Some(id), name: Some("Maryam".to_owned()), ..new("adviser", at(60), 30) };
    let booked = done(place.people.book(booked, NOW, drawing(&["A"])).await.unwrap());
    let writer = place.store.writer().sealing(place.reader().key());
    let visit = VisitId::generate();
    writer.summarise(visit, NOW, &summary(Some(id), "a visit"));
    assert!(place.store.flush(LONG));
    place.people.with_phone("+966501234567".to_owned(), NOW, saudi).await.unwrap();

    place.people.forget(id, Actor::Visitor, NOW).await.unwrap();
    assert_eq!(place.reader().memory(id, 9, NOW).unwrap(), StoredMemory::default());
    let left = place.reader().appointment("A").unwrap().unwrap();
    assert_eq!(left, Appointment { visitor: None, ..booked });
    let seen = place.reader().appointments_between([at(0), at(99)]).unwrap();
    assert_eq!((seen[0].name.clone(), seen[0].phone.clone()), (None, None));
    assert_eq!(place.people.with_phone("+966501234567".to_owned(), NOW, saudi).await.unwrap(), []);
    // What was still on its way when they were forgotten.
    writer.summarise(visit, NOW, &summary(Some(id), "a visit"));
    assert!(place.store.flush(LONG));
    assert!(place.people.prefer(id, "evenings".to_owned(), NOW).await.is_err());
    assert_eq!(place.reader().memory(id, 9, NOW).unwrap(), StoredMemory::default());
    assert_eq!(place.violations(), [""; 0]);
    let figures = Reader::open(&place.path()).unwrap().summary_figures(visit).unwrap().unwrap();
    assert_eq!(figures, SummaryFigures { duration: Duration::from_secs(90), cost: Cost(1_234) });
}

#[tokio::test]
async fn the_words_of_a_visit_of_nobody_on_record_are_kept_for_thirty_days() {
    let place = Place::new().await;
    let writer = place.store.writer().sealing(place.reader().key());
    let visit = VisitId::generate();
    writer.summarise(visit, NOW, &summary(None, "a visit"));
    assert!(place.store.flush(LONG));
    let count = || -> i64 {
        let sql = "SELECT count(*) FROM visit_summaries WHERE summary IS NOT NULL";
        Connection::open(place.path()).unwrap().query_row(sql, [], |row| row.get(0)).unwrap()
    };
    place.people.forget_expired(UnixMillis(NOW.0 + 29 * DAY)).await.unwrap();
    assert_eq!(count(), 1);
    place.people.forget_expired(UnixMillis(NOW.0 + 30 * DAY)).await.unwrap();
    assert_eq!(count(), 0);
}

#[tokio::test]
async fn a_summary_waits_sealed_and_is_written_once() {
    let place = Place::new().await;
    let id = place.person("").await;
    let visit = VisitId::generate();
    let sealed = SealedSummary::of(Some(&place.reader().key()), visit, NOW, &summary(Some(id), "the words"));
    let line = serde_json::to_string(&Record::Summarised(sealed.clone())).unwrap();
    assert!(!line.contains("the words") && !format!("{sealed:?}").contains("the words"));
    assert_eq!(serde_json::from_str::<Record>(&line).unwrap(), Record::Summarised(sealed.clone()));
    place.people.record(Record::Summarised(sealed.clone()));
    place.people.record(Record::Summarised(sealed));
    assert!(place.store.flush(LONG));
    assert_eq!(place.reader().memory(id, 9, NOW).unwrap().visits.len(), 1);
    // Without a key the words are not kept at all.
    place.store.writer().summarise(visit, NOW, &summary(Some(id), "the words"));
    assert!(place.store.flush(LONG));
    assert_eq!(place.reader().memory(id, 9, NOW).unwrap().visits, []);
}

/// Of these tests: numbers of one country.
fn saudi(typed: &str) -> Option<String> {
    let digits: String = typed.chars().filter(char::is_ascii_digit).collect();
    let national = digits.strip_prefix("966").or(digits.strip_prefix('0'))?;
    Some(format!("+966{national}"))
}

#[tokio::test]
async fn somebody_is_found_by_their_number_however_it_was_typed() {
    let place = Place::new().await;
    let one = place.person("050 123 4567").await;
    let two = place.person("+966 50-123-4567").await;
    place.person("no number").await;
    place.person("").await;
    let find = |e164: &str| place.people.with_phone(e164.to_owned(), NOW, saudi);
    assert_eq!(find("+966501234567").await.unwrap(), [one, two]);
    assert_eq!(find("+966509999999").await.unwrap(), []);
    let details = PersonDetails { name: "M".to_owned(), phone: "0509999999".to_owned(), ..PersonDetails::default() };
    place.people.edit(one, details, Actor::CommandLine, NOW).await.unwrap();
    assert_eq!(find("+966509999999").await.unwrap(), [one], "the new number");
    assert_eq!(find("+966501234567").await.unwrap(), [two], "not the old one");
    let later = place.people.with_phone("+966509999999".to_owned(), UnixMillis(NOW.0 + 400 * DAY), saudi);
    assert_eq!(later.await.unwrap(), [], "whose time is over is found no more");
    assert!(!contains(&place.bytes(), "501234567"));
}

#[tokio::test]
async fn a_days_use_is_the_sum_of_all_runs_however_often_it_is_written() {
    let place = Place::new().await;
    let used = |run, tokens, cost| {
        Record::Used(UsedOfDay {
            day: "2026-11-21".parse().unwrap(),
            run,
            sum: UsageSum {
                kind: ProviderKind::LanguageModel,
                provider: "cloud".to_owned(),
                model: "m".to_owned(),
                audio_ms: 0,
                input_tokens: tokens,
                cached_tokens: 1,
                output_tokens: 2,
                characters: 0,
                cost: Cost(cost),
            },
        })
    };
    let (one, two) = (Uuid::now_v7(), Uuid::now_v7());
    for record in [used(one, 10, 5), used(one, 30, 15), used(one, 30, 15), used(one, 10, 5), used(two, 7, 1)] {
        place.people.record(record);
    }
    assert!(place.store.flush(LONG));
    let reader = Reader::open(&place.path()).unwrap();
    let sums = reader.used_on("2026-11-21".parse().unwrap()).unwrap();
    assert_eq!((sums.len(), sums[0].input_tokens, sums[0].cached_tokens, sums[0].cost), (1, 37, 2, Cost(16)));
    assert_eq!(reader.used_on("2026-11-22".parse().unwrap()).unwrap(), []);
}

#[tokio::test]
async fn staff_are_told_of_the_budget_and_earlier_faults_stay() {
    let place = Place::new().await;
    let event = |kind: &str| StaffEvent {
        id: Uuid::now_v7(),
        at: NOW,
        kind: kind.to_owned(),
        subject: "day".to_owned(),
        status: "warning".to_owned(),
        detail: "8 of 10".to_owned(),
    };
    place.people.record(Record::Staff(event("budget")));
    assert!(place.store.flush(LONG));
    assert_eq!(Reader::open(&place.path()).unwrap().staff_events().unwrap().len(), 1);

    let path = place.folder.path().join("old.sqlite");
    let old = Connection::open(&path).unwrap();
    for (_, sql) in &super::connection::MIGRATIONS[..2] {
        old.execute_batch(sql).unwrap();
    }
    old.execute_batch(&format!(
        "INSERT INTO staff_events VALUES ('{}', 5, 'device', 'camera', 'lost', 'gone'); PRAGMA user_version = 2;",
        Uuid::now_v7()
    ))
    .unwrap();
    drop(old);
    let store = Store::open(&path, Bus::new(Arc::new(ManualClock::default()))).unwrap();
    store.people(Key::random()).ready().await.unwrap();
    assert_eq!(Reader::open(&path).unwrap().staff_events().unwrap().len(), 1);
    assert_eq!(check(&path).unwrap(), []);
}

#[tokio::test]
async fn a_table_that_is_made_anew_keeps_what_refers_to_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("old.sqlite");
    let old = Connection::open(&path).unwrap();
    old.pragma_update(None, "foreign_keys", true).unwrap();
    for (_, sql) in &super::connection::MIGRATIONS[..4] {
        old.execute_batch(sql).unwrap();
    }
    let visit = Uuid::now_v7();
    old.execute_batch(&format!(
        "INSERT INTO visits VALUES ('{visit}', 1000, 9000, 'touch', NULL);
         INSERT INTO messages VALUES ('{visit}', 1, 'visitor', 0, 'en', 'Hello', NULL, 'cloud', 2000);
         PRAGMA user_version = 4;"
    ))
    .unwrap();
    drop(old);
    let store = Store::open(&path, Bus::new(Arc::new(ManualClock::default()))).unwrap();
    store.people(Key::random()).ready().await.unwrap();
    let reader = Reader::open(&path).unwrap();
    assert_eq!(reader.visits().unwrap()[0].ended, Some((UnixMillis(9_000), EndReason::Touch)));
    assert_eq!(reader.messages(VisitId(visit)).unwrap().len(), 1);
    let by_staff = Record::VisitEnded { visit: VisitId(visit), at: UnixMillis(9_500), reason: EndReason::Staff };
    store.writer().record(by_staff);
    assert!(store.flush(LONG));
    assert_eq!(check(&path).unwrap(), []);
    let sql = "SELECT sql FROM sqlite_schema WHERE name = 'messages'";
    let messages: String = Connection::open(&path).unwrap().query_row(sql, [], |row| row.get(0)).unwrap();
    assert!(messages.contains("REFERENCES visits (id)"), "{messages}");
}

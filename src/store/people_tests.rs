//! People on record as staff, the eyes and somebody with a stolen disk see them.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::{
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use rusqlite::Connection;
use secrecy::SecretString;

use super::*;
use crate::{
    clock::ManualClock,
    event::{
        Bus, EndReason, Language, VisitId, VisitorId,
        staff::{PersonDetails, PersonStatus, Pose, Removed},
    },
};

const LONG: Duration = Duration::from_secs(20);
const DAY: i64 = 24 * 60 * 60 * 1_000;
const NOW: UnixMillis = UnixMillis(1_790_000_000_000);
const RECOGNISER: &str = "mobilefacenet-128";

struct Place {
    folder: tempfile::TempDir,
    store: Store,
    people: People,
}

impl Place {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data/majlis.sqlite");
        let store = Store::open(&path, Bus::new(Arc::new(ManualClock::default()))).unwrap();
        let people = store.people(Key::random());
        people.ready().await.unwrap();
        Self { folder, store, people }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("data/majlis.sqlite")
    }

    fn sql(&self, sql: &str) {
        Connection::open(self.path()).unwrap().execute_batch(sql).unwrap();
    }

    fn count(&self, sql: &str) -> i64 {
        Connection::open(self.path()).unwrap().query_row(sql, [], |row| row.get(0)).unwrap()
    }

    fn list(&self, search: &str) -> PeopleList {
        self.people.reader().unwrap().list(search, RECOGNISER, NOW).unwrap()
    }

    fn names(&self, search: &str) -> Vec<String> {
        self.list(search).rows.into_iter().map(|row| row.name).collect()
    }

    fn faces(&self, dimensions: usize) -> StoredFaces {
        self.people.reader().unwrap().faces(RECOGNISER, dimensions, NOW).unwrap()
    }

    fn actions(&self) -> Vec<AuditAction> {
        let log = self.people.reader().unwrap().audit_log(&[], 100).unwrap();
        log.iter().rev().map(|entry| entry.action).collect()
    }

    fn violations(&self) -> Vec<String> {
        let mut all = check(&self.path()).unwrap();
        all.extend(check_sealed(&self.path(), Some(&self.people.reader().unwrap().key())).unwrap());
        all.iter().map(ToString::to_string).collect()
    }

    /// All bytes of the database and its journals.
    fn bytes(&self) -> Vec<u8> {
        let files = std::fs::read_dir(self.path().parent().unwrap()).unwrap();
        files.flat_map(|file| std::fs::read(file.unwrap().path()).unwrap()).collect()
    }
}

fn face(pose: Pose, first: f32) -> NewFace {
    let crop_png = Some(format!("a picture of {first}").into_bytes());
    NewFace { recogniser: RECOGNISER.to_owned(), pose, quality: 0.7, values: vec![first, 0.5, -0.25], crop_png }
}

fn maryam() -> NewPerson {
    NewPerson {
        renews: None,
        details: PersonDetails {
            name: "Maryam Al Suwaidi".to_owned(),
            phone: "+966 50 123 4567".to_owned(),
            email: "maryam@noor.example".to_owned(),
            note: "prefers mornings".to_owned(),
            language: Some(Language::ARABIC),
        },
        language: Language::ARABIC,
        consent: Consent {
            text_version: "3".to_owned(),
            text_sha256: "a".repeat(64),
            language: Language::ENGLISH,
            agreed_at: NOW,
            covers_crops: false,
        },
        faces: vec![face(Pose::Front, 0.1), face(Pose::Left, 0.2)],
        retained_until: UnixMillis(NOW.0 + 365 * DAY),
        by: Actor::CommandLine,
    }
}

fn named(name: &str) -> NewPerson {
    let person = maryam();
    NewPerson { details: PersonDetails { name: name.to_owned(), ..PersonDetails::default() }, ..person }
}

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

#[tokio::test]
async fn somebody_who_agreed_is_on_record_with_all_that_they_said_and_agreed_to() {
    let place = Place::new().await;
    let aisha = place.people.add_staff("Aisha".to_owned(), "hash".to_owned(), NOW).await.unwrap();
    let id = place.people.enrol(NewPerson { by: Actor::Staff(aisha), ..maryam() }, NOW).await.unwrap();
    let record = place.people.reader().unwrap().person(id, RECOGNISER, NOW).unwrap().unwrap();
    assert_eq!(record.details, maryam().details);
    assert_eq!(record.consent, Some(maryam().consent));
    assert_eq!(record.enrolled_by.as_deref(), Some("Aisha"));
    assert_eq!((record.row.status, record.embeddings, record.crops), (PersonStatus::Valid, [2, 0], 0));
    let known = place.people.reader().unwrap().known(id).unwrap().unwrap();
    assert_eq!((known.name.as_str(), known.language), ("Maryam Al Suwaidi", Language::ARABIC));
    assert_eq!(UnixMillis::from(known.agreed_at), NOW);
    let faces = place.faces(3);
    assert_eq!(faces.faces.iter().map(|face| face.values[0]).collect::<Vec<_>>(), [0.1, 0.2]);
    assert_eq!(place.actions(), [AuditAction::StaffAdded, AuditAction::Consented, AuditAction::Enrolled]);
    assert_eq!(place.violations(), [""; 0]);
}

#[tokio::test]
async fn nothing_personal_stands_in_the_files_in_clear() {
    let place = Place::new().await;
    place.people.enrol(maryam(), NOW).await.unwrap();
    let bytes = place.bytes();
    for secret in ["Maryam", "Suwaidi", "123 4567", "noor.example", "mornings"] {
        assert!(!contains(&bytes, secret), "{secret}");
    }
    let numbers: Vec<u8> = [0.1_f32, 0.5, -0.25].iter().flat_map(|number| number.to_le_bytes()).collect();
    assert!(!bytes.windows(numbers.len()).any(|window| window == numbers));
    assert!(contains(&bytes, "mobilefacenet-128"), "the files are read at all");
}

#[tokio::test]
async fn values_that_were_swapped_do_not_open() {
    let place = Place::new().await;
    let one = place.people.enrol(named("One"), NOW).await.unwrap();
    let other = place.people.enrol(named("Other"), NOW).await.unwrap();
    // Somebody with the file, but without the key, gives one person's face to another.
    place.sql(
        "CREATE TEMP TABLE v AS SELECT id, vector FROM embeddings;
         UPDATE embeddings SET vector = (SELECT vector FROM v WHERE v.id <> embeddings.id LIMIT 1);",
    );
    assert_eq!(place.faces(3).faces.len(), 0);
    assert_eq!(place.faces(3).unreadable.len(), 4);
    place.sql(&format!(
        "UPDATE visitors SET name = (SELECT name FROM visitors WHERE id = '{one}') WHERE id = '{other}'"
    ));
    let list = place.list("");
    assert_eq!(list.rows.iter().map(|row| row.id).collect::<Vec<_>>(), [one]);
    assert_eq!(list.unreadable, [other]);
    let violations = place.violations();
    assert!(violations.contains(&format!("visitors {other} name: what is sealed opens with the store's key")));
    assert!(!violations.iter().any(|line| line.contains("Other")), "{violations:?}");
}

#[tokio::test]
async fn with_a_wrong_key_people_are_told_by_id_and_everything_else_works() {
    let place = Place::new().await;
    let id = place.people.enrol(maryam(), NOW).await.unwrap();
    let people = place.store.people(Key::random());
    let reader = people.reader().unwrap();
    let list = reader.list("", RECOGNISER, NOW).unwrap();
    assert_eq!((list.rows.len(), list.unreadable), (0, vec![id]));
    assert_eq!(reader.known(id).unwrap(), None);
    assert_eq!(reader.faces(RECOGNISER, 3, NOW).unwrap().unreadable.len(), 2);
    let new = people.enrol(named("Khalid"), NOW).await.unwrap();
    assert_eq!(people.reader().unwrap().known(new).unwrap().unwrap().name, "Khalid");
    assert_eq!(people.forget(id, Actor::CommandLine, NOW).await.unwrap().embeddings, 2);
    assert!(check_sealed(&place.path(), None).unwrap().len() >= 2, "without a key nothing opens");
}

#[tokio::test]
async fn forgetting_leaves_that_somebody_was_there_and_nothing_else() {
    let place = Place::new().await;
    let mut person = maryam();
    person.consent.covers_crops = true;
    let id = place.people.enrol(person, NOW).await.unwrap();
    let visit = VisitId::generate();
    let until = UnixMillis(NOW.0 + 400 * DAY);
    place.people.record(Record::VisitStarted { visit, at: NOW });
    place.people.record(Record::Recognised { visit, visitor: id, at: NOW, retained_until: until });
    assert!(place.store.flush(LONG));
    assert_eq!(place.people.reader().unwrap().visits_of(id).unwrap(), [visit]);
    let sealed: Vec<u8> = Connection::open(place.path())
        .unwrap()
        .query_row("SELECT picture FROM crops LIMIT 1", [], |row| row.get(0))
        .unwrap();
    assert!(place.bytes().windows(sealed.len()).any(|window| window == sealed));

    let removed = place.people.forget(id, Actor::Visitor, NOW).await.unwrap();
    assert_eq!(removed, Removed { embeddings: 2, crops: 2, visits_unlinked: 1 });
    assert!(
        !place.bytes().windows(sealed.len()).any(|window| window == sealed),
        "not even sealed: neither in a free page nor in the journal"
    );
    assert_eq!(place.count("SELECT count(*) FROM embeddings"), 0);
    assert_eq!(place.count("SELECT count(*) FROM crops"), 0);
    assert_eq!(place.count("SELECT count(*) FROM visits WHERE visitor IS NOT NULL"), 0);
    let row = &place.list("").rows[0];
    assert_eq!((row.id, row.name.as_str(), row.status), (id, "", PersonStatus::Forgotten));
    assert_eq!(row.since, NOW.timestamp());
    assert!(place.people.forget(id, Actor::Visitor, NOW).await.is_err(), "twice");
    // What was still on its way when they were forgotten links nothing again.
    place.people.record(Record::Recognised { visit, visitor: id, at: NOW, retained_until: until });
    place.people.record(Record::VisitEnded { visit, at: NOW, reason: EndReason::Goodbye });
    assert!(place.store.flush(LONG));
    assert_eq!(place.people.reader().unwrap().visits_of(id).unwrap(), []);
    assert_eq!(place.violations(), [""; 0]);
}

#[tokio::test]
async fn a_person_is_kept_for_longer_with_every_visit_and_forgotten_when_the_time_is_over() {
    let place = Place::new().await;
    let comes = place.people.enrol(named("Comes"), NOW).await.unwrap();
    let stays_away = place.people.enrol(named("Stays away"), NOW).await.unwrap();
    let at = UnixMillis(NOW.0 + 300 * DAY);
    let retained_until = UnixMillis(at.0 + 365 * DAY);
    place.people.record(Record::Recognised { visit: VisitId::generate(), visitor: comes, at, retained_until });
    assert!(place.store.flush(LONG));
    let later = UnixMillis(NOW.0 + 335 * DAY);
    let list = place.people.reader().unwrap().list("", RECOGNISER, later).unwrap();
    assert_eq!(list.rows[0].last_visit, Some(at.timestamp()));
    assert_eq!(list.rows[1].status, PersonStatus::EndsSoon { days_left: 30 });
    assert_eq!(list.counts, [2, 1, 0]);

    assert_eq!(place.people.forget_expired(later).await.unwrap(), []);
    let over = UnixMillis(NOW.0 + 365 * DAY);
    assert_eq!(place.people.reader().unwrap().faces(RECOGNISER, 3, over).unwrap().faces.len(), 2, "not recognised");
    assert_eq!(place.people.forget_expired(over).await.unwrap(), [stays_away]);
    assert_eq!(place.people.forget_expired(over).await.unwrap(), []);
    let log = place.people.reader().unwrap().audit_log(&[AuditAction::Forgotten], 10).unwrap();
    assert_eq!((log.len(), log[0].actor, log[0].subject), (1, Actor::Kiosk, Some(stays_away.0)));
    assert!(log[0].detail.contains("over"));
}

#[tokio::test]
async fn embeddings_of_another_recogniser_are_counted_and_never_mixed_in() {
    let place = Place::new().await;
    let mut person = maryam();
    person.faces[0].recogniser = "sface".to_owned();
    let both = place.people.enrol(person, NOW).await.unwrap();
    let mut person = named("Old");
    person.consent.covers_crops = true;
    person.faces.iter_mut().for_each(|face| face.recogniser = "sface".to_owned());
    let old = place.people.enrol(person, NOW).await.unwrap();
    let faces = place.faces(3);
    assert_eq!((faces.faces.len(), faces.of_others), (1, 3));
    assert_eq!(faces.faces[0].visitor, both);
    assert_eq!(place.list("old").rows[0].status, PersonStatus::NeedsPictures);
    assert_eq!(place.faces(4).unreadable.len(), 1, "of another length");
    // Their crops can be embedded again.
    let crops = place.people.reader().unwrap().crops_without_faces(RECOGNISER, NOW).unwrap();
    assert_eq!(crops.iter().map(|crop| crop.visitor).collect::<Vec<_>>(), [old, old]);
    assert_eq!(crops[0].png, b"a picture of 0.1");
    place.people.add_faces(old, vec![face(Pose::Front, 0.9)], NOW).await.unwrap();
    assert_eq!(place.list("old").rows[0].status, PersonStatus::Valid);
    assert_eq!(place.people.reader().unwrap().crops_without_faces(RECOGNISER, NOW).unwrap().len(), 0);
}

#[tokio::test]
async fn crops_are_kept_only_where_the_consent_covers_them() {
    let place = Place::new().await;
    let id = place.people.enrol(maryam(), NOW).await.unwrap();
    assert_eq!(place.count("SELECT count(*) FROM crops"), 0);
    let forced = Connection::open(place.path()).unwrap().execute(
        "INSERT INTO crops VALUES (?1, ?2, 'front', 0.5, x'00', 0)",
        [uuid::Uuid::now_v7().to_string(), id.to_string()],
    );
    assert!(forced.unwrap_err().to_string().contains("no consent covers this crop"));
}

#[tokio::test]
async fn renewing_replaces_pictures_and_consent_and_keeps_what_was_not_said_again() {
    let place = Place::new().await;
    let id = place.people.enrol(maryam(), NOW).await.unwrap();
    let later = UnixMillis(NOW.0 + DAY);
    let mut again = NewPerson { renews: Some(id), faces: vec![face(Pose::Front, 0.8)], ..named("Maryam") };
    again.consent.text_version = "4".to_owned();
    again.consent.agreed_at = later;
    assert_eq!(place.people.enrol(again.clone(), later).await.unwrap(), id);
    let record = place.people.reader().unwrap().person(id, RECOGNISER, later).unwrap().unwrap();
    assert_eq!((record.details.name.as_str(), record.details.phone.as_str()), ("Maryam", "+966 50 123 4567"));
    assert_eq!((record.consent.unwrap().text_version.as_str(), record.embeddings), ("4", [1, 0]));
    assert_eq!(place.list("").rows.len(), 1);
    place.people.forget(id, Actor::Visitor, later).await.unwrap();
    assert!(place.people.enrol(again, later).await.is_err(), "nobody comes back by a renewal");
    assert_eq!(place.count("SELECT count(*) FROM embeddings"), 0);
}

#[tokio::test]
async fn an_edit_is_audited_by_the_fields_it_changed_and_not_by_what_they_hold() {
    let place = Place::new().await;
    let id = place.people.enrol(maryam(), NOW).await.unwrap();
    let details = PersonDetails { phone: String::new(), note: "left-handed".to_owned(), ..maryam().details };
    place.people.edit(id, details.clone(), Actor::CommandLine, NOW).await.unwrap();
    let record = place.people.reader().unwrap().person(id, RECOGNISER, NOW).unwrap().unwrap();
    assert_eq!(record.details, details);
    let log = place.people.reader().unwrap().audit_log(&[AuditAction::Edited], 10).unwrap();
    assert_eq!(log[0].detail, "phone, note");
    let nobody = place.people.edit(VisitorId::generate(), details, Actor::CommandLine, NOW).await.unwrap_err();
    assert!(nobody.to_string().contains("majlis visitors list"), "{nobody}");
}

#[tokio::test]
async fn people_are_listed_by_name_and_found_by_what_is_typed() {
    let place = Place::new().await;
    for name in ["Léna Moreau", "أحمد الهاشمي", "Aisha"] {
        place.people.enrol(named(name), NOW).await.unwrap();
    }
    assert_eq!(place.names(""), ["Aisha", "Léna Moreau", "أحمد الهاشمي"]);
    assert_eq!(place.names("MOREAU"), ["Léna Moreau"]);
    assert_eq!(place.names("احمد"), ["أحمد الهاشمي"]);
    assert_eq!(place.names("nobody"), [""; 0]);
    assert_eq!(place.list("nobody").counts, [3, 0, 0], "counts are of all");
}

#[tokio::test]
async fn another_process_sees_that_people_changed() {
    let place = Place::new().await;
    let here = place.people.reader().unwrap();
    let before = here.changes().unwrap();
    place.people.record(Record::VisitStarted { visit: VisitId::generate(), at: NOW });
    assert!(place.store.flush(LONG));
    assert_eq!(here.changes().unwrap(), before, "a visit is none");
    let id = place.people.enrol(maryam(), NOW).await.unwrap();
    let enrolled = here.changes().unwrap();
    assert!(enrolled > before);
    place.people.forget(id, Actor::CommandLine, NOW).await.unwrap();
    assert!(here.changes().unwrap() > enrolled);
}

#[tokio::test]
async fn a_change_that_the_database_cannot_take_is_refused_and_not_made_later() {
    let place = Place::new().await;
    let other = Connection::open(place.path()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let refused = place.people.enrol(maryam(), NOW).await.unwrap_err();
    assert!(matches!(refused, StoreError::Sqlite { .. }), "{refused}");
    other.execute_batch("COMMIT").unwrap();
    place.people.ready().await.unwrap();
    assert_eq!(place.list("").rows.len(), 0);
}

#[tokio::test]
async fn a_database_of_version_1_keeps_its_visits() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("majlis.sqlite");
    let visit = VisitId::generate();
    let old = Connection::open(&path).unwrap();
    old.execute_batch(super::connection::MIGRATIONS[0].1).unwrap();
    old.execute_batch(&format!(
        "INSERT INTO visits VALUES ('{visit}', 1000, 9000, 'goodbye');
         INSERT INTO messages VALUES ('{visit}', 1, 'visitor', 0, 'en', 'Hello', NULL, 'cloud', 2000);
         PRAGMA user_version = 1;"
    ))
    .unwrap();
    drop(old);
    let store = Store::open(&path, Bus::new(Arc::new(ManualClock::default()))).unwrap();
    let people = store.people(Key::random());
    people.ready().await.unwrap();
    let reader = Reader::open(&path).unwrap();
    assert_eq!((reader.visits().unwrap().len(), reader.messages(visit).unwrap().len()), (1, 1));
    let id = people.enrol(maryam(), NOW).await.unwrap();
    people.record(Record::Recognised { visit, visitor: id, at: NOW, retained_until: NOW });
    assert!(store.flush(LONG));
    assert_eq!(people.reader().unwrap().visits_of(id).unwrap(), [visit]);
    assert_eq!(check(&path).unwrap(), []);
}

#[tokio::test]
async fn a_removed_member_of_staff_has_no_pin_any_more_and_keeps_the_name() {
    let place = Place::new().await;
    let id = place.people.add_staff("Omar".to_owned(), "hash".to_owned(), NOW).await.unwrap();
    place.people.remove_staff(id, NOW).await.unwrap();
    let staff = place.people.reader().unwrap().staff().unwrap();
    assert_eq!((staff[0].name.as_str(), &staff[0].pin_hash, staff[0].removed_at), ("Omar", &None, Some(NOW)));
    assert!(place.people.remove_staff(id, NOW).await.is_err());
    assert_eq!(place.actions(), [AuditAction::StaffAdded, AuditAction::StaffRemoved]);
}

#[test]
fn the_key_file_is_made_once_and_is_this_users_only() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("new/majlis.sqlite");
    assert!(Key::load_existing(&database, "KEY", None).unwrap().is_none());
    let key = Key::load(&database, "KEY", None).unwrap();
    let file = key_file(&database);
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let before = std::fs::read(&file).unwrap();
    let again = Key::load(&database, "KEY", None).unwrap();
    assert_eq!(std::fs::read(&file).unwrap(), before);
    let cell = super::key::Cell { table: "visitors", column: "name", row: "1" };
    let sealed = key.seal(cell, b"Maryam");
    assert_eq!(again.open(cell, &sealed).as_deref(), Some(b"Maryam".as_slice()));
    for elsewhere in [
        super::key::Cell { row: "2", ..cell },
        super::key::Cell { column: "note", ..cell },
        super::key::Cell { table: "staff", ..cell },
    ] {
        assert_eq!(again.open(elsewhere, &sealed), None);
    }
    assert_ne!(key.seal(cell, b"Maryam"), sealed, "a nonce of its own each time");
    assert_eq!(std::fs::read_dir(file.parent().unwrap()).unwrap().count(), 1, "no draft is left");
}

#[test]
fn a_key_comes_in_hex_or_base64_and_a_wrong_one_is_not_shown() {
    let database = Path::new("no-such-folder/majlis.sqlite");
    let load = |text: &str| Key::load(database, "MAJLIS_STORE_KEY", Some(&SecretString::from(text)));
    let cell = super::key::Cell { table: "visitors", column: "name", row: "1" };
    let hex = load(&"5a".repeat(32)).unwrap();
    let base64 = load("WlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlo=\n").unwrap();
    assert_eq!(base64.open(cell, &hex.seal(cell, b"x")).as_deref(), Some(b"x".as_slice()));
    let error = load("sesame").unwrap_err().to_string();
    assert!(error.contains("MAJLIS_STORE_KEY") && error.contains("32 bytes") && !error.contains("sesame"), "{error}");
    assert!(!format!("{hex:?}").contains("5a"));
}

//! The desk with a real database, in virtual time.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::{
    path::PathBuf,
    sync::atomic::{AtomicI64, Ordering},
    time::Instant,
};

use super::*;
use crate::{
    clock::ManualClock,
    config::Config,
    conversation::VisitorRecords,
    event::{
        Bus, Command, VisitId, VisitorId,
        staff::{PeopleView, PersonDetails, PinProblem, Pose, StaffPage},
    },
    staff::{
        RecogniserId, WallClock,
        test_faces::{DIMENSIONS, THRESHOLD, glimpse, posed},
    },
    store::{Key, Reader, Store, UnixMillis},
    vision::KnownPeople,
};

/// A limit that is never reached unless the test fails.
const LONG: Duration = Duration::from_secs(20);
const RECOGNISER: &str = "mobilefacenet-128";
const PIN: [u8; 6] = [4, 0, 2, 9, 1, 3];

struct Kiosk {
    folder: tempfile::TempDir,
    clock: ManualClock,
    wall_ms: Arc<AtomicI64>,
    key: Key,
    config: Config,
    store: Store,
    register: Register,
    glimpses: watch::Sender<Option<Arc<Glimpse>>>,
    eyes: watch::Receiver<EyesMode>,
    /// What the conversation is told.
    told: mpsc::Receiver<Command>,
    desk: DeskHandle,
    frames: u64,
}

impl Kiosk {
    /// With Aisha, whose PIN is 402913.
    async fn new() -> Self {
        let kiosk = Self::with_nobody().await;
        let hash = Pin::parse("402913").unwrap().hash().unwrap();
        kiosk.register.people().add_staff("Aisha".to_owned(), hash, kiosk.register.now()).await.unwrap();
        kiosk
    }

    async fn with_nobody() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut config = Config::default();
        config.vision.recognition = true;
        let wall_ms = Arc::new(AtomicI64::new(1_790_000_000_000));
        Self::start(folder, config, wall_ms, Key::random()).await
    }

    async fn start(folder: tempfile::TempDir, config: Config, wall_ms: Arc<AtomicI64>, key: Key) -> Self {
        let clock = ManualClock::default();
        let bus = Bus::new(Arc::new(clock.clone()));
        let store = Store::open(&path(&folder), bus).unwrap();
        let people = store.people(key.clone());
        people.ready().await.unwrap();
        let wall: WallClock = Arc::new({
            let wall_ms = wall_ms.clone();
            move || UnixMillis(wall_ms.load(Ordering::SeqCst)).timestamp()
        });
        let id = RecogniserId { name: RECOGNISER.to_owned(), dimensions: DIMENSIONS };
        let register = Register::new(people, id, config.enrolment.retention_days, wall);
        let (glimpses, seen) = watch::channel(None);
        let (eyes, mode) = watch::channel(EyesMode::Reception);
        let (visits, told) = mpsc::channel(4);
        let desk = Desk::start(DeskParts {
            clock: Arc::new(clock.clone()),
            config: Arc::new(config.clone()),
            register: register.clone(),
            same_person_threshold: THRESHOLD,
            glimpses: seen,
            eyes,
            conversation: visits,
            repaint: Box::new(|| {}),
        });
        Self { folder, clock, wall_ms, key, config, store, register, glimpses, eyes: mode, told, desk, frames: 0 }
    }

    /// The power fails and returns.
    async fn restart(self) -> Self {
        let Self { folder, wall_ms, key, config, store, desk, .. } = self;
        desk.stop().await;
        store.close(LONG).unwrap();
        Self::start(folder, config, wall_ms, key).await
    }

    async fn touch(&self, command: StaffCommand) {
        self.desk.commands.send(command).await.unwrap();
    }

    async fn pin(&self, digits: [u8; 6]) {
        for digit in digits {
            self.touch(StaffCommand::Digit(digit)).await;
        }
    }

    fn pass(&self, time: Duration) {
        self.wall_ms.fetch_add(i64::try_from(time.as_millis()).unwrap(), Ordering::SeqCst);
        self.clock.advance(time);
    }

    /// Waits until the page is as wanted, and gives what was looked for in it.
    async fn page<T>(&self, what: &str, mut wanted: impl FnMut(&StaffPage) -> Option<T>) -> T {
        let deadline = Instant::now() + LONG;
        loop {
            if let Some(found) = self.desk.view.load().page.as_ref().and_then(&mut wanted) {
                return found;
            }
            assert!(Instant::now() < deadline, "never came: {what}");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    async fn until(&self, what: &str, mut holds: impl FnMut() -> bool) {
        let deadline = Instant::now() + LONG;
        while !holds() {
            assert!(Instant::now() < deadline, "never came: {what}");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    async fn sign_in(&self) {
        self.touch(StaffCommand::Open).await;
        self.pin(PIN).await;
        self.page("people", |page| matches!(page, StaffPage::People(_)).then_some(())).await;
    }

    async fn people(&self, count: usize) -> PeopleView {
        let has = |page: &StaffPage| match page {
            StaffPage::People(people) if people.rows.len() == count => Some(people.clone()),
            _ => None,
        };
        self.page("so many people", has).await
    }

    /// Shows the face of a person until the picture is taken.
    async fn hold(&mut self, person: usize, pose: Pose, taken: usize) {
        let deadline = Instant::now() + LONG;
        loop {
            self.frames += 1;
            self.glimpses.send_replace(Some(glimpse(self.frames, vec![posed(person, pose)])));
            tokio::time::sleep(Duration::from_millis(2)).await;
            match &self.desk.view.load().page {
                Some(StaffPage::Capture(view)) if view.taken < taken && view.looks_like.is_none() => {}
                _ => return,
            }
            assert!(Instant::now() < deadline, "never taken: {pose:?}");
        }
    }

    async fn enrol(&mut self, name: &str, person: usize) {
        self.touch(StaffCommand::BeginEnrolment).await;
        let details = PersonDetails { name: name.to_owned(), ..PersonDetails::default() };
        self.touch(StaffCommand::SetDetails(details)).await;
        self.touch(StaffCommand::Agree).await;
        self.page("pictures", |page| matches!(page, StaffPage::Capture(_)).then_some(())).await;
        self.hold(person, Pose::Front, 1).await;
    }

    async fn other_sides(&mut self, person: usize) {
        for (index, pose) in Pose::ALL.into_iter().enumerate().skip(1) {
            self.hold(person, pose, index + 1).await;
        }
        self.page("done", |page| matches!(page, StaffPage::Done { .. }).then_some(())).await;
        self.touch(StaffCommand::Finish).await;
    }

    fn actions(&self) -> Vec<AuditAction> {
        let log = self.register.people().reader().unwrap().audit_log(&[], 100).unwrap();
        log.iter().rev().map(|entry| entry.action).collect()
    }
}

fn path(folder: &tempfile::TempDir) -> PathBuf {
    folder.path().join("majlis.sqlite")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn somebody_is_enrolled_on_the_screen_recognised_and_forgotten() {
    let mut kiosk = Kiosk::new().await;
    kiosk.sign_in().await;
    kiosk.enrol("Maryam", 1).await;
    assert_eq!(*kiosk.eyes.borrow(), EyesMode::Enrolment);
    kiosk.other_sides(1).await;
    let people = kiosk.people(1).await;
    assert_eq!((people.rows[0].name.as_str(), people.counts, people.recognition), ("Maryam", [1, 0, 0], Some(true)));
    assert_eq!(*kiosk.eyes.borrow(), EyesMode::Reception);

    let id = people.rows[0].id;
    let face = posed(1, Pose::Front).embedding;
    let found = kiosk.register.gallery().load().search(&face).unwrap().unwrap();
    assert_eq!(found.visitor, id);
    assert_eq!(kiosk.register.known(id).unwrap().name, "Maryam");
    let record = kiosk.register.people().reader().unwrap().person(id, RECOGNISER, kiosk.register.now());
    let record = record.unwrap().unwrap();
    assert_eq!((record.embeddings, record.crops, record.enrolled_by.as_deref()), ([5, 0], 0, Some("Aisha")));

    kiosk.touch(StaffCommand::ShowPerson(id)).await;
    kiosk.page("her page", |page| matches!(page, StaffPage::Person(_)).then_some(())).await;
    kiosk.touch(StaffCommand::AskForget(id)).await;
    kiosk.touch(StaffCommand::ConfirmForget).await;
    let removed = |page: &StaffPage| match page {
        StaffPage::Person(person) => person.removed.filter(|_| person.row.name.is_empty()),
        _ => None,
    };
    assert_eq!(kiosk.page("what was removed", removed).await.embeddings, 5);
    assert!(kiosk.register.gallery().load().is_empty());
    assert_eq!(kiosk.register.known(id), None);
    let wanted = [
        AuditAction::StaffAdded,
        AuditAction::PinRight,
        AuditAction::Consented,
        AuditAction::Enrolled,
        AuditAction::Forgotten,
    ];
    assert!(kiosk.store.flush(LONG));
    let mut actions = kiosk.actions();
    // Who agreed and who signed in may have been written in the same millisecond.
    actions.sort_by_key(|action| wanted.iter().position(|other| other == action));
    assert_eq!(actions, wanted);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_enrolment_of_the_same_face_is_asked_about_and_renews_the_first() {
    let mut kiosk = Kiosk::new().await;
    kiosk.sign_in().await;
    kiosk.enrol("Maryam", 1).await;
    kiosk.other_sides(1).await;
    kiosk.people(1).await;
    kiosk.enrol("Maryam S.", 1).await;
    let looks = |page: &StaffPage| match page {
        StaffPage::Capture(view) => view.looks_like.clone(),
        _ => None,
    };
    let (name, score) = kiosk.page("the question", looks).await;
    assert!(name == "Maryam" && score > 0.99);
    kiosk.touch(StaffCommand::TheSame).await;
    kiosk.page("the answer", |page| looks(page).is_none().then_some(())).await;
    kiosk.other_sides(1).await;
    assert_eq!(kiosk.people(1).await.rows[0].name, "Maryam S.");
    kiosk.enrol("Khalid", 2).await;
    kiosk.other_sides(2).await;
    assert_eq!(kiosk.people(2).await.counts, [2, 0, 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lock_survives_pulling_the_plug() {
    let mut kiosk = Kiosk::new().await;
    kiosk.config.staff.max_attempts = 2;
    let kiosk = kiosk.restart().await;
    kiosk.touch(StaffCommand::Open).await;
    let problem = |page: &StaffPage| match page {
        StaffPage::Pin(pad) => pad.problem,
        _ => None,
    };
    kiosk.pin([9, 1, 7, 2, 3, 4]).await;
    assert_eq!(kiosk.page("wrong", problem).await, PinProblem::Wrong { attempts_left: 1 });
    kiosk.pin([9, 1, 7, 2, 3, 5]).await;
    let locked = |page: &StaffPage| problem(page).filter(|it| matches!(it, PinProblem::Locked { .. }));
    assert_eq!(kiosk.page("locked", locked).await, PinProblem::Locked { minutes: 5 });
    assert!(kiosk.store.flush(LONG));

    let kiosk = kiosk.restart().await;
    kiosk.touch(StaffCommand::Open).await;
    assert_eq!(kiosk.page("still locked", problem).await, PinProblem::Locked { minutes: 5 });
    kiosk.pass(Duration::from_secs(5 * 60));
    kiosk.touch(StaffCommand::Close).await;
    kiosk.sign_in().await;
    let log = kiosk.register.people().reader().unwrap().audit_log(&[AuditAction::PinWrong], 10).unwrap();
    assert_eq!(log.len(), 2);
    let written = format!("{log:?}");
    assert!(!written.contains("917234") && log.iter().all(|entry| entry.detail.is_empty()), "without digits");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_visit_is_taken_over_by_a_right_pin_and_by_no_other() {
    let mut kiosk = Kiosk::new().await;
    kiosk.touch(StaffCommand::Open).await;
    kiosk.pin([1, 2, 3, 4, 5, 6]).await;
    let refused = |page: &StaffPage| match page {
        StaffPage::Pin(pad) => pad.problem.is_some().then_some(()),
        _ => None,
    };
    kiosk.page("the PIN is refused", refused).await;
    assert!(kiosk.told.try_recv().is_err(), "somebody who does not know the PIN ends nobody's visit");
    kiosk.pass(Duration::from_secs(60));
    kiosk.sign_in().await;
    assert_eq!(kiosk.told.try_recv(), Ok(Command::StaffSignedIn));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_staff_the_pad_says_that_nobody_has_a_pin() {
    let kiosk = Kiosk::with_nobody().await;
    kiosk.touch(StaffCommand::Open).await;
    let nobody = |page: &StaffPage| match page {
        StaffPage::Pin(pad) => (pad.problem == Some(PinProblem::NobodyHasOne)).then_some(()),
        _ => None,
    };
    kiosk.page("nobody has one", nobody).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pause_of_recognition_lasts_over_a_restart() {
    let mut kiosk = Kiosk::new().await;
    kiosk.sign_in().await;
    kiosk.enrol("Maryam", 1).await;
    kiosk.other_sides(1).await;
    let id = kiosk.people(1).await.rows[0].id;
    kiosk.touch(StaffCommand::SetRecognition(false)).await;
    kiosk.until("paused", || !*kiosk.desk.recognises.borrow()).await;
    assert_eq!(kiosk.register.known(id), None);
    assert!(kiosk.store.flush(LONG));
    let kiosk = kiosk.restart().await;
    kiosk.until("the gallery", || !kiosk.register.gallery().load().is_empty()).await;
    assert!(!*kiosk.desk.recognises.borrow());
    assert_eq!(kiosk.register.known(id), None);
    kiosk.sign_in().await;
    kiosk.touch(StaffCommand::SetRecognition(true)).await;
    kiosk.until("it goes on", || *kiosk.desk.recognises.borrow()).await;
    assert_eq!(kiosk.register.known(id).unwrap().name, "Maryam");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_another_process_changes_is_noticed() {
    let mut kiosk = Kiosk::new().await;
    kiosk.sign_in().await;
    kiosk.enrol("Maryam", 1).await;
    kiosk.other_sides(1).await;
    let id = kiosk.people(1).await.rows[0].id;
    let other = Store::open(&path(&kiosk.folder), Bus::new(Arc::new(kiosk.clock.clone()))).unwrap();
    other.people(kiosk.key.clone()).forget(id, Actor::CommandLine, kiosk.register.now()).await.unwrap();
    assert!(kiosk.register.known(id).is_some(), "not yet");
    kiosk.pass(REFRESH_EVERY);
    kiosk.until("noticed", || kiosk.register.known(id).is_none()).await;
    // The page follows the register.
    let is_forgotten = |page: &StaffPage| match page {
        StaffPage::People(people) if people.counts == [0, 0, 1] => Some(()),
        _ => None,
    };
    kiosk.page("somebody forgotten", is_forgotten).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_visit_keeps_a_person_for_longer_and_without_one_they_are_forgotten() {
    let mut kiosk = Kiosk::new().await;
    kiosk.sign_in().await;
    for (name, person) in [("Comes", 1), ("Stays away", 2)] {
        kiosk.enrol(name, person).await;
        kiosk.other_sides(person).await;
    }
    let rows = kiosk.people(2).await.rows;
    kiosk.touch(StaffCommand::Close).await;
    let day = Duration::from_secs(24 * 60 * 60);
    kiosk.pass(300 * day);
    let visit = VisitId::generate();
    kiosk.register.greeted(rows[0].id, visit);
    assert!(kiosk.store.flush(LONG));
    kiosk.pass(65 * day + day);
    kiosk.until("forgotten", || kiosk.register.known(rows[1].id).is_none()).await;
    assert!(kiosk.register.known(rows[0].id).is_some());
    assert_eq!(kiosk.register.people().reader().unwrap().visits_of(rows[0].id).unwrap(), [visit]);
    let visits = Reader::open(&path(&kiosk.folder)).unwrap().visits().unwrap();
    assert_eq!(visits.len(), 1, "the visit itself stays");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_visitor_who_asks_to_be_forgotten_is_forgotten_at_once() {
    let mut kiosk = Kiosk::new().await;
    kiosk.sign_in().await;
    kiosk.enrol("Maryam", 1).await;
    kiosk.other_sides(1).await;
    let id = kiosk.people(1).await.rows[0].id;
    kiosk.register.denied(id);
    let records: &dyn VisitorRecords = &kiosk.register;
    records.forget(id).await.unwrap();
    assert!(kiosk.register.gallery().load().is_empty() && kiosk.register.known(id).is_none());
    assert!(records.forget(VisitorId::generate()).await.is_err());
    let log = kiosk.register.people().reader().unwrap().audit_log(&[AuditAction::Forgotten], 1).unwrap();
    assert_eq!(log[0].actor, Actor::Visitor);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kept_crops_are_embedded_again_for_another_recogniser() {
    let mut kiosk = Kiosk::new().await;
    kiosk.desk.stop().await;
    // A consent text that covers crops.
    let assets = tempfile::tempdir().unwrap();
    std::fs::create_dir(assets.path().join("consent")).unwrap();
    for name in ["consent/en.toml", "consent/ar.toml"] {
        let text = std::fs::read_to_string(name.replace("consent/", "assets/consent/")).unwrap();
        let covering = text.replace("covers_crops = false", "covers_crops = true");
        std::fs::write(assets.path().join(name), covering).unwrap();
    }
    kiosk.config.paths.assets = assets.path().to_owned();
    kiosk.store.close(LONG).unwrap();
    let mut kiosk = Kiosk::start(kiosk.folder, kiosk.config, kiosk.wall_ms, kiosk.key).await;
    kiosk.sign_in().await;
    kiosk.enrol("Maryam", 1).await;
    kiosk.other_sides(1).await;
    let id = kiosk.people(1).await.rows[0].id;

    let people = kiosk.register.people().clone();
    let now = kiosk.register.now().timestamp();
    let wall: WallClock = Arc::new(move || now);
    let other = RecogniserId { name: "sface".to_owned(), dimensions: 3 };
    let register = Register::new(people, other, 365, wall);
    let loaded = register.load().unwrap();
    assert_eq!((loaded.people, loaded.of_others), (0, 5), "never mixed");
    let mut embed = |crop: &image::RgbImage| {
        assert_eq!(crop.dimensions(), (112, 112));
        Ok(Embedding::normalised(vec![0.0, 1.0, 0.0]).unwrap())
    };
    assert_eq!(register.embed_again(&mut embed).await.unwrap(), 1);
    assert_eq!(register.load().unwrap().embeddings, 5);
    assert_eq!(register.known(id).unwrap().name, "Maryam");
    assert_eq!(register.embed_again(&mut embed).await.unwrap(), 0, "once");
}

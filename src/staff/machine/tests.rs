//! The staff pages as somebody before the screen sees them, in virtual time.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::{path::Path, sync::Arc};

use super::*;
use crate::{
    event::staff::{PersonRow, PersonStatus, Pose, StaffPage, StaffView},
    staff::{
        consent::ConsentTexts,
        pin::Lockout,
        test_faces::{THRESHOLD, demands, glimpse, posed},
    },
    store::StaffId,
};

mod properties;

const CLOSES_AFTER: Duration = Duration::from_secs(120);

fn settings() -> Settings {
    Settings {
        closes_after: CLOSES_AFTER,
        lockout: Lockout { max_attempts: 5, lock_minutes: 5 },
        recognition: true,
        language: Language::ENGLISH,
        time_zone: jiff::tz::TimeZone::UTC,
        retention_days: 365,
        demands: demands(),
        duplicate_threshold: THRESHOLD,
        safe_mode: None,
        consent: Some(Arc::new(ConsentTexts::load(Path::new("assets")).unwrap())),
    }
}

/// Staff pages with somebody who answers at once: the driver with a right PIN of 402913.
struct Desk {
    settings: Settings,
    state: State,
    now: Now,
    frames: u64,
    /// Who looks like whoever is captured.
    alike: Option<Alike>,
    saves: bool,
    /// Everything that was asked for.
    done: Vec<Action>,
}

impl Desk {
    fn new() -> Self {
        Self {
            settings: settings(),
            state: State::new(Language::ENGLISH, Guard::default(), true),
            now: Now { clock: Duration::from_secs(10), wall: UnixMillis(1_790_000_000_000) },
            frames: 0,
            alike: None,
            saves: true,
            done: Vec::new(),
        }
    }

    fn signed_in() -> Self {
        let mut desk = Self::new();
        desk.touch(StaffCommand::Open);
        desk.pin("402913");
        desk
    }

    fn take(&mut self, input: Input) {
        for action in self.state.step(&self.settings, input, self.now) {
            self.done.push(action.clone());
            let answer = match action {
                Action::CountStaff(request) => Input::StaffCounted(request, 1),
                Action::CheckPin(request, pin) => Input::PinChecked(request, whose(&pin)),
                Action::ReadPeople(request, _) => Input::PeopleRead(request, Some(PeopleList::default())),
                Action::ReadPerson(request, id) | Action::Edit(request, id, ..) => {
                    Input::PersonRead(request, Some(Box::new(record(id))))
                }
                Action::Forget(request, ..) => {
                    Input::Forgotten(request, Some(Removed { embeddings: 5, ..Removed::default() }))
                }
                Action::Compare(request, _) => Input::Compared(request, self.alike.clone()),
                Action::Save(request, _) => Input::Saved(request, self.saves),
                Action::TakeOver
                | Action::GiveBack
                | Action::AuditRight(_)
                | Action::AuditWrong
                | Action::SetRecognition(..)
                | Action::ReadOut(..)
                | Action::StopReading
                | Action::Look(_) => continue,
            };
            self.take(answer);
        }
    }

    fn touch(&mut self, command: StaffCommand) {
        self.take(Input::Command(command));
    }

    fn pin(&mut self, digits: &str) {
        for digit in digits.bytes() {
            self.touch(StaffCommand::Digit(digit - b'0'));
        }
    }

    fn wait(&mut self, time: Duration) {
        self.now.clock += time;
        self.now.wall.0 += i64::try_from(time.as_millis()).unwrap();
        self.take(Input::Tick);
    }

    fn show(&mut self, person: usize, pose: Pose) {
        for _ in 0..3 {
            self.frames += 1;
            self.wait(Duration::from_millis(200));
            self.take(Input::Glimpse(glimpse(self.frames, vec![posed(person, pose)])));
        }
    }

    fn view(&self) -> StaffView {
        self.state.view(&self.settings)
    }

    fn page(&self) -> StaffPage {
        self.view().page.unwrap()
    }

    fn capture(&self) -> crate::event::staff::CaptureView {
        let StaffPage::Capture(view) = self.page() else { panic!("another page") };
        view
    }

    fn problem(&self) -> Option<PinProblem> {
        let StaffPage::Pin(pad) = self.page() else { panic!("another page") };
        pad.problem
    }

    fn saved(&self) -> Vec<&Enrolled> {
        self.done
            .iter()
            .filter_map(|action| match action {
                Action::Save(_, enrolled) => Some(enrolled.as_ref()),
                _ => None,
            })
            .collect()
    }

    /// Until the pictures begin.
    fn agree(&mut self) {
        self.touch(StaffCommand::BeginEnrolment);
        self.touch(StaffCommand::SetDetails(maryam()));
        self.touch(StaffCommand::Agree);
    }

    fn eyes_are_wanted(&self) -> bool {
        let mut looks = self.done.iter().filter_map(|action| match action {
            Action::Look(wanted) => Some(*wanted),
            _ => None,
        });
        looks.next_back().unwrap_or(false)
    }
}

fn whose(pin: &Pin) -> PinOutcome {
    if *pin == Pin::parse("402913").unwrap() { PinOutcome::Right(aisha()) } else { PinOutcome::Wrong }
}

fn aisha() -> Member {
    Member { id: StaffId(uuid::Uuid::from_u128(7)), name: "Aisha".to_owned() }
}

fn someone() -> VisitorId {
    VisitorId(uuid::Uuid::from_u128(9))
}

fn maryam() -> PersonDetails {
    PersonDetails {
        name: "مريم السويدي".to_owned(), language: Some(Language::ARABIC), ..PersonDetails::default()
    }
}

fn record(id: VisitorId) -> PersonRecord {
    PersonRecord {
        row: PersonRow {
            id,
            name: "Lena".to_owned(),
            since: jiff::Timestamp::UNIX_EPOCH,
            until: Some(jiff::Timestamp::MAX),
            last_visit: None,
            status: PersonStatus::Valid,
        },
        details: PersonDetails { name: "Lena".to_owned(), ..PersonDetails::default() },
        consent: None,
        enrolled_by: Some("Aisha".to_owned()),
        embeddings: [5, 0],
        crops: 0,
        visits: 0,
    }
}

#[test]
fn a_right_pin_opens_the_people_and_is_written_down() {
    let mut desk = Desk::new();
    assert_eq!(desk.view(), StaffView::closed(Language::ENGLISH));
    desk.touch(StaffCommand::Open);
    desk.pin("40291");
    desk.touch(StaffCommand::EraseDigit);
    assert!(matches!(desk.page(), StaffPage::Pin(pad) if pad.digits == 4));
    desk.pin("13");
    assert!(matches!(desk.page(), StaffPage::People(_)));
    assert_eq!(desk.view().staff_name, "Aisha");
    assert!(desk.done.iter().any(|action| matches!(action, Action::AuditRight(id) if *id == aisha().id)));
}

#[test]
fn wrong_pins_are_written_down_waited_for_and_locked() {
    let mut desk = Desk::new();
    desk.touch(StaffCommand::Open);
    let mut told = Vec::new();
    for pause in [0, 1, 2, 4, 0] {
        desk.pin("111111");
        told.push(desk.problem().unwrap());
        if pause > 0 {
            desk.pin("402913");
            assert!(
                matches!(desk.problem(), Some(PinProblem::Wait { seconds }) if seconds <= pause),
                "not even a right one"
            );
        }
        desk.wait(Duration::from_secs(u64::from(pause)));
    }
    let wrong = |attempts_left| PinProblem::Wrong { attempts_left };
    assert_eq!(told, [wrong(4), wrong(3), wrong(2), wrong(1), PinProblem::Locked { minutes: 5 }]);
    desk.pin("402913");
    assert_eq!(desk.problem(), Some(PinProblem::Locked { minutes: 5 }));
    desk.touch(StaffCommand::Close);
    desk.wait(Duration::from_secs(61));
    desk.touch(StaffCommand::Open);
    assert_eq!(desk.problem(), Some(PinProblem::Locked { minutes: 4 }), "told before anything is touched");
    assert_eq!(desk.done.iter().filter(|action| matches!(action, Action::AuditWrong)).count(), 5);
    desk.wait(Duration::from_secs(119));
    desk.touch(StaffCommand::Close);
    desk.wait(Duration::from_secs(180));
    desk.touch(StaffCommand::Open);
    desk.pin("402913");
    assert!(matches!(desk.page(), StaffPage::People(_)));
}

#[test]
fn a_pin_that_is_checked_when_the_pad_was_closed_opens_nothing() {
    let mut state = State::new(Language::ENGLISH, Guard::default(), true);
    let (settings, now) = (settings(), Now { clock: Duration::ZERO, wall: UnixMillis(0) });
    let mut check = None;
    for command in [StaffCommand::Open].into_iter().chain([4, 0, 2, 9, 1, 3].map(StaffCommand::Digit)) {
        for action in state.step(&settings, Input::Command(command), now) {
            if let Action::CheckPin(request, _) = action {
                check = Some(request);
            }
        }
    }
    for command in [StaffCommand::Close, StaffCommand::Open] {
        let _ = state.step(&settings, Input::Command(command), now);
    }
    let actions = state.step(&settings, Input::PinChecked(check.unwrap(), PinOutcome::Right(aisha())), now);
    assert!(matches!(actions.as_slice(), [Action::AuditRight(_)]), "written down all the same");
    assert!(matches!(state.view(&settings).page, Some(StaffPage::Pin(_))));
}

#[test]
fn without_a_touch_the_pages_close_and_the_pin_is_asked_again() {
    let mut desk = Desk::signed_in();
    assert_eq!(desk.view().closes_at, desk.now.clock + CLOSES_AFTER);
    desk.wait(CLOSES_AFTER - Duration::from_secs(1));
    desk.touch(StaffCommand::StillThere);
    desk.wait(CLOSES_AFTER - Duration::from_secs(1));
    assert!(matches!(desk.page(), StaffPage::People(_)));
    desk.wait(Duration::from_secs(1));
    assert_eq!(desk.view(), StaffView::closed(Language::ENGLISH));
    desk.touch(StaffCommand::ShowPeople);
    assert!(desk.view().page.is_none());
    desk.touch(StaffCommand::Open);
    assert!(matches!(desk.page(), StaffPage::Pin(_)));
}

#[test]
fn a_person_is_enrolled_in_five_pictures_after_they_agreed_in_their_language() {
    let mut desk = Desk::signed_in();
    desk.touch(StaffCommand::BeginEnrolment);
    desk.touch(StaffCommand::SetDetails(PersonDetails { phone: "12".to_owned(), ..PersonDetails::default() }));
    let StaffPage::Details { refused, .. } = desk.page() else { panic!() };
    assert_eq!(refused, [DetailField::Name, DetailField::Phone]);
    desk.touch(StaffCommand::SetDetails(maryam()));
    let StaffPage::Consent(text) = desk.page() else { panic!() };
    assert_eq!((text.language, desk.view().language), (Language::ARABIC, Language::ARABIC));
    assert!(text.points[2].text.contains("2027"), "{}", text.points[2].text);
    assert!(!desk.eyes_are_wanted(), "no picture before they agree");
    desk.touch(StaffCommand::Agree);
    assert!(desk.eyes_are_wanted());
    for (index, pose) in Pose::ALL.into_iter().enumerate() {
        assert_eq!(desk.capture().taken, index);
        desk.show(1, pose);
    }
    let StaffPage::Done { name, until } = desk.page() else { panic!() };
    assert_eq!(name, "مريم السويدي");
    assert!(!desk.eyes_are_wanted());
    let saved = desk.saved();
    assert_eq!(saved.len(), 1);
    assert_eq!(saved[0].taken.iter().map(|taken| taken.pose).collect::<Vec<_>>(), Pose::ALL);
    assert_eq!((saved[0].by, saved[0].renews, saved[0].language), (aisha().id, None, Language::ARABIC));
    assert_eq!((saved[0].consent.text_version.as_str(), saved[0].consent.language), ("5", Language::ARABIC));
    assert_eq!(saved[0].retained_until.timestamp(), until);
    desk.touch(StaffCommand::Finish);
    assert!(matches!(desk.page(), StaffPage::People(_)));
    assert_eq!(desk.view().language, Language::ENGLISH, "staff read on in their own");
}

#[test]
fn the_consent_can_be_read_and_given_in_the_other_language() {
    let mut desk = Desk::signed_in();
    desk.touch(StaffCommand::BeginEnrolment);
    desk.touch(StaffCommand::SetDetails(maryam()));
    desk.touch(StaffCommand::SetLanguage(Language::ENGLISH));
    let StaffPage::Consent(text) = desk.page() else { panic!() };
    assert!(text.title.starts_with("May I"));
    desk.touch(StaffCommand::Agree);
    Pose::ALL.into_iter().for_each(|pose| desk.show(1, pose));
    assert_eq!((desk.saved()[0].consent.language, desk.saved()[0].language), (Language::ENGLISH, Language::ARABIC));
}

#[test]
fn the_consent_is_read_out_in_the_language_it_is_shown_in_and_only_while_it_is_shown() {
    let mut desk = Desk::signed_in();
    let reads = |desk: &mut Desk, command| {
        let before = desk.done.len();
        desk.touch(command);
        desk.done[before..]
            .iter()
            .filter_map(|action| match action {
                Action::ReadOut(text, language) => Some(Some((text.to_string(), *language))),
                Action::StopReading => Some(None),
                _ => None,
            })
            .collect::<Vec<_>>()
    };
    assert!(reads(&mut desk, StaffCommand::ReadOut).is_empty(), "there is nothing to read yet");
    desk.touch(StaffCommand::BeginEnrolment);
    desk.touch(StaffCommand::SetDetails(maryam()));
    for language in [Language::ARABIC, Language::ENGLISH] {
        let StaffPage::Consent(shown) = desk.page() else { panic!() };
        let read = reads(&mut desk, StaffCommand::ReadOut);
        let [Some((text, spoken_in))] = &read[..] else { panic!("{read:?}") };
        assert_eq!(*spoken_in, language);
        for point in &shown.points {
            assert!(text.contains(&point.heading) && text.contains(&point.text), "{text}");
        }
        assert!(text.starts_with(&shown.title) && !text.contains(&shown.name));
        let leaves = match language {
            Language::ARABIC => StaffCommand::SetLanguage(Language::ENGLISH),
            _ => StaffCommand::Agree,
        };
        assert_eq!(reads(&mut desk, leaves), [None], "the page is gone");
    }
    assert!(reads(&mut desk, StaffCommand::Decline).is_empty(), "it was stopped already");
}

#[test]
fn whoever_stops_leaves_nothing_behind() {
    for stop in [StaffCommand::Decline, StaffCommand::Close] {
        let mut desk = Desk::signed_in();
        desk.agree();
        for pose in [Pose::Front, Pose::Left, Pose::Right, Pose::Up] {
            desk.show(1, pose);
        }
        desk.touch(stop);
        assert!(!desk.eyes_are_wanted());
        desk.show(1, Pose::Down);
        assert_eq!(desk.saved().len(), 0);
    }
    let mut desk = Desk::signed_in();
    desk.agree();
    desk.show(1, Pose::Front);
    desk.wait(CLOSES_AFTER);
    assert!(desk.view().page.is_none(), "nobody is there any more");
    assert!(!desk.eyes_are_wanted());
}

#[test]
fn a_touch_too_late_finds_the_pages_closed() {
    let mut desk = Desk::signed_in();
    desk.touch(StaffCommand::ShowPerson(someone()));
    desk.touch(StaffCommand::AskForget(someone()));
    desk.now.clock += CLOSES_AFTER;
    desk.touch(StaffCommand::ConfirmForget);
    assert!(desk.view().page.is_none());
    assert!(!desk.done.iter().any(|action| matches!(action, Action::Forget(..))));
}

#[test]
fn somebody_who_looks_like_a_person_on_record_is_asked_who_they_are() {
    let lena = Alike { visitor: someone(), name: "Lena".to_owned(), score: 0.71 };
    for (answer, renews) in [(StaffCommand::NotTheSame, None), (StaffCommand::TheSame, Some(someone()))] {
        let mut desk = Desk::signed_in();
        desk.alike = Some(lena.clone());
        desk.agree();
        desk.show(1, Pose::Front);
        assert_eq!(desk.capture().looks_like, Some(("Lena".to_owned(), 0.71)));
        desk.show(1, Pose::Left);
        assert_eq!(desk.capture().taken, 1, "first the answer");
        desk.touch(answer);
        [Pose::Left, Pose::Right, Pose::Up, Pose::Down].into_iter().for_each(|pose| desk.show(1, pose));
        assert_eq!(desk.saved()[0].renews, renews);
    }
}

#[test]
fn starting_over_takes_all_pictures_again() {
    let mut desk = Desk::signed_in();
    desk.agree();
    desk.show(1, Pose::Front);
    desk.show(1, Pose::Left);
    desk.touch(StaffCommand::StartOver);
    assert_eq!(desk.capture().taken, 0);
    Pose::ALL.into_iter().for_each(|pose| desk.show(1, pose));
    assert_eq!(desk.saved()[0].taken.len(), 5);
}

#[test]
fn what_the_database_did_not_take_is_said_and_can_be_tried_again() {
    let mut desk = Desk::signed_in();
    desk.saves = false;
    desk.agree();
    Pose::ALL.into_iter().for_each(|pose| desk.show(1, pose));
    assert_eq!(desk.capture().problem, Some("capture.not_saved"));
    desk.saves = true;
    desk.touch(StaffCommand::StartOver);
    Pose::ALL.into_iter().for_each(|pose| desk.show(1, pose));
    assert!(matches!(desk.page(), StaffPage::Done { .. }));
}

#[test]
fn a_camera_that_delivers_nothing_is_said() {
    let mut desk = Desk::signed_in();
    desk.agree();
    desk.show(1, Pose::Front);
    assert!(desk.capture().live.is_some());
    assert_eq!(desk.state.deadline(&desk.settings), desk.now.clock + NO_PICTURE_AFTER);
    desk.wait(NO_PICTURE_AFTER);
    assert!(desk.capture().live.is_none());
    assert_eq!((desk.capture().problem, desk.capture().taken), (Some("lost.camera"), 1));
}

#[test]
fn changed_details_that_are_not_valid_are_shown_with_what_is_wrong_and_not_kept() {
    let mut desk = Desk::signed_in();
    desk.touch(StaffCommand::ShowPerson(someone()));
    let wrong = PersonDetails { phone: "12".to_owned(), ..maryam() };
    let refused = |desk: &Desk| {
        let StaffPage::Person(person) = desk.page() else { panic!() };
        person.refused.map(|refused| (refused.number, refused.details, refused.fields))
    };
    desk.touch(StaffCommand::SaveDetails(someone(), wrong.clone()));
    let (first, details, fields) = refused(&desk).unwrap();
    assert_eq!((details, fields), (wrong.clone(), vec![DetailField::Phone]));
    desk.touch(StaffCommand::SaveDetails(someone(), wrong));
    assert_ne!(refused(&desk).unwrap().0, first, "told once more");
    assert!(!desk.done.iter().any(|action| matches!(action, Action::Edit(..))));
    desk.touch(StaffCommand::SaveDetails(someone(), maryam()));
    assert!(refused(&desk).is_none() && desk.done.iter().any(|action| matches!(action, Action::Edit(..))));
}

#[test]
fn forgetting_is_asked_once_more_and_shows_what_was_removed() {
    let mut desk = Desk::signed_in();
    desk.touch(StaffCommand::ShowPerson(someone()));
    desk.touch(StaffCommand::ConfirmForget);
    assert!(!desk.done.iter().any(|action| matches!(action, Action::Forget(..))), "not asked for");
    desk.touch(StaffCommand::AskForget(someone()));
    desk.touch(StaffCommand::CancelForget);
    desk.touch(StaffCommand::ConfirmForget);
    assert!(!desk.done.iter().any(|action| matches!(action, Action::Forget(..))), "kept");
    desk.touch(StaffCommand::AskForget(someone()));
    assert!(matches!(desk.page(), StaffPage::Person(person) if person.confirms_forget));
    desk.touch(StaffCommand::ConfirmForget);
    let StaffPage::Person(person) = desk.page() else { panic!() };
    assert_eq!(person.removed.map(|removed| removed.embeddings), Some(5));
}

#[test]
fn with_recognition_off_by_configuration_nobody_is_enrolled() {
    let mut desk = Desk::new();
    desk.settings.recognition = false;
    desk.touch(StaffCommand::Open);
    desk.pin("402913");
    desk.touch(StaffCommand::BeginEnrolment);
    desk.touch(StaffCommand::SetRecognition(true));
    let StaffPage::People(people) = desk.page() else { panic!("another page") };
    assert_eq!(people.recognition, None);
    assert!(!desk.state.recognises(&desk.settings));
    let mut desk = Desk::signed_in();
    desk.touch(StaffCommand::SetRecognition(false));
    assert!(matches!(desk.page(), StaffPage::People(people) if people.recognition == Some(false)));
    assert!(desk.done.iter().any(|action| matches!(action, Action::SetRecognition(false, _))));
}

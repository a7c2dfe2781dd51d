//! Staff pages touched through, with a desk that answers as the staff room would.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

#[path = "staff_touch/safe_mode.rs"]
mod safe_mode;
mod window;

use std::sync::{Arc, atomic::Ordering};

use eframe::egui::{self, Role};
use egui_kittest::kittest::{NodeT, Queryable};
use majlis::event::{
    FaultCause, Language, Phase,
    staff::{
        CaptureView, DetailField, FaultView, PersonDetails, PersonStatus, PersonView, PinProblem, PinView,
        RefusedDetails, Removed, StaffCommand, StaffPage, StaffView,
    },
};
use window::{Kiosk, LANDSCAPE, PORTRAIT, SafeMode, staff, themed, view};

fn kiosk_at(page: Option<StaffPage>, language: Language, size: [f32; 2]) -> Kiosk {
    let mut kiosk = Kiosk::new(view(Phase::Idle, language), size, themed("day"));
    kiosk.step();
    if let Some(page) = page {
        kiosk.show_staff(staff::shown(page, language));
    }
    // Keyboards slide in.
    for _ in 0..8 {
        kiosk.step();
    }
    kiosk
}

fn kiosk(page: StaffPage) -> Kiosk {
    kiosk_at(Some(page), Language::ENGLISH, PORTRAIT)
}

fn touch_as(kiosk: &mut Kiosk, role: Role, label: &str) {
    kiosk.harness.get_by_role_and_label(role, label).click();
    kiosk.step();
    kiosk.step();
}

fn touch(kiosk: &mut Kiosk, label: &str) {
    touch_as(kiosk, Role::Button, label);
}

fn type_keys(kiosk: &mut Kiosk, keys: &str) {
    for key in keys.split(' ') {
        let label = match key {
            "_" if kiosk.harness.query_by_role_and_label(Role::Button, "مسافة").is_some() => "مسافة",
            "_" => "Space",
            key => key,
        };
        touch(kiosk, label);
    }
}

/// What stands in the field with this label.
fn written(kiosk: &Kiosk, label: &str) -> String {
    kiosk.harness.get_by_role_and_label(Role::TextInput, label).accesskit_node().value().unwrap_or_default()
}

/// Holds the middle of `label` for so many frames of 50 ms, then lets go.
fn hold(kiosk: &mut Kiosk, label: &str, frames: u32) {
    let place = kiosk.harness.get_by_role_and_label(Role::Button, label).rect().center();
    kiosk.press(place);
    for _ in 0..frames {
        kiosk.step();
    }
    kiosk.release(place);
    kiosk.step();
}

fn details_page(details: PersonDetails) -> StaffPage {
    StaffPage::Details { details, refused: Vec::new() }
}

/// A staff room in miniature: it answers every command with the page that follows.
struct Desk {
    pin: Vec<u8>,
    details: PersonDetails,
    taken: usize,
    sent: Vec<StaffCommand>,
}

impl Desk {
    const PIN: [u8; 6] = [2, 7, 1, 8, 2, 8];

    fn new() -> Self {
        Self { pin: Vec::new(), details: PersonDetails::default(), taken: 0, sent: Vec::new() }
    }

    fn capture(&self, alike: bool) -> StaffPage {
        StaffPage::Capture(CaptureView {
            name: self.details.name.clone(),
            taken: self.taken,
            problem: None,
            looks_like: alike.then(|| ("Khalid Rahman".into(), 0.71)),
            ..staff::capture(Language::ENGLISH)
        })
    }

    fn answer(&mut self, command: StaffCommand) -> Option<StaffPage> {
        self.sent.push(command.clone());
        let people = || StaffPage::People(staff::people(Language::ENGLISH));
        Some(match command {
            StaffCommand::Open => StaffPage::Pin(PinView::default()),
            StaffCommand::Digit(digit) => {
                self.pin.push(digit);
                if self.pin == Self::PIN {
                    people()
                } else {
                    let digits = u8::try_from(self.pin.len()).unwrap();
                    StaffPage::Pin(PinView { digits, ..PinView::default() })
                }
            }
            StaffCommand::BeginEnrolment => details_page(PersonDetails::default()),
            StaffCommand::SetDetails(details) => {
                self.details = details;
                StaffPage::Consent(staff::consent(Language::ENGLISH))
            }
            StaffCommand::Agree => self.capture(false),
            StaffCommand::NotTheSame => {
                StaffPage::Done { name: self.details.name.clone(), until: staff::at("2027-11-21") }
            }
            StaffCommand::Finish => people(),
            StaffCommand::Close => return None,
            other => {
                panic!("the desk did not expect {:?}", self.sent.len() + usize::from(other == StaffCommand::Decline))
            }
        })
    }

    /// Answers what was touched.
    fn serve(&mut self, kiosk: &mut Kiosk) {
        for command in kiosk.staff_sent() {
            let view = match self.answer(command) {
                Some(page) => staff::shown(page, Language::ENGLISH),
                None => StaffView::closed(Language::ENGLISH),
            };
            kiosk.show_staff(view);
        }
        for _ in 0..8 {
            kiosk.step();
        }
    }
}

#[test]
fn a_person_is_enrolled_from_the_stands_mark_to_the_visitors_screen() {
    let mut kiosk = kiosk_at(None, Language::ENGLISH, PORTRAIT);
    let mut desk = Desk::new();
    // The stand's mark, held for three seconds; a shorter touch does nothing.
    let mark = egui::pos2(86.0, 80.0);
    kiosk.press(mark);
    for _ in 0..30 {
        kiosk.step();
    }
    kiosk.release(mark);
    assert!(kiosk.staff_sent().is_empty());
    kiosk.press(mark);
    for _ in 0..62 {
        kiosk.step();
    }
    kiosk.release(mark);
    desk.serve(&mut kiosk);
    kiosk.harness.get_by_label("Staff only");
    for digit in Desk::PIN {
        touch(&mut kiosk, &digit.to_string());
        desk.serve(&mut kiosk);
    }
    touch(&mut kiosk, "Enrol a person");
    desk.serve(&mut kiosk);
    type_keys(&mut kiosk, "M a r y a m _ A l");
    assert_eq!(written(&kiosk, "Name"), "Maryam Al");
    touch(&mut kiosk, "Next field");
    type_keys(&mut kiosk, "0 5 0 1 2 3 4 5 6 7");
    touch(&mut kiosk, "Go on to consent");
    desk.serve(&mut kiosk);
    hold(&mut kiosk, "Touch and hold to agree", 61);
    desk.serve(&mut kiosk);
    kiosk.harness.get_by_label("Good. Please hold still.");
    for taken in 1..=5 {
        desk.taken = taken;
        kiosk.show_staff(staff::shown(desk.capture(taken == 5), Language::ENGLISH));
    }
    kiosk.harness.get_by_label("This looks like Khalid Rahman.");
    touch(&mut kiosk, "Somebody else");
    desk.serve(&mut kiosk);
    kiosk.harness.get_by_label("Maryam Al is enrolled.");
    kiosk.harness.get_by_label("Kept until 21 November 2027.");
    touch(&mut kiosk, "Done");
    desk.serve(&mut kiosk);
    touch(&mut kiosk, "Close");
    desk.serve(&mut kiosk);
    kiosk.harness.get_by_label("Opening hours");
    assert_eq!(desk.details.name, "Maryam Al");
    assert_eq!(desk.details.phone, "0501234567");
    assert_eq!(desk.details.language, Some(Language::ENGLISH));
    assert!(kiosk.sent().is_empty(), "nothing of this is the conversation's");
}

#[test]
fn a_wrong_pin_and_a_locked_pad_are_told_in_words() {
    let page = |problem| StaffPage::Pin(PinView { problem: Some(problem), ..PinView::default() });
    let mut kiosk = kiosk(page(PinProblem::Wrong { attempts_left: 3 }));
    kiosk.harness.get_by_label("Wrong PIN. 3 attempts left.");
    kiosk.harness.get_by_label("0 of 6 digits");
    for (problem, text) in [
        (PinProblem::Wrong { attempts_left: 1 }, "Wrong PIN. One attempt left."),
        (PinProblem::Locked { minutes: 5 }, "Locked. Please try again in 5 minutes."),
        (PinProblem::Wait { seconds: 4 }, "Too soon. Seconds to wait: 4."),
        (PinProblem::NobodyHasOne, "Nobody has a PIN yet. On the box: majlis staff add"),
    ] {
        kiosk.show_staff(staff::shown(page(problem), Language::ENGLISH));
        kiosk.harness.get_by_label(text);
    }
    touch(&mut kiosk, "Erase");
    touch(&mut kiosk, "Back to reception");
    touch_as(&mut kiosk, Role::RadioButton, "العربية");
    kiosk.harness.event(egui::Event::Text("7".into()));
    kiosk.step();
    let sent = kiosk.staff_sent();
    let expected = [
        StaffCommand::EraseDigit,
        StaffCommand::Close,
        StaffCommand::SetLanguage(Language::ARABIC),
        StaffCommand::Digit(7),
    ];
    assert!(sent == expected);
}

#[test]
fn letting_go_too_early_does_not_agree() {
    let mut kiosk = kiosk(StaffPage::Consent(staff::consent(Language::ENGLISH)));
    hold(&mut kiosk, "Touch and hold to agree", 57);
    assert!(kiosk.staff_sent().is_empty());
    for _ in 0..6 {
        kiosk.step();
    }
    // What was held before does not count.
    hold(&mut kiosk, "Touch and hold to agree", 20);
    assert!(kiosk.staff_sent().is_empty());
    hold(&mut kiosk, "Touch and hold to agree", 66);
    assert!(kiosk.staff_sent() == [StaffCommand::Agree], "agreed once");
    kiosk.harness.get_by_label("Agreed");
}

#[test]
fn a_finger_that_slides_off_does_not_agree_and_no_is_as_large() {
    let mut kiosk = kiosk(StaffPage::Consent(staff::consent(Language::ENGLISH)));
    let agree = kiosk.harness.get_by_label("Touch and hold to agree").rect();
    let no = kiosk.harness.get_by_label("No, thank you").rect();
    assert_eq!(agree.width(), no.width());
    kiosk.press(agree.center());
    for _ in 0..20 {
        kiosk.step();
    }
    kiosk.harness.hover_at(no.center());
    for _ in 0..60 {
        kiosk.step();
    }
    kiosk.release(no.center());
    assert!(kiosk.staff_sent().is_empty());
    touch(&mut kiosk, "No, thank you");
    assert!(kiosk.staff_sent() == [StaffCommand::Decline]);
}

#[test]
fn both_keyboards_write_and_backspace_takes_one_letter() {
    let mut kiosk = kiosk_at(Some(details_page(PersonDetails::default())), Language::ARABIC, PORTRAIT);
    type_keys(&mut kiosk, "س لا م _ أ");
    assert_eq!(written(&kiosk, "الاسم"), "سلام أ");
    type_keys(&mut kiosk, "مسح مسح مسح مسح");
    assert_eq!(written(&kiosk, "الاسم"), "سل", "the two letters of the key are two touches");
    type_keys(&mut kiosk, "م _");
    touch(&mut kiosk, "English ⌨");
    type_keys(&mut kiosk, "A l");
    assert_eq!(written(&kiosk, "الاسم"), "سلم Al");
    touch(&mut kiosk, "العربية ⌨");
    type_keys(&mut kiosk, "ي");
    assert_eq!(written(&kiosk, "الاسم"), "سلم Alي");
}

#[test]
fn shift_is_on_at_the_start_of_each_name_and_a_held_backspace_takes_words() {
    let mut kiosk = kiosk(details_page(PersonDetails::default()));
    type_keys(&mut kiosk, "H u d a _ A l _ R a h m a n");
    assert_eq!(written(&kiosk, "Name"), "Huda Al Rahman");
    // 500 ms for the first word, 300 ms for the next.
    hold(&mut kiosk, "Erase", 17);
    assert_eq!(written(&kiosk, "Name"), "Huda ");
    touch(&mut kiosk, "Erase");
    assert_eq!(written(&kiosk, "Name"), "Huda");
}

#[test]
fn the_keyboard_serves_the_field() {
    let mut kiosk = kiosk(details_page(PersonDetails::default()));
    touch_as(&mut kiosk, Role::TextInput, "Phone");
    assert!(kiosk.harness.query_by_role_and_label(Role::Button, "q").is_none(), "digits alone");
    type_keys(&mut kiosk, "+ 9 7 1");
    touch_as(&mut kiosk, Role::TextInput, "E-mail");
    type_keys(&mut kiosk, "m @ n .");
    assert_eq!((written(&kiosk, "Phone"), written(&kiosk, "E-mail")), ("+971".into(), "m@n.".into()));
    // The phone was left too short; the address says so once it is left.
    kiosk.harness.get_by_label("Not complete.");
    assert!(kiosk.harness.query_by_label("The e-mail address is not complete.").is_none());
    touch(&mut kiosk, "Go on to consent");
    kiosk.harness.get_by_label("A name is needed.");
    kiosk.harness.get_by_label("The e-mail address is not complete.");
    assert!(kiosk.staff_sent().is_empty());
}

#[test]
fn a_field_that_the_desk_refused_says_so_until_it_is_written_in() {
    let details = staff::details(Language::ENGLISH);
    let mut kiosk = kiosk(StaffPage::Details { details, refused: vec![DetailField::Email] });
    kiosk.harness.get_by_label("The e-mail address is not complete.");
    touch_as(&mut kiosk, Role::TextInput, "E-mail");
    touch(&mut kiosk, "Erase");
    assert!(kiosk.harness.query_by_label("The e-mail address is not complete.").is_none());
}

#[test]
fn an_attached_keyboard_works_the_same() {
    let mut kiosk = kiosk(details_page(PersonDetails::default()));
    let key = |key| egui::Event::Key {
        key,
        physical_key: None,
        pressed: true,
        repeat: false,
        modifiers: egui::Modifiers::NONE,
    };
    for event in [
        egui::Event::Text("Huda".into()),
        key(egui::Key::ArrowLeft),
        key(egui::Key::Backspace),
        key(egui::Key::Tab),
        egui::Event::Text("05x".into()),
    ] {
        kiosk.harness.event(event);
        kiosk.step();
    }
    kiosk.step();
    assert_eq!((written(&kiosk, "Name"), written(&kiosk, "Phone")), ("Hud".into(), "05".into()));
}

#[test]
fn a_full_field_says_how_much_it_holds() {
    let details = PersonDetails { name: "a".repeat(60), ..PersonDetails::default() };
    let mut kiosk = kiosk(details_page(details));
    kiosk.harness.get_by_label("60 / 60");
    type_keys(&mut kiosk, "b");
    assert_eq!(written(&kiosk, "Name").len(), 60);
}

#[test]
fn people_are_found_opened_and_recognition_is_switched() {
    let mut kiosk = kiosk(StaffPage::People(staff::people(Language::ENGLISH)));
    kiosk.harness.get_by_label("2 valid");
    touch_as(&mut kiosk, Role::RadioButton, "Off");
    touch(&mut kiosk, "Find");
    for _ in 0..8 {
        kiosk.step();
    }
    type_keys(&mut kiosk, "k h");
    touch(&mut kiosk, "Done");
    touch_as(&mut kiosk, Role::ListItem, "Khalid Rahman");
    let sent = kiosk.staff_sent();
    let expected = [
        StaffCommand::SetRecognition(false),
        StaffCommand::Search("k".into()),
        StaffCommand::Search("kh".into()),
        StaffCommand::ShowPerson(staff::id(2)),
    ];
    assert!(sent == expected);
    // Nothing can be switched where the configuration has recognition off, and that is said.
    let mut people = staff::people(Language::ENGLISH);
    people.recognition = None;
    kiosk.show_staff(staff::shown(StaffPage::People(people), Language::ENGLISH));
    for _ in 0..8 {
        kiosk.step();
    }
    assert!(kiosk.harness.query_by_role_and_label(Role::RadioButton, "On").is_none());
    kiosk.harness.get_by_label("Recognition is not set up. kiosk.toml has it off: [vision] recognition = false.");
}

#[test]
fn a_long_list_is_scrolled_by_dragging_without_opening_anybody() {
    let mut people = staff::people(Language::ENGLISH);
    people.rows = (0..300)
        .map(|n| staff::row(n, &format!("Person {n}"), "2026-11-03", Some("2027-11-03"), PersonStatus::Valid))
        .collect();
    let mut kiosk = kiosk(StaffPage::People(people));
    assert!(kiosk.harness.query_by_label("Person 8").is_none());
    let from = egui::pos2(500.0, 1200.0);
    kiosk.press(from);
    for step in 1..=20_u8 {
        kiosk.harness.hover_at(from - egui::vec2(0.0, 40.0 * f32::from(step)));
        kiosk.step();
    }
    kiosk.release(from - egui::vec2(0.0, 800.0));
    kiosk.harness.get_by_label("Person 8");
    assert!(kiosk.harness.query_by_label("Person 0").is_none());
    assert!(kiosk.staff_sent().is_empty());
}

#[test]
fn somebody_is_forgotten_in_two_touches_and_what_went_is_shown() {
    let person = staff::person(Language::ENGLISH);
    let mut kiosk = kiosk(StaffPage::Person(person.clone()));
    kiosk.harness.get_by_label("Phone: 050 123 4567");
    kiosk.harness.get_by_label("Kept until: 3 November 2027");
    touch(&mut kiosk, "Forget");
    let asked = PersonView { confirms_forget: true, ..person.clone() };
    kiosk.show_staff(staff::shown(StaffPage::Person(asked), Language::ENGLISH));
    let (keep, forget) = (kiosk.harness.get_by_label("Keep").rect(), kiosk.harness.get_by_label("Forget").rect());
    assert_eq!(keep.size(), forget.size());
    touch(&mut kiosk, "Forget");
    let removed = Some(Removed { embeddings: 5, crops: 0, visits_unlinked: 3 });
    kiosk.show_staff(staff::shown(StaffPage::Person(PersonView { removed, ..person }), Language::ENGLISH));
    kiosk.harness.get_by_label("Patterns of the face: 5");
    kiosk.harness.get_by_label("Visits no longer linked: 3");
    touch(&mut kiosk, "All people");
    let expected = [StaffCommand::AskForget(staff::id(1)), StaffCommand::ConfirmForget, StaffCommand::ShowPeople];
    assert!(kiosk.staff_sent() == expected);
}

#[test]
fn details_are_edited_in_the_same_form() {
    let mut kiosk = kiosk(StaffPage::Person(staff::person(Language::ENGLISH)));
    touch(&mut kiosk, "Edit");
    touch_as(&mut kiosk, Role::TextInput, "Name");
    for _ in 0..8 {
        kiosk.step();
    }
    hold(&mut kiosk, "Erase", 11);
    assert_eq!(written(&kiosk, "Name"), "Maryam Al ");
    touch(&mut kiosk, "Save");
    let sent = kiosk.staff_sent();
    let [StaffCommand::SaveDetails(id, details)] = sent.as_slice() else { panic!("{} commands", sent.len()) };
    assert_eq!((*id, details.name.as_str()), (staff::id(1), "Maryam Al"));
    assert_eq!(details.email, "maryam@noor.example");
}

#[test]
fn changed_details_that_are_refused_come_back_with_what_is_wrong_until_they_are_discarded() {
    let mut person = staff::person(Language::ENGLISH);
    let details = PersonDetails { email: "maryam@noor..example".into(), ..person.details.clone() };
    let refused = |number| RefusedDetails { number, details: details.clone(), fields: vec![DetailField::Email] };
    person.refused = Some(Box::new(refused(1)));
    let mut kiosk = kiosk(StaffPage::Person(person.clone()));
    kiosk.step();
    assert_eq!(written(&kiosk, "E-mail"), "maryam@noor..example");
    kiosk.harness.get_by_label("The e-mail address is not complete.");
    touch(&mut kiosk, "Discard");
    kiosk.harness.get_by_label("Edit");
    person.refused = Some(Box::new(refused(2)));
    kiosk.show_staff(staff::shown(StaffPage::Person(person), Language::ENGLISH));
    kiosk.step();
    kiosk.harness.get_by_label("The e-mail address is not complete.");
}

#[test]
fn every_touch_shows_that_somebody_is_there() {
    let mut kiosk = kiosk(StaffPage::People(staff::people(Language::ENGLISH)));
    let nowhere = egui::pos2(540.0, 260.0);
    kiosk.press(nowhere);
    kiosk.release(nowhere);
    let sent: Vec<_> = std::iter::from_fn(|| kiosk.staff.try_recv().ok()).collect();
    assert!(sent == [StaffCommand::StillThere]);
}

#[test]
fn the_pages_say_when_they_close() {
    let mut kiosk = kiosk(StaffPage::People(staff::people(Language::ENGLISH)));
    kiosk.harness.get_by_label("Closes by itself after 2 minutes without a touch.");
    kiosk.clock.advance(std::time::Duration::from_secs(108));
    kiosk.step();
    let left = staff::CLOSES_AT - majlis::clock::Clock::now(&kiosk.clock);
    kiosk.harness.get_by_label(&format!("Closes in {} s", left.as_secs() + 1));
}

#[test]
fn the_arabic_pages_are_mirrored_and_pads_are_not() {
    let mirrored = |rect: egui::Rect, width: f32| (width - rect.right(), width - rect.left());
    for size in [PORTRAIT, LANDSCAPE] {
        let [english, arabic] = Language::SHIPPED
            .map(|language| kiosk_at(Some(StaffPage::Capture(staff::capture(language))), language, size));
        for (left, right) in [("Start over", "البدء من جديد"), ("Stop, keep nothing", "إيقاف دون حفظ")]
        {
            let (a, b) = (english.harness.get_by_label(left).rect(), arabic.harness.get_by_label(right).rect());
            let (from, to) = mirrored(a, size[0]);
            assert!((b.left() - from).abs() < 0.5 && (b.right() - to).abs() < 0.5, "{left}: {a:?} {b:?}");
        }
        let [english, arabic] =
            Language::SHIPPED.map(|language| kiosk_at(Some(StaffPage::Pin(PinView::default())), language, PORTRAIT));
        for digit in ["1", "6", "0"] {
            let place = |kiosk: &Kiosk| kiosk.harness.get_by_label(digit).rect();
            assert_eq!(place(&english), place(&arabic));
        }
    }
}

#[test]
fn whatever_is_touched_on_staff_pages_is_high_enough_and_within_reach() {
    let pages = |language| {
        [
            StaffPage::Pin(staff::pin()),
            StaffPage::People(staff::people(language)),
            StaffPage::Person(staff::person(language)),
            details_page(staff::details(language)),
            StaffPage::Consent(staff::consent(language)),
            StaffPage::Capture(staff::capture(language)),
            StaffPage::Done { name: "Huda".into(), until: staff::at("2027-11-21") },
            StaffPage::Fault(FaultView { fault: Arc::new(window::fault(FaultCause::Files)), may_act: true }),
        ]
    };
    for (size, from, to) in [(PORTRAIT, 860.0_f32, 1780.0), (LANDSCAPE, 440.0, 1044.0)] {
        for language in Language::SHIPPED {
            for page in pages(language) {
                // An open keyboard may begin a little higher: digits are its top row.
                let top = if matches!(page, StaffPage::Details { .. }) { from } else { from.max(540.0) };
                let kiosk = kiosk_at(Some(page), language, size);
                let touchable = kiosk.controls();
                assert!(touchable.len() >= 2);
                for (label, rect) in touchable {
                    // Keys of the Arabic keyboard are as wide as twelve in a row allow.
                    assert!(rect.height() >= 96.0 && rect.width() >= 70.0, "{label}: {rect:?}");
                    assert!(rect.top() >= top && rect.bottom() <= to, "{label}: {rect:?}");
                }
            }
        }
    }
}

#[test]
fn a_live_picture_of_any_shape_is_shown() {
    for size in [(1, 1), (4000, 20), (20, 3000), (640, 480)] {
        let mut capture = staff::capture(Language::ENGLISH);
        if let Some(live) = &mut capture.live {
            live.picture = Arc::new(image::RgbImage::new(size.0, size.1));
            live.face = Some([-5.0, 0.0, 0.0, 900.0]);
        }
        let mut kiosk = kiosk(StaffPage::Capture(capture));
        kiosk.step();
        kiosk.harness.get_by_label("Live picture, not kept");
    }
}

#[test]
fn read_out_is_touched_in_both_languages_and_shows_that_it_reads() {
    for (language, label) in [(Language::ENGLISH, "Read out"), (Language::ARABIC, "استماع")] {
        for size in [PORTRAIT, LANDSCAPE] {
            let mut kiosk = kiosk_at(Some(StaffPage::Consent(staff::consent(language))), language, size);
            touch(&mut kiosk, label);
            assert_eq!(kiosk.staff_sent(), [StaffCommand::ReadOut]);
            kiosk.show(|view| view.is_reading = true);
            touch_as(&mut kiosk, Role::Switch, label);
            assert_eq!(kiosk.staff_sent(), [StaffCommand::ReadOut], "touched again it stops");
        }
    }
}

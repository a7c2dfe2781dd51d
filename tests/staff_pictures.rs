//! Pictures of the staff pages and of the greeting by name, at a quarter of their size (see `window_pictures`).
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod window;

use std::sync::Arc;

use egui_kittest::{SnapshotOptions, kittest::Queryable};
use majlis::event::{
    FaultCause, KnownVisitor, Language, Phase, View,
    staff::{CaptureView, DetailField, FaultView, PersonDetails, PersonView, PinView, Removed, StaffPage},
};
use window::{Kiosk, LANDSCAPE, PORTRAIT, SafeMode, staff, themed, view};

/// Frames until everything has come in.
const SETTLE: u16 = 12;

fn compare(name: &str, kiosk: &mut Kiosk) {
    compare_picture(name, kiosk.harness.render().unwrap());
}

fn compare_picture(name: &str, picture: image::RgbaImage) {
    if let Some(folder) = std::env::var_os("MAJLIS_PICTURES") {
        picture.save(std::path::Path::new(&folder).join(format!("{name}.png"))).unwrap();
    }
    let (width, height) = (picture.width() / 4, picture.height() / 4);
    let mut small = image::imageops::resize(&picture, width, height, image::imageops::FilterType::Triangle);
    for pixel in small.pixels_mut() {
        pixel.0 = pixel.0.map(|channel| channel & 0xfc);
    }
    let options = SnapshotOptions::new().threshold(1.0).max_failed_pixels(150);
    egui_kittest::image_snapshot_options(&small, name, &options);
}

fn kiosk(page: StaffPage, language: Language, size: [f32; 2], theme: &str) -> Kiosk {
    let mut kiosk = Kiosk::new(view(Phase::Idle, language), size, themed(theme));
    kiosk.step();
    kiosk.show_staff(staff::shown(page, language));
    for _ in 0..SETTLE {
        kiosk.step();
    }
    kiosk
}

fn both(name: &str, size: [f32; 2], theme: &str, page: impl Fn(Language) -> StaffPage) {
    for language in Language::SHIPPED {
        compare(&format!("{name}-{language}"), &mut kiosk(page(language), language, size, theme));
    }
}

#[test]
fn the_pin_pad() {
    let page = |_| StaffPage::Pin(staff::pin());
    both("staff-pin-portrait-day", PORTRAIT, "day", page);
    both("staff-pin-landscape-day", LANDSCAPE, "day", page);
    compare("staff-pin-dusk", &mut kiosk(page(Language::ENGLISH), Language::ENGLISH, PORTRAIT, "dusk"));
    let empty = StaffPage::Pin(PinView::default());
    compare("staff-pin-contrast", &mut kiosk(empty, Language::ENGLISH, PORTRAIT, "contrast"));
}

#[test]
fn the_list_of_people() {
    let page = |language| StaffPage::People(staff::people(language));
    both("staff-people-portrait-day", PORTRAIT, "day", page);
    both("staff-people-landscape-day", LANDSCAPE, "day", page);
    compare("staff-people-contrast", &mut kiosk(page(Language::ENGLISH), Language::ENGLISH, PORTRAIT, "contrast"));
    compare("staff-people-dusk", &mut kiosk(page(Language::ENGLISH), Language::ENGLISH, PORTRAIT, "dusk"));
    let mut none = staff::people(Language::ENGLISH);
    (none.rows, none.counts, none.recognition) = (Vec::new(), [0; 3], None);
    compare("staff-people-none", &mut kiosk(StaffPage::People(none), Language::ENGLISH, PORTRAIT, "day"));
}

#[test]
fn a_search_takes_the_place_of_the_numbers() {
    for (name, size) in [("portrait", PORTRAIT), ("landscape", LANDSCAPE)] {
        let page = StaffPage::People(staff::people(Language::ENGLISH));
        let mut kiosk = kiosk(page, Language::ENGLISH, size, "day");
        kiosk.harness.get_by_label("Find").click();
        for _ in 0..SETTLE {
            kiosk.step();
        }
        kiosk.harness.get_by_label("k").click();
        for _ in 0..SETTLE {
            kiosk.step();
        }
        compare(&format!("staff-find-{name}-en"), &mut kiosk);
    }
}

#[test]
fn a_persons_page() {
    let page = |language| StaffPage::Person(staff::person(language));
    both("staff-person-portrait-day", PORTRAIT, "day", page);
    both("staff-person-landscape-day", LANDSCAPE, "day", page);
    let asked = |language| StaffPage::Person(PersonView { confirms_forget: true, ..staff::person(language) });
    both("staff-forget-portrait-day", PORTRAIT, "day", asked);
    let removed = Removed { embeddings: 5, crops: 0, visits_unlinked: 3 };
    let gone = |language| StaffPage::Person(PersonView { removed: Some(removed), ..staff::person(language) });
    both("staff-removed-portrait-day", PORTRAIT, "day", gone);
}

#[test]
fn the_form_with_its_keyboard() {
    let english = PersonDetails { name: "Maryam Al Suw".into(), ..PersonDetails::default() };
    let page = StaffPage::Details { details: english.clone(), refused: Vec::new() };
    compare("staff-name-portrait-day-en", &mut kiosk(page.clone(), Language::ENGLISH, PORTRAIT, "day"));
    compare("staff-name-landscape-day-en", &mut kiosk(page.clone(), Language::ENGLISH, LANDSCAPE, "day"));
    compare("staff-name-contrast-en", &mut kiosk(page.clone(), Language::ENGLISH, PORTRAIT, "contrast"));
    let mut closed = kiosk(page, Language::ENGLISH, LANDSCAPE, "day");
    closed.harness.get_by_role_and_label(eframe::egui::Role::Button, "Done").click();
    for _ in 0..SETTLE {
        closed.step();
    }
    compare("staff-name-landscape-closed-en", &mut closed);
    let arabic = PersonDetails {
        name: "مريم السويدي".into(),
        phone: "050 123 4567".into(),
        note: "زميلتنا في Noor Energy منذ 2024، تتحدث".into(),
        ..PersonDetails::default()
    };
    let page = StaffPage::Details { details: arabic, refused: Vec::new() };
    let mut arabic = kiosk(page, Language::ARABIC, PORTRAIT, "day");
    arabic.harness.get_by_label("ملاحظة").click();
    for _ in 0..4 {
        arabic.step();
    }
    compare("staff-name-portrait-day-ar", &mut arabic);
    let wrong = PersonDetails { email: "maryam@noor".into(), ..english };
    let page = StaffPage::Details { details: wrong, refused: vec![DetailField::Email] };
    compare("staff-name-refused-en", &mut kiosk(page, Language::ENGLISH, PORTRAIT, "day"));
}

#[test]
fn consent_before_any_picture() {
    let page = |language| StaffPage::Consent(staff::consent(language));
    both("staff-consent-portrait-day", PORTRAIT, "day", page);
    both("staff-consent-landscape-day", LANDSCAPE, "day", page);
    let mut held = kiosk(page(Language::ENGLISH), Language::ENGLISH, PORTRAIT, "day");
    let place = held.harness.get_by_label("Touch and hold to agree").rect().center();
    held.press(place);
    for _ in 0..44 {
        held.step();
    }
    compare("staff-consent-held-en", &mut held);
    let mut large = kiosk(page(Language::ARABIC), Language::ARABIC, PORTRAIT, "contrast");
    large.harness.get_by_label("حجم النص").click();
    for _ in 0..4 {
        large.step();
    }
    compare("staff-consent-125-contrast-ar", &mut large);
}

#[test]
fn the_pictures_are_taken() {
    let page = |language| StaffPage::Capture(staff::capture(language));
    both("staff-capture-portrait-day", PORTRAIT, "day", page);
    both("staff-capture-landscape-day", LANDSCAPE, "day", page);
    compare("staff-capture-contrast", &mut kiosk(page(Language::ENGLISH), Language::ENGLISH, PORTRAIT, "contrast"));
    let alike = |language| {
        let looks_like = Some((staff::people(language).rows[1].name.clone(), 0.71));
        StaffPage::Capture(CaptureView { taken: 5, problem: None, looks_like, ..staff::capture(language) })
    };
    both("staff-alike-portrait-day", PORTRAIT, "day", alike);
    compare("staff-alike-landscape-en", &mut kiosk(alike(Language::ENGLISH), Language::ENGLISH, LANDSCAPE, "day"));
    let lost = CaptureView { live: None, taken: 0, ..staff::capture(Language::ENGLISH) };
    compare("staff-capture-lost-en", &mut kiosk(StaffPage::Capture(lost), Language::ENGLISH, PORTRAIT, "day"));
}

#[test]
fn done() {
    let page =
        |language: Language| StaffPage::Done { name: staff::details(language).name, until: staff::at("2027-11-21") };
    both("staff-done-portrait-day", PORTRAIT, "day", page);
    compare("staff-done-landscape-en", &mut kiosk(page(Language::ENGLISH), Language::ENGLISH, LANDSCAPE, "day"));
}

fn greeted(language: Language) -> View {
    let known = KnownVisitor {
        id: staff::id(1),
        name: if language.is_right_to_left() { "مريم".into() } else { "Maryam".into() },
        language,
        agreed_at: staff::at("2026-11-03"),
    };
    View { known: Some(std::sync::Arc::new(known)), ..view(Phase::Listening, language) }
}

#[test]
fn somebody_known_is_greeted() {
    for language in Language::SHIPPED {
        for (name, size) in [("portrait", PORTRAIT), ("landscape", LANDSCAPE)] {
            let mut kiosk = Kiosk::new(greeted(language), size, themed("day"));
            kiosk.settle(30);
            compare(&format!("greeting-{name}-day-{language}"), &mut kiosk);
        }
        let ui = majlis::config::Ui { text_size_percent: 150, ..themed("day") };
        let mut large = Kiosk::new(greeted(language), PORTRAIT, ui);
        large.settle(30);
        compare(&format!("greeting-portrait-150-{language}"), &mut large);
    }
    let mut asked = Kiosk::new(greeted(Language::ENGLISH), PORTRAIT, themed("day"));
    asked.settle(30);
    asked.harness.get_by_label("Forget me").click();
    asked.settle(4);
    compare("greeting-forget-en", &mut asked);
    let spoken = |language| View {
        caption: Some(window::spoken(language)),
        before: Some(window::asked(language)),
        phase: Phase::Speaking,
        ..greeted(language)
    };
    for (name, size) in [("portrait", PORTRAIT), ("landscape", LANDSCAPE)] {
        let mut kiosk = Kiosk::new(spoken(Language::ENGLISH), size, themed("day"));
        kiosk.settle(30);
        compare(&format!("speaking-known-{name}-en"), &mut kiosk);
    }
}

#[test]
fn safe_mode_behind_the_pin() {
    let page = |cause, may_act| StaffPage::Fault(FaultView { fault: Arc::new(window::fault(cause)), may_act });
    for (name, size) in [("portrait", PORTRAIT), ("landscape", LANDSCAPE)] {
        for language in Language::SHIPPED {
            let mut safe = SafeMode::new(size, themed("day"), FaultCause::Files);
            safe.show_staff(page(FaultCause::Files, true), language);
            compare_picture(&format!("staff-fault-{name}-{language}"), safe.harness.render().unwrap());
        }
        let mut safe = SafeMode::new(size, themed("contrast"), FaultCause::Configuration);
        safe.show_staff(page(FaultCause::Configuration, false), Language::ENGLISH);
        compare_picture(&format!("staff-fault-{name}-only-tells"), safe.harness.render().unwrap());
    }
    let mut safe = SafeMode::new(PORTRAIT, themed("day"), FaultCause::Files);
    safe.show_staff(StaffPage::Pin(PinView::default()), Language::ENGLISH);
    compare_picture("staff-fault-pin", safe.harness.render().unwrap());
}

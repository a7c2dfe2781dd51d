//! What a touch does, found by what it says.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

#[path = "common/third_language.rs"]
mod third_language;
mod window;

use std::sync::Arc;

use eframe::egui;
use egui_kittest::kittest::{NodeT, Queryable};
use majlis::event::{
    Command, Connection, Device, EntryId, KnownVisitor, Language, Phase, SeenVisitor, Toast, TrackId, View,
};
use window::{Kiosk, LANDSCAPE, PORTRAIT, heard, spoken, staff, themed, view};

fn kiosk(phase: Phase, language: Language) -> Kiosk {
    let mut kiosk = Kiosk::new(view(phase, language), PORTRAIT, themed("day"));
    kiosk.step();
    kiosk
}

/// A finger comes down and goes up at `place`.
fn touch_at(kiosk: &mut Kiosk, place: egui::Pos2) {
    kiosk.harness.hover_at(place);
    for pressed in [true, false] {
        kiosk.harness.event(egui::Event::PointerButton {
            pos: place,
            button: egui::PointerButton::Primary,
            pressed,
            modifiers: egui::Modifiers::NONE,
        });
        kiosk.step();
    }
    kiosk.step();
}

fn touch(kiosk: &mut Kiosk, label: &str) {
    kiosk.harness.get_by_label(label).click();
    kiosk.step();
    kiosk.step();
}

#[test]
fn a_touched_topic_asks_its_question() {
    let mut kiosk = kiosk(Phase::Idle, Language::ENGLISH);
    touch(&mut kiosk, "Training programmes");
    assert_eq!(kiosk.sent(), [Command::AskTopic(EntryId("training".into()))]);
    kiosk.show(|view| view.language = Language::ARABIC);
    touch(&mut kiosk, "أوقات الزيارة");
    assert_eq!(kiosk.sent(), [Command::AskTopic(EntryId("hours".into()))]);
}

#[test]
fn the_language_switch_asks_for_the_other_language_only() {
    let mut kiosk = kiosk(Phase::Idle, Language::ENGLISH);
    touch(&mut kiosk, "English");
    assert_eq!(kiosk.sent(), []);
    touch(&mut kiosk, "العربية");
    assert_eq!(kiosk.sent(), [Command::SetLanguage(Language::ARABIC)]);
}

#[test]
fn finish_and_staff_are_there_during_a_visit() {
    let mut kiosk = kiosk(Phase::Idle, Language::ENGLISH);
    assert!(kiosk.harness.query_by_label("Finish").is_none());
    kiosk.show(|view| view.phase = Phase::Listening);
    touch(&mut kiosk, "Finish");
    touch(&mut kiosk, "Staff");
    assert_eq!(kiosk.sent(), [Command::Finish, Command::CallStaff]);
}

#[test]
fn a_touch_on_the_niche_begins_a_talk() {
    let mut kiosk = kiosk(Phase::Idle, Language::ENGLISH);
    touch_at(&mut kiosk, egui::pos2(300.0, 700.0));
    assert_eq!(kiosk.sent(), [Command::Touch]);
}

#[test]
fn a_finger_that_stays_on_text_size_goes_through_every_size_and_touches_nothing_else() {
    for size in [PORTRAIT, LANDSCAPE] {
        let mut kiosk = Kiosk::new(view(Phase::Listening, Language::ENGLISH), size, themed("day"));
        kiosk.step();
        let finger = kiosk.harness.get_by_label("Text size").rect().center();
        let normal = kiosk.harness.get_by_label("Contrast").rect();
        let mut places = Vec::new();
        for _ in 0..6 {
            touch_at(&mut kiosk, finger);
            places.push(kiosk.harness.get_by_label("Contrast").rect());
        }
        // 125, 150, 100 %, twice.
        assert_eq!([places[2], places[5]], [normal; 2], "{size:?}");
        assert!(places[0] != normal && places[1] != normal, "{size:?}");
        assert_eq!(kiosk.sent(), [], "{size:?}");
    }
}

#[test]
fn text_size_goes_round_and_ends_with_the_visit() {
    let mut kiosk = kiosk(Phase::Listening, Language::ENGLISH);
    let height = |kiosk: &Kiosk| kiosk.harness.get_by_label("Opening hours").rect().height();
    assert_eq!(height(&kiosk), 104.0);
    touch(&mut kiosk, "Text size");
    assert_eq!(height(&kiosk), 164.0);
    touch(&mut kiosk, "Text size");
    touch(&mut kiosk, "Text size");
    assert_eq!(height(&kiosk), 104.0);
    touch(&mut kiosk, "Text size");
    kiosk.show(|view| view.phase = Phase::Idle);
    kiosk.step();
    assert_eq!(height(&kiosk), 104.0);
}

#[test]
fn contrast_is_switched_on_and_off() {
    let mut kiosk = kiosk(Phase::Listening, Language::ENGLISH);
    let is_on = |kiosk: &Kiosk| kiosk.harness.get_by_label("Contrast").accesskit_node().toggled().is_some();
    assert!(!is_on(&kiosk));
    touch(&mut kiosk, "Contrast");
    assert!(is_on(&kiosk));
    let corner = kiosk.harness.render().unwrap().get_pixel(2, 2).0;
    assert_eq!(corner, [0, 0, 0, 255]);
    touch(&mut kiosk, "Contrast");
    assert!(!is_on(&kiosk));
}

#[test]
fn without_network_every_topic_and_the_staff_can_be_asked_for() {
    let mut kiosk = kiosk(Phase::Idle, Language::ENGLISH);
    kiosk.show(|view| view.connection = Connection::Offline);
    touch(&mut kiosk, "Book an appointment");
    touch(&mut kiosk, "Staff");
    assert_eq!(kiosk.sent(), [Command::AskTopic(EntryId("appointment".into())), Command::CallStaff]);
}

#[test]
fn a_microphone_lost_after_an_answer_is_told_although_the_answer_stays() {
    for size in [PORTRAIT, LANDSCAPE] {
        let ui = majlis::config::Ui { text_size_percent: 150, ..themed("day") };
        let mut kiosk = Kiosk::new(view(Phase::Listening, Language::ENGLISH), size, ui);
        kiosk.show(|view| {
            view.caption = Some(spoken(Language::ENGLISH));
            view.lost = vec![Device::Microphone];
        });
        kiosk.harness.get_by_label("I cannot hear now");
        kiosk.harness.get_by_label("I cannot hear at the moment. Please touch a topic.");
        assert!(kiosk.harness.query_by_label("Listening").is_none());
        // What it asks for is there.
        kiosk.harness.get_by_label("Opening hours");
    }
}

#[test]
fn a_message_stays_four_seconds() {
    let mut kiosk = kiosk(Phase::Listening, Language::ENGLISH);
    let since = majlis::clock::Clock::now(&kiosk.clock);
    kiosk.show(|view| view.toast = Some(Toast { key: "offline.back", since }));
    kiosk.harness.get_by_label("The network is back.");
    for _ in 0..80 {
        kiosk.step();
    }
    assert!(kiosk.harness.query_by_label("The network is back.").is_none());
}

#[test]
fn captions_are_read_out_in_logical_order() {
    let mut kiosk = kiosk(Phase::Listening, Language::ARABIC);
    kiosk.show(|view| view.caption = Some(heard(Language::ARABIC)));
    kiosk.harness.get_by_label("في أي ساعة يفتح الجناح غدًا صبا");
    kiosk.harness.get_by_label("أستمع إليكم");
}

#[test]
fn everything_that_can_be_touched_is_high_enough_and_within_reach() {
    for language in Language::SHIPPED {
        for phase in [Phase::Idle, Phase::Speaking] {
            for zoom in [100, 125, 150] {
                let ui = majlis::config::Ui { text_size_percent: zoom, ..themed("day") };
                let mut kiosk = Kiosk::new(view(phase, language), PORTRAIT, ui);
                kiosk.step();
                let touchable = kiosk.touchable();
                assert!(touchable.len() >= 6, "{touchable:?}");
                for rect in touchable {
                    assert!(rect.height() >= 96.0 && rect.width() >= 96.0, "{rect:?}");
                    assert!(rect.top() >= 890.0 && rect.bottom() <= 1780.0, "{rect:?}");
                }
            }
        }
    }
}

#[test]
fn a_frame_lays_out_no_text_that_did_not_change() {
    let mut kiosk = kiosk(Phase::Speaking, Language::ARABIC);
    kiosk.show(|view| view.caption = Some(spoken(Language::ARABIC)));
    kiosk.settle(10);
    let before = kiosk.app().text_layouts();
    kiosk.settle(10);
    assert_eq!(kiosk.app().text_layouts(), before);
    // The word now moves on: colours and underline change, places do not.
    kiosk.show(|view| {
        if let Some(caption) = &mut view.caption {
            caption.words[3].state = majlis::event::WordState::Now;
        }
    });
    assert_eq!(kiosk.app().text_layouts(), before);
}

#[test]
fn a_full_queue_drops_the_touch() {
    let mut kiosk = kiosk(Phase::Listening, Language::ENGLISH);
    for _ in 0..12 {
        touch(&mut kiosk, "Finish");
    }
    assert_eq!(kiosk.sent().len(), 8);
    kiosk.show(|view| view.lost = vec![Device::Microphone]);
    kiosk.harness.get_by_label("I cannot hear now");
}

#[test]
fn somebody_known_can_say_that_it_is_not_them_or_be_forgotten() {
    let known = KnownVisitor {
        id: staff::id(1),
        name: "Maryam".into(),
        language: Language::ENGLISH,
        agreed_at: staff::at("2026-11-03"),
    };
    let greeted = View { known: Some(Arc::new(known)), ..view(Phase::Listening, Language::ENGLISH) };
    let mut kiosk = Kiosk::new(greeted, PORTRAIT, themed("day"));
    kiosk.step();
    kiosk.step();
    kiosk.harness.get_by_label("Welcome back, Maryam.");
    kiosk.harness.get_by_label("I know you because you asked me to, on 3 November.");
    touch(&mut kiosk, "Forget me");
    kiosk.harness.get_by_label("Shall I forget you?");
    touch(&mut kiosk, "No, keep it");
    touch(&mut kiosk, "Forget me");
    touch(&mut kiosk, "Yes, forget me");
    touch(&mut kiosk, "That is not me");
    touch(&mut kiosk, "Opening hours");
    let sent = kiosk.sent();
    assert_eq!(sent[..2], [Command::ForgetMe, Command::NotMe]);
    assert!(matches!(sent[2], Command::AskTopic(_)));
    // Once they talk, the ways out stay.
    kiosk.show(|view| view.before = Some(window::asked(Language::ENGLISH)));
    kiosk.harness.get_by_label("That is not me");
    kiosk.show(|view| view.known = None);
    assert!(kiosk.harness.query_by_label("That is not me").is_none());
}

#[test]
fn the_avatar_looks_at_whoever_the_camera_sees() {
    let mut kiosk = Kiosk::new(view(Phase::Listening, Language::ENGLISH), PORTRAIT, themed("day"));
    let look = |kiosk: &mut Kiosk, x: f32| {
        let visitor =
            SeenVisitor { track: TrackId(1), centre: [x, 0.45], height: 0.2, is_attending: true, mouth_motion: 0.0 };
        kiosk.sight.send_modify(|sight| {
            sight.is_seeing = true;
            sight.visitor = Some(visitor);
        });
        for _ in 0..30 {
            kiosk.step();
        }
        eyes_middle(&kiosk.harness.render().unwrap())
    };
    let (left, right) = (look(&mut kiosk, 0.9), look(&mut kiosk, 0.1));
    assert!(right - left > 20.0, "{left} {right}");
}

/// The middle of what is dark on the lamp's body, from the left edge.
fn eyes_middle(picture: &image::RgbaImage) -> f32 {
    let mut sum = (0.0, 0.0);
    for (x, y, pixel) in picture.enumerate_pixels() {
        let is_body = (420..660).contains(&x) && (500..600).contains(&y);
        if is_body && pixel.0[0] < 90 {
            sum = (sum.0 + x as f32, sum.1 + 1.0);
        }
    }
    sum.0 / sum.1
}

#[test]
fn a_language_that_was_added_by_files_is_on_the_switch_and_shown_when_it_is_touched() {
    let assets = tempfile::tempdir().unwrap();
    third_language::add_french(std::path::Path::new("assets"), assets.path());
    let french: Language = "fr".parse().unwrap();
    for size in [PORTRAIT, LANDSCAPE] {
        let mut kiosk =
            Kiosk::with_assets(view(Phase::Listening, Language::ENGLISH), size, themed("day"), assets.path());
        kiosk.settle(4);
        for language in ["English", "العربية", "Français"] {
            assert!(kiosk.harness.query_by_label(language).is_some(), "{language} cannot be chosen");
        }
        kiosk.harness.get_by_label("Français").click();
        kiosk.step();
        kiosk.step();
        assert_eq!(kiosk.sent(), [Command::SetLanguage(french)]);
        kiosk.show(|view| view.language = french);
        kiosk.settle(12);
        assert!(kiosk.harness.query_by_label("J’écoute").is_some(), "the nameplate is in French");
        if let Some(folder) = std::env::var_os("MAJLIS_PICTURES") {
            let name = if size == PORTRAIT { "third-language-portrait.png" } else { "third-language-landscape.png" };
            kiosk.harness.render().unwrap().save(std::path::Path::new(&folder).join(name)).unwrap();
        }
        for rect in kiosk.touchable() {
            assert!(rect.height() >= 96.0 && rect.width() >= 96.0, "{rect:?}");
        }
    }
}

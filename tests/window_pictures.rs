//! Pictures of the window in each state and language, at a quarter of their size.
//!
//! `UPDATE_SNAPSHOTS=true` writes them again; `MAJLIS_PICTURES=<folder>` writes them whole beside, to be laid over the
//! look's own pictures.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod window;

use egui_kittest::SnapshotOptions;
use majlis::event::{ByLanguage, Connection, Device, FaultCause, Language, Phase, View};
use window::{
    Kiosk, LANDSCAPE, PORTRAIT, SafeMode, appointment, asked, heard, spoken, summary, themed, tool, topics, view,
};

const LANGUAGES: [Language; 2] = Language::SHIPPED;

/// Frames until everything has come in and the trail is full of voice.
const SETTLE: u16 = 44;

fn compare(name: &str, kiosk: &mut Kiosk) {
    compare_picture(name, &kiosk.harness.render().unwrap());
}

fn compare_picture(name: &str, picture: &image::RgbaImage) {
    if let Some(folder) = std::env::var_os("MAJLIS_PICTURES") {
        picture.save(std::path::Path::new(&folder).join(format!("{name}.png"))).unwrap();
    }
    let (width, height) = (picture.width() / 4, picture.height() / 4);
    let mut small = image::imageops::resize(picture, width, height, image::imageops::FilterType::Triangle);
    // The stage's dither would make the files four times as large.
    for pixel in small.pixels_mut() {
        pixel.0 = pixel.0.map(|channel| channel & 0xfc);
    }
    // Another release of the software renderer may round some edges differently.
    let options = SnapshotOptions::new().threshold(1.0).max_failed_pixels(150);
    egui_kittest::image_snapshot_options(&small, name, &options);
}

fn picture(name: &str, view: View, size: [f32; 2], theme: &str) {
    let mut kiosk = Kiosk::new(view, size, themed(theme));
    kiosk.settle(SETTLE);
    compare(name, &mut kiosk);
}

fn each_language(name: &str, size: [f32; 2], theme: &str, make: impl Fn(Language) -> View) {
    for language in LANGUAGES {
        picture(&format!("{name}-{language}"), make(language), size, theme);
    }
}

/// Both languages at 150 %.
fn large(name: &str, size: [f32; 2], make: impl Fn(Language) -> View) {
    for language in LANGUAGES {
        let ui = majlis::config::Ui { text_size_percent: 150, ..themed("day") };
        let mut kiosk = Kiosk::new(make(language), size, ui);
        kiosk.settle(SETTLE);
        compare(&format!("{name}-150-{language}"), &mut kiosk);
    }
}

fn attract(language: Language) -> View {
    view(Phase::Idle, language)
}

fn listening(language: Language) -> View {
    View { caption: Some(heard(language)), ..view(Phase::Listening, language) }
}

fn speaking(language: Language) -> View {
    let solar: std::sync::Arc<[_]> = topics()
        .iter()
        .take(2)
        .cloned()
        .zip([
            ("cap", "Solar Skills 2027", "دورة Solar Skills 2027"),
            ("pin", "The way to hall B2", "الطريق إلى القاعة B2"),
        ])
        .map(|(topic, (icon, english, arabic))| majlis::event::Topic {
            icon: icon.into(),
            label: ByLanguage::texts(english, arabic),
            ..topic
        })
        .collect();
    View {
        caption: Some(spoken(language)),
        before: Some(asked(language)),
        topics: solar,
        ..view(Phase::Speaking, language)
    }
}

fn booked(language: Language) -> View {
    View { card: Some(appointment(language)), ..view(Phase::Speaking, language) }
}

fn ended(language: Language) -> View {
    View { card: Some(summary(language)), hint: Some("goodbye"), ..view(Phase::Idle, language) }
}

#[test]
fn attract_shows_both_languages() {
    each_language("attract-portrait-day", PORTRAIT, "day", attract);
    each_language("attract-landscape-day", LANDSCAPE, "day", attract);
    picture("attract-portrait-dusk-en", attract(Language::ENGLISH), PORTRAIT, "dusk");
    each_language("attract-portrait-contrast", PORTRAIT, "contrast", attract);
}

#[test]
fn attract_without_a_service_says_what_works() {
    let local = |language| View { connection: Connection::Local, camera_on: false, ..attract(language) };
    each_language("attract-local-portrait-day", PORTRAIT, "day", local);
    large("attract-local-portrait", PORTRAIT, local);
    large("attract-local-landscape", LANDSCAPE, local);
}

#[test]
fn large_text_turns_the_stage_compact() {
    for language in LANGUAGES {
        for percent in [125, 150] {
            let ui = majlis::config::Ui { text_size_percent: percent, ..themed("day") };
            let mut kiosk = Kiosk::new(attract(language), PORTRAIT, ui.clone());
            kiosk.settle(SETTLE);
            compare(&format!("attract-portrait-{percent}-{language}"), &mut kiosk);
            let mut kiosk = Kiosk::new(speaking(language), PORTRAIT, ui);
            kiosk.settle(SETTLE);
            compare(&format!("speaking-portrait-{percent}-{language}"), &mut kiosk);
        }
    }
    let ui = majlis::config::Ui { text_size_percent: 150, ..themed("day") };
    let mut kiosk = Kiosk::new(attract(Language::ENGLISH), LANDSCAPE, ui.clone());
    kiosk.settle(SETTLE);
    compare("attract-landscape-150-en", &mut kiosk);
    let mut kiosk = Kiosk::new(speaking(Language::ARABIC), LANDSCAPE, ui);
    kiosk.settle(SETTLE);
    compare("speaking-landscape-150-ar", &mut kiosk);
}

#[test]
fn attending_invites() {
    each_language("attending-portrait-day", PORTRAIT, "day", |language| view(Phase::Attending, language));
}

#[test]
fn listening_shows_the_words_and_the_level() {
    each_language("listening-portrait-day", PORTRAIT, "day", listening);
    each_language("listening-landscape-day", LANDSCAPE, "day", listening);
    picture("listening-portrait-contrast-en", listening(Language::ENGLISH), PORTRAIT, "contrast");
}

#[test]
fn a_speech_that_was_not_understood_is_asked_for_again() {
    each_language("unheard-portrait-day", PORTRAIT, "day", |language| View {
        hint: Some("unheard"),
        ..view(Phase::Listening, language)
    });
}

#[test]
fn transcribing_and_thinking_show_that_something_is_at_work() {
    each_language("transcribing-portrait-day", PORTRAIT, "day", |language| View {
        caption: Some(heard(language)),
        ..view(Phase::Transcribing, language)
    });
    each_language("thinking-portrait-day", PORTRAIT, "day", |language| View {
        caption: Some(heard(language)),
        hint: Some("thinking.long"),
        ..view(Phase::Thinking, language)
    });
}

#[test]
fn a_tool_at_work_shows_its_steps() {
    each_language("tool-portrait-day", PORTRAIT, "day", tool);
    each_language("tool-landscape-day", LANDSCAPE, "day", tool);
    picture("tool-portrait-contrast-en", tool(Language::ENGLISH), PORTRAIT, "contrast");
    large("tool-portrait", PORTRAIT, tool);
    large("tool-landscape", LANDSCAPE, tool);
}

#[test]
fn an_appointment_shows_its_code_and_other_times() {
    each_language("appointment-portrait-day", PORTRAIT, "day", booked);
    each_language("appointment-landscape-day", LANDSCAPE, "day", booked);
    each_language("appointment-portrait-contrast", PORTRAIT, "contrast", booked);
    large("appointment-portrait", PORTRAIT, booked);
    large("appointment-landscape", LANDSCAPE, booked);
}

#[test]
fn the_summary_of_a_visit_is_shown_when_it_is_over() {
    each_language("summary-portrait-day", PORTRAIT, "day", ended);
    each_language("summary-landscape-day", LANDSCAPE, "day", ended);
    picture("summary-portrait-contrast-en", ended(Language::ENGLISH), PORTRAIT, "contrast");
    large("summary-portrait", PORTRAIT, ended);
    large("summary-landscape", LANDSCAPE, ended);
}

#[test]
fn the_nameplate_tells_who_speaks() {
    each_language("persona-portrait-day", PORTRAIT, "day", |language| View {
        persona: Some(ByLanguage::texts("Sales", "المبيعات")),
        ..speaking(language)
    });
}

#[test]
fn speaking_shows_the_word_being_spoken() {
    each_language("speaking-portrait-day", PORTRAIT, "day", speaking);
    each_language("speaking-landscape-day", LANDSCAPE, "day", speaking);
    each_language("speaking-portrait-contrast", PORTRAIT, "contrast", speaking);
}

#[test]
fn an_interruption_is_answered_at_once() {
    each_language("interrupted-portrait-day", PORTRAIT, "day", |language| View {
        phase: Phase::Interrupted,
        ..speaking(language)
    });
}

#[test]
fn offline_says_what_works() {
    let offline = |language| View { connection: Connection::Offline, ..attract(language) };
    each_language("offline-portrait-day", PORTRAIT, "day", offline);
    picture("offline-landscape-day-en", offline(Language::ENGLISH), LANDSCAPE, "day");
    large("offline-portrait", PORTRAIT, offline);
    large("offline-landscape", LANDSCAPE, offline);
}

#[test]
fn a_lost_device_is_told_in_words_and_light() {
    for (name, device, phase) in [
        ("microphone", Device::Microphone, Phase::Attending),
        ("speaker", Device::Speaker, Phase::Attending),
        ("camera", Device::Camera, Phase::Idle),
    ] {
        each_language(&format!("{name}-lost-portrait-day"), PORTRAIT, "day", |language| View {
            lost: vec![device],
            ..view(phase, language)
        });
    }
}

#[test]
fn a_microphone_lost_after_an_answer_is_told_beside_the_answer() {
    let deaf = |language| View {
        caption: Some(spoken(language)),
        before: Some(asked(language)),
        lost: vec![Device::Microphone],
        ..view(Phase::Listening, language)
    };
    each_language("microphone-lost-after-answer", PORTRAIT, "day", deaf);
    picture("microphone-lost-after-answer-landscape-en", deaf(Language::ENGLISH), LANDSCAPE, "day");
}

#[test]
fn goodbye_is_said_in_words() {
    each_language("goodbye-portrait-day", PORTRAIT, "day", |language| View {
        hint: Some("goodbye"),
        ..view(Phase::Idle, language)
    });
}

#[test]
fn safe_mode_speaks_both_languages() {
    for (name, size) in [("portrait", PORTRAIT), ("landscape", LANDSCAPE)] {
        for theme in ["day", "contrast"] {
            let picture = SafeMode::new(size, themed(theme), FaultCause::Devices).harness.render().unwrap();
            compare_picture(&format!("safe-{name}-{theme}"), &picture);
        }
        let picture = SafeMode::new(size, themed("day"), FaultCause::Configuration).harness.render().unwrap();
        compare_picture(&format!("safe-{name}-configuration"), &picture);
    }
}

#[test]
fn arabic_digits_are_a_setting() {
    let ui = majlis::config::Ui { digits: majlis::config::Digits::Arabic, ..themed("day") };
    let mut kiosk = Kiosk::new(speaking(Language::ARABIC), PORTRAIT, ui);
    kiosk.settle(SETTLE);
    compare("speaking-portrait-arabic-digits", &mut kiosk);
}

//! Cards and tools in the window: what they say, what their buttons do, and that the QR code can be read.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod window;

use eframe::egui;
use egui_kittest::kittest::{NodeT, Queryable};
use majlis::event::{
    AppointmentCard, ByLanguage, Card, Command, Language, Phase, SlotId, SummaryCard, ToolStep, ToolView, View,
};
use window::{Kiosk, LANDSCAPE, PORTRAIT, appointment, summary, themed, tool, view};

const SIZES: [[f32; 2]; 2] = [PORTRAIT, LANDSCAPE];

fn shown(view: View, size: [f32; 2], theme: &str, percent: u32) -> Kiosk {
    let ui = majlis::config::Ui { text_size_percent: percent, ..themed(theme) };
    let mut kiosk = Kiosk::new(view, size, ui);
    kiosk.settle(12);
    kiosk
}

fn booked(language: Language) -> View {
    View { card: Some(appointment(language)), ..view(Phase::Listening, language) }
}

fn touch(kiosk: &mut Kiosk, label: &str) {
    kiosk.harness.get_by_label(label).click();
    kiosk.step();
    kiosk.step();
}

fn change(view: &mut View, change: impl FnOnce(&mut AppointmentCard)) {
    let Some(Card::Appointment(card)) = &mut view.card else { panic!("no appointment is shown") };
    change(std::sync::Arc::make_mut(card));
}

/// What a telephone reads in a picture. The detector also tries what merely looks like a code, and finds nothing there.
fn read_codes(picture: &image::RgbaImage) -> Vec<String> {
    let grey = image::imageops::grayscale(picture);
    let (width, height) = (grey.width() as usize, grey.height() as usize);
    let mut picture =
        rqrr::PreparedImage::prepare_from_greyscale(width, height, |x, y| grey.get_pixel(x as u32, y as u32).0[0]);
    picture.detect_grids().iter().filter_map(|grid| grid.decode().ok()).map(|(_, text)| text).collect()
}

#[test]
fn the_qr_code_on_the_screen_is_read_in_every_theme_size_and_language() {
    for size in SIZES {
        for (theme, percent) in [("day", 100), ("dusk", 125), ("contrast", 100), ("day", 150)] {
            for language in Language::SHIPPED {
                let mut kiosk = shown(booked(language), size, theme, percent);
                let read = read_codes(&kiosk.harness.render().unwrap());
                let [code] = &read[..] else {
                    panic!("{size:?} {theme} {percent} {language}: {read:?}");
                };
                let event: Vec<&str> = code.lines().collect();
                assert_eq!((event.first(), event.last()), (Some(&"BEGIN:VEVENT"), Some(&"END:VEVENT")), "{event:?}");
                assert!(event.contains(&"DTSTART:20261124T103000"), "{event:?}");
            }
        }
    }
}

#[test]
fn another_time_moves_the_appointment_and_cancel_it_cancels_it() {
    for size in SIZES {
        let mut kiosk = shown(booked(Language::ENGLISH), size, "day", 100);
        touch(&mut kiosk, "14:00 Tuesday");
        touch(&mut kiosk, "Cancel it");
        assert_eq!(kiosk.sent(), [Command::MoveAppointment(SlotId("b".into())), Command::CancelAppointment]);
        kiosk.show(|view| *view = booked(Language::ARABIC));
        touch(&mut kiosk, "9:30 الأربعاء");
        touch(&mut kiosk, "إلغاء الموعد");
        assert_eq!(kiosk.sent(), [Command::MoveAppointment(SlotId("c".into())), Command::CancelAppointment]);
    }
}

#[test]
fn a_touch_on_the_lamp_puts_the_card_away() {
    let mut kiosk = shown(booked(Language::ENGLISH), PORTRAIT, "day", 100);
    for pressed in [true, false] {
        let pos = egui::pos2(540.0, 300.0);
        kiosk.harness.hover_at(pos);
        let (button, modifiers) = (egui::PointerButton::Primary, egui::Modifiers::NONE);
        kiosk.harness.event(egui::Event::PointerButton { pos, button, pressed, modifiers });
        kiosk.step();
    }
    kiosk.step();
    assert_eq!(kiosk.sent(), [Command::HideCard]);
}

#[test]
fn an_appointment_says_when_whom_where_and_its_code() {
    for size in SIZES {
        let kiosk = shown(booked(Language::ENGLISH), size, "day", 100);
        for text in [
            "Your appointment is booked",
            "Tuesday 24 November, 10:30 to 11:00",
            "Training adviser, Apprenticeship programme",
            "Meeting point B2, First floor, left of the stairs",
            "Code NEP-4H7K",
            "Scan to keep it on your phone. It holds no personal data.",
            "Another time?",
        ] {
            kiosk.harness.get_by_label(text);
        }
        assert!(kiosk.harness.query_by_label("Opening hours").is_none());
    }
}

#[test]
fn without_other_times_only_cancelling_is_offered() {
    let mut view = booked(Language::ENGLISH);
    change(&mut view, |card| card.alternatives.clear());
    let kiosk = shown(view, PORTRAIT, "day", 100);
    assert!(kiosk.harness.query_by_label("Another time?").is_none());
    kiosk.harness.get_by_label("Cancel it");
}

#[test]
fn words_stay_inside_the_card_and_apart_from_each_other() {
    for size in SIZES {
        for percent in [100, 125, 150] {
            for language in Language::SHIPPED {
                for card in [appointment(language), summary(language)] {
                    let kiosk = shown(View { card: Some(card), ..booked(language) }, size, "day", percent);
                    let labels: Vec<(String, egui::Rect)> = kiosk
                        .harness
                        .root()
                        .children_recursive()
                        .filter(|node| matches!(node.accesskit_node().role(), egui::Role::Label | egui::Role::Button))
                        .map(|node| (node.accesskit_node().label().unwrap_or_default(), node.rect()))
                        .filter(|(_, rect)| rect.height() < 400.0)
                        .collect();
                    assert!(labels.len() >= 8, "{labels:?}");
                    for (index, (text, rect)) in labels.iter().enumerate() {
                        let window = egui::Rect::from_min_size(egui::Pos2::ZERO, size.into());
                        assert!(window.contains_rect(*rect), "{size:?} {percent} {language}: {text} at {rect:?}");
                        for (other, place) in &labels[index + 1..] {
                            // Places of lines that follow each other may touch.
                            let overlap = rect.shrink(2.0).intersect(place.shrink(2.0));
                            assert!(
                                !overlap.is_positive(),
                                "{size:?} {percent} {language}: {text} {rect:?} over {other} {place:?}"
                            );
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn buttons_of_a_card_are_high_enough_and_within_reach() {
    for language in Language::SHIPPED {
        for percent in [100, 125, 150] {
            for card in [appointment(language), summary(language)] {
                let kiosk = shown(View { card: Some(card), ..booked(language) }, PORTRAIT, "day", percent);
                let buttons = kiosk.touchable();
                assert!(buttons.len() >= 7, "{buttons:?}");
                for rect in buttons {
                    assert!(rect.height() >= 96.0 && rect.width() >= 96.0, "{rect:?}");
                    assert!(rect.top() >= 890.0 && rect.bottom() <= 1780.0, "{rect:?}");
                }
            }
        }
    }
}

#[test]
fn a_tool_shows_what_is_done_and_what_is_under_way() {
    let mut kiosk = shown(tool(Language::ENGLISH), PORTRAIT, "day", 100);
    for text in [
        "Looking for free appointments…",
        "Booking",
        "Free appointments",
        "Gladly. One moment, please.",
        "Can I meet a training adviser on Tuesday?",
        "You can go on talking meanwhile.",
    ] {
        kiosk.harness.get_by_label(text);
    }
    kiosk.show(|view| view.phase = Phase::Listening);
    assert!(kiosk.harness.query_by_label("Free appointments").is_none());
    kiosk.harness.get_by_label("Listening");
}

#[test]
fn of_many_steps_the_latest_are_shown() {
    for size in SIZES {
        let keys = ["tool.booking.short", "tool.appointments.short", "you", "works", "working", "thinking"];
        let steps = keys.map(|key| ToolStep { key, is_done: key != "thinking" }).to_vec();
        let tools = Some(ToolView { key: "tool.booking", icon: "calendar", steps });
        let kiosk = shown(View { tool: tools, ..tool(Language::ENGLISH) }, size, "day", 150);
        let under_way = kiosk.harness.get_by_label("Thinking").rect();
        assert!(kiosk.harness.query_by_label("Booking").is_none());
        assert!(under_way.bottom() <= size[1]);
    }
}

#[test]
fn a_summary_counts_what_it_has_no_room_for_and_can_be_closed() {
    let many: Vec<String> = (1..=9).map(|n| format!("Question {n}?")).collect();
    let card = SummaryCard {
        asked: many.clone(),
        done: many,
        booked: vec!["Adviser, Tuesday".into()],
        duration: std::time::Duration::from_secs(61),
    };
    for size in SIZES {
        let card = Some(Card::Summary(std::sync::Arc::new(card.clone())));
        let mut kiosk =
            shown(View { card, hint: Some("goodbye"), ..view(Phase::Idle, Language::ENGLISH) }, size, "day", 150);
        kiosk.harness.get_by_label("Your visit in short");
        kiosk.harness.get_by_label("Duration 1:01");
        kiosk.harness.get_by_label("Adviser, Tuesday");
        assert!(kiosk.harness.query_all_by_label_contains("more").count() >= 1);
        touch(&mut kiosk, "Close");
        assert_eq!(kiosk.sent(), [Command::HideCard]);
    }
}

#[test]
fn the_nameplate_tells_who_speaks_while_there_is_room_for_it() {
    let persona = Some(ByLanguage::texts("Sales", "المبيعات"));
    let mut kiosk = shown(View { persona, ..view(Phase::Speaking, Language::ENGLISH) }, PORTRAIT, "day", 100);
    kiosk.harness.get_by_label("Sales · Speaking");
    kiosk.show(|view| view.phase = Phase::Listening);
    kiosk.harness.get_by_label("Sales · Listening");
    kiosk.show(|view| {
        view.phase = Phase::CallingTool;
        view.tool = tool(Language::ENGLISH).tool;
    });
    kiosk.harness.get_by_label("Looking for free appointments…");
    kiosk.show(|view| {
        view.phase = Phase::Listening;
        view.persona = None;
    });
    kiosk.harness.get_by_label("Listening");
}

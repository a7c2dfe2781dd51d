//! The appointment for the visitor's own calendar: iCalendar text (RFC 5545) and its QR code. It holds nothing personal:
//! when, with whom, where, and an id that means nothing elsewhere.

use jiff::{Timestamp, tz::TimeZone};
use qrcode::{Color, EcLevel, QrCode};
use uuid::Uuid;

use super::calendar::Slot;
use crate::event::{Language, QrModules};

/// Bytes of a line before it is folded (RFC 5545, 3.1).
const LINE_BYTES: usize = 75;

/// Bytes of host and place: more would make a QR code that telephones read badly.
const TEXT_BYTES: usize = 80;

/// Modules along a side up to which telephones read the code easily from the card (392 px): version 13.
const EASY_SIDE: usize = 69;

/// The iCalendar text of an appointment, in the visitor's language. `changed` is when it was booked or moved.
pub(super) fn text(id: Uuid, slot: &Slot, changed: Timestamp, language: Language) -> String {
    let host = slot.host.name.text(language);
    let place = slot.host.place.text(language);
    let lines = [
        "BEGIN:VCALENDAR".to_owned(),
        "VERSION:2.0".to_owned(),
        "PRODID:-//Majlis//EN".to_owned(),
        "BEGIN:VEVENT".to_owned(),
        format!("UID:{id}"),
        format!("DTSTAMP:{}", utc(changed)),
        format!("DTSTART:{}", utc(slot.start)),
        format!("DTEND:{}", utc(slot.end)),
        format!("SUMMARY:{}", escape(shorten(host))),
        if place.is_empty() { String::new() } else { format!("LOCATION:{}", escape(shorten(place))) },
        "END:VEVENT".to_owned(),
        "END:VCALENDAR".to_owned(),
    ];
    lines.iter().filter(|line| !line.is_empty()).map(|line| fold(line)).collect()
}

fn utc(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC).strftime("%Y%m%dT%H%M%SZ").to_string()
}

fn shorten(text: &str) -> &str {
    let mut end = text.len().min(TEXT_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

/// RFC 5545, 3.3.11.
fn escape(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace(';', "\\;")
        .replace(',', "\\,")
        .replace("\r\n", "\\n")
        .replace(['\r', '\n'], "\\n")
}

/// The line with its end, over several lines where it is too long; never within a character.
fn fold(line: &str) -> String {
    let mut folded = String::new();
    let mut length = 0;
    for character in line.chars() {
        if length + character.len_utf8() > LINE_BYTES {
            folded.push_str("\r\n ");
            length = 1;
        }
        folded.push(character);
        length += character.len_utf8();
    }
    folded.push_str("\r\n");
    folded
}

/// The text as a QR code: with a good margin for damage where that stays easy to read, else with the least. Without
/// modules if it is too long for any code.
pub(super) fn qr(text: &str) -> QrModules {
    let make = |level| QrCode::with_error_correction_level(text, level).ok();
    let code = match make(EcLevel::M) {
        Some(code) if code.width() <= EASY_SIDE => Some(code),
        _ => make(EcLevel::L),
    };
    code.map_or_else(QrModules::default, |code| QrModules {
        side: code.width(),
        dark: code.to_colors().into_iter().map(|color| color == Color::Dark).collect(),
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        appointments::Calendar,
        config::{Appointments, Host, Stand},
        event::ByLanguage,
    };

    fn slot(name: &str, place: &str) -> Slot {
        let host = Host {
            id: "adviser".to_owned(),
            name: ByLanguage::texts(name, "مستشار التدريب"),
            place: ByLanguage::texts(place, "نقطة اللقاء B2، الطابق الأول"),
            hours: vec!["mon-sun 09:00-17:00".to_owned()],
            ..Host::default()
        };
        let config = Appointments { hosts: vec![host], ..Appointments::default() };
        let calendar = Calendar::new(&config, &Stand::default()).unwrap();
        let start: Timestamp = "2026-11-24T07:30:00Z".parse().unwrap();
        let now = "2026-11-21T07:30:00Z".parse().unwrap();
        calendar.at(&calendar.hosts()[0], start, now).unwrap()
    }

    fn stamp() -> Timestamp {
        "2026-11-21T18:00:00Z".parse().unwrap()
    }

    /// Name and value of each line of an iCalendar text: unfolded and unescaped as RFC 5545 has it.
    fn read(text: &str) -> Vec<(String, String)> {
        assert!(text.split("\r\n").all(|line| line.len() <= 75), "{text}");
        let unfolded = text.replace("\r\n ", "");
        let value = |text: &str| {
            let mut value = String::new();
            let mut letters = text.chars();
            while let Some(letter) = letters.next() {
                match letter {
                    '\\' => value.push(letters.next().map(|next| if next == 'n' { '\n' } else { next }).unwrap()),
                    other => value.push(other),
                }
            }
            value
        };
        let line = |line: &str| line.split_once(':').map(|(name, text)| (name.to_owned(), value(text))).unwrap();
        unfolded.strip_suffix("\r\n").unwrap().split("\r\n").map(line).collect()
    }

    fn named(lines: &[(String, String)], name: &str) -> String {
        lines.iter().find(|(own, _)| own == name).unwrap().1.clone()
    }

    #[test]
    fn a_calendar_reads_when_with_whom_and_where() {
        let id = Uuid::now_v7();
        let english = read(&text(id, &slot("Training adviser", "Meeting point B2"), stamp(), Language::ENGLISH));
        let expected = [
            ("BEGIN", "VCALENDAR"),
            ("VERSION", "2.0"),
            ("PRODID", "-//Majlis//EN"),
            ("BEGIN", "VEVENT"),
            ("UID", &id.to_string()),
            ("DTSTAMP", "20261121T180000Z"),
            ("DTSTART", "20261124T073000Z"),
            ("DTEND", "20261124T080000Z"),
            ("SUMMARY", "Training adviser"),
            ("LOCATION", "Meeting point B2"),
            ("END", "VEVENT"),
            ("END", "VCALENDAR"),
        ];
        assert_eq!(english, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
        let arabic = read(&text(id, &slot("Training adviser", ""), stamp(), Language::ARABIC));
        assert_eq!(named(&arabic, "SUMMARY"), "مستشار التدريب");
        assert_eq!(named(&arabic, "LOCATION"), "نقطة اللقاء B2، الطابق الأول");
    }

    #[test]
    fn the_code_stays_small_enough_for_a_telephone_in_both_languages() {
        for language in Language::SHIPPED {
            let text = text(Uuid::now_v7(), &slot("Training adviser", "Meeting point B2"), stamp(), language);
            let code = qr(&text);
            assert!(code.side <= EASY_SIDE && code.dark.len() == code.side * code.side, "{}", code.side);
            // The three corners by which a reader finds the code.
            let dark = |row: usize, column: usize| code.dark[row * code.side + column];
            for (row, column) in [(0, 0), (0, code.side - 7), (code.side - 7, 0)] {
                assert!(dark(row, column) && !dark(row + 1, column + 1) && dark(row + 3, column + 3));
            }
        }
        let longest = "ج".repeat(200);
        assert!(qr(&text(Uuid::now_v7(), &slot(&longest, &longest), stamp(), Language::ENGLISH)).side <= 77);
    }

    proptest! {
        #[test]
        fn whatever_a_host_is_called_reads_back(name in "\\PC{1,30}", place in "[\\PC\n]{0,30}") {
            let lines = read(&text(Uuid::now_v7(), &slot(&name, &place), stamp(), Language::ENGLISH));
            let read_name = named(&lines, "SUMMARY");
            prop_assert!(name.starts_with(&read_name) && (read_name == name || read_name.len() > TEXT_BYTES - 4));
        }
    }
}

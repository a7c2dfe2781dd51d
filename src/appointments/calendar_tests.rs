//! What a calendar offers, whatever the hours, the zone and the night.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use proptest::prelude::*;

use super::*;
use crate::event::Language;

/// Zones with large, small, half and no changes of the clock, at midnight, in the night, and at noon of the South.
const ZONES: [&str; 9] = [
    "Asia/Riyadh",
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Africa/Cairo",
    "Asia/Beirut",
    "Australia/Lord_Howe",
    "America/Sao_Paulo",
    "Asia/Kathmandu",
];

fn calendar(zone: &str, hours: &[&str], length_minutes: u32, holidays: &[&str]) -> Calendar {
    let texts = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect();
    let host = HostConfig {
        id: "adviser".to_owned(),
        name: ByLanguage::texts("Adviser", "مستشار"),
        hours: texts(hours),
        length_minutes,
        ..HostConfig::default()
    };
    let config =
        Appointments { hosts: vec![host], holidays: texts(holidays), days_ahead: 366, ..Appointments::default() };
    Calendar::new(&config, &Stand { time_zone: zone.to_owned(), ..Stand::default() }).unwrap()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn date(text: &str) -> Date {
    text.parse().unwrap()
}

/// Beginnings by the stand's clock.
fn starts(calendar: &Calendar, day: &str, now: &str) -> Vec<String> {
    let slots = calendar.slots(&calendar.hosts()[0], date(day), at(now));
    slots.iter().map(|slot| calendar.local(slot.start).strftime("%H:%M").to_string()).collect()
}

#[test]
fn working_hours_become_times() {
    let calendar = calendar("Asia/Riyadh", &["tue 09:00-10:30,13:00-14:20"], 30, &["2026-12-01"]);
    let now = "2026-11-21T07:00:00Z";
    assert_eq!(starts(&calendar, "2026-11-24", now), ["09:00", "09:30", "10:00", "13:00", "13:30"]);
    assert_eq!(starts(&calendar, "2026-11-25", now), [""; 0], "a Wednesday");
    assert_eq!(starts(&calendar, "2026-12-01", now), [""; 0], "a holiday");
    assert_eq!(starts(&calendar, "2026-11-17", now), [""; 0], "over");
    // 09:20 at the stand, and a quarter of an hour's notice.
    assert_eq!(starts(&calendar, "2026-11-24", "2026-11-24T06:20:00Z"), ["10:00", "13:00", "13:30"]);
    let host = calendar.hosts()[0].clone();
    let closed = |start: &str| calendar.at(&host, at(start), at(now)).unwrap_err();
    assert_eq!(closed("2026-11-17T06:00:00Z"), Closed::TooSoon);
    assert_eq!(closed("2026-12-01T06:00:00Z"), Closed::Holiday);
    assert_eq!(closed("2026-11-24T06:10:00Z"), Closed::NotAnHour);
    assert_eq!(closed("2028-11-24T06:00:00Z"), Closed::TooFar);
    let slot = calendar.at(&host, at("2026-11-24T06:30:00Z"), at(now)).unwrap();
    assert_eq!(slot.id().0, "2026-11-24T06:30:00Z/adviser");
    assert_eq!(calendar.find(&slot.id(), at(now)), Some(Ok(slot)));
    for no_slot in ["", "x", "2026-11-24T06:30:00Z", "2026-11-24T06:30:00Z/nobody", "soon/adviser"] {
        assert_eq!(calendar.find(&SlotId(no_slot.to_owned()), at(now)), None, "{no_slot}");
    }
}

#[test]
fn without_a_host_the_desk_can_be_booked_while_the_stand_is_open() {
    let calendar = Calendar::new(&Appointments::default(), &Stand::default()).unwrap();
    let desk = &calendar.hosts()[0];
    assert_eq!((desk.id.as_str(), desk.name.text(Language::ARABIC)), ("desk", "مكتب الاستقبال"));
    let saturday = starts(&calendar, "2026-11-28", "2026-11-21T07:00:00Z");
    assert_eq!((saturday.len(), saturday[0].as_str(), saturday[17].as_str()), (18, "09:00", "17:30"));
    assert_eq!(starts(&calendar, "2026-11-27", "2026-11-21T07:00:00Z"), [""; 0], "a Friday");
    assert_eq!(starts(&calendar, "2026-12-06", "2026-11-21T07:00:00Z"), [""; 0], "further than 14 days");
}

#[test]
fn nights_in_which_the_clock_is_set_have_neither_a_missing_nor_a_double_hour() {
    let calendar = calendar("Europe/Berlin", &["sun 01:00-04:00"], 30, &[]);
    let now = "2026-03-01T00:00:00Z";
    // 02:00 becomes 03:00.
    assert_eq!(starts(&calendar, "2026-03-29", now), ["01:00", "01:30", "03:00", "03:30"]);
    // 03:00 becomes 02:00: the first time counts.
    let day = date("2026-10-25");
    let slots = calendar.slots(&calendar.hosts()[0], day, at(now));
    assert_eq!(starts(&calendar, "2026-10-25", now), ["01:00", "01:30", "02:00", "02:30", "03:00", "03:30"]);
    assert_eq!(slots[2].start, at("2026-10-25T00:00:00Z"));
    assert_eq!(slots[4].start, at("2026-10-25T02:00:00Z"));
    // Lengths that do not divide the hour do not run into what comes after the leap.
    let calendar = self::calendar("Europe/Berlin", &["sun 01:30-05:00"], 45, &[]);
    assert_eq!(starts(&calendar, "2026-03-29", now), ["01:30", "03:45"]);
}

#[test]
fn what_makes_no_sense_is_told_with_its_host() {
    let host = |hours: &[&str]| HostConfig {
        id: "adviser".to_owned(),
        hours: hours.iter().map(|line| (*line).to_owned()).collect(),
        ..HostConfig::default()
    };
    let problem = |config: &Appointments| Calendar::new(config, &Stand::default()).unwrap_err().to_string();
    let config = Appointments { hosts: vec![host(&["mon 9 to 5"])], ..Appointments::default() };
    let text = problem(&config);
    assert!(
        text.starts_with("appointments.hosts.0.hours: found \"mon 9 to 5\"; allowed for the host adviser"),
        "{text}"
    );
    let twice =
        Appointments { hosts: vec![host(&["mon 09:00-12:00", "sun-tue 11:00-13:00"])], ..Appointments::default() };
    assert!(problem(&twice).contains("on Monday two lines overlap"), "{}", problem(&twice));
    let same = Appointments { hosts: vec![host(&["mon 09:00-12:00"]); 2], ..Appointments::default() };
    assert!(problem(&same).contains("another host has this one"));
    let day = Appointments { holidays: vec!["Eid".to_owned()], ..Appointments::default() };
    assert!(problem(&day).contains("appointments.holidays: found \"Eid\""));
    let country = Appointments { phone_country: "Saudi".to_owned(), ..Appointments::default() };
    assert!(problem(&country).contains("appointments.phone_country"));
}

proptest! {
    /// Whatever the zone, the day and the hours: each time lies within the hours by the clock on the wall and by a
    /// stop-watch, lasts as long as it should, and none touches another or a holiday.
    #[test]
    fn no_time_lies_outside_the_hours_or_within_another(
        zone in 0..ZONES.len(),
        first in 0_u16..1400,
        long in 5_u16..900,
        length in 5_u32..200,
        month in 1_i8..=12,
        is_holiday in prop::bool::weighted(0.1),
    ) {
        let until = (first + long).min(DAY_MINUTES);
        let clock = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
        let hours = format!("mon-sun {}-{}", clock(first), clock(until));
        let holiday = format!("2026-{month:02}-01/2026-{month:02}-28");
        let holidays: &[&str] = if is_holiday { &[&holiday] } else { &[] };
        let calendar = calendar(ZONES[zone], &[&hours], length, holidays);
        let host = calendar.hosts()[0].clone();
        let now = at("2025-12-30T00:00:00Z");
        let mut last_end = Timestamp::MIN;
        let mut day = Date::new(2026, month, 1).unwrap();
        while day.month() == month {
            let opens = calendar.time_zone().to_ambiguous_timestamp(
                day.to_datetime(Time::new((first / 60) as i8, (first % 60) as i8, 0, 0).unwrap())).earlier().unwrap();
            for slot in calendar.slots(&host, day, now) {
                prop_assert!(!calendar.is_holiday(day));
                prop_assert_eq!(slot.end.duration_since(slot.start).as_mins(), i64::from(length));
                prop_assert!(slot.start >= last_end, "none begins before the last has ended");
                let (start, end) = (calendar.local(slot.start), calendar.local(slot.end));
                let minute = |time: Time| i64::from(time.hour()) * 60 + i64::from(time.minute());
                prop_assert_eq!(start.date(), day);
                prop_assert!(minute(start.time()) >= i64::from(first));
                let midnight = i64::from(end.date() != day) * i64::from(DAY_MINUTES);
                prop_assert!(minute(end.time()) + midnight <= i64::from(until));
                prop_assert!(slot.start >= opens);
                prop_assert_eq!(calendar.find(&slot.id(), now), Some(Ok(slot.clone())));
                last_end = slot.end;
            }
            day = day.tomorrow().unwrap();
        }
    }
}

//! Working hours and holidays as they stand under `[appointments]`.

use std::ops::RangeInclusive;

use jiff::civil::{Date, Weekday};

use super::{Appointments, Host};

/// Minutes of a day.
pub const DAY_MINUTES: u16 = 24 * 60;

/// How a line of working hours looks, for staff.
const HOURS_SHAPE: &str = "days, a blank, times, as in \"mon-thu,sat 09:00-12:00,13:00-17:00\"; days mon to sun, times 00:00 to 24:00, each end \
     after its beginning, none within another";

const HOLIDAY_SHAPE: &str = "a day \"2026-12-02\", or its first and last \"2026-12-24/2026-12-26\"";

/// The country calling codes are looked up by, as in ISO 3166.
const COUNTRY_SHAPE: &str = "two capital letters of a country, such as \"SA\"";

/// When somebody works on some days of the week.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkingHours {
    /// The days.
    pub days: Vec<Weekday>,
    /// From and to, minutes after midnight by the clock on the wall; in order, none within another.
    pub spans: Vec<[u16; 2]>,
}

/// A value that makes no sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key}: found {found}; allowed {allowed}")]
pub struct ScheduleProblem {
    /// The key, `appointments.hosts.0.hours`.
    pub key: String,
    /// What was found.
    pub found: String,
    /// What is allowed.
    pub allowed: String,
}

impl WorkingHours {
    /// `mon-thu,sat 09:00-12:00,13:00-17:00`; `None`: that is no such line.
    #[must_use]
    pub fn parse(line: &str) -> Option<Self> {
        let (days, times) = line.trim().split_once(char::is_whitespace)?;
        let mut named = Vec::new();
        for part in days.split(',') {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let (mut day, last) = (weekday(first)?, weekday(last)?);
            named.push(day);
            while day != last {
                day = day.next();
                named.push(day);
            }
        }
        let spans: Vec<[u16; 2]> = times.trim().split(',').map(span).collect::<Option<_>>()?;
        let mut bounds = spans.iter().flatten();
        let mut before = None;
        let is_in_order = bounds.all(|minute| {
            let is_later = before.is_none_or(|before| before <= *minute);
            before = Some(*minute);
            is_later
        });
        (is_in_order && spans.iter().all(|[from, to]| from < to)).then_some(Self { days: named, spans })
    }
}

fn weekday(name: &str) -> Option<Weekday> {
    const NAMES: [(&str, Weekday); 7] = [
        ("monday", Weekday::Monday),
        ("tuesday", Weekday::Tuesday),
        ("wednesday", Weekday::Wednesday),
        ("thursday", Weekday::Thursday),
        ("friday", Weekday::Friday),
        ("saturday", Weekday::Saturday),
        ("sunday", Weekday::Sunday),
    ];
    let name = name.trim().to_ascii_lowercase();
    NAMES.iter().find(|(full, _)| *full == name || full.get(..3) == Some(&name)).map(|(_, day)| *day)
}

fn span(text: &str) -> Option<[u16; 2]> {
    let (from, to) = text.trim().split_once(['-', '–'])?;
    Some([minute_of_day(from)?, minute_of_day(to)?])
}

/// `09:30` → 570; `24:00` is the end of the day.
fn minute_of_day(text: &str) -> Option<u16> {
    let (hour, minute) = text.trim().split_once(':')?;
    if hour.len() > 2 || minute.len() != 2 || !text.trim().bytes().all(|byte| byte.is_ascii_digit() || byte == b':') {
        return None;
    }
    let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
    let minutes = hour * 60 + minute;
    (minute < 60 && minutes <= DAY_MINUTES).then_some(minutes)
}

/// `2026-12-02` or `2026-12-24/2026-12-26`; `None`: it is neither.
#[must_use]
pub fn holiday(text: &str) -> Option<RangeInclusive<Date>> {
    let (first, last) = text.split_once('/').unwrap_or((text, text));
    let (first, last): (Date, Date) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
    (first <= last).then_some(first..=last)
}

/// What makes no sense under `[appointments]`, each with its key.
#[must_use]
pub fn problems(config: &Appointments) -> Vec<ScheduleProblem> {
    let mut problems = Vec::new();
    let mut tell = |key: String, found: &str, allowed: String| {
        problems.push(ScheduleProblem { key, found: format!("{found:?}"), allowed });
    };
    for text in config.holidays.iter().filter(|text| holiday(text).is_none()) {
        tell("appointments.holidays".to_owned(), text, HOLIDAY_SHAPE.to_owned());
    }
    let prefix = &config.code_prefix;
    if prefix.len() > 6 || !prefix.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit()) {
        tell("appointments.code_prefix".to_owned(), prefix, "one to six capital letters A–Z and digits".to_owned());
    }
    if phonelib::country_by_code(&config.phone_country).is_none() {
        tell("appointments.phone_country".to_owned(), &config.phone_country, COUNTRY_SHAPE.to_owned());
    }
    for (index, host) in config.hosts.iter().enumerate() {
        let key = |name: &str| format!("appointments.hosts.{index}.{name}");
        let is_id = host.id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') && host.id.len() <= 64;
        if !is_id {
            tell(key("id"), &host.id, "at most 64 letters A–Z, digits and _".to_owned());
        }
        if config.hosts.iter().take(index).any(|other| other.id == host.id) {
            tell(key("id"), &host.id, "an id of its own: another host has this one".to_owned());
        }
        if host.hours.is_empty() {
            tell(key("hours"), "", format!("at least one line: {HOURS_SHAPE}"));
        }
        for line in host.hours.iter().filter(|line| WorkingHours::parse(line).is_none()) {
            tell(key("hours"), line, format!("for the host {}: {HOURS_SHAPE}", host.id));
        }
        if let Some(day) = twice_at_once(host) {
            let allowed = "each time of a day in one line only".to_owned();
            tell(key("hours"), &host.hours.join("; "), format!("{allowed}: on {day:?} two lines overlap"));
        }
    }
    problems
}

/// A day on which two lines overlap: its slots would too.
fn twice_at_once(host: &Host) -> Option<Weekday> {
    let lines: Vec<WorkingHours> = host.hours.iter().filter_map(|line| WorkingHours::parse(line)).collect();
    Weekday::Monday.cycle_forward().take(7).find(|day| {
        let of_day = lines.iter().map(|line| (line.days.iter().filter(|own| *own == day).count(), &line.spans));
        let mut spans: Vec<[u16; 2]> =
            of_day.flat_map(|(count, spans)| std::iter::repeat_n(spans, count)).flatten().copied().collect();
        spans.sort_unstable();
        spans.iter().zip(spans.iter().skip(1)).any(|([_, end], [start, _])| end > start)
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::config::Config;

    #[test]
    fn a_line_of_hours_names_days_and_times() {
        let line = WorkingHours::parse("sat-mon,Thu  09:00-12:00, 13:00-24:00").unwrap();
        assert_eq!(line.days, [Weekday::Saturday, Weekday::Sunday, Weekday::Monday, Weekday::Thursday]);
        assert_eq!(line.spans, [[540, 720], [780, 1440]]);
        for wrong in [
            "",
            "mon",
            "09:00-12:00",
            "moon 09:00-12:00",
            "mon 9-12",
            "mon 12:00-09:00",
            "mon 09:00-25:00",
            "mon 09:00-12:00,11:00-13:00",
            "mon 09:60-12:00",
            "mon 09:00-09:00",
            "mon +9:00-12:00",
            "mon 09:00",
        ] {
            assert_eq!(WorkingHours::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn holidays_are_days_or_spans_of_days() {
        let one: Date = "2026-12-02".parse().unwrap();
        assert_eq!(holiday("2026-12-02"), Some(one..=one));
        assert!(holiday("2026-12-24/2026-12-26").unwrap().contains(&"2026-12-25".parse().unwrap()));
        for wrong in ["2026-12-26/2026-12-24", "Christmas", "2026-02-30", "02.12.2026"] {
            assert_eq!(holiday(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn config_check_names_the_line_and_the_host() {
        let text = "[appointments]\nholidays = [\"Eid\"]\n\n[[appointments.hosts]]\nid = \"adviser\"\nname.en = \"A\"\n\
                    hours = [\"sun 09:00-12:00\", \"mon 9-5\"]\n";
        let problems = Config::parse(text, std::path::Path::new("kiosk.toml"), &[]).unwrap_err().to_string();
        let lines: Vec<&str> = problems.lines().collect();
        let holiday = "kiosk.toml:2: appointments.holidays: found \"Eid\"; allowed a day \"2026-12-02\"";
        let hours =
            "kiosk.toml:7: appointments.hosts.0.hours: found \"mon 9-5\"; allowed for the host adviser: days, a blank";
        assert!(
            lines.len() == 2 && lines.iter().zip([holiday, hours]).all(|(line, text)| line.starts_with(text)),
            "{problems}"
        );
    }
}

//! Days and times as the model hands them on: ISO first, and what visitors say where the model hands that on.

use jiff::civil::{Date, Time, Weekday};

use super::spelling::{fold, words};

/// What a day may look like, for the model.
pub(super) const DAY_SHAPE: &str = "a date such as 2026-11-24, a weekday, \"today\" or \"tomorrow\"";

/// What a time may look like, for the model.
pub(super) const TIME_SHAPE: &str = "a time of day such as 10:30 or 15:00";

/// A part of the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PartOfDay {
    /// Before noon.
    Morning,
    /// From noon to five.
    Afternoon,
    /// From five.
    Evening,
}

impl PartOfDay {
    pub(super) const ALL: [Self; 3] = [Self::Morning, Self::Afternoon, Self::Evening];

    pub(super) fn of(time: Time) -> Self {
        match time.hour() {
            ..12 => Self::Morning,
            12..17 => Self::Afternoon,
            _ => Self::Evening,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Morning => "morning",
            Self::Afternoon => "afternoon",
            Self::Evening => "evening",
        }
    }

    /// The part that a text names: "mornings", «بعد الظهر».
    pub(super) fn in_text(text: &str) -> Option<Self> {
        let text = fold(text);
        let names: [(Self, &[&str]); 3] = [
            (Self::Afternoon, &["afternoon", "after lunch", "بعد الظهر", "العصر", "عصرا"]),
            (Self::Evening, &["evening", "after work", "مساء", "المسا", "مسا"]),
            (Self::Morning, &["morning", "before noon", "early", "صباح", "قبل الظهر"]),
        ];
        names.into_iter().find(|(_, names)| names.iter().any(|name| text.contains(&fold(name)))).map(|(part, _)| part)
    }
}

/// The first weekday that a text names, in either language.
pub(super) fn weekday_in(text: &str) -> Option<Weekday> {
    const NAMES: [(Weekday, [&str; 3]); 7] = [
        (Weekday::Monday, ["monday", "الاثنين", "اثنين"]),
        (Weekday::Tuesday, ["tuesday", "الثلاثاء", "ثلاثاء"]),
        (Weekday::Wednesday, ["wednesday", "الأربعاء", "أربعاء"]),
        (Weekday::Thursday, ["thursday", "الخميس", "خميس"]),
        (Weekday::Friday, ["friday", "الجمعة", "جمعة"]),
        (Weekday::Saturday, ["saturday", "السبت", "سبت"]),
        (Weekday::Sunday, ["sunday", "الأحد", "أحد"]),
    ];
    words(text).iter().find_map(|word| {
        let is_it = |name: &str| {
            let name = fold(name);
            // "Tuesdays", "Tue".
            *word == name || word.strip_suffix('s') == Some(&name) || (name.is_ascii() && name.get(..3) == Some(word))
        };
        NAMES.iter().find(|(_, names)| names.iter().any(|name| is_it(name))).map(|(day, _)| *day)
    })
}

/// The day that is meant. A weekday is the next one, today included.
pub(super) fn day(text: &str, today: Date) -> Option<Date> {
    let text = text.trim();
    if let Ok(date) = fold(text).parse::<Date>() {
        return Some(date);
    }
    let tomorrow = today.tomorrow().ok();
    match fold(text).as_str() {
        "today" | "اليوم" => return Some(today),
        "tomorrow" | "غدا" | "بكره" | "بكرا" => return tomorrow,
        "day after tomorrow" | "the day after tomorrow" | "بعد غد" | "بعد بكره" => {
            return tomorrow?.tomorrow().ok();
        }
        _ => {}
    }
    let weekday = weekday_in(text)?;
    std::iter::successors(Some(today), |day| day.tomorrow().ok()).take(7).find(|day| day.weekday() == weekday)
}

/// The time that is meant: `10:30`, `10.30`, `3 pm`, `٣ مساء`.
pub(super) fn time(text: &str) -> Option<Time> {
    let folded = fold(text);
    let folded = folded.trim();
    if matches!(folded, "noon" | "الظهر" | "ظهرا") {
        return Time::new(12, 0, 0, 0).ok();
    }
    let split = folded.find(|c: char| !c.is_ascii_digit() && c != ':' && c != '.').unwrap_or(folded.len());
    let (digits, half) = folded.split_at_checked(split)?;
    let (hour, minute) = digits.split_once([':', '.']).unwrap_or((digits, "0"));
    let (hour, minute): (i8, i8) = (hour.parse().ok()?, minute.split([':', '.']).next()?.parse().ok()?);
    let half: String = half.chars().filter(|c| c.is_alphabetic()).collect();
    let hour = match half.as_str() {
        "" => hour,
        "am" | "صباحا" | "ص" if hour <= 12 => hour % 12,
        "pm" | "مسا" | "م" | "ظهرا" | "عصرا" if hour <= 12 => hour % 12 + 12,
        _ => return None,
    };
    Time::new(hour, minute, 0, 0).ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn days_are_understood_in_both_languages() {
        // A Saturday.
        let today: Date = "2026-11-21".parse().unwrap();
        for (said, expected) in [
            ("2026-11-24", Some("2026-11-24")),
            ("٢٠٢٦-١١-٢٤", Some("2026-11-24")),
            ("today", Some("2026-11-21")),
            ("Tomorrow", Some("2026-11-22")),
            ("غدًا", Some("2026-11-22")),
            ("بعد غد", Some("2026-11-23")),
            ("Tuesday", Some("2026-11-24")),
            ("on Tue", Some("2026-11-24")),
            ("saturday", Some("2026-11-21")),
            ("يوم الثلاثاء", Some("2026-11-24")),
            ("الأربعاء", Some("2026-11-25")),
            ("الإثنين", Some("2026-11-23")),
            ("الأحد", Some("2026-11-22")),
            ("2026-02-30", None),
            ("someday", None),
            ("", None),
        ] {
            assert_eq!(day(said, today), expected.map(|date| date.parse().unwrap()), "{said}");
        }
    }

    #[test]
    fn times_are_understood_as_they_are_written() {
        for (said, expected) in [
            ("10:30", Some((10, 30))),
            ("10.30", Some((10, 30))),
            ("10:30:00", Some((10, 30))),
            ("15", Some((15, 0))),
            ("3 pm", Some((15, 0))),
            ("3:15PM", Some((15, 15))),
            ("12 am", Some((0, 0))),
            ("12 pm", Some((12, 0))),
            ("٣ مساءً", Some((15, 0))),
            ("٩:٣٠ صباحًا", Some((9, 30))),
            ("noon", Some((12, 0))),
            ("25:00", None),
            ("13 pm", None),
            ("soon", None),
            ("", None),
        ] {
            assert_eq!(time(said), expected.map(|(hour, minute)| Time::new(hour, minute, 0, 0).unwrap()), "{said}");
        }
    }

    #[test]
    fn preferences_name_parts_of_the_day_and_weekdays() {
        assert_eq!(PartOfDay::in_text("I prefer mornings"), Some(PartOfDay::Morning));
        assert_eq!(PartOfDay::in_text("in the afternoon"), Some(PartOfDay::Afternoon));
        assert_eq!(PartOfDay::in_text("أفضّل الصباح"), Some(PartOfDay::Morning));
        assert_eq!(PartOfDay::in_text("بعد الظهر"), Some(PartOfDay::Afternoon));
        assert_eq!(PartOfDay::in_text("مساءً"), Some(PartOfDay::Evening));
        assert_eq!(PartOfDay::in_text("quiet rooms"), None);
        assert_eq!(weekday_in("best on Tuesdays"), Some(Weekday::Tuesday));
    }
}

//! Days and times as people say and write them, in the stand's time zone.

mod arabic;
mod english;

use std::sync::Arc;

use jiff::{
    Timestamp,
    civil::{Date, DateTime, Time, Weekday},
    tz::TimeZone,
};

use crate::{config::Digits, event::Language, words::Words};

/// Words days and times.
#[derive(Clone)]
pub struct Wording {
    words: Arc<Words>,
    digits: Digits,
    time_zone: TimeZone,
}

impl Wording {
    /// With names of months and days from `words`; `digits` are those of Arabic texts on the screen.
    #[must_use]
    pub fn new(words: Arc<Words>, digits: Digits, time_zone: TimeZone) -> Self {
        Self { words, digits, time_zone }
    }

    fn local(&self, at: Timestamp) -> DateTime {
        self.time_zone.to_datetime(at)
    }

    /// For the voice: "tomorrow at half past ten", "Tuesday the 24th of November at half past ten",
    /// «الثلاثاء الرابع والعشرين من نوفمبر في العاشرة والنصف صباحًا».
    #[must_use]
    pub fn spoken(&self, at: Timestamp, now: Timestamp, language: Language) -> String {
        let local = self.local(at);
        let (day, time) = (self.spoken_day(local.date(), now, language), self.spoken_time(local.time(), language));
        self.words.fill("appointment.when", language, &[("day", &day), ("time", &time)])
    }

    /// "today", "tomorrow", "Tuesday the 24th of November".
    #[must_use]
    pub fn spoken_day(&self, day: Date, now: Timestamp, language: Language) -> String {
        let today = self.local(now).date();
        if day == today {
            return self.words.get("appointment.today", language).to_owned();
        }
        if today.tomorrow().is_ok_and(|tomorrow| tomorrow == day) {
            return self.words.get("appointment.tomorrow", language).to_owned();
        }
        let (weekday, month) = (self.weekday(day, language), self.month(day, language));
        let year = if day.year() == today.year() { String::new() } else { format!(" {}", day.year()) };
        let number = match language {
            Language::ARABIC => arabic::day_of_month(day.day()),
            Language::ENGLISH => english::day_of_month(day.day()),
            // A voice reads the numbers of its language.
            _ => day.day().to_string(),
        };
        let values = [("weekday", weekday), ("number", &number), ("month", month), ("year", &year)];
        self.words.fill("appointment.day", language, &values)
    }

    /// "half past ten", «العاشرة والنصف صباحًا».
    #[must_use]
    pub fn spoken_time(&self, time: Time, language: Language) -> String {
        let (hour, minute) = (time.hour(), time.minute());
        match language {
            Language::ARABIC => arabic::time(hour, minute),
            Language::ENGLISH => english::time(hour, minute),
            _ => format!("{hour}:{minute:02}"),
        }
    }

    /// For the screen: "Tuesday 24 November", «الثلاثاء 24 نوفمبر»; with the year where it is not this one.
    #[must_use]
    pub fn day(&self, at: Timestamp, now: Timestamp, language: Language) -> String {
        let day = self.local(at).date();
        let year = if day.year() == self.local(now).year() { String::new() } else { format!(" {}", day.year()) };
        let text = format!("{} {} {}{year}", self.weekday(day, language), day.day(), self.month(day, language));
        self.with_digits(text, language)
    }

    /// For the screen: "Tuesday".
    #[must_use]
    pub fn weekday_of(&self, at: Timestamp, language: Language) -> String {
        self.weekday(self.local(at).date(), language).to_owned()
    }

    /// For the screen: "9:30".
    #[must_use]
    pub fn clock(&self, at: Timestamp, language: Language) -> String {
        let local = self.local(at);
        self.with_digits(format!("{}:{:02}", local.hour(), local.minute()), language)
    }

    /// For the screen: "10:30 to 11:00".
    #[must_use]
    pub fn span(&self, [start, end]: [Timestamp; 2], language: Language) -> String {
        let (from, to) = (self.clock(start, language), self.clock(end, language));
        self.words.fill("appointment.span", language, &[("from", &from), ("to", &to)])
    }

    /// The sentence for `key` with its values.
    #[must_use]
    pub fn sentence(&self, key: &str, language: Language, values: &[(&str, &str)]) -> String {
        self.words.fill(key, language, values)
    }

    fn weekday(&self, day: Date, language: Language) -> &str {
        self.weekday_name(day.weekday(), language)
    }

    /// "Tuesday"
    #[must_use]
    pub fn weekday_name(&self, day: Weekday, language: Language) -> &str {
        const KEYS: [&str; 7] = [
            "weekday.long.1",
            "weekday.long.2",
            "weekday.long.3",
            "weekday.long.4",
            "weekday.long.5",
            "weekday.long.6",
            "weekday.long.7",
        ];
        let index = usize::try_from(day.to_monday_zero_offset()).unwrap_or(0);
        self.words.get(KEYS.get(index).copied().unwrap_or_default(), language)
    }

    fn month(&self, day: Date, language: Language) -> &str {
        const KEYS: [&str; 12] = [
            "month.1", "month.2", "month.3", "month.4", "month.5", "month.6", "month.7", "month.8", "month.9",
            "month.10", "month.11", "month.12",
        ];
        let index = usize::try_from(day.month() - 1).unwrap_or(0);
        self.words.get(KEYS.get(index).copied().unwrap_or_default(), language)
    }

    fn with_digits(&self, text: String, language: Language) -> String {
        if language != Language::ARABIC || self.digits != Digits::Arabic {
            return text;
        }
        let arabic = |c: char| c.to_digit(10).and_then(|digit| char::from_u32(0x0660 + digit)).unwrap_or(c);
        text.chars().map(arabic).collect()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn wording(digits: Digits) -> Wording {
        let words = Arc::new(Words::load(std::path::Path::new("assets")).unwrap());
        Wording::new(words, digits, TimeZone::get("Asia/Riyadh").unwrap())
    }

    /// Saturday 21 November 2026, 10:00 at the stand.
    fn now() -> Timestamp {
        "2026-11-21T07:00:00Z".parse().unwrap()
    }

    #[test]
    fn times_are_said_as_people_say_them() {
        let wording = wording(Digits::Western);
        for (local, english, arabic) in [
            ("2026-11-21T10:30", "today at half past ten", "اليوم في العاشرة والنصف صباحًا"),
            ("2026-11-22T09:00", "tomorrow at nine o'clock", "غدًا في التاسعة صباحًا"),
            (
                "2026-11-24T10:30",
                "Tuesday the 24th of November at half past ten",
                "الثلاثاء الرابع والعشرين من نوفمبر في العاشرة والنصف صباحًا",
            ),
            (
                "2026-11-26T12:45",
                "Thursday the 26th of November at a quarter to one",
                "الخميس السادس والعشرين من نوفمبر في الواحدة إلا ربعًا ظهرًا",
            ),
            (
                "2026-12-01T13:15",
                "Tuesday the 1st of December at a quarter past one",
                "الثلاثاء الأول من ديسمبر في الواحدة والربع ظهرًا",
            ),
            (
                "2026-12-02T15:20",
                "Wednesday the 2nd of December at twenty past three",
                "الأربعاء الثاني من ديسمبر في الثالثة والثلث عصرًا",
            ),
            (
                "2026-12-03T16:40",
                "Thursday the 3rd of December at twenty to five",
                "الخميس الثالث من ديسمبر في الخامسة إلا ثلثًا مساءً",
            ),
            (
                "2026-12-11T17:05",
                "Friday the 11th of December at five past five",
                "الجمعة الحادي عشر من ديسمبر في الخامسة وخمس دقائق مساءً",
            ),
            (
                "2026-12-12T11:45",
                "Saturday the 12th of December at a quarter to twelve",
                "السبت الثاني عشر من ديسمبر في الثانية عشرة إلا ربعًا ظهرًا",
            ),
            (
                "2026-12-13T12:00",
                "Sunday the 13th of December at twelve noon",
                "الأحد الثالث عشر من ديسمبر في الثانية عشرة ظهرًا",
            ),
            (
                "2026-12-21T19:50",
                "Monday the 21st of December at ten to eight in the evening",
                "الاثنين الحادي والعشرين من ديسمبر في الثامنة إلا عشر دقائق مساءً",
            ),
            (
                "2026-12-31T06:07",
                "Thursday the 31st of December at 6:07 in the morning",
                "الخميس الحادي والثلاثين من ديسمبر في السادسة وسبع دقائق صباحًا",
            ),
            (
                "2027-01-05T09:25",
                "Tuesday the 5th of January 2027 at twenty-five past nine",
                "الثلاثاء الخامس من يناير 2027 في التاسعة والنصف إلا خمس دقائق صباحًا",
            ),
            (
                "2027-01-20T14:35",
                "Wednesday the 20th of January 2027 at twenty-five to three",
                "الأربعاء العشرين من يناير 2027 في الثانية والنصف وخمس دقائق ظهرًا",
            ),
            (
                "2027-01-30T11:12",
                "Saturday the 30th of January 2027 at 11:12",
                "السبت الثلاثين من يناير 2027 في الحادية عشرة واثنتي عشرة دقيقة صباحًا",
            ),
        ] {
            let at = wording.time_zone.to_ambiguous_timestamp(local.parse().unwrap()).compatible().unwrap();
            assert_eq!(wording.spoken(at, now(), Language::ENGLISH), english, "{local}");
            assert_eq!(wording.spoken(at, now(), Language::ARABIC), arabic, "{local}");
        }
    }

    #[test]
    fn the_card_is_written_with_the_configured_digits() {
        let at: Timestamp = "2026-11-24T07:30:00Z".parse().unwrap();
        let end: Timestamp = "2026-11-24T08:00:00Z".parse().unwrap();
        let western = wording(Digits::Western);
        assert_eq!(western.day(at, now(), Language::ENGLISH), "Tuesday 24 November");
        assert_eq!(western.span([at, end], Language::ENGLISH), "10:30 to 11:00");
        assert_eq!(western.day(at, now(), Language::ARABIC), "الثلاثاء 24 نوفمبر");
        assert_eq!(western.span([at, end], Language::ARABIC), "10:30 إلى 11:00");
        let arabic = wording(Digits::Arabic);
        assert_eq!(arabic.day(at, now(), Language::ARABIC), "الثلاثاء ٢٤ نوفمبر");
        assert_eq!(arabic.span([at, end], Language::ARABIC), "١٠:٣٠ إلى ١١:٠٠");
        assert_eq!(arabic.day(at, now(), Language::ENGLISH), "Tuesday 24 November");
        let early: Timestamp = "2026-11-25T06:30:00Z".parse().unwrap();
        assert_eq!(
            (western.clock(early, Language::ENGLISH), western.weekday_of(early, Language::ENGLISH)),
            ("9:30".into(), "Wednesday".into())
        );
        let later: Timestamp = "2027-01-05T06:30:00Z".parse().unwrap();
        assert_eq!(western.day(later, now(), Language::ENGLISH), "Tuesday 5 January 2027");
    }
}

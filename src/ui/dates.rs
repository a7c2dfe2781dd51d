//! Dates and times in words, in the stand's time zone: “3 Nov 2026”, “السبت 21 نوفمبر”.

use jiff::{Timestamp, Zoned};

use crate::{event::Language, words::Words};

/// Writes dates for the stand.
#[derive(Debug, Clone, Copy)]
pub struct Dates<'a> {
    /// The names of months and days.
    pub words: &'a Words,
    /// The language.
    pub language: Language,
    /// The stand's time zone.
    pub time_zone: &'a str,
}

impl Dates<'_> {
    fn local(&self, at: Timestamp) -> Zoned {
        // The configuration is checked at start; without the zone's data UTC is the honest choice.
        at.in_tz(self.time_zone).unwrap_or_else(|_| at.to_zoned(jiff::tz::TimeZone::UTC))
    }

    fn month(&self, local: &Zoned, kind: &str) -> String {
        self.words.get(&format!("month.{kind}{}", local.month()), self.language).to_owned()
    }

    /// `3 Nov 2026`.
    #[must_use]
    pub fn short(&self, at: Timestamp) -> String {
        let local = self.local(at);
        format!("{} {} {}", local.day(), self.month(&local, "short."), local.year())
    }

    /// `3 November 2026`.
    #[must_use]
    pub fn long(&self, at: Timestamp) -> String {
        let local = self.local(at);
        format!("{} {} {}", local.day(), self.month(&local, ""), local.year())
    }

    /// `3 November`; with its year where that is not the present one.
    #[must_use]
    pub fn day(&self, at: Timestamp, today: Timestamp) -> String {
        let local = self.local(at);
        if local.year() == self.local(today).year() {
            format!("{} {}", local.day(), self.month(&local, ""))
        } else {
            self.long(at)
        }
    }

    /// `Sat 21 Nov`.
    #[must_use]
    pub fn weekday(&self, at: Timestamp) -> String {
        let local = self.local(at);
        let key = format!("weekday.{}", local.weekday().to_monday_one_offset());
        format!("{} {} {}", self.words.get(&key, self.language), local.day(), self.month(&local, "short."))
    }

    /// `10:24`.
    #[must_use]
    pub fn time(&self, at: Timestamp) -> String {
        let local = self.local(at);
        format!("{:02}:{:02}", local.hour(), local.minute())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_stand_in_both_languages() {
        let words = Words::load(std::path::Path::new("assets")).unwrap();
        let at: Timestamp = "2026-11-20T22:24:00Z".parse().unwrap();
        let dates = |language| Dates { words: &words, language, time_zone: "Asia/Riyadh" };
        let english = dates(Language::ENGLISH);
        assert_eq!((english.weekday(at), english.time(at)), ("Sat 21 Nov".into(), "01:24".into()));
        assert_eq!((english.short(at), english.day(at, at)), ("21 Nov 2026".into(), "21 November".into()));
        assert_eq!(english.day(at, "2027-01-05T00:00:00Z".parse().unwrap()), "21 November 2026");
        assert_eq!(dates(Language::ARABIC).weekday(at), "السبت 21 نوفمبر");
    }
}

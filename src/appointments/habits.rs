//! What somebody is used to, learned from their bookings; and what they said that they prefer.

use jiff::{Timestamp, civil::Weekday};

use super::{
    ask::{PartOfDay, weekday_in},
    calendar::Calendar,
    spoken::Wording,
};
use crate::{event::Language, store::StoredMemory};

/// Bookings alike that make a habit.
const ALIKE: usize = 2;

/// Times that somebody likes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Habits {
    /// The part of the day of most of their bookings.
    usual_part: Option<PartOfDay>,
    /// The weekday of most of their bookings.
    usual_weekday: Option<Weekday>,
    /// What they said.
    said_part: Option<PartOfDay>,
    said_weekday: Option<Weekday>,
}

/// What `memory` tells of the times that somebody likes.
pub(super) fn of(memory: &StoredMemory, calendar: &Calendar) -> Habits {
    let starts: Vec<Timestamp> = memory.open.iter().chain(&memory.past).map(|one| one.start).collect();
    let parts: Vec<PartOfDay> = starts.iter().map(|at| PartOfDay::of(calendar.local(*at).time())).collect();
    let weekdays: Vec<Weekday> = starts.iter().map(|at| calendar.local(*at).date().weekday()).collect();
    Habits {
        usual_part: PartOfDay::ALL.into_iter().find(|part| is_usual(&parts, part)),
        usual_weekday: Weekday::Monday.cycle_forward().take(7).find(|day| is_usual(&weekdays, day)),
        said_part: memory.preferences.iter().find_map(|text| PartOfDay::in_text(text)),
        said_weekday: memory.preferences.iter().find_map(|text| weekday_in(text)),
    }
}

/// At least two, and more than half.
fn is_usual<T: PartialEq>(all: &[T], one: &T) -> bool {
    let count = all.iter().filter(|other| *other == one).count();
    count >= ALIKE && 2 * count > all.len()
}

impl Habits {
    /// How well a time suits them, 0–2. What they said counts before what they are used to.
    pub(super) fn suits(&self, start: Timestamp, calendar: &Calendar) -> u8 {
        let local = calendar.local(start);
        let part = self.said_part.or(self.usual_part).is_some_and(|part| part == PartOfDay::of(local.time()));
        let day = self.said_weekday.or(self.usual_weekday).is_some_and(|day| day == local.date().weekday());
        u8::from(part) + u8::from(day)
    }

    /// What they are used to, in words.
    pub(super) fn worded(&self, wording: &Wording, language: Language) -> Vec<String> {
        let part = self.usual_part.map(|part| {
            let key = match part {
                PartOfDay::Morning => "appointment.habit.morning",
                PartOfDay::Afternoon => "appointment.habit.afternoon",
                PartOfDay::Evening => "appointment.habit.evening",
            };
            wording.sentence(key, language, &[])
        });
        let weekday = self.usual_weekday.map(|day| {
            let name = wording.weekday_name(day, language);
            wording.sentence("appointment.habit.weekday", language, &[("weekday", name)])
        });
        part.into_iter().chain(weekday).collect()
    }
}

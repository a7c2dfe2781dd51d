//! From working hours and holidays to times that can be booked.

use std::{ops::RangeInclusive, sync::Arc};

use jiff::{
    SignedDuration, Timestamp, ToSpan as _,
    civil::{Date, DateTime, Time},
    tz::{AmbiguousOffset, TimeZone},
};

use crate::{
    config::{
        Appointments, DAY_MINUTES, Host as HostConfig, ScheduleProblem, Stand, WorkingHours, holiday, schedule_problems,
    },
    event::{ByLanguage, SlotId},
};

/// The host where none is configured: the desk, while the stand is open.
const DESK_HOURS: &str = "sat-thu 09:00-18:00";

/// Why there is no calendar.
#[derive(Debug, thiserror::Error)]
pub enum CalendarError {
    /// A line under `[appointments]` makes no sense.
    #[error(transparent)]
    Schedule(#[from] ScheduleProblem),
    /// The time zone is not known on this machine.
    #[error("stand.time_zone: {0}")]
    TimeZone(jiff::Error),
}

/// Somebody, or something, that can be booked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    /// Its short name for tools.
    pub id: String,
    /// What it is called.
    pub name: ByLanguage<String>,
    /// About what.
    pub subject: ByLanguage<String>,
    /// Where.
    pub place: ByLanguage<String>,
    /// How to get there.
    pub directions: ByLanguage<String>,
    /// How long an appointment is.
    pub length: SignedDuration,
    hours: Vec<WorkingHours>,
}

/// A time of a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    /// With whom.
    pub host: Arc<Host>,
    /// When it begins.
    pub start: Timestamp,
    /// When it ends.
    pub end: Timestamp,
}

impl Slot {
    /// What it is called between tools and window: `2026-11-24T07:30:00Z/adviser`.
    #[must_use]
    pub fn id(&self) -> SlotId {
        SlotId(format!("{}/{}", self.start, self.host.id))
    }
}

/// Why a time cannot be booked, whoever else has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closed {
    /// It is over, or too near.
    TooSoon,
    /// It is further ahead than can be booked.
    TooFar,
    /// A day without appointments.
    Holiday,
    /// The host does not work then, or no appointment begins then.
    NotAnHour,
}

/// When which host can be met. Knows nothing of what is booked.
#[derive(Debug, Clone)]
pub struct Calendar {
    time_zone: TimeZone,
    hosts: Vec<Arc<Host>>,
    holidays: Vec<RangeInclusive<Date>>,
    days_ahead: u32,
    min_notice: SignedDuration,
}

impl Calendar {
    /// The calendar of `config`, in the stand's time zone. Without hosts there is the desk.
    ///
    /// # Errors
    /// A line makes no sense; `majlis config check` names all of them.
    pub fn new(config: &Appointments, stand: &Stand) -> Result<Self, CalendarError> {
        if let Some(problem) = schedule_problems(config).into_iter().next() {
            return Err(problem.into());
        }
        let hosts = if config.hosts.is_empty() {
            vec![Arc::new(desk(stand))]
        } else {
            config.hosts.iter().map(|host| Arc::new(Host::new(host))).collect()
        };
        Ok(Self {
            time_zone: TimeZone::get(&stand.time_zone).map_err(CalendarError::TimeZone)?,
            hosts,
            holidays: config.holidays.iter().filter_map(|text| holiday(text)).collect(),
            days_ahead: config.days_ahead,
            min_notice: SignedDuration::from_mins(config.min_notice_minutes.into()),
        })
    }

    /// Who can be met.
    #[must_use]
    pub fn hosts(&self) -> &[Arc<Host>] {
        &self.hosts
    }

    /// The host with that id.
    #[must_use]
    pub fn host(&self, id: &str) -> Option<&Arc<Host>> {
        self.hosts.iter().find(|host| host.id == id)
    }

    /// The stand's time zone.
    #[must_use]
    pub fn time_zone(&self) -> &TimeZone {
        &self.time_zone
    }

    /// The day at the stand.
    #[must_use]
    pub fn today(&self, now: Timestamp) -> Date {
        self.local(now).date()
    }

    /// The clock on the stand's wall.
    #[must_use]
    pub fn local(&self, at: Timestamp) -> DateTime {
        self.time_zone.to_datetime(at)
    }

    /// The days that can be booked.
    #[must_use]
    pub fn window(&self, now: Timestamp) -> RangeInclusive<Date> {
        let today = self.today(now);
        today..=today.saturating_add(i64::from(self.days_ahead).days())
    }

    /// Whether nobody can be met on that day because it is a holiday.
    #[must_use]
    pub fn is_holiday(&self, day: Date) -> bool {
        self.holidays.iter().any(|holiday| holiday.contains(&day))
    }

    /// The times of a host on a day that can still be booked, in order.
    #[must_use]
    pub fn slots(&self, host: &Arc<Host>, day: Date, now: Timestamp) -> Vec<Slot> {
        if !self.window(now).contains(&day) || self.is_holiday(day) {
            return Vec::new();
        }
        let mut slots = self.all_slots(host, day);
        slots.retain(|slot| slot.start >= now + self.min_notice);
        slots
    }

    /// The time that a slot's name stands for. The inner error: why it cannot be booked. `None`: it names none.
    #[must_use]
    pub fn find(&self, id: &SlotId, now: Timestamp) -> Option<Result<Slot, Closed>> {
        let (start, host) = id.0.split_once('/')?;
        Some(self.at(self.host(host)?, start.parse().ok()?, now))
    }

    /// The time of a host that begins at `start`.
    ///
    /// # Errors
    /// It cannot be booked.
    pub fn at(&self, host: &Arc<Host>, start: Timestamp, now: Timestamp) -> Result<Slot, Closed> {
        let day = self.today(start);
        if start < now + self.min_notice {
            return Err(Closed::TooSoon);
        }
        if day > *self.window(now).end() {
            return Err(Closed::TooFar);
        }
        if self.is_holiday(day) {
            return Err(Closed::Holiday);
        }
        self.all_slots(host, day).into_iter().find(|slot| slot.start == start).ok_or(Closed::NotAnHour)
    }

    /// The moment that the stand's clock shows `time`. `None`: that night the clock leaps over it. Shown twice: the
    /// first time.
    #[must_use]
    pub fn instant(&self, day: Date, time: Time) -> Option<Timestamp> {
        let shown = self.time_zone.to_ambiguous_timestamp(day.to_datetime(time));
        match shown.offset() {
            AmbiguousOffset::Gap { .. } => None,
            _ => shown.earlier().ok(),
        }
    }

    /// Every time of a host on a day by their working hours. Each lasts its length by a stop-watch, also in the nights in
    /// which the clock is set, and ends before the next begins and before the hours end.
    fn all_slots(&self, host: &Arc<Host>, day: Date) -> Vec<Slot> {
        let mut spans: Vec<[u16; 2]> = host
            .hours
            .iter()
            .flat_map(|line| line.days.iter().filter(|own| **own == day.weekday()).flat_map(|_| &line.spans))
            .copied()
            .collect();
        spans.sort_unstable();
        let step = u16::try_from(host.length.as_mins()).unwrap_or(DAY_MINUTES).max(1);
        let mut slots: Vec<Slot> = Vec::new();
        for [from, to] in spans {
            let Some(closing) = self.closing(day, to) else { continue };
            let mut minute = from;
            while minute + step <= to {
                let start = time(minute).and_then(|time| self.instant(day, time));
                if let Some(start) = start {
                    let end = start + host.length;
                    let is_after_the_last = slots.last().is_none_or(|last| last.end <= start);
                    if end <= closing && is_after_the_last {
                        slots.push(Slot { host: host.clone(), start, end });
                    }
                }
                minute += step;
            }
        }
        slots
    }

    /// The moment at which the hours end. Where the clock leaps over it, or shows it twice: the earlier reading, so that
    /// nothing lies outside.
    fn closing(&self, day: Date, minute: u16) -> Option<Timestamp> {
        let shown = match time(minute) {
            Some(time) => day.to_datetime(time),
            None => day.tomorrow().ok()?.to_datetime(Time::midnight()),
        };
        self.time_zone.to_ambiguous_timestamp(shown).earlier().ok()
    }
}

/// `None` for 24:00.
fn time(minute: u16) -> Option<Time> {
    Time::new(i8::try_from(minute / 60).ok()?, i8::try_from(minute % 60).ok()?, 0, 0).ok()
}

impl Host {
    fn new(config: &HostConfig) -> Self {
        Self {
            id: config.id.clone(),
            name: config.name.clone(),
            subject: config.subject.clone(),
            place: config.place.clone(),
            directions: config.directions.clone(),
            length: SignedDuration::from_mins(config.length_minutes.into()),
            hours: config.hours.iter().filter_map(|line| WorkingHours::parse(line)).collect(),
        }
    }
}

fn desk(stand: &Stand) -> Host {
    let config = HostConfig {
        id: "desk".to_owned(),
        name: ByLanguage::texts("Reception desk", "مكتب الاستقبال"),
        subject: ByLanguage::texts("A talk with our team", "لقاء مع فريقنا"),
        place: stand.name.clone(),
        directions: ByLanguage::texts("At the reception desk", "عند مكتب الاستقبال"),
        hours: vec![DESK_HOURS.to_owned()],
        ..HostConfig::default()
    };
    Host::new(&config)
}

#[cfg(test)]
#[path = "calendar_tests.rs"]
mod tests;

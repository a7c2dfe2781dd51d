//! `fetch_slots`.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::civil::Date;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{host, host_property, not_understood, read, reads, spec};
use crate::{
    appointments::{
        Desk,
        ask::{self, DAY_SHAPE, PartOfDay, TIME_SHAPE},
        calendar::{Host, Slot},
        habits::{self, Habits},
    },
    event::ToolSpec,
    tools::{CallContext, Policy, Tool, ToolError, ToolOutput},
};

/// Times that are given at once: more nobody keeps in mind.
const HANDFUL: usize = 6;

/// Days that they are spread over.
const DAYS: usize = 3;

/// `fetch_slots`
pub(super) struct FetchSlots {
    spec: ToolSpec,
    policy: Policy,
    desk: Desk,
}

#[derive(Deserialize)]
struct Arguments {
    host: Option<String>,
    day: Option<String>,
    until: Option<String>,
    time_of_day: Option<String>,
    near: Option<String>,
}

/// What is asked for.
struct Wanted {
    host: Arc<Host>,
    days: std::ops::RangeInclusive<Date>,
    is_one_day: bool,
    part: Option<PartOfDay>,
    near: Option<jiff::civil::Time>,
}

impl FetchSlots {
    pub(super) fn new(desk: Desk) -> Self {
        let description = "Free times for an appointment: a handful, spread over the days that are asked for; those that a known \
                           visitor likes come first. Offer two or three of them, as `say_when` has them.";
        let properties = json!({
            "host": host_property(&desk),
            "day": {"type": "string", "maxLength": 64, "description": format!("The only or first day: {DAY_SHAPE}")},
            "until": {"type": "string", "maxLength": 64, "description": format!("The last day, for several days: {DAY_SHAPE}")},
            "time_of_day": {"type": "string", "enum": ["morning", "afternoon", "evening"]},
            "near": {"type": "string", "maxLength": 32, "description": format!("The time of day that suits best: {TIME_SHAPE}")},
        });
        let spec = spec("fetch_slots", description, properties, &[]);
        Self { spec, policy: reads("tool.appointments", "calendar"), desk }
    }

    fn understand(&self, arguments: &Value, context: &CallContext) -> Result<Wanted, ToolError> {
        let given: Arguments = read(arguments)?;
        let today = self.desk.calendar.today(context.now);
        let window = self.desk.calendar.window(context.now);
        let read_day = |key: &str, text: &Option<String>, from: Date| match text {
            Some(text) => ask::day(text, from).map(Some).ok_or_else(|| not_understood(key, DAY_SHAPE)),
            None => Ok(None),
        };
        let first = read_day("day", &given.day, today)?;
        let last = read_day("until", &given.until, first.unwrap_or(today))?;
        let days = first.unwrap_or(today)..=last.or(first).unwrap_or(*window.end());
        if days.is_empty() || days.end() < window.start() || days.start() > window.end() {
            return Err(ToolError::Refused(format!(
                "those days cannot be booked; allowed: {} to {}",
                window.start(),
                window.end()
            )));
        }
        let part = given.time_of_day.as_deref().map(|text| {
            let named = PartOfDay::ALL.into_iter().find(|part| part.name() == text).or(PartOfDay::in_text(text));
            named.ok_or_else(|| not_understood("time_of_day", "morning, afternoon, evening"))
        });
        let near = given.near.as_deref().map(|text| ask::time(text).ok_or_else(|| not_understood("near", TIME_SHAPE)));
        Ok(Wanted {
            host: host(&self.desk, given.host.as_deref())?.clone(),
            is_one_day: days.start() == days.end(),
            days,
            part: part.transpose()?,
            near: near.transpose()?,
        })
    }

    /// What a known visitor likes.
    async fn habits(&self, context: &CallContext) -> Habits {
        let (Some(visitor), now) = (context.visitor, context.now) else { return Habits::default() };
        // Without them the times come in their order.
        let memory = self.desk.read(move |reader| reader.memory(visitor, 0, now.into())).await;
        memory.map(|memory| habits::of(&memory, &self.desk.calendar)).unwrap_or_default()
    }

    fn told(&self, slot: &Slot, habits: &Habits, context: &CallContext) -> Value {
        let mut told = json!({
            "slot": slot.id().0,
            "say_when": self.desk.wording.spoken(slot.start, context.now, context.language),
        });
        if habits.suits(slot.start, &self.desk.calendar) > 0
            && let Some(told) = told.as_object_mut()
        {
            told.insert("visitor_likes".to_owned(), true.into());
        }
        told
    }
}

#[async_trait]
impl Tool for FetchSlots {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    fn policy(&self) -> &Policy {
        &self.policy
    }

    async fn call(&self, arguments: Value, context: &CallContext) -> Result<ToolOutput, ToolError> {
        let wanted = self.understand(&arguments, context)?;
        let habits = self.habits(context).await;
        let calendar = &self.desk.calendar;
        let mut free = self.desk.free(&wanted.host, wanted.days.clone(), context.now).await?;
        if let Some(part) = wanted.part {
            free.retain(|slot| PartOfDay::of(calendar.local(slot.start).time()) == part);
        }
        let told = |slots: &[Slot]| slots.iter().map(|slot| self.told(slot, &habits, context)).collect::<Vec<_>>();
        let host = wanted.host.name.text(context.language);
        if !free.is_empty() {
            let count = free.len();
            let chosen =
                choose(free, &wanted, |slot| habits.suits(slot.start, calendar), |slot| calendar.local(slot.start));
            let content = json!({"with": host, "free": told(&chosen), "free_in_all": count});
            return Ok(ToolOutput { content, effects: Vec::new() });
        }
        // Nothing there: what comes next, from the first day that was asked for.
        let later = *wanted.days.start()..=*calendar.window(context.now).end();
        let later = self.desk.free(&wanted.host, later, context.now).await?;
        let wanted_days = Wanted { is_one_day: false, part: None, ..wanted };
        let next =
            choose(later, &wanted_days, |slot| habits.suits(slot.start, calendar), |slot| calendar.local(slot.start));
        let why = match (
            wanted_days.days.start() == wanted_days.days.end(),
            calendar.is_holiday(*wanted_days.days.start()),
        ) {
            (true, true) => "that day is a holiday",
            _ => "nothing is free then",
        };
        let content = json!({"with": wanted_days.host.name.text(context.language), "free": [], "why": why, "next_free": told(&next)});
        Ok(ToolOutput { content, effects: Vec::new() })
    }
}

/// A handful of `free`, which is in order: of one day spread over it, of several days over the first of them; near a time
/// of day if one is wanted. Those that suit better come first, then in order.
fn choose(
    free: Vec<Slot>,
    wanted: &Wanted,
    suits: impl Fn(&Slot) -> u8,
    local: impl Fn(&Slot) -> jiff::civil::DateTime,
) -> Vec<Slot> {
    let mut days: Vec<Vec<Slot>> = Vec::new();
    for slot in free {
        match days.last_mut() {
            Some(day) if day.first().is_some_and(|first| local(first).date() == local(&slot).date()) => day.push(slot),
            _ => days.push(vec![slot]),
        }
    }
    // Days with times that suit come first; the sort keeps the order of the others.
    days.sort_by_key(|day| std::cmp::Reverse(day.iter().map(&suits).max()));
    days.truncate(if wanted.is_one_day { 1 } else { DAYS });
    let each = HANDFUL / days.len().max(1);
    let mut chosen: Vec<Slot> = Vec::new();
    for day in days {
        let best = day.iter().map(&suits).max();
        let (best, rest): (Vec<Slot>, Vec<Slot>) = day.into_iter().partition(|slot| Some(suits(slot)) == best);
        let mut of_day = pick(best, each, wanted.near, &local);
        let missing = each - of_day.len();
        of_day.extend(pick(rest, missing, wanted.near, &local));
        chosen.extend(of_day);
    }
    chosen.sort_by_key(|slot| (std::cmp::Reverse(suits(slot)), slot.start));
    chosen
}

/// `count` of a day's times: those nearest to a time, else spread from the first to the last.
fn pick(
    mut day: Vec<Slot>,
    count: usize,
    near: Option<jiff::civil::Time>,
    local: impl Fn(&Slot) -> jiff::civil::DateTime,
) -> Vec<Slot> {
    if let Some(near) = near {
        day.sort_by_key(|slot| local(slot).time().duration_since(near).abs());
        day.truncate(count);
        return day;
    }
    let last = day.len().saturating_sub(1);
    let gaps = count.saturating_sub(1).max(1);
    let is_chosen = |index: usize| day.len() <= count || (0..count).any(|step| step * last / gaps == index);
    let chosen: Vec<usize> = (0..day.len()).filter(|index| is_chosen(*index)).collect();
    chosen.into_iter().filter_map(|index| day.get(index).cloned()).collect()
}

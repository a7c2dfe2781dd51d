//! The tools by which the model identifies visitors and looks after their appointments.

mod book;
mod fetch;
mod identify;
mod manage;
mod remember;
#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{
    Desk,
    ask::{self, DAY_SHAPE, TIME_SHAPE},
    calendar::{Closed, Host, Slot},
    reason,
};
use crate::{
    event::{SlotId, ToolSpec},
    tools::{CallContext, Policy, Tool, ToolError},
};

/// The tools of the desk. With `appointments.enabled = false` only those that are not about appointments.
#[must_use]
pub fn tools(desk: &Desk) -> Vec<Arc<dyn Tool>> {
    let desk = || desk.clone();
    let mut tools: Vec<Arc<dyn Tool>> =
        vec![Arc::new(identify::IdentifyVisitor::new(desk())), Arc::new(remember::RememberPreference::new(desk()))];
    if desk().can_book {
        tools.push(Arc::new(fetch::FetchSlots::new(desk())));
        tools.push(Arc::new(book::BookAppointment::new(desk())));
        tools.push(Arc::new(manage::RetrieveAppointments::new(desk())));
        tools.push(Arc::new(manage::CancelAppointment::new(desk())));
        tools.push(Arc::new(manage::ModifyAppointment::new(desk())));
    }
    tools
}

/// A tool that only reads.
fn reads(says: &'static str, icon: &'static str) -> Policy {
    Policy {
        time_out: Duration::from_secs(4),
        retries: 1,
        is_parallel: true,
        prerequisites: Vec::new(),
        changes_something: false,
        says,
        icon,
    }
}

/// A tool that changes something. It is not tried again by itself: the first try may have been made after all.
fn changes(says: &'static str, icon: &'static str) -> Policy {
    Policy {
        time_out: Duration::from_secs(8),
        retries: 0,
        is_parallel: false,
        changes_something: true,
        ..reads(says, icon)
    }
}

/// A tool's description with the schema of its arguments.
fn spec(name: &str, description: &str, properties: Value, required: &[&str]) -> ToolSpec {
    ToolSpec {
        name: name.to_owned(),
        description: description.to_owned(),
        parameters: json!({
            "type": "object",
            "properties": properties,
            "required": required,
            "additionalProperties": false,
        }),
    }
}

/// The arguments as their type.
fn read<T: DeserializeOwned>(arguments: &Value) -> Result<T, ToolError> {
    T::deserialize(arguments).map_err(|error| ToolError::Invalid(error.to_string()))
}

/// The properties by which a time is named.
fn time_properties(desk: &Desk) -> Value {
    json!({
        "slot": {"type": "string", "maxLength": 128, "description": "The `slot` of a time from fetch_slots, as it is"},
        "host": host_property(desk),
        "day": {"type": "string", "maxLength": 64, "description": format!("Without `slot`: {DAY_SHAPE}")},
        "time": {"type": "string", "maxLength": 32, "description": format!("Without `slot`: {TIME_SHAPE}")},
    })
}

fn host_property(desk: &Desk) -> Value {
    let ids: Vec<&str> = desk.calendar.hosts().iter().map(|host| host.id.as_str()).collect();
    json!({"type": "string", "enum": ids, "description": format!("With whom: {}", hosts(desk))})
}

/// "adviser (Training adviser: Apprenticeship programme)"
fn hosts(desk: &Desk) -> String {
    let english = crate::event::Language::ENGLISH;
    let line = |host: &Arc<Host>| {
        let subject = host.subject.text(english);
        let about = if subject.is_empty() { String::new() } else { format!(": {subject}") };
        format!("{} ({}{about})", host.id, host.name.text(english))
    };
    let lines: Vec<String> = desk.calendar.hosts().iter().map(line).collect();
    lines.join(", ")
}

/// The host that is meant; with one host, that one.
fn host<'a>(desk: &'a Desk, id: Option<&str>) -> Result<&'a Arc<Host>, ToolError> {
    match (id, desk.calendar.hosts()) {
        (Some(id), _) => desk
            .calendar
            .host(id)
            .ok_or_else(|| ToolError::Invalid(format!("there is no such host; allowed: {}", hosts(desk)))),
        (None, [only]) => Ok(only),
        (None, _) => Err(ToolError::Invalid(format!("with whom? give `host`: {}", hosts(desk)))),
    }
}

/// The time that the arguments name: by slot, else by host, day and time.
fn slot(
    desk: &Desk,
    slot: Option<&str>,
    host_id: Option<&str>,
    [day, time]: [Option<&str>; 2],
    context: &CallContext,
) -> Result<Slot, ToolError> {
    let now = context.now;
    if let Some(slot) = slot {
        return desk.slot(&SlotId(slot.to_owned()), now);
    }
    let (Some(day), Some(time)) = (day, time) else {
        return Err(ToolError::Invalid(format!(
            "no time is given; allowed: `slot` from fetch_slots, or `day` ({DAY_SHAPE}) and `time` ({TIME_SHAPE})"
        )));
    };
    let host = host(desk, host_id)?;
    let date = ask::day(day, desk.calendar.today(now)).ok_or_else(|| not_understood("day", DAY_SHAPE))?;
    let clock = ask::time(time).ok_or_else(|| not_understood("time", TIME_SHAPE))?;
    let at = |time| {
        let start = desk.calendar.instant(date, time).ok_or(Closed::NotAnHour)?;
        desk.calendar.at(host, start, now)
    };
    // "At three" is in the afternoon where nobody can be met in the night.
    let afternoon = clock.checked_add(jiff::SignedDuration::from_hours(12)).ok();
    let found = match (at(clock), afternoon) {
        (Err(Closed::NotAnHour | Closed::TooSoon), Some(later)) if at(later).is_ok() => at(later),
        (found, _) => found,
    };
    found.map_err(|closed| reason::closed(closed, &desk.calendar, now))
}

fn not_understood(key: &str, allowed: &str) -> ToolError {
    ToolError::Invalid(format!("`{key}` was not understood; allowed: {allowed}"))
}

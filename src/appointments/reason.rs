//! Why something cannot be done, for the model: what was found, what is allowed.

use jiff::Timestamp;

use super::calendar::{Calendar, Closed};
use crate::tools::ToolError;

pub(super) fn closed(closed: Closed, calendar: &Calendar, now: Timestamp) -> ToolError {
    let window = calendar.window(now);
    ToolError::Refused(match closed {
        Closed::TooSoon => {
            format!("that time is over or too near; it is {} now", calendar.local(now).strftime("%H:%M"))
        }
        Closed::TooFar => format!("that is too far ahead; up to {} can be booked", window.end()),
        Closed::Holiday => "that day is a holiday; fetch_slots tells what is free".to_owned(),
        Closed::NotAnHour => "no appointment begins then; fetch_slots tells what is free".to_owned(),
    })
}

pub(super) fn gone() -> ToolError {
    ToolError::Refused("this appointment does not stand any more: it was cancelled, or is over".to_owned())
}

pub(super) fn too_many_tries() -> ToolError {
    ToolError::Refused("too many wrong codes or numbers: no more can be tried now; offer a colleague".to_owned())
}

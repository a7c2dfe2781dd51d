//! Finding free times, booking, moving, cancelling.

use std::{ops::RangeInclusive, sync::Arc};

use jiff::{Timestamp, civil::Date};

use super::{Contact, Desk, card::Change, out_of_reach};
use crate::{
    appointments::{
        calendar::{Host, Slot},
        code, reason,
    },
    event::Language,
    store::{Actor, Appointment, Booking, NewAppointment},
    tools::{CallContext, ToolError, ToolOutput},
};

/// Open appointments that may be booked in one visit by somebody who is not on record, or held by somebody who is.
const MAX_OPEN: usize = 3;

impl Desk {
    /// The free times of a host on some days, in order.
    pub(in crate::appointments) async fn free(
        &self,
        host: &Arc<Host>,
        days: RangeInclusive<Date>,
        now: Timestamp,
    ) -> Result<Vec<Slot>, ToolError> {
        let window = self.calendar.window(now);
        let (first, last) = ((*days.start()).max(*window.start()), (*days.end()).min(*window.end()));
        let mut slots: Vec<Slot> = std::iter::successors(Some(first), |day| day.tomorrow().ok())
            .take_while(|day| *day <= last)
            .flat_map(|day| self.calendar.slots(host, day, now))
            .collect();
        let (Some(from), Some(to)) = (slots.first().map(|slot| slot.start), slots.last().map(|slot| slot.end)) else {
            return Ok(slots);
        };
        let id = host.id.clone();
        let taken = self.read(move |reader| reader.taken(&id, [from, to])).await?;
        slots.retain(|slot| !taken.iter().any(|[start, end]| *start < slot.end && *end > slot.start));
        Ok(slots)
    }

    /// Books a time for whoever stands here.
    pub(in crate::appointments) async fn book(
        &self,
        slot: &Slot,
        contact: Contact,
        context: &CallContext,
    ) -> Result<ToolOutput, ToolError> {
        let now = context.now;
        self.may_book(slot, context).await?;
        let new = NewAppointment {
            host: slot.host.id.clone(),
            start: slot.start,
            end: slot.end,
            visitor: context.visitor,
            visit: context.visit,
            name: contact.name,
            phone: contact.phone,
        };
        let prefix = self.code_prefix.clone();
        let booked = self.people.book(new, now.into(), move || code::draw(&prefix)).await.map_err(out_of_reach)?;
        match booked {
            Booking::Done(appointment) => Ok(self.shows(Change::Booked, &appointment, context.language, now).await),
            Booking::Taken | Booking::Gone => Err(self.taken(slot, context.language, now).await),
        }
    }

    /// Refuses what nobody could mean: two appointments at once, or more than a handful.
    pub(in crate::appointments) async fn may_book(&self, slot: &Slot, context: &CallContext) -> Result<(), ToolError> {
        let own = self.own(context.visitor, context.visit, context.now).await?;
        if let Some(other) = own.iter().find(|other| other.start < slot.end && other.end > slot.start) {
            return Err(ToolError::Refused(format!(
                "the visitor has another appointment at that time: {}. It can be moved or cancelled",
                self.worded(other, context.language, context.now)
            )));
        }
        if own.len() >= MAX_OPEN {
            return Err(ToolError::Refused(format!(
                "the visitor has {} open appointments, at most {MAX_OPEN} are allowed; one of them can be moved or cancelled",
                own.len()
            )));
        }
        Ok(())
    }

    /// Refuses a time that somebody has.
    pub(in crate::appointments) async fn is_free(&self, slot: &Slot, context: &CallContext) -> Result<(), ToolError> {
        self.is_free_but_for(slot, None, context).await
    }

    /// The same; `own` is about to move away.
    pub(in crate::appointments) async fn is_free_but_for(
        &self,
        slot: &Slot,
        own: Option<&Appointment>,
        context: &CallContext,
    ) -> Result<(), ToolError> {
        let (host, times) = (slot.host.id.clone(), [slot.start, slot.end]);
        let taken = self.read(move |reader| reader.taken(&host, times)).await?;
        let is_own = |start: Timestamp| own.is_some_and(|own| own.host == slot.host.id && own.start == start);
        if taken.iter().any(|[start, _]| !is_own(*start)) {
            return Err(self.taken(slot, context.language, context.now).await);
        }
        Ok(())
    }

    pub(in crate::appointments) async fn move_appointment(
        &self,
        appointment: &Appointment,
        slot: &Slot,
        language: Language,
        now: Timestamp,
    ) -> Result<ToolOutput, ToolError> {
        let times = [slot.start, slot.end];
        let moved = self.people.move_appointment(appointment.id, slot.host.id.clone(), times, now.into()).await;
        match moved.map_err(out_of_reach)? {
            Booking::Done(moved) => Ok(self.shows(Change::Moved, &moved, language, now).await),
            Booking::Taken => Err(self.taken(slot, language, now).await),
            Booking::Gone => Err(reason::gone()),
        }
    }

    pub(in crate::appointments) async fn cancel_appointment(
        &self,
        appointment: &Appointment,
        language: Language,
        now: Timestamp,
    ) -> Result<ToolOutput, ToolError> {
        let done = self.people.cancel_appointment(appointment.id, Actor::Visitor, now.into()).await;
        let cancelled = done.map_err(out_of_reach)?.ok_or_else(reason::gone)?;
        Ok(self.shows(Change::Cancelled, &cancelled, language, now).await)
    }

    /// Somebody else has that time: what is free near it.
    pub(super) async fn taken(&self, slot: &Slot, language: Language, now: Timestamp) -> ToolError {
        let near = self.near(slot, now).await.unwrap_or_default();
        let free: Vec<String> = near
            .iter()
            .map(|slot| format!("{} (slot {})", self.wording.spoken(slot.start, now, language), slot.id().0))
            .collect();
        let free = if free.is_empty() { "nothing".to_owned() } else { free.join("; ") };
        ToolError::Refused(format!("that time has just been taken; free near it: {free}"))
    }
}

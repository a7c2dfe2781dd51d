//! How an appointment is shown and told.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp, ToSpan as _};

use super::Desk;
use crate::{
    appointments::{calendar::Slot, ics},
    event::{Alternative, AppointmentCard, Card, Effect, Language},
    store::Appointment,
    tools::{ToolError, ToolOutput},
};

/// Other times on a card.
const ALTERNATIVES: usize = 3;

/// How far apart they are, and from the appointment, where there are enough.
const APART: SignedDuration = SignedDuration::from_mins(60);

/// Days after the appointment from which they are taken.
const ALTERNATIVE_DAYS: i64 = 7;

/// What became of an appointment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    Booked,
    Moved,
    Cancelled,
}

impl Change {
    /// The keys of what is written down of it, and of what is said.
    fn keys(self) -> [&'static str; 2] {
        match self {
            Self::Booked => ["appointment.booked", "appointment.say.booked"],
            Self::Moved => ["appointment.moved", "appointment.say.moved"],
            Self::Cancelled => ["appointment.cancelled", "appointment.say.cancelled"],
        }
    }
}

impl Desk {
    /// The result of a change: for the model, on the screen, for the summary. `say` in it is a whole sentence for the
    /// voice.
    pub(super) async fn shows(
        &self,
        change: Change,
        appointment: &Appointment,
        language: Language,
        now: Timestamp,
    ) -> ToolOutput {
        let slot = self.slot_of(appointment).filter(|_| change != Change::Cancelled);
        let show = match &slot {
            Some(slot) => {
                Effect::Show(Card::Appointment(Arc::new(self.card(appointment, slot, now, language, now).await)))
            }
            None => Effect::HideCard,
        };
        let (start, end) = (appointment.start, appointment.end);
        let (day, time) = (self.wording.day(start, now, language), self.wording.span([start, end], language));
        let when = self.wording.spoken(start, now, language);
        let values = [
            ("host", self.host_name(&appointment.host, language)),
            ("day", &*day),
            ("time", &*time),
            ("when", &*when),
            ("code", &*appointment.code),
        ];
        let [written, said] = change.keys().map(|key| self.wording.sentence(key, language, &values));
        let mut content = self.for_model(appointment, language, now);
        if let Some(content) = content.as_object_mut() {
            content.insert("say".to_owned(), said.into());
        }
        ToolOutput { content, effects: vec![show, Effect::Booked { code: appointment.code.clone(), line: written }] }
    }

    /// An appointment as the model is told of it.
    pub(in crate::appointments) fn for_model(
        &self,
        appointment: &Appointment,
        language: Language,
        now: Timestamp,
    ) -> serde_json::Value {
        let host = self.calendar.host(&appointment.host);
        serde_json::json!({
            "say_when": self.wording.spoken(appointment.start, now, language),
            "with": self.host_name(&appointment.host, language),
            "where": host.map_or("", |host| host.place.text(language)),
            "code": appointment.code,
        })
    }

    /// The card of an appointment. Without the other times, where those cannot be read.
    pub(in crate::appointments) async fn card(
        &self,
        appointment: &Appointment,
        slot: &Slot,
        changed: Timestamp,
        language: Language,
        now: Timestamp,
    ) -> AppointmentCard {
        let host = &slot.host;
        let alternatives = self.near(slot, now).await.unwrap_or_default();
        let alternative = |slot: Slot| Alternative {
            time: self.wording.clock(slot.start, language),
            day: self.wording.weekday_of(slot.start, language),
            slot: slot.id(),
        };
        AppointmentCard {
            day: self.wording.day(slot.start, now, language),
            time: self.wording.span([slot.start, slot.end], language),
            host: host.name.text(language).to_owned(),
            subject: host.subject.text(language).to_owned(),
            place: host.place.text(language).to_owned(),
            place_detail: host.directions.text(language).to_owned(),
            code: appointment.code.clone(),
            qr: ics::qr(&ics::text(appointment.id, slot, changed, language)),
            alternatives: alternatives.into_iter().map(alternative).collect(),
        }
    }

    /// Free times near another one: well apart from it and from each other where there are enough, in order.
    pub(in crate::appointments) async fn near(&self, slot: &Slot, now: Timestamp) -> Result<Vec<Slot>, ToolError> {
        let day = self.calendar.today(slot.start);
        let days = day.saturating_sub(1.day())..=day.saturating_add(ALTERNATIVE_DAYS.days());
        let mut free = self.free(&slot.host, days, now).await?;
        let distance = |one: Timestamp, other: Timestamp| one.duration_since(other).abs();
        free.sort_by_key(|other| distance(other.start, slot.start));
        let mut chosen: Vec<Slot> = Vec::new();
        for apart in [APART, SignedDuration::ZERO] {
            for other in &free {
                let is_apart = |start: Timestamp| distance(other.start, start) >= apart && other.start != start;
                if chosen.len() < ALTERNATIVES
                    && is_apart(slot.start)
                    && chosen.iter().all(|chosen| is_apart(chosen.start))
                {
                    chosen.push(other.clone());
                }
            }
        }
        chosen.sort_by_key(|slot| slot.start);
        Ok(chosen)
    }
}

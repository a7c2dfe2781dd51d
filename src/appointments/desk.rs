//! What is done with appointments: finding free times, booking, moving, cancelling; the card that shows one; what is
//! remembered of a visitor.

mod booking;
mod card;
mod whose;

use std::sync::Arc;

use jiff::Timestamp;
use uuid::Uuid;

use super::{
    attempts::Attempts,
    calendar::{Calendar, CalendarError, Slot},
    habits,
    spoken::Wording,
};
use crate::{
    config::Config,
    event::{AppointmentCard, Language, SlotId, VisitorId, VisitorMemory},
    store::{Actor, Appointment, People, PeopleReader, StoreError, UnixMillis},
    tools::{ToolError, ToolOutput},
    words::Words,
};

/// Summaries of visits that are remembered at a greeting.
const REMEMBERED_VISITS: u32 = 3;

/// The appointments of the stand. Cheap to clone.
#[derive(Clone)]
pub struct Desk {
    pub(super) people: People,
    pub(super) calendar: Arc<Calendar>,
    pub(super) wording: Wording,
    pub(super) attempts: Arc<Attempts>,
    pub(super) code_prefix: Arc<str>,
    pub(super) phone_country: Arc<str>,
    pub(super) can_book: bool,
}

/// Who gave what for a booking beside the time. Personal.
#[derive(Default)]
pub(super) struct Contact {
    pub(super) name: Option<String>,
    pub(super) phone: Option<String>,
}

impl Desk {
    /// The desk of `config`, which keeps its appointments with `people`.
    ///
    /// # Errors
    /// A line under `[appointments]` makes no sense.
    pub fn new(config: &Config, people: People, words: Arc<Words>) -> Result<Self, CalendarError> {
        let calendar = Calendar::new(&config.appointments, &config.stand)?;
        let wording = Wording::new(words, config.ui.digits, calendar.time_zone().clone());
        Ok(Self {
            people,
            calendar: Arc::new(calendar),
            wording,
            attempts: Arc::default(),
            code_prefix: config.appointments.code_prefix.as_str().into(),
            phone_country: config.appointments.phone_country.as_str().into(),
            can_book: config.appointments.enabled,
        })
    }

    /// "Another time" was touched on the card: moves that appointment. The touch is the confirmation. Shows the new card.
    ///
    /// # Errors
    /// The time is taken or closed, the appointment is gone, or the database cannot be used: it stays as it was.
    pub async fn move_to(
        &self,
        shown: &AppointmentCard,
        slot: &SlotId,
        language: Language,
        now: Timestamp,
    ) -> Result<ToolOutput, ToolError> {
        let appointment = self.shown(shown, now).await?;
        let slot = self.slot(slot, now)?;
        self.move_appointment(&appointment, &slot, language, now).await
    }

    /// "Cancel it" was touched on the card: cancels that appointment and takes the card away.
    ///
    /// # Errors
    /// The appointment is gone, or the database cannot be used.
    pub async fn cancel(
        &self,
        shown: &AppointmentCard,
        language: Language,
        now: Timestamp,
    ) -> Result<ToolOutput, ToolError> {
        let appointment = self.shown(shown, now).await?;
        self.cancel_appointment(&appointment, language, now).await
    }

    /// What is remembered of somebody on record, worded in `language`: what they prefer and are used to, their open
    /// appointments, their last visits. Empty where it cannot be read; staff were told why.
    pub async fn memory(&self, visitor: VisitorId, language: Language, now: Timestamp) -> VisitorMemory {
        let read = move |reader: &PeopleReader| reader.memory(visitor, REMEMBERED_VISITS, now.into());
        let Ok(stored) = self.read(read).await else { return VisitorMemory::default() };
        let habits = habits::of(&stored, &self.calendar);
        let mut preferences = stored.preferences;
        preferences.extend(habits.worded(&self.wording, language));
        VisitorMemory {
            preferences,
            appointments: stored.open.iter().map(|one| self.worded(one, language, now)).collect(),
            visits: stored
                .visits
                .into_iter()
                .map(|(at, visit)| format!("{}: {}", self.wording.day(at.timestamp(), now, language), visit.text))
                .collect(),
            soon: stored
                .open
                .first()
                .filter(|one| self.is_soon(one, now))
                .map(|one| self.wording.spoken(one.start, now, language)),
        }
    }

    /// Whether an appointment is today or tomorrow: then a greeting speaks of it.
    fn is_soon(&self, appointment: &Appointment, now: Timestamp) -> bool {
        let (day, today) = (self.calendar.today(appointment.start), self.calendar.today(now));
        day == today || today.tomorrow().is_ok_and(|tomorrow| day == tomorrow)
    }

    /// Reads the database on a thread that may block.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&PeopleReader) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, ToolError> {
        let people = self.people.clone();
        let reading = tokio::task::spawn_blocking(move || read(&people.reader()?));
        match reading.await {
            Ok(done) => done.map_err(out_of_reach),
            Err(_) => Err(ToolError::Unavailable(OUT_OF_REACH.to_owned())),
        }
    }

    /// "tomorrow at half past ten: Training adviser"
    pub(super) fn worded(&self, appointment: &Appointment, language: Language, now: Timestamp) -> String {
        let when = self.wording.spoken(appointment.start, now, language);
        let host = self.host_name(&appointment.host, language);
        self.wording.sentence("appointment.open", language, &[("when", &when), ("host", host)])
    }

    /// What a host is called; one that is no longer configured by its id.
    pub(super) fn host_name<'a>(&'a self, id: &'a str, language: Language) -> &'a str {
        self.calendar.host(id).map_or(id, |host| host.name.text(language))
    }

    /// The time that a slot's name stands for.
    pub(super) fn slot(&self, id: &SlotId, now: Timestamp) -> Result<Slot, ToolError> {
        match self.calendar.find(id, now) {
            Some(found) => found.map_err(|closed| super::reason::closed(closed, &self.calendar, now)),
            None => Err(ToolError::Invalid(
                "this is no slot; give the `slot` of fetch_slots as it is, or `host`, `day` and `time`".to_owned(),
            )),
        }
    }

    /// Cancels for staff, by code.
    ///
    /// # Errors
    /// The database cannot be used.
    pub(super) async fn cancel_for_staff(&self, id: Uuid, now: UnixMillis) -> Result<Option<Appointment>, StoreError> {
        self.people.cancel_appointment(id, Actor::CommandLine, now).await
    }
}

const OUT_OF_REACH: &str =
    "the appointments cannot be reached just now; offer to try again in a moment, or a colleague";

/// The store tells staff itself when it is lost; this is for whoever reads the log. No error of it holds what was said.
pub(super) fn out_of_reach(error: StoreError) -> ToolError {
    tracing::warn!(%error, "the appointments cannot be used");
    ToolError::Unavailable(OUT_OF_REACH.to_owned())
}

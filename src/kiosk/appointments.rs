//! The appointments as the conversation knows them: a touched card, and what is remembered of a visitor.

use std::sync::Arc;

use async_trait::async_trait;

use super::Foundation;
use crate::{
    appointments::Desk,
    conversation::{AppointmentDesk, CardChange, ForgetError, NoAppointments, VisitorRecords},
    event::{AppointmentCard, Language, SlotId, VisitId, VisitorId, VisitorMemory},
    store::{Key, Store},
    tools::{CallContext, ToolError, ToolOutput},
};

/// The appointments' desk. `None`: there are none, and it was said why.
pub(super) fn open(foundation: &Foundation, store: &Store, key: Key) -> Option<Desk> {
    Desk::new(&foundation.config, store.people(key), foundation.words.clone())
        .inspect_err(|error| tracing::error!(%error, "no appointments can be made"))
        .ok()
}

/// The people on record, with what the desk remembers of them where there is one.
pub(super) fn remembering(records: Arc<dyn VisitorRecords>, desk: Option<&Desk>) -> Arc<dyn VisitorRecords> {
    match desk.cloned() {
        Some(desk) => Arc::new(Remembering { records, desk }),
        None => records,
    }
}

/// What a touched card changes.
pub(crate) fn card_desk(desk: Option<Desk>) -> Arc<dyn AppointmentDesk> {
    match desk {
        Some(desk) => Arc::new(CardDesk(desk)),
        None => Arc::new(NoAppointments),
    }
}

/// The desk, as far as the buttons of a card change its appointments.
struct CardDesk(Desk);

#[async_trait]
impl AppointmentDesk for CardDesk {
    async fn shift(&self, card: Arc<AppointmentCard>, to: SlotId, context: CallContext) -> CardChange {
        change(self.0.move_to(&card, &to, context.language, context.now).await)
    }

    async fn cancel(&self, card: Arc<AppointmentCard>, context: CallContext) -> CardChange {
        change(self.0.cancel(&card, context.language, context.now).await)
    }
}

fn change(outcome: Result<ToolOutput, ToolError>) -> CardChange {
    match outcome {
        Ok(ToolOutput { content, effects }) => {
            let says = content.get("say").and_then(|say| say.as_str()).map(str::to_owned);
            CardChange { says, effects }
        }
        Err(error) => {
            // Its words are for the model; they may name the visitor's appointment.
            tracing::info!(failure = ?error.failure(), "a touch on the card changed nothing");
            CardChange { says: None, effects: Vec::new() }
        }
    }
}

/// The people on record, with what the desk remembers of them.
struct Remembering {
    records: Arc<dyn VisitorRecords>,
    desk: Desk,
}

#[async_trait]
impl VisitorRecords for Remembering {
    fn greeted(&self, visitor: VisitorId, visit: VisitId) {
        self.records.greeted(visitor, visit);
    }

    fn denied(&self, visitor: VisitorId) {
        self.records.denied(visitor);
    }

    async fn memory(&self, visitor: VisitorId, language: Language) -> VisitorMemory {
        self.desk.memory(visitor, language, jiff::Timestamp::now()).await
    }

    async fn forget(&self, visitor: VisitorId) -> Result<(), ForgetError> {
        self.records.forget(visitor).await
    }
}

//! What the conversation asks of whoever keeps the appointments, when a button of the shown card is touched.

use std::sync::Arc;

use async_trait::async_trait;

use crate::{
    event::{AppointmentCard, Effect, SlotId},
    tools::CallContext,
};

/// What a touched button came to.
#[derive(Debug, Clone, PartialEq)]
pub struct CardChange {
    /// What the kiosk says of it, in the language of the visit; `None`: it could not be done.
    pub says: Option<String>,
    /// What the conversation is to do now.
    pub effects: Vec<Effect>,
}

/// The appointments, as far as a card's buttons change them.
#[async_trait]
pub trait AppointmentDesk: Send + Sync + 'static {
    /// Moves the shown appointment to another time. A touch is its own confirmation.
    async fn shift(&self, card: Arc<AppointmentCard>, to: SlotId, context: CallContext) -> CardChange;

    /// Cancels the shown appointment.
    async fn cancel(&self, card: Arc<AppointmentCard>, context: CallContext) -> CardChange;
}

/// There are no appointments.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoAppointments;

#[async_trait]
impl AppointmentDesk for NoAppointments {
    async fn shift(&self, _card: Arc<AppointmentCard>, _to: SlotId, _context: CallContext) -> CardChange {
        CardChange { says: None, effects: Vec::new() }
    }

    async fn cancel(&self, _card: Arc<AppointmentCard>, _context: CallContext) -> CardChange {
        CardChange { says: None, effects: Vec::new() }
    }
}

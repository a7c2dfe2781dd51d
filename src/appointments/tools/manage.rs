//! `retrieve_appointments`, `cancel_appointment`, `modify_appointment`: only for those to whom they belong.

use std::sync::Arc;

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{changes, read, reads, slot, spec, time_properties};
use crate::{
    appointments::{Desk, calendar::Slot},
    event::{Card, Effect, ToolSpec},
    store::Appointment,
    tools::{CallContext, Policy, Tool, ToolError, ToolOutput},
};

fn code_property() -> Value {
    json!({"type": "string", "maxLength": 64, "description": "The code of the appointment, as the visitor said it. Without it: the one that is shown, else the visitor's only one"})
}

#[derive(Deserialize)]
struct ByCode {
    code: Option<String>,
}

/// `retrieve_appointments`
pub(super) struct RetrieveAppointments {
    spec: ToolSpec,
    policy: Policy,
    desk: Desk,
}

impl RetrieveAppointments {
    pub(super) fn new(desk: Desk) -> Self {
        let description = "The visitor's own open appointments: by a code, else those of the visitor who is known and those \
                           that were booked in this visit. Shows one on the screen if there is only one.";
        let spec = spec("retrieve_appointments", description, json!({"code": code_property()}), &[]);
        Self { spec, policy: reads("tool.appointments", "calendar"), desk }
    }
}

#[async_trait]
impl Tool for RetrieveAppointments {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    fn policy(&self) -> &Policy {
        &self.policy
    }

    async fn call(&self, arguments: Value, context: &CallContext) -> Result<ToolOutput, ToolError> {
        let ByCode { code } = read(&arguments)?;
        let (language, now) = (context.language, context.now);
        let found = match code.as_deref() {
            Some(code) => vec![self.desk.meant(Some(code), context).await?],
            None => self.desk.own(context.visitor, context.visit, now).await?,
        };
        if found.is_empty() && context.visitor.is_none() {
            return Err(ToolError::Refused(
                "it is not known who the visitor is; ask for the code of the appointment, or for their telephone \
                 number (identify_visitor)"
                    .to_owned(),
            ));
        }
        let all: Vec<Value> = found.iter().map(|one| self.desk.for_model(one, language, now)).collect();
        let mut effects = Vec::new();
        if let [only] = found.as_slice()
            && let Some(slot) = self.desk.slot_of(only)
        {
            let card = self.desk.card(only, &slot, now, language, now).await;
            effects.push(Effect::Show(Card::Appointment(Arc::new(card))));
        }
        Ok(ToolOutput { content: json!({"appointments": all}), effects })
    }
}

/// `cancel_appointment`
pub(super) struct CancelAppointment {
    spec: ToolSpec,
    policy: Policy,
    desk: Desk,
}

impl CancelAppointment {
    pub(super) fn new(desk: Desk) -> Self {
        let description = "Cancels an appointment of the visitor.";
        let spec = spec("cancel_appointment", description, json!({"code": code_property()}), &[]);
        Self { spec, policy: changes("tool.booking", "calendar"), desk }
    }
}

#[async_trait]
impl Tool for CancelAppointment {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    fn policy(&self) -> &Policy {
        &self.policy
    }

    async fn proposal(&self, arguments: &Value, context: &CallContext) -> Result<Option<String>, ToolError> {
        let ByCode { code } = read(arguments)?;
        let appointment = self.desk.meant(code.as_deref(), context).await?;
        let when = self.desk.wording.spoken(appointment.start, context.now, context.language);
        let values = [("host", self.desk.host_name(&appointment.host, context.language)), ("when", &*when)];
        Ok(Some(self.desk.wording.sentence("appointment.ask.cancel", context.language, &values)))
    }

    async fn call(&self, arguments: Value, context: &CallContext) -> Result<ToolOutput, ToolError> {
        let ByCode { code } = read(&arguments)?;
        let appointment = self.desk.meant(code.as_deref(), context).await?;
        self.desk.cancel_appointment(&appointment, context.language, context.now).await
    }
}

/// `modify_appointment`
pub(super) struct ModifyAppointment {
    spec: ToolSpec,
    policy: Policy,
    desk: Desk,
}

#[derive(Deserialize)]
struct Change {
    code: Option<String>,
    slot: Option<String>,
    host: Option<String>,
    day: Option<String>,
    time: Option<String>,
}

impl ModifyAppointment {
    pub(super) fn new(desk: Desk) -> Self {
        let mut properties = time_properties(&desk);
        if let Some(properties) = properties.as_object_mut() {
            properties.insert("code".to_owned(), code_property());
        }
        let description = "Moves an appointment of the visitor to another time. It keeps its code. Give `slot`, or `day` and \
                           `time`.";
        let spec = spec("modify_appointment", description, properties, &[]);
        Self { spec, policy: changes("tool.booking", "calendar_check"), desk }
    }

    async fn understand(&self, arguments: &Value, context: &CallContext) -> Result<(Appointment, Slot), ToolError> {
        let given: Change = read(arguments)?;
        let appointment = self.desk.meant(given.code.as_deref(), context).await?;
        let host = given.host.as_deref().or(Some(&appointment.host));
        let times = [given.day.as_deref(), given.time.as_deref()];
        let slot = slot(&self.desk, given.slot.as_deref(), host, times, context)?;
        Ok((appointment, slot))
    }
}

#[async_trait]
impl Tool for ModifyAppointment {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    fn policy(&self) -> &Policy {
        &self.policy
    }

    async fn proposal(&self, arguments: &Value, context: &CallContext) -> Result<Option<String>, ToolError> {
        let (appointment, slot) = self.understand(arguments, context).await?;
        if slot.host.id != appointment.host || slot.start != appointment.start {
            let free = self.desk.is_free_but_for(&slot, Some(&appointment), context).await;
            free?;
        }
        let language = context.language;
        let spoken = |at| self.desk.wording.spoken(at, context.now, language);
        let (before, when) = (spoken(appointment.start), spoken(slot.start));
        let host = self.desk.host_name(&slot.host.id, language);
        let values = [("host", host), ("before", &*before), ("when", &*when)];
        Ok(Some(self.desk.wording.sentence("appointment.ask.move", language, &values)))
    }

    async fn call(&self, arguments: Value, context: &CallContext) -> Result<ToolOutput, ToolError> {
        let (appointment, slot) = self.understand(&arguments, context).await?;
        self.desk.move_appointment(&appointment, &slot, context.language, context.now).await
    }
}

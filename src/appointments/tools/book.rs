//! `book_appointment`.

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{changes, read, slot, spec, time_properties};
use crate::{
    appointments::{Desk, calendar::Slot, desk::Contact, phone},
    event::ToolSpec,
    tools::{CallContext, Policy, Tool, ToolError, ToolOutput},
};

/// Letters of a name that are kept.
const NAME_CHARS: usize = 60;

/// `book_appointment`
pub(super) struct BookAppointment {
    spec: ToolSpec,
    policy: Policy,
    desk: Desk,
}

#[derive(Deserialize)]
struct Arguments {
    slot: Option<String>,
    host: Option<String>,
    day: Option<String>,
    time: Option<String>,
    name: Option<String>,
    phone: Option<String>,
    #[serde(default)]
    may_keep: bool,
}

impl BookAppointment {
    pub(super) fn new(desk: Desk) -> Self {
        let mut properties = time_properties(&desk);
        let personal = json!({
            "name": {"type": "string", "maxLength": 120, "description": "What the visitor wants to be called; only if they gave it for this appointment"},
            "phone": {"type": "string", "maxLength": 200, "description": "Their telephone number as they said it; only if they gave it for this appointment"},
            "may_keep": {"type": "boolean", "description": "Whether the visitor agreed that name and number are kept until the appointment is over. Without it they are not kept."},
        });
        if let (Some(properties), Value::Object(personal)) = (properties.as_object_mut(), personal) {
            properties.extend(personal);
        }
        let description = "Books an appointment. Neither name nor number is needed: the visitor gets a code and a QR code on \
                           the screen. Give `slot`, or `host`, `day` and `time`.";
        let spec = spec("book_appointment", description, properties, &[]);
        Self { spec, policy: changes("tool.booking", "calendar_check"), desk }
    }

    fn understand(&self, arguments: &Value, context: &CallContext) -> Result<(Slot, Contact), ToolError> {
        let given: Arguments = read(arguments)?;
        let times = [given.day.as_deref(), given.time.as_deref()];
        let slot = slot(&self.desk, given.slot.as_deref(), given.host.as_deref(), times, context)?;
        if !given.may_keep {
            return Ok((slot, Contact::default()));
        }
        let phone = given.phone.filter(|said| !said.trim().is_empty());
        let phone = phone.map(|said| phone::read(&said, &self.desk.phone_country)).transpose();
        let phone = phone.map_err(|problem| ToolError::Invalid(format!("`phone`: {problem}")))?;
        let name = given.name.map(|name| name.trim().chars().take(NAME_CHARS).collect::<String>());
        let contact =
            Contact { name: name.filter(|name| !name.is_empty()), phone: phone.map(|phone| phone.e164().to_owned()) };
        Ok((slot, contact))
    }
}

#[async_trait]
impl Tool for BookAppointment {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    fn policy(&self) -> &Policy {
        &self.policy
    }

    async fn proposal(&self, arguments: &Value, context: &CallContext) -> Result<Option<String>, ToolError> {
        let (slot, contact) = self.understand(arguments, context)?;
        self.desk.may_book(&slot, context).await?;
        self.desk.is_free(&slot, context).await?;
        let keeps = contact.name.is_some() || contact.phone.is_some();
        let key = if keeps { "appointment.ask.book.keep" } else { "appointment.ask.book" };
        let when = self.desk.wording.spoken(slot.start, context.now, context.language);
        let values = [("host", slot.host.name.text(context.language)), ("when", &*when)];
        Ok(Some(self.desk.wording.sentence(key, context.language, &values)))
    }

    async fn call(&self, arguments: Value, context: &CallContext) -> Result<ToolOutput, ToolError> {
        let (slot, contact) = self.understand(&arguments, context)?;
        self.desk.book(&slot, contact, context).await
    }
}

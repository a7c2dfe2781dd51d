//! `identify_visitor`: by telephone number.

use std::sync::Arc;

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{read, reads, spec};
use crate::{
    appointments::{Desk, desk::out_of_reach, phone, reason, spelling::words},
    event::{Effect, KnownVisitor, Language, ToolSpec},
    tools::{CallContext, Policy, Tool, ToolError, ToolOutput},
};

/// `identify_visitor`
pub(super) struct IdentifyVisitor {
    spec: ToolSpec,
    policy: Policy,
    desk: Desk,
}

#[derive(Deserialize)]
struct Arguments {
    phone: String,
    name: Option<String>,
}

impl IdentifyVisitor {
    pub(super) fn new(desk: Desk) -> Self {
        let description = "Finds out who the visitor is by their telephone number, if they are on record. Ask them for the \
                           number, and read it back before you call this. A name alone identifies nobody. Nothing about \
                           anybody may be told before this has succeeded.";
        let properties = json!({
            "phone": {"type": "string", "minLength": 1, "maxLength": 200, "description": "The number as the visitor said it: digits or words, in either language"},
            "name": {"type": "string", "maxLength": 120, "description": "The name that they gave, if they did"},
        });
        let spec = spec("identify_visitor", description, properties, &["phone"]);
        let policy = Policy { is_parallel: false, ..reads("tool.visitor", "person") };
        Self { spec, policy, desk }
    }

    /// Who among those with that number it is.
    async fn find(&self, given: &Arguments, context: &CallContext) -> Result<Option<KnownVisitor>, ToolError> {
        let country = self.desk.phone_country.clone();
        let number =
            phone::read(&given.phone, &country).map_err(|problem| ToolError::Invalid(format!("`phone`: {problem}")))?;
        let normalise = move |typed: &str| Some(phone::read(typed, &country).ok()?.e164().to_owned());
        let found = self.desk.people.with_phone(number.e164().to_owned(), context.now.into(), normalise).await;
        let ids = found.map_err(out_of_reach)?;
        let mut known = self
            .desk
            .read(move |reader| {
                ids.iter().filter_map(|id| reader.known(*id).transpose()).collect::<Result<Vec<_>, _>>()
            })
            .await?;
        if let Some(name) = given.name.as_deref().filter(|name| !name.trim().is_empty()) {
            known.retain(|person| may_be(&person.name, name));
        } else if known.len() > 1 {
            return Err(ToolError::Refused("several people share this number; ask for the visitor's name".to_owned()));
        }
        match (known.pop(), known.is_empty()) {
            (found, true) => Ok(found),
            // A number and a name in another script: whoever of them it is cannot be told.
            _ => Err(ToolError::Refused("several people share this number and name; offer a colleague".to_owned())),
        }
    }
}

/// Whether somebody of that name may have said `said`: one word alike, or another script, which cannot be compared.
fn may_be(name: &str, said: &str) -> bool {
    let said_words = words(said);
    words(name).iter().any(|word| said_words.contains(word)) || Language::of_text(name) != Language::of_text(said)
}

#[async_trait]
impl Tool for IdentifyVisitor {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    fn policy(&self) -> &Policy {
        &self.policy
    }

    async fn call(&self, arguments: Value, context: &CallContext) -> Result<ToolOutput, ToolError> {
        let given: Arguments = read(&arguments)?;
        if !self.desk.attempts.may_try(context.visit, context.now) {
            return Err(reason::too_many_tries());
        }
        let Some(known) = self.find(&given, context).await? else {
            self.desk.attempts.was_wrong(context.visit, context.now);
            return Ok(ToolOutput {
                content: json!({
                    "known": false,
                    "note": "Nobody on record has this number and name. Appointments can be booked without being on record; if \
                             the visitor agrees, name and number are kept for one appointment (book_appointment).",
                }),
                effects: Vec::new(),
            });
        };
        if context.visitor.is_some_and(|other| other != known.id) {
            self.desk.attempts.was_wrong(context.visit, context.now);
            return Err(ToolError::Refused(
                "the visitor in front of the kiosk is known as somebody else; if that is wrong they can touch \"That \
                 is not me\""
                    .to_owned(),
            ));
        }
        let memory = self.desk.memory(known.id, context.language, context.now).await;
        let content = json!({
            "known": true,
            "name": known.name,
            "preferences": memory.preferences,
            "open_appointments": memory.appointments,
            "last_visits": memory.visits,
        });
        Ok(ToolOutput { content, effects: vec![Effect::Identified(Arc::new(known))] })
    }
}

//! `remember_preference`.

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{changes, read, spec};
use crate::{
    appointments::{Desk, desk::out_of_reach},
    event::{Effect, ToolSpec},
    store::StoreError,
    tools::{CallContext, Policy, Tool, ToolError, ToolOutput},
};

/// `remember_preference`
pub(super) struct RememberPreference {
    spec: ToolSpec,
    policy: Policy,
    desk: Desk,
}

#[derive(Deserialize)]
struct Arguments {
    preference: String,
}

impl RememberPreference {
    pub(super) fn new(desk: Desk) -> Self {
        let description = "Remembers what the visitor prefers, such as a time of day or a weekday, for their next visits. Only \
                           what they said of themselves and want to have remembered.";
        let properties = json!({
            "preference": {"type": "string", "minLength": 2, "maxLength": 200, "description": "In a few words, in the visitor's language"},
        });
        let spec = spec("remember_preference", description, properties, &["preference"]);
        Self { spec, policy: changes("tool.remember", "person"), desk }
    }
}

fn text(arguments: &Value) -> Result<String, ToolError> {
    let Arguments { preference } = read(arguments)?;
    let text = preference.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.is_empty() {
        return Err(ToolError::Invalid("`preference` is empty; allowed: a few words".to_owned()));
    }
    Ok(text)
}

#[async_trait]
impl Tool for RememberPreference {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    fn policy(&self) -> &Policy {
        &self.policy
    }

    async fn proposal(&self, arguments: &Value, context: &CallContext) -> Result<Option<String>, ToolError> {
        let text = text(arguments)?;
        let wording = &self.desk.wording;
        Ok(Some(wording.sentence("appointment.ask.remember", context.language, &[("text", &text)])))
    }

    async fn call(&self, arguments: Value, context: &CallContext) -> Result<ToolOutput, ToolError> {
        let text = text(&arguments)?;
        let kept = match context.visitor {
            None => "for this visit only: the visitor is not on record",
            Some(visitor) => match self.desk.people.prefer(visitor, text.clone(), context.now.into()).await {
                Ok(()) => "until the visitor asks to be forgotten",
                // Forgotten in this very visit.
                Err(StoreError::Unknown { .. }) => "for this visit only: the visitor is not on record",
                Err(error) => return Err(out_of_reach(error)),
            },
        };
        Ok(ToolOutput { content: json!({"remembered": kept}), effects: vec![Effect::Preferred(text)] })
    }
}

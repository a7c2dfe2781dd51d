//! `switch_persona`: somebody else goes on.

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{quick, read};
use crate::{
    event::{Effect, PersonaId, ToolSpec},
    tools::{CallContext, Policy, Tool, ToolError, ToolOutput},
};

/// Somebody who can be passed to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonaChoice {
    /// Who.
    pub id: PersonaId,
    /// What they are for, and when to pass to them; for the model.
    pub description: String,
}

/// `switch_persona`
pub struct SwitchPersona {
    spec: ToolSpec,
    policy: Policy,
    choices: Vec<PersonaChoice>,
}

impl SwitchPersona {
    /// Between these; `None`: there is nobody to pass to.
    #[must_use]
    pub fn new(choices: Vec<PersonaChoice>) -> Option<Self> {
        if choices.len() < 2 {
            return None;
        }
        let ids: Vec<&str> = choices.iter().map(|choice| choice.id.0.as_str()).collect();
        let who: Vec<String> = choices.iter().map(|choice| format!("{}: {}", choice.id, choice.description)).collect();
        let description = format!(
            "Passes the conversation to a colleague of yours, who knows all that was said and speaks in their own voice. Call it \
             when the matter is theirs and not yours. They are: {}",
            who.join("; ")
        );
        let parameters = json!({
            "type": "object",
            "properties": {"persona": {"type": "string", "enum": ids}},
            "required": ["persona"],
            "additionalProperties": false
        });
        Some(Self {
            spec: ToolSpec { name: "switch_persona".to_owned(), description, parameters },
            policy: Policy { is_parallel: false, ..quick("tool.persona", "person") },
            choices,
        })
    }
}

#[derive(Deserialize)]
struct Arguments {
    persona: PersonaId,
}

#[async_trait]
impl Tool for SwitchPersona {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    fn policy(&self) -> &Policy {
        &self.policy
    }

    async fn call(&self, arguments: Value, context: &CallContext) -> Result<ToolOutput, ToolError> {
        let Arguments { persona } = read(arguments)?;
        if persona == context.persona {
            return Err(ToolError::Refused(format!("You are {persona} already: answer the visitor yourself.")));
        }
        if !self.choices.iter().any(|choice| choice.id == persona) {
            return Err(ToolError::Invalid(format!("There is no {persona}.")));
        }
        let told = format!(
            "From here on {persona} speaks, and the visitor has just been told so: do not introduce yourself, help."
        );
        Ok(ToolOutput { content: json!(told), effects: vec![Effect::SwitchPersona(persona)] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tools::testing::context;

    fn choices(ids: &[&str]) -> Vec<PersonaChoice> {
        ids.iter()
            .map(|id| PersonaChoice { id: PersonaId((*id).to_owned()), description: format!("{id} matters") })
            .collect()
    }

    #[tokio::test]
    async fn the_conversation_is_passed_to_somebody_else_but_not_to_oneself() {
        let tool = SwitchPersona::new(choices(&["reception", "sales"])).unwrap();
        assert!(tool.spec().description.contains("sales: sales matters"), "{}", tool.spec().description);
        let passed = tool.call(json!({"persona": "sales"}), &context()).await.unwrap();
        assert_eq!(passed.effects, [Effect::SwitchPersona(PersonaId("sales".to_owned()))]);
        let error = tool.call(json!({"persona": "reception"}), &context()).await.unwrap_err();
        assert!(matches!(error, ToolError::Refused(_)), "{error}");
    }

    #[test]
    fn with_one_persona_there_is_nobody_to_pass_to() {
        assert!(SwitchPersona::new(choices(&["reception"])).is_none());
    }
}

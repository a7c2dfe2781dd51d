//! "Forget me", for whoever says it in words that the knowledge base does not know: a tool of the model's.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use serde_json::{Value, json};

use super::VisitorRecords;
use crate::{
    event::{Effect, ToolSpec},
    tools::{CallContext, Policy, Tool, ToolError, ToolOutput},
    words::Words,
};

/// Forgets the visitor who is there.
pub struct ForgetMe {
    records: Arc<dyn VisitorRecords>,
    words: Arc<Words>,
    spec: ToolSpec,
    policy: Policy,
}

impl ForgetMe {
    /// Forgets people in `records`; asks with the sentences of `words`.
    #[must_use]
    pub fn new(records: Arc<dyn VisitorRecords>, words: Arc<Words>) -> Self {
        let spec = ToolSpec {
            name: "forget_me".to_owned(),
            description:
                "Deletes the visitor's name, the pattern of their face and what is remembered of them. Call it when \
                          the visitor asks to be forgotten or to have their data deleted."
                    .to_owned(),
            parameters: json!({ "type": "object", "properties": {}, "additionalProperties": false }),
        };
        let policy = Policy {
            time_out: Duration::from_secs(8),
            retries: 0,
            is_parallel: false,
            prerequisites: Vec::new(),
            changes_something: true,
            says: "tool.forget",
            icon: "bin",
        };
        Self { records, words, spec, policy }
    }
}

/// A visitor who is not known.
fn nobody() -> ToolError {
    ToolError::Refused("this visitor is not on record: there is nothing to forget; tell them so".to_owned())
}

#[async_trait]
impl Tool for ForgetMe {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    fn policy(&self) -> &Policy {
        &self.policy
    }

    async fn proposal(&self, _arguments: &Value, context: &CallContext) -> Result<Option<String>, ToolError> {
        context.visitor.ok_or_else(nobody)?;
        Ok(Some(self.words.get("forget.spoken.ask", context.language).to_owned()))
    }

    async fn call(&self, _arguments: Value, context: &CallContext) -> Result<ToolOutput, ToolError> {
        let visitor = context.visitor.ok_or_else(nobody)?;
        self.records.forget(visitor).await.map_err(|error| ToolError::Failed(error.to_string()))?;
        Ok(ToolOutput {
            content: json!({ "forgotten": true }),
            effects: vec![Effect::Forgotten(visitor), Effect::HideCard],
        })
    }
}

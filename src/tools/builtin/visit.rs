//! `end_conversation` and `request_human`: what becomes of the visit.

use async_trait::async_trait;
use serde_json::{Value, json};

use super::quick;
use crate::{
    event::{Effect, ToolSpec},
    tools::{CallContext, Policy, Tool, ToolError, ToolOutput},
};

/// `end_conversation`
pub struct EndConversation {
    spec: ToolSpec,
    policy: Policy,
}

impl Default for EndConversation {
    fn default() -> Self {
        let description = "Call this, after a short farewell in the visitor's language, when the visitor says goodbye or makes \
                           clear that the conversation is over. Never call it otherwise.";
        Self {
            spec: ToolSpec {
                name: "end_conversation".to_owned(),
                description: description.to_owned(),
                parameters: json!({"type": "object", "properties": {}, "additionalProperties": false}),
            },
            policy: quick("tool.end", "door"),
        }
    }
}

#[async_trait]
impl Tool for EndConversation {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    fn policy(&self) -> &Policy {
        &self.policy
    }

    async fn call(&self, _arguments: Value, _context: &CallContext) -> Result<ToolOutput, ToolError> {
        let told =
            "The visit ends when the farewell has been heard. If you have not said it yet, say it now; nothing else.";
        Ok(ToolOutput { content: json!(told), effects: vec![Effect::EndVisit] })
    }
}

/// `request_human`
pub struct RequestHuman {
    spec: ToolSpec,
    policy: Policy,
}

impl Default for RequestHuman {
    fn default() -> Self {
        let description = "Calls a member of staff to the visitor. Call it when the visitor asks for a person, agrees to your \
                           offer of one, is upset, needs medical or other urgent help, or when you cannot help after two tries.";
        Self {
            spec: ToolSpec {
                name: "request_human".to_owned(),
                description: description.to_owned(),
                parameters: json!({"type": "object", "properties": {}, "additionalProperties": false}),
            },
            policy: quick("tool.staff", "headset"),
        }
    }
}

#[async_trait]
impl Tool for RequestHuman {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    fn policy(&self) -> &Policy {
        &self.policy
    }

    async fn call(&self, _arguments: Value, _context: &CallContext) -> Result<ToolOutput, ToolError> {
        let told = "Staff have been called. Say so, promise no time, and go on helping meanwhile.";
        Ok(ToolOutput { content: json!(told), effects: vec![Effect::CallStaff] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tools::testing::context;

    #[tokio::test]
    async fn a_farewell_ends_the_visit_and_a_wish_calls_staff() {
        let ended = EndConversation::default().call(json!({}), &context()).await.unwrap();
        assert_eq!(ended.effects, [Effect::EndVisit]);
        let called = RequestHuman::default().call(json!({}), &context()).await.unwrap();
        assert_eq!(called.effects, [Effect::CallStaff]);
    }
}

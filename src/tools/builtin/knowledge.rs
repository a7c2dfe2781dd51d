//! `search_knowledge_base`: what the stand knows.

use std::sync::Arc;

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{quick, read};
use crate::{
    event::{Language, ToolSpec},
    knowledge::KnowledgeBase,
    tools::{CallContext, Policy, Tool, ToolError, ToolOutput},
};

/// Entries that are given to the model.
const MAX_HITS: usize = 4;
/// Entries less like the question than this only mislead. Far below `embedded.answer_threshold`: a model can tell
/// whether an entry answers, a threshold cannot.
const MIN_SCORE: f32 = 0.15;

/// `search_knowledge_base`
pub struct SearchKnowledgeBase {
    spec: ToolSpec,
    policy: Policy,
    knowledge: Arc<KnowledgeBase>,
}

impl SearchKnowledgeBase {
    /// Searches `knowledge`.
    #[must_use]
    pub fn new(knowledge: Arc<KnowledgeBase>) -> Self {
        let description = "Searches what the stand has put on record: opening hours, halls, programmes, services, directions, \
                           contacts. Call it before you state any fact about the stand. If nothing that it finds answers the \
                           question, say that you do not know and offer a colleague.";
        let parameters = json!({
            "type": "object",
            "properties": {
                "question": {"type": "string", "minLength": 1, "maxLength": 500, "description": "The visitor's question, in their language"}
            },
            "required": ["question"],
            "additionalProperties": false
        });
        Self {
            spec: ToolSpec {
                name: "search_knowledge_base".to_owned(),
                description: description.to_owned(),
                parameters,
            },
            policy: quick("tool.knowledge", "search"),
            knowledge,
        }
    }
}

#[derive(Deserialize)]
struct Arguments {
    question: String,
}

#[async_trait]
impl Tool for SearchKnowledgeBase {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    fn policy(&self) -> &Policy {
        &self.policy
    }

    async fn call(&self, arguments: Value, context: &CallContext) -> Result<ToolOutput, ToolError> {
        let Arguments { question } = read(arguments)?;
        // A model may translate the question; the answer is given in the language of the talk all the same.
        let written_in = Language::written(&question, context.language);
        let hits = self
            .knowledge
            .search(&question, written_in, MAX_HITS)
            .map_err(|error| ToolError::Failed(error.to_string()))?;
        let found: Vec<Value> = hits
            .iter()
            .filter(|hit| hit.score >= MIN_SCORE)
            .filter_map(|hit| {
                let text = self.knowledge.entry(&hit.id)?.text(context.language);
                let score = (hit.score * 100.0).round() / 100.0;
                Some(json!({"id": hit.id, "score": score, "question": text.question, "answer": plain(&text.answer)}))
            })
            .collect();
        if found.is_empty() {
            return Err(ToolError::Refused("The stand has nothing on record about this.".to_owned()));
        }
        Ok(ToolOutput { content: json!({ "found": found }), effects: Vec::new() })
    }
}

/// Without the vowel marks that are there for the embedded voice.
fn plain(text: &str) -> String {
    text.chars().filter(|letter| !matches!(letter, '\u{064b}'..='\u{0652}')).collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::tools::testing::context;

    fn tool() -> SearchKnowledgeBase {
        SearchKnowledgeBase::new(Arc::new(KnowledgeBase::load(Path::new("assets/knowledge")).unwrap().0))
    }

    #[tokio::test]
    async fn what_is_asked_is_found_in_the_language_of_the_talk() {
        for (question, language) in [
            ("When do you open today?", Language::ENGLISH),
            ("متى تفتحون اليوم؟", Language::ARABIC),
            ("When do you open today?", Language::ARABIC),
        ] {
            let context = CallContext { language, ..context() };
            let output = tool().call(json!({ "question": question }), &context).await.unwrap();
            let best = &output.content["found"][0];
            assert!(best["id"].as_str().unwrap().starts_with("hours"), "{best}");
            assert_eq!(Language::of_text(best["answer"].as_str().unwrap()), Some(language), "{best}");
        }
    }

    #[tokio::test]
    async fn what_is_not_on_record_is_said_to_be_unknown() {
        let error = tool().call(json!({"question": "zyzzyva quark"}), &context()).await.unwrap_err();
        assert!(matches!(error, ToolError::Refused(_)), "{error}");
    }
}

//! Answers from the stand's own knowledge base: no network, no model, nothing invented.

use std::{collections::BTreeMap, sync::Arc};

use futures_util::{StreamExt, stream};
use unicode_segmentation::UnicodeSegmentation;

use super::{AnswerStream, ChatMessage, ChatRequest, Delta, LanguageModel, Role};
use crate::{
    cloud::{FailureKind, ProviderError},
    event::{EntryId, Language, ServedBy},
    knowledge::{Answered, Entry, KnowledgeBase, KnowledgeError},
    words::Words,
};

/// What it is called in events and logs.
const NAME: &str = "embedded";

/// The tool that asks the same knowledge base.
const SEARCH_TOOL: &str = "search_knowledge_base";

/// The knowledge base as a language model. It calls no tools.
///
/// The entry that the request names is the answer; else the entry nearest to the visitor's last message, if its score
/// reaches the threshold; else the sentence `unknown.offline`, which says what can be asked.
///
/// It may be asked in the middle of a turn, when the service failed after it had called tools. Where the service only
/// searched the knowledge base, what it searched for is looked up as well. What came of any other tool cannot be put into
/// words without a model: the sentence `tool.untold` says that.
pub struct KnowledgeModel {
    knowledge: Arc<KnowledgeBase>,
    words: Arc<Words>,
    /// 0..1 (`embedded.answer_threshold`).
    threshold: f32,
}

impl KnowledgeModel {
    /// Answers from `knowledge` where a search scores at least `threshold` (0..1).
    #[must_use]
    pub fn new(knowledge: Arc<KnowledgeBase>, words: Arc<Words>, threshold: f32) -> Self {
        Self { knowledge, words, threshold }
    }

    fn find(&self, request: &ChatRequest, progress: &Progress<'_>) -> Result<Option<&Entry>, KnowledgeError> {
        if let Some(entry) = request.entry.as_ref().and_then(|id| self.knowledge.entry(id)) {
            return Ok(Some(entry));
        }
        let others = self.words.languages().iter().copied().filter(|language| *language != request.language);
        let languages: Vec<Language> = std::iter::once(request.language).chain(others).collect();
        for question in progress.question.into_iter().map(str::to_owned).chain(progress.searched_for.iter().cloned()) {
            for language in &languages {
                if let Some(id) = self.best(&question, *language)? {
                    return Ok(self.knowledge.entry(&id));
                }
            }
        }
        Ok(None)
    }

    fn best(&self, question: &str, language: Language) -> Result<Option<EntryId>, KnowledgeError> {
        let hits = self.knowledge.search(question, language, 1)?;
        Ok(hits.into_iter().find(|hit| hit.score >= self.threshold).map(|hit| hit.id))
    }
}

/// How far the turn has come.
#[derive(Default)]
struct Progress<'m> {
    /// The visitor's last message.
    question: Option<&'m str>,
    /// What the knowledge base was asked since then.
    searched_for: Vec<String>,
    /// Whether another tool gave a result since then.
    has_results: bool,
}

impl<'m> Progress<'m> {
    fn of(messages: &'m [ChatMessage]) -> Self {
        let Some(last) = messages.iter().rposition(|message| message.role == Role::User) else {
            return Self::default();
        };
        let (question, since) = match messages.get(last..) {
            Some([question, since @ ..]) => (Some(question.text.as_str()), since),
            _ => (None, &[][..]),
        };
        let mut progress = Self { question, ..Self::default() };
        for call in since.iter().flat_map(|message| &message.calls) {
            if call.name == SEARCH_TOOL {
                progress.searched_for.extend(texts_in(&call.arguments));
            } else {
                progress.has_results |= since.iter().any(|message| message.answers.as_ref() == Some(&call.id));
            }
        }
        progress
    }
}

/// The texts among the arguments of a call.
fn texts_in(arguments: &str) -> Vec<String> {
    let read: serde_json::Result<BTreeMap<String, serde_json::Value>> = serde_json::from_str(arguments);
    let values = read.unwrap_or_default().into_values();
    values.filter_map(|value| value.as_str().map(str::to_owned)).collect()
}

impl LanguageModel for KnowledgeModel {
    fn name(&self) -> &str {
        NAME
    }

    fn answer(&self, request: ChatRequest) -> AnswerStream {
        let progress = Progress::of(&request.messages);
        let (text, ends_visit) = match self.find(&request, &progress) {
            // Something was looked up or done, and nobody is left to tell of it: an entry that merely resembles the
            // question would be taken for the outcome.
            Ok(_) if progress.has_results && request.entry.is_none() => {
                (self.words.get("tool.untold", request.language), request.takes_leave)
            }
            Ok(Some(entry)) => (entry.text(request.language).answer.as_str(), entry.does == Answered::EndsVisit),
            Ok(None) => (self.words.get("unknown.offline", request.language), false),
            Err(error) => {
                let error = ProviderError::new(NAME, FailureKind::Unavailable, error.to_string());
                return stream::iter([Err(error)]).boxed();
            }
        };
        // Sentence by sentence, as a service would stream it: the voice can begin with the first.
        let mut pieces: Vec<Result<Delta, ProviderError>> =
            text.unicode_sentences().map(|sentence| Ok(Delta::Text(sentence.to_owned()))).collect();
        pieces.push(Ok(Delta::Done { served_by: ServedBy::Embedded, ends_visit }));
        stream::iter(pieces).boxed()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::{
        config::Embedded,
        event::{ToolResult, ToolUse},
    };

    fn model() -> KnowledgeModel {
        let (knowledge, _) = KnowledgeBase::load(Path::new("assets/knowledge")).unwrap();
        let words = Words::load(Path::new("assets")).unwrap();
        KnowledgeModel::new(Arc::new(knowledge), Arc::new(words), Embedded::default().answer_threshold)
    }

    async fn ask(question: &str, language: Language, entry: Option<&str>) -> (Vec<String>, bool) {
        let message = |role, text: &str| ChatMessage::new(role, text);
        let messages = [
            message(Role::System, "You receive visitors."),
            message(Role::User, "Where are the toilets?"),
            message(Role::Assistant, "Beside the lift."),
            message(Role::User, question),
        ];
        let entry = entry.map(|id| EntryId(id.to_owned()));
        let request =
            ChatRequest { messages: messages.into(), language, entry, takes_leave: false, tools: Arc::new([]) };
        let mut pieces: Vec<Delta> = model().answer(request).map(|piece| piece.unwrap()).collect::<Vec<_>>().await;
        let Some(Delta::Done { served_by: ServedBy::Embedded, ends_visit }) = pieces.pop() else {
            unreachable!("the last piece is Done")
        };
        let texts = pieces
            .into_iter()
            .map(|piece| match piece {
                Delta::Text(text) => text,
                Delta::Call(_) | Delta::Done { .. } => unreachable!("only text, and Done once"),
            })
            .collect();
        (texts, ends_visit)
    }

    #[tokio::test]
    async fn the_last_question_is_answered_sentence_by_sentence_without_losing_a_letter() {
        let (pieces, ends_visit) = ask("When are you open?", Language::ENGLISH, None).await;
        assert_eq!(pieces.len(), 2, "{pieces:?}");
        assert_eq!(
            pieces.concat(),
            "The pavilion is open from 9:00 to 18:00, Saturday to Thursday. On Friday it opens at 14:00."
        );
        assert!(!ends_visit);
    }

    #[tokio::test]
    async fn a_recognised_entry_is_answered_whatever_the_words() {
        let (pieces, _) = ask("mumble", Language::ARABIC, Some("accessibility.lift")).await;
        assert!(pieces.concat().starts_with("نعم. المصعد"), "{pieces:?}");
    }

    #[tokio::test]
    async fn goodbye_ends_the_visit_in_both_languages() {
        assert!(ask("Goodbye", Language::ENGLISH, None).await.1);
        assert!(ask("مع السلامة", Language::ARABIC, None).await.1);
    }

    #[tokio::test]
    async fn a_question_in_the_other_language_is_answered_in_the_language_of_the_talk() {
        let (pieces, _) = ask("Where is the lift?", Language::ARABIC, None).await;
        assert!(pieces.concat().contains("المصعد"), "{pieces:?}");
    }

    #[tokio::test]
    async fn an_unknown_question_gets_a_sentence_that_helps() {
        for (question, language) in [
            ("Who won the football match yesterday?", Language::ENGLISH),
            ("من فاز في المباراة أمس؟", Language::ARABIC),
        ] {
            let words = Words::load(Path::new("assets")).unwrap();
            let (pieces, ends_visit) = ask(question, language, None).await;
            assert_eq!(pieces.concat(), words.get("unknown.offline", language));
            assert!(!ends_visit);
        }
    }

    /// What is said when the service fails after these calls.
    async fn ask_after(question: &str, calls: &[(&str, &str)]) -> String {
        let uses: Vec<ToolUse> = calls
            .iter()
            .enumerate()
            .map(|(index, (name, arguments))| ToolUse {
                id: format!("c{index}"),
                name: (*name).to_owned(),
                arguments: (*arguments).to_owned(),
            })
            .collect();
        let results = uses.iter().map(|call| {
            ChatMessage::result(&ToolResult {
                id: call.id.clone(),
                name: call.name.clone(),
                content: "{}".into(),
                failure: None,
                effects: Vec::new(),
            })
        });
        let mut messages = vec![ChatMessage::new(Role::User, question), ChatMessage::calling("", uses.clone())];
        messages.extend(results);
        let request = ChatRequest {
            messages: messages.into(),
            language: Language::ENGLISH,
            entry: None,
            takes_leave: false,
            tools: Arc::new([]),
        };
        let pieces: Vec<Delta> = model().answer(request).map(|piece| piece.unwrap()).collect().await;
        let texts = pieces.into_iter().filter_map(|piece| match piece {
            Delta::Text(text) => Some(text),
            _ => None,
        });
        texts.collect()
    }

    #[tokio::test]
    async fn what_the_service_searched_for_before_it_failed_is_found_here_as_well() {
        let search = (SEARCH_TOOL, "{\"query\":\"When are you open?\"}");
        let text = ask_after("Who won the football match yesterday?", &[search]).await;
        assert!(text.contains("9:00 to 18:00"), "{text}");
    }

    #[tokio::test]
    async fn what_another_tool_did_is_not_guessed_at() {
        let words = Words::load(Path::new("assets")).unwrap();
        let text = ask_after("When are you open?", &[("book_appointment", "{}")]).await;
        assert_eq!(text, words.get("tool.untold", Language::ENGLISH));
    }
}

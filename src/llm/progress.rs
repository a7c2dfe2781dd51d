//! What comes back from `chat/completions`: pieces of text, pieces of calls, and what was used, as lenient as
//! compatible servers need it.

use serde::Deserialize;
use serde_json::Value;

use crate::{
    cloud::{FailureKind, ProviderError, Service},
    event::{Amount, ToolUse},
};

/// More calls than any sane answer has are not looked at.
const MAX_CALLS: usize = 16;
/// The longest arguments of a call, bytes.
const MAX_ARGUMENTS_BYTES: usize = 1 << 16;

/// As much of a chunk as is needed. `async-openai`'s own type asks for `id`, `created`, `model` and `object`, which
/// compatible servers leave out.
#[derive(Deserialize)]
pub(super) struct Chunk {
    #[serde(default)]
    choices: Vec<Choice>,
    #[serde(default)]
    error: Option<Value>,
    #[serde(default)]
    usage: Option<Value>,
}

#[derive(Deserialize)]
struct Choice {
    /// `message` where the server does not stream.
    #[serde(default, alias = "message")]
    delta: Option<Part>,
    #[serde(default)]
    finish_reason: Option<String>,
}

#[derive(Deserialize, Default)]
struct Part {
    #[serde(default)]
    content: Option<String>,
    #[serde(default)]
    tool_calls: Option<Vec<Fragment>>,
}

/// A call, or a piece of one.
#[derive(Deserialize)]
struct Fragment {
    #[serde(default)]
    index: Option<usize>,
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    function: Option<Function>,
}

#[derive(Deserialize, Default)]
struct Function {
    #[serde(default)]
    name: Option<String>,
    /// A text, of which pieces come; or the whole object, which some servers send in its place.
    #[serde(default)]
    arguments: Option<Value>,
}

/// A piece of an answer, or a whole one.
pub(super) fn parse(service: &Service, event: &str) -> Result<Chunk, ProviderError> {
    match serde_json::from_str::<Chunk>(event) {
        Ok(Chunk { error: Some(_), .. }) => Err(ProviderError::new(
            service.name(),
            FailureKind::ServerError,
            "the service reported an error in the middle of its answer",
        )),
        Ok(chunk) => Ok(chunk),
        Err(_) => Err(service.malformed("an event that is not a piece of an answer")),
    }
}

/// A call as far as it has come.
#[derive(Default)]
struct Call {
    index: Option<usize>,
    id: String,
    name: String,
    arguments: String,
}

impl Call {
    fn is_complete(&self) -> bool {
        serde_json::from_str::<serde::de::IgnoredAny>(&self.arguments).is_ok()
    }
}

/// What has come so far.
#[derive(Default)]
pub(super) struct Progress {
    has_begun: bool,
    has_text: bool,
    is_finished: bool,
    is_too_much: bool,
    text_chars: u64,
    calls: Vec<Call>,
    used: Option<Amount>,
}

impl Progress {
    /// Takes in a chunk; gives its text.
    pub(super) fn take(&mut self, chunk: Chunk) -> Option<String> {
        // The last one counts: some servers tell the sum so far with every chunk.
        self.used = chunk.usage.as_ref().and_then(tokens).or(self.used);
        let choice = chunk.choices.into_iter().next()?;
        self.is_finished |= choice.finish_reason.is_some_and(|reason| !reason.is_empty());
        let part = choice.delta.unwrap_or_default();
        for fragment in part.tool_calls.unwrap_or_default() {
            self.has_begun = true;
            self.take_fragment(fragment);
        }
        let text = part.content.filter(|text| !text.is_empty())?;
        self.has_begun = true;
        self.has_text = true;
        self.text_chars += text.chars().count() as u64;
        Some(text)
    }

    fn take_fragment(&mut self, fragment: Fragment) {
        let Function { name, arguments } = fragment.function.unwrap_or_default();
        let (id, name) = (fragment.id.unwrap_or_default(), name.unwrap_or_default());
        let position = match fragment.index {
            Some(index) => self.calls.iter().rposition(|call| call.index == Some(index)),
            // Without a number a name begins the next call.
            None if name.is_empty() => self.calls.len().checked_sub(1),
            None => self.calls.iter().rposition(|call| !id.is_empty() && call.id == id),
        };
        // Servers that send whole calls number all of them 0, or repeat the number without naming the call.
        let is_same = |call: &Call| {
            let is_other = !id.is_empty() && !call.id.is_empty() && call.id != id;
            let is_next = id.is_empty() && call.id.is_empty() && !name.is_empty() && call.is_complete();
            !(is_other || is_next)
        };
        let position = position.filter(|position| self.calls.get(*position).is_some_and(is_same));
        if position.is_none() {
            if self.calls.len() >= MAX_CALLS {
                self.is_too_much = true;
                return;
            }
            self.calls.push(Call { index: fragment.index, ..Call::default() });
        }
        let position = position.unwrap_or(self.calls.len().saturating_sub(1));
        let Some(call) = self.calls.get_mut(position) else { return };
        if call.id.is_empty() {
            call.id = id;
        }
        // A name may come in parts; some servers repeat it with each fragment.
        if call.name != name {
            call.name.push_str(&name);
        }
        match arguments {
            Some(Value::String(piece)) => call.arguments.push_str(&piece),
            Some(Value::Null) | None => {}
            Some(whole) => call.arguments = whole.to_string(),
        }
        self.is_too_much |= call.arguments.len() > MAX_ARGUMENTS_BYTES;
    }

    /// Whether the answer said that it was over.
    pub(super) fn is_finished(&self) -> bool {
        self.is_finished
    }

    /// Whether anything of the answer has come.
    pub(super) fn has_begun(&self) -> bool {
        self.has_begun
    }

    /// Whether there was text.
    pub(super) fn has_text(&self) -> bool {
        self.has_text
    }

    /// Whether there was more than any sane answer has.
    pub(super) fn is_too_much(&self) -> bool {
        self.is_too_much
    }

    /// What the service said that it used.
    pub(super) fn used(&self) -> Option<Amount> {
        self.used
    }

    /// Characters written so far, arguments included.
    pub(super) fn written_chars(&self) -> u64 {
        self.text_chars + self.calls.iter().map(|call| call.arguments.chars().count() as u64).sum::<u64>()
    }

    /// The calls, each with a name of its own.
    pub(super) fn calls(&self) -> Vec<ToolUse> {
        let named = self.calls.iter().filter(|call| !call.name.is_empty());
        named
            .map(|call| ToolUse {
                id: if call.id.is_empty() {
                    format!("call_{}", uuid::Uuid::now_v7().simple())
                } else {
                    call.id.clone()
                },
                name: call.name.clone(),
                arguments: if call.arguments.trim().is_empty() { "{}".to_owned() } else { call.arguments.clone() },
            })
            .collect()
    }
}

/// OpenAI's `usage`; `None`: an empty one.
fn tokens(usage: &Value) -> Option<Amount> {
    let count = |pointer: &str| usage.pointer(pointer).and_then(Value::as_u64);
    let read = count("/prompt_tokens").unwrap_or_default();
    let output = count("/completion_tokens").unwrap_or_default();
    // DeepSeek has its own name.
    let cached = count("/prompt_tokens_details/cached_tokens").or_else(|| count("/prompt_cache_hit_tokens"));
    let cached = cached.unwrap_or_default().min(read);
    (read + output > 0).then_some(Amount::Tokens { input: read - cached, cached, output })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use serde_json::json;

    use super::*;

    fn calls_of(fragments: &[Value]) -> Vec<(String, String, String)> {
        let mut progress = Progress::default();
        for fragment in fragments {
            let chunk = json!({ "choices": [{ "delta": { "tool_calls": fragment } }] });
            progress.take(serde_json::from_value(chunk).unwrap());
        }
        progress.calls().into_iter().map(|call| (call.id, call.name, call.arguments)).collect()
    }

    fn expected(calls: &[[&str; 3]]) -> Vec<(String, String, String)> {
        calls.iter().map(|[id, name, arguments]| ((*id).into(), (*name).into(), (*arguments).into())).collect()
    }

    #[test]
    fn calls_in_fragments_are_put_together_by_their_numbers() {
        let got = calls_of(&[
            json!([{ "index": 0, "id": "a", "type": "function", "function": { "name": "fetch_slots", "arguments": "" } }]),
            json!([{ "index": 1, "id": "b", "function": { "name": "lo" } }]),
            json!([{ "index": 0, "function": { "arguments": "{\"da" } }, { "index": 1, "function": { "name": "ok" } }]),
            json!([{ "index": 0, "id": "", "function": { "arguments": "y\":1}" } }]),
        ]);
        assert_eq!(got, expected(&[["a", "fetch_slots", "{\"day\":1}"], ["b", "look", "{}"]]));
    }

    #[test]
    fn whole_calls_are_told_apart_however_they_are_numbered() {
        let whole = |index: Option<usize>, id: Option<&str>, name: &str, arguments: Value| {
            let mut call = json!({ "function": { "name": name, "arguments": arguments } });
            if let Some(index) = index {
                call["index"] = index.into();
            }
            if let Some(id) = id {
                call["id"] = id.into();
            }
            json!([call])
        };
        let all_zero = [
            whole(Some(0), Some("a"), "look", json!("{}")),
            whole(Some(0), Some("b"), "look", json!({ "at": "hands" })),
        ];
        assert_eq!(calls_of(&all_zero), expected(&[["a", "look", "{}"], ["b", "look", "{\"at\":\"hands\"}"]]));
        for index in [None, Some(0)] {
            let unnamed = [whole(index, None, "look", json!("{}")), whole(index, None, "look", json!("{}"))];
            let got = calls_of(&unnamed);
            assert_eq!(got.len(), 2, "{got:?}");
            let mut ids = got.iter().map(|(id, ..)| id);
            assert_ne!(ids.next(), ids.next(), "each has a name of its own");
        }
    }

    #[test]
    fn a_name_that_is_repeated_is_one_name_and_pieces_without_number_belong_to_the_last_call() {
        let got = calls_of(&[
            json!([{ "index": 0, "id": "a", "function": { "name": "look", "arguments": "{" } }]),
            json!([{ "index": 0, "id": "a", "function": { "name": "look", "arguments": "}" } }]),
        ]);
        assert_eq!(got, expected(&[["a", "look", "{}"]]));
        let got = calls_of(&[
            json!([{ "id": "a", "function": { "name": "look", "arguments": "{" } }]),
            json!([{ "function": { "arguments": "}" } }]),
        ]);
        assert_eq!(got, expected(&[["a", "look", "{}"]]));
    }

    #[test]
    fn more_than_any_sane_answer_has_is_noticed() {
        let mut progress = Progress::default();
        let call = |index: usize, arguments: &str| {
            let call = json!({ "index": index, "function": { "name": "look", "arguments": arguments } });
            serde_json::from_value(json!({ "choices": [{ "delta": { "tool_calls": [call] } }] })).unwrap()
        };
        progress.take(call(0, "{}"));
        assert!(!progress.is_too_much());
        progress.take(call(1, &"x".repeat(MAX_ARGUMENTS_BYTES + 1)));
        assert!(progress.is_too_much());
    }

    #[test]
    fn cached_tokens_are_not_counted_twice() {
        let usage =
            json!({ "prompt_tokens": 100, "completion_tokens": 7, "prompt_tokens_details": { "cached_tokens": 64 } });
        assert_eq!(tokens(&usage), Some(Amount::Tokens { input: 36, cached: 64, output: 7 }));
        let bare = json!({ "prompt_tokens": 5, "completion_tokens": 1, "prompt_tokens_details": null });
        assert_eq!(tokens(&bare), Some(Amount::Tokens { input: 5, cached: 0, output: 1 }));
        assert_eq!(tokens(&json!({})), None);
    }
}

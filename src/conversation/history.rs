//! What was said in the visit, as far as the model is shown it: the last turns word by word, what came before them as a
//! summary. Bounded, however long the conversation.

use std::{collections::VecDeque, sync::Arc};

use super::answer::ToolStepDone;
use crate::{
    event::ToolUse,
    llm::{ChatMessage, Role},
};

/// Letters of a token, about (`memory.prompt_tokens`).
const LETTERS_PER_TOKEN: usize = 4;
/// Tokens of a message besides its text, about.
const MESSAGE_TOKENS: usize = 4;
/// The longest summary, letters.
const SUMMARY_LETTERS: usize = 1_200;
/// As much of a question stands in a summary that no model wrote, letters.
const QUESTION_LETTERS: usize = 80;
/// As much of a tool's result is kept once it was answered from, letters.
const RESULT_LETTERS: usize = 240;
/// Longer arguments of a call are not kept, bytes: cut JSON is none.
const ARGUMENT_BYTES: usize = 400;

/// About how many tokens a text has.
#[must_use]
pub(super) fn tokens(text: &str) -> usize {
    text.chars().count().div_ceil(LETTERS_PER_TOKEN)
}

/// The beginning of `text`, at most `letters` long, cut at a blank.
#[must_use]
pub(super) fn shortened(text: &str, letters: usize) -> String {
    let Some((end, _)) = text.char_indices().nth(letters) else { return text.to_owned() };
    let head = text.get(..end).unwrap_or_default();
    let whole = head.rfind(char::is_whitespace).and_then(|at| head.get(..at)).unwrap_or(head);
    format!("{}…", whole.trim_end())
}

#[derive(Debug, Clone)]
struct Kept {
    message: ChatMessage,
    tokens: usize,
}

/// The turns of the visit that the model is shown.
#[derive(Debug, Clone)]
pub(super) struct History {
    messages: VecDeque<Kept>,
    tokens: usize,
    turns: usize,
    max_turns: usize,
    /// `memory.prompt_tokens`
    budget: usize,
    /// What was said before `messages`.
    summary: Option<String>,
}

impl History {
    /// Keeps the last `turns` questions with their answers, and of these what fits into half of `budget` tokens.
    #[must_use]
    pub(super) fn new(turns: usize, budget: usize) -> Self {
        Self { messages: VecDeque::new(), tokens: 0, turns: 0, max_turns: turns, budget, summary: None }
    }

    /// The visitor said this.
    pub(super) fn visitor(&mut self, text: &str) {
        if !text.is_empty() {
            self.push(ChatMessage::new(Role::User, text));
        }
    }

    /// This was heard, or could be read, of what the kiosk said.
    pub(super) fn kiosk(&mut self, said: &str) {
        if !said.is_empty() {
            self.push(ChatMessage::new(Role::Assistant, said));
        }
    }

    /// Tools were called, and this came of it: kept in short.
    pub(super) fn step(&mut self, step: &ToolStepDone) {
        let short = |call: &ToolUse| match call.arguments.len() {
            0..=ARGUMENT_BYTES => call.clone(),
            _ => ToolUse { arguments: "{}".to_owned(), ..call.clone() },
        };
        self.push(ChatMessage::calling("", step.calls.iter().map(short).collect()));
        for result in &step.results {
            let message = ChatMessage::result(result);
            self.push(ChatMessage { text: shortened(&message.text, RESULT_LETTERS), ..message });
        }
    }

    /// Forgets everything: the visit is over.
    pub(super) fn clear(&mut self) {
        *self = Self::new(self.max_turns, self.budget);
    }

    /// What came before the messages, in short.
    pub(super) fn summary(&self) -> Option<&str> {
        self.summary.as_deref()
    }

    /// A better wording of the summary that [`Self::fold`] made; ignored if that is no longer the present one.
    pub(super) fn reword(&mut self, old: &str, summary: &str) {
        if self.summary.as_deref() == Some(old) && !summary.trim().is_empty() {
            self.summary = Some(shortened(summary.trim(), SUMMARY_LETTERS));
        }
    }

    /// All that was said and done, for whoever sums it up.
    pub(super) fn said(&self) -> String {
        let earlier = self.summary.iter().map(|summary| format!("Earlier: {summary}\n"));
        earlier.chain(self.messages.iter().filter_map(|kept| line(&kept.message))).collect()
    }

    /// Moves the oldest turns into the summary once there is too much. Gives what a model may word better: what was said.
    pub(super) fn fold(&mut self) -> Option<Folded> {
        if self.tokens <= self.budget / 2 && self.turns <= self.max_turns {
            return None;
        }
        let mut said = self.summary.take().map(|summary| format!("{summary}\n")).unwrap_or_default();
        let mut summary = said.trim_end().to_owned();
        while self.tokens > self.budget / 4 || self.turns > self.max_turns {
            let turn = self.take_turn();
            if turn.is_empty() {
                break;
            }
            for message in turn {
                said.extend(line(&message));
                if message.role == Role::User {
                    let separator = if summary.is_empty() { "" } else { "; " };
                    summary.push_str(&format!("{separator}{}", shortened(&message.text, QUESTION_LETTERS)));
                }
            }
        }
        // The latest of it is worth more than the first.
        let surplus = summary.chars().count().saturating_sub(SUMMARY_LETTERS);
        if surplus > 0 {
            let latest: String = summary.chars().skip(surplus).collect();
            summary = latest.split_once("; ").map_or(latest.clone(), |(_, whole)| whole.to_owned());
        }
        self.summary = Some(summary.clone()).filter(|summary| !summary.is_empty());
        Some(Folded { said, summary })
    }

    /// The instructions, the history as far as it fits, and `question` last.
    #[must_use]
    pub(super) fn with_question(&self, instructions: String, question: &str) -> Arc<[ChatMessage]> {
        let fixed = tokens(&instructions) + tokens(question) + 2 * MESSAGE_TOKENS;
        let mut surplus = (self.tokens + fixed).saturating_sub(self.budget);
        let mut skipped = 0;
        for (index, kept) in self.messages.iter().enumerate() {
            // Only whole turns are left out: a result without its call is refused by services.
            if surplus == 0 && (kept.message.role == Role::User || index == 0) {
                break;
            }
            surplus = surplus.saturating_sub(kept.tokens);
            skipped = index + 1;
        }
        std::iter::once(ChatMessage::new(Role::System, instructions))
            .chain(self.messages.iter().skip(skipped).map(|kept| kept.message.clone()))
            .chain(std::iter::once(ChatMessage::new(Role::User, question)))
            .collect()
    }

    /// The oldest question with all that followed from it.
    fn take_turn(&mut self) -> Vec<ChatMessage> {
        let mut turn = Vec::new();
        while let Some(kept) = self.messages.pop_front_if(|kept| turn.is_empty() || kept.message.role != Role::User) {
            self.tokens -= kept.tokens;
            self.turns -= usize::from(kept.message.role == Role::User);
            turn.push(kept.message);
        }
        turn
    }

    fn push(&mut self, message: ChatMessage) {
        let calls = message.calls.iter().map(|call| tokens(&call.name) + tokens(&call.arguments)).sum::<usize>();
        let tokens = tokens(&message.text) + calls + MESSAGE_TOKENS;
        self.tokens += tokens;
        self.turns += usize::from(message.role == Role::User);
        self.messages.push_back(Kept { message, tokens });
    }
}

/// A message as a line of a transcript; calls stand there by what came of them.
fn line(message: &ChatMessage) -> Option<String> {
    let who = match message.role {
        Role::User => "Visitor",
        Role::Assistant | Role::System => "Kiosk",
        Role::Tool => "Tool",
    };
    (!message.text.is_empty()).then(|| format!("{who}: {}\n", shortened(&message.text, SUMMARY_LETTERS)))
}

/// What was taken out of a history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Folded {
    /// What was said, word by word.
    pub(super) said: String,
    /// The summary that stands in its place.
    pub(super) summary: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::ToolResult;

    fn texts(messages: &[ChatMessage]) -> Vec<&str> {
        messages.iter().map(|message| message.text.as_str()).collect()
    }

    #[test]
    fn what_does_not_fit_leaves_with_its_whole_turn_and_the_question_stays_last() {
        let mut history = History::new(1, 6_000);
        history.visitor("one");
        history.kiosk("first answer");
        history.visitor("two");
        history.kiosk("");
        let folded = history.fold();
        assert_eq!(folded.map(|folded| folded.summary), Some("one".to_owned()));
        assert_eq!(texts(&history.with_question("be kind".into(), "three")), ["be kind", "two", "three"]);
        assert_eq!(history.summary(), Some("one"));
    }

    #[test]
    fn thousands_of_turns_take_no_more_room_than_the_budget_and_never_leave_a_result_without_its_call() {
        let mut history = History::new(50, 2_000);
        for turn in 0..5_000 {
            history.visitor(&format!("Question {turn} {}", "about the halls ".repeat(turn % 9)));
            if turn % 3 == 0 {
                let call = ToolUse { id: format!("c{turn}"), name: "fetch_slots".into(), arguments: "{}".into() };
                let result = ToolResult {
                    id: call.id.clone(),
                    name: call.name.clone(),
                    content: "a free time, ".repeat(400),
                    failure: None,
                    effects: Vec::new(),
                };
                let visit = crate::event::VisitId::generate();
                let step = ToolStepDone { visit, calls: vec![call], results: vec![result], changes_something: false };
                history.step(&step);
            }
            history.kiosk(&"An answer of some length. ".repeat(turn % 7 + 1));
            history.fold();
            let messages = history.with_question("Instructions.".into(), "And now?");
            let size: usize = messages.iter().map(|message| tokens(&message.text)).sum();
            assert!(size <= 2_000, "turn {turn}: {size} tokens");
            assert!(history.summary().is_none_or(|summary| summary.chars().count() <= SUMMARY_LETTERS));
            let first = messages.get(1).map(|message| message.role);
            assert_eq!(first, Some(Role::User), "turn {turn}");
        }
        assert!(history.messages.len() < 200);
        assert!(history.summary().is_some_and(|summary| summary.contains("Question 49")));
    }

    #[test]
    fn a_better_summary_takes_the_place_of_the_one_it_was_made_of_only() {
        let mut history = History::new(1, 6_000);
        for text in ["one", "two", "three"] {
            history.visitor(text);
        }
        let folded = history.fold();
        assert!(folded.is_some());
        history.reword("something else", "wrong");
        assert_eq!(history.summary(), Some("one; two"));
        history.reword("one; two", "The visitor asked about one and two.");
        assert_eq!(history.summary(), Some("The visitor asked about one and two."));
    }

    #[test]
    fn long_texts_are_cut_at_a_blank() {
        assert_eq!(shortened("one two three", 9), "one two…");
        assert_eq!(shortened("one", 9), "one");
    }
}

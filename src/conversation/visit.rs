//! What a visit came to: collected while it lasts, worded when it is over.

use std::time::Duration;

use super::history::shortened;
use crate::{
    event::{Cost, Effect, EndReason, Language, SummaryCard, VisitSummary, VisitorId},
    words::Words,
};

/// Lines kept of each kind. With more, the oldest leaves.
const LINES: usize = 40;
/// The longest line, letters.
const LINE_LETTERS: usize = 200;
/// Lines of each kind on the card (LOOK, "end of a visit").
const CARD_LINES: usize = 4;

/// What happened in a visit so far.
#[derive(Debug, Default)]
pub(super) struct VisitLog {
    /// When it began (`Clock`).
    pub(super) began: Duration,
    /// What services had cost before it.
    pub(super) spent_before: Cost,
    /// What they had cost when the last turn ended.
    pub(super) spent_before_turn: Cost,
    /// Whose visit it is.
    pub(super) visitor: Option<VisitorId>,
    asked: Lines,
    done: Lines,
    booked: Appointments,
    preferences: Lines,
}

/// Bounded; the oldest leaves.
#[derive(Debug, Default)]
struct Lines(Vec<String>);

impl Lines {
    fn push(&mut self, line: &str) {
        let line = shortened(line.trim(), LINE_LETTERS);
        if line.is_empty() || self.0.last() == Some(&line) {
            return;
        }
        if self.0.len() == LINES {
            self.0.remove(0);
        }
        self.0.push(line);
    }
}

/// What became of each appointment that was made or changed, by its code: the last that was told of it. Bounded as [`Lines`].
#[derive(Debug, Default)]
struct Appointments(Vec<(String, String)>);

impl Appointments {
    fn put(&mut self, code: &str, line: &str) {
        self.0.retain(|(known, _)| known != code);
        if self.0.len() == LINES {
            self.0.remove(0);
        }
        self.0.push((code.to_owned(), shortened(line.trim(), LINE_LETTERS)));
    }

    fn lines(&self) -> Vec<String> {
        self.0.iter().map(|(_, line)| line.clone()).collect()
    }
}

impl VisitLog {
    pub(super) fn begin(now: Duration, spent: Cost, visitor: Option<VisitorId>) -> Self {
        Self { began: now, spent_before: spent, spent_before_turn: spent, visitor, ..Self::default() }
    }

    pub(super) fn asked(&mut self, question: &str) {
        self.asked.push(question);
    }

    /// Notes what belongs into the summary.
    pub(super) fn note(&mut self, effect: &Effect) {
        match effect {
            Effect::Done(line) => self.done.push(line),
            Effect::Booked { code, line } => self.booked.put(code, line),
            Effect::Preferred(line) => self.preferences.push(line),
            Effect::Identified(known) => self.visitor = Some(known.id),
            Effect::Forgotten(visitor) => {
                // What was to be remembered of them is not kept either.
                self.visitor.take_if(|own| own == visitor);
                self.preferences.0.clear();
            }
            Effect::EndVisit | Effect::SwitchPersona(_) | Effect::CallStaff | Effect::Show(_) | Effect::HideCard => {}
        }
    }

    /// Whether the visitor has asked anything.
    pub(super) fn has_questions(&self) -> bool {
        !self.asked.0.is_empty()
    }

    /// Whether anything was asked or done that is worth a summary.
    pub(super) fn is_worth_a_summary(&self) -> bool {
        !self.asked.0.is_empty() || !self.done.0.is_empty() || !self.booked.0.is_empty()
    }

    /// The summary as it can be told from what happened, without a model.
    pub(super) fn summary(
        &self,
        now: Duration,
        spent: Cost,
        reason: EndReason,
        language: Language,
        words: &Words,
    ) -> VisitSummary {
        let sentence = |key: &str, lines: &[String]| {
            let list = lines.iter().map(|line| line.trim_end_matches(['.', '?', '؟', '!'])).collect::<Vec<_>>();
            let list = list.join(words.get("summary.and", language));
            (!list.is_empty()).then(|| words.fill(key, language, &[("list", &list)]))
        };
        let booked = self.booked.lines();
        let sentences = [
            sentence("summary.text.asked", &self.asked.0),
            sentence("summary.text.done", &self.done.0),
            sentence("summary.text.booked", &booked),
            sentence("summary.text.preferences", &self.preferences.0),
        ];
        VisitSummary {
            text: shortened(&sentences.into_iter().flatten().collect::<Vec<_>>().join(" "), 1_000),
            language,
            asked: self.asked.0.clone(),
            done: self.done.0.clone(),
            booked,
            preferences: self.preferences.0.clone(),
            duration: now.saturating_sub(self.began),
            cost: spent.since(self.spent_before),
            reason,
            visitor: self.visitor,
        }
    }
}

/// The card of a summary.
pub(super) fn card(summary: &VisitSummary) -> SummaryCard {
    let last = |lines: &[String]| lines.iter().skip(lines.len().saturating_sub(CARD_LINES)).cloned().collect();
    SummaryCard {
        asked: last(&summary.asked),
        done: last(&summary.done),
        booked: last(&summary.booked),
        duration: summary.duration,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn a_visit_is_told_from_what_happened_in_the_language_of_the_visit() {
        let words = Words::load(Path::new("assets")).unwrap();
        let mut log = VisitLog { began: Duration::from_secs(10), spent_before: Cost(500), ..VisitLog::default() };
        log.asked("When do you open?");
        for line in ["Tuesday at 10:30, training adviser", "Moved: Tuesday at 11:30, training adviser"] {
            log.note(&Effect::Booked { code: "NEP-4H7K".into(), line: line.into() });
        }
        log.note(&Effect::Preferred("mornings".into()));
        let summary = log.summary(Duration::from_secs(70), Cost(1_700), EndReason::Goodbye, Language::ENGLISH, &words);
        assert_eq!(
            summary.text,
            "Asked: When do you open. Appointments: Moved: Tuesday at 11:30, training adviser. Preferences: mornings."
        );
        assert_eq!((summary.duration, summary.cost), (Duration::from_secs(60), Cost(1_200)));
        let arabic = log.summary(Duration::from_secs(70), Cost(0), EndReason::Silence, Language::ARABIC, &words);
        assert!(arabic.text.starts_with("السؤال"), "{}", arabic.text);
    }

    #[test]
    fn a_visit_of_thousands_of_questions_keeps_the_last_ones() {
        let mut log = VisitLog::default();
        for question in 0..5_000 {
            log.asked(&format!("{question} {}", "why ".repeat(500)));
        }
        assert_eq!(log.asked.0.len(), LINES);
        assert!(log.asked.0.iter().all(|line| line.chars().count() <= LINE_LETTERS + 1));
        assert!(log.asked.0.last().unwrap().starts_with("4999"));
    }
}

//! What each visit has done with tools: what succeeded, and what was proposed and waits for a yes.

use std::{
    collections::{BTreeSet, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
};

use serde_json::Value;

use super::consent::Consent;
use crate::event::{TurnId, VisitId};

/// Turns after a proposal in which a yes to it counts.
const PROPOSAL_TURNS: u64 = 3;
/// Proposals that wait at once; one more lets the oldest lapse.
const MAX_PROPOSALS: usize = 8;
/// Visits that are remembered. One kiosk has one at a time; a caller that never ends them costs no more than this: the
/// oldest is forgotten.
const MAX_VISITS: usize = 8;

/// A call as far as consent goes: the same tool with the same arguments, however they were written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CallKey(String);

impl CallKey {
    pub(super) fn new(tool: &str, arguments: &Value) -> Self {
        // Keys are sorted by what `canonical` builds, so that their order means nothing.
        Self(format!("{tool} {}", canonical(arguments)))
    }
}

/// JSON with sorted keys and without white space; numbers that are whole are written alike.
fn canonical(value: &Value) -> String {
    match value {
        Value::Object(fields) => {
            let sorted: std::collections::BTreeMap<_, _> = fields.iter().collect();
            let fields: Vec<String> =
                sorted.into_iter().map(|(key, value)| format!("{:?}:{}", key, canonical(value))).collect();
            format!("{{{}}}", fields.join(","))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(canonical).collect::<Vec<_>>().join(",")),
        Value::Number(number) => match number.as_f64().filter(|number| number.fract() == 0.0 && number.abs() < 1e15) {
            Some(whole) => format!("{whole:.0}"),
            None => number.to_string(),
        },
        other => other.to_string(),
    }
}

/// What the gate says to a call that changes something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gate {
    /// The visitor was asked and has said yes: carry it out, once.
    Open,
    /// Nobody was asked yet, or too long ago.
    Ask,
    /// It was proposed in this very turn: nobody can have answered.
    Wait,
    /// The visitor was asked and said neither yes nor no.
    AskAgain,
    /// The visitor was asked and does not want it. The proposal is gone.
    Refused,
}

#[derive(Debug)]
struct Proposal {
    call: CallKey,
    turn: TurnId,
}

#[derive(Debug, Default)]
struct Visit {
    succeeded: BTreeSet<String>,
    /// The oldest first.
    proposals: VecDeque<Proposal>,
}

/// The visits of late.
#[derive(Debug, Default)]
pub(super) struct Visits {
    /// The oldest first.
    visits: Mutex<VecDeque<(VisitId, Visit)>>,
}

impl Visits {
    /// The first of `needed` that has not succeeded in the visit.
    pub(super) fn missing<'t>(&self, visit: VisitId, needed: &'t [String]) -> Option<&'t str> {
        let visits = self.lock();
        let own = visits.iter().find(|(id, _)| *id == visit).map(|(_, visit)| visit);
        needed.iter().find(|tool| !own.is_some_and(|own| own.succeeded.contains(*tool))).map(String::as_str)
    }

    /// A tool did what it was asked.
    pub(super) fn succeeded(&self, visit: VisitId, tool: &str) {
        self.with(visit, |visit| {
            visit.succeeded.insert(tool.to_owned());
        });
    }

    /// Whether `call` may be carried out now, when the visitor's last words mean `consent`. An open gate closes behind the
    /// call.
    pub(super) fn gate(&self, visit: VisitId, call: &CallKey, turn: TurnId, consent: Consent) -> Gate {
        self.with(visit, |visit| {
            visit.proposals.retain(|proposal| turn.0.saturating_sub(proposal.turn.0) <= PROPOSAL_TURNS);
            let Some(index) = visit.proposals.iter().position(|proposal| proposal.call == *call) else {
                return Gate::Ask;
            };
            if visit.proposals.get(index).is_none_or(|proposal| turn <= proposal.turn) {
                return Gate::Wait;
            }
            match consent {
                Consent::Unclear => Gate::AskAgain,
                Consent::Given => {
                    visit.proposals.remove(index);
                    Gate::Open
                }
                Consent::Refused => {
                    visit.proposals.remove(index);
                    Gate::Refused
                }
            }
        })
    }

    /// The visitor is being asked for `call` in `turn`.
    pub(super) fn proposed(&self, visit: VisitId, call: CallKey, turn: TurnId) {
        self.with(visit, |visit| {
            visit.proposals.retain(|proposal| proposal.call != call);
            if visit.proposals.len() >= MAX_PROPOSALS {
                visit.proposals.pop_front();
            }
            visit.proposals.push_back(Proposal { call, turn });
        });
    }

    /// The visit is over.
    pub(super) fn end(&self, visit: VisitId) {
        self.lock().retain(|(id, _)| *id != visit);
    }

    fn with<T>(&self, visit: VisitId, work: impl FnOnce(&mut Visit) -> T) -> T {
        let mut visits = self.lock();
        if let Some((_, own)) = visits.iter_mut().find(|(id, _)| *id == visit) {
            return work(own);
        }
        if visits.len() >= MAX_VISITS {
            visits.pop_front();
        }
        let mut own = Visit::default();
        let result = work(&mut own);
        visits.push_back((visit, own));
        result
    }

    /// Never held across an await.
    fn lock(&self) -> MutexGuard<'_, VecDeque<(VisitId, Visit)>> {
        self.visits.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn key(arguments: &Value) -> CallKey {
        CallKey::new("book", arguments)
    }

    #[test]
    fn the_same_call_is_the_same_however_it_is_written() {
        let one = json!({"slot": "a", "people": 2, "list": [1, {"x": 1, "y": 2}]});
        let other: Value = serde_json::from_str(r#"{"list":[1.0,{"y":2,"x":1}], "people": 2.0, "slot":"a"}"#).unwrap();
        assert_eq!(key(&one), key(&other));
        for different in [json!({"slot": "b", "people": 2}), json!({"slot": "a"}), json!({"slot": "a", "people": "2"})]
        {
            assert_ne!(key(&json!({"slot": "a", "people": 2})), key(&different));
        }
        assert_ne!(CallKey::new("cancel", &one), key(&one));
    }

    #[test]
    fn a_yes_in_a_later_turn_opens_the_gate_once() {
        let (visits, visit, call) = (Visits::default(), VisitId::generate(), key(&json!({})));
        let gate = |turn, consent| visits.gate(visit, &call, TurnId(turn), consent);
        assert_eq!(gate(1, Consent::Given), Gate::Ask);
        visits.proposed(visit, call.clone(), TurnId(1));
        assert_eq!(gate(1, Consent::Given), Gate::Wait, "the same turn: nobody was asked yet");
        assert_eq!(gate(2, Consent::Unclear), Gate::AskAgain);
        assert_eq!(gate(3, Consent::Given), Gate::Open);
        assert_eq!(gate(4, Consent::Given), Gate::Ask, "once");
    }

    #[test]
    fn a_no_takes_the_proposal_away() {
        let (visits, visit, call) = (Visits::default(), VisitId::generate(), key(&json!({})));
        visits.proposed(visit, call.clone(), TurnId(1));
        assert_eq!(visits.gate(visit, &call, TurnId(2), Consent::Refused), Gate::Refused);
        assert_eq!(visits.gate(visit, &call, TurnId(3), Consent::Given), Gate::Ask);
    }

    #[test]
    fn a_proposal_lapses_and_belongs_to_one_visit() {
        let (visits, visit, call) = (Visits::default(), VisitId::generate(), key(&json!({})));
        visits.proposed(visit, call.clone(), TurnId(1));
        assert_eq!(visits.gate(VisitId::generate(), &call, TurnId(2), Consent::Given), Gate::Ask);
        assert_eq!(visits.gate(visit, &call, TurnId(5), Consent::Given), Gate::Ask, "four turns later");
        visits.proposed(visit, call.clone(), TurnId(6));
        visits.end(visit);
        assert_eq!(visits.gate(visit, &call, TurnId(7), Consent::Given), Gate::Ask, "the visit is over");
    }

    #[test]
    fn what_succeeded_is_remembered_for_the_visit() {
        let (visits, visit) = (Visits::default(), VisitId::generate());
        let needed = ["identify_visitor".to_owned(), "fetch_slots".to_owned()];
        assert_eq!(visits.missing(visit, &needed), Some("identify_visitor"));
        visits.succeeded(visit, "identify_visitor");
        assert_eq!(visits.missing(visit, &needed), Some("fetch_slots"));
        visits.succeeded(visit, "fetch_slots");
        assert_eq!(visits.missing(visit, &needed), None);
        assert_eq!(visits.missing(VisitId::generate(), &needed), Some("identify_visitor"));
    }

    #[test]
    fn visits_that_nobody_ends_are_forgotten_in_the_end() {
        let visits = Visits::default();
        for _ in 0..100 {
            visits.succeeded(VisitId::generate(), "look");
        }
        assert_eq!(visits.lock().len(), MAX_VISITS);
    }

    proptest! {
        /// No sequence of calls and answers carries out a call that was not proposed in one of the three turns before, in
        /// this visit, and agreed to now; and none twice for one proposal.
        #[test]
        fn nothing_happens_without_a_proposal_and_a_yes(
            steps in proptest::collection::vec((0_usize..2, 0_u8..3, 0_u8..3, 0_u64..3), 1..120)
        ) {
            let visits = Visits::default();
            let ids = [VisitId::generate(), VisitId::generate()];
            // For each visit and call: the turn in which the visitor was asked last.
            let mut asked = [[None::<u64>; 3]; 2];
            let mut turn = 1;
            for (visit, call, answer, later) in steps {
                turn += later;
                let consent = [Consent::Given, Consent::Refused, Consent::Unclear][usize::from(answer)];
                let key = CallKey::new("book", &json!({ "slot": call }));
                let known = &mut asked[visit][usize::from(call)];
                match visits.gate(ids[visit], &key, TurnId(turn), consent) {
                    Gate::Open => {
                        prop_assert_eq!(consent, Consent::Given);
                        let proposed = known.take();
                        prop_assert!(proposed.is_some_and(|at| at < turn && turn - at <= PROPOSAL_TURNS), "{proposed:?} {turn}");
                    }
                    Gate::Ask | Gate::AskAgain => {
                        visits.proposed(ids[visit], key, TurnId(turn));
                        *known = Some(turn);
                    }
                    Gate::Refused => *known = None,
                    Gate::Wait => prop_assert_eq!(*known, Some(turn)),
                }
            }
        }
    }
}

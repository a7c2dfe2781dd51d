//! The one registry of tools: what there is, and how a call is carried out.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use arc_swap::ArcSwap;
use async_trait::async_trait;
use futures_util::future::join_all;

use super::{
    CallContext, Policy, Tool, ToolFault, ToolPrefix, Toolbox,
    breaker::{Breaker, Settings},
    call::Caller,
    consent::ConsentWords,
    result::{self, Failure},
    schema::Arguments,
    visits::Visits,
};
use crate::{
    clock::Clock,
    config,
    event::{Bus, ToolFailure, ToolResult, ToolSpec, ToolUse, VisitId},
    words::Words,
};

/// Calls of one step that are carried out; a model that asks for more is told so.
const MAX_CALLS: usize = 16;
/// Sets of allowed tools whose specs are kept ready: one for each persona.
const MAX_SELECTIONS: usize = 16;
/// Where the program's own tools are from, in messages.
const OWN: &str = "the kiosk";

/// A tool with what the registry knows of it.
pub(super) struct Held {
    pub(super) tool: Arc<dyn Tool>,
    pub(super) arguments: Arguments,
    breaker: Mutex<Breaker>,
}

impl Held {
    /// Never held across an await.
    pub(super) fn breaker(&self) -> MutexGuard<'_, Breaker> {
        self.breaker.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The specs of a set of allowed tools.
type Selection = (Vec<ToolPrefix>, Arc<[ToolSpec]>);

/// What there is at one time. Replaced as a whole when something comes or goes.
#[derive(Default)]
struct Shelf {
    /// In the order in which the model sees them.
    all: Vec<Arc<Held>>,
    by_name: BTreeMap<String, Arc<Held>>,
    selections: Mutex<Vec<Selection>>,
}

impl Shelf {
    fn new(sources: &BTreeMap<String, Vec<Arc<Held>>>) -> Self {
        let all: Vec<Arc<Held>> = sources.values().flatten().cloned().collect();
        let by_name = all.iter().map(|held| (held.tool.spec().name.clone(), held.clone())).collect();
        Self { all, by_name, selections: Mutex::default() }
    }

    fn select(&self, allowed: &[ToolPrefix]) -> Arc<[ToolSpec]> {
        let mut selections = self.selections.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, specs)) = selections.iter().find(|(own, _)| own == allowed) {
            return specs.clone();
        }
        let chosen = self.all.iter().map(|held| held.tool.spec()).filter(|spec| admits(allowed, &spec.name));
        let specs: Arc<[ToolSpec]> = chosen.cloned().collect();
        if selections.len() < MAX_SELECTIONS {
            selections.push((allowed.to_vec(), specs.clone()));
        }
        specs
    }
}

/// All tools. Share it in an `Arc`.
pub struct Registry {
    /// By source; the program's own first, for their name is empty.
    sources: Mutex<BTreeMap<String, Vec<Arc<Held>>>>,
    shelf: ArcSwap<Shelf>,
    breaker: Settings,
    max_steps: u32,
    caller: Caller,
}

impl Registry {
    /// Holds `tools`. Those that cannot be used are left out and named.
    #[must_use]
    pub fn new(
        tools: Vec<Arc<dyn Tool>>,
        config: &config::Tools,
        words: &Words,
        bus: Bus,
        clock: Arc<dyn Clock>,
    ) -> (Arc<Self>, Vec<ToolFault>) {
        let registry = Self {
            sources: Mutex::default(),
            shelf: ArcSwap::default(),
            breaker: Settings { failures: config.breaker_failures, open: Duration::from_secs(config.breaker_open_s) },
            max_steps: config.max_steps,
            caller: Caller { bus, clock, visits: Visits::default(), consent: ConsentWords::new(words) },
        };
        let faults = registry.replace("", tools);
        (Arc::new(registry), faults)
    }

    /// Holds `tools` in place of those that `source` had. None: the source is gone. Calls under way end as they would.
    pub(super) fn replace(&self, source: &str, tools: Vec<Arc<dyn Tool>>) -> Vec<ToolFault> {
        let mut sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        sources.remove(source);
        let mut taken: BTreeMap<String, String> = sources
            .iter()
            .flat_map(|(origin, held)| held.iter().map(|held| (held.tool.spec().name.clone(), origin.clone())))
            .collect();
        let (mut held, mut faults) = (Vec::new(), Vec::new());
        for tool in tools {
            let name = tool.spec().name.clone();
            match self.hold(tool, source, &taken) {
                Ok(one) => {
                    taken.insert(name, source.to_owned());
                    held.push(Arc::new(one));
                }
                Err(fault) => faults.push(fault),
            }
        }
        if !held.is_empty() {
            sources.insert(source.to_owned(), held);
        }
        self.shelf.store(Arc::new(Shelf::new(&sources)));
        faults
    }

    fn hold(&self, tool: Arc<dyn Tool>, source: &str, taken: &BTreeMap<String, String>) -> Result<Held, ToolFault> {
        let name = tool.spec().name.clone();
        if !is_name(&name) {
            return Err(ToolFault::Name { name });
        }
        if let Some(other) = taken.get(&name) {
            return Err(ToolFault::Collision { name, origin: origin(source), other: origin(other) });
        }
        let arguments = Arguments::new(&tool.spec().parameters).map_err(|why| ToolFault::Schema { name, why })?;
        Ok(Held { tool, arguments, breaker: Mutex::new(Breaker::new(self.breaker)) })
    }

    async fn one(&self, index: usize, call: ToolUse, allowed: &[ToolPrefix], context: &CallContext) -> ToolResult {
        let shelf = self.shelf.load_full();
        let held = shelf.by_name.get(&call.name).filter(|_| admits(allowed, &call.name));
        let refusal = if context.step >= self.max_steps {
            let message = format!(
                "This turn has had its {} steps of calls. Call nothing more: answer the visitor now with what you know, and \
                 say what is still open.",
                self.max_steps
            );
            Some(Failure::new(ToolFailure::TooManySteps, message))
        } else if index >= MAX_CALLS {
            let message = format!("Found more than {MAX_CALLS} calls in one step; this one was not carried out.");
            Some(Failure::new(ToolFailure::TooManySteps, message))
        } else if held.is_none() {
            let names: Vec<String> = shelf.select(allowed).iter().map(|spec| spec.name.clone()).collect();
            let names = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
            Some(Failure::new(ToolFailure::Unknown, format!("There is no such tool for you. There are: {names}.")))
        } else {
            None
        };
        // What the model made up as a name may hold anything: it does not reach the bus.
        let name = held.map_or("unknown", |held| held.tool.spec().name.as_str());
        let record = self.caller.begin(context.turn, &call.id, name);
        let outcome = match (refusal, held) {
            (None, Some(held)) => self.caller.carry_out(held, &call.arguments, context).await,
            (refusal, _) => {
                Err(refusal.unwrap_or_else(|| Failure::new(ToolFailure::Unknown, "There is no such tool.")))
            }
        };
        match outcome {
            Ok(output) => {
                record.succeeded();
                result::success(call, output)
            }
            Err(failure) => {
                record.failed(failure.kind);
                result::failure(call, failure)
            }
        }
    }
}

#[async_trait]
impl Toolbox for Registry {
    fn specs(&self, allowed: &[ToolPrefix]) -> Arc<[ToolSpec]> {
        self.shelf.load().select(allowed)
    }

    fn policy(&self, tool: &str) -> Option<Policy> {
        self.shelf.load().by_name.get(tool).map(|held| held.tool.policy().clone())
    }

    async fn call(&self, uses: Vec<ToolUse>, allowed: &[ToolPrefix], context: &CallContext) -> Vec<ToolResult> {
        let mut results = Vec::with_capacity(uses.len());
        let mut together = Vec::new();
        for (index, call) in uses.into_iter().enumerate() {
            // One that does not exist is answered at once; it need not be alone for that.
            let is_parallel = self.policy(&call.name).is_none_or(|policy| policy.is_parallel);
            if !is_parallel {
                results.extend(join_all(together.drain(..)).await);
            }
            together.push(self.one(index, call, allowed, context));
            if !is_parallel {
                results.extend(join_all(together.drain(..)).await);
            }
        }
        results.extend(join_all(together).await);
        results
    }

    fn end_visit(&self, visit: VisitId) {
        self.caller.visits.end(visit);
    }
}

fn admits(allowed: &[ToolPrefix], tool: &str) -> bool {
    allowed.iter().any(|prefix| prefix.admits(tool))
}

pub(super) fn is_name(name: &str) -> bool {
    (1..=64).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn origin(source: &str) -> String {
    if source.is_empty() { OWN.to_owned() } else { format!("the server \"{source}\"") }
}

//! What the room's tests build their world with.

use std::{
    future::Future,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use serde_json::{Value, json};

use super::{CallContext, Policy, Tool, ToolError, ToolOutput};
use crate::{
    clock::{Clock as _, ManualClock},
    event::{Language, PersonaId, ToolSpec, TurnId, VisitId},
};

/// A first turn, in English.
pub(super) fn context() -> CallContext {
    CallContext {
        visit: VisitId::generate(),
        turn: TurnId(1),
        step: 0,
        visitor: None,
        language: Language::ENGLISH,
        persona: PersonaId("reception".to_owned()),
        now: jiff::Timestamp::UNIX_EPOCH,
        visitor_said: "".into(),
        shown: None,
    }
}

/// A tool that does as the test says.
pub(super) struct Scripted {
    pub(super) spec: ToolSpec,
    pub(super) policy: Policy,
    /// What its calls come to, one after the other; then it works.
    pub(super) failures: Mutex<Vec<ToolError>>,
    /// How long a call takes.
    pub(super) takes: Duration,
    pub(super) clock: ManualClock,
    pub(super) calls: AtomicU32,
    /// When calls began and ended.
    pub(super) times: Mutex<Vec<(Duration, Duration)>>,
}

impl Scripted {
    pub(super) fn new(name: &str, clock: &ManualClock) -> Self {
        Self {
            spec: ToolSpec {
                name: name.to_owned(),
                description: "A tool.".to_owned(),
                parameters: json!({"type": "object", "properties": {"slot": {"type": "string"}}}),
            },
            policy: Policy {
                time_out: Duration::from_secs(2),
                retries: 0,
                is_parallel: false,
                prerequisites: Vec::new(),
                changes_something: false,
                says: "tool.other",
                icon: "search",
            },
            failures: Mutex::default(),
            takes: Duration::ZERO,
            clock: clock.clone(),
            calls: AtomicU32::new(0),
            times: Mutex::default(),
        }
    }

    pub(super) fn calls(&self) -> u32 {
        self.calls.load(Ordering::Relaxed)
    }

    /// The next `count` calls fail so.
    pub(super) fn fail(&self, count: usize, error: &ToolError) {
        self.failures.lock().unwrap().extend(std::iter::repeat_n(error.clone(), count));
    }
}

#[async_trait]
impl Tool for Scripted {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    fn policy(&self) -> &Policy {
        &self.policy
    }

    async fn proposal(&self, arguments: &Value, _context: &CallContext) -> Result<Option<String>, ToolError> {
        match arguments.get("slot").and_then(Value::as_str) {
            Some("taken") => Err(ToolError::Refused("This slot is taken.".to_owned())),
            Some(slot) => Ok(Some(format!("Shall I book {slot}?"))),
            None => Ok(None),
        }
    }

    async fn call(&self, arguments: Value, _context: &CallContext) -> Result<ToolOutput, ToolError> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        let began = self.clock.now();
        self.clock.sleep_until(began + self.takes).await;
        self.times.lock().unwrap().push((began, self.clock.now()));
        let mut failures = self.failures.lock().unwrap();
        if failures.is_empty() {
            Ok(ToolOutput { content: json!({ "done": arguments }), effects: Vec::new() })
        } else {
            Err(failures.remove(0))
        }
    }
}

/// Runs `work` while time passes, 1 ms whenever nothing else can be done.
pub(super) async fn in_virtual_time<T>(clock: &ManualClock, work: impl Future<Output = T>) -> T {
    tokio::pin!(work);
    for _ in 0..1_000_000 {
        tokio::select! {
            biased;
            done = &mut work => return done,
            () = tokio::task::yield_now() => clock.advance(Duration::from_millis(1)),
        }
    }
    panic!("nothing came of it in {:?}", clock.now());
}

/// A tool of the scripted kind as the registry takes it.
pub(super) fn shared(tool: &Arc<Scripted>) -> Arc<dyn Tool> {
    tool.clone()
}

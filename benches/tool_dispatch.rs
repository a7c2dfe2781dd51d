//! What the registry itself adds to a call: finding the tool among thirty, validation, prerequisites, the gate, breaker,
//! events, JSON; with a tool that answers at once.
//!
//! `cargo bench --bench tool_dispatch`; figures in µs. Must: 1,000.
//! The thread's own time stands beside it: on a busy machine the rest is waiting for a processor.

#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout, clippy::indexing_slicing, reason = "a bench")]

use std::{path::Path, sync::Arc, time::Duration, time::Instant};

use async_trait::async_trait;
use majlis::{
    clock::SystemClock,
    config,
    event::{Bus, Language, PersonaId, ToolFailure, ToolSpec, ToolUse, TurnId, VisitId},
    tools::{CallContext, Policy, Registry, Tool, ToolError, ToolOutput, ToolPrefix, Toolbox},
    words::Words,
};
use serde_json::{Value, json};

const TOOLS: usize = 30;
const ROUNDS: usize = 5_000;
/// The figure that must be kept, ms.
const MUST_MS: f64 = 1.0;

struct Immediate {
    spec: ToolSpec,
    policy: Policy,
    answer: Value,
}

#[async_trait]
impl Tool for Immediate {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    fn policy(&self) -> &Policy {
        &self.policy
    }

    async fn call(&self, _arguments: Value, _context: &CallContext) -> Result<ToolOutput, ToolError> {
        Ok(ToolOutput { content: self.answer.clone(), effects: Vec::new() })
    }
}

fn tool(index: usize) -> Arc<dyn Tool> {
    let parameters = json!({
        "type": "object",
        "properties": {
            "day": {"type": "string", "format": "date"},
            "part": {"type": "string", "enum": ["morning", "afternoon", "evening"]},
            "people": {"type": "integer", "minimum": 1, "maximum": 20},
            "phone": {"type": "string", "pattern": "^[+0-9 ]{6,20}$"},
            "note": {"type": "string", "maxLength": 500}
        },
        "required": ["day", "people"],
        "additionalProperties": false
    });
    // As much as a list of free times.
    let slots: Vec<Value> = (0..20)
        .map(|slot| json!({"slot": format!("2026-11-24T{slot:02}:30:00Z/adviser"), "host": "Adviser"}))
        .collect();
    Arc::new(Immediate {
        spec: ToolSpec { name: format!("tool_{index}"), description: "Does something.".to_owned(), parameters },
        policy: Policy {
            time_out: Duration::from_secs(5),
            retries: 1,
            is_parallel: true,
            prerequisites: if index % 2 == 1 { vec!["tool_0".to_owned()] } else { Vec::new() },
            changes_something: index % 3 == 2,
            says: "tool.other",
            icon: "search",
        },
        answer: json!({ "slots": slots }),
    })
}

fn main() {
    let clock = Arc::new(SystemClock::start_now());
    let bus = Bus::new(clock.clone());
    let mut events = bus.subscribe();
    let words = Words::load(Path::new(env!("CARGO_MANIFEST_DIR")).join("assets").as_path()).unwrap();
    let tools = (0..TOOLS).map(tool).collect();
    let (registry, faults) = Registry::new(tools, &config::Tools::default(), &words, bus, clock);
    assert!(faults.is_empty(), "{faults:?}");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();

    let mut figures = [
        ("a call", 0, Vec::new()),
        ("with the gate, asked and agreed to", 29, Vec::new()),
        ("wrong arguments", 1, Vec::new()),
    ];
    let visit = VisitId::generate();
    let mut turn = 0;
    let allowed = [ToolPrefix("*".to_owned())];
    let mut run = |name: String, arguments: &str| {
        turn += 1;
        let context = CallContext {
            visit,
            turn: TurnId(turn),
            step: 0,
            visitor: None,
            language: Language::ENGLISH,
            persona: PersonaId("reception".to_owned()),
            now: jiff::Timestamp::now(),
            visitor_said: "Yes, please, go ahead with that one, it suits me well.".into(),
            shown: None,
        };
        let one = ToolUse { id: "call_1234567890".to_owned(), name, arguments: arguments.to_owned() };
        let (began, own) = (Instant::now(), own_time());
        // What the conversation does: it looks up what may be called, and calls.
        let _specs = registry.specs(&allowed);
        let results = runtime.block_on(registry.call(vec![one], &allowed, &context));
        let took = [began.elapsed(), own_time() - own].map(|took| took.as_secs_f64() * 1e6);
        (took, results[0].failure)
    };
    let right = r#"{"day": "2026-11-24", "people": 3, "part": "morning", "phone": "+971 50 123 4567"}"#;
    assert_eq!(run("tool_0".to_owned(), right).1, None);
    for round in 0..ROUNDS {
        for (_, index, took) in &mut figures {
            let wrong = *index == 1;
            let arguments = if wrong { r#"{"day": "Tuesday", "people": 0, "colour": "red"}"# } else { right };
            let (mut sum, mut failure) = run(format!("tool_{index}"), arguments);
            if failure == Some(ToolFailure::NeedsConfirmation) {
                let (more, after) = run(format!("tool_{index}"), arguments);
                (sum, failure) = ([sum[0] + more[0], sum[1] + more[1]], after);
            }
            assert_eq!(failure, wrong.then_some(ToolFailure::InvalidArguments));
            // The first rounds warm the caches.
            if round >= 100 {
                took.push(sum);
            }
        }
        while events.try_next().is_some() {}
    }
    println!("{TOOLS} tools, {ROUNDS} rounds; µs              median      p95   own median  own p95");
    let mut worst = 0.0_f64;
    for (name, _, took) in &mut figures {
        let quantiles = [0, 1].map(|kind| {
            let mut own: Vec<f64> = took.iter().map(|took| took[kind]).collect();
            own.sort_by(f64::total_cmp);
            (own[own.len() / 2], own[own.len() * 95 / 100])
        });
        let [(median, p95), (own_median, own_p95)] = quantiles;
        worst = worst.max(p95);
        println!("{name:<42} {median:>8.1} {p95:>8.1} {own_median:>12.1} {own_p95:>8.1}");
    }
    let verdict = if worst <= MUST_MS * 1_000.0 { "kept" } else { "MISSED" };
    println!("must: {MUST_MS} ms: {verdict}");
}

/// What this thread has used of a processor.
fn own_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(u64::try_from(time.tv_sec).unwrap(), u32::try_from(time.tv_nsec).unwrap())
}

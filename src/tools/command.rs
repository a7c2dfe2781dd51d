//! `majlis tools list` and `majlis tools call`: so that a declared tool can be tried before the doors open.
//!
//! The same registry as the kiosk's, with the tools of `kiosk.toml` and the knowledge base; what needs a visit or the
//! database is not in it. Secrets are used and never shown.

use std::{fmt::Write as _, sync::Arc, time::Duration};

use anyhow::bail;
use clap::Subcommand;

use super::{
    CallContext, OpenTools, ServerState, Tool, ToolParts, ToolPrefix, Toolbox as _, builtin::SearchKnowledgeBase, open,
    result::cut,
};
use crate::{
    clock::{Clock, SystemClock},
    config::{Config, Secrets},
    event::{Bus, PersonaId, ToolFailure, ToolUse, TurnId, VisitId},
    knowledge::KnowledgeBase,
    words::Words,
};

/// How long servers are waited for.
const SETTLE_LIMIT: Duration = Duration::from_secs(30);
/// Shown of a description, characters.
const DESCRIPTION_CHARS: usize = 100;

/// `majlis tools`
#[derive(Debug, Clone, Subcommand)]
pub enum ToolsAction {
    /// Lists the tools of kiosk.toml, how they are called, and what is wrong with them; exit code 1 if anything is
    List,
    /// Calls a tool as the model would, and prints what the model is given; exit code 1 if the call fails
    Call {
        /// The tool's name and its arguments as JSON; several pairs are calls of one visit, in this order
        #[arg(required = true, value_names = ["NAME", "JSON"])]
        calls: Vec<String>,
        /// Says yes, as a visitor would, to a tool that changes something
        #[arg(long)]
        yes: bool,
    },
}

/// Carries it out: what is printed, and the exit code.
///
/// # Errors
/// The translation files or the knowledge base cannot be read, or the arguments are no pairs.
pub async fn run(config: &Config, action: &ToolsAction) -> anyhow::Result<(String, u8)> {
    let words = Words::load(&config.paths.assets)?;
    let (knowledge, _) = KnowledgeBase::load(&config.paths.assets.join("knowledge"))?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::start_now());
    let secrets = Secrets::from_environment();
    let bus = Bus::new(clock.clone());
    let own: Vec<Arc<dyn Tool>> = vec![Arc::new(SearchKnowledgeBase::new(Arc::new(knowledge)))];
    let mut tools = open(ToolParts { config, secrets: &secrets, words: &words, bus, clock }, own);
    tools.servers.settled(SETTLE_LIMIT).await;
    let outcome = match action {
        ToolsAction::List => Ok(list(&tools)),
        ToolsAction::Call { calls, yes } => call(config, &tools, calls, *yes).await,
    };
    tools.servers.stop().await;
    outcome
}

fn everything() -> [ToolPrefix; 1] {
    [ToolPrefix("*".to_owned())]
}

fn list(tools: &OpenTools) -> (String, u8) {
    let mut text = String::new();
    for spec in tools.registry.specs(&everything()).iter() {
        let Some(policy) = tools.registry.policy(&spec.name) else { continue };
        let mut how = vec![format!("{} ms", policy.time_out.as_millis())];
        how.extend((policy.retries > 0).then(|| format!("{} retries", policy.retries)));
        how.extend(policy.is_parallel.then(|| "parallel".to_owned()));
        how.extend(policy.changes_something.then(|| "asks the visitor first".to_owned()));
        how.extend((!policy.prerequisites.is_empty()).then(|| format!("after {}", policy.prerequisites.join(", "))));
        let about = spec.description.lines().next().unwrap_or_default();
        let _infallible =
            writeln!(text, "{}\n    {}\n    {}", spec.name, how.join(" · "), cut(about, DESCRIPTION_CHARS));
    }
    let mut faults = tools.faults.clone();
    let mut code = 0;
    for (name, state) in tools.servers.states() {
        let told = match state {
            ServerState::Connecting => "does not answer yet".to_owned(),
            ServerState::Ready { tools, faults: own } => {
                faults.extend(own);
                format!("ready, {tools} tools")
            }
            ServerState::Lost { why } => {
                code = 1;
                format!("not there: {why}")
            }
        };
        let _infallible = writeln!(text, "server {name}: {told}");
    }
    for fault in faults {
        code = 1;
        let _infallible = writeln!(text, "fault: {fault}");
    }
    (text, code)
}

async fn call(config: &Config, tools: &OpenTools, calls: &[String], yes: bool) -> anyhow::Result<(String, u8)> {
    let mut text = String::new();
    for fault in &tools.faults {
        let _infallible = writeln!(text, "fault: {fault}");
    }
    let (visit, mut turn) = (VisitId::generate(), TurnId(1));
    for pair in calls.chunks(2) {
        let [name, arguments] = pair else {
            bail!(
                "found {} with no arguments; allowed: NAME JSON, as in: search_knowledge_base '{{\"question\":\"…\"}}'",
                pair.join(" ")
            )
        };
        // The first time to be asked, where it changes something; the second time with the yes.
        for is_last in [!yes, true] {
            let context = context(config, visit, turn, yes);
            let one = ToolUse { id: turn.to_string(), name: name.clone(), arguments: arguments.clone() };
            turn = turn.next();
            let began = std::time::Instant::now();
            let failure = tools.registry.call(vec![one], &everything(), &context).await.pop().and_then(|result| {
                let took_ms = began.elapsed().as_millis();
                let _infallible = writeln!(text, "{name} ({took_ms} ms)\n{}", pretty(&result.content));
                result.failure
            });
            match failure {
                None => break,
                Some(ToolFailure::NeedsConfirmation) if !is_last => {}
                Some(_) => return Ok((text, 1)),
            }
        }
    }
    Ok((text, 0))
}

fn context(config: &Config, visit: VisitId, turn: TurnId, yes: bool) -> CallContext {
    CallContext {
        visit,
        turn,
        step: 0,
        visitor: None,
        language: config.stand.language,
        persona: PersonaId("reception".to_owned()),
        now: jiff::Timestamp::now(),
        visitor_said: if yes { "yes" } else { "" }.into(),
        shown: None,
    }
}

fn pretty(content: &str) -> String {
    serde_json::from_str::<serde_json::Value>(content)
        .and_then(|value| serde_json::to_string_pretty(&value))
        .unwrap_or_else(|_| content.to_owned())
}

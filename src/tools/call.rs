//! How one call is carried out: arguments, prerequisites, consent, breaker, time-out, retries; and what the bus is told.

use std::{future::Future, sync::Arc, time::Duration};

use serde_json::Value;

use super::{
    CallContext, ToolError, ToolOutput,
    consent::ConsentWords,
    registry::Held,
    result::Failure,
    visits::{CallKey, Gate, Visits},
};
use crate::{
    clock::Clock,
    event::{Bus, Event, ToolFailure, ToolStatus, TurnId},
};

/// Before another try; the next one waits twice as long.
const RETRY_PAUSE: Duration = Duration::from_millis(150);

/// Carries out calls.
pub(super) struct Caller {
    pub(super) bus: Bus,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) visits: Visits,
    pub(super) consent: ConsentWords,
}

impl Caller {
    /// Tells the bus that a call begins; what is given back tells of its end, even of one that is dropped.
    pub(super) fn begin(&self, turn: TurnId, call: &str, tool: &str) -> Record {
        let record = Record {
            bus: self.bus.clone(),
            clock: self.clock.clone(),
            began: self.clock.now(),
            turn,
            call: call.to_owned(),
            tool: tool.to_owned(),
            is_told: false,
        };
        record.tell(ToolStatus::Started, None);
        record
    }

    pub(super) async fn carry_out(
        &self,
        held: &Held,
        written: &str,
        context: &CallContext,
    ) -> Result<ToolOutput, Failure> {
        let policy = held.tool.policy();
        let arguments = held.arguments.read(written).map_err(|why| Failure::new(ToolFailure::InvalidArguments, why))?;
        if let Some(missing) = self.visits.missing(context.visit, &policy.prerequisites) {
            let message = format!("First call {missing}; it has not succeeded in this visit.");
            return Err(Failure::new(ToolFailure::Prerequisite, message));
        }
        if let Some(wait) = held.breaker().closed_for(self.clock.now()) {
            return Err(suspended(wait));
        }
        if policy.changes_something {
            self.ask_first(held, &arguments, context).await?;
        }
        let output = self.call(held, &arguments, context).await?;
        self.visits.succeeded(context.visit, &held.tool.spec().name);
        Ok(output)
    }

    /// Whether the visitor wants it. `Err`: they are to be asked, or have said no. There is no way around this.
    async fn ask_first(&self, held: &Held, arguments: &Value, context: &CallContext) -> Result<(), Failure> {
        let key = CallKey::new(&held.tool.spec().name, arguments);
        let consent = self.consent.judge(&context.visitor_said);
        let gate = self.visits.gate(context.visit, &key, context.turn, consent);
        let message = match gate {
            Gate::Open => return Ok(()),
            Gate::Ask => {
                "Not carried out. First ask the visitor this question in your own words; when they have said yes, call again \
                 with the same arguments."
            }
            Gate::Wait => {
                "Not carried out: the visitor has not answered yet. Ask the question and wait for their answer; call again \
                 in the turn after it."
            }
            Gate::AskAgain => {
                "Not carried out: the visitor said neither yes nor no. Answer them, ask this question again and say that you \
                 need a yes or a no."
            }
            Gate::Refused => {
                "Not carried out: the visitor did not agree. Do not call it again; ask what they want instead."
            }
        };
        let mut failure = Failure::new(ToolFailure::NeedsConfirmation, message);
        if matches!(gate, Gate::Ask | Gate::AskAgain) {
            let proposal = self.within(held.tool.policy().time_out, held.tool.proposal(arguments, context));
            let question =
                proposal.await.inspect_err(|failure| self.note_failure(held, failure)).map_err(Failed::told)?;
            failure.question = Some(question.unwrap_or_else(|| {
                "Say what you are about to do, with every detail of the arguments, and ask whether you shall."
                    .to_owned()
            }));
            self.visits.proposed(context.visit, key, context.turn);
        }
        Err(failure)
    }

    fn note_failure(&self, held: &Held, failure: &Failed) {
        if failure.is_of_the_tool() {
            held.breaker().failed(self.clock.now());
        }
    }

    async fn call(&self, held: &Held, arguments: &Value, context: &CallContext) -> Result<ToolOutput, Failure> {
        let policy = held.tool.policy();
        held.breaker().admit(self.clock.now()).map_err(suspended)?;
        let trial = Trial { held, clock: &*self.clock, is_decided: false };
        let mut tries = 0;
        loop {
            let answer = self.within(policy.time_out, held.tool.call(arguments.clone(), context)).await;
            match answer {
                Ok(output) => {
                    trial.answered();
                    return Ok(output);
                }
                Err(Failed::Error(ToolError::Unavailable(_))) if tries < policy.retries => {
                    let pause = RETRY_PAUSE * 2_u32.saturating_pow(tries);
                    tries += 1;
                    self.clock.sleep_until(self.clock.now() + pause).await;
                }
                Err(failed) => {
                    match failed {
                        Failed::Error(ToolError::Refused(_)) => trial.answered(),
                        // It was not asked at all: that tells nothing of it.
                        Failed::Error(ToolError::Invalid(_)) => drop(trial),
                        _ => trial.failed(),
                    }
                    return Err(failed.told());
                }
            }
        }
    }

    async fn within<T>(&self, limit: Duration, work: impl Future<Output = Result<T, ToolError>>) -> Result<T, Failed> {
        let deadline = self.clock.now() + limit;
        tokio::select! {
            biased;
            answer = work => answer.map_err(Failed::Error),
            () = self.clock.sleep_until(deadline) => Err(Failed::TimeOut(limit)),
        }
    }
}

/// How a try ended.
#[derive(Debug)]
enum Failed {
    Error(ToolError),
    TimeOut(Duration),
}

impl Failed {
    fn is_of_the_tool(&self) -> bool {
        !matches!(self, Self::Error(ToolError::Refused(_) | ToolError::Invalid(_)))
    }

    fn told(self) -> Failure {
        match self {
            Self::Error(error) => Failure::new(error.failure(), error.to_string()),
            Self::TimeOut(limit) => {
                let message = format!(
                    "No answer within {} ms. It may or may not have been done: say so, and do not promise anything.",
                    limit.as_millis()
                );
                Failure::new(ToolFailure::TimeOut, message)
            }
        }
    }
}

fn suspended(wait: Duration) -> Failure {
    let message = format!(
        "It has failed several times in a row and is left alone for {} s. Say that this is not available at the moment, and \
         help otherwise.",
        wait.as_secs().max(1)
    );
    Failure::new(ToolFailure::Suspended, message)
}

/// What a call tells the breaker; dropped undecided, it was cancelled.
struct Trial<'c> {
    held: &'c Held,
    clock: &'c dyn Clock,
    is_decided: bool,
}

impl Trial<'_> {
    fn answered(mut self) {
        self.is_decided = true;
        self.held.breaker().answered();
    }

    fn failed(mut self) {
        self.is_decided = true;
        self.held.breaker().failed(self.clock.now());
    }
}

impl Drop for Trial<'_> {
    fn drop(&mut self) {
        if !self.is_decided {
            self.held.breaker().undecided(self.clock.now());
        }
    }
}

/// A call that the bus knows of. Dropped without an end, it was cancelled, which counts as failed.
pub(super) struct Record {
    bus: Bus,
    clock: Arc<dyn Clock>,
    began: Duration,
    turn: TurnId,
    call: String,
    tool: String,
    is_told: bool,
}

impl Record {
    pub(super) fn succeeded(mut self) {
        self.is_told = true;
        self.tell(ToolStatus::Success, None);
    }

    pub(super) fn failed(mut self, failure: ToolFailure) {
        self.is_told = true;
        self.tell(ToolStatus::Error, Some(failure));
    }

    fn tell(&self, status: ToolStatus, failure: Option<ToolFailure>) {
        let took = self.clock.now().saturating_sub(self.began).as_millis();
        let took_ms = (status != ToolStatus::Started).then(|| u64::try_from(took).unwrap_or(u64::MAX));
        let (turn, call, tool) = (self.turn, self.call.clone(), self.tool.clone());
        self.bus.publish(Event::ToolCall { turn, call, tool, status, took_ms, failure });
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        if !self.is_told {
            self.tell(ToolStatus::Error, Some(ToolFailure::Failed));
        }
    }
}

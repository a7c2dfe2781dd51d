//! The calls of one step, under way.

use std::{sync::Arc, time::Duration};

use tokio::task::JoinHandle;

use super::{Maker, Progress, ToolMark, ToolStepDone};
use crate::{
    conversation::personas::Personas,
    event::{ToolFailure, ToolResult, ToolUse},
    tools::{CallContext, ToolPrefix, Toolbox},
    words::Words,
};

/// What is shown and said of a tool that nobody knows.
const OTHER: ToolMark = ToolMark { says: "tool.other", icon: "info" };

/// What is needed to call tools.
pub(in crate::conversation) struct Calling {
    pub(in crate::conversation) toolbox: Arc<dyn Toolbox>,
    pub(in crate::conversation) allowed: Arc<[ToolPrefix]>,
    pub(in crate::conversation) context: CallContext,
    pub(in crate::conversation) personas: Arc<Personas>,
    pub(in crate::conversation) words: Arc<Words>,
    /// Steps of calls in one answer; then the model has to answer.
    pub(in crate::conversation) max_steps: u32,
    /// Calls that take longer are announced, if nothing was said yet.
    pub(in crate::conversation) announce_after: Duration,
}

/// Calls under way. Dropping it cancels them, unless one of them may change something: those come to their end.
pub(super) struct Work {
    pub(super) marks: Vec<ToolMark>,
    task: JoinHandle<Vec<ToolResult>>,
    calls: Vec<ToolUse>,
    is_kept: bool,
}

impl Calling {
    /// Begins the calls of one step. Their results go to the driver as well.
    pub(super) fn start(&self, maker: &Maker, calls: Vec<ToolUse>) -> Work {
        let policies: Vec<_> = calls.iter().map(|call| self.toolbox.policy(&call.name)).collect();
        let changes_something = policies.iter().flatten().any(|policy| policy.changes_something);
        let mark = |policy: &crate::tools::Policy| ToolMark { says: policy.says, icon: policy.icon };
        let marks = policies.iter().map(|policy| policy.as_ref().map_or(OTHER, mark)).collect();
        let (toolbox, allowed, context) = (self.toolbox.clone(), self.allowed.clone(), self.context.clone());
        let (maker, asked) = (maker.clone(), calls.clone());
        let busy = maker.makers.activity.begin();
        let task = tokio::spawn(async move {
            let results = toolbox.call(calls.clone(), &allowed, &context).await;
            let step = ToolStepDone { visit: context.visit, calls, results: results.clone(), changes_something };
            maker.report(Progress::Called(Arc::new(step))).await;
            drop(busy);
            results
        });
        Work { marks, task, calls: asked, is_kept: changes_something }
    }
}

impl Work {
    /// Waits for the results: one for each call, whatever happens. Cancel safe.
    pub(super) async fn results(&mut self) -> Vec<ToolResult> {
        (&mut self.task).await.unwrap_or_else(|error| {
            tracing::error!(%error, "a tool call did not end well");
            let failed = |call: &ToolUse| ToolResult {
                id: call.id.clone(),
                name: call.name.clone(),
                content: "{\"error\":\"it could not be carried out\"}".to_owned(),
                failure: Some(ToolFailure::Failed),
                effects: Vec::new(),
            };
            self.calls.iter().map(failed).collect()
        })
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        if !self.is_kept {
            self.task.abort();
        }
    }
}

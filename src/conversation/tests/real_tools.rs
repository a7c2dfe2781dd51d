//! The kiosk's own tools in a conversation in virtual time: they work on other threads, in real time.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use crate::{
    event::{ToolResult, ToolSpec, ToolUse, VisitId},
    tools::{CallContext, Policy, ToolPrefix, Toolbox},
};

/// Tools that tell whether one is at work.
pub(super) struct RealTools {
    tools: Arc<dyn Toolbox>,
    at_work: AtomicUsize,
}

/// A call that ends when it is dropped: a turn may be given up.
struct AtWork<'a>(&'a AtomicUsize);

impl Drop for AtWork<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl RealTools {
    pub(super) fn new(tools: Arc<dyn Toolbox>) -> Self {
        Self { tools, at_work: AtomicUsize::new(0) }
    }

    /// Waits, at most ten seconds of real time, until none is at work. On a busy machine they would otherwise take seconds
    /// of the visitor's time.
    pub(super) async fn rest(&self) {
        for _ in 0..10_000 {
            if self.at_work.load(Ordering::Relaxed) == 0 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        panic!("a tool never ended");
    }
}

#[async_trait::async_trait]
impl Toolbox for RealTools {
    fn specs(&self, allowed: &[ToolPrefix]) -> Arc<[ToolSpec]> {
        self.tools.specs(allowed)
    }

    fn policy(&self, tool: &str) -> Option<Policy> {
        self.tools.policy(tool)
    }

    async fn call(&self, uses: Vec<ToolUse>, allowed: &[ToolPrefix], context: &CallContext) -> Vec<ToolResult> {
        self.at_work.fetch_add(1, Ordering::Relaxed);
        let _at_work = AtWork(&self.at_work);
        self.tools.call(uses, allowed, context).await
    }

    fn end_visit(&self, visit: VisitId) {
        self.tools.end_visit(visit);
    }
}

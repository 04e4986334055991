//! Looks at an execution until it has ended, or until there is a reason to leave.

use std::time::Duration;

use aws_call::{Backoff, CallError, Fault, Jitter, Pacer, Polling};

use super::follow::{Follow, View};
use super::{Error, Event, LogHint, Outcome, Remote, Wait, log_hint};
use crate::client::{ActionExecution, ActionStatus, Execution, ListExecutions, PipelineState};

/// How many looks in a row may fail for good before the watching ends. An execution that was just started cannot be seen
/// for some seconds, so "not found" counts only after [`UNSEEN`].
const LOST_LOOKS: u32 = 3;
/// How long a started execution may be invisible.
const UNSEEN: Duration = Duration::from_secs(60);
/// How many newer executions are looked at for the one that rolled back.
const NEWER: usize = 10;

/// What watching does when an approval waits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnApproval {
    /// It stays.
    #[default]
    Wait,
    /// It ends with [`Outcome::WaitingForApproval`], if nothing else of the execution runs.
    Leave,
}

/// How to watch.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct WatchOptions {
    /// How often to look, and how long.
    pub polling: Polling,
    /// What to do when an approval waits.
    pub on_approval: OnApproval,
}

impl Default for WatchOptions {
    /// From two seconds after something moved to thirty when nothing does, for up to two hours; through approvals.
    fn default() -> Self {
        let every =
            Backoff::new(Duration::from_secs(2), Duration::from_secs(30)).with_factor(1.5).with_jitter(Jitter::Equal);
        let polling = Polling::new(every).with_deadline(Duration::from_secs(2 * 60 * 60));
        Self { polling, on_approval: OnApproval::Wait }
    }
}

impl WatchOptions {
    /// With another pace and deadline.
    #[must_use]
    pub fn with_polling(mut self, polling: Polling) -> Self {
        self.polling = polling;
        self
    }

    /// With another answer to approvals that wait.
    #[must_use]
    pub const fn with_on_approval(mut self, on_approval: OnApproval) -> Self {
        self.on_approval = on_approval;
        self
    }
}

/// What was seen in the end.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Watched {
    /// How it ended.
    pub outcome: Outcome,
    /// The execution at the last look.
    pub execution: Execution,
    /// The runs of actions that failed and were not retried with success, the newest first.
    pub failed: Vec<ActionExecution>,
    /// Where to read more about each of them.
    pub hints: Vec<LogHint>,
    /// What it waits for, if it has not ended.
    pub waits: Vec<Wait>,
    /// The execution that CodePipeline started to bring a stage back after this one failed.
    pub rolled_back_by: Option<String>,
}

impl Watched {
    /// Why it did not succeed, in one line; `None` if it did.
    #[must_use]
    pub fn reason(&self) -> Option<String> {
        if self.outcome.is_success() {
            return None;
        }
        if let Some(run) = self.failed.first() {
            let why = run.reason().unwrap_or("the action does not say why");
            return Some(format!("{}/{}: {why}", run.stage, run.action));
        }
        let said = self.execution.summary.clone().or_else(|| self.execution.stop_reason.clone());
        said.or_else(|| self.waits.first().map(ToString::to_string))
    }
}

impl Remote {
    /// Watches an execution until it ends, tells what happens, and gathers why it went wrong.
    ///
    /// A look that fails in passing is told and tried again; three in a row that fail for good end the watching.
    /// Dropping the future ends the watching and nothing else.
    ///
    /// # Errors
    /// [`Error::Lost`] when the execution cannot be seen any more.
    pub async fn watch(
        &self,
        pipeline: &str,
        execution_id: &str,
        options: &WatchOptions,
        tell: &mut (dyn FnMut(&Event) + Send),
    ) -> Result<Watched, Error> {
        let mut pacer = Pacer::new(&*self.clock, &*self.ids, &options.polling);
        let mut follow = Follow::default();
        let mut last: Option<(Execution, Vec<ActionExecution>)> = None;
        let mut lost = 0;
        let outcome = loop {
            let mut retry_after = None;
            match self.look(pipeline, execution_id).await {
                Ok((execution, actions, state)) => {
                    lost = 0;
                    let view = View { execution: &execution, actions: &actions, state: state.as_ref() };
                    let (events, outcome) = follow.step(&view);
                    events.iter().for_each(&mut *tell);
                    let leaves = options.on_approval == OnApproval::Leave && only_approvals(&actions, &follow);
                    let moved = !events.is_empty();
                    last = Some((execution, actions));
                    if let Some(outcome) = outcome {
                        break outcome;
                    }
                    if leaves {
                        break Outcome::WaitingForApproval;
                    }
                    if moved {
                        pacer.reset();
                    }
                }
                Err(error) => {
                    let young = last.is_none() && error.fault() == Fault::NotFound && pacer.elapsed() < UNSEEN;
                    if !young {
                        tell(&Event::LookFailed(error.to_string()));
                    }
                    lost = if error.is_retryable() || young { 0 } else { lost + 1 };
                    if lost == LOST_LOOKS {
                        let (pipeline, execution) = (pipeline.to_owned(), execution_id.to_owned());
                        return Err(Error::Lost { pipeline, execution, source: error });
                    }
                    retry_after = error.retry_after();
                }
            }
            if pacer.pause_after(retry_after).await.is_err() {
                break Outcome::TimedOut;
            }
        };
        let unknown =
            || (Execution::new(execution_id, crate::client::ExecutionStatus::Unknown(String::new())), Vec::new());
        let (execution, actions) = last.unwrap_or_else(unknown);
        Ok(self.conclude(pipeline, outcome, execution, &actions, follow.waits().to_vec()).await)
    }

    async fn look(
        &self,
        pipeline: &str,
        id: &str,
    ) -> Result<(Execution, Vec<ActionExecution>, Option<PipelineState>), CallError> {
        // The actions first: an execution that has ended by the second call has told all of them.
        let actions = self.service.action_executions(pipeline, id).await?;
        let execution = self.service.execution(pipeline, id).await?;
        if !execution.status.is_final() {
            let state = self.service.state(pipeline).await.ok();
            return Ok((execution, actions, state));
        }
        let actions = self.service.action_executions(pipeline, id).await?;
        Ok((execution, actions, None))
    }

    async fn conclude(
        &self,
        pipeline: &str,
        outcome: Outcome,
        execution: Execution,
        actions: &[ActionExecution],
        waits: Vec<Wait>,
    ) -> Watched {
        let mut failed: Vec<ActionExecution> = Vec::new();
        for (at, run) in actions.iter().enumerate() {
            let newer = actions[..at].iter().any(|other| other.stage == run.stage && other.action == run.action);
            if run.status == ActionStatus::Failed && !newer {
                failed.push(run.clone());
            }
        }
        let hints = failed.iter().filter_map(|run| log_hint(pipeline, run)).collect();
        let rolled_back_by =
            if outcome == Outcome::Failed { self.rollback_after(pipeline, &execution.id).await } else { None };
        Watched { outcome, execution, failed, hints, waits, rolled_back_by }
    }

    /// The automatic rollback that followed a failure. It is an explanation only, so that a failing call says nothing.
    async fn rollback_after(&self, pipeline: &str, failed: &str) -> Option<String> {
        let newer = self.service.executions(&ListExecutions::new(pipeline, NEWER)).await.ok()?;
        let automatic = newer.into_iter().take_while(|execution| execution.id != failed).find(|execution| {
            execution.started_by.as_ref().is_some_and(|by| {
                by.kind == "AutomatedRollback" && by.detail.as_ref().is_none_or(|detail| detail.contains(failed))
            })
        });
        automatic.map(|execution| execution.id)
    }
}

/// Whether nothing of the execution runs but approvals that wait.
fn only_approvals(actions: &[ActionExecution], follow: &Follow) -> bool {
    let running = actions.iter().filter(|run| run.status == ActionStatus::InProgress).count();
    let approvals = follow.waits().iter().filter(|wait| matches!(wait, Wait::Approval { .. })).count();
    approvals > 0 && running == approvals
}

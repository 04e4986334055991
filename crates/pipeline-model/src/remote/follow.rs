//! What a look at an execution means: what has happened since the last one, what it waits for, and how it ended.
//!
//! Pure: [`Watch`](super::watch) asks, this decides.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use super::approve::among;
use crate::client::{ActionExecution, ActionStatus, Execution, ExecutionStatus, PipelineState};

/// How watching ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Outcome {
    /// Every stage succeeded.
    Succeeded,
    /// An action failed, or the execution could not begin.
    Failed,
    /// Somebody stopped it.
    Stopped,
    /// A newer execution overtook it; its changes are part of that one, if that one succeeds.
    Superseded,
    /// It was cancelled before it ran.
    Cancelled,
    /// An approval waits, and the watching should not.
    WaitingForApproval,
    /// It had not ended when the time was up; it goes on in CodePipeline.
    TimedOut,
}

impl Outcome {
    /// Whether the execution did what it was started for.
    #[must_use]
    pub const fn is_success(self) -> bool {
        matches!(self, Self::Succeeded)
    }

    fn of(status: &ExecutionStatus) -> Option<Self> {
        match status {
            ExecutionStatus::Succeeded => Some(Self::Succeeded),
            ExecutionStatus::Failed => Some(Self::Failed),
            ExecutionStatus::Stopped => Some(Self::Stopped),
            ExecutionStatus::Superseded => Some(Self::Superseded),
            ExecutionStatus::Cancelled | ExecutionStatus::Skipped => Some(Self::Cancelled),
            ExecutionStatus::InProgress | ExecutionStatus::Stopping | ExecutionStatus::Unknown(_) => None,
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Stopped => "stopped",
            Self::Superseded => "superseded",
            Self::Cancelled => "cancelled",
            Self::WaitingForApproval => "waiting for approval",
            Self::TimedOut => "timed out",
        })
    }
}

/// What keeps an execution that does not move.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(tag = "waitsFor", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Wait {
    /// Somebody must answer an approval.
    Approval {
        /// The stage.
        stage: String,
        /// The action.
        action: String,
    },
    /// Nobody may enter the stage.
    DisabledTransition {
        /// The stage.
        stage: String,
        /// Why.
        reason: Option<String>,
    },
    /// Another execution is in the stage.
    Execution {
        /// The stage.
        stage: String,
        /// The other execution.
        holder: String,
    },
}

impl fmt::Display for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Approval { stage, action } => write!(f, "waits for an answer to approval {stage}/{action}"),
            Self::DisabledTransition { stage, reason } => {
                write!(f, "waits before stage {stage}, whose transition is disabled")?;
                reason.as_ref().map_or(Ok(()), |reason| write!(f, ": {reason}"))
            }
            Self::Execution { stage, holder } => write!(f, "waits before stage {stage} for execution {holder}"),
        }
    }
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// A run of an action began, or is another one than before.
    ActionStarted(ActionExecution),
    /// A run of an action ended.
    ActionEnded(ActionExecution),
    /// The execution waits for something else than before.
    Waiting(Wait),
    /// Somebody asked it to stop.
    Stopping,
    /// A look failed in passing.
    LookFailed(String),
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ActionStarted(run) => write!(f, "{}/{} started", run.stage, run.action),
            Self::ActionEnded(run) => {
                write!(f, "{}/{} {}", run.stage, run.action, run.status.as_str().to_lowercase())?;
                let reason = run.reason().filter(|_| run.status != ActionStatus::Succeeded);
                reason.map_or(Ok(()), |reason| write!(f, ": {reason}"))
            }
            Self::Waiting(wait) => wait.fmt(f),
            Self::Stopping => f.write_str("is stopping"),
            Self::LookFailed(why) => write!(f, "cannot be seen for the moment: {why}"),
        }
    }
}

/// What one look saw.
#[derive(Clone, Debug)]
pub(super) struct View<'v> {
    pub(super) execution: &'v Execution,
    pub(super) actions: &'v [ActionExecution],
    /// Absent if it could not be had: then nothing is said about what is waited for before a stage.
    pub(super) state: Option<&'v PipelineState>,
}

/// What was seen so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Follow {
    /// The status of each run of an action, by its id.
    runs: BTreeMap<String, ActionStatus>,
    waits: Vec<Wait>,
    stopping: bool,
}

impl Follow {
    /// What is new, oldest first, and the outcome once there is one.
    pub(super) fn step(&mut self, view: &View<'_>) -> (Vec<Event>, Option<Outcome>) {
        let mut events = Vec::new();
        for run in view.actions.iter().rev() {
            let before = self.runs.insert(run.id.clone(), run.status.clone());
            if before.as_ref() == Some(&run.status) {
                continue;
            }
            if before.is_none() {
                events.push(Event::ActionStarted(run.clone()));
            }
            if run.status != ActionStatus::InProgress {
                events.push(Event::ActionEnded(run.clone()));
            }
        }
        let stopping = view.execution.status == ExecutionStatus::Stopping;
        if stopping && !self.stopping {
            events.push(Event::Stopping);
        }
        self.stopping = stopping;
        let outcome = Outcome::of(&view.execution.status);
        let waits = if outcome.is_some() { Vec::new() } else { waits(view) };
        events.extend(waits.iter().filter(|wait| !self.waits.contains(wait)).cloned().map(Event::Waiting));
        self.waits = waits;
        (events, outcome)
    }

    /// What it waits for as of the last look.
    pub(super) fn waits(&self) -> &[Wait] {
        &self.waits
    }
}

fn waits(view: &View<'_>) -> Vec<Wait> {
    let approvals = among(view.actions);
    let mut out: Vec<Wait> =
        approvals.map(|found| Wait::Approval { stage: found.stage, action: found.action }).collect();
    let stages = view.state.map(|state| state.stages.as_slice()).unwrap_or_default();
    for stage in stages.iter().filter(|stage| stage.inbound_executions.contains(&view.execution.id)) {
        let name = stage.name.clone();
        if !stage.inbound_enabled {
            out.push(Wait::DisabledTransition { stage: name, reason: stage.disabled_reason.clone() });
        } else if let Some((holder, status)) = &stage.latest_execution
            && !ExecutionStatus::from(status.as_str()).is_final()
            && *holder != view.execution.id
        {
            out.push(Wait::Execution { stage: name, holder: holder.clone() });
        }
    }
    out
}

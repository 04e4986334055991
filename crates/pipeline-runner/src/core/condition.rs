//! What a stage remembers of its gates: the conditions it has evaluated, with a run of each rule.

use jiff::Timestamp;
use pipeline_model::model::{Condition, Stage};
use serde::{Deserialize, Serialize};

use super::state::{ActionRun, ActionStatus};

/// Where a condition stands in its stage: `conditionType` of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Gate {
    /// `beforeEntry`: after the lock, before the actions.
    BeforeEntry,
    /// `onSuccess`: after the last action has succeeded.
    OnSuccess,
    /// `onFailure`: after an action has failed and no retry is due.
    OnFailure,
}

impl Gate {
    /// The condition that a stage declares at this gate; it has at most one.
    pub fn condition(self, stage: &Stage) -> Option<&Condition> {
        let conditions = match self {
            Self::BeforeEntry => stage.before_entry.as_ref().map(|gate| gate.conditions.as_slice()),
            Self::OnSuccess => stage.on_success.as_ref().map(|gate| gate.conditions.as_slice()),
            Self::OnFailure => stage.on_failure.as_ref().map(|gate| gate.conditions.as_slice()),
        };
        conditions.and_then(<[_]>::first)
    }
}

/// One evaluation of a condition.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GateRun {
    /// Which gate.
    pub gate: Gate,
    /// Where it stands.
    pub status: ConditionStatus,
    /// Its rules, all started together.
    pub rules: Vec<ActionRun>,
    /// Start.
    pub started: Timestamp,
    /// End, once terminal.
    pub ended: Option<Timestamp>,
}

impl GateRun {
    /// Whether a rule is still being evaluated.
    pub(super) fn is_running(&self) -> bool {
        self.rules.iter().any(|rule| rule.status == ActionStatus::InProgress)
    }

    /// Whether the stage may go on behind it.
    pub(super) fn is_passed(&self) -> bool {
        matches!(self.status, ConditionStatus::Succeeded | ConditionStatus::Overridden)
    }
}

/// `ConditionExecutionStatus` of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum ConditionStatus {
    /// Its rules are being evaluated.
    InProgress,
    /// A rule does not hold.
    Failed,
    /// A rule could not be evaluated.
    Errored,
    /// All rules hold.
    Succeeded,
    /// Given up with its execution before a rule had begun.
    Cancelled,
    /// Given up with its execution.
    Abandoned,
    /// Passed over by hand.
    Overridden,
}

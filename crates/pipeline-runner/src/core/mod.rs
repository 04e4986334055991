//! The state machine of a pipeline: no IO, no clock, no threads.
//!
//! [`State::step`] takes one [`Stamped`] input and answers with [`Effect`]s for the shell to carry out and [`Event`]s
//! that tell what happened. Time and randomness arrive inside the input, so the same inputs give the same state on
//! every machine: a journal of inputs is a backup of the pipeline.
//!
//! Semantics are CodePipeline's: stage locks, `SUPERSEDED`, `QUEUED` and `PARALLEL` executions, run-order groups whose
//! members run to their end when a sibling fails, variables bound once, approvals by token, stop with and without
//! abandoning, conditions before and after a stage, retries by hand and by the stage itself, rollbacks of one stage,
//! updates while executions run.
//!
//! Invariants, checked by property tests:
//! - outside `PARALLEL` a stage holds at most one execution;
//! - an execution is superseded only between stages, and nothing happens to it afterwards;
//! - no action starts before every action of a lower run order in its stage has succeeded;
//! - a terminal status never changes, but when a failed or stopped stage is retried by hand;
//! - an action run that has ended stays as it is: a retry makes new runs and keeps the old ones;
//! - an execution runs the version of the declaration it was started on, to its end.

mod action;
mod advance;
mod condition;
mod event;
mod gate;
mod input;
mod retry;
mod rollback;
mod shared;
mod start;
mod state;
mod step;
mod update;
mod variables;

pub(crate) use action::is_manual_approval;
pub use condition::{ConditionStatus, Gate, GateRun};
pub use event::{Artifact, Event, Execution as ExecutionDetail, What};
pub(crate) use gate::rule_type;
pub use input::{ActionStart, ApprovalRequest, Compute, Effect, Input, Refusal, Report, Stamped, Start};
pub use state::{
    ActionRun, ActionStatus, Execution, ExecutionStatus, ExecutionType, Failure, FailureKind, Position, Retries,
    RetryTrigger, SourceRevision, StageRun, StageState, StageStatus, State, Trigger,
};
pub use step::Step;
pub use variables::{Unresolved, Variables};

//! Lets time pass: actions end, stages are entered and left, executions overtake one another, as the service does it.
//!
//! An execution holds the stage it is in. One that waits between two stages is superseded by a newer one that waits at the
//! same place (`SUPERSEDED`), keeps its turn (`QUEUED`), or never waits for another (`PARALLEL`). Actions of equal run
//! order start together; when one fails, the others run to their end and no later ones start.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use aws_call::IdSource;

use super::record::{Entry, Run};
use crate::client::{ActionError, ActionStatus, Direction, ExecutionStatus};
use crate::model::ExecutionMode;

/// How an action ends that nobody ends by hand: by its name.
pub(super) type Failures = BTreeMap<String, ActionError>;

/// How the actions of the service behave.
#[derive(Clone, Debug, Default)]
pub(super) struct Pace {
    /// How long an action takes; `None` means until someone ends it.
    pub(super) lasts: Option<Duration>,
    /// The actions that fail.
    pub(super) failures: Failures,
}

/// Lets everything happen that is due until `now`, in its order.
pub(super) fn advance(entry: &mut Entry, pace: &Pace, ids: &dyn IdSource, now: SystemTime) {
    loop {
        let actions = entry.runs.iter().flat_map(Run::actions).filter_map(|(_, action)| action.due);
        let Some(at) = actions.min().filter(|due| *due <= now) else { break };
        end_due(entry, pace, at);
        settle(entry, pace, ids, at);
    }
    settle(entry, pace, ids, now);
}

fn end_due(entry: &mut Entry, pace: &Pace, at: SystemTime) {
    let stages = entry.runs.iter_mut().flat_map(|run| &mut run.stages);
    for action in stages.flat_map(|stage| &mut stage.actions).filter(|action| action.due.is_some_and(|due| due <= at)) {
        let error = if action.is_approval() {
            Some(ActionError::new("TimedOut", "The approval was not answered in time."))
        } else {
            pace.failures.get(&action.action.name).cloned()
        };
        let status = if error.is_some() { ActionStatus::Failed } else { ActionStatus::Succeeded };
        action.end(status, error, at);
    }
}

/// Moves every execution as far as it gets without time passing.
pub(super) fn settle(entry: &mut Entry, pace: &Pace, ids: &dyn IdSource, now: SystemTime) {
    loop {
        let mut moved = false;
        for index in 0..entry.runs.len() {
            moved |= step(entry, index, pace, ids, now);
        }
        if !moved {
            return;
        }
    }
}

/// Moves one execution a little; false when it cannot move.
fn step(entry: &mut Entry, index: usize, pace: &Pace, ids: &dyn IdSource, now: SystemTime) -> bool {
    if !entry.runs[index].is_open() {
        return false;
    }
    let Some(at) = entry.runs[index].position() else {
        entry.runs[index].end(ExecutionStatus::Succeeded, now);
        return true;
    };
    if entry.runs[index].stages[at].status.is_none() {
        return wait(entry, index, at, now);
    }
    work(&mut entry.runs[index], at, pace, ids, now)
}

/// Enters the stage, gives way, or waits.
fn wait(entry: &mut Entry, index: usize, at: usize, now: SystemTime) -> bool {
    let run = &entry.runs[index];
    let stage = run.stages[at].name.clone();
    if run.status == ExecutionStatus::Stopping {
        entry.runs[index].end(ExecutionStatus::Stopped, now);
        return true;
    }
    let left = at.checked_sub(1).map(|before| run.stages[before].name.clone());
    let closed = run.rollback_of.is_none()
        && (entry.closed.contains_key(&(stage.clone(), Direction::Inbound))
            || left.is_some_and(|left| entry.closed.contains_key(&(left, Direction::Outbound))));
    let mode = &run.mode;
    let waits = |other: &&Run| other.waits_for() == Some(stage.as_str()) && other.mode != ExecutionMode::Parallel;
    let held = entry.runs.iter().any(|other| {
        other.mode != ExecutionMode::Parallel
            && other.is_open()
            && other.stage(&stage).is_some_and(super::record::StageRun::is_active)
    });
    let enters = match mode {
        ExecutionMode::Parallel => !closed,
        ExecutionMode::Queued => !closed && !held && !entry.runs[..index].iter().any(|other| waits(&other)),
        _ => !closed && !held,
    };
    if enters {
        let number = entry.next_entry();
        let run = &mut entry.runs[index];
        run.stages[at].status = Some(ExecutionStatus::InProgress);
        run.stages[at].entered = number;
        run.updated = now;
        return true;
    }
    let superseded = *mode == ExecutionMode::Superseded && entry.runs[index + 1..].iter().any(|other| waits(&other));
    if superseded {
        entry.runs[index].end(ExecutionStatus::Superseded, now);
    }
    superseded
}

/// Starts the next actions of a stage, or ends it.
fn work(run: &mut Run, at: usize, pace: &Pace, ids: &dyn IdSource, now: SystemTime) -> bool {
    let Run { id, status, stages, .. } = run;
    let stage = &mut stages[at];
    if !stage.is_active() || stage.actions.iter().any(|action| action.is(&ActionStatus::InProgress)) {
        return false;
    }
    let has = |status: &ActionStatus| stage.actions.iter().any(|action| action.is(status));
    let next = stage.actions.iter().filter(|action| action.run.is_none());
    let next = next.map(|action| action.action.effective_run_order()).min();
    let end = if has(&ActionStatus::Failed) {
        Some(ExecutionStatus::Failed)
    } else if has(&ActionStatus::Abandoned) {
        Some(ExecutionStatus::Stopped)
    } else {
        match next {
            None => Some(ExecutionStatus::Succeeded),
            Some(_) if *status == ExecutionStatus::Stopping => Some(ExecutionStatus::Stopped),
            Some(_) => None,
        }
    };
    match end {
        Some(ExecutionStatus::Succeeded) => stage.status = Some(ExecutionStatus::Succeeded),
        Some(end) => {
            stage.status = Some(end.clone());
            run.end(end, now);
        }
        None => {
            let group = stage.actions.iter_mut().filter(|action| action.run.is_none());
            for action in group.filter(|action| Some(action.action.effective_run_order()) == next) {
                action.start(id, &stage.name, ids, pace.lasts, now);
            }
            run.updated = now;
        }
    }
    true
}

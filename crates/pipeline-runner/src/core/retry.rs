//! Trying a stage again: by hand, and once by the stage's own `onFailure`.
//!
//! A retry stays within its execution. New action runs take the place of the old ones, which move to
//! [`StageRun::earlier`](super::StageRun::earlier); what the actions that are kept have produced stays.

use pipeline_model::model::{ConditionResult, ExecutionMode, RetryMode, Stage};

use super::condition::Gate;
use super::event::What;
use super::input::Refusal;
use super::state::{ActionStatus, ExecutionStatus, RetryTrigger, StageStatus};
use super::step::Stepping;

impl Stepping<'_> {
    /// `RetryStageExecution`.
    pub(super) fn retry(&mut self, execution: &str, stage: &str, mode: &RetryMode) -> Result<(), Refusal> {
        if let RetryMode::Unknown(mode) = mode {
            let message = format!(
                "Value '{mode}' at 'retryMode' failed to satisfy constraint: Member must satisfy enum value set: \
                 [FAILED_ACTIONS, ALL_ACTIONS]"
            );
            return Err(Refusal::new("ValidationException", message));
        }
        if self.state.pipeline.stage(stage).is_none() {
            return Err(Refusal::new("StageNotFoundException", format!("the pipeline has no stage `{stage}`")));
        }
        let not_latest = || {
            Refusal::new(
                "NotLatestPipelineExecutionException",
                format!("execution `{execution}` is not the last one that entered stage `{stage}`: retry that one"),
            )
        };
        let index = self.state.index_of(execution).ok_or_else(not_latest)?;
        let here = self.state.stages.iter().find(|here| here.name == stage);
        let latest = here.and_then(|here| here.latest.as_deref()) == Some(execution);
        if !latest && self.state.mode_of(index) != ExecutionMode::Parallel {
            return Err(not_latest());
        }
        let why = match self.state.executions[index].stages.last().filter(|run| run.name == stage) {
            _ if Some(self.state.executions[index].version) != self.state.pipeline.version => {
                "the pipeline was updated after the stage was not completed"
            }
            Some(run) => match run.status {
                StageStatus::Failed | StageStatus::Stopped => return self.retry_by_hand(index, stage, mode),
                StageStatus::InProgress | StageStatus::Stopping => "one or more actions are still in progress",
                StageStatus::Succeeded => "the stage contains no failed actions",
                StageStatus::Skipped => "the stage was skipped",
            },
            None => "the stage contains no failed actions",
        };
        Err(Refusal::new("StageNotRetryableException", format!("stage `{stage}` cannot be retried: {why}")))
    }

    fn retry_by_hand(&mut self, index: usize, stage: &str, mode: &RetryMode) -> Result<(), Refusal> {
        let pipeline = self.state.declared(index);
        let Some(place) = pipeline.stages.iter().position(|declared| declared.name == stage) else { return Ok(()) };
        self.reopen(index, place);
        self.resume(index, &pipeline.stages[place], mode);
        Ok(())
    }

    /// Brings an execution that ended in a stage back into it.
    pub(super) fn reopen(&mut self, index: usize, place: usize) {
        let execution = &mut self.state.executions[index];
        execution.status = ExecutionStatus::InProgress;
        execution.attempt += 1;
        execution.ended = None;
        // The cause was the old attempt's; a new failure tells its own.
        execution.summary = None;
        if let Some(run) = execution.stage_run() {
            run.retries.manual += 1;
            run.retries.latest = Some(RetryTrigger::ManualStageRetry);
            run.status = StageStatus::InProgress;
            run.ended = None;
        }
        let at = self.state.active.partition_point(|active| *active < index);
        self.state.active.insert(at, index);
        self.occupy(index, place);
        self.pipeline_event(index, "RESUMED");
        self.stage_resumed(index);
    }

    fn stage_resumed(&mut self, index: usize) {
        if let Some(run) = self.state.executions[index].stages.last() {
            let what = What::Stage { stage: run.name.clone(), started: run.started };
            self.event(index, what, "RESUMED");
        }
    }

    /// Tries a failed stage again if its `onFailure` says so. One automatic retry is allowed per passage through a stage;
    /// an execution that is being stopped starts nothing new.
    pub(super) fn retry_itself(&mut self, index: usize, stage: &Stage) -> bool {
        let Some(gate) = stage.on_failure.as_ref() else { return false };
        if gate.result != Some(ConditionResult::Retry) {
            return false;
        }
        let mode = gate.retry_configuration.as_ref().and_then(|retry| retry.retry_mode.clone());
        let execution = &mut self.state.executions[index];
        let stopping = execution.status == ExecutionStatus::Stopping;
        let Some(run) = execution.stages.last_mut().filter(|run| run.retries.automatic == 0 && !stopping) else {
            return false;
        };
        run.retries.automatic += 1;
        run.retries.latest = Some(RetryTrigger::AutomatedStageRetry);
        execution.summary = None;
        self.stage_resumed(index);
        self.resume(index, stage, &mode.unwrap_or(RetryMode::FailedActions));
        true
    }

    /// Replaces the action runs that the mode names, and starts the first of them. An entry condition that held is not
    /// asked again; any other one is.
    fn resume(&mut self, index: usize, declared: &Stage, mode: &RetryMode) {
        let execution = &mut self.state.executions[index];
        let Some(run) = execution.stages.last_mut() else { return };
        let all = *mode == RetryMode::AllActions;
        let again = std::mem::take(&mut run.actions).into_iter();
        let (again, kept): (Vec<_>, Vec<_>) = again.partition(|action| all || action.status != ActionStatus::Succeeded);
        run.actions = kept;
        for action in &again {
            // A later group of this stage must not read what the replaced run of a group before it had produced.
            execution.artifacts.retain(|name, key| !action.outputs.iter().any(|(n, k)| n == name && k == key));
            if let Some(namespace) = declared.action(&action.name).and_then(|action| action.namespace.as_ref()) {
                execution.namespaces.remove(namespace);
            }
        }
        run.earlier.extend(again);
        let gates = std::mem::take(&mut run.gates).into_iter();
        let (kept, again): (Vec<_>, Vec<_>) =
            gates.partition(|gate| gate.gate == Gate::BeforeEntry && gate.is_passed());
        run.gates = kept;
        run.earlier_gates.extend(again);
        if !run.gates.is_empty() || !self.open_gate(index, declared, Gate::BeforeEntry) {
            self.start_group(index, declared);
        }
    }
}

//! Retries and rollbacks of stages.

use aws_call::CallError;

use super::record::{ActionRun, Run};
use super::{MemoryCodePipeline, invalid, no_execution, no_stage};
use crate::client::{ActionStatus, ExecutionStatus, RetryStage, RollbackStage, StartedBy};
use crate::model::RetryMode;

impl MemoryCodePipeline {
    pub(super) fn run_again(&self, request: &RetryStage) -> Result<String, CallError> {
        const OPERATION: &str = "RetryStageExecution";
        let (id, name) = (&request.execution_id, &request.stage);
        let refuse = |code: &'static str, message: String| CallError::service(OPERATION, code, message);
        if let RetryMode::Unknown(word) = &request.mode {
            return Err(invalid(OPERATION, format!("`{word}` is no mode of a retry")));
        }
        self.change(OPERATION, &request.pipeline, |entry, now| {
            if entry.current().stage(name).is_none() {
                return Err(no_stage(OPERATION, name));
            }
            let version = entry.version();
            let run = entry.run(id).ok_or_else(|| no_execution(OPERATION, id))?;
            let Some(stage) = run.stage(name) else {
                return Err(refuse("StageNotRetryableException", format!("execution `{id}` has no stage `{name}`")));
            };
            if !matches!(stage.status, Some(ExecutionStatus::Failed | ExecutionStatus::Stopped)) {
                let message = format!("stage `{name}` of execution `{id}` has neither failed nor been stopped");
                return Err(refuse("StageNotRetryableException", message));
            }
            let newer = |other: &Run| other.stage(name).is_some_and(|other| other.entered > stage.entered);
            if run.version != version || entry.runs.iter().any(newer) {
                let message = format!("execution `{id}` is not the latest in stage `{name}`");
                return Err(refuse("NotLatestPipelineExecutionException", message));
            }
            let number = entry.next_entry();
            let Some(run) = entry.run_mut(id) else { return Err(no_execution(OPERATION, id)) };
            let all = request.mode == RetryMode::AllActions;
            for stage in run.stages.iter_mut().filter(|stage| stage.name == *name) {
                let again = |action: &&mut ActionRun| all || !action.is(&ActionStatus::Succeeded);
                for action in stage.actions.iter_mut().filter(again) {
                    run.replaced.extend(action.run.take());
                }
                stage.status = Some(ExecutionStatus::InProgress);
                stage.entered = number;
            }
            run.end(ExecutionStatus::InProgress, now);
            run.stop_reason = None;
            Ok(id.clone())
        })
    }

    pub(super) fn bring_back(&self, request: &RollbackStage) -> Result<String, CallError> {
        const OPERATION: &str = "RollbackStage";
        let (target, name) = (&request.target_execution_id, &request.stage);
        let new = self.ids.uuid();
        let refuse = |code: &'static str, message: String| CallError::service(OPERATION, code, message);
        let by = format!("{{\"AwsUserArn\":\"arn:aws:iam::{}:user/memory\"}}", self.account);
        self.change(OPERATION, &request.pipeline, |entry, now| {
            if entry.current().stage(name).is_none() {
                return Err(no_stage(OPERATION, name));
            }
            let version = entry.version();
            let run = entry.run(target).ok_or_else(|| no_execution(OPERATION, target))?;
            if run.rollback_of.is_some() {
                let message = "the target is a rollback itself".to_owned();
                return Err(refuse("UnableToRollbackStageException", message));
            }
            if run.version != version {
                let message = format!("execution `{target}` ran another version of the pipeline");
                return Err(refuse("PipelineExecutionOutdatedException", message));
            }
            if run.stage(name).and_then(|stage| stage.status.as_ref()) != Some(&ExecutionStatus::Succeeded) {
                let message = "Target pipeline execution has not completed successfully in the stage".to_owned();
                return Err(refuse("UnableToRollbackStageException", message));
            }
            let busy = |run: &Run| run.is_open() && run.stage(name).is_some_and(super::record::StageRun::is_active);
            if entry.runs.iter().any(busy) {
                let message = "Cannot start rollback while the stage is in progress".to_owned();
                return Err(refuse("UnableToRollbackStageException", message));
            }
            let mut started = StartedBy::new("ManualRollback");
            started.detail = Some(by);
            let mut back = Run::new(new.clone(), version, entry.current(), Some(name), started, now);
            back.variables.clone_from(&run.variables);
            back.rollback_of = Some(target.clone());
            entry.runs.push(back);
            Ok(new)
        })
    }
}

//! Going back: one stage runs again as an earlier execution ran it.
//!
//! A rollback is an execution of its own, of type `ROLLBACK`. It takes the variables and revisions of its target, enters
//! the stage at once, and ends with it; the other stages keep what newer executions did. The user guide says that
//! neither the source stage nor a pipeline in `PARALLEL` mode can be rolled back; the service accepts both by hand.

use aws_call::IdSource;
use serde_json::json;

use super::input::Refusal;
use super::state::{Execution, ExecutionStatus, ExecutionType, Position, Trigger};
use super::step::Stepping;

impl Stepping<'_> {
    /// `RollbackStage`.
    pub(super) fn roll_back(&mut self, stage: &str, target: &str, user: &str) -> Result<(), Refusal> {
        if !is_execution_id(target) {
            let message = format!(
                "Value '{target}' at 'targetPipelineExecutionId' failed to satisfy constraint: Member must satisfy \
                 regular expression pattern: [0-9a-f]{{8}}-[0-9a-f]{{4}}-[0-9a-f]{{4}}-[0-9a-f]{{4}}-[0-9a-f]{{12}}"
            );
            return Err(Refusal::new("ValidationException", message));
        }
        let Some(place) = self.state.pipeline.stages.iter().position(|declared| declared.name == stage) else {
            return Err(Refusal::new("StageNotFoundException", format!("the pipeline has no stage `{stage}`")));
        };
        let Some(index) = self.state.index_of(target) else {
            return Err(Refusal::new(
                "PipelineExecutionNotFoundException",
                format!("there is no execution `{target}`"),
            ));
        };
        let execution = &self.state.executions[index];
        if Some(execution.version) != self.state.pipeline.version {
            return Err(Refusal::new(
                "PipelineExecutionOutdatedException",
                "The specified pipeline execution is outdated and cannot be used as a target pipeline execution for rollback.",
            ));
        }
        let unable = |message: &str| Err(Refusal::new("UnableToRollbackStageException", message));
        if execution.kind == ExecutionType::Rollback {
            return unable("the target is a rollback itself: name the execution it went back to");
        }
        if !execution.succeeded_in(stage) {
            return unable("Target pipeline execution has not completed successfully in the stage");
        }
        if self.state.stages[place].holder.is_some() {
            return unable("Cannot start rollback while the stage is in progress");
        }
        let detail = json!({ "AwsUserArn": user }).to_string();
        let trigger = Trigger { kind: "ManualRollback".to_owned(), detail };
        let id = self.start_rollback(place, index, trigger, None);
        self.out.execution = Some(id);
        Ok(())
    }

    /// Rolls a failed stage back if there is an execution to go back to. A rollback that fails is not rolled back, and
    /// neither is an execution of a version that is no longer the current one: its targets would be refused by hand, too.
    pub(super) fn roll_back_itself(&mut self, index: usize, stage: usize) {
        let failed = &self.state.executions[index];
        let outdated = Some(failed.version) != self.state.pipeline.version;
        if failed.kind == ExecutionType::Rollback || outdated {
            return;
        }
        let declared = &self.state.declaration_of(index).stages[stage];
        let target = self.state.executions.iter().rposition(|execution| {
            execution.kind == ExecutionType::Standard
                && execution.version == failed.version
                && execution.succeeded_in(&declared.name)
        });
        if let Some(target) = target {
            let detail = json!({ "FailedPipelineExecutionId": failed.id }).to_string();
            let (failed, trigger) = (failed.id.clone(), Trigger { kind: "AutomatedRollback".to_owned(), detail });
            self.start_rollback(stage, target, trigger, Some(failed));
        }
    }

    fn start_rollback(&mut self, stage: usize, target: usize, trigger: Trigger, failed: Option<String>) -> String {
        let id = self.ids.uuid();
        let target = &self.state.executions[target];
        let (mut namespaces, mut artifacts) = (target.namespaces.clone(), target.artifacts.clone());
        // What this stage and those behind it produced does not exist yet when the stage begins.
        for action in self.state.pipeline.stages[stage..].iter().flat_map(|stage| &stage.actions) {
            action.output_artifacts.iter().for_each(|artifact| drop(artifacts.remove(&artifact.name)));
            action.namespace.iter().for_each(|namespace| drop(namespaces.remove(namespace)));
        }
        let execution = Execution {
            id: id.clone(),
            version: target.version,
            kind: ExecutionType::Rollback,
            rollback_target: Some(target.id.clone()),
            failed,
            attempt: 1,
            status: ExecutionStatus::InProgress,
            trigger,
            variables: target.variables.clone(),
            requested: target.revisions.iter().map(|known| (known.action.clone(), known.revision.clone())).collect(),
            revisions: target.revisions.clone(),
            namespaces,
            artifacts,
            position: Position::Before(stage),
            stages: Vec::new(),
            started: self.now,
            ended: None,
            summary: None,
        };
        let index = self.state.admit(execution);
        self.pipeline_event(index, "STARTED");
        self.enter(index, stage);
        id
    }
}

/// `[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`.
fn is_execution_id(id: &str) -> bool {
    let hex = |part: &str| part.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let parts: Vec<&str> = id.split('-').collect();
    parts.iter().all(|part| hex(part)) && parts.iter().map(|part| part.len()).eq([8, 4, 4, 4, 12])
}

//! Starts and stops of the in-memory service, and the state of its pipelines.

use std::collections::BTreeMap;
use std::time::SystemTime;

use async_trait::async_trait;
use aws_call::CallError;

use super::record::{Entry, Run, StageRun};
use super::{MemoryCodePipeline, invalid, no_execution, unsupported};
use crate::client::{
    ActionState, ActionStatus, ApprovalResult, Direction, ExecutionStatus, Executions, PipelineState, RetryStage,
    RollbackStage, StageState, StartExecution, StartedBy, StopExecution,
};
use crate::model::{Category, ExecutionMode};

/// Executions that may be under way at once in the modes `QUEUED` and `PARALLEL`.
const CONCURRENT_EXECUTIONS: usize = 50;
/// What the service takes as the kind of a revision.
const REVISIONS: [&str; 4] = ["COMMIT_ID", "IMAGE_DIGEST", "S3_OBJECT_VERSION_ID", "S3_OBJECT_KEY"];

#[async_trait]
impl Executions for MemoryCodePipeline {
    async fn start(&self, request: &StartExecution) -> Result<String, CallError> {
        const OPERATION: &str = "StartPipelineExecution";
        let id = self.ids.uuid();
        self.change(OPERATION, &request.name, |entry, now| {
            let given = given(OPERATION, request)?;
            if let Some(token) = &request.client_request_token
                && let Some(earlier) = entry.runs.iter().find(|run| run.token.as_ref() == Some(token))
            {
                return Ok(earlier.id.clone());
            }
            let (status, summary, variables) = bind(OPERATION, request, given, entry)?;
            let declaration = entry.current();
            if declaration.stages.iter().any(crate::Stage::has_gates) {
                return Err(unsupported(OPERATION, "the service in memory cannot evaluate the gates of stages"));
            }
            let open = entry.runs.iter().filter(|run| run.is_open()).count();
            let mode = declaration.effective_mode();
            if open >= CONCURRENT_EXECUTIONS && matches!(mode, ExecutionMode::Queued | ExecutionMode::Parallel) {
                let message =
                    format!("pipeline `{}` has {open} executions under way, which is the limit", request.name);
                let code = "ConcurrentPipelineExecutionsLimitExceededException";
                return Err(CallError::service(OPERATION, code, message));
            }
            let by = StartedBy::new("StartPipelineExecution");
            let mut run = Run::new(id.clone(), entry.version(), declaration, None, by, now);
            run.status = status;
            run.summary = summary;
            run.variables = variables;
            run.token.clone_from(&request.client_request_token);
            entry.runs.push(run);
            Ok(id)
        })
    }

    async fn state(&self, pipeline: &str) -> Result<PipelineState, CallError> {
        let state = self.look(pipeline, |entry| {
            let stages = entry.current().stages.iter().map(|stage| stage_state(entry, &stage.name));
            PipelineState::new(pipeline, entry.version(), stages.collect())
        });
        state.ok_or_else(|| self.not_found("GetPipelineState", pipeline))
    }

    async fn put_approval_result(&self, request: &ApprovalResult) -> Result<SystemTime, CallError> {
        self.answer(request)
    }

    async fn stop(&self, request: &StopExecution) -> Result<(), CallError> {
        const OPERATION: &str = "StopPipelineExecution";
        let id = &request.execution_id;
        if request.reason.as_ref().is_some_and(|reason| reason.chars().count() > 200) {
            return Err(invalid(OPERATION, "the reason has more than 200 characters"));
        }
        self.change(OPERATION, &request.pipeline, |entry, now| {
            let run = entry.run_mut(id).ok_or_else(|| no_execution(OPERATION, id))?;
            match (&run.status, request.abandon) {
                (ExecutionStatus::InProgress, false) => run.status = ExecutionStatus::Stopping,
                (ExecutionStatus::InProgress | ExecutionStatus::Stopping, true) => {
                    abandon(run, now);
                }
                (ExecutionStatus::Stopping, false) => {
                    let message = format!("execution `{id}` is stopping already");
                    return Err(CallError::service(OPERATION, "DuplicatedStopRequestException", message));
                }
                (status, _) => {
                    let message = format!("execution `{id}` cannot be stopped: its status is {status}");
                    return Err(CallError::service(OPERATION, "PipelineExecutionNotStoppableException", message));
                }
            }
            run.updated = now;
            run.stop_reason.clone_from(&request.reason);
            Ok(())
        })
    }

    async fn retry(&self, request: &RetryStage) -> Result<String, CallError> {
        self.run_again(request)
    }

    async fn rollback(&self, request: &RollbackStage) -> Result<String, CallError> {
        self.bring_back(request)
    }
}

/// The variables of a start, each once. The service looks at this before anything else.
fn given(operation: &'static str, request: &StartExecution) -> Result<BTreeMap<String, String>, CallError> {
    let mut given = BTreeMap::new();
    for (name, value) in &request.variables {
        if given.insert(name.clone(), value.clone()).is_some() {
            let message =
                format!("Variable names must be unique. The following variable name is already in use: {name}");
            return Err(invalid(operation, message));
        }
        if value.is_empty() || value.chars().count() > 1000 {
            return Err(invalid(operation, format!("the value of variable `{name}` must have 1 to 1000 characters")));
        }
    }
    Ok(given)
}

type Bound = (ExecutionStatus, Option<String>, BTreeMap<String, String>);

fn bind(
    operation: &'static str,
    request: &StartExecution,
    given: BTreeMap<String, String>,
    entry: &Entry,
) -> Result<Bound, CallError> {
    let declaration = entry.current();
    let declared = &declaration.variables;
    if let Some(name) = given.keys().find(|name| !declared.iter().any(|variable| variable.name == **name)) {
        return Err(invalid(operation, format!("variable `{name}` is not declared in pipeline `{}`", request.name)));
    }
    for revision in &request.source_revisions {
        if !REVISIONS.contains(&revision.kind.as_str()) {
            return Err(invalid(operation, format!("`{}` is no kind of revision", revision.kind)));
        }
        let mut sources = declaration.actions().filter(|(_, action)| action.name == revision.action);
        if !sources.any(|(_, action)| action.action_type_id.category == Category::Source) {
            return Err(invalid(operation, format!("there is no source action `{}`", revision.action)));
        }
    }
    let (mut missing, mut variables) = (Vec::new(), BTreeMap::new());
    for variable in declared {
        match given.get(&variable.name).or(variable.default_value.as_ref()) {
            Some(value) => {
                variables.insert(variable.name.clone(), value.clone());
            }
            None => missing.push(variable.name.as_str()),
        }
    }
    if missing.is_empty() {
        return Ok((ExecutionStatus::InProgress, None, variables));
    }
    // The service starts such an execution, and it fails at once.
    let summary = format!("Values for required variables haven't been provided: {}", missing.join(","));
    Ok((ExecutionStatus::Failed, Some(summary), BTreeMap::new()))
}

/// Leaves the running actions to themselves.
fn abandon(run: &mut Run, now: SystemTime) {
    for stage in run.stages.iter_mut().filter(|stage| stage.is_active()) {
        for action in stage.actions.iter_mut().filter(|action| action.is(&ActionStatus::InProgress)) {
            action.end(ActionStatus::Abandoned, None, now);
            if action.is_approval()
                && let Some(run) = &mut action.run
            {
                run.summary = Some("The approval action has been canceled.".to_owned());
            }
        }
        stage.status = Some(ExecutionStatus::Stopped);
    }
    run.end(ExecutionStatus::Stopped, now);
}

/// A stage as `GetPipelineState` shows it: by the execution that entered it last.
fn stage_state(entry: &Entry, name: &str) -> StageState {
    let entered = |run: &&Run| run.stage(name).is_some_and(|stage| stage.status.is_some());
    let latest = entry.runs.iter().filter(entered).max_by_key(|run| run.stage(name).map(|stage| stage.entered));
    let actions = entry.current().stage(name).map(|stage| stage.actions.as_slice()).unwrap_or_default();
    let actions = actions.iter().map(|action| {
        let mut state = ActionState::new(&action.name);
        let stage = latest.and_then(|run| Some((run, run.stage(name)?)));
        if let Some((run, stage)) = stage {
            fill(&mut state, run, stage, entry.version());
        }
        state
    });
    let mut state = StageState::new(name, actions.collect());
    state.latest_execution = latest.and_then(|run| {
        let status = run.stage(name)?.status.as_ref()?;
        Some((run.id.clone(), status.as_str().to_owned()))
    });
    state.disabled_reason = entry.closed.get(&(name.to_owned(), Direction::Inbound)).cloned();
    state.inbound_enabled = state.disabled_reason.is_none();
    let waiting = entry.runs.iter().filter(|run| run.waits_for() == Some(name));
    state.inbound_executions = waiting.map(|run| run.id.clone()).collect();
    state
}

fn fill(state: &mut ActionState, run: &Run, stage: &StageRun, version: u32) {
    let Some(action) = stage.actions.iter().find(|action| action.action.name == state.name) else { return };
    let Some(done) = &action.run else { return };
    let waits = action.is_approval() && done.status == ActionStatus::InProgress;
    state.status = Some(done.status.as_str().to_owned());
    state.summary.clone_from(&done.summary);
    state.error.clone_from(&done.error);
    if waits && run.version != version {
        // An update makes a waiting approval fail in this view and takes its token away.
        state.status = Some(ActionStatus::Failed.as_str().to_owned());
    } else if waits && run.mode != ExecutionMode::Parallel {
        state.token = Some(done.id.clone());
    }
    if !action.is_approval() {
        state.external_execution_id.clone_from(&done.external_id);
    }
}

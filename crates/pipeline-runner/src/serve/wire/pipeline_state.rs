//! `GetPipelineState`: stages, who waits before them, and the latest run of every action.

use std::collections::BTreeMap;

use jiff::Timestamp;
use pipeline_model::model::{Action, ExecutionMode, Stage};
use serde_json::{Value as Json, json};

use super::rule_executions::condition_state;
use super::{error_details, execution_type, object, stamp, text};
use crate::core::{ActionRun, ActionStatus, Execution, Gate, StageRun, StageState, State, is_manual_approval};

/// The latest run of each action that ever ran, by stage and action.
fn latest_runs(state: &State) -> BTreeMap<(&str, &str), (&Execution, &ActionRun)> {
    let mut latest = BTreeMap::<_, (&Execution, &ActionRun)>::new();
    for execution in &state.executions {
        for run in &execution.stages {
            // What a retry has replaced is older than what replaces it.
            for action in run.earlier.iter().chain(&run.actions) {
                let known = latest.entry((run.name.as_str(), action.name.as_str())).or_insert((execution, action));
                if known.1.started <= action.started {
                    *known = (execution, action);
                }
            }
        }
    }
    latest
}

/// The answer of `GetPipelineState`.
pub(in crate::serve) fn pipeline_state(state: &State, created: Timestamp, updated: Timestamp) -> Json {
    let latest = latest_runs(state);
    let stages: Vec<Json> = state
        .pipeline
        .stages
        .iter()
        .map(|stage| {
            let here = state.stages.iter().find(|here| here.name == stage.name);
            let actions = stage.actions.iter().map(|action| {
                let latest = latest.get(&(stage.name.as_str(), action.name.as_str())).copied();
                action_state(state, action, latest)
            });
            stage_state(state, stage, here, &actions.collect::<Vec<_>>())
        })
        .collect();
    json!({
        "pipelineName": state.pipeline.name,
        "pipelineVersion": state.pipeline.version.unwrap_or(1),
        "stageStates": stages,
        "created": stamp(created),
        "updated": stamp(updated),
    })
}

fn stage_state(state: &State, stage: &Stage, here: Option<&StageState>, actions: &[Json]) -> Json {
    let waiting = here.map(|here| here.waiting.as_slice()).unwrap_or_default();
    let inbound: Vec<Json> = waiting
        .iter()
        .filter_map(|id| state.execution(id))
        .map(|execution| stage_execution(execution, &json!(execution.status)))
        .collect();
    let last = here.and_then(|here| state.execution(here.latest.as_deref()?));
    let passage = last.and_then(|execution| Some((execution, passage(execution, &stage.name)?)));
    let condition = |gate| condition_state(gate, stage, passage.map(|(_, run)| run));
    let disabled = here.and_then(|here| here.disabled.as_ref());
    object([
        ("stageName", Some(json!(stage.name))),
        // Where at most one execution can wait, it is told of on its own as well.
        (
            "inboundExecution",
            inbound.last().cloned().filter(|_| state.pipeline.effective_mode() == ExecutionMode::Superseded),
        ),
        ("inboundExecutions", Some(json!(inbound))),
        (
            "inboundTransitionState",
            Some(object([("enabled", Some(json!(disabled.is_none()))), ("disabledReason", text(disabled))])),
        ),
        ("actionStates", Some(json!(actions))),
        ("latestExecution", passage.map(|(execution, run)| stage_execution(execution, &json!(run.status)))),
        ("beforeEntryConditionState", condition(Gate::BeforeEntry)),
        ("onSuccessConditionState", condition(Gate::OnSuccess)),
        ("onFailureConditionState", condition(Gate::OnFailure)),
        ("retryStageMetadata", passage.and_then(|(_, run)| retries(run))),
    ])
}

/// The passage of an execution through a stage.
fn passage<'e>(execution: &'e Execution, stage: &str) -> Option<&'e StageRun> {
    execution.stages.iter().rfind(|run| run.name == stage)
}

fn stage_execution(execution: &Execution, status: &Json) -> Json {
    json!({ "pipelineExecutionId": execution.id, "status": status, "type": execution_type(execution.kind) })
}

fn retries(run: &StageRun) -> Option<Json> {
    let count = |number: u32| Some(number).filter(|number| *number > 0).map(|number| json!(number));
    let latest = run.retries.latest?;
    Some(object([
        ("autoStageRetryAttempt", count(run.retries.automatic)),
        ("manualStageRetryAttempt", count(run.retries.manual)),
        ("latestRetryTrigger", Some(json!(latest))),
    ]))
}

fn action_state(state: &State, action: &Action, latest: Option<(&Execution, &ActionRun)>) -> Json {
    let revision = latest.and_then(|(execution, run)| {
        let mut known = execution.revisions.iter();
        known.find(|revision| revision.action == run.name).map(|revision| json!({ "revisionId": revision.revision }))
    });
    object([
        ("actionName", Some(json!(action.name))),
        ("currentRevision", revision),
        ("latestExecution", latest.map(|(execution, run)| action_execution(state, action, execution, run))),
    ])
}

fn action_execution(state: &State, action: &Action, execution: &Execution, run: &ActionRun) -> Json {
    let open = is_manual_approval(&action.action_type_id) && run.status == ActionStatus::InProgress;
    // The user guide: executions in PARALLEL mode have their tokens in ListActionExecutions only.
    let parallel = state.declaration(execution.version).effective_mode() == ExecutionMode::Parallel;
    // Observed: an update makes a waiting approval fail in this view and takes its token away.
    let status = if open && run.outdated { json!(ActionStatus::Failed) } else { json!(run.status) };
    object([
        ("actionExecutionId", Some(json!(run.id))),
        ("status", Some(status)),
        ("summary", text(run.summary.as_ref())),
        ("lastStatusChange", Some(stamp(run.ended.unwrap_or(run.started)))),
        ("token", Some(json!(run.id)).filter(|_| open && !run.outdated && !parallel)),
        ("externalExecutionId", text(run.external_id.as_ref())),
        ("errorDetails", error_details(run.failure.as_ref())),
    ])
}

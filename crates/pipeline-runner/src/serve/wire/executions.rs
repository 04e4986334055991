//! `GetPipelineExecution`, `ListPipelineExecutions` and `ListPipelines`.

use jiff::Timestamp;
use pipeline_model::model::Pipeline;
use serde_json::{Value as Json, json};

use super::{execution_type, object, rollback, stamp, text, trigger, with};
use crate::core::{Execution, ExecutionStatus, State};

/// `pipelineExecution` of `GetPipelineExecution`.
pub(in crate::serve) fn execution(state: &State, execution: &Execution) -> Json {
    let declared = state.declaration(execution.version);
    let revisions: Vec<Json> = execution
        .revisions
        .iter()
        .flat_map(|revision| {
            let of_action = declared.actions().filter(|(_, action)| action.name == revision.action);
            let outputs = of_action.flat_map(|(_, action)| action.output_artifacts.iter());
            outputs.map(|artifact| json!({ "name": artifact.name, "revisionId": revision.revision }))
        })
        .collect();
    // Observed: an execution that lacks the value of a required variable has none at all.
    let never_bound = execution.status == ExecutionStatus::Failed && execution.stages.is_empty();
    let variables: Vec<Json> = execution
        .variables
        .iter()
        .filter(|_| !never_bound)
        .map(|(name, value)| json!({ "name": name, "resolvedValue": value }))
        .collect();
    with(
        shared(state, execution),
        [
            ("pipelineName", Some(json!(state.pipeline.name))),
            ("pipelineVersion", Some(json!(execution.version))),
            ("artifactRevisions", Some(json!(revisions))),
            ("variables", Some(json!(variables)).filter(|_| !variables.is_empty())),
        ],
    )
}

/// One of the `pipelineExecutionSummaries` of `ListPipelineExecutions`.
pub(in crate::serve) fn execution_summary(state: &State, execution: &Execution) -> Json {
    let revisions: Vec<Json> = execution
        .revisions
        .iter()
        .map(|revision| json!({ "actionName": revision.action, "revisionId": revision.revision }))
        .collect();
    let stopped = matches!(execution.status, ExecutionStatus::Stopping | ExecutionStatus::Stopped);
    with(
        shared(state, execution),
        [
            ("startTime", Some(stamp(execution.started))),
            ("lastUpdateTime", Some(stamp(last_update(execution)))),
            ("sourceRevisions", Some(json!(revisions))),
            (
                "stopTrigger",
                text(execution.summary.as_ref()).filter(|_| stopped).map(|reason| json!({ "reason": reason })),
            ),
        ],
    )
}

/// What both tell alike.
fn shared(state: &State, execution: &Execution) -> Json {
    object([
        ("pipelineExecutionId", Some(json!(execution.id))),
        ("status", Some(json!(execution.status))),
        ("statusSummary", text(execution.summary.as_ref())),
        ("trigger", Some(trigger(&execution.trigger))),
        ("executionMode", Some(json!(state.declaration(execution.version).effective_mode()))),
        ("executionType", Some(execution_type(execution.kind))),
        ("rollbackMetadata", rollback(execution)),
    ])
}

/// When anything last happened to an execution.
fn last_update(execution: &Execution) -> Timestamp {
    let runs = execution.stages.iter().flat_map(|stage| &stage.actions);
    let times = runs.map(|run| run.ended.unwrap_or(run.started)).chain(execution.ended);
    times.fold(execution.started, Timestamp::max)
}

/// One of the `pipelines` of `ListPipelines`.
pub(in crate::serve) fn pipeline_summary(pipeline: &Pipeline, created: Timestamp, updated: Timestamp) -> Json {
    json!({
        "name": pipeline.name,
        "version": pipeline.version.unwrap_or(1),
        "pipelineType": if pipeline.is_v2() { "V2" } else { "V1" },
        "executionMode": pipeline.effective_mode(),
        "created": stamp(created),
        "updated": stamp(updated),
    })
}

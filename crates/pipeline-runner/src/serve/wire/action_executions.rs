//! `ListActionExecutions`: every run of every action, also those that a retry has replaced.

use std::collections::BTreeMap;

use pipeline_model::model::{Action, ConfigValue, Pipeline};
use serde_json::{Value as Json, json};

use super::{error_details, object, stamp, text};
use crate::core::{ActionRun, Execution, StageRun, State, Variables, is_manual_approval};

/// A run of an action with what it belongs to.
pub(in crate::serve) type Run<'s> = (&'s Execution, &'s StageRun, &'s ActionRun);

/// The runs of these executions, the newest first.
pub(in crate::serve) fn newest_first<'s>(executions: impl Iterator<Item = &'s Execution>) -> Vec<Run<'s>> {
    let mut runs: Vec<Run<'_>> = executions
        .flat_map(|execution| {
            execution.stages.iter().flat_map(move |stage| {
                stage.earlier.iter().chain(&stage.actions).map(move |action| (execution, stage, action))
            })
        })
        .collect();
    runs.reverse();
    // Stable: those that began in the same moment stay as they are.
    runs.sort_by_key(|(_, _, action)| std::cmp::Reverse(action.started));
    runs
}

/// One of the `actionExecutionDetails`.
pub(in crate::serve) fn action_execution(state: &State, (execution, stage, run): Run<'_>) -> Json {
    let pipeline = state.declaration(execution.version);
    let declared = pipeline.stage(&stage.name).and_then(|stage| stage.action(&run.name));
    object([
        ("pipelineExecutionId", Some(json!(execution.id))),
        ("actionExecutionId", Some(json!(run.id))),
        ("pipelineVersion", Some(json!(execution.version))),
        ("stageName", Some(json!(stage.name))),
        ("actionName", Some(json!(run.name))),
        ("startTime", Some(stamp(run.started))),
        ("lastUpdateTime", Some(stamp(run.ended.unwrap_or(run.started)))),
        ("status", Some(json!(run.status))),
        ("input", declared.map(|action| input(pipeline, execution, action))),
        ("output", Some(output(pipeline, execution, declared, run))),
    ])
}

fn input(pipeline: &Pipeline, execution: &Execution, action: &Action) -> Json {
    let shown: BTreeMap<&str, &str> =
        action.configuration.iter().map(|(key, value)| (key.as_str(), value.shown())).collect();
    let inputs = action.input_artifacts.iter();
    let inputs: Vec<Json> = inputs
        .map(|input| artifact(pipeline, &input.name, execution.artifacts.get(&input.name).map(String::as_str)))
        .collect();
    object([
        ("actionTypeId", Some(json!(action.action_type_id))),
        ("configuration", Some(json!(shown))),
        ("resolvedConfiguration", Some(json!(resolved(execution, &action.configuration)))),
        ("roleArn", text(action.role_arn.as_ref())),
        ("region", text(action.region.as_ref())),
        ("inputArtifacts", Some(json!(inputs))),
        ("namespace", text(action.namespace.as_ref())),
    ])
}

/// The configuration with its references replaced; secrets stay hidden, and what cannot be resolved stays as it is.
pub(super) fn resolved(
    execution: &Execution,
    configuration: &BTreeMap<String, ConfigValue>,
) -> BTreeMap<String, String> {
    let variables =
        Variables { execution_id: &execution.id, pipeline: &execution.variables, namespaces: &execution.namespaces };
    let resolve = |value: &ConfigValue| variables.resolve(value.shown()).unwrap_or_else(|_| value.shown().to_owned());
    configuration.iter().map(|(key, value)| (key.clone(), resolve(value))).collect()
}

fn output(pipeline: &Pipeline, execution: &Execution, declared: Option<&Action>, run: &ActionRun) -> Json {
    let artifacts: Vec<Json> = run.outputs.iter().map(|(name, key)| artifact(pipeline, name, Some(key))).collect();
    let namespace = declared.and_then(|action| action.namespace.as_ref());
    let variables = namespace.and_then(|namespace| execution.namespaces.get(namespace)).filter(|_| run.ended.is_some());
    // The user guide: this is where the token of an approval in PARALLEL mode is found.
    let approval = declared.is_some_and(|action| is_manual_approval(&action.action_type_id)).then_some(&run.id);
    let result = object([
        ("externalExecutionId", text(run.external_id.as_ref().or(approval))),
        ("externalExecutionSummary", text(run.summary.as_ref())),
        ("errorDetails", error_details(run.failure.as_ref())),
    ]);
    object([
        ("outputArtifacts", Some(json!(artifacts))),
        (
            "executionResult",
            Some(result).filter(|result| result.as_object().is_some_and(|members| !members.is_empty())),
        ),
        ("outputVariables", Some(json!(variables.cloned().unwrap_or_default()))),
    ])
}

/// An artifact with its place in the pipeline's store.
pub(super) fn artifact(pipeline: &Pipeline, name: &str, key: Option<&str>) -> Json {
    let store = pipeline.artifact_store.as_ref();
    let store = store.or_else(|| pipeline.artifact_stores.as_ref()?.values().next());
    let place = store.zip(key).map(|(store, key)| json!({ "bucket": store.location, "key": key }));
    object([("name", Some(json!(name))), ("s3location", place)])
}

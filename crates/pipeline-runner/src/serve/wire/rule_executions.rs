//! Conditions of stages: their part of `GetPipelineState`, and `ListRuleExecutions`.

use std::collections::BTreeMap;

use pipeline_model::model::{ConditionRule, Stage};
use serde_json::{Value as Json, json};

use super::action_executions::{artifact, resolved};
use super::{error_details, object, stamp, text};
use crate::core::{ActionRun, Execution, Gate, StageRun, State};

/// A run of a rule with what it belongs to.
pub(in crate::serve) type Run<'s> = (&'s Execution, &'s StageRun, Gate, &'s ActionRun);

/// The runs of rules of these executions, the newest first; with `latest` without those that a retry has replaced.
pub(in crate::serve) fn rules_newest_first<'s>(
    executions: impl Iterator<Item = &'s Execution>,
    latest: bool,
) -> Vec<Run<'s>> {
    let mut runs: Vec<Run<'_>> = executions
        .flat_map(|execution| execution.stages.iter().map(move |stage| (execution, stage)))
        .flat_map(|(execution, stage)| {
            let gates = stage.earlier_gates.iter().filter(move |_| !latest).chain(&stage.gates);
            gates.flat_map(move |gate| gate.rules.iter().map(move |rule| (execution, stage, gate.gate, rule)))
        })
        .collect();
    runs.reverse();
    runs.sort_by_key(|(_, _, _, rule)| std::cmp::Reverse(rule.started));
    runs
}

/// One of the `ruleExecutionDetails`.
pub(in crate::serve) fn rule_execution(state: &State, (execution, stage, gate, run): Run<'_>) -> Json {
    let pipeline = state.declaration(execution.version);
    let declared = pipeline.stage(&stage.name).and_then(|stage| gate.condition(stage));
    let declared = declared.and_then(|condition| condition.rules.iter().find(|rule| rule.name == run.name));
    let result = object([
        ("externalExecutionId", text(run.external_id.as_ref())),
        ("externalExecutionSummary", text(run.summary.as_ref())),
        ("errorDetails", error_details(run.failure.as_ref())),
    ]);
    let input = declared.map(|rule: &ConditionRule| {
        let shown: BTreeMap<&str, &str> =
            rule.configuration.iter().map(|(key, value)| (key.as_str(), value.shown())).collect();
        let inputs: Vec<Json> = rule
            .input_artifacts
            .iter()
            .map(|input| artifact(pipeline, &input.name, execution.artifacts.get(&input.name).map(String::as_str)))
            .collect();
        object([
            ("ruleTypeId", Some(json!(rule.rule_type_id))),
            ("configuration", Some(json!(shown))),
            ("resolvedConfiguration", Some(json!(resolved(execution, &rule.configuration)))),
            ("roleArn", text(rule.role_arn.as_ref())),
            ("region", text(rule.region.as_ref())),
            ("inputArtifacts", Some(json!(inputs))),
        ])
    });
    object([
        ("pipelineExecutionId", Some(json!(execution.id))),
        ("ruleExecutionId", Some(json!(run.id))),
        ("pipelineVersion", Some(json!(execution.version))),
        ("stageName", Some(json!(stage.name))),
        ("ruleName", Some(json!(run.name))),
        ("startTime", Some(stamp(run.started))),
        ("lastUpdateTime", Some(stamp(run.ended.unwrap_or(run.started)))),
        ("status", Some(json!(run.status))),
        ("input", input),
        ("output", Some(json!({ "executionResult": result }))),
    ])
}

/// `beforeEntryConditionState` and its like: there where the stage declares such a condition.
pub(super) fn condition_state(gate: Gate, stage: &Stage, passage: Option<&StageRun>) -> Option<Json> {
    let declared = gate.condition(stage)?;
    let run = passage.and_then(|passage| passage.gates.iter().rfind(|run| run.gate == gate));
    let rules: Vec<Json> = declared
        .rules
        .iter()
        .map(|rule| {
            let latest = run.and_then(|run| run.rules.iter().find(|known| known.name == rule.name));
            object([("ruleName", Some(json!(rule.name))), ("latestExecution", latest.map(rule_state))])
        })
        .collect();
    let changed = run.map(|run| stamp(run.ended.unwrap_or(run.started)));
    let condition = object([
        (
            "latestExecution",
            run.map(|run| object([("status", Some(json!(run.status))), ("lastStatusChange", changed)])),
        ),
        ("ruleStates", Some(json!(rules))),
    ]);
    Some(object([
        ("latestExecution", run.map(|run| json!({ "status": run.status }))),
        ("conditionStates", Some(json!([condition]))),
    ]))
}

fn rule_state(run: &ActionRun) -> Json {
    object([
        ("ruleExecutionId", Some(json!(run.id))),
        ("status", Some(json!(run.status))),
        ("summary", text(run.summary.as_ref())),
        ("lastStatusChange", Some(stamp(run.ended.unwrap_or(run.started)))),
        ("externalExecutionId", text(run.external_id.as_ref())),
        ("errorDetails", error_details(run.failure.as_ref())),
    ])
}

//! What the page draws, as one JSON document: all pipelines in a line each, and one of them in full.

use aws_call::Secret;
use pipeline_model::model::{Action, ConfigValue, Pipeline, Stage};
use serde_json::{Value as Json, json};

use crate::core::{
    ActionRun, ActionStatus, Execution, ExecutionStatus, GateRun, StageRun, StageStatus, State, Variables,
    is_manual_approval,
};
use crate::serve::logs::Logs;
use crate::serve::wire::{object, stamp};

/// Shorter values are no secrets, and hiding them would hide everything.
const SHORTEST: usize = 4;

/// Executions that the page lists.
const EXECUTIONS: usize = 30;

/// The secrets in a pipeline's declarations: what nothing on the page may show, also where an action has printed it.
pub(in crate::serve) fn secrets(state: &State) -> Vec<Secret> {
    let pipelines = state.versions.values().map(|version| &**version).chain([&*state.pipeline]);
    let values = pipelines.flat_map(Pipeline::actions).flat_map(|(_, action)| action.configuration.values());
    let hidden = values.filter(|value| value.is_secret() && !value.is_redacted());
    hidden.map(ConfigValue::expose).filter(|value| value.len() >= SHORTEST).map(Secret::new).collect()
}

/// Takes secrets out of every text.
pub(in crate::serve) fn hide(shown: &mut Json, secrets: &[Secret]) {
    match shown {
        Json::String(text) => secrets.iter().for_each(|secret| *text = secret.mask(text)),
        Json::Array(parts) => parts.iter_mut().for_each(|part| hide(part, secrets)),
        Json::Object(members) => members.values_mut().for_each(|member| hide(member, secrets)),
        _ => {}
    }
}

/// Whether a run of an action or a rule is one of this pipeline.
pub(in crate::serve) fn has_run(state: &State, id: &str) -> bool {
    let stages = || state.executions.iter().flat_map(|execution| &execution.stages);
    let gates = stages().flat_map(|stage| stage.gates.iter().chain(&stage.earlier_gates));
    state.executions.iter().any(|execution| execution.action(id).is_some())
        || gates.flat_map(|gate| &gate.rules).any(|rule| rule.id == id)
}

/// A pipeline in the list of all.
pub(in crate::serve) fn line(state: &State) -> Json {
    let latest = state.executions.last();
    let running = state.executions.iter().filter(|execution| !execution.status.is_terminal()).count();
    json!({
        "name": state.pipeline.name,
        "status": latest.map(|execution| execution.status),
        "started": latest.map(|execution| stamp(execution.started)),
        "running": running,
        "approvals": approvals(state).count(),
    })
}

/// Approvals that somebody can answer.
fn approvals(state: &State) -> impl Iterator<Item = &ActionRun> {
    let open = state.executions.iter().filter(|execution| !execution.status.is_terminal());
    open.flat_map(move |execution| {
        let declared = state.declaration(execution.version);
        let run = execution.stages.last();
        run.into_iter().flat_map(move |run| {
            let stage = declared.stage(&run.name);
            run.actions.iter().filter(move |action| {
                let declared = stage.and_then(|stage| stage.action(&action.name));
                declared.is_some_and(|declared| waits(declared, action))
            })
        })
    })
}

fn waits(declared: &Action, run: &ActionRun) -> bool {
    is_manual_approval(&declared.action_type_id) && run.status == ActionStatus::InProgress && !run.outdated
}

/// A pipeline in full. Its stages show the execution `selected`, or else each the last one that entered it.
pub(in crate::serve) fn pipeline(state: &State, selected: Option<&str>, logs: &Logs) -> Json {
    let selected = selected.and_then(|id| state.execution(id));
    let declared = selected.map_or(&*state.pipeline, |execution| state.declaration(execution.version));
    let stages: Vec<Json> = declared.stages.iter().map(|stage| stage_view(state, stage, selected, logs)).collect();
    let executions: Vec<Json> =
        state.executions.iter().rev().take(EXECUTIONS).map(|execution| execution_view(state, execution)).collect();
    let variables = state.pipeline.variables.iter();
    let variables: Vec<Json> = variables
        .map(|variable| {
            json!({
                "name": variable.name, "default": variable.default_value, "description": variable.description,
            })
        })
        .collect();
    json!({
        "name": state.pipeline.name,
        "version": state.pipeline.version,
        "mode": state.pipeline.effective_mode(),
        "selected": selected.map(|execution| &execution.id),
        "variables": variables,
        "stages": stages,
        "executions": executions,
        "older": state.executions.len().saturating_sub(EXECUTIONS),
    })
}

fn stage_view(state: &State, stage: &Stage, selected: Option<&Execution>, logs: &Logs) -> Json {
    let here = state.stages.iter().find(|here| here.name == stage.name);
    let execution = selected.or_else(|| state.execution(here?.latest.as_deref()?));
    let passage = execution.and_then(|execution| execution.stages.iter().rfind(|run| run.name == stage.name));
    let shown = execution.zip(passage);
    let latest = here.and_then(|here| here.latest.as_ref());
    let retry = shown.is_some_and(|(execution, run)| {
        matches!(run.status, StageStatus::Failed | StageStatus::Stopped)
            && latest == Some(&execution.id)
            && Some(execution.version) == state.pipeline.version
    });
    let actions: Vec<Json> = stage.actions.iter().map(|action| action_view(action, shown, logs)).collect();
    json!({
        "name": stage.name,
        "disabled": here.and_then(|here| here.disabled.as_ref()),
        "waiting": here.map(|here| here.waiting.as_slice()).unwrap_or_default(),
        "passage": shown.map(|(execution, run)| json!({
            "execution": execution.id,
            "status": run.status,
            "started": stamp(run.started),
            "ended": run.ended.map(stamp),
            "retries": run.retries.automatic + run.retries.manual,
        })),
        "retry": retry,
        "gates": shown.map(|(_, run)| run.gates.iter().map(|gate| gate_view(gate, logs)).collect::<Vec<_>>()).unwrap_or_default(),
        "actions": actions,
    })
}

/// A condition with its rules.
fn gate_view(gate: &GateRun, logs: &Logs) -> Json {
    let rules = gate.rules.iter().map(|rule| {
        json!({
            "id": rule.id,
            "name": rule.name,
            "status": rule.status,
            "said": rule.failure.as_ref().map(|failure| &failure.message).or(rule.summary.as_ref()),
            "lines": logs.count(&rule.id),
        })
    });
    json!({ "gate": gate.gate, "status": gate.status, "rules": rules.collect::<Vec<_>>() })
}

fn action_view(action: &Action, shown: Option<(&Execution, &StageRun)>, logs: &Logs) -> Json {
    let run = shown.and_then(|(execution, stage)| {
        let run = stage.actions.iter().rfind(|run| run.name == action.name)?;
        Some(run_view(action, execution, run, logs))
    });
    json!({
        "name": action.name,
        "category": action.action_type_id.category,
        "provider": action.action_type_id.provider,
        "order": action.effective_run_order(),
        "run": run,
    })
}

fn run_view(action: &Action, execution: &Execution, run: &ActionRun, logs: &Logs) -> Json {
    object([
        ("id", Some(json!(run.id))),
        ("status", Some(json!(run.status))),
        ("summary", run.summary.as_ref().map(|summary| json!(summary))),
        ("error", run.failure.as_ref().map(|failure| json!({ "code": failure.kind, "message": failure.message }))),
        ("external", run.external_id.as_ref().map(|id| json!(id))),
        ("started", Some(stamp(run.started))),
        ("ended", run.ended.map(stamp)),
        ("lines", Some(json!(logs.count(&run.id)))),
        ("approval", waits(action, run).then(|| approval(action, execution))),
        ("outdated", Some(json!(true)).filter(|_| run.outdated)),
    ])
}

/// What a reviewer is told.
fn approval(action: &Action, execution: &Execution) -> Json {
    let variables =
        Variables { execution_id: &execution.id, pipeline: &execution.variables, namespaces: &execution.namespaces };
    let told = |key: &str| {
        let value = action.configuration.get(key)?;
        Some(variables.resolve(value.shown()).unwrap_or_else(|_| value.shown().to_owned()))
    };
    // A link that runs a script in the page is none.
    let link = told("ExternalEntityLink").filter(|link| link.starts_with("https://") || link.starts_with("http://"));
    json!({
        "about": told("CustomData"),
        "link": link,
        "summaryRequired": action.config("IsSummaryRequired") == Some("true"),
    })
}

fn execution_view(state: &State, execution: &Execution) -> Json {
    let stages: Vec<Json> = state
        .declaration(execution.version)
        .stages
        .iter()
        .map(|stage| {
            let run = execution.stages.iter().rfind(|run| run.name == stage.name);
            json!({ "name": stage.name, "status": run.map(|run| run.status) })
        })
        .collect();
    json!({
        "id": execution.id,
        "status": execution.status,
        "summary": execution.summary,
        "version": execution.version,
        "attempt": execution.attempt,
        "trigger": execution.trigger.kind,
        "by": execution.trigger.detail,
        "rollbackTo": execution.rollback_target,
        "variables": execution.variables,
        "revisions": execution.revisions.iter().map(|known| json!([known.action, known.revision])).collect::<Vec<_>>(),
        "started": stamp(execution.started),
        "ended": execution.ended.map(stamp),
        "stages": stages,
        "stoppable": !execution.status.is_terminal(),
        "stopping": execution.status == ExecutionStatus::Stopping,
    })
}

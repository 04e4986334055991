//! What is and what was: pipelines, executions, runs of actions.

use aws_call::serve::Refusal;
use serde_json::{Value as Json, json};

use super::{Api, no_such_execution, no_such_stage};
use crate::serve::input::Input;
use crate::serve::wire::{self, Page};

/// Entries of a page.
const PIPELINES: usize = 1000;
const EXECUTIONS: usize = 100;

impl Api {
    pub(super) async fn list_pipelines(&self, input: &Input) -> Result<Json, Refusal> {
        let page = Page::read(input, PIPELINES)?;
        let names = self.0.host.names().await.map_err(|error| super::refusal(&error))?;
        let (names, next) = page.cut(names, |name| name)?;
        let mut pipelines = Vec::with_capacity(names.len());
        for name in names {
            let times = self.0.times(&name);
            let summary =
                self.look(&name, move |state| wire::pipeline_summary(&state.pipeline, times.created, times.updated));
            // One that has been deleted meanwhile is not there.
            pipelines.extend(summary.await.ok());
        }
        Ok(wire::object([("pipelines", Some(json!(pipelines))), ("nextToken", next.map(Json::from))]))
    }

    pub(super) async fn get_pipeline_execution(&self, input: &Input) -> Result<Json, Refusal> {
        let (name, id) = (input.name("pipelineName")?, input.execution("pipelineExecutionId")?.to_owned());
        let found = self.look(name, move |state| {
            let execution = state.execution(&id).ok_or_else(|| no_such_execution(&id))?;
            Ok(json!({ "pipelineExecution": wire::execution(state, execution) }))
        });
        found.await?
    }

    pub(super) async fn list_pipeline_executions(&self, input: &Input) -> Result<Json, Refusal> {
        let name = input.name("pipelineName")?;
        let page = Page::read(input, EXECUTIONS)?;
        let succeeded = match input.inner("filter")? {
            None => None,
            Some(filter) => match filter.inner("succeededInStage")? {
                None => None,
                Some(filter) => Some(filter.name("stageName")?.to_owned()),
            },
        };
        let listed = self.look(name, move |state| {
            if let Some(stage) = succeeded.as_ref().filter(|stage| state.pipeline.stage(stage).is_none()) {
                return Err(no_such_stage(stage));
            }
            let executions = state.executions.iter().rev();
            let executions: Vec<_> = executions
                .filter(|execution| succeeded.as_ref().is_none_or(|stage| execution.succeeded_in(stage)))
                .collect();
            let (executions, next) = page.cut(executions, |execution| &execution.id)?;
            let executions: Vec<Json> =
                executions.into_iter().map(|execution| wire::execution_summary(state, execution)).collect();
            Ok(wire::object([
                ("pipelineExecutionSummaries", Some(json!(executions))),
                ("nextToken", next.map(Json::from)),
            ]))
        });
        listed.await?
    }

    pub(super) async fn list_action_executions(&self, input: &Input) -> Result<Json, Refusal> {
        let name = input.name("pipelineName")?;
        let page = Page::read(input, EXECUTIONS)?;
        let (of, latest) = within(input)?;
        let listed = self.look(name, move |state| {
            if let Some(id) = of.as_ref().filter(|id| state.execution(id).is_none()) {
                return Err(no_such_execution(id));
            }
            let executions = state.executions.iter();
            let mut runs =
                wire::newest_first(executions.filter(|execution| of.as_ref().is_none_or(|id| execution.id == *id)));
            // What a retry has replaced is not the latest.
            runs.retain(|(_, stage, run)| !latest || !stage.earlier.iter().any(|earlier| earlier.id == run.id));
            let (runs, next) = page.cut(runs, |(_, _, run)| &run.id)?;
            let runs: Vec<Json> = runs.into_iter().map(|run| wire::action_execution(state, run)).collect();
            Ok(wire::object([("actionExecutionDetails", Some(json!(runs))), ("nextToken", next.map(Json::from))]))
        });
        listed.await?
    }

    pub(super) async fn list_rule_executions(&self, input: &Input) -> Result<Json, Refusal> {
        let name = input.name("pipelineName")?;
        let page = Page::read(input, EXECUTIONS)?;
        let (of, latest) = within(input)?;
        let listed = self.look(name, move |state| {
            if let Some(id) = of.as_ref().filter(|id| state.execution(id).is_none()) {
                return Err(no_such_execution(id));
            }
            let executions =
                state.executions.iter().filter(|execution| of.as_ref().is_none_or(|id| execution.id == *id));
            let (runs, next) = page.cut(wire::rules_newest_first(executions, latest), |(_, _, _, run)| &run.id)?;
            let runs: Vec<Json> = runs.into_iter().map(|run| wire::rule_execution(state, run)).collect();
            Ok(wire::object([("ruleExecutionDetails", Some(json!(runs))), ("nextToken", next.map(Json::from))]))
        });
        listed.await?
    }
}

/// The filter of a list of runs: an execution, and whether runs that a retry has replaced are left out.
fn within(input: &Input) -> Result<(Option<String>, bool), Refusal> {
    let Some(filter) = input.inner("filter")? else { return Ok((None, false)) };
    if let Some(within) = filter.inner("latestInPipelineExecution")? {
        let of = within.execution("pipelineExecutionId")?.to_owned();
        return Ok((Some(of), within.word("startTimeRange", &["Latest", "All"])? == "Latest"));
    }
    let of = filter.any("pipelineExecutionId").map(|_| filter.execution("pipelineExecutionId")).transpose()?;
    Ok((of.map(str::to_owned), false))
}

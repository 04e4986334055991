//! The history of executions through the SDK.

use async_trait::async_trait;
use aws_call::{CallError, Fault};
use aws_sdk_codepipeline::types::{
    ActionExecutionDetail, ActionExecutionFilter, ErrorDetails, ExecutionTrigger, PipelineExecutionFilter,
    PipelineExecutionSummary, SucceededInStageFilter,
};

use super::{CodePipeline, small, time};
use crate::client::{
    ActionError, ActionExecution, ActionStatus, Execution, ExecutionStatus, History, ListExecutions, StartedBy,
};
use crate::model::ActionTypeId;

/// What a page can hold.
const PAGE: i32 = 100;
/// Runs of actions of one execution that are read: 1000 actions, each retried some times.
const RUNS: usize = 5000;

#[async_trait]
impl History for CodePipeline {
    async fn execution(&self, pipeline: &str, id: &str) -> Result<Execution, CallError> {
        const OPERATION: &str = "GetPipelineExecution";
        let sent = self.client.get_pipeline_execution().pipeline_name(pipeline).pipeline_execution_id(id).send().await;
        let sent = sent.map_err(|error| CallError::from_sdk(OPERATION, error))?;
        let Some(found) = sent.pipeline_execution() else { return Err(silent(OPERATION)) };
        let status = found.status().ok_or_else(|| silent(OPERATION))?;
        let mut out = Execution::new(found.pipeline_execution_id().unwrap_or(id), status.as_str().into());
        out.version = small(found.pipeline_version()).map(i32::unsigned_abs);
        out.summary = found.status_summary().map(str::to_owned);
        for variable in found.variables() {
            if let (Some(name), Some(value)) = (variable.name(), variable.resolved_value()) {
                out.variables.insert(name.to_owned(), value.to_owned());
            }
        }
        out.started_by = found.trigger().and_then(started_by);
        out.mode = found.execution_mode().map(|mode| mode.as_str().into());
        let rollback = found.rollback_metadata();
        out.rollback_of =
            rollback.and_then(|rollback| rollback.rollback_target_pipeline_execution_id().map(str::to_owned));
        Ok(out)
    }

    async fn executions(&self, request: &ListExecutions) -> Result<Vec<Execution>, CallError> {
        const OPERATION: &str = "ListPipelineExecutions";
        let mut out = Vec::new();
        let mut call = self.client.list_pipeline_executions().pipeline_name(&request.pipeline);
        if let Some(stage) = &request.succeeded_in_stage {
            let stage = SucceededInStageFilter::builder().stage_name(stage).build();
            call = call.filter(PipelineExecutionFilter::builder().succeeded_in_stage(stage).build());
        }
        let most = i32::try_from(request.most).unwrap_or(PAGE).clamp(1, PAGE);
        let mut pages = call.max_results(most).into_paginator().send();
        while out.len() < request.most
            && let Some(page) = pages.next().await
        {
            let page = page.map_err(|error| CallError::from_sdk(OPERATION, error))?;
            for found in page.pipeline_execution_summaries() {
                out.push(summary(found).ok_or_else(|| silent(OPERATION))?);
            }
        }
        out.truncate(request.most);
        Ok(out)
    }

    async fn action_executions(&self, pipeline: &str, execution_id: &str) -> Result<Vec<ActionExecution>, CallError> {
        const OPERATION: &str = "ListActionExecutions";
        let filter = ActionExecutionFilter::builder().pipeline_execution_id(execution_id).build();
        let call = self.client.list_action_executions().pipeline_name(pipeline).filter(filter);
        let mut pages = call.max_results(PAGE).into_paginator().send();
        let mut out = Vec::new();
        while out.len() < RUNS
            && let Some(page) = pages.next().await
        {
            let page = page.map_err(|error| CallError::from_sdk(OPERATION, error))?;
            for found in page.action_execution_details() {
                out.push(run(found).ok_or_else(|| silent(OPERATION))?);
            }
        }
        Ok(out)
    }
}

/// An answer without an id or a status is none.
fn silent(operation: &'static str) -> CallError {
    CallError::new(operation, Fault::Other).with_message("the answer says nothing about the execution")
}

fn started_by(trigger: &ExecutionTrigger) -> Option<StartedBy> {
    let mut out = StartedBy::new(trigger.trigger_type()?.as_str());
    out.detail = trigger.trigger_detail().map(str::to_owned);
    Some(out)
}

fn summary(found: &PipelineExecutionSummary) -> Option<Execution> {
    let status = ExecutionStatus::from(found.status()?.as_str());
    let mut out = Execution::new(found.pipeline_execution_id()?, status);
    out.summary = found.status_summary().map(str::to_owned);
    out.started_by = found.trigger().and_then(started_by);
    out.mode = found.execution_mode().map(|mode| mode.as_str().into());
    let rollback = found.rollback_metadata();
    out.rollback_of = rollback.and_then(|rollback| rollback.rollback_target_pipeline_execution_id().map(str::to_owned));
    out.started = time(found.start_time());
    out.updated = time(found.last_update_time());
    out.stop_reason = found.stop_trigger().and_then(|stop| stop.reason().map(str::to_owned));
    Some(out)
}

fn run(found: &ActionExecutionDetail) -> Option<ActionExecution> {
    let status = ActionStatus::from(found.status()?.as_str());
    let mut out = ActionExecution::new(
        found.action_execution_id()?,
        found.pipeline_execution_id().unwrap_or_default(),
        found.stage_name().unwrap_or_default(),
        found.action_name().unwrap_or_default(),
        status,
    );
    out.started = time(found.start_time());
    out.updated = time(found.last_update_time());
    out.updated_by = found.updated_by().map(str::to_owned);
    if let Some(input) = found.input() {
        out.action_type = input.action_type_id().map(|kind| {
            ActionTypeId::new(kind.category().as_str(), kind.owner().as_str(), kind.provider(), kind.version())
        });
        let settings = input.resolved_configuration().or_else(|| input.configuration());
        let settings = settings.into_iter().flatten().map(|(key, value)| (key.clone(), value.clone()));
        out.configuration = settings.collect();
    }
    if let Some(output) = found.output() {
        if let Some(result) = output.execution_result() {
            out.summary = result.external_execution_summary().map(str::to_owned);
            out.external_id = result.external_execution_id().map(str::to_owned);
            out.external_url = result.external_execution_url().map(str::to_owned);
            out.error = result.error_details().map(error);
            out.log_stream_arn = result.log_stream_arn().map(str::to_owned);
        }
        let variables = output.output_variables().into_iter().flatten();
        out.output_variables = variables.map(|(key, value)| (key.clone(), value.clone())).collect();
    }
    Some(out)
}

pub(super) fn error(details: &ErrorDetails) -> ActionError {
    ActionError { code: details.code().map(str::to_owned), message: details.message().map(str::to_owned) }
}

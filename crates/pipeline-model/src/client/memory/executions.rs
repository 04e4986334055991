//! Starts, approvals and stops of the in-memory service.

use std::collections::BTreeMap;
use std::time::SystemTime;

use async_trait::async_trait;
use aws_call::CallError;

use super::{Approval, Execution, MemoryCodePipeline};
use crate::client::{
    ActionState, ApprovalResult, ApprovalStatus, Executions, PipelineState, RetryStage, StageState, StartExecution,
    StopExecution,
};
use crate::model::ExecutionMode;

/// Executions that may be under way at once in the modes `QUEUED` and `PARALLEL`.
const CONCURRENT_EXECUTIONS: usize = 50;

#[async_trait]
impl Executions for MemoryCodePipeline {
    async fn start(&self, request: &StartExecution) -> Result<String, CallError> {
        const OPERATION: &str = "StartPipelineExecution";
        let id = self.ids.uuid();
        let mut pipelines = self.lock();
        let kept = pipelines.get_mut(&request.name).ok_or_else(|| self.not_found(OPERATION, &request.name))?;
        let invalid = |message: String| CallError::service(OPERATION, "ValidationException", message);
        let mut given = BTreeMap::new();
        for (name, value) in &request.variables {
            if given.insert(name.clone(), value.clone()).is_some() {
                return Err(invalid(format!(
                    "Variable names must be unique. The following variable name is already in use: {name}"
                )));
            }
        }
        if let Some(token) = &request.client_request_token
            && let Some(earlier) = kept.executions.iter().find(|execution| execution.token.as_ref() == Some(token))
        {
            return Ok(earlier.id.clone());
        }
        let declared = &kept.current().variables;
        if let Some(name) = given.keys().find(|name| !declared.iter().any(|variable| variable.name == **name)) {
            return Err(invalid(format!("variable `{name}` is not declared in pipeline `{}`", request.name)));
        }
        let open = kept.executions.iter().filter(|execution| execution.is_open()).count();
        let mode = kept.current().effective_mode();
        if open >= CONCURRENT_EXECUTIONS && matches!(mode, ExecutionMode::Queued | ExecutionMode::Parallel) {
            let message = format!("pipeline `{}` has {open} executions under way, which is the limit", request.name);
            return Err(CallError::service(OPERATION, "ConcurrentPipelineExecutionsLimitExceededException", message));
        }
        let mut missing = Vec::new();
        let mut variables = BTreeMap::new();
        for variable in declared {
            match given.get(&variable.name).or(variable.default_value.as_ref()) {
                Some(value) => {
                    variables.insert(variable.name.clone(), value.clone());
                }
                None => missing.push(variable.name.as_str()),
            }
        }
        // The service starts such an execution, and it fails at once.
        let (status, summary) = if missing.is_empty() {
            ("InProgress", None)
        } else {
            variables.clear();
            let summary = format!("Values for required variables haven't been provided: {}", missing.join(","));
            ("Failed", Some(summary))
        };
        let version = kept.version();
        kept.executions.push(Execution {
            id: id.clone(),
            status: status.to_owned(),
            summary,
            version,
            variables,
            token: request.client_request_token.clone(),
        });
        Ok(id)
    }

    async fn state(&self, pipeline: &str) -> Result<PipelineState, CallError> {
        let pipelines = self.lock();
        let kept = pipelines.get(pipeline).ok_or_else(|| self.not_found("GetPipelineState", pipeline))?;
        let version = kept.version();
        let stages = kept.current().stages.iter().map(|stage| {
            let actions = stage.actions.iter().map(|action| {
                let mut state = ActionState::new(&action.name);
                let mine = |approval: &&Approval| approval.stage == stage.name && approval.action == action.name;
                if let Some(approval) = kept.approvals.iter().rev().find(mine) {
                    // An update makes a waiting approval fail in this view and takes its token away.
                    let (status, token) = match approval.answer {
                        Some(ApprovalStatus::Approved) => ("Succeeded", None),
                        Some(ApprovalStatus::Rejected) => ("Failed", None),
                        None if approval.version == version => ("InProgress", Some(approval.token.clone())),
                        None => ("Failed", None),
                    };
                    state.status = Some(status.to_owned());
                    state.token = token;
                }
                state
            });
            StageState::new(&stage.name, actions.collect())
        });
        Ok(PipelineState::new(pipeline, version, stages.collect()))
    }

    async fn put_approval_result(&self, request: &ApprovalResult) -> Result<SystemTime, CallError> {
        const OPERATION: &str = "PutApprovalResult";
        let refuse = |code: &'static str, message: String| Err(CallError::service(OPERATION, code, message));
        let mut pipelines = self.lock();
        let kept = pipelines.get_mut(&request.pipeline).ok_or_else(|| self.not_found(OPERATION, &request.pipeline))?;
        let Some(stage) = kept.current().stage(&request.stage) else {
            return refuse("StageNotFoundException", format!("there is no stage `{}`", request.stage));
        };
        let Some(action) = stage.action(&request.action) else {
            return refuse("ActionNotFoundException", format!("there is no action `{}`", request.action));
        };
        if request.summary.chars().count() > 512 {
            return refuse("ValidationException", "the summary has more than 512 characters".to_owned());
        }
        if request.summary.is_empty() && action.config("IsSummaryRequired") == Some("true") {
            let message = format!(
                "Action '{}' in stage '{}' requires a summary. Provide a summary in the approval result and try again.",
                request.action, request.stage
            );
            return refuse("ValidationException", message);
        }
        let version = kept.version();
        let open = kept.approvals.iter_mut().find(|approval| {
            approval.stage == request.stage && approval.action == request.action && approval.token == request.token
        });
        match open {
            None => refuse("InvalidApprovalTokenException", "no approval waits under this token".to_owned()),
            Some(approval) if approval.answer.is_some() => {
                refuse("ApprovalAlreadyCompletedException", "the approval has been answered".to_owned())
            }
            Some(approval) if approval.version != version => {
                let message = format!(
                    "The pipeline {} has been updated, and the approval request you responded to is now out of date.",
                    request.pipeline
                );
                refuse("InvalidApprovalTokenException", message)
            }
            Some(approval) => {
                approval.answer = Some(request.status);
                Ok(self.clock.now())
            }
        }
    }

    async fn stop(&self, request: &StopExecution) -> Result<(), CallError> {
        const OPERATION: &str = "StopPipelineExecution";
        let refuse = |code: &'static str, message: String| Err(CallError::service(OPERATION, code, message));
        let mut pipelines = self.lock();
        let kept = pipelines.get_mut(&request.pipeline).ok_or_else(|| self.not_found(OPERATION, &request.pipeline))?;
        let id = &request.execution_id;
        let Some(execution) = kept.executions.iter_mut().find(|execution| execution.id == *id) else {
            return refuse("PipelineExecutionNotFoundException", format!("there is no execution `{id}`"));
        };
        match (execution.status.as_str(), request.abandon) {
            ("InProgress", false) => execution.status = "Stopping".to_owned(),
            ("InProgress" | "Stopping", true) => execution.status = "Stopped".to_owned(),
            ("Stopping", false) => {
                return refuse("DuplicatedStopRequestException", format!("execution `{id}` is stopping already"));
            }
            (status, _) => {
                let message = format!("execution `{id}` cannot be stopped: its status is {status}");
                return refuse("PipelineExecutionNotStoppableException", message);
            }
        }
        execution.summary.clone_from(&request.reason);
        Ok(())
    }

    async fn retry(&self, request: &RetryStage) -> Result<String, CallError> {
        const OPERATION: &str = "RetryStageExecution";
        if !self.lock().contains_key(&request.pipeline) {
            return Err(self.not_found(OPERATION, &request.pipeline));
        }
        // Nothing runs here, so nothing can run again.
        Err(CallError::unsupported(OPERATION))
    }
}

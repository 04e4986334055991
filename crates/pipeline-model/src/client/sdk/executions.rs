//! Starts, states and steering of executions through the SDK.

use std::time::SystemTime;

use async_trait::async_trait;
use aws_call::{CallError, Fault};
use aws_sdk_codepipeline::types::{
    ApprovalResult as SdkApprovalResult, ApprovalStatus as SdkApprovalStatus, PipelineVariable, SourceRevisionOverride,
    SourceRevisionType, StageRetryMode,
};

use super::history::error;
use super::{CodePipeline, execution_id, incomplete, small, time};
use crate::client::{
    ActionState, ApprovalResult, ApprovalStatus, Executions, PipelineState, RetryStage, RollbackStage, StageState,
    StartExecution, StopExecution,
};

#[async_trait]
impl Executions for CodePipeline {
    async fn start(&self, request: &StartExecution) -> Result<String, CallError> {
        const OPERATION: &str = "StartPipelineExecution";
        let mut call = self
            .client
            .start_pipeline_execution()
            .name(&request.name)
            .set_client_request_token(request.client_request_token.clone());
        for (name, value) in &request.variables {
            let variable = PipelineVariable::builder().name(name).value(value).build();
            call = call.variables(variable.map_err(|error| incomplete(OPERATION, "a variable has no value", error))?);
        }
        for revision in &request.source_revisions {
            let kind = SourceRevisionType::from(revision.kind.as_str());
            let built = SourceRevisionOverride::builder().action_name(&revision.action).revision_type(kind);
            let built = built.revision_value(&revision.value).build();
            call =
                call.source_revisions(built.map_err(|error| incomplete(OPERATION, "a revision is incomplete", error))?);
        }
        let sent = call.send().await.map_err(|error| CallError::from_sdk(OPERATION, error))?;
        execution_id(OPERATION, sent.pipeline_execution_id())
    }

    async fn state(&self, pipeline: &str) -> Result<PipelineState, CallError> {
        let sent = self.client.get_pipeline_state().name(pipeline).send().await;
        let sent = sent.map_err(|error| CallError::from_sdk("GetPipelineState", error))?;
        let stages = sent.stage_states().iter().map(|stage| {
            let actions = stage.action_states().iter().map(|action| {
                let mut state = ActionState::new(action.action_name().unwrap_or_default());
                if let Some(latest) = action.latest_execution() {
                    state.status = latest.status().map(|status| status.as_str().to_owned());
                    state.summary = latest.summary().map(str::to_owned);
                    state.token = latest.token().map(str::to_owned);
                    state.external_execution_id = latest.external_execution_id().map(str::to_owned);
                    state.error = latest.error_details().map(error);
                }
                state
            });
            let mut state = StageState::new(stage.stage_name().unwrap_or_default(), actions.collect());
            let inbound = stage.inbound_transition_state();
            state.inbound_enabled = inbound.is_none_or(|transition| transition.enabled());
            state.disabled_reason = inbound
                .filter(|transition| !transition.enabled())
                .and_then(|transition| transition.disabled_reason().map(str::to_owned));
            let waiting = stage.inbound_executions().iter();
            state.inbound_executions = waiting.map(|waiting| waiting.pipeline_execution_id().to_owned()).collect();
            state.latest_execution = stage
                .latest_execution()
                .map(|latest| (latest.pipeline_execution_id().to_owned(), latest.status().as_str().to_owned()));
            state
        });
        let version = small(sent.pipeline_version()).map_or(0, i32::unsigned_abs);
        Ok(PipelineState::new(sent.pipeline_name().unwrap_or(pipeline), version, stages.collect()))
    }

    async fn put_approval_result(&self, request: &ApprovalResult) -> Result<SystemTime, CallError> {
        const OPERATION: &str = "PutApprovalResult";
        let status = match request.status {
            ApprovalStatus::Approved => SdkApprovalStatus::Approved,
            ApprovalStatus::Rejected => SdkApprovalStatus::Rejected,
        };
        let result = SdkApprovalResult::builder().summary(&request.summary).status(status).build();
        let result = result.map_err(|error| incomplete(OPERATION, "the answer is incomplete", error))?;
        let call = self.client.put_approval_result().pipeline_name(&request.pipeline).stage_name(&request.stage);
        let sent = call.action_name(&request.action).token(&request.token).result(result).send().await;
        let sent = sent.map_err(|error| CallError::from_sdk(OPERATION, error))?;
        time(sent.approved_at()).ok_or_else(|| {
            CallError::new(OPERATION, Fault::Other).with_message("the answer does not say when it was taken")
        })
    }

    async fn stop(&self, request: &StopExecution) -> Result<(), CallError> {
        let call = self.client.stop_pipeline_execution().pipeline_name(&request.pipeline);
        let call = call.pipeline_execution_id(&request.execution_id).abandon(request.abandon);
        let sent = call.set_reason(request.reason.clone()).send().await;
        sent.map(|_| ()).map_err(|error| CallError::from_sdk("StopPipelineExecution", error))
    }

    async fn retry(&self, request: &RetryStage) -> Result<String, CallError> {
        const OPERATION: &str = "RetryStageExecution";
        let call = self.client.retry_stage_execution().pipeline_name(&request.pipeline).stage_name(&request.stage);
        let mode = StageRetryMode::from(request.mode.as_str());
        let sent = call.pipeline_execution_id(&request.execution_id).retry_mode(mode).send().await;
        let sent = sent.map_err(|error| CallError::from_sdk(OPERATION, error))?;
        execution_id(OPERATION, sent.pipeline_execution_id())
    }

    async fn rollback(&self, request: &RollbackStage) -> Result<String, CallError> {
        const OPERATION: &str = "RollbackStage";
        let call = self.client.rollback_stage().pipeline_name(&request.pipeline).stage_name(&request.stage);
        let sent = call.target_pipeline_execution_id(&request.target_execution_id).send().await;
        let sent = sent.map_err(|error| CallError::from_sdk(OPERATION, error))?;
        let id = Some(sent.pipeline_execution_id()).filter(|id| !id.is_empty());
        execution_id(OPERATION, id)
    }
}

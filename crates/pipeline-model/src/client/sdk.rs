//! The real service, through `aws_sdk_codepipeline` (feature `sdk`).
//!
//! The SDK's own types drop every field they do not know. So declarations travel as JSON: the request's body is
//! replaced by the model's JSON before it is signed, and the answer's bytes are read beside the SDK. A field that AWS
//! adds tomorrow passes through today's version.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use async_trait::async_trait;
use aws_call::{CallError, Fault};
use aws_sdk_codepipeline::Client;
use aws_sdk_codepipeline::config::http::HttpRequest;
use aws_sdk_codepipeline::config::interceptors::AfterDeserializationInterceptorContextRef;
use aws_sdk_codepipeline::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_codepipeline::error::BoxError;
use aws_sdk_codepipeline::primitives::DateTime;
use aws_sdk_codepipeline::types::{
    ApprovalResult as SdkApprovalResult, ApprovalStatus as SdkApprovalStatus, PipelineVariable, StageRetryMode,
};
use serde_json::{Value as Json, json};

use super::{
    ActionState, ApprovalResult, ApprovalStatus, Executions, GetPipeline, PipelineState, PipelineSummary, Pipelines,
    RetryStage, StageState, StartExecution, StopExecution, StoredPipeline,
};
use crate::format::json::{Secrets, to_json};
use crate::model::Pipeline;

/// CodePipeline in one account and region.
#[derive(Clone, Debug)]
pub struct CodePipeline {
    client: Client,
}

impl CodePipeline {
    /// The service that a client talks to.
    #[must_use]
    pub const fn new(client: Client) -> Self {
        Self { client }
    }
}

impl From<Client> for CodePipeline {
    fn from(client: Client) -> Self {
        Self::new(client)
    }
}

/// Keeps the bytes of the last answer.
#[derive(Clone, Debug, Default)]
struct Answer(Arc<Mutex<Vec<u8>>>);

impl Answer {
    /// A structure of the answer as it was sent.
    fn part(&self, operation: &'static str, name: &str) -> Result<Json, CallError> {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut answer: Json = serde_json::from_slice(&bytes).map_err(|error| unreadable(operation, error))?;
        Ok(answer.get_mut(name).map_or(Json::Null, Json::take))
    }

    fn pipeline(&self, operation: &'static str) -> Result<Pipeline, CallError> {
        serde_json::from_value(self.part(operation, "pipeline")?).map_err(|error| unreadable(operation, error))
    }
}

fn unreadable(operation: &'static str, error: serde_json::Error) -> CallError {
    CallError::new(operation, Fault::Other).with_message("the answer holds no declaration").with_source(error)
}

impl Intercept for Answer {
    fn name(&self) -> &'static str {
        "KeepAnswer"
    }

    // Not before: until the SDK has read it, the body is a stream, and its bytes are not there.
    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let bytes = context.response().body().bytes().unwrap_or_default();
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = bytes.to_vec();
        Ok(())
    }
}

/// The request's body with the declaration in it.
fn body(pipeline: &Pipeline) -> String {
    json!({ "pipeline": to_json(pipeline, Secrets::Expose) }).to_string()
}

/// Puts another body into a request that is not signed yet. The SDK has written the length of its own body already.
fn replace_body(request: &mut HttpRequest, body: &str) {
    request.headers_mut().insert("content-length", body.len().to_string());
    *request.body_mut() = body.into();
}

fn time(at: Option<&DateTime>) -> Option<SystemTime> {
    SystemTime::try_from(*at?).ok()
}

/// Without its id nobody can follow an execution, so an answer that lacks it is no success.
fn execution_id(operation: &'static str, id: Option<&str>) -> Result<String, CallError> {
    id.map(str::to_owned).ok_or_else(|| {
        CallError::new(operation, Fault::Other).with_message("the answer does not say which execution it is about")
    })
}

/// The answer of the service for a number that can only be small.
fn small(number: Option<i32>) -> Option<i32> {
    number.filter(|number| *number >= 0)
}

#[async_trait]
impl Pipelines for CodePipeline {
    async fn get(&self, request: &GetPipeline) -> Result<StoredPipeline, CallError> {
        const OPERATION: &str = "GetPipeline";
        let answer = Answer::default();
        let version = request.version.map(i32::try_from).transpose().map_err(|error| {
            CallError::new(OPERATION, Fault::InvalidRequest)
                .with_message("the version is larger than any that the service counts")
                .with_source(error)
        })?;
        let call = self.client.get_pipeline().name(&request.name).set_version(version);
        let got = call.customize().interceptor(answer.clone()).send().await;
        let got = got.map_err(|error| CallError::from_sdk(OPERATION, error))?;
        let mut stored = StoredPipeline::new(answer.pipeline(OPERATION)?);
        if let Some(metadata) = got.metadata() {
            stored.arn = metadata.pipeline_arn().map(str::to_owned);
            stored.created = time(metadata.created());
            stored.updated = time(metadata.updated());
        }
        Ok(stored)
    }

    async fn create(&self, pipeline: &Pipeline) -> Result<Pipeline, CallError> {
        const OPERATION: &str = "CreatePipeline";
        let (answer, body) = (Answer::default(), body(pipeline));
        let call = self.client.create_pipeline().customize().interceptor(answer.clone());
        let sent = call.mutate_request(move |request| replace_body(request, &body)).send().await;
        sent.map_err(|error| CallError::from_sdk(OPERATION, error))?;
        answer.pipeline(OPERATION)
    }

    async fn update(&self, pipeline: &Pipeline) -> Result<Pipeline, CallError> {
        const OPERATION: &str = "UpdatePipeline";
        let (answer, body) = (Answer::default(), body(pipeline));
        let call = self.client.update_pipeline().customize().interceptor(answer.clone());
        let sent = call.mutate_request(move |request| replace_body(request, &body)).send().await;
        sent.map_err(|error| CallError::from_sdk(OPERATION, error))?;
        answer.pipeline(OPERATION)
    }

    async fn list(&self) -> Result<Vec<PipelineSummary>, CallError> {
        let mut pages = self.client.list_pipelines().into_paginator().send();
        let mut out = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| CallError::from_sdk("ListPipelines", error))?;
            for pipeline in page.pipelines() {
                let version = small(pipeline.version()).map_or(0, i32::unsigned_abs);
                out.push(PipelineSummary::new(pipeline.name().unwrap_or_default(), version));
            }
        }
        Ok(out)
    }

    async fn delete(&self, name: &str) -> Result<(), CallError> {
        let sent = self.client.delete_pipeline().name(name).send().await;
        sent.map(|_| ()).map_err(|error| CallError::from_sdk("DeletePipeline", error))
    }
}

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
            call = call.variables(variable.map_err(|error| {
                CallError::new(OPERATION, Fault::InvalidRequest)
                    .with_message("a variable has no value")
                    .with_source(error)
            })?);
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
                }
                state
            });
            let mut state = StageState::new(stage.stage_name().unwrap_or_default(), actions.collect());
            state.inbound_enabled = stage.inbound_transition_state().is_none_or(|transition| transition.enabled());
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
        let result =
            SdkApprovalResult::builder().summary(&request.summary).status(status).build().map_err(|error| {
                CallError::new(OPERATION, Fault::InvalidRequest)
                    .with_message("the answer is incomplete")
                    .with_source(error)
            })?;
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
}

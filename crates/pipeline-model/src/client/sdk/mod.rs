//! The real service, through `aws_sdk_codepipeline` (feature `sdk`).
//!
//! The SDK's own types drop every field they do not know. So declarations travel as JSON: the request's body is
//! replaced by the model's JSON before it is signed, and the answer's bytes are read beside the SDK. A field that AWS
//! adds tomorrow passes through today's version.

mod executions;
mod history;
mod transitions;
mod webhooks;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use async_trait::async_trait;
use aws_call::{CallError, Fault};
use aws_sdk_codepipeline::Client;
use aws_sdk_codepipeline::config::http::HttpRequest;
use aws_sdk_codepipeline::config::interceptors::AfterDeserializationInterceptorContextRef;
use aws_sdk_codepipeline::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_codepipeline::error::{BoxError, BuildError};
use aws_sdk_codepipeline::primitives::DateTime;
use serde_json::{Value as Json, json};

use super::{GetPipeline, PipelineSummary, Pipelines, StoredPipeline};
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

/// The SDK refuses to send a request that lacks a part.
fn incomplete(operation: &'static str, message: &str, error: BuildError) -> CallError {
    CallError::new(operation, Fault::InvalidRequest).with_message(message).with_source(error)
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
            stored.polling_disabled = time(metadata.polling_disabled_at());
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

//! CodePipeline by role: whoever keeps declarations needs [`Pipelines`], whoever runs them needs [`Executions`].
//!
//! The traits speak this crate's types only, so that tests and tools never compile the SDK. [`memory`] (feature
//! `memory`) is a service without a network, `sdk` (feature `sdk`) the real one.

#[cfg(feature = "memory")]
pub mod memory;
#[cfg(feature = "sdk")]
pub mod sdk;
mod types;

use std::sync::Arc;
use std::time::SystemTime;

use async_trait::async_trait;
use aws_call::CallError;

use crate::model::Pipeline;
pub use types::{
    ActionState, ApprovalResult, ApprovalStatus, GetPipeline, PipelineState, PipelineSummary, RetryStage, StageState,
    StartExecution, StopExecution, StoredPipeline,
};

/// Keeps declarations.
#[async_trait]
pub trait Pipelines: Send + Sync {
    /// Gets a declaration, the current one or that of a version. Secret values come back as `****`.
    ///
    /// # Errors
    /// `PipelineNotFoundException`, `PipelineVersionNotFoundException` and failures of the call.
    async fn get(&self, request: &GetPipeline) -> Result<StoredPipeline, CallError>;

    /// Creates a pipeline and gives the declaration as the service stored it.
    ///
    /// # Errors
    /// `PipelineNameInUseException`, the refusals of a wrong declaration and failures of the call.
    async fn create(&self, pipeline: &Pipeline) -> Result<Pipeline, CallError>;

    /// Replaces a declaration, whose version counts up by one.
    ///
    /// # Errors
    /// `PipelineNotFoundException`, the refusals of a wrong declaration and failures of the call.
    async fn update(&self, pipeline: &Pipeline) -> Result<Pipeline, CallError>;

    /// Lists the pipelines of the account and region.
    ///
    /// # Errors
    /// Failures of the call; [`aws_call::Fault::Unsupported`] where there is no list.
    async fn list(&self) -> Result<Vec<PipelineSummary>, CallError> {
        Err(CallError::unsupported("ListPipelines"))
    }

    /// Deletes a pipeline; one that does not exist is no error.
    ///
    /// # Errors
    /// Failures of the call; [`aws_call::Fault::Unsupported`] where nothing can be deleted.
    async fn delete(&self, name: &str) -> Result<(), CallError> {
        let _ = name;
        Err(CallError::unsupported("DeletePipeline"))
    }
}

/// Starts and steers executions.
#[async_trait]
pub trait Executions: Send + Sync {
    /// Starts an execution and gives its id.
    ///
    /// # Errors
    /// `PipelineNotFoundException`, `ValidationException`, `ConcurrentPipelineExecutionsLimitExceededException` and
    /// failures of the call.
    async fn start(&self, request: &StartExecution) -> Result<String, CallError>;

    /// The state of every stage and action.
    ///
    /// # Errors
    /// `PipelineNotFoundException` and failures of the call.
    async fn state(&self, pipeline: &str) -> Result<PipelineState, CallError>;

    /// Approves or rejects, and gives the time at which the service took the answer.
    ///
    /// # Errors
    /// `InvalidApprovalTokenException`, `ApprovalAlreadyCompletedException`, what is not found, and failures of the
    /// call.
    async fn put_approval_result(&self, request: &ApprovalResult) -> Result<SystemTime, CallError>;

    /// Stops an execution, after its running actions or at once.
    ///
    /// # Errors
    /// `PipelineExecutionNotStoppableException`, `DuplicatedStopRequestException`, what is not found, and failures of
    /// the call.
    async fn stop(&self, request: &StopExecution) -> Result<(), CallError>;

    /// Runs the failed actions, or all, of a stage again and gives the execution's id.
    ///
    /// # Errors
    /// `StageNotRetryableException`, `NotLatestPipelineExecutionException`, what is not found, and failures of the
    /// call.
    async fn retry(&self, request: &RetryStage) -> Result<String, CallError>;
}

const _: fn(&dyn Pipelines) = |_| ();
const _: fn(&dyn Executions) = |_| ();

#[async_trait]
impl<T: Pipelines + ?Sized> Pipelines for Arc<T> {
    async fn get(&self, request: &GetPipeline) -> Result<StoredPipeline, CallError> {
        (**self).get(request).await
    }

    async fn create(&self, pipeline: &Pipeline) -> Result<Pipeline, CallError> {
        (**self).create(pipeline).await
    }

    async fn update(&self, pipeline: &Pipeline) -> Result<Pipeline, CallError> {
        (**self).update(pipeline).await
    }

    async fn list(&self) -> Result<Vec<PipelineSummary>, CallError> {
        (**self).list().await
    }

    async fn delete(&self, name: &str) -> Result<(), CallError> {
        (**self).delete(name).await
    }
}

#[async_trait]
impl<T: Executions + ?Sized> Executions for Arc<T> {
    async fn start(&self, request: &StartExecution) -> Result<String, CallError> {
        (**self).start(request).await
    }

    async fn state(&self, pipeline: &str) -> Result<PipelineState, CallError> {
        (**self).state(pipeline).await
    }

    async fn put_approval_result(&self, request: &ApprovalResult) -> Result<SystemTime, CallError> {
        (**self).put_approval_result(request).await
    }

    async fn stop(&self, request: &StopExecution) -> Result<(), CallError> {
        (**self).stop(request).await
    }

    async fn retry(&self, request: &RetryStage) -> Result<String, CallError> {
        (**self).retry(request).await
    }
}

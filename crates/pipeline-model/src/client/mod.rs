//! CodePipeline by role: whoever keeps declarations needs [`Pipelines`], whoever runs them needs [`Executions`], whoever
//! looks at what ran needs [`History`]; [`Transitions`] and [`Webhooks`] hold executions back and let them begin.
//!
//! The traits speak this crate's types only, so that tests and tools never compile the SDK. [`memory`] (feature
//! `memory`) is a service without a network, `sdk` (feature `sdk`) the real one.

mod execution;
#[cfg(feature = "memory")]
pub mod memory;
#[cfg(feature = "sdk")]
pub mod sdk;
mod shared;
mod types;

use std::time::SystemTime;

use async_trait::async_trait;
use aws_call::CallError;

use crate::model::Pipeline;
use crate::webhook::{ListedWebhook, Webhook};
pub use execution::{
    ActionError, ActionExecution, ActionStatus, Direction, DisableTransition, Execution, ExecutionStatus,
    ListExecutions, RollbackStage, StartedBy,
};
pub use types::{
    ActionState, ApprovalResult, ApprovalStatus, GetPipeline, PipelineState, PipelineSummary, RetryStage,
    SourceRevision, StageState, StartExecution, StopExecution, StoredPipeline,
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

    /// Brings a stage back to an earlier execution and gives the id of the execution that does it.
    ///
    /// # Errors
    /// `UnableToRollbackStageException`, `PipelineExecutionOutdatedException`, what is not found, and failures of the
    /// call.
    async fn rollback(&self, request: &RollbackStage) -> Result<String, CallError>;
}

/// Tells what ran.
#[async_trait]
pub trait History: Send + Sync {
    /// One execution.
    ///
    /// # Errors
    /// `PipelineNotFoundException`, `PipelineExecutionNotFoundException` (also right after the start), and failures of
    /// the call.
    async fn execution(&self, pipeline: &str, id: &str) -> Result<Execution, CallError>;

    /// Executions of a pipeline, the newest first.
    ///
    /// # Errors
    /// `PipelineNotFoundException` and failures of the call.
    async fn executions(&self, request: &ListExecutions) -> Result<Vec<Execution>, CallError>;

    /// Every run of an action in one execution, the newest first.
    ///
    /// # Errors
    /// `PipelineNotFoundException`, `PipelineExecutionNotFoundException`, and failures of the call.
    async fn action_executions(&self, pipeline: &str, execution_id: &str) -> Result<Vec<ActionExecution>, CallError>;
}

/// Opens and closes the ways between stages.
#[async_trait]
pub trait Transitions: Send + Sync {
    /// Keeps executions from entering or leaving a stage; those in it go on.
    ///
    /// # Errors
    /// `PipelineNotFoundException`, `StageNotFoundException`, `ValidationException` and failures of the call.
    async fn disable(&self, request: &DisableTransition) -> Result<(), CallError>;

    /// Lets executions pass again.
    ///
    /// # Errors
    /// `PipelineNotFoundException`, `StageNotFoundException` and failures of the call.
    async fn enable(&self, pipeline: &str, stage: &str, direction: Direction) -> Result<(), CallError>;
}

/// Keeps webhooks.
#[async_trait]
pub trait Webhooks: Send + Sync {
    /// Every webhook of the account and region; secrets are hidden.
    ///
    /// # Errors
    /// Failures of the call.
    async fn list_webhooks(&self) -> Result<Vec<ListedWebhook>, CallError>;

    /// Creates or replaces a webhook. One that is replaced keeps its URL.
    ///
    /// # Errors
    /// `InvalidWebhookFilterPatternException`, `InvalidWebhookAuthenticationParametersException`, `LimitExceededException`,
    /// `PipelineNotFoundException`, `ValidationException` and failures of the call.
    async fn put_webhook(&self, webhook: &Webhook) -> Result<ListedWebhook, CallError>;

    /// Deletes a webhook; one that does not exist is no error. What was registered at GitHub stays there.
    ///
    /// # Errors
    /// Failures of the call.
    async fn delete_webhook(&self, name: &str) -> Result<(), CallError>;

    /// Tells GitHub the webhook's URL and secret.
    ///
    /// # Errors
    /// `WebhookNotFoundException` and failures of the call.
    async fn register(&self, name: &str) -> Result<(), CallError>;

    /// Takes the webhook away from GitHub.
    ///
    /// # Errors
    /// `WebhookNotFoundException` and failures of the call.
    async fn deregister(&self, name: &str) -> Result<(), CallError>;
}

const _: fn(&dyn Pipelines) = |_| ();
const _: fn(&dyn Executions) = |_| ();
const _: fn(&dyn History) = |_| ();
const _: fn(&dyn Transitions) = |_| ();
const _: fn(&dyn Webhooks) = |_| ();

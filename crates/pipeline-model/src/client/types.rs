//! Requests and answers of the client traits.

use std::time::SystemTime;

use super::execution::ActionError;
use crate::model::{Pipeline, RetryMode};

/// Asks for a declaration.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct GetPipeline {
    /// The pipeline.
    pub name: String,
    /// The version; absent means the current one.
    pub version: Option<u32>,
}

impl GetPipeline {
    /// The current declaration.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), version: None }
    }

    /// The declaration of that version.
    #[must_use]
    pub const fn with_version(mut self, version: u32) -> Self {
        self.version = Some(version);
        self
    }
}

/// A declaration as the service keeps it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct StoredPipeline {
    /// The declaration.
    pub pipeline: Pipeline,
    /// The pipeline's ARN.
    pub arn: Option<String>,
    /// When it was created.
    pub created: Option<SystemTime>,
    /// When it was last changed.
    pub updated: Option<SystemTime>,
    /// Since when the service does not ask its sources for changes any more, because nothing had changed for long.
    pub polling_disabled: Option<SystemTime>,
}

impl StoredPipeline {
    /// A declaration without metadata.
    #[must_use]
    pub const fn new(pipeline: Pipeline) -> Self {
        Self { pipeline, arn: None, created: None, updated: None, polling_disabled: None }
    }
}

/// A pipeline in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PipelineSummary {
    /// The name.
    pub name: String,
    /// The version.
    pub version: u32,
}

impl PipelineSummary {
    /// A pipeline in a list.
    pub fn new(name: impl Into<String>, version: u32) -> Self {
        Self { name: name.into(), version }
    }
}

/// Starts an execution.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct StartExecution {
    /// The pipeline.
    pub name: String,
    /// Values of pipeline variables, by name.
    pub variables: Vec<(String, String)>,
    /// Two starts with the same token are one.
    pub client_request_token: Option<String>,
    /// Revisions in place of what the source actions would find.
    pub source_revisions: Vec<SourceRevision>,
}

impl StartExecution {
    /// A start with the defaults of all variables.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }

    /// The same start with the value of a variable.
    #[must_use]
    pub fn with_variable(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.variables.push((name.into(), value.into()));
        self
    }

    /// The same start with the revision of a source action.
    #[must_use]
    pub fn with_source_revision(mut self, revision: SourceRevision) -> Self {
        self.source_revisions.push(revision);
        self
    }

    /// The same start under a token.
    #[must_use]
    pub fn with_client_request_token(mut self, token: impl Into<String>) -> Self {
        self.client_request_token = Some(token.into());
        self
    }
}

/// The revision that a source action brings in.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SourceRevision {
    /// The source action.
    pub action: String,
    /// What `value` is: `COMMIT_ID`, `IMAGE_DIGEST`, `S3_OBJECT_VERSION_ID` or `S3_OBJECT_KEY`.
    pub kind: String,
    /// The revision.
    pub value: String,
}

impl SourceRevision {
    /// A revision for a source action.
    pub fn new(action: impl Into<String>, kind: impl Into<String>, value: impl Into<String>) -> Self {
        Self { action: action.into(), kind: kind.into(), value: value.into() }
    }
}

/// The state of a pipeline.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PipelineState {
    /// The pipeline.
    pub name: String,
    /// The current version of the declaration.
    pub version: u32,
    /// The stages in their order.
    pub stages: Vec<StageState>,
}

impl PipelineState {
    /// The state of a pipeline.
    pub fn new(name: impl Into<String>, version: u32, stages: Vec<StageState>) -> Self {
        Self { name: name.into(), version, stages }
    }

    /// The token of an approval that waits in that action.
    #[must_use]
    pub fn approval_token(&self, stage: &str, action: &str) -> Option<&str> {
        let stage = self.stages.iter().find(|state| state.name == stage)?;
        stage.actions.iter().find(|state| state.name == action)?.token.as_deref()
    }
}

/// The state of a stage.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StageState {
    /// The stage.
    pub name: String,
    /// The execution that was last in it, with its status there.
    pub latest_execution: Option<(String, String)>,
    /// Whether executions may enter.
    pub inbound_enabled: bool,
    /// Why they may not.
    pub disabled_reason: Option<String>,
    /// The executions that wait to enter.
    pub inbound_executions: Vec<String>,
    /// The actions in their order.
    pub actions: Vec<ActionState>,
}

impl StageState {
    /// A stage that nothing has entered.
    pub fn new(name: impl Into<String>, actions: Vec<ActionState>) -> Self {
        Self {
            name: name.into(),
            latest_execution: None,
            inbound_enabled: true,
            disabled_reason: None,
            inbound_executions: Vec::new(),
            actions,
        }
    }
}

/// The state of an action.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ActionState {
    /// The action.
    pub name: String,
    /// The status of its last execution, such as `InProgress`.
    pub status: Option<String>,
    /// What the last execution says about itself.
    pub summary: Option<String>,
    /// The token of an approval that waits.
    pub token: Option<String>,
    /// The id of the work elsewhere, such as that of a build.
    pub external_execution_id: Option<String>,
    /// Why the last execution failed.
    pub error: Option<ActionError>,
}

impl ActionState {
    /// An action that has not run.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }
}

/// The answer to an approval.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ApprovalResult {
    /// The pipeline.
    pub pipeline: String,
    /// The stage.
    pub stage: String,
    /// The action.
    pub action: String,
    /// The token of the request.
    pub token: String,
    /// Yes or no.
    pub status: ApprovalStatus,
    /// Why, at most 512 characters.
    pub summary: String,
}

impl ApprovalResult {
    /// The answer for an action of a pipeline.
    pub fn new(
        pipeline: impl Into<String>,
        stage: impl Into<String>,
        action: impl Into<String>,
        token: impl Into<String>,
        status: ApprovalStatus,
    ) -> Self {
        Self {
            pipeline: pipeline.into(),
            stage: stage.into(),
            action: action.into(),
            token: token.into(),
            status,
            summary: String::new(),
        }
    }

    /// The same answer with a reason.
    #[must_use]
    pub fn with_summary(mut self, summary: impl Into<String>) -> Self {
        self.summary = summary.into();
        self
    }
}

/// Yes or no.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(clippy::exhaustive_enums, reason = "an approval has two answers")]
pub enum ApprovalStatus {
    /// The stage goes on.
    Approved,
    /// The stage fails.
    Rejected,
}

/// Stops an execution.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StopExecution {
    /// The pipeline.
    pub pipeline: String,
    /// The execution.
    pub execution_id: String,
    /// Leaves running actions to themselves instead of waiting for them.
    pub abandon: bool,
    /// Why, at most 200 characters.
    pub reason: Option<String>,
}

impl StopExecution {
    /// Stops when the running actions have ended.
    pub fn and_wait(pipeline: impl Into<String>, execution_id: impl Into<String>) -> Self {
        Self { pipeline: pipeline.into(), execution_id: execution_id.into(), abandon: false, reason: None }
    }

    /// The same stop with a reason.
    #[must_use]
    pub fn with_reason(mut self, reason: impl Into<String>) -> Self {
        self.reason = Some(reason.into());
        self
    }

    /// Stops at once and leaves running actions to themselves.
    pub fn and_abandon(pipeline: impl Into<String>, execution_id: impl Into<String>) -> Self {
        Self { abandon: true, ..Self::and_wait(pipeline, execution_id) }
    }
}

/// Runs a stage of an execution again.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RetryStage {
    /// The pipeline.
    pub pipeline: String,
    /// The stage.
    pub stage: String,
    /// The execution.
    pub execution_id: String,
    /// Which actions run again.
    pub mode: RetryMode,
}

impl RetryStage {
    /// Runs the failed actions of a stage again.
    pub fn failed_actions(
        pipeline: impl Into<String>,
        stage: impl Into<String>,
        execution_id: impl Into<String>,
    ) -> Self {
        Self {
            pipeline: pipeline.into(),
            stage: stage.into(),
            execution_id: execution_id.into(),
            mode: RetryMode::FailedActions,
        }
    }

    /// The same retry, of all actions of the stage.
    #[must_use]
    pub fn with_all_actions(mut self) -> Self {
        self.mode = RetryMode::AllActions;
        self
    }
}

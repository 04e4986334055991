//! Executions of pipelines and of their actions, as the service's history tells them.

use std::collections::BTreeMap;
use std::time::SystemTime;

use crate::model::{ActionTypeId, ExecutionMode, open_enum};

open_enum! {
    /// What became of an execution, or of a stage of it.
    pub enum ExecutionStatus {
        /// It was never begun.
        Cancelled = "Cancelled",
        /// It runs, or waits for a stage.
        InProgress = "InProgress",
        /// It was stopped.
        Stopped = "Stopped",
        /// It ends as soon as its running actions have ended.
        Stopping = "Stopping",
        /// All of it succeeded.
        Succeeded = "Succeeded",
        /// A newer execution overtook it while it waited between two stages.
        Superseded = "Superseded",
        /// An action failed.
        Failed = "Failed",
        /// A condition let executions pass the stage without running it; stages only.
        Skipped = "Skipped",
    }
}

impl ExecutionStatus {
    /// Whether nothing follows by itself. An unknown word counts as going on.
    #[must_use]
    pub const fn is_final(&self) -> bool {
        !matches!(self, Self::InProgress | Self::Stopping | Self::Unknown(_))
    }
}

open_enum! {
    /// What became of one run of an action.
    pub enum ActionStatus {
        /// It runs.
        InProgress = "InProgress",
        /// The execution was stopped without waiting for it.
        Abandoned = "Abandoned",
        /// It succeeded.
        Succeeded = "Succeeded",
        /// It failed.
        Failed = "Failed",
    }
}

/// What started an execution.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StartedBy {
    /// The kind, such as `StartPipelineExecution` or `WebhookV2`.
    pub kind: String,
    /// Which one: an ARN, an action, a JSON text.
    pub detail: Option<String>,
}

impl StartedBy {
    /// A start of that kind.
    pub fn new(kind: impl Into<String>) -> Self {
        Self { kind: kind.into(), detail: None }
    }
}

/// An execution of a pipeline. What an answer does not say is absent.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Execution {
    /// Its id.
    pub id: String,
    /// The version of the declaration that it runs; lists do not tell it.
    pub version: Option<u32>,
    /// What became of it.
    pub status: ExecutionStatus,
    /// Why it has this status.
    pub summary: Option<String>,
    /// The variables bound to it; lists do not tell them.
    pub variables: BTreeMap<String, String>,
    /// What started it.
    pub started_by: Option<StartedBy>,
    /// How it shares the pipeline with others.
    pub mode: Option<ExecutionMode>,
    /// The execution that it brings back, if it is a rollback.
    pub rollback_of: Option<String>,
    /// When it began; only lists tell it.
    pub started: Option<SystemTime>,
    /// When it last moved; only lists tell it.
    pub updated: Option<SystemTime>,
    /// The reason that was given for stopping it.
    pub stop_reason: Option<String>,
}

impl Execution {
    /// An execution of which nothing else is known.
    pub fn new(id: impl Into<String>, status: ExecutionStatus) -> Self {
        Self {
            id: id.into(),
            version: None,
            status,
            summary: None,
            variables: BTreeMap::new(),
            started_by: None,
            mode: None,
            rollback_of: None,
            started: None,
            updated: None,
            stop_reason: None,
        }
    }
}

/// What an action says about its failure.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ActionError {
    /// The kind, such as `JobFailed` or `ConfigurationError`.
    pub code: Option<String>,
    /// The words.
    pub message: Option<String>,
}

impl ActionError {
    /// A failure in words.
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code: Some(code.into()), message: Some(message.into()) }
    }
}

/// One run of an action; a retry is another one.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ActionExecution {
    /// Its id, which for an approval is its token.
    pub id: String,
    /// The execution of the pipeline.
    pub execution_id: String,
    /// The stage.
    pub stage: String,
    /// The action.
    pub action: String,
    /// What became of it.
    pub status: ActionStatus,
    /// The action type, if the answer says.
    pub action_type: Option<ActionTypeId>,
    /// Its settings with the variables filled in, without secrets.
    pub configuration: BTreeMap<String, String>,
    /// When it began.
    pub started: Option<SystemTime>,
    /// When it last moved.
    pub updated: Option<SystemTime>,
    /// Who answered an approval, or stopped it.
    pub updated_by: Option<String>,
    /// What it says about itself.
    pub summary: Option<String>,
    /// Why it failed.
    pub error: Option<ActionError>,
    /// The id of the work elsewhere, such as that of a build.
    pub external_id: Option<String>,
    /// Where that work can be looked at.
    pub external_url: Option<String>,
    /// The stream that holds its output, for actions that CodePipeline runs itself.
    pub log_stream_arn: Option<String>,
    /// The variables it gave.
    pub output_variables: BTreeMap<String, String>,
}

impl ActionExecution {
    /// A run of an action of which nothing else is known.
    pub fn new(
        id: impl Into<String>,
        execution_id: impl Into<String>,
        stage: impl Into<String>,
        action: impl Into<String>,
        status: ActionStatus,
    ) -> Self {
        Self {
            id: id.into(),
            execution_id: execution_id.into(),
            stage: stage.into(),
            action: action.into(),
            status,
            action_type: None,
            configuration: BTreeMap::new(),
            started: None,
            updated: None,
            updated_by: None,
            summary: None,
            error: None,
            external_id: None,
            external_url: None,
            log_stream_arn: None,
            output_variables: BTreeMap::new(),
        }
    }

    /// Why it failed, as far as it says: the error's words, or else its summary.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        let error = self.error.as_ref().and_then(|error| error.message.as_deref().or(error.code.as_deref()));
        error.or(self.summary.as_deref())
    }
}

/// Asks for executions, the newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ListExecutions {
    /// The pipeline.
    pub pipeline: String,
    /// Only those that succeeded in this stage with the current declaration.
    pub succeeded_in_stage: Option<String>,
    /// No more than that.
    pub most: usize,
}

impl ListExecutions {
    /// The newest executions of a pipeline, at most `most`.
    pub fn new(pipeline: impl Into<String>, most: usize) -> Self {
        Self { pipeline: pipeline.into(), succeeded_in_stage: None, most }
    }

    /// Only those that succeeded in a stage with the current declaration: what that stage can be rolled back to.
    #[must_use]
    pub fn succeeded_in_stage(mut self, stage: impl Into<String>) -> Self {
        self.succeeded_in_stage = Some(stage.into());
        self
    }
}

/// Brings a stage back to an earlier execution.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RollbackStage {
    /// The pipeline.
    pub pipeline: String,
    /// The stage.
    pub stage: String,
    /// The execution whose revisions and variables the stage shall have again.
    pub target_execution_id: String,
}

impl RollbackStage {
    /// Brings `stage` back to the execution `target_execution_id`.
    pub fn new(pipeline: impl Into<String>, stage: impl Into<String>, target_execution_id: impl Into<String>) -> Self {
        Self { pipeline: pipeline.into(), stage: stage.into(), target_execution_id: target_execution_id.into() }
    }
}

/// Keeps executions from entering a stage, or from leaving it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DisableTransition {
    /// The pipeline.
    pub pipeline: String,
    /// The stage.
    pub stage: String,
    /// Which of its two transitions.
    pub direction: Direction,
    /// Why: 1 to 300 of letters, digits, blanks and `!@().*?-`.
    pub reason: String,
}

impl DisableTransition {
    /// Keeps executions from entering `stage`.
    pub fn into_stage(pipeline: impl Into<String>, stage: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { pipeline: pipeline.into(), stage: stage.into(), direction: Direction::Inbound, reason: reason.into() }
    }
}

/// A transition of a stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(clippy::exhaustive_enums, reason = "a stage is entered and left")]
pub enum Direction {
    /// Into the stage.
    Inbound,
    /// Out of the stage.
    Outbound,
}

impl Direction {
    /// The word of the service.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Inbound => "Inbound",
            Self::Outbound => "Outbound",
        }
    }
}

//! What goes into the machine and what it asks for.

use std::collections::BTreeMap;

use jiff::Timestamp;
use pipeline_model::model::{ActionTypeId, ConfigValue, Pipeline, RetryMode};
use serde::{Deserialize, Serialize};

use super::condition::Gate;
use super::state::{Failure, Trigger};

/// An input with the time and the randomness it happened under, so that a replay gives the same state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stamped {
    /// When it happened.
    pub at: Timestamp,
    /// Seed of the ids that the step makes; never used twice.
    pub seed: u64,
    /// What happened.
    pub input: Input,
}

/// Something that happens to a pipeline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Input {
    /// `StartPipelineExecution`, or a trigger.
    Start(Start),
    /// An action came to its end.
    Report {
        /// Execution it belongs to.
        execution: String,
        /// Action run.
        action: String,
        /// How it ended.
        report: Report,
    },
    /// `PutApprovalResult`.
    Approve {
        /// Token of the approval: the action run's id.
        token: String,
        /// Approved, or rejected.
        approved: bool,
        /// What the person said, up to 512 characters.
        summary: String,
    },
    /// `StopPipelineExecution`.
    Stop {
        /// Execution to stop.
        execution: String,
        /// Give running actions up instead of waiting for them.
        abandon: bool,
        /// Why.
        reason: String,
    },
    /// `DisableStageTransition` with a reason, `EnableStageTransition` without.
    Transition {
        /// Stage whose entry is meant.
        stage: String,
        /// Why it is disabled.
        disabled: Option<String>,
    },
    /// `RetryStageExecution`: tries a failed or stopped stage again, within the same execution.
    Retry {
        /// Execution whose stage is meant.
        execution: String,
        /// Stage.
        stage: String,
        /// Only what did not succeed, or every action.
        mode: RetryMode,
    },
    /// `RollbackStage`: runs one stage as an earlier execution ran it.
    Rollback {
        /// Stage.
        stage: String,
        /// Execution to go back to.
        target: String,
        /// Who asks for it: an ARN.
        user: String,
    },
    /// `OverrideStageCondition`: the stage goes on as if its condition held.
    Override {
        /// Execution whose stage is meant.
        execution: String,
        /// Stage.
        stage: String,
        /// Which of its conditions: `BeforeEntry` or `OnSuccess`.
        gate: Gate,
    },
    /// An action is not over yet: this goes to its provider's next call.
    Continue {
        /// Execution it belongs to.
        execution: String,
        /// Action run.
        action: String,
        /// What to hand over.
        token: String,
    },
    /// The shell that ran the actions is gone: what was in flight is started again and told so.
    Resume,
    /// `UpdatePipeline`: executions started from now on run this declaration.
    Update(Box<Pipeline>),
    /// Time has passed: approvals and rules beyond their time fail.
    Tick,
}

/// A start of the pipeline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Start {
    /// What started it.
    pub trigger: Trigger,
    /// Overrides of pipeline variables, as given: duplicates are an error of the caller.
    pub variables: Vec<(String, String)>,
    /// Source revisions to use, by source action.
    pub revisions: BTreeMap<String, String>,
    /// `clientRequestToken`: the same token starts once.
    pub token: Option<String>,
}

impl Start {
    /// A start by hand, with the declaration's defaults.
    pub fn manual(detail: impl Into<String>) -> Self {
        Self {
            trigger: Trigger { kind: "StartPipelineExecution".to_owned(), detail: detail.into() },
            variables: Vec::new(),
            revisions: BTreeMap::new(),
            token: None,
        }
    }
}

/// How an action ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Report {
    /// It did its work.
    Succeeded {
        /// Output variables.
        variables: BTreeMap<String, String>,
        /// Its own account.
        summary: Option<String>,
        /// Id in the service that did the work.
        external_id: Option<String>,
        /// Source actions: the revision delivered.
        revision: Option<String>,
    },
    /// It did not.
    Failed {
        /// Why.
        failure: Failure,
        /// Id in the service that did the work.
        external_id: Option<String>,
    },
}

/// What the shell has to do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Effect {
    /// Run an action or a rule and report its end.
    Start(Box<ActionStart>),
    /// Ask a person; the answer comes back as [`Input::Approve`].
    Ask(ApprovalRequest),
    /// Give a running action up.
    Abandon {
        /// Action run.
        action: String,
    },
}

/// An action to run, with everything resolved.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ActionStart {
    /// Execution it belongs to.
    pub execution: String,
    /// Action run.
    pub id: String,
    /// Stage.
    pub stage: String,
    /// Action.
    pub name: String,
    /// Who runs it.
    pub action_type: ActionTypeId,
    /// Configuration with `#{…}` resolved.
    pub configuration: BTreeMap<String, ConfigValue>,
    /// Input artifacts: name and key in the store, in the order of the declaration.
    pub inputs: Vec<(String, String)>,
    /// Output artifacts: name and the key reserved for each.
    pub outputs: Vec<(String, String)>,
    /// Revision asked for, for source actions.
    pub revision: Option<String>,
    /// Revisions of the execution's sources so far: the first one is what a build calls its source version.
    pub source_version: Option<String>,
    /// Role to work under, where the action names one.
    pub role_arn: Option<String>,
    /// Region to work in, where the action names one.
    pub region: Option<String>,
    /// What only compute actions have.
    #[serde(default)]
    pub compute: Compute,
    /// What the last call of its provider handed over.
    #[serde(default)]
    pub continuation: Option<String>,
    /// It was in flight when an earlier runner ended, and may have done some of its work already.
    #[serde(default)]
    pub interrupted: bool,
    /// Which execution of the pipeline this is, from 1.
    #[serde(default)]
    pub ordinal: u32,
    /// Which run of the action in its execution this is, from 1.
    #[serde(default)]
    pub attempt: u32,
}

/// What an action of the category `Compute` says beside its configuration, with `#{…}` resolved.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Compute {
    /// Shell commands, one line each.
    pub commands: Vec<String>,
    /// Environment variables: name, value, and whether the value names a secret.
    pub environment: Vec<(String, String, bool)>,
    /// Environment variables that become output variables.
    pub output_variables: Vec<String>,
    /// Patterns of the files of each output artifact, in the order of the outputs.
    pub files: Vec<Vec<String>>,
}

/// A question to a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovalRequest {
    /// Execution it belongs to.
    pub execution: String,
    /// Token to answer with.
    pub token: String,
    /// Stage.
    pub stage: String,
    /// Action.
    pub action: String,
    /// What the declaration tells the reviewer.
    pub custom_data: Option<String>,
    /// Where the reviewer can look.
    pub link: Option<String>,
    /// The answer must come with a summary.
    pub summary_required: bool,
    /// When the question lapses.
    pub expires: Timestamp,
    /// Which execution of the pipeline this is, from 1.
    #[serde(default)]
    pub ordinal: u32,
    /// How often the action was asked in its execution, from 1.
    #[serde(default)]
    pub attempt: u32,
}

/// An input that the service would refuse; the state is as before.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct Refusal {
    /// Exception of the API, such as `InvalidApprovalTokenException`.
    pub code: &'static str,
    /// What the service says.
    pub message: String,
}

impl Refusal {
    pub(super) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

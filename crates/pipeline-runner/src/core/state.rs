//! What the machine remembers: plain data, serialisable as a whole.

use std::collections::BTreeMap;

use jiff::Timestamp;
use pipeline_model::model::Pipeline;
use serde::{Deserialize, Serialize};

/// A pipeline with its executions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// The declaration that new executions run.
    pub pipeline: Pipeline,
    /// One entry per stage of the declaration, in its order.
    pub stages: Vec<StageState>,
    /// All executions in the order of their admission.
    pub executions: Vec<Execution>,
    /// `clientRequestToken` of each start that had one, with the execution it started.
    pub tokens: BTreeMap<String, String>,
}

/// What a stage knows beyond any one execution.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StageState {
    /// Name in the declaration.
    pub name: String,
    /// Why the transition into the stage is disabled; `None` while it is enabled.
    pub disabled: Option<String>,
    /// The execution that holds the stage's lock. Executions in `PARALLEL` mode take no lock.
    pub holder: Option<String>,
    /// Executions that wait to enter, in the order of their arrival.
    pub waiting: Vec<String>,
}

/// One run of the pipeline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Execution {
    /// UUID.
    pub id: String,
    /// Version of the declaration that this execution runs.
    pub version: u32,
    /// Where it stands.
    pub status: ExecutionStatus,
    /// What started it.
    pub trigger: Trigger,
    /// Pipeline variables, bound at admission.
    pub variables: BTreeMap<String, String>,
    /// Revisions requested by the start, by source action.
    pub requested: BTreeMap<String, String>,
    /// Revisions that the source actions reported.
    pub revisions: Vec<SourceRevision>,
    /// Output variables of finished actions, by namespace.
    pub namespaces: BTreeMap<String, BTreeMap<String, String>>,
    /// Key in the artifact store of each artifact produced so far.
    pub artifacts: BTreeMap<String, String>,
    /// Between stages, inside one, or done.
    pub position: Position,
    /// Stages entered so far.
    pub stages: Vec<StageRun>,
    /// Admission.
    pub started: Timestamp,
    /// End, once terminal.
    pub ended: Option<Timestamp>,
    /// Why it ended as it did, in a sentence.
    pub summary: Option<String>,
}

/// Where an execution is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Position {
    /// Waits to enter the stage of this index.
    Before(usize),
    /// Runs the stage of this index.
    In(usize),
    /// Has ended.
    Done,
}

/// One passage of an execution through a stage.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StageRun {
    /// Name of the stage.
    pub name: String,
    /// Where it stands.
    pub status: StageStatus,
    /// Actions that were started; those that never were have no record.
    pub actions: Vec<ActionRun>,
    /// Entry.
    pub started: Timestamp,
    /// End, once terminal.
    pub ended: Option<Timestamp>,
}

/// One run of an action.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ActionRun {
    /// UUID; for a manual approval also its token.
    pub id: String,
    /// Name of the action.
    pub name: String,
    /// Where it stands.
    pub status: ActionStatus,
    /// The provider's own account of the result.
    pub summary: Option<String>,
    /// Id in the service that did the work: a build, a deployment.
    pub external_id: Option<String>,
    /// What went wrong.
    pub failure: Option<Failure>,
    /// Output artifacts: name and the key in the store that was reserved for each at the start.
    pub outputs: Vec<(String, String)>,
    /// Start.
    pub started: Timestamp,
    /// End, once terminal.
    pub ended: Option<Timestamp>,
}

/// The revision a source action delivered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceRevision {
    /// Source action.
    pub action: String,
    /// Commit id, image digest or object version.
    pub revision: String,
}

/// What started an execution.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trigger {
    /// `TriggerType` of the API, such as `StartPipelineExecution`.
    pub kind: String,
    /// Who or what: an ARN, a rule, a person.
    pub detail: String,
}

/// Why an action failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// Class, as in `PutJobFailureResult`.
    pub kind: FailureKind,
    /// What happened, in a sentence.
    pub message: String,
}

/// `FailureType` of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum FailureKind {
    /// The work itself failed.
    JobFailed,
    /// The action's configuration cannot work.
    ConfigurationError,
    /// A permission is missing.
    PermissionError,
    /// The revision asked for is not the one at hand.
    RevisionOutOfSync,
    /// The revision asked for does not exist.
    RevisionUnavailable,
    /// A service did not answer.
    SystemUnavailable,
    /// Took longer than its time.
    TimedOut,
}

/// Status of an execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ExecutionStatus {
    /// Runs, or waits between stages.
    InProgress,
    /// Stop was asked for; running actions finish.
    Stopping,
    /// Ended by a stop.
    Stopped,
    /// Every stage succeeded.
    Succeeded,
    /// Overtaken by a newer execution while it waited.
    Superseded,
    /// A stage failed.
    Failed,
}

impl ExecutionStatus {
    /// Whether nothing can happen to the execution any more.
    pub fn is_terminal(self) -> bool {
        !matches!(self, Self::InProgress | Self::Stopping)
    }
}

/// Status of a stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum StageStatus {
    /// Runs.
    InProgress,
    /// Stop was asked for; running actions finish.
    Stopping,
    /// Ended by a stop.
    Stopped,
    /// All its actions succeeded.
    Succeeded,
    /// An action failed.
    Failed,
}

/// Status of an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ActionStatus {
    /// Runs, or waits for an approval.
    InProgress,
    /// Given up by a stop; its outside work may go on.
    Abandoned,
    /// Done.
    Succeeded,
    /// Failed, rejected or out of time.
    Failed,
}

impl State {
    /// An idle pipeline. A declaration without a version is version 1, as after `CreatePipeline`.
    pub fn new(mut pipeline: Pipeline) -> Self {
        pipeline.version = Some(pipeline.version.unwrap_or(1));
        let stages = pipeline
            .stages
            .iter()
            .map(|stage| StageState { name: stage.name.clone(), disabled: None, holder: None, waiting: Vec::new() })
            .collect();
        Self { pipeline, stages, executions: Vec::new(), tokens: BTreeMap::new() }
    }

    /// The execution of this id.
    pub fn execution(&self, id: &str) -> Option<&Execution> {
        self.executions.iter().find(|execution| execution.id == id)
    }

    pub(super) fn index_of(&self, id: &str) -> Option<usize> {
        self.executions.iter().position(|execution| execution.id == id)
    }
}

impl Execution {
    /// The action run of this id, with the stage it belongs to.
    pub fn action(&self, id: &str) -> Option<(&StageRun, &ActionRun)> {
        self.stages
            .iter()
            .find_map(|stage| stage.actions.iter().find(|action| action.id == id).map(|action| (stage, action)))
    }

    /// The first action that failed, with its stage: the cause of a failed execution.
    pub fn first_failure(&self) -> Option<(&StageRun, &ActionRun)> {
        self.stages
            .iter()
            .flat_map(|stage| stage.actions.iter().map(move |action| (stage, action)))
            .filter(|(_, action)| action.status == ActionStatus::Failed)
            .min_by_key(|(_, action)| action.ended)
    }

    pub(super) fn stage_run(&mut self) -> Option<&mut StageRun> {
        self.stages.last_mut()
    }
}

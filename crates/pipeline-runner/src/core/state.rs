//! What the machine remembers: plain data, serialisable as a whole.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use pipeline_model::model::{ExecutionMode, Pipeline};
use serde::{Deserialize, Serialize};

use super::condition::GateRun;

/// A pipeline with its executions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// The declaration that new executions run.
    #[serde(with = "super::shared")]
    pub pipeline: Arc<Pipeline>,
    /// Every older version that an execution runs or ran.
    #[serde(default, with = "super::shared::versions")]
    pub versions: BTreeMap<u32, Arc<Pipeline>>,
    /// One entry per stage of the declaration, in its order; behind them the stages that only older versions have, while
    /// executions of these versions go on.
    pub stages: Vec<StageState>,
    /// All executions in the order of their admission.
    pub executions: Vec<Execution>,
    /// Places in `executions` of those that have not ended, ascending.
    pub active: Vec<usize>,
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
    /// The execution that entered last: in a stage with a lock only this one can be retried.
    #[serde(default)]
    pub latest: Option<String>,
}

/// One run of the pipeline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Execution {
    /// UUID.
    pub id: String,
    /// Version of the declaration that this execution runs.
    pub version: u32,
    /// A run of the pipeline, or a rollback of one stage.
    #[serde(default, rename = "type")]
    pub kind: ExecutionType,
    /// The execution whose variables and revisions a rollback brings back.
    #[serde(default)]
    pub rollback_target: Option<String>,
    /// The execution whose failure started this rollback by itself.
    #[serde(default)]
    pub failed: Option<String>,
    /// 1, and one more with each manual retry.
    #[serde(default = "first")]
    pub attempt: u32,
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
    /// The run of each action that counts; actions that never started have no record.
    pub actions: Vec<ActionRun>,
    /// Runs that a retry has replaced, oldest first.
    #[serde(default)]
    pub earlier: Vec<ActionRun>,
    /// Conditions evaluated in this attempt, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gates: Vec<GateRun>,
    /// Conditions of attempts that a retry has replaced, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier_gates: Vec<GateRun>,
    /// How often the stage was tried again.
    #[serde(default)]
    pub retries: Retries,
    /// Entry.
    pub started: Timestamp,
    /// End, once terminal.
    pub ended: Option<Timestamp>,
}

/// `retryStageMetadata` of the API.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retries {
    /// By the stage's own `onFailure`: at most one.
    pub automatic: u32,
    /// By `RetryStageExecution`.
    pub manual: u32,
    /// What caused the last one.
    pub latest: Option<RetryTrigger>,
}

/// `latestRetryTrigger` of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RetryTrigger {
    /// The stage's `onFailure`.
    AutomatedStageRetry,
    /// `RetryStageExecution`.
    ManualStageRetry,
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
    /// The pipeline was updated while this approval waited: nobody can answer it any more.
    #[serde(default)]
    pub outdated: bool,
    /// What the provider has handed over to its next call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub continuation: Option<String>,
    /// How often it was in flight when the runner ended and was run again by the next one.
    #[serde(default)]
    pub interruptions: u32,
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

/// `executionType` of the API.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ExecutionType {
    /// Runs the pipeline.
    #[default]
    Standard,
    /// Runs one stage with the variables and revisions of an earlier execution.
    Rollback,
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
    /// Whether the execution has ended. Nothing can happen to it any more, but that a failed or stopped stage is retried.
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
    /// An action failed, or a condition did not hold.
    Failed,
    /// Its entry condition did not hold and says `SKIP`: no action ran.
    Skipped,
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
        let stages = pipeline.stages.iter().map(|stage| StageState::new(&stage.name)).collect();
        Self {
            pipeline: Arc::new(pipeline),
            versions: BTreeMap::new(),
            stages,
            executions: Vec::new(),
            active: Vec::new(),
            tokens: BTreeMap::new(),
        }
    }

    /// The execution of this id.
    pub fn execution(&self, id: &str) -> Option<&Execution> {
        self.index_of(id).map(|index| &self.executions[index])
    }

    /// The declaration of this version; the current one for a version that no execution has run.
    pub fn declaration(&self, version: u32) -> &Pipeline {
        self.versions.get(&version).unwrap_or(&self.pipeline)
    }

    /// The declaration that an execution runs, to hold while the state changes.
    pub(super) fn declared(&self, index: usize) -> Arc<Pipeline> {
        Arc::clone(self.versions.get(&self.executions[index].version).unwrap_or(&self.pipeline))
    }

    /// The declaration that an execution runs.
    pub(super) fn declaration_of(&self, index: usize) -> &Pipeline {
        self.declaration(self.executions[index].version)
    }

    /// How an execution shares the pipeline: a property of the version it runs.
    pub(super) fn mode_of(&self, index: usize) -> ExecutionMode {
        self.declaration_of(index).effective_mode()
    }

    /// Where `stages` has the stage that is number `stage` in the version an execution runs.
    pub(super) fn place(&self, index: usize, stage: usize) -> usize {
        let name = &self.declaration_of(index).stages[stage].name;
        let same = self.stages.get(stage).is_some_and(|here| here.name == *name);
        // Every stage of every version that still runs has its entry; without one the numbers agree.
        if same { stage } else { self.stages.iter().position(|here| here.name == *name).unwrap_or(stage) }
    }

    pub(super) fn index_of(&self, id: &str) -> Option<usize> {
        // Nearly always it is asked for one that runs.
        let active = self.active.iter().rev().copied().find(|index| self.executions[*index].id == id);
        active.or_else(|| self.executions.iter().rposition(|execution| execution.id == id))
    }

    /// Admits an execution; its place.
    pub(super) fn admit(&mut self, execution: Execution) -> usize {
        self.executions.push(execution);
        let index = self.executions.len() - 1;
        self.active.push(index);
        index
    }
}

impl StageState {
    pub(super) fn new(name: &str) -> Self {
        Self { name: name.to_owned(), disabled: None, holder: None, waiting: Vec::new(), latest: None }
    }
}

impl Execution {
    /// The action run of this id, also one that a retry has replaced, with the stage it belongs to.
    pub fn action(&self, id: &str) -> Option<(&StageRun, &ActionRun)> {
        self.stages.iter().find_map(|stage| {
            let mut runs = stage.actions.iter().chain(&stage.earlier);
            runs.find(|action| action.id == id).map(|action| (stage, action))
        })
    }

    /// Whether this execution is the rollback that the failure of `execution` has started.
    pub fn is_rollback_of(&self, execution: &str) -> bool {
        self.kind == ExecutionType::Rollback && self.failed.as_deref() == Some(execution)
    }

    /// Whether this execution has passed the stage.
    pub fn succeeded_in(&self, stage: &str) -> bool {
        self.stages.iter().any(|run| run.name == stage && run.status == StageStatus::Succeeded)
    }

    /// The first action that failed and was not retried, with its stage: the cause of a failed execution.
    pub fn first_failure(&self) -> Option<(&StageRun, &ActionRun)> {
        self.stages
            .iter()
            .flat_map(|stage| stage.actions.iter().map(move |action| (stage, action)))
            .filter(|(_, action)| action.status == ActionStatus::Failed)
            .min_by_key(|(_, action)| action.ended)
    }

    /// Which run of this action of the last stage comes next or is under way, from 1.
    pub(super) fn attempt_of(&self, action: &str) -> u32 {
        let earlier = self.stages.last().map(|run| run.earlier.iter().filter(|run| run.name == action).count());
        u32::try_from(earlier.unwrap_or(0) + 1).unwrap_or(u32::MAX)
    }

    /// The same for a rule.
    pub(super) fn attempt_of_rule(&self, rule: &str) -> u32 {
        let earlier = self
            .stages
            .last()
            .map(|run| run.earlier_gates.iter().filter(|gate| gate.rules.iter().any(|run| run.name == rule)).count());
        u32::try_from(earlier.unwrap_or(0) + 1).unwrap_or(u32::MAX)
    }

    pub(super) fn stage_run(&mut self) -> Option<&mut StageRun> {
        self.stages.last_mut()
    }
}

impl ActionRun {
    pub(super) fn new(id: String, name: &str, started: Timestamp) -> Self {
        Self {
            id,
            name: name.to_owned(),
            status: ActionStatus::InProgress,
            summary: None,
            external_id: None,
            failure: None,
            outputs: Vec::new(),
            outdated: false,
            continuation: None,
            interruptions: 0,
            started,
            ended: None,
        }
    }
}

/// The attempt of an execution that was never retried.
fn first() -> u32 {
    1
}

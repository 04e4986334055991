//! What is kept of a pipeline: its versions, its executions with the state of every action, and its transitions.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use aws_call::IdSource;

use crate::client::{ActionError, ActionExecution, ActionStatus, Direction, Execution, ExecutionStatus, StartedBy};
use crate::model::{Action, Category, ExecutionMode, Pipeline, Stage};

/// Minutes that a manual approval waits unless it says otherwise: seven days.
const APPROVAL_MINUTES: u32 = 7 * 24 * 60;

/// What is kept of one pipeline.
#[derive(Debug)]
pub(super) struct Entry {
    /// Every version, the first one first, with secrets as they were sent.
    pub(super) versions: Vec<Pipeline>,
    pub(super) created: SystemTime,
    pub(super) updated: SystemTime,
    /// The oldest first.
    pub(super) runs: Vec<Run>,
    /// Why a transition is closed, by stage and direction.
    pub(super) closed: BTreeMap<(String, Direction), String>,
}

/// One execution.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) id: String,
    pub(super) token: Option<String>,
    pub(super) version: u32,
    pub(super) mode: ExecutionMode,
    pub(super) status: ExecutionStatus,
    pub(super) summary: Option<String>,
    pub(super) variables: BTreeMap<String, String>,
    pub(super) started_by: StartedBy,
    pub(super) rollback_of: Option<String>,
    pub(super) started: SystemTime,
    pub(super) updated: SystemTime,
    pub(super) stop_reason: Option<String>,
    pub(super) stages: Vec<StageRun>,
    /// Runs of actions that a retry replaced.
    pub(super) replaced: Vec<ActionExecution>,
}

/// A stage of one execution.
#[derive(Debug)]
pub(super) struct StageRun {
    pub(super) name: String,
    /// `None` until it is entered.
    pub(super) status: Option<ExecutionStatus>,
    /// When it was entered, as a number that grows with each entry.
    pub(super) entered: u64,
    pub(super) actions: Vec<ActionRun>,
}

/// An action of one execution.
#[derive(Debug)]
pub(super) struct ActionRun {
    pub(super) action: Action,
    /// `None` until it is started.
    pub(super) run: Option<ActionExecution>,
    /// When it ends by itself.
    pub(super) due: Option<SystemTime>,
}

impl Entry {
    pub(super) fn new(first: Pipeline, now: SystemTime) -> Self {
        Self { versions: vec![first], created: now, updated: now, runs: Vec::new(), closed: BTreeMap::new() }
    }

    /// Every entry begins with one version.
    pub(super) fn current(&self) -> &Pipeline {
        &self.versions[self.versions.len() - 1]
    }

    pub(super) fn version(&self) -> u32 {
        u32::try_from(self.versions.len()).unwrap_or(u32::MAX)
    }

    pub(super) fn run(&self, id: &str) -> Option<&Run> {
        self.runs.iter().find(|run| run.id == id)
    }

    pub(super) fn run_mut(&mut self, id: &str) -> Option<&mut Run> {
        self.runs.iter_mut().find(|run| run.id == id)
    }

    /// The number of the next entry of a stage.
    pub(super) fn next_entry(&self) -> u64 {
        let stages = self.runs.iter().flat_map(|run| &run.stages);
        stages.map(|stage| stage.entered).max().unwrap_or_default() + 1
    }
}

impl Run {
    /// The execution as its version of the declaration says, of all stages or of one.
    pub(super) fn new(
        id: String,
        version: u32,
        declaration: &Pipeline,
        only: Option<&str>,
        started_by: StartedBy,
        now: SystemTime,
    ) -> Self {
        let stages = declaration.stages.iter().filter(|stage| only.is_none_or(|only| stage.name == only));
        Self {
            id,
            token: None,
            version,
            mode: declaration.effective_mode(),
            status: ExecutionStatus::InProgress,
            summary: None,
            variables: BTreeMap::new(),
            started_by,
            rollback_of: None,
            started: now,
            updated: now,
            stop_reason: None,
            stages: stages.map(StageRun::new).collect(),
            replaced: Vec::new(),
        }
    }

    pub(super) const fn is_open(&self) -> bool {
        !self.status.is_final()
    }

    /// The stage that it is in, or waits to enter; `None` when all have succeeded.
    pub(super) fn position(&self) -> Option<usize> {
        self.stages.iter().position(|stage| stage.status != Some(ExecutionStatus::Succeeded))
    }

    /// The stage that it waits to enter.
    pub(super) fn waits_for(&self) -> Option<&str> {
        let stage = &self.stages[self.position()?];
        (self.is_open() && stage.status.is_none()).then_some(stage.name.as_str())
    }

    pub(super) fn stage(&self, name: &str) -> Option<&StageRun> {
        self.stages.iter().find(|stage| stage.name == name)
    }

    pub(super) fn actions(&self) -> impl Iterator<Item = (&StageRun, &ActionRun)> {
        self.stages.iter().flat_map(|stage| stage.actions.iter().map(move |action| (stage, action)))
    }

    /// Ends it.
    pub(super) fn end(&mut self, status: ExecutionStatus, now: SystemTime) {
        self.status = status;
        self.updated = now;
    }

    /// As the service tells it.
    pub(super) fn told(&self) -> Execution {
        let mut out = Execution::new(&self.id, self.status.clone());
        out.version = Some(self.version);
        out.summary.clone_from(&self.summary);
        out.variables.clone_from(&self.variables);
        out.started_by = Some(self.started_by.clone());
        out.mode = Some(self.mode.clone());
        out.rollback_of.clone_from(&self.rollback_of);
        out.started = Some(self.started);
        out.updated = Some(self.updated);
        out.stop_reason.clone_from(&self.stop_reason);
        out
    }
}

impl StageRun {
    fn new(stage: &Stage) -> Self {
        let actions = stage.actions.iter().map(|action| ActionRun { action: action.clone(), run: None, due: None });
        Self { name: stage.name.clone(), status: None, entered: 0, actions: actions.collect() }
    }

    pub(super) fn is_active(&self) -> bool {
        self.status == Some(ExecutionStatus::InProgress)
    }
}

impl ActionRun {
    pub(super) fn is(&self, status: &ActionStatus) -> bool {
        self.run.as_ref().is_some_and(|run| run.status == *status)
    }

    pub(super) fn is_approval(&self) -> bool {
        self.action.action_type_id.category == Category::Approval
    }

    /// Starts it; `lasts` is how long it takes when nobody ends it.
    pub(super) fn start(
        &mut self,
        execution: &str,
        stage: &str,
        ids: &dyn IdSource,
        lasts: Option<Duration>,
        now: SystemTime,
    ) {
        let mut run = ActionExecution::new(ids.uuid(), execution, stage, &self.action.name, ActionStatus::InProgress);
        run.action_type = Some(self.action.action_type_id.clone());
        let open = self.action.configuration.iter().filter(|(_, value)| !value.is_secret());
        run.configuration = open.map(|(key, value)| (key.clone(), value.expose().to_owned())).collect();
        run.started = Some(now);
        run.updated = Some(now);
        run.external_id = match self.action.action_type_id.category {
            // Its id is the token that `GetPipelineState` does not tell in the mode `PARALLEL`.
            Category::Approval => Some(run.id.clone()),
            Category::Source => None,
            _ => Some(match self.action.config("ProjectName") {
                Some(project) => format!("{project}:{}", ids.uuid()),
                None => ids.uuid(),
            }),
        };
        let minutes = self.action.timeout_in_minutes.unwrap_or(APPROVAL_MINUTES);
        let lasts = if self.is_approval() { Some(Duration::from_secs(u64::from(minutes) * 60)) } else { lasts };
        self.due = lasts.and_then(|lasts| now.checked_add(lasts));
        self.run = Some(run);
    }

    /// Ends it.
    pub(super) fn end(&mut self, status: ActionStatus, error: Option<ActionError>, now: SystemTime) {
        self.due = None;
        if let Some(run) = &mut self.run {
            run.status = status;
            run.updated = Some(now);
            run.error = error;
        }
    }
}

//! The shell around the state machine: hands its effects to providers and approvers, and feeds their answers back.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_call::{Clock, Env, IdSource};
use jiff::Timestamp;
use pipeline_model::model::{ConditionResult, ExecutionMode, Pipeline, RetryMode};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::approval::Approver;
use crate::artifact::ArtifactStore;
use crate::cancel::Cancel;
use crate::core::{
    ActionStart, Effect, Execution, Failure, FailureKind, Input, Refusal, Report, Stamped, Start, State, Step,
};
use crate::job::{ActionJob, ActionOutcome, ActionProvider, JobContext};
use crate::observer::Observer;
use crate::providers::Providers;
use crate::{Error, Result};

/// How long actions that were given up may take to clean up behind themselves.
const GRACE: Duration = Duration::from_secs(15);

/// What a runner works with.
#[derive(Clone)]
pub struct World {
    /// Who runs which action type.
    pub providers: Providers,
    /// Where artifacts lie.
    pub artifacts: Arc<dyn ArtifactStore>,
    /// Who answers approvals.
    pub approver: Arc<dyn Approver>,
    /// Who watches.
    pub observer: Arc<dyn Observer>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub ids: Arc<dyn IdSource>,
    /// Environment.
    pub env: Arc<dyn Env>,
    /// Directory below which each action gets one of its own; removed with the action.
    pub workspace: PathBuf,
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("World").field("workspace", &self.workspace).finish_non_exhaustive()
    }
}

/// Runs a pipeline on this machine.
#[derive(Debug)]
pub struct Runner {
    state: State,
    world: World,
}

impl Runner {
    /// A runner for one pipeline.
    ///
    /// # Errors
    /// [`Error::Refused`] for a name that the service would not take; [`Error::Unsupported`] names every part of the declaration that would not run here as it does on the service,
    /// so that nothing is silently left out.
    pub fn new(pipeline: Pipeline, world: World) -> Result<Self> {
        crate::names::check(&pipeline)?;
        let missing = unsupported(&pipeline, &world.providers);
        if !missing.is_empty() {
            return Err(Error::Unsupported { pipeline: pipeline.name, what: missing.join("; ") });
        }
        Ok(Self { state: State::new(pipeline), world })
    }

    /// The pipeline and its executions.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Runs one execution to its end. When `cancel` is set the execution is stopped, its actions given up and waited
    /// for, and the result says `Stopped`.
    ///
    /// A failure whose stage says `ROLLBACK` starts an execution of its own, which is run to its end as well; it is the
    /// last one of [`Self::state`]. What comes back is the execution that failed.
    ///
    /// # Errors
    /// [`Error::Refused`] when the start itself is refused. A pipeline that fails is no error: read the status.
    pub async fn run(&mut self, start: Start, cancel: &Cancel) -> Result<Execution> {
        let (sender, mut inputs) = mpsc::unbounded_channel();
        let mut running = Running { tasks: JoinSet::new(), cancels: BTreeMap::new(), sender };
        let first = self.apply(Input::Start(start))?;
        let id = first.execution.clone().unwrap_or_default();
        self.carry_out(first, &mut running);
        let mut stopping = false;
        while let Some(execution) = self.unfinished(&id) {
            let execution = execution.id.clone();
            let input = tokio::select! {
                Some(input) = inputs.recv() => input,
                () = cancel.cancelled(), if !stopping => {
                    stopping = true;
                    Input::Stop { execution, abandon: true, reason: "stopped by its user".to_owned() }
                }
                () = self.lapse() => Input::Tick,
            };
            match self.apply(input.clone()) {
                Ok(step) => self.carry_out(step, &mut running),
                // An answer that the service would not take leaves its approval open, and nobody would ask again.
                Err(Error::Refused(refusal)) if refusal.code == "ValidationException" => {
                    if let Some(step) = self.reject(&input, &refusal)? {
                        self.carry_out(step, &mut running);
                    }
                }
                // An answer that came too late, for example to an approval that has lapsed meanwhile.
                Err(Error::Refused(_)) => {}
                Err(error) => return Err(error),
            }
        }
        running.wind_down(&*self.world.clock).await;
        self.state.execution(&id).cloned().ok_or_else(|| Error::Task(format!("execution {id} is lost")))
    }

    /// What still runs: the execution that was started, or its rollback.
    fn unfinished(&self, id: &str) -> Option<&Execution> {
        let mut own = self.state.executions.iter().skip_while(|execution| execution.id != id);
        own.find(|execution| !execution.status.is_terminal())
    }

    /// Sleeps until the next open approval lapses; for ever when none is open.
    async fn lapse(&self) {
        let Some(deadline) = self.state.next_deadline() else { return std::future::pending().await };
        let left = SystemTime::from(deadline).duration_since(self.world.clock.now()).unwrap_or_default();
        self.world.clock.sleep(left).await;
    }

    fn apply(&mut self, input: Input) -> Result<Step> {
        let at = Timestamp::try_from(self.world.clock.now()).map_err(|error| Error::Task(error.to_string()))?;
        let step = self.state.step(&Stamped { at, seed: self.world.ids.next_u64(), input })?;
        for event in &step.events {
            self.world.observer.event(event);
        }
        Ok(step)
    }

    /// Rejects the approval that `input` tried to answer.
    fn reject(&mut self, input: &Input, refusal: &Refusal) -> Result<Option<Step>> {
        let Input::Approve { token, .. } = input else { return Ok(None) };
        let summary: String = format!("the answer was refused: {}", refusal.message).chars().take(512).collect();
        self.apply(Input::Approve { token: token.clone(), approved: false, summary }).map(Some)
    }

    fn carry_out(&self, step: Step, running: &mut Running) {
        for effect in step.effects {
            match effect {
                Effect::Start(start) => {
                    let (execution, action) = (start.execution.clone(), start.id.clone());
                    if let Err(error) = self.start(*start, running) {
                        let failure = Failure { kind: error.failure_kind(), message: error.to_string() };
                        let report = Report::Failed { failure, external_id: None };
                        let _ = running.sender.send(Input::Report { execution, action, report });
                    }
                }
                Effect::Ask(request) => {
                    let (approver, sender) = (Arc::clone(&self.world.approver), running.sender.clone());
                    let cancel = running.cancel_of(&request.token);
                    running.tasks.spawn(async move {
                        tokio::select! {
                            answer = approver.ask(&request) => {
                                let input = Input::Approve { token: request.token, approved: answer.approved, summary: answer.summary };
                                let _ = sender.send(input);
                            }
                            () = cancel.cancelled() => {}
                        }
                    });
                }
                Effect::Abandon { action } => running.cancel_of(&action).cancel(),
            }
        }
    }

    fn start(&self, start: ActionStart, running: &mut Running) -> Result<()> {
        let world = &self.world;
        let provider = world.providers.get(&start.action_type).ok_or_else(|| Error::Unsupported {
            pipeline: self.state.pipeline.name.clone(),
            what: format!("action `{}`", start.name),
        })?;
        std::fs::create_dir_all(&world.workspace).map_err(|error| Error::file(&world.workspace, error))?;
        let workspace = tempfile::Builder::new()
            .prefix(&format!("{}-", start.name))
            .tempdir_in(&world.workspace)
            .map_err(|error| Error::file(&world.workspace, error))?;
        let observer = Arc::clone(&world.observer);
        let (stage, name) = (start.stage.clone(), start.name.clone());
        let cx = JobContext::new(
            Arc::clone(&world.artifacts),
            workspace.path().to_owned(),
            (Arc::clone(&world.clock), Arc::clone(&world.ids), Arc::clone(&world.env)),
            running.cancel_of(&start.id),
            Arc::new(move |line: &str| observer.line(&stage, &name, line)),
        );
        let (sender, pipeline) = (running.sender.clone(), self.state.pipeline.name.clone());
        running.tasks.spawn(async move {
            let (execution, action) = (start.execution.clone(), start.id.clone());
            // A task of its own, so that a provider that panics fails its action and not the runner.
            let job = tokio::spawn(async move { run_to_end(provider, &pipeline, &start, &cx).await });
            let report = job.await.unwrap_or_else(|error| Report::Failed {
                failure: Failure {
                    kind: FailureKind::SystemUnavailable,
                    message: format!("the action's provider broke down, which is a bug in it: {error}"),
                },
                external_id: None,
            });
            drop(workspace);
            let _ = sender.send(Input::Report { execution, action, report });
        });
        Ok(())
    }
}

struct Running {
    tasks: JoinSet<()>,
    cancels: BTreeMap<String, Cancel>,
    sender: mpsc::UnboundedSender<Input>,
}

impl Running {
    fn cancel_of(&mut self, action: &str) -> Cancel {
        self.cancels.entry(action.to_owned()).or_default().clone()
    }

    /// Waits for what still runs, for a while.
    async fn wind_down(mut self, clock: &dyn Clock) {
        for cancel in self.cancels.values() {
            cancel.cancel();
        }
        tokio::select! {
            () = async { while self.tasks.join_next().await.is_some() {} } => {}
            () = clock.sleep(GRACE) => self.tasks.abort_all(),
        }
    }
}

async fn run_to_end(provider: Arc<dyn ActionProvider>, pipeline: &str, start: &ActionStart, cx: &JobContext) -> Report {
    let mut continuation = None;
    loop {
        match provider.run(ActionJob::new(pipeline, start, continuation.take()), cx).await {
            ActionOutcome::Succeeded { variables, summary, external_id, revision } => {
                return Report::Succeeded { variables, summary, external_id, revision };
            }
            ActionOutcome::Failed { kind, message, external_id } => {
                return Report::Failed { failure: Failure { kind, message }, external_id };
            }
            ActionOutcome::Continue { token, after } => {
                tokio::select! {
                    () = cx.clock.sleep(after) => continuation = Some(token),
                    () = cx.cancel.cancelled() => {
                        let failure = Failure { kind: FailureKind::JobFailed, message: "given up while it waited".to_owned() };
                        return Report::Failed { failure, external_id: None };
                    }
                }
            }
        }
    }
}

/// Everything in a declaration that would be left out or done differently here.
fn unsupported(pipeline: &Pipeline, providers: &Providers) -> Vec<String> {
    let mut found = Vec::new();
    if let ExecutionMode::Unknown(mode) = pipeline.effective_mode() {
        found.push(format!("execution mode `{mode}`"));
    }
    for stage in &pipeline.stages {
        for (what, present) in [
            ("beforeEntry conditions", stage.before_entry.is_some()),
            ("onSuccess conditions", stage.on_success.is_some()),
            ("onFailure conditions", stage.on_failure.as_ref().is_some_and(|gate| !gate.conditions.is_empty())),
        ] {
            if present {
                found.push(format!("{what} of stage `{}`", stage.name));
            }
        }
        let gate = stage.on_failure.as_ref();
        match gate.and_then(|gate| gate.result.as_ref()) {
            None | Some(ConditionResult::Retry | ConditionResult::Rollback) => {}
            Some(result) => found.push(format!("onFailure result `{result}` of stage `{}`", stage.name)),
        }
        let retry = gate.and_then(|gate| gate.retry_configuration.as_ref()?.retry_mode.as_ref());
        if let Some(RetryMode::Unknown(mode)) = retry {
            found.push(format!("retry mode `{mode}` of stage `{}`", stage.name));
        }
        for action in &stage.actions {
            let id = &action.action_type_id;
            if !crate::core::is_manual_approval(id) && providers.get(id).is_none() {
                found.push(format!(
                    "action `{}` of stage `{}` ({} {} {} has no provider here)",
                    action.name,
                    stage.name,
                    id.category.as_str(),
                    id.owner.as_str(),
                    id.provider
                ));
            }
        }
    }
    found
}

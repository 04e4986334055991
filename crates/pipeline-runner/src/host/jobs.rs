//! Actions and questions as tasks beside the host: each reports its end as an input.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use aws_call::Clock;
use tokio::sync::{broadcast, mpsc, oneshot};
use tokio::task::JoinSet;

use super::actor::Message;
use super::{Line, Notice};
use crate::cancel::Cancel;
use crate::core::{ActionStart, ApprovalRequest, Failure, FailureKind, Input, Report};
use crate::job::{ActionJob, ActionOutcome, ActionProvider, JobContext};
use crate::shell::World;
use crate::{Error, Result};

/// How long actions that were given up may take to clean up behind themselves.
const GRACE: Duration = Duration::from_secs(15);

/// What runs at the moment.
pub(super) struct Jobs {
    world: World,
    sender: mpsc::UnboundedSender<Message>,
    notices: broadcast::Sender<Notice>,
    tasks: JoinSet<()>,
    cancels: HashMap<String, Cancel>,
}

impl Jobs {
    pub(super) fn new(
        world: World,
        sender: mpsc::UnboundedSender<Message>,
        notices: broadcast::Sender<Notice>,
    ) -> Self {
        Self { world, sender, notices, tasks: JoinSet::new(), cancels: HashMap::new() }
    }

    /// Runs an action.
    pub(super) fn start(&mut self, pipeline: &str, start: ActionStart) {
        let cancel = self.register(&start.id);
        let (world, sender, pipeline) = (self.world.clone(), self.sender.clone(), pipeline.to_owned());
        let notices = self.notices.clone();
        self.tasks.spawn(async move {
            let (execution, action) = (start.execution.clone(), start.id.clone());
            let report = match prepare(&world, &pipeline, &start, cancel, notices) {
                Ok((provider, workspace, cx)) => {
                    let report = run_guarded(provider, pipeline.clone(), start, cx, sender.clone()).await;
                    drop(workspace);
                    report
                }
                Err(error) => {
                    let failure = Failure { kind: error.failure_kind(), message: error.to_string() };
                    Report::Failed { failure, external_id: None }
                }
            };
            let input = Input::Report { execution, action, report };
            let _ = sender.send(Message::Input { pipeline, input, reply: None });
        });
    }

    /// Puts a question to whoever answers approvals.
    pub(super) fn ask(&mut self, pipeline: &str, request: ApprovalRequest) {
        let cancel = self.register(&request.token);
        let (approver, sender) = (Arc::clone(&self.world.approver), self.sender.clone());
        let pipeline = pipeline.to_owned();
        self.tasks.spawn(async move {
            let answer = tokio::select! {
                answer = approver.ask(&request) => answer,
                () = cancel.cancelled() => return,
            };
            let (reply, taken) = oneshot::channel();
            let (token, approved, summary) = (request.token.clone(), answer.approved, answer.summary);
            let input = Input::Approve { token, approved, summary };
            if sender.send(Message::Input { pipeline: pipeline.clone(), input, reply: Some(reply) }).is_err() {
                return;
            }
            // An answer that the service would not take leaves its approval open, and nobody would ask again. One that
            // came too late is of no interest.
            if let Ok(Err(Error::Refused(refusal))) = taken.await
                && refusal.code == "ValidationException"
            {
                let summary: String =
                    format!("the answer was refused: {}", refusal.message).chars().take(512).collect();
                let input = Input::Approve { token: request.token, approved: false, summary };
                let _ = sender.send(Message::Input { pipeline, input, reply: None });
            }
        });
    }

    /// Gives a job up, or forgets one that has ended.
    pub(super) fn end(&mut self, id: &str) {
        if let Some(cancel) = self.cancels.remove(id) {
            cancel.cancel();
        }
        while self.tasks.try_join_next().is_some() {}
    }

    fn register(&mut self, id: &str) -> Cancel {
        self.cancels.entry(id.to_owned()).or_default().clone()
    }

    /// Gives everything up and waits for it, for a while.
    pub(super) async fn wind_down(mut self) {
        for cancel in self.cancels.values() {
            cancel.cancel();
        }
        let clock = Arc::clone(&self.world.clock);
        tokio::select! {
            () = async { while self.tasks.join_next().await.is_some() {} } => {}
            () = clock.sleep(GRACE) => self.tasks.abort_all(),
        }
    }
}

/// Who runs an action, in which directory, and what it sees of the world.
fn prepare(
    world: &World,
    pipeline: &str,
    start: &ActionStart,
    cancel: Cancel,
    notices: broadcast::Sender<Notice>,
) -> Result<(Arc<dyn ActionProvider>, tempfile::TempDir, JobContext)> {
    let provider = world.providers.get(&start.action_type).ok_or_else(|| Error::Unsupported {
        pipeline: pipeline.to_owned(),
        what: format!("action `{}`", start.name),
    })?;
    let failed = |error| Error::file(&world.workspace, error);
    std::fs::create_dir_all(&world.workspace).map_err(failed)?;
    let name = format!("{}-{}", start.name, start.id);
    if start.interrupted {
        // What the last runner left of this action's directory.
        match std::fs::remove_dir_all(world.workspace.join(&name)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(failed(error)),
            _ => {}
        }
    }
    let named = tempfile::Builder::new().prefix(&name).rand_bytes(0).tempdir_in(&world.workspace);
    let workspace = named.map_err(failed)?;
    let observer = Arc::clone(&world.observer);
    let from = Line {
        pipeline: pipeline.to_owned(),
        execution: start.execution.clone(),
        stage: start.stage.clone(),
        action: start.name.clone(),
        id: start.id.clone(),
        text: String::new(),
    };
    let log = move |text: &str| {
        observer.line(&from.stage, &from.action, text);
        if notices.receiver_count() > 0 {
            let _ = notices.send(Notice::Line(Arc::new(Line { text: text.to_owned(), ..from.clone() })));
        }
    };
    if start.interrupted {
        log("was in flight when the last runner ended, and runs again");
    }
    let cx = JobContext::new(
        Arc::clone(&world.artifacts),
        workspace.path().to_owned(),
        (Arc::clone(&world.clock), Arc::clone(&world.ids), Arc::clone(&world.env)),
        cancel,
        Arc::new(log),
    );
    Ok((provider, workspace, cx))
}

/// Runs in a task of its own, so that a provider that panics fails its action and not the host. Dropping the future ends
/// that task.
async fn run_guarded(
    provider: Arc<dyn ActionProvider>,
    pipeline: String,
    start: ActionStart,
    cx: JobContext,
    sender: mpsc::UnboundedSender<Message>,
) -> Report {
    let mut task = JoinSet::new();
    task.spawn(async move { run_to_end(provider, &pipeline, &start, &cx, &sender).await });
    let why = match task.join_next().await {
        Some(Ok(report)) => return report,
        Some(Err(error)) => error.to_string(),
        None => "it was never started".to_owned(),
    };
    let message = format!("the action's provider broke down, which is a bug in it: {why}");
    Report::Failed { failure: Failure { kind: FailureKind::SystemUnavailable, message }, external_id: None }
}

async fn run_to_end(
    provider: Arc<dyn ActionProvider>,
    pipeline: &str,
    start: &ActionStart,
    cx: &JobContext,
    sender: &mpsc::UnboundedSender<Message>,
) -> Report {
    let gone = |message: &str| Report::Failed {
        failure: Failure { kind: FailureKind::JobFailed, message: message.to_owned() },
        external_id: None,
    };
    let mut job = ActionJob::new(pipeline, start);
    loop {
        match provider.run(job, cx).await {
            ActionOutcome::Succeeded { variables, summary, external_id, revision } => {
                return Report::Succeeded { variables, summary, external_id, revision };
            }
            ActionOutcome::Failed { kind, message, external_id } => {
                return Report::Failed { failure: Failure { kind, message }, external_id };
            }
            ActionOutcome::Continue { token, after } => {
                let (execution, action) = (start.execution.clone(), start.id.clone());
                let input = Input::Continue { execution, action, token: token.clone() };
                let (reply, taken) = oneshot::channel();
                // The next call comes only when this one can no longer be forgotten.
                let asked = Message::Input { pipeline: pipeline.to_owned(), input, reply: Some(reply) };
                if sender.send(asked).is_err() || taken.await.is_err() {
                    return gone("given up with its host");
                }
                // Who asks for no pause has begun something, and is called even when given up: only it can end that.
                if !after.is_zero() {
                    tokio::select! {
                        () = cx.clock.sleep(after) => {}
                        () = cx.cancel.cancelled() => return gone("given up while it waited"),
                    }
                }
                job = ActionJob::new(pipeline, start);
                job.continuation = Some(token);
                job.interrupted = false;
            }
        }
    }
}

//! Many pipelines behind one handle: whatever the API can ask of a pipeline, from any task.
//!
//! One task owns the states and takes inputs one after the other; actions run as jobs beside it and report back to it.
//! A [`Host`] is its address: clones are cheap and all speak to the same pipelines.

mod actor;
mod jobs;
mod unsupported;

use std::sync::Arc;

use aws_call::{AccountId, Region};
use pipeline_model::model::{Pipeline, RetryMode};
use tokio::sync::{broadcast, mpsc, oneshot};

use self::actor::{Actor, Message};
pub(crate) use self::unsupported::unsupported;
use crate::approval::Answer;
use crate::cancel::Cancel;
use crate::core::{Event, Execution, Gate, Input, Refusal, Start, State};
use crate::journal::Journal;
use crate::shell::World;
use crate::{Error, Result};

/// How many notices a subscriber may be behind before it loses the oldest.
const BACKLOG: usize = 4096;

/// A handle on pipelines that run on this machine. When the last clone is dropped, running actions are given up.
///
/// ```no_run
/// use pipeline_runner::host::Host;
/// use pipeline_runner::{World, core::Start};
///
/// # async fn host(pipeline: pipeline_model::Pipeline, world: World) -> pipeline_runner::Result<()> {
/// let (host, name) = (Host::new(world), pipeline.name.clone());
/// host.put(pipeline).await?;
/// let execution = host.start(&name, Start::manual("me")).await?;
/// println!("{:?}", host.finished(&name, &execution).await?.status);
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct Host(Arc<Handle>);

#[derive(Debug)]
struct Handle {
    sender: mpsc::UnboundedSender<Message>,
    notices: broadcast::Sender<Notice>,
    home: Home,
}

impl Drop for Handle {
    fn drop(&mut self) {
        // Jobs hold addresses of their own, so the task must be told.
        let _ = self.sender.send(Message::Close { done: None });
    }
}

/// The account and region that a host stands for: they are in its events, ARNs and errors.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Home {
    /// Account id.
    pub account: String,
    /// Region.
    pub region: String,
}

impl Default for Home {
    fn default() -> Self {
        Self { account: "123456789012".to_owned(), region: "us-east-1".to_owned() }
    }
}

impl Home {
    /// This account and region.
    pub fn new(account: &AccountId, region: &Region) -> Self {
        Self { account: account.as_str().to_owned(), region: region.as_str().to_owned() }
    }
}

/// What subscribers are told, in order.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Notice {
    /// A state change.
    Event(Arc<Event>),
    /// A line that an action or a rule printed.
    Line(Arc<Line>),
    /// The host has ended.
    Ended,
}

/// A line of an action's log.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Line {
    /// Pipeline.
    pub pipeline: String,
    /// Execution.
    pub execution: String,
    /// Stage.
    pub stage: String,
    /// Action.
    pub action: String,
    /// Action run.
    pub id: String,
    /// What it printed.
    pub text: String,
}

impl Host {
    /// A host without pipelines, for the default [`Home`].
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn new(world: World) -> Self {
        Self::at(world, Home::default())
    }

    /// A host without pipelines for an account and a region.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn at(world: World, home: Home) -> Self {
        let (sender, inputs) = mpsc::unbounded_channel();
        let (notices, _) = broadcast::channel(BACKLOG);
        let actor = Actor::new(world, home.clone(), inputs, sender.clone(), notices.clone());
        tokio::spawn(actor.run());
        Self(Arc::new(Handle { sender, notices, home }))
    }

    /// A host that goes on with what a journal holds, and writes every input down before anything is done about it.
    ///
    /// What was in flight when the last host ended is started again, and its provider is told so
    /// ([`ActionJob::interrupted`](crate::ActionJob::interrupted)); approvals are asked again under the same token.
    ///
    /// # Errors
    /// [`Error::Journal`] when the journal cannot be read or written, or does not fit together.
    pub async fn open(world: World, home: Home, journal: Arc<dyn Journal>) -> Result<Self> {
        let (sender, inputs) = mpsc::unbounded_channel();
        let (notices, _) = broadcast::channel(BACKLOG);
        let mut actor = Actor::new(world, home.clone(), inputs, sender.clone(), notices.clone());
        actor.open(journal).await?;
        tokio::spawn(actor.run());
        Ok(Self(Arc::new(Handle { sender, notices, home })))
    }

    /// The account and region it stands for.
    pub fn home(&self) -> &Home {
        &self.0.home
    }

    /// Creates the pipeline, or updates the one of this name: executions that run go on with their own version. The
    /// answer is the version.
    ///
    /// # Errors
    /// [`Error::Refused`] for a name that the service would not take; [`Error::Unsupported`] names every part of the
    /// declaration that would not run here as it does on the service.
    pub async fn put(&self, pipeline: Pipeline) -> Result<u32> {
        self.ask(|reply| Message::Put { pipeline: Box::new(pipeline), reply }).await
    }

    /// Takes a pipeline over with the executions it has; what is in progress in it is run again.
    pub(crate) async fn adopt(&self, state: State) -> Result<()> {
        self.ask(|reply| Message::Adopt { state: Box::new(state), reply }).await
    }

    /// `DeletePipeline`: executions that run are abandoned. A pipeline that is not there is none afterwards, too.
    ///
    /// # Errors
    /// [`Error::Task`] when the host has ended.
    pub async fn remove(&self, pipeline: &str) -> Result<()> {
        self.ask(|reply| Message::Remove { pipeline: pipeline.to_owned(), reply }).await
    }

    /// `StartPipelineExecution`; the answer is the execution's id.
    ///
    /// # Errors
    /// [`Error::Refused`] with the service's exception.
    pub async fn start(&self, pipeline: &str, start: Start) -> Result<String> {
        self.input(pipeline, Input::Start(start)).await.map(Option::unwrap_or_default)
    }

    /// `StopPipelineExecution`.
    ///
    /// # Errors
    /// [`Error::Refused`] with the service's exception.
    pub async fn stop(&self, pipeline: &str, execution: &str, abandon: bool, reason: &str) -> Result<()> {
        let input = Input::Stop { execution: execution.to_owned(), abandon, reason: reason.to_owned() };
        self.input(pipeline, input).await.map(drop)
    }

    /// `RetryStageExecution`.
    ///
    /// # Errors
    /// [`Error::Refused`] with the service's exception.
    pub async fn retry(&self, pipeline: &str, execution: &str, stage: &str, mode: RetryMode) -> Result<()> {
        let input = Input::Retry { execution: execution.to_owned(), stage: stage.to_owned(), mode };
        self.input(pipeline, input).await.map(drop)
    }

    /// `RollbackStage`; the answer is the id of the rollback's own execution. `user` is the ARN of whoever asks.
    ///
    /// # Errors
    /// [`Error::Refused`] with the service's exception.
    pub async fn rollback(&self, pipeline: &str, stage: &str, target: &str, user: &str) -> Result<String> {
        let input = Input::Rollback { stage: stage.to_owned(), target: target.to_owned(), user: user.to_owned() };
        self.input(pipeline, input).await.map(Option::unwrap_or_default)
    }

    /// `PutApprovalResult`.
    ///
    /// # Errors
    /// [`Error::Refused`] with the service's exception.
    pub async fn approve(&self, pipeline: &str, token: &str, answer: Answer) -> Result<()> {
        let Answer { approved, summary } = answer;
        self.input(pipeline, Input::Approve { token: token.to_owned(), approved, summary }).await.map(drop)
    }

    /// `DisableStageTransition` with a reason, `EnableStageTransition` without.
    ///
    /// # Errors
    /// [`Error::Refused`] with the service's exception.
    pub async fn transition(&self, pipeline: &str, stage: &str, disabled: Option<String>) -> Result<()> {
        self.input(pipeline, Input::Transition { stage: stage.to_owned(), disabled }).await.map(drop)
    }

    /// `OverrideStageCondition`.
    ///
    /// # Errors
    /// [`Error::Refused`] with the service's exception.
    pub async fn override_condition(&self, pipeline: &str, execution: &str, stage: &str, gate: Gate) -> Result<()> {
        let input = Input::Override { execution: execution.to_owned(), stage: stage.to_owned(), gate };
        self.input(pipeline, input).await.map(drop)
    }

    /// Any input; the answer is the execution that it started, if it started one.
    ///
    /// # Errors
    /// [`Error::Refused`] with the service's exception, also for a pipeline that is not here.
    pub async fn input(&self, pipeline: &str, input: Input) -> Result<Option<String>> {
        self.ask(|reply| Message::Input { pipeline: pipeline.to_owned(), input, reply: Some(reply) }).await
    }

    /// The names of all pipelines, sorted.
    ///
    /// # Errors
    /// [`Error::Task`] when the host has ended.
    pub async fn names(&self) -> Result<Vec<String>> {
        self.ask(|reply| Message::Names { reply }).await
    }

    /// Looks at a pipeline's state without copying it. Nothing happens meanwhile, so `look` must return quickly.
    ///
    /// # Errors
    /// [`Error::Refused`] for a pipeline that is not here.
    pub async fn read<T: Send + 'static>(
        &self,
        pipeline: &str,
        look: impl FnOnce(&State) -> T + Send + 'static,
    ) -> Result<T> {
        let (sender, seen) = oneshot::channel();
        let look = Box::new(move |state: &State| drop(sender.send(look(state))));
        self.ask(|reply| Message::Look { pipeline: pipeline.to_owned(), look, reply }).await?;
        seen.await.map_err(|_| ended())
    }

    /// A copy of a pipeline's state.
    ///
    /// # Errors
    /// [`Error::Refused`] for a pipeline that is not here.
    pub async fn state(&self, pipeline: &str) -> Result<State> {
        self.read(pipeline, State::clone).await
    }

    /// Everything that happens from now on.
    pub fn subscribe(&self) -> broadcast::Receiver<Notice> {
        self.0.notices.subscribe()
    }

    /// Waits until an execution has ended, and every rollback that its failure has started.
    ///
    /// # Errors
    /// [`Error::Refused`] for a pipeline or an execution that is not here.
    pub async fn finished(&self, pipeline: &str, execution: &str) -> Result<Execution> {
        let mut notices = self.subscribe();
        loop {
            let id = execution.to_owned();
            let found = self.read(pipeline, move |state| {
                let mut from_here = state.executions.iter().skip_while(|execution| execution.id != id);
                let own = from_here.next()?;
                let open = !own.status.is_terminal()
                    || from_here.any(|later| later.is_rollback_of(&id) && !later.status.is_terminal());
                Some((!open).then(|| own.clone()))
            });
            match found.await? {
                Some(Some(execution)) => return Ok(execution),
                Some(None) => {}
                None => {
                    let message = format!("there is no execution `{execution}` of pipeline `{pipeline}`");
                    return Err(Refusal { code: "PipelineExecutionNotFoundException", message }.into());
                }
            }
            if let Err(broadcast::error::RecvError::Closed) = notices.recv().await {
                return Err(ended());
            }
        }
    }

    /// Waits like [`Self::finished`]. When `cancel` is set the execution is stopped, or the rollback that it has come to,
    /// and its actions are given up.
    ///
    /// # Errors
    /// [`Error::Refused`] for a pipeline or an execution that is not here.
    pub async fn follow(&self, pipeline: &str, execution: &str, cancel: &Cancel) -> Result<Execution> {
        tokio::select! {
            ended = self.finished(pipeline, execution) => return ended,
            () = cancel.cancelled() => {}
        }
        let id = execution.to_owned();
        let open = self.read(pipeline, move |state| {
            let own = |execution: &&Execution| execution.id == id || execution.is_rollback_of(&id);
            let mut open = state.executions.iter().filter(|execution| !execution.status.is_terminal());
            open.find(own).map(|execution| execution.id.clone())
        });
        if let Some(open) = open.await? {
            match self.stop(pipeline, &open, true, "stopped by its user").await {
                // It has just ended by itself.
                Ok(()) | Err(Error::Refused(_)) => {}
                Err(error) => return Err(error),
            }
        }
        self.finished(pipeline, execution).await
    }

    /// Gives running actions up and waits a while for them to clean up. Other clones of the handle get errors from now on.
    pub async fn shut_down(self) {
        let (done, ended) = oneshot::channel();
        if self.0.sender.send(Message::Close { done: Some(done) }).is_ok() {
            let _ = ended.await;
        }
    }

    async fn ask<T>(&self, message: impl FnOnce(oneshot::Sender<Result<T>>) -> Message) -> Result<T> {
        let (reply, answer) = oneshot::channel();
        self.0.sender.send(message(reply)).map_err(|_| ended())?;
        answer.await.map_err(|_| ended())?
    }
}

fn ended() -> Error {
    Error::Task("the host has ended: it was shut down, or could not write its journal".to_owned())
}

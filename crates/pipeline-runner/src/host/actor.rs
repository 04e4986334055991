//! The task that owns the states: takes inputs in batches, steps, tells what happened, and starts what is to be done.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::SystemTime;

use aws_call::{Clock, IdSource};
use jiff::Timestamp;
use pipeline_model::model::Pipeline;
use tokio::sync::{broadcast, mpsc, oneshot};

use super::jobs::Jobs;
use super::{Home, Notice, unsupported};
use crate::core::{ActionStatus, Effect, Input, Refusal, Stamped, State, Step, What};
use crate::journal::{Entry, Happened, Journal, replay};
use crate::shell::World;
use crate::{Error, Result};

/// Inputs that are taken together.
const BATCH: usize = 512;

type Reply<T> = oneshot::Sender<Result<T>>;

/// What the task is asked.
pub(super) enum Message {
    Put { pipeline: Box<Pipeline>, reply: Reply<u32> },
    Adopt { state: Box<State>, reply: Reply<()> },
    Remove { pipeline: String, reply: Reply<()> },
    Names { reply: Reply<Vec<String>> },
    Look { pipeline: String, look: Box<dyn FnOnce(&State) + Send>, reply: Reply<()> },
    Input { pipeline: String, input: Input, reply: Option<Reply<Option<String>>> },
    Close { done: Option<oneshot::Sender<()>> },
}

pub(super) struct Actor {
    world: World,
    home: Home,
    inputs: mpsc::UnboundedReceiver<Message>,
    notices: broadcast::Sender<Notice>,
    jobs: Jobs,
    states: BTreeMap<String, State>,
    /// When each pipeline that waits for a time wants its tick.
    due: BTreeSet<(Timestamp, String)>,
    journal: Option<Arc<dyn Journal>>,
    /// To be written down before anything is done about [`Self::taken`].
    entries: Vec<Entry>,
    taken: Vec<Taken>,
}

/// Something that has happened, and what is still to be done about it once it is written down.
enum Taken {
    Step { pipeline: String, step: Step, reply: Option<Reply<Option<String>>> },
    Version { version: u32, reply: Reply<u32> },
    Done { reply: Reply<()> },
    Look { pipeline: String, look: Box<dyn FnOnce(&State) + Send>, reply: Reply<()> },
    Names { reply: Reply<Vec<String>> },
}

impl Actor {
    pub(super) fn new(
        world: World,
        home: Home,
        inputs: mpsc::UnboundedReceiver<Message>,
        sender: mpsc::UnboundedSender<Message>,
        notices: broadcast::Sender<Notice>,
    ) -> Self {
        let jobs = Jobs::new(world.clone(), sender, notices.clone());
        let (states, due) = (BTreeMap::new(), BTreeSet::new());
        Self { world, home, inputs, notices, jobs, states, due, journal: None, entries: Vec::new(), taken: Vec::new() }
    }

    /// Goes on with what a journal holds and writes to it from now on.
    pub(super) async fn open(&mut self, journal: Arc<dyn Journal>) -> Result<()> {
        self.states = replay(journal.load().await?)?;
        let stands = |(name, state): (&String, &State)| Entry {
            pipeline: name.clone(),
            what: Happened::Stands(Box::new(state.clone())),
        };
        journal.replace(self.states.iter().map(stands).collect()).await?;
        self.journal = Some(journal);
        for name in self.states.keys().cloned().collect::<Vec<_>>() {
            if self.states.get(&name).is_some_and(|state| !state.active.is_empty()) {
                self.step(name, Input::Resume, None);
            }
        }
        self.settle().await
    }

    /// Runs until it is told to close.
    pub(super) async fn run(mut self) {
        let mut batch = Vec::with_capacity(BATCH);
        let mut close = None;
        while close.is_none() {
            tokio::select! {
                _ = self.inputs.recv_many(&mut batch, BATCH) => {}
                () = lapse(&self.due, &*self.world.clock) => self.tick(),
            }
            for message in batch.drain(..) {
                match message {
                    Message::Close { done } => close = Some(done),
                    message => self.take(message),
                }
            }
            // Nothing may happen that is not written down, so this is the end.
            if let Err(error) = self.settle().await {
                self.world.observer.line("", "journal", &error.to_string());
                break;
            }
        }
        // Whoever still asks is told at once that nobody is here.
        self.inputs.close();
        self.jobs.wind_down().await;
        let _ = self.notices.send(Notice::Ended);
        if let Some(Some(done)) = close {
            let _ = done.send(());
        }
    }

    fn take(&mut self, message: Message) {
        match message {
            Message::Put { pipeline, reply } => match self.put(*pipeline) {
                Ok(version) => self.taken.push(Taken::Version { version, reply }),
                Err(error) => drop(reply.send(Err(error))),
            },
            Message::Adopt { state, reply } => {
                let name = state.pipeline.name.clone();
                self.note(&name, || Happened::Stands(state.clone()));
                self.states.insert(name.clone(), *state);
                self.step(name, Input::Resume, None);
                self.taken.push(Taken::Done { reply });
            }
            Message::Remove { pipeline, reply } => {
                self.remove(&pipeline);
                self.taken.push(Taken::Done { reply });
            }
            Message::Names { reply } => self.taken.push(Taken::Names { reply }),
            Message::Look { pipeline, look, reply } => self.taken.push(Taken::Look { pipeline, look, reply }),
            Message::Input { pipeline, input, reply } => {
                if let Input::Report { action, .. } = &input {
                    self.jobs.end(action);
                }
                self.step(pipeline, input, reply);
            }
            Message::Close { .. } => {}
        }
    }

    fn put(&mut self, pipeline: Pipeline) -> Result<u32> {
        crate::names::check(&pipeline)?;
        let missing = unsupported(&pipeline, &self.world.providers);
        if !missing.is_empty() {
            return Err(Error::Unsupported { pipeline: pipeline.name, what: missing.join("; ") });
        }
        let name = pipeline.name.clone();
        if self.states.contains_key(&name) {
            self.step(name.clone(), Input::Update(Box::new(pipeline)), None);
        } else {
            let state = State::new(pipeline);
            self.note(&name, || Happened::Created(Arc::clone(&state.pipeline)));
            self.states.insert(name.clone(), state);
        }
        Ok(self.states.get(&name).and_then(|state| state.pipeline.version).unwrap_or(1))
    }

    fn remove(&mut self, pipeline: &str) {
        let Some(state) = self.states.remove(pipeline) else { return };
        self.note(pipeline, || Happened::Removed);
        self.due.retain(|(_, name)| name != pipeline);
        for run in state.executions.iter().filter_map(|execution| execution.stages.last()) {
            let rules = run.gates.iter().flat_map(|gate| &gate.rules);
            let open = run.actions.iter().chain(rules).filter(|run| run.status == ActionStatus::InProgress);
            open.for_each(|run| self.jobs.end(&run.id));
        }
    }

    fn note(&mut self, pipeline: &str, what: impl FnOnce() -> Happened) {
        if self.journal.is_some() {
            self.entries.push(Entry { pipeline: pipeline.to_owned(), what: what() });
        }
    }

    fn step(&mut self, pipeline: String, input: Input, reply: Option<Reply<Option<String>>>) {
        match self.try_step(&pipeline, input) {
            Ok(step) => self.taken.push(Taken::Step { pipeline, step, reply }),
            Err(error) => drop(reply.map(|reply| reply.send(Err(error)))),
        }
    }

    fn try_step(&mut self, pipeline: &str, input: Input) -> Result<Step> {
        let at = Timestamp::try_from(self.world.clock.now()).map_err(|error| Error::Task(error.to_string()))?;
        let Some(state) = self.states.get_mut(pipeline) else { return Err(self.no_such(pipeline)) };
        let before = state.next_deadline();
        let stamped = Stamped { at, seed: self.world.ids.next_u64(), input };
        let step = state.step(&stamped)?;
        let after = state.next_deadline();
        if before != after {
            before.map(|at| self.due.remove(&(at, pipeline.to_owned())));
        }
        // One that was there before may have been taken out by a tick.
        after.map(|at| self.due.insert((at, pipeline.to_owned())));
        self.note(pipeline, || Happened::Took(Box::new(stamped)));
        Ok(step)
    }

    /// Writes down what has happened, and then does what is to be done about it.
    async fn settle(&mut self) -> Result<()> {
        if let Some(journal) = self.journal.as_ref().filter(|_| !self.entries.is_empty()) {
            let written = journal.append(std::mem::take(&mut self.entries)).await;
            if let Err(error) = written {
                // Who asked sees that nobody answers.
                self.taken.clear();
                return Err(error);
            }
        }
        for taken in std::mem::take(&mut self.taken) {
            match taken {
                Taken::Step { pipeline, step, reply } => self.carry_out(&pipeline, step, reply),
                Taken::Version { version, reply } => drop(reply.send(Ok(version))),
                Taken::Done { reply } => drop(reply.send(Ok(()))),
                Taken::Names { reply } => drop(reply.send(Ok(self.states.keys().cloned().collect()))),
                Taken::Look { pipeline, look, reply } => {
                    let seen = self.states.get(&pipeline).map(look);
                    let _ = reply.send(seen.ok_or_else(|| self.no_such(&pipeline)));
                }
            }
        }
        Ok(())
    }

    /// Tells what happened and starts what is to be done.
    fn carry_out(&mut self, pipeline: &str, step: Step, reply: Option<Reply<Option<String>>>) {
        for event in step.events {
            self.world.observer.event(&event);
            if let What::Action { id, .. } = &event.what
                && !matches!(event.state.as_str(), "STARTED" | "RESUMED")
            {
                self.jobs.end(id);
            }
            if self.notices.receiver_count() > 0 {
                let _ = self.notices.send(Notice::Event(Arc::new(event)));
            }
        }
        for effect in step.effects {
            match effect {
                Effect::Start(start) => self.jobs.start(pipeline, *start),
                Effect::Ask(request) => self.jobs.ask(pipeline, request),
                Effect::Abandon { action } => self.jobs.end(&action),
            }
        }
        if let Some(reply) = reply {
            let _ = reply.send(Ok(step.execution));
        }
    }

    fn tick(&mut self) {
        let now = self.world.clock.now();
        let mut due = Vec::new();
        while self.due.first().is_some_and(|(at, _)| SystemTime::from(*at) <= now) {
            due.extend(self.due.pop_first());
        }
        for (_, pipeline) in due {
            self.step(pipeline, Input::Tick, None);
        }
    }

    fn no_such(&self, pipeline: &str) -> Error {
        let message = format!("Account '{}' does not have a pipeline with name '{pipeline}'", self.home.account);
        Refusal { code: "PipelineNotFoundException", message }.into()
    }
}

/// Sleeps until the next time that anything waits for; for ever when nothing does.
async fn lapse(due: &BTreeSet<(Timestamp, String)>, clock: &dyn Clock) {
    let Some((deadline, _)) = due.first() else { return std::future::pending().await };
    clock.sleep(SystemTime::from(*deadline).duration_since(clock.now()).unwrap_or_default()).await;
}

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
}

/// A step that has been taken, and what is still to be done about it.
struct Taken {
    pipeline: String,
    step: Step,
    reply: Option<Reply<Option<String>>>,
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
        Self { world, home, inputs, notices, jobs, states: BTreeMap::new(), due: BTreeSet::new() }
    }

    /// Runs until it is told to close.
    pub(super) async fn run(mut self) {
        let mut batch = Vec::with_capacity(BATCH);
        let done = 'open: loop {
            tokio::select! {
                _ = self.inputs.recv_many(&mut batch, BATCH) => {}
                () = lapse(&self.due, &*self.world.clock) => self.tick(),
            }
            for message in batch.drain(..) {
                match message {
                    Message::Close { done } => break 'open done,
                    message => self.take(message),
                }
            }
        };
        // Whoever still asks is told at once that nobody is here.
        self.inputs.close();
        self.jobs.wind_down().await;
        if let Some(done) = done {
            let _ = done.send(());
        }
    }

    fn take(&mut self, message: Message) {
        match message {
            Message::Put { pipeline, reply } => drop(reply.send(self.put(*pipeline))),
            Message::Adopt { state, reply } => {
                self.states.insert(state.pipeline.name.clone(), *state);
                let _ = reply.send(Ok(()));
            }
            Message::Remove { pipeline, reply } => {
                self.remove(&pipeline);
                let _ = reply.send(Ok(()));
            }
            Message::Names { reply } => drop(reply.send(Ok(self.states.keys().cloned().collect()))),
            Message::Look { pipeline, look, reply } => {
                let _ = reply.send(self.states.get(&pipeline).map(look).ok_or_else(|| self.no_such(&pipeline)));
            }
            Message::Input { pipeline, input, reply } => match self.take_input(&pipeline, input) {
                Ok(step) => self.carry_out(Taken { pipeline, step, reply }),
                Err(error) => drop(reply.map(|reply| reply.send(Err(error)))),
            },
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
            let step = self.step(&name, Input::Update(Box::new(pipeline)))?;
            self.carry_out(Taken { pipeline: name.clone(), step, reply: None });
        } else {
            self.states.insert(name.clone(), State::new(pipeline));
        }
        Ok(self.states.get(&name).and_then(|state| state.pipeline.version).unwrap_or(1))
    }

    fn remove(&mut self, pipeline: &str) {
        let Some(state) = self.states.remove(pipeline) else { return };
        self.due.retain(|(_, name)| name != pipeline);
        let runs = state.executions.iter().flat_map(|execution| execution.stages.last()).flat_map(|run| &run.actions);
        runs.filter(|run| run.status == ActionStatus::InProgress).for_each(|run| self.jobs.end(&run.id));
    }

    fn take_input(&mut self, pipeline: &str, input: Input) -> Result<Step> {
        if let Input::Report { action, .. } = &input {
            self.jobs.end(action);
        }
        self.step(pipeline, input)
    }

    fn step(&mut self, pipeline: &str, input: Input) -> Result<Step> {
        let at = Timestamp::try_from(self.world.clock.now()).map_err(|error| Error::Task(error.to_string()))?;
        let Some(state) = self.states.get_mut(pipeline) else { return Err(self.no_such(pipeline)) };
        let before = state.next_deadline();
        let step = state.step(&Stamped { at, seed: self.world.ids.next_u64(), input })?;
        let after = state.next_deadline();
        if before != after {
            before.map(|at| self.due.remove(&(at, pipeline.to_owned())));
            after.map(|at| self.due.insert((at, pipeline.to_owned())));
        }
        Ok(step)
    }

    /// Tells what happened and starts what is to be done.
    fn carry_out(&mut self, taken: Taken) {
        let Taken { pipeline, step, reply } = taken;
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
                Effect::Start(start) => self.jobs.start(&pipeline, *start),
                Effect::Ask(request) => self.jobs.ask(&pipeline, request),
                Effect::Abandon { action } => self.jobs.end(&action),
            }
        }
        if let Some(reply) = reply {
            let _ = reply.send(Ok(step.execution));
        }
    }

    fn tick(&mut self) {
        let now = self.world.clock.now();
        while let Some((_, pipeline)) = self.due.first().filter(|(at, _)| SystemTime::from(*at) <= now).cloned() {
            let before = self.due.len();
            if let Ok(step) = self.step(&pipeline, Input::Tick) {
                self.carry_out(Taken { pipeline: pipeline.clone(), step, reply: None });
            }
            // A tick that moves nothing must not be repeated for ever.
            if self.due.len() == before
                && self.due.first().is_some_and(|(at, name)| SystemTime::from(*at) <= now && *name == pipeline)
            {
                self.due.pop_first();
            }
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

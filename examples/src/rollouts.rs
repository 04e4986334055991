//! Shows a deployment as it happens: a table of the service's deployments with bars on a terminal, a line for each change
//! elsewhere. Everything goes to standard error, so that standard output belongs to the result.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{IsTerminal, Write as _};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use aws_call::CallError;
use ecs_taskdef::client::{
    CreateService, Rollout, RolloutState, ServiceId, ServiceSnapshot, Services, StoppedTask, UpdateService, short_name,
};
use ecs_taskdef::deploy::{Event, Progress};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

/// What is shown of a deployment.
#[derive(Default)]
pub struct Rollouts {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    terminal: Option<MultiProgress>,
    /// By the ARN of the service and the id of the deployment.
    bars: BTreeMap<(String, String), ProgressBar>,
    lines: BTreeMap<(String, String), String>,
    began: Option<String>,
}

impl fmt::Debug for Rollouts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rollouts").finish_non_exhaustive()
    }
}

impl Rollouts {
    /// With bars if standard error is a terminal.
    #[must_use]
    pub fn new() -> Self {
        let terminal = std::io::stderr().is_terminal().then(MultiProgress::new);
        Self { state: Mutex::new(State { terminal, ..State::default() }) }
    }

    /// The id of the deployment, once it has begun.
    #[must_use]
    pub fn began(&self) -> Option<String> {
        self.lock().began.clone()
    }

    /// Takes the bars away.
    pub fn finish(&self) {
        for bar in std::mem::take(&mut self.lock().bars).into_values() {
            bar.finish_and_clear();
        }
    }

    /// Shows the deployments of a service as they are now.
    pub fn show(&self, snapshot: &ServiceSnapshot) {
        let mut state = self.lock();
        let State { terminal, bars, lines, .. } = &mut *state;
        let service = short_name(&snapshot.arn);
        match terminal {
            None => {
                for rollout in &snapshot.rollouts {
                    let (line, key) = (line(service, rollout), (snapshot.arn.clone(), rollout.id.clone()));
                    if lines.get(&key) != Some(&line) {
                        say(None, &line);
                        lines.insert(key, line);
                    }
                }
            }
            Some(terminal) => {
                bars.retain(|(service, id), bar| {
                    let stays = *service != snapshot.arn || snapshot.rollout(id).is_some();
                    if !stays {
                        bar.finish_and_clear();
                    }
                    stays
                });
                for rollout in &snapshot.rollouts {
                    let key = (snapshot.arn.clone(), rollout.id.clone());
                    let bar = bars.entry(key).or_insert_with(|| new_bar(terminal));
                    bar.set_length(rollout.desired.into());
                    bar.set_position(rollout.running.min(rollout.desired).into());
                    bar.set_prefix(format!("{service} {} {}", short_name(&rollout.task_definition), rollout.status));
                    bar.set_message(tail(rollout));
                }
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn new_bar(terminal: &MultiProgress) -> ProgressBar {
    let bar = terminal.add(ProgressBar::new(0));
    let style = ProgressStyle::with_template("   {prefix:24} {bar:24} {pos}/{len} running{msg}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar
}

fn say(terminal: Option<&MultiProgress>, line: &str) {
    // What a service says must not move the cursor.
    let line: String = line.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    match terminal {
        Some(terminal) => drop(terminal.println(line)),
        None => drop(writeln!(std::io::stderr(), "{line}")),
    }
}

fn line(service: &str, rollout: &Rollout) -> String {
    let name = short_name(&rollout.task_definition);
    format!("   {service} {name} {} {}/{} running{}", rollout.status, rollout.running, rollout.desired, tail(rollout))
}

/// What there is to say besides the bar.
fn tail(rollout: &Rollout) -> String {
    let mut text = String::new();
    for (count, what) in [(rollout.pending, "pending"), (rollout.failed, "failed")] {
        if count > 0 {
            text += &format!(", {count} {what}");
        }
    }
    if let Some(state) = &rollout.state {
        text += &format!("  {state}");
        if let Some(reason) = rollout.reason.as_ref().filter(|_| *state == RolloutState::Failed) {
            text += &format!(": {reason}");
        }
    }
    text
}

impl Progress for Rollouts {
    fn event(&self, event: &Event<'_>) {
        let (about, event) = match event {
            Event::About(id, event) => (format!("{}: ", id.service), *event),
            event => (String::new(), event),
        };
        let line = match event {
            Event::Registered(revision) => format!("registered {}", revision.short_name()),
            Event::Reused(arn) => format!("unchanged: {} is used", short_name(arn)),
            Event::Began(id) => {
                self.lock().began = Some((*id).to_owned());
                format!("began {id}")
            }
            Event::Service(event) => format!("   │ {}", event.message),
            Event::RollingBack(to) => format!("rolling back to {}", short_name(to)),
            Event::Stage(deployment) => {
                let stage = deployment.lifecycle_stage.as_deref().unwrap_or("-");
                format!("   {} {stage}", deployment.status)
            }
            Event::Paused(hook) => format!("paused: the lifecycle hook {} waits for an answer", hook.id),
            Event::Retrying { error, hint } => match hint {
                Some(hint) => format!("again: {error} ({})", hint.meaning),
                None => format!("again: {error}"),
            },
            Event::PollFailed(error) => format!("no look at the service this time: {error}"),
            _ => return,
        };
        say(self.lock().terminal.as_ref(), &format!("{about}{line}"));
    }
}

/// Shows every answer about a service on its way to whoever asked.
#[derive(Clone, Debug)]
pub struct Shown<S> {
    inner: S,
    rollouts: Arc<Rollouts>,
}

impl<S> Shown<S> {
    /// Shows what `inner` answers.
    pub fn new(inner: S, rollouts: Arc<Rollouts>) -> Self {
        Self { inner, rollouts }
    }

    fn seen(&self, answer: Result<ServiceSnapshot, CallError>) -> Result<ServiceSnapshot, CallError> {
        if let Ok(snapshot) = &answer
            && self.rollouts.began().is_some()
        {
            self.rollouts.show(snapshot);
        }
        answer
    }
}

#[async_trait]
impl<S: Services> Services for Shown<S> {
    async fn describe_service(&self, id: &ServiceId) -> Result<ServiceSnapshot, CallError> {
        self.seen(self.inner.describe_service(id).await)
    }

    async fn create_service(&self, request: &CreateService) -> Result<ServiceSnapshot, CallError> {
        self.seen(self.inner.create_service(request).await)
    }

    async fn update_service(&self, request: &UpdateService) -> Result<ServiceSnapshot, CallError> {
        self.seen(self.inner.update_service(request).await)
    }

    async fn stopped_tasks(&self, id: &ServiceId, started_by: &str) -> Result<Vec<StoppedTask>, CallError> {
        self.inner.stopped_tasks(id, started_by).await
    }
}

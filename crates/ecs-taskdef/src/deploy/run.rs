//! Runs a task by itself, a migration say, to its end: waits, tells its lines, and gives its exit code.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use aws_call::{CallError, Clock, IdSource, Pacer, Polling, Retries};
use serde_json::Value as Json;

use super::Progress;
use super::persist::Persist;
use crate::client::{LogLine, LogStream, ResourceFailure, RunTask, Task, TaskDefinitions, TaskLogs, Tasks};

/// How often lines are looked for after the end, as they arrive late.
const LAST_LOOKS: u32 = 3;
/// How long between these looks.
const LAST_PAUSE: Duration = Duration::from_secs(2);
/// How many pages of lines one look takes.
const PAGES: u32 = 50;

/// What to run and how.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RunRequest {
    /// The task.
    pub task: RunTask,
    /// The container whose exit code counts; the first essential one without it.
    pub container: Option<String>,
    /// How often to look, and until when.
    pub polling: Polling,
    /// How long passing errors are waited out.
    pub retries: Retries,
}

impl RunRequest {
    /// Runs a task to its end.
    #[must_use]
    pub fn new(task: RunTask) -> Self {
        Self { task, container: None, polling: Polling::default(), retries: Retries::propagation() }
    }

    /// Sets the container whose exit code counts.
    #[must_use]
    pub fn with_container(mut self, container: impl Into<String>) -> Self {
        self.container = Some(container.into());
        self
    }

    /// Sets how often to look, and until when.
    #[must_use]
    pub fn with_polling(mut self, polling: Polling) -> Self {
        self.polling = polling;
        self
    }
}

/// Something has happened to a task.
#[derive(Debug)]
#[non_exhaustive]
pub enum RunEvent<'a> {
    /// It was asked for and accepted.
    Started(&'a Task),
    /// It has come to another state.
    Status(&'a Task),
    /// A container has written a line.
    Line {
        /// The task.
        task: &'a Task,
        /// The container.
        container: &'a str,
        /// The line.
        line: &'a LogLine,
    },
    /// Its state or its lines could not be looked at this time.
    PollFailed(&'a CallError),
}

/// What came of it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TaskRun {
    /// The tasks as they were seen last.
    pub tasks: Vec<Task>,
    /// The container whose exit code counts.
    pub container: String,
    /// Whether the time was up before all had ended; they go on.
    pub timed_out: bool,
}

impl TaskRun {
    /// The exit code of the container that counts: zero if it is zero in all tasks, otherwise the first other one. Nothing
    /// if one has not ended or never ran.
    #[must_use]
    pub fn exit_code(&self) -> Option<i32> {
        let code = |task: &Task| {
            let containers = &task.ended.containers;
            containers.iter().find(|one| one.name == self.container).and_then(|one| one.exit_code)
        };
        let ended = self.tasks.iter().all(Task::is_stopped) && !self.tasks.is_empty();
        let codes: Option<Vec<i32>> = self.tasks.iter().filter(|_| ended).map(code).collect();
        let codes = codes.filter(|codes| !codes.is_empty())?;
        Some(codes.into_iter().find(|code| *code != 0).unwrap_or(0))
    }

    /// Whether every task has ended with zero.
    #[must_use]
    pub fn is_success(&self) -> bool {
        self.exit_code() == Some(0)
    }
}

/// No task was run, or its end could not be waited for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// A call failed.
    #[error(transparent)]
    Call(#[from] CallError),
    /// ECS has not started all tasks.
    #[error("{started} of {asked} tasks were started: {}", reasons(failures))]
    NotStarted {
        /// How many were started; they are stopped.
        started: usize,
        /// How many were asked for.
        asked: u32,
        /// Why not.
        failures: Vec<ResourceFailure>,
    },
    /// The container that should count is not in the task definition.
    #[error("the task definition has no container `{container}`; it has {}", names.join(", "))]
    NoContainer {
        /// The container.
        container: String,
        /// Those that there are.
        names: Vec<String>,
    },
}

fn reasons(failures: &[ResourceFailure]) -> String {
    let mut texts: Vec<&str> = failures.iter().map(|failure| failure.reason.as_str()).collect();
    texts.dedup();
    match texts.is_empty() {
        true => "ECS does not say why".to_owned(),
        false => texts.join(", "),
    }
}

/// Runs tasks.
#[derive(Clone)]
pub struct TaskRunner {
    task_definitions: Arc<dyn TaskDefinitions>,
    tasks: Arc<dyn Tasks>,
    logs: Option<Arc<dyn TaskLogs>>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
}

impl fmt::Debug for TaskRunner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskRunner").field("clock", &self.clock).finish_non_exhaustive()
    }
}

/// A container's stream, and how far it has been read.
struct Reading {
    task: usize,
    container: String,
    stream: LogStream,
    after: Option<String>,
}

impl TaskRunner {
    /// A runner over these clients; `ids` gives tokens and the jitter of its pauses.
    #[must_use]
    pub fn new(
        task_definitions: Arc<dyn TaskDefinitions>,
        tasks: Arc<dyn Tasks>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn IdSource>,
    ) -> Self {
        Self { task_definitions, tasks, logs: None, clock, ids }
    }

    /// Tells what containers with the log driver `awslogs` write.
    #[must_use]
    pub fn with_logs(mut self, logs: Arc<dyn TaskLogs>) -> Self {
        self.logs = Some(logs);
        self
    }

    /// Runs tasks and waits for their end.
    ///
    /// A request without a token gets one, so that a lost answer starts nothing twice. Dropping the future leaves the tasks
    /// running: [`stop`](Self::stop) ends them.
    ///
    /// # Errors
    /// [`RunError`] if not all tasks could be started, or they can no longer be looked at. A task that ends badly is none.
    pub async fn run(
        &self,
        request: &RunRequest,
        tell: &(dyn Fn(&RunEvent<'_>) + Send + Sync),
    ) -> Result<TaskRun, RunError> {
        let nobody: &dyn Progress = &();
        let persist = Persist::over(&*self.clock, &*self.ids, &request.retries, nobody);
        let described = persist.call(|| self.task_definitions.describe(&request.task.task_definition)).await?;
        let definitions = described["taskDefinition"]["containerDefinitions"].as_array().cloned().unwrap_or_default();
        let container = counting(&definitions, request.container.as_deref())?;
        let mut task = request.task.clone();
        // A family is its newest revision now, and that stays so for another try.
        if let Some(arn) = described["taskDefinition"]["taskDefinitionArn"].as_str() {
            arn.clone_into(&mut task.task_definition);
        }
        let token = task.client_token.take().unwrap_or_else(|| self.ids.hex(32));
        let task = task.with_client_token(token);
        let answer = persist.call(|| self.tasks.run_task(&task)).await?;
        let arns: Vec<String> = answer.tasks.iter().map(|task| task.arn().to_owned()).collect();
        if answer.tasks.len() < task.count as usize {
            self.stop(&task.cluster, &arns, "not all tasks of the request could be started").await;
            let (started, asked) = (arns.len(), task.count);
            return Err(RunError::NotStarted { started, asked, failures: answer.failures });
        }
        for started in &answer.tasks {
            tell(&RunEvent::Started(started));
        }
        let mut readings = self.readings(&definitions, &answer.tasks);
        let mut run = TaskRun { tasks: answer.tasks, container, timed_out: false };
        let mut pacer = Pacer::new(&self.clock, &self.ids, &request.polling);
        while !run.tasks.iter().all(Task::is_stopped) {
            if pacer.pause().await.is_err() {
                run.timed_out = true;
                return Ok(run);
            }
            match self.tasks.describe_tasks(&task.cluster, &arns).await {
                Ok(seen) => {
                    for now in seen {
                        let known = run.tasks.iter_mut().find(|known| known.arn() == now.arn());
                        // A task that has stopped does not run again: an answer that says so is an old one.
                        if let Some(known) = known.filter(|known| !known.is_stopped() && **known != now) {
                            *known = now;
                            tell(&RunEvent::Status(known));
                        }
                    }
                }
                Err(error) if error.is_retryable() => tell(&RunEvent::PollFailed(&error)),
                Err(error) => return Err(error.into()),
            }
            self.read(&mut readings, &run.tasks, tell).await;
        }
        for _ in 0..LAST_LOOKS {
            if readings.is_empty() || self.read(&mut readings, &run.tasks, tell).await {
                continue;
            }
            self.clock.sleep(LAST_PAUSE).await;
        }
        Ok(run)
    }

    /// Ends tasks: what a program does when it is interrupted. Those that cannot be ended are given back with the error.
    pub async fn stop(&self, cluster: &str, tasks: &[String], reason: &str) -> Vec<(String, CallError)> {
        let retries = Retries::default();
        let nobody: &dyn Progress = &();
        let persist = Persist::over(&*self.clock, &*self.ids, &retries, nobody);
        let mut failed = Vec::new();
        for task in tasks {
            if let Err(error) = persist.call(|| self.tasks.stop_task(cluster, task, reason)).await {
                failed.push((task.clone(), error));
            }
        }
        failed
    }

    fn readings(&self, definitions: &[Json], tasks: &[Task]) -> Vec<Reading> {
        if self.logs.is_none() {
            return Vec::new();
        }
        let of_task = |(index, task): (usize, &Task)| {
            let id = task.id().to_owned();
            let reading = move |definition: &Json| {
                let stream = LogStream::of_container(definition, &id)?;
                let container = definition["name"].as_str()?.to_owned();
                Some(Reading { task: index, container, stream, after: None })
            };
            definitions.iter().filter_map(reading).collect::<Vec<_>>()
        };
        tasks.iter().enumerate().flat_map(of_task).collect()
    }

    /// Tells new lines. Whether there were any.
    async fn read(
        &self,
        readings: &mut [Reading],
        tasks: &[Task],
        tell: &(dyn Fn(&RunEvent<'_>) + Send + Sync),
    ) -> bool {
        let Some(logs) = &self.logs else { return false };
        let mut denied = BTreeSet::new();
        let mut any = false;
        for reading in readings {
            for _ in 0..PAGES {
                let page = match logs.read(&reading.stream, reading.after.as_deref()).await {
                    Ok(page) => page,
                    Err(error) => {
                        // Each kind once a look.
                        if denied.insert(error.to_string()) {
                            tell(&RunEvent::PollFailed(&error));
                        }
                        break;
                    }
                };
                for line in &page.lines {
                    let (task, container) = (&tasks[reading.task], reading.container.as_str());
                    tell(&RunEvent::Line { task, container, line });
                }
                any |= !page.lines.is_empty();
                let moved = page.next.is_some() && page.next != reading.after;
                if page.next.is_some() {
                    reading.after = page.next;
                }
                if page.lines.is_empty() || !moved {
                    break;
                }
            }
        }
        any
    }
}

/// The container whose exit code counts.
fn counting(definitions: &[Json], wanted: Option<&str>) -> Result<String, RunError> {
    let name = |one: &Json| one["name"].as_str().unwrap_or_default().to_owned();
    let names: Vec<String> = definitions.iter().map(name).collect();
    let essential = || definitions.iter().find(|one| one["essential"].as_bool().unwrap_or(true)).map(name);
    match wanted {
        None => Ok(essential().unwrap_or_default()),
        Some(wanted) if names.iter().any(|name| name == wanted) => Ok(wanted.to_owned()),
        Some(wanted) => Err(RunError::NoContainer { container: wanted.to_owned(), names }),
    }
}

//! Tasks that belong to no service: the in-memory cluster as [`Tasks`] and [`TaskLogs`].

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use aws_call::CallError;
use serde_json::Value as Json;

use super::fates::ContainerStart;
use super::task::{Phase, Task as Process};
use super::{MemoryCluster, State, last_part};
use crate::client::{LogLine, LogPage, LogStream, RunAnswer, RunTask, StoppedTask, Task, TaskLogs, Tasks, short_name};

/// How many lines one call gives.
const LINES: usize = 100;
/// How long a stopped task can be described.
const REMEMBERED: Duration = Duration::from_secs(3600);

#[derive(Debug, Default)]
pub(super) struct LooseTasks {
    tasks: Vec<LooseTask>,
    /// What was started for a client token.
    tokens: BTreeMap<String, Vec<String>>,
    /// Lines and when they are written, by group and stream.
    logs: BTreeMap<(String, String), Vec<(SystemTime, String)>>,
}

#[derive(Debug)]
struct LooseTask {
    process: Option<Process>,
    started_at: Option<SystemTime>,
    /// What is known about it: all of it once it has stopped.
    known: StoppedTask,
}

impl LooseTask {
    fn settle(&mut self, now: SystemTime) {
        let Some(process) = &mut self.process else { return };
        let begins = process.next_change().filter(|_| process.phase == Phase::Pending);
        if process.begin(now) {
            self.started_at = begins;
        }
        let ended = process.ending.as_ref().is_some_and(|ending| ending.at <= now);
        if let Some(stopped) = self.process.take_if(|_| ended).and_then(Process::stopped) {
            self.known = stopped;
        }
    }

    fn shown(&self) -> Task {
        let status = match self.process.as_ref().map(|process| process.phase) {
            None => "STOPPED",
            Some(Phase::Pending) => "PENDING",
            Some(Phase::Running) => "RUNNING",
        };
        let mut task = Task::new(status, self.known.clone());
        task.started_at = self.started_at;
        task
    }
}

impl LooseTasks {
    fn settle(&mut self, now: SystemTime) {
        for task in &mut self.tasks {
            task.settle(now);
        }
        self.tasks.retain(|task| {
            let age = task.known.stopped_at.and_then(|at| now.duration_since(at).ok());
            age.is_none_or(|age| age < REMEMBERED)
        });
    }

    fn of(&self, arns: &[String]) -> Vec<Task> {
        let wanted = |task: &&LooseTask| arns.iter().any(|arn| last_part(arn) == last_part(&task.known.arn));
        self.tasks.iter().filter(wanted).map(LooseTask::shown).collect()
    }

    /// All that are known, those that have stopped included.
    #[cfg(feature = "serve")]
    pub(super) fn all(&mut self, now: SystemTime) -> Vec<Task> {
        self.settle(now);
        self.tasks.iter().map(LooseTask::shown).collect()
    }

    /// The task definitions of those that have not stopped.
    pub(super) fn running(&mut self, now: SystemTime) -> Vec<String> {
        self.settle(now);
        let running = self.tasks.iter().filter(|task| task.process.is_some());
        running.map(|task| task.known.task_definition.clone()).collect()
    }
}

#[async_trait]
impl Tasks for MemoryCluster {
    async fn run_task(&self, request: &RunTask) -> Result<RunAnswer, CallError> {
        const OPERATION: &str = "RunTask";
        self.check_cluster(OPERATION, &request.cluster)?;
        let refuse = |message: &str| CallError::service(OPERATION, "InvalidParameterException", message);
        if !(1..=10).contains(&request.count) {
            return Err(refuse("The number of tasks must be between 1 and 10."));
        }
        let now = self.clock.now();
        let mut state = self.lock();
        let State { registry, tasks, alarms, .. } = &mut *state;
        tasks.settle(now);
        if let Some(arns) = request.client_token.as_ref().and_then(|token| tasks.tokens.get(token)) {
            return Ok(RunAnswer::new(tasks.of(arns), Vec::new()));
        }
        let revision = registry.runnable(OPERATION, &request.task_definition)?;
        let awsvpc = revision.described["networkMode"] == "awsvpc";
        if awsvpc && !request.settings.contains_key("networkConfiguration") {
            return Err(refuse("Network Configuration must be provided when networkMode 'awsvpc' is specified."));
        }
        let definitions = revision.described["containerDefinitions"].clone();
        let overridden = &request.to_json()["overrides"]["containerOverrides"];
        for name in overridden.as_array().into_iter().flatten().filter_map(|one| one["name"].as_str()) {
            if !revision.containers().iter().any(|image| image.container == name) {
                let message = format!("Override for container named {name} is not a container in the TaskDefinition.");
                return Err(refuse(&message));
            }
        }
        let (arn, images) = (revision.arn(), revision.containers());
        let started_by = request.settings.get("startedBy").and_then(Json::as_str).unwrap_or_default();
        let mut started = Vec::new();
        for _ in 0..request.count {
            let task = self.in_world(alarms, |world| {
                format!("{}:task/{}/{:016x}{:016x}", world.home, world.cluster, (world.next_id)(), (world.next_id)())
            });
            let mut fates = Vec::new();
            for image in &images {
                let start = ContainerStart {
                    service: "",
                    task_definition: short_name(&arn),
                    container: &image.container,
                    image: &image.image,
                    earlier: 0,
                };
                let mut definition = definitions.as_array().into_iter().flatten();
                let definition = definition.find(|definition| definition["name"] == image.container.as_str());
                let stream = definition.and_then(|one| LogStream::of_container(one, last_part(&task)));
                if let Some(LogStream { group, stream }) = stream {
                    let at = now + self.timing.pull + self.timing.start;
                    let lines = self.fates.0.output(&start).into_iter().map(|line| (at, line)).collect();
                    tasks.logs.insert((group, stream), lines);
                }
                fates.push((image.container.clone(), image.essential, self.fates.0.fate(&start)));
            }
            let process = Process::start(task.clone(), &arn, started_by, fates, now, &self.timing);
            let known = process.known();
            tasks.tasks.push(LooseTask { process: Some(process), started_at: None, known });
            started.push(task);
        }
        let answer = RunAnswer::new(tasks.of(&started), Vec::new());
        if let Some(token) = &request.client_token {
            tasks.tokens.insert(token.clone(), started);
        }
        Ok(answer)
    }

    async fn describe_tasks(&self, cluster: &str, arns: &[String]) -> Result<Vec<Task>, CallError> {
        self.check_cluster("DescribeTasks", cluster)?;
        let mut state = self.lock();
        state.tasks.settle(self.clock.now());
        Ok(state.tasks.of(arns))
    }

    async fn stop_task(&self, cluster: &str, task: &str, reason: &str) -> Result<(), CallError> {
        self.check_cluster("StopTask", cluster)?;
        let now = self.clock.now();
        let mut state = self.lock();
        state.tasks.settle(now);
        let mut tasks = state.tasks.tasks.iter_mut();
        let Some(found) = tasks.find(|one| last_part(&one.known.arn) == last_part(task)) else {
            let message = "The referenced task was not found.";
            return Err(CallError::service("StopTask", "InvalidParameterException", message));
        };
        if let Some(process) = &mut found.process {
            process.stop(now + self.timing.drain, reason);
        }
        Ok(())
    }
}

#[async_trait]
impl TaskLogs for MemoryCluster {
    async fn read(&self, stream: &LogStream, after: Option<&str>) -> Result<LogPage, CallError> {
        let now = self.clock.now();
        let state = self.lock();
        let key = (stream.group.clone(), stream.stream.clone());
        let lines = state.tasks.logs.get(&key).map_or(&[][..], Vec::as_slice);
        let from = after.and_then(|token| token.parse::<usize>().ok()).unwrap_or_default();
        let due = lines.iter().skip(from).take_while(|(at, _)| *at <= now).take(LINES);
        let lines: Vec<LogLine> = due.map(|(at, line)| LogLine::new(Some(*at), line.clone())).collect();
        let next = (from + lines.len()).to_string();
        Ok(LogPage::new(lines, Some(next)))
    }
}

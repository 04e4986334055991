//! Tasks outside services: run one, look at it, end it; and what its containers wrote.

use std::sync::Arc;
use std::time::SystemTime;

use async_trait::async_trait;
use aws_call::CallError;
use serde_json::{Map, Value as Json};

use super::StoppedTask;

/// A request of `RunTask`.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct RunTask {
    /// The cluster's name or ARN.
    pub cluster: String,
    /// The task definition: ARN, `family:revision`, or a family for its newest active revision.
    pub task_definition: String,
    /// How many, 1 to 10.
    pub count: u32,
    /// Makes the request safe to repeat: ECS starts nothing twice for one token. At most 64 characters.
    pub client_token: Option<String>,
    /// Everything else, as the API names it: `networkConfiguration`, `launchType`, `overrides`, `startedBy`, …
    pub settings: Map<String, Json>,
}

impl RunTask {
    /// One task.
    #[must_use]
    pub fn new(cluster: impl Into<String>, task_definition: impl Into<String>) -> Self {
        Self {
            cluster: cluster.into(),
            task_definition: task_definition.into(),
            count: 1,
            client_token: None,
            settings: Map::new(),
        }
    }

    /// Sets how many.
    #[must_use]
    pub fn with_count(mut self, count: u32) -> Self {
        self.count = count;
        self
    }

    /// Sets the token that makes the request safe to repeat.
    #[must_use]
    pub fn with_client_token(mut self, token: impl Into<String>) -> Self {
        self.client_token = Some(token.into());
        self
    }

    /// Sets a field of the request.
    #[must_use]
    pub fn with_setting(mut self, key: impl Into<String>, value: Json) -> Self {
        self.settings.insert(key.into(), value);
        self
    }

    /// Runs another command in a container than its definition's.
    #[must_use]
    pub fn with_command(mut self, container: &str, command: &[String]) -> Self {
        let overrides = self.settings.entry("overrides").or_insert_with(|| Json::Object(Map::new()));
        let entry = serde_json::json!({ "name": container, "command": command });
        match overrides.get_mut("containerOverrides").and_then(Json::as_array_mut) {
            Some(list) => list.push(entry),
            None => overrides["containerOverrides"] = Json::Array(vec![entry]),
        }
        self
    }

    /// The request as JSON.
    #[must_use]
    pub fn to_json(&self) -> Json {
        let mut json = self.settings.clone();
        json.insert("cluster".to_owned(), self.cluster.clone().into());
        json.insert("taskDefinition".to_owned(), self.task_definition.clone().into());
        json.insert("count".to_owned(), self.count.into());
        if let Some(token) = &self.client_token {
            json.insert("clientToken".to_owned(), token.clone().into());
        }
        Json::Object(json)
    }
}

/// A task as `DescribeTasks` shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Task {
    /// `PROVISIONING`, `PENDING`, `RUNNING`, …, `STOPPED`.
    pub last_status: String,
    /// When its containers began to run.
    pub started_at: Option<SystemTime>,
    /// ARN, task definition and containers; reasons and exit codes once it has stopped.
    pub ended: StoppedTask,
}

impl Task {
    /// A task that is in this state.
    #[must_use]
    pub fn new(last_status: impl Into<String>, ended: StoppedTask) -> Self {
        Self { last_status: last_status.into(), started_at: None, ended }
    }

    /// Its ARN.
    #[must_use]
    pub fn arn(&self) -> &str {
        &self.ended.arn
    }

    /// Its id: the end of its ARN.
    #[must_use]
    pub fn id(&self) -> &str {
        self.ended.arn.rsplit_once('/').map_or(self.ended.arn.as_str(), |(_, id)| id)
    }

    /// Whether nothing more will come of it.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        matches!(self.last_status.as_str(), "STOPPED" | "DELETED")
    }
}

/// Why something that was asked for is not in an answer: no capacity, no such resource.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ResourceFailure {
    /// What it is about.
    pub arn: Option<String>,
    /// `RESOURCE:MEMORY`, `MISSING`, …
    pub reason: String,
    /// More about it.
    pub detail: Option<String>,
}

impl ResourceFailure {
    /// A failure.
    #[must_use]
    pub fn new(arn: Option<String>, reason: impl Into<String>) -> Self {
        Self { arn, reason: reason.into(), detail: None }
    }
}

/// What `RunTask` answers: it succeeds even if nothing was started.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RunAnswer {
    /// What was started.
    pub tasks: Vec<Task>,
    /// What was not.
    pub failures: Vec<ResourceFailure>,
}

impl RunAnswer {
    /// An answer.
    #[must_use]
    pub fn new(tasks: Vec<Task>, failures: Vec<ResourceFailure>) -> Self {
        Self { tasks, failures }
    }
}

/// Tasks of a cluster.
#[async_trait]
pub trait Tasks: Send + Sync {
    /// Starts tasks. What was started and what was not is in the answer.
    async fn run_task(&self, request: &RunTask) -> Result<RunAnswer, CallError>;

    /// Tasks by their ARNs, in any order; those that are no longer known are left out.
    async fn describe_tasks(&self, cluster: &str, arns: &[String]) -> Result<Vec<Task>, CallError>;

    /// Ends a task: SIGTERM, then SIGKILL after its `stopTimeout`.
    async fn stop_task(&self, cluster: &str, task: &str, reason: &str) -> Result<(), CallError>;
}

/// Where the lines of one container are.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct LogStream {
    /// The log group.
    pub group: String,
    /// The stream: `prefix/container/task-id`.
    pub stream: String,
}

impl LogStream {
    /// A stream.
    #[must_use]
    pub fn new(group: impl Into<String>, stream: impl Into<String>) -> Self {
        Self { group: group.into(), stream: stream.into() }
    }

    /// Where the driver `awslogs` puts the lines of a container of a task; nothing for other drivers, and nothing without
    /// a stream prefix, as the name is Docker's id of the container then.
    ///
    /// `container` is an entry of `containerDefinitions`.
    #[must_use]
    pub fn of_container(container: &Json, task_id: &str) -> Option<Self> {
        let logs = container.get("logConfiguration")?;
        if logs.get("logDriver")?.as_str()? != "awslogs" {
            return None;
        }
        let option = |key: &str| logs.get("options")?.get(key)?.as_str();
        let (group, prefix) = (option("awslogs-group")?, option("awslogs-stream-prefix")?);
        let name = container.get("name")?.as_str()?;
        Some(Self::new(group, format!("{prefix}/{name}/{task_id}")))
    }
}

/// One line of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogLine {
    /// When it was written.
    pub at: Option<SystemTime>,
    /// The line, without its end.
    pub message: String,
}

impl LogLine {
    /// A line.
    #[must_use]
    pub fn new(at: Option<SystemTime>, message: impl Into<String>) -> Self {
        Self { at, message: message.into() }
    }
}

/// Some lines of a log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogPage {
    /// The lines, oldest first.
    pub lines: Vec<LogLine>,
    /// Where to go on; give it to the next call, also when there were no lines.
    pub next: Option<String>,
}

impl LogPage {
    /// A page.
    #[must_use]
    pub fn new(lines: Vec<LogLine>, next: Option<String>) -> Self {
        Self { lines, next }
    }
}

/// What containers write.
#[async_trait]
pub trait TaskLogs: Send + Sync {
    /// The lines from `after` on, or from the beginning. A stream that does not exist yet has no lines.
    async fn read(&self, stream: &LogStream, after: Option<&str>) -> Result<LogPage, CallError>;
}

const _: fn(&dyn Tasks, &dyn TaskLogs) = |_, _| ();

#[async_trait]
impl<T: Tasks + ?Sized> Tasks for Arc<T> {
    async fn run_task(&self, request: &RunTask) -> Result<RunAnswer, CallError> {
        (**self).run_task(request).await
    }

    async fn describe_tasks(&self, cluster: &str, arns: &[String]) -> Result<Vec<Task>, CallError> {
        (**self).describe_tasks(cluster, arns).await
    }

    async fn stop_task(&self, cluster: &str, task: &str, reason: &str) -> Result<(), CallError> {
        (**self).stop_task(cluster, task, reason).await
    }
}

#[async_trait]
impl<T: TaskLogs + ?Sized> TaskLogs for Arc<T> {
    async fn read(&self, stream: &LogStream, after: Option<&str>) -> Result<LogPage, CallError> {
        (**self).read(stream, after).await
    }
}

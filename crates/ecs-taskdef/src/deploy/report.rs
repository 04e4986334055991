//! Why a deployment has failed: everything that has to be looked up otherwise, and within an hour.

use std::fmt;

use serde::Serialize;

use crate::client::{Hook, ServiceEvent, StoppedTask, short_name};

/// Why a deployment has failed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct FailureReport {
    /// The reason in one sentence, mostly the service's.
    pub reason: String,
    /// The task definition that the service went back to.
    pub rolled_back_to: Option<String>,
    /// The service's events since the deployment began, oldest first.
    pub events: Vec<ServiceEvent>,
    /// The tasks of the deployment that have ended, oldest first.
    pub stopped_tasks: Vec<StoppedTask>,
    /// The alarms that have gone off.
    pub alarms: Vec<String>,
    /// The lifecycle stage in which it ended or stands still.
    pub stage: Option<String>,
    /// The hooks that wait for an answer.
    pub hooks: Vec<Hook>,
    /// What to do about it.
    pub advice: Option<&'static str>,
}

/// What the words of a stopped task mean; the first that fits counts.
static ADVICE: &[(&str, &str)] = &[
    (
        "exec format error",
        "the image is built for another processor: build it for the task's `runtimePlatform.cpuArchitecture`",
    ),
    (
        "CannotPullContainerError",
        "check that the image is pushed under exactly this name, that the execution role may pull it, and that the task reaches the registry (NAT or VPC endpoints)",
    ),
    (
        "ResourceInitializationError",
        "the task reaches neither its secrets nor its registry nor its logs: check the execution role and the subnet's way out",
    ),
    ("OutOfMemory", "a container used more than its memory limit: raise it or find the leak"),
    ("failed container health checks", "the health check of the container never passed: run its command in the image"),
    (
        "failed ELB health checks",
        "the load balancer's health check never passed: check path, port, security group and the grace period",
    ),
    ("Essential container in task exited", "the container's own output says why it exited: look at its logs"),
    ("unable to place a task", "no instance of the cluster has the room or the ports for the task"),
];

impl FailureReport {
    pub(crate) fn new(reason: String, events: Vec<ServiceEvent>, stopped_tasks: Vec<StoppedTask>) -> Self {
        let mut report = Self { reason, events, stopped_tasks, ..Self::default() };
        report.advice = report.find_advice();
        report
    }

    /// The first cause in one line: what the first failed task says, otherwise the reason.
    #[must_use]
    pub fn cause(&self) -> String {
        match self.stopped_tasks.iter().find(|task| task.is_failure()) {
            Some(task) => task.to_string(),
            None => self.reason.clone(),
        }
    }

    /// The events that tell of trouble.
    pub fn troubles(&self) -> impl Iterator<Item = &ServiceEvent> {
        self.events.iter().filter(|event| event.is_trouble())
    }

    fn find_advice(&self) -> Option<&'static str> {
        let tasks = self.stopped_tasks.iter().filter(|task| task.is_failure()).map(ToString::to_string);
        let texts: Vec<String> =
            tasks.chain([self.reason.clone()]).chain(self.events.iter().map(|event| event.message.clone())).collect();
        let advice = ADVICE.iter().find(|(words, _)| texts.iter().any(|text| text.contains(words)));
        // The errors of calls that ECS makes for a task are in its events.
        let known = || {
            let mut hints = aws_call::hint::all().filter(|hint| !hint.contains.is_empty());
            hints.find(|hint| texts.iter().any(|text| text.contains(hint.contains)))
        };
        advice.map(|(_, advice)| *advice).or_else(|| known().map(|hint| hint.advice))
    }
}

/// Several lines: the reason, distinct task endings with their number, troubles, advice.
impl fmt::Display for FailureReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.reason)?;
        if let Some(to) = &self.rolled_back_to {
            write!(f, "\nrolled back to {}", short_name(to))?;
        }
        let mut endings: Vec<(String, usize)> = Vec::new();
        for task in self.stopped_tasks.iter().filter(|task| task.is_failure()) {
            let text = task.to_string();
            match endings.iter_mut().find(|(other, _)| *other == text) {
                Some((_, count)) => *count += 1,
                None => endings.push((text, 1)),
            }
        }
        for (text, count) in endings {
            write!(f, "\n{count} x {text}")?;
        }
        for event in self.troubles() {
            write!(f, "\nevent: {}", event.message)?;
        }
        for alarm in &self.alarms {
            write!(f, "\nalarm: {alarm}")?;
        }
        for hook in &self.hooks {
            write!(f, "\nhook: {} {} since {}", hook.id, hook.status, self.stage.as_deref().unwrap_or("the start"))?;
        }
        if let Some(advice) = self.advice {
            write!(f, "\nhelp: {advice}")?;
        }
        Ok(())
    }
}

/// For machines: reason, events and tasks as text.
impl Serialize for FailureReport {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;
        let mut out = serializer.serialize_struct("FailureReport", 9)?;
        out.serialize_field("reason", &self.reason)?;
        out.serialize_field("cause", &self.cause())?;
        out.serialize_field("rolledBackTo", &self.rolled_back_to)?;
        out.serialize_field("events", &self.events.iter().map(|event| &event.message).collect::<Vec<_>>())?;
        out.serialize_field("stoppedTasks", &self.stopped_tasks.iter().map(ToString::to_string).collect::<Vec<_>>())?;
        out.serialize_field("alarms", &self.alarms)?;
        out.serialize_field("stage", &self.stage)?;
        out.serialize_field("hooks", &self.hooks.iter().map(|hook| &hook.id).collect::<Vec<_>>())?;
        out.serialize_field("advice", &self.advice)?;
        out.end()
    }
}

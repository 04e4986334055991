//! One task of the in-memory cluster: when it runs, when it ends and what is then said about it.

use std::time::{Duration, SystemTime};

use super::fates::Fate;
use crate::client::{StoppedContainer, StoppedTask};

/// How long things take in the in-memory cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Timing {
    /// Pulling the images.
    pub pull: Duration,
    /// Starting the containers, until the health check passes.
    pub start: Duration,
    /// How long a container runs that exits.
    pub exit: Duration,
    /// How long a container runs that never gets healthy.
    pub unhealthy: Duration,
    /// Taking a task off the load balancer and stopping it.
    pub drain: Duration,
    /// One lifecycle stage that waits for nothing, and a Lambda function at one.
    pub stage: Duration,
    /// From a failed task to the next try; never less than a second. Grows with the failures.
    pub restart: Duration,
}

impl Default for Timing {
    /// Quicker than AWS, in the same order of magnitude to one another.
    fn default() -> Self {
        Self {
            pull: Duration::from_secs(4),
            start: Duration::from_secs(3),
            exit: Duration::from_secs(2),
            unhealthy: Duration::from_secs(20),
            drain: Duration::from_secs(5),
            stage: Duration::from_secs(1),
            restart: Duration::from_secs(2),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Pending,
    Running,
}

/// Why a task will end.
#[derive(Clone, Debug)]
pub(super) struct Ending {
    pub(super) at: SystemTime,
    pub(super) code: &'static str,
    pub(super) reason: String,
    /// Whether it counts against the deployment.
    pub(super) failure: bool,
}

#[derive(Debug)]
pub(super) struct Task {
    pub(super) arn: String,
    pub(super) task_definition: String,
    /// The deployment that it counts for now.
    pub(super) deployment: String,
    /// The deployment that started it.
    pub(super) started_by: String,
    pub(super) phase: Phase,
    runs_at: Option<SystemTime>,
    pub(super) ending: Option<Ending>,
    /// Whether it passes its health check once it runs.
    pub(super) gets_healthy: bool,
    containers: Vec<StoppedContainer>,
}

impl Task {
    /// A task that starts now; `fates` are those of its containers, with name and essentiality.
    pub(super) fn start(
        arn: String,
        task_definition: &str,
        deployment: &str,
        fates: Vec<(String, bool, Fate)>,
        now: SystemTime,
        timing: &Timing,
    ) -> Self {
        let runs_at = now + timing.pull + timing.start;
        let mut task = Self {
            arn,
            task_definition: task_definition.to_owned(),
            deployment: deployment.to_owned(),
            started_by: deployment.to_owned(),
            phase: Phase::Pending,
            runs_at: Some(runs_at),
            ending: None,
            gets_healthy: true,
            containers: Vec::new(),
        };
        for (name, essential, fate) in fates {
            let mut container = StoppedContainer { name: name.clone(), ..StoppedContainer::default() };
            match fate {
                Fate::Runs => {}
                Fate::CannotPull { reason } => {
                    let reason = format!("CannotPullContainerError: {reason}");
                    container.reason = Some(reason.clone());
                    task.runs_at = None;
                    // A pull fails before anything else can.
                    task.ending =
                        Some(Ending { at: now + timing.pull, code: "TaskFailedToStart", reason, failure: true });
                }
                Fate::Exits { code, reason } => {
                    container.exit_code = Some(code);
                    container.reason = Some(reason).filter(|reason| !reason.is_empty());
                    if essential && task.runs_at.is_some() {
                        task.gets_healthy = false;
                        task.ending = Some(Ending {
                            at: runs_at + timing.exit,
                            code: "EssentialContainerExited",
                            reason: "Essential container in task exited".to_owned(),
                            failure: true,
                        });
                    }
                }
                Fate::NeverHealthy => {
                    if essential && task.ending.is_none() {
                        task.gets_healthy = false;
                        task.ending = Some(Ending {
                            at: runs_at + timing.unhealthy,
                            code: "ServiceSchedulerInitiated",
                            reason: "Task failed container health checks".to_owned(),
                            failure: true,
                        });
                    }
                }
            }
            task.containers.push(container);
        }
        task
    }

    /// Whether it counts as a running task that serves.
    pub(super) fn is_healthy(&self) -> bool {
        self.phase == Phase::Running && self.gets_healthy && !self.is_draining()
    }

    /// Whether the scheduler stops it.
    pub(super) fn is_draining(&self) -> bool {
        self.ending.as_ref().is_some_and(|ending| !ending.failure)
    }

    /// Lets the scheduler stop it; one that is on its way out already keeps its reason.
    pub(super) fn drain(&mut self, at: SystemTime, by: &str) {
        if self.ending.as_ref().is_none_or(|ending| ending.failure && ending.at > at) {
            let reason = format!("Scaling activity initiated by (deployment {by})");
            self.ending = Some(Ending { at, code: "ServiceSchedulerInitiated", reason, failure: false });
        }
    }

    /// Stops it at somebody's request.
    pub(super) fn stop(&mut self, at: SystemTime, reason: &str) {
        if self.ending.as_ref().is_none_or(|ending| ending.at > at) {
            self.ending = Some(Ending { at, code: "UserInitiated", reason: reason.to_owned(), failure: false });
        }
    }

    /// What is known about it while it has not ended.
    pub(super) fn known(&self) -> StoppedTask {
        StoppedTask {
            arn: self.arn.clone(),
            task_definition: self.task_definition.clone(),
            started_by: Some(self.started_by.clone()).filter(|by| !by.is_empty()),
            containers: self
                .containers
                .iter()
                .map(|container| StoppedContainer { name: container.name.clone(), ..StoppedContainer::default() })
                .collect(),
            ..StoppedTask::default()
        }
    }

    /// When something happens to it next.
    pub(super) fn next_change(&self) -> Option<SystemTime> {
        let runs = self.runs_at.filter(|_| self.phase == Phase::Pending);
        [runs, self.ending.as_ref().map(|ending| ending.at)].into_iter().flatten().min()
    }

    /// Lets it run if it is time. Whether it has just begun to.
    pub(super) fn begin(&mut self, now: SystemTime) -> bool {
        let begins = self.phase == Phase::Pending && self.runs_at.is_some_and(|at| at <= now);
        if begins {
            self.phase = Phase::Running;
        }
        begins
    }

    /// What is known about it once it has ended.
    pub(super) fn stopped(self) -> Option<StoppedTask> {
        let ending = self.ending?;
        let mut containers = self.containers;
        for container in &mut containers {
            // Those that did not end by themselves got SIGTERM; those that never ran have no code.
            if self.phase == Phase::Running && container.exit_code.is_none() {
                container.exit_code = Some(143);
            }
            if self.phase == Phase::Pending {
                container.exit_code = None;
            }
        }
        Some(StoppedTask {
            arn: self.arn,
            task_definition: self.task_definition,
            started_by: Some(self.started_by),
            stop_code: Some(ending.code.to_owned()),
            stopped_reason: Some(ending.reason),
            stopped_at: Some(ending.at),
            containers,
        })
    }
}

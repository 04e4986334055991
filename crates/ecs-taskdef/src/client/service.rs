//! A service as `DescribeServices` shows it, reduced to what a deployment is followed by.

use std::fmt;
use std::time::SystemTime;

use serde_json::{Map, Value as Json};

use crate::model::open_enum;

/// A service of a cluster.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ServiceId {
    /// The cluster's name or ARN.
    pub cluster: String,
    /// The service's name or ARN.
    pub service: String,
}

impl ServiceId {
    /// A service of a cluster.
    #[must_use]
    pub fn new(cluster: impl Into<String>, service: impl Into<String>) -> Self {
        Self { cluster: cluster.into(), service: service.into() }
    }
}

/// `cluster/service`.
impl fmt::Display for ServiceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.cluster, self.service)
    }
}

open_enum! {
    /// Who rolls out a new task definition.
    Controller {
        /// ECS itself.
        Ecs = "ECS",
        /// CodeDeploy.
        CodeDeploy = "CODE_DEPLOY",
        /// Somebody's own program, through task sets.
        External = "EXTERNAL",
    }
}

open_enum! {
    /// What a deployment is to its service.
    RolloutStatus {
        /// The newest: the one that the service moves to.
        Primary = "PRIMARY",
        /// An older one that still has tasks.
        Active = "ACTIVE",
        /// One that is over.
        Inactive = "INACTIVE",
    }
}

open_enum! {
    /// How far a deployment is.
    RolloutState {
        /// Tasks are started and stopped.
        InProgress = "IN_PROGRESS",
        /// The service is in a steady state.
        Completed = "COMPLETED",
        /// The circuit breaker or an alarm ended it.
        Failed = "FAILED",
    }
}

/// One entry of a service's `deployments`.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Rollout {
    /// `ecs-svc/…`.
    pub id: String,
    /// What it is to the service.
    pub status: RolloutStatus,
    /// The ARN of its task definition.
    pub task_definition: String,
    /// How many tasks it shall have.
    pub desired: u32,
    /// How many are starting.
    pub pending: u32,
    /// How many run.
    pub running: u32,
    /// How many failed to start since the last one that did.
    pub failed: u32,
    /// How far it is; absent for services with a Classic Load Balancer or another controller.
    pub state: Option<RolloutState>,
    /// Why it is in that state.
    pub reason: Option<String>,
}

impl Rollout {
    /// A deployment without tasks yet.
    #[must_use]
    pub fn new(id: impl Into<String>, status: RolloutStatus, task_definition: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            status,
            task_definition: task_definition.into(),
            desired: 0,
            pending: 0,
            running: 0,
            failed: 0,
            state: None,
            reason: None,
        }
    }

    /// Sets the numbers of desired, pending, running and failed tasks.
    #[must_use]
    pub fn with_counts(mut self, desired: u32, pending: u32, running: u32, failed: u32) -> Self {
        (self.desired, self.pending, self.running, self.failed) = (desired, pending, running, failed);
        self
    }

    /// Sets the state and its reason.
    #[must_use]
    pub fn with_state(mut self, state: RolloutState, reason: impl Into<String>) -> Self {
        self.state = Some(state);
        self.reason = Some(reason.into());
        self
    }
}

/// One of a service's last hundred events.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServiceEvent {
    /// Its id: what tells it from others, as several can have the same time.
    pub id: String,
    /// When it happened.
    pub at: Option<SystemTime>,
    /// What happened.
    pub message: String,
}

impl ServiceEvent {
    /// An event.
    #[must_use]
    pub fn new(id: impl Into<String>, at: Option<SystemTime>, message: impl Into<String>) -> Self {
        Self { id: id.into(), at, message: message.into() }
    }

    /// Whether it tells of trouble.
    #[must_use]
    pub fn is_trouble(&self) -> bool {
        const WORDS: [&str; 9] = [
            "fail",
            "unhealthy",
            "error",
            "throttle",
            "unable",
            "missing",
            "alarm detected",
            "rolling back",
            "not meet",
        ];
        let message = self.message.to_ascii_lowercase();
        WORDS.iter().any(|word| message.contains(word))
    }
}

/// Whether ECS itself ends a deployment whose tasks do not start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CircuitBreaker {
    /// It ends the deployment.
    pub enable: bool,
    /// It goes back to the last completed one.
    pub rollback: bool,
}

/// A service at one moment.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ServiceSnapshot {
    /// Its ARN.
    pub arn: String,
    /// `ACTIVE`, `DRAINING` or `INACTIVE`.
    pub status: String,
    /// The ARN of its task definition.
    pub task_definition: String,
    /// How many tasks it shall have.
    pub desired: u32,
    /// How many tasks are starting.
    pub pending: u32,
    /// How many tasks run.
    pub running: u32,
    /// Who rolls out.
    pub controller: Controller,
    /// The circuit breaker.
    pub circuit_breaker: CircuitBreaker,
    /// Its deployments.
    pub rollouts: Vec<Rollout>,
    /// Its events, newest first.
    pub events: Vec<ServiceEvent>,
}

impl ServiceSnapshot {
    /// An active service without deployments.
    #[must_use]
    pub fn new(arn: impl Into<String>, task_definition: impl Into<String>, desired: u32) -> Self {
        Self {
            arn: arn.into(),
            status: "ACTIVE".to_owned(),
            task_definition: task_definition.into(),
            desired,
            pending: 0,
            running: 0,
            controller: Controller::Ecs,
            circuit_breaker: CircuitBreaker::default(),
            rollouts: Vec::new(),
            events: Vec::new(),
        }
    }

    /// The deployment that the service moves to.
    #[must_use]
    pub fn primary(&self) -> Option<&Rollout> {
        self.rollouts.iter().find(|rollout| rollout.status == RolloutStatus::Primary)
    }

    /// The deployment of this id.
    #[must_use]
    pub fn rollout(&self, id: &str) -> Option<&Rollout> {
        self.rollouts.iter().find(|rollout| rollout.id == id)
    }
}

/// A request of `CreateService`.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct CreateService {
    /// The cluster and the new service's name.
    pub id: ServiceId,
    /// The task definition.
    pub task_definition: String,
    /// How many tasks it shall have.
    pub desired: u32,
    /// Everything else, as the API names it: `deploymentConfiguration`, `networkConfiguration`, `launchType`, …
    pub settings: Map<String, Json>,
}

impl CreateService {
    /// A service with the given number of tasks.
    #[must_use]
    pub fn new(id: ServiceId, task_definition: impl Into<String>, desired: u32) -> Self {
        Self { id, task_definition: task_definition.into(), desired, settings: Map::new() }
    }

    /// Sets a field of the request.
    #[must_use]
    pub fn with_setting(mut self, key: impl Into<String>, value: Json) -> Self {
        self.settings.insert(key.into(), value);
        self
    }

    /// Turns the circuit breaker on.
    #[must_use]
    pub fn with_circuit_breaker(mut self, breaker: CircuitBreaker) -> Self {
        let configuration = self.settings.entry("deploymentConfiguration").or_insert_with(|| Json::Object(Map::new()));
        if let Some(configuration) = configuration.as_object_mut() {
            configuration.insert(
                "deploymentCircuitBreaker".to_owned(),
                serde_json::json!({ "enable": breaker.enable, "rollback": breaker.rollback }),
            );
        }
        self
    }

    /// The request as JSON.
    #[must_use]
    pub fn to_json(&self) -> Json {
        let mut json = self.settings.clone();
        json.insert("cluster".to_owned(), self.id.cluster.clone().into());
        json.insert("serviceName".to_owned(), self.id.service.clone().into());
        json.insert("taskDefinition".to_owned(), self.task_definition.clone().into());
        json.insert("desiredCount".to_owned(), self.desired.into());
        Json::Object(json)
    }
}

/// A request of `UpdateService`. What is absent stays as it is.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct UpdateService {
    /// The service.
    pub id: ServiceId,
    /// The task definition to move to.
    pub task_definition: Option<String>,
    /// How many tasks it shall have.
    pub desired: Option<u32>,
    /// Begins a deployment even if nothing changes.
    pub force_new_deployment: bool,
    /// Everything else, as the API names it.
    pub settings: Map<String, Json>,
}

impl UpdateService {
    /// A request that changes nothing.
    #[must_use]
    pub fn new(id: ServiceId) -> Self {
        Self { id, task_definition: None, desired: None, force_new_deployment: false, settings: Map::new() }
    }

    /// Moves the service to a task definition.
    #[must_use]
    pub fn with_task_definition(mut self, task_definition: impl Into<String>) -> Self {
        self.task_definition = Some(task_definition.into());
        self
    }

    /// Sets how many tasks the service shall have.
    #[must_use]
    pub fn with_desired(mut self, desired: u32) -> Self {
        self.desired = Some(desired);
        self
    }

    /// Begins a deployment even if nothing changes.
    #[must_use]
    pub fn forced(mut self) -> Self {
        self.force_new_deployment = true;
        self
    }

    /// Sets a field of the request.
    #[must_use]
    pub fn with_setting(mut self, key: impl Into<String>, value: Json) -> Self {
        self.settings.insert(key.into(), value);
        self
    }

    /// The request as JSON.
    #[must_use]
    pub fn to_json(&self) -> Json {
        let mut json = self.settings.clone();
        json.insert("cluster".to_owned(), self.id.cluster.clone().into());
        json.insert("service".to_owned(), self.id.service.clone().into());
        if let Some(task_definition) = &self.task_definition {
            json.insert("taskDefinition".to_owned(), task_definition.clone().into());
        }
        if let Some(desired) = self.desired {
            json.insert("desiredCount".to_owned(), desired.into());
        }
        if self.force_new_deployment {
            json.insert("forceNewDeployment".to_owned(), true.into());
        }
        Json::Object(json)
    }
}

/// A task that has ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoppedTask {
    /// Its ARN.
    pub arn: String,
    /// The ARN of its task definition.
    pub task_definition: String,
    /// The deployment that started it.
    pub started_by: Option<String>,
    /// `TaskFailedToStart`, `EssentialContainerExited`, `ServiceSchedulerInitiated`, …
    pub stop_code: Option<String>,
    /// Why it was stopped.
    pub stopped_reason: Option<String>,
    /// When.
    pub stopped_at: Option<SystemTime>,
    /// Its containers.
    pub containers: Vec<StoppedContainer>,
}

/// A container of a task that has ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoppedContainer {
    /// Its name.
    pub name: String,
    /// With which it ended; absent if it never ran.
    pub exit_code: Option<i32>,
    /// Why it ended, where ECS says so.
    pub reason: Option<String>,
}

impl StoppedTask {
    /// Whether it never ran because its image, its secrets or its network could not be had. Another try ends alike.
    #[must_use]
    pub fn could_not_start(&self) -> bool {
        const ERRORS: [&str; 2] = ["CannotPull", "ResourceInitializationError"];
        let reasons = self.containers.iter().filter_map(|container| container.reason.as_deref());
        reasons.chain(self.stopped_reason.as_deref()).any(|reason| ERRORS.iter().any(|error| reason.contains(error)))
    }

    /// Whether it ended by itself or was found bad, other than by scaling or a newer deployment.
    #[must_use]
    pub fn is_failure(&self) -> bool {
        !self.stopped_reason.as_deref().is_some_and(|reason| reason.starts_with("Scaling activity initiated by"))
    }
}

/// One line: the reason, then the containers with exit codes and reasons.
impl fmt::Display for StoppedTask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.stopped_reason.as_deref().unwrap_or("stopped for a reason that ECS does not say"))?;
        for container in &self.containers {
            match (container.exit_code, &container.reason) {
                (None, None) => {}
                (Some(code), None) => write!(f, "; container `{}` exited with {code}", container.name)?,
                (Some(code), Some(reason)) => {
                    write!(f, "; container `{}` exited with {code}: {reason}", container.name)?;
                }
                (None, Some(reason)) if self.stopped_reason.as_deref() == Some(reason) => {}
                (None, Some(reason)) => write!(f, "; container `{}`: {reason}", container.name)?,
            }
        }
        Ok(())
    }
}

/// A service deployment: the newer API's record of a rollout.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServiceDeployment {
    /// Its ARN.
    pub arn: String,
    /// `IN_PROGRESS`, `SUCCESSFUL`, `ROLLBACK_SUCCESSFUL`, …
    pub status: String,
    /// Why it has that status.
    pub status_reason: Option<String>,
    /// The ARN of the revision it moves to.
    pub target_service_revision: Option<String>,
    /// When it was created.
    pub created_at: Option<SystemTime>,
}

impl ServiceDeployment {
    /// A record.
    #[must_use]
    pub fn new(arn: impl Into<String>, status: impl Into<String>) -> Self {
        Self {
            arn: arn.into(),
            status: status.into(),
            status_reason: None,
            target_service_revision: None,
            created_at: None,
        }
    }
}

//! A service as `DescribeServices` shows it, reduced to what a deployment is followed by.

use std::fmt;
use std::time::SystemTime;

use super::Strategy;
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

/// Whether alarms end a deployment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeploymentAlarms {
    /// They do.
    pub enable: bool,
    /// And the service goes back to the last completed deployment.
    pub rollback: bool,
    /// The names of the CloudWatch alarms.
    pub names: Vec<String>,
}

/// Where the traffic of a service comes in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LoadBalancer {
    /// The ARN of the target group; absent with a Classic Load Balancer.
    pub target_group: Option<String>,
    /// The container that gets the traffic.
    pub container: String,
    /// Its port.
    pub port: u16,
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
    /// How it gets from one revision to the next.
    pub strategy: Strategy,
    /// The circuit breaker.
    pub circuit_breaker: CircuitBreaker,
    /// The alarms that end a deployment.
    pub alarms: DeploymentAlarms,
    /// Where its traffic comes in.
    pub load_balancers: Vec<LoadBalancer>,
    /// The task definitions of its task sets, which CodeDeploy and others make.
    pub task_sets: Vec<String>,
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
            strategy: Strategy::Rolling,
            circuit_breaker: CircuitBreaker::default(),
            alarms: DeploymentAlarms::default(),
            load_balancers: Vec::new(),
            task_sets: Vec::new(),
            rollouts: Vec::new(),
            events: Vec::new(),
        }
    }

    /// The deployment that the service moves to.
    #[must_use]
    pub fn primary(&self) -> Option<&Rollout> {
        self.rollouts.iter().find(|rollout| rollout.status == RolloutStatus::Primary)
    }

    /// Whether ECS itself goes back when a deployment fails.
    #[must_use]
    pub fn rolls_back(&self) -> bool {
        self.circuit_breaker.enable && self.circuit_breaker.rollback || self.alarms.enable && self.alarms.rollback
    }

    /// The deployment of this id.
    #[must_use]
    pub fn rollout(&self, id: &str) -> Option<&Rollout> {
        self.rollouts.iter().find(|rollout| rollout.id == id)
    }
}

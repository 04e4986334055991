//! Deployment groups of the in-memory service, and the times that it takes for things.

use std::time::Duration;

use crate::client::AutoRollbackEvent;

/// A deployment group.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeploymentGroup {
    /// Its name.
    pub name: String,
    /// The configuration for deployments that name none.
    pub deployment_config_name: Option<String>,
    /// When deployments roll back by themselves.
    pub auto_rollback: Vec<AutoRollbackEvent>,
    /// The instances of an EC2/on-premises group.
    pub instances: Vec<String>,
    /// Whether a load balancer takes instances out and in.
    pub load_balancer: bool,
    /// How long the original task set stays after an ECS deployment has moved the traffic.
    pub termination_wait: Duration,
}

impl DeploymentGroup {
    /// A group without instances that never rolls back.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            deployment_config_name: None,
            auto_rollback: Vec::new(),
            instances: Vec::new(),
            load_balancer: false,
            termination_wait: Duration::ZERO,
        }
    }

    /// Takes this configuration for deployments that name none.
    #[must_use]
    pub fn with_config(mut self, name: impl Into<String>) -> Self {
        self.deployment_config_name = Some(name.into());
        self
    }

    /// Rolls back on these events.
    #[must_use]
    pub fn with_auto_rollback(mut self, events: impl IntoIterator<Item = AutoRollbackEvent>) -> Self {
        self.auto_rollback = events.into_iter().collect();
        self
    }

    /// Has these instances.
    #[must_use]
    pub fn with_instances<I: Into<String>>(mut self, instances: impl IntoIterator<Item = I>) -> Self {
        self.instances = instances.into_iter().map(Into::into).collect();
        self
    }

    /// Takes instances out of a load balancer and in again.
    #[must_use]
    pub fn with_load_balancer(mut self) -> Self {
        self.load_balancer = true;
        self
    }

    /// Keeps the original task set for so long after the traffic has moved.
    #[must_use]
    pub fn with_termination_wait(mut self, wait: Duration) -> Self {
        self.termination_wait = wait;
        self
    }
}

/// How long the service takes for things.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Pace {
    /// From one of the states Created, Queued and InProgress to the next.
    pub state: Duration,
    /// For one lifecycle event, besides hooks that wait and traffic that shifts.
    pub event: Duration,
}

impl Default for Pace {
    /// Two seconds between states, five for an event.
    fn default() -> Self {
        Self { state: Duration::from_secs(2), event: Duration::from_secs(5) }
    }
}

impl Pace {
    /// Takes these times.
    #[must_use]
    pub fn new(state: Duration, event: Duration) -> Self {
        Self { state, event }
    }
}

//! What this crate needs of ECS and its neighbours: small roles with our own types, so that the real services, the
//! in-memory ones and anybody else's are interchangeable.

mod account;
#[cfg(feature = "memory")]
mod faulty;
#[cfg(feature = "memory")]
mod memory;
mod request;
#[cfg(feature = "sdk")]
mod sdk;
mod service;
mod service_deployment;
mod stopped;
mod tasks;

use std::sync::Arc;

use async_trait::async_trait;
use aws_call::CallError;
use serde_json::Value as Json;

pub use account::{Inventory, Scaling, ScheduledTarget, ScheduledTasks, Tags};
#[cfg(feature = "memory")]
pub use aws_call::faulty::{Fault, Script};
#[cfg(feature = "memory")]
pub use faulty::Faulty;
#[cfg(feature = "serve")]
pub use memory::EcsEndpoint;
#[cfg(feature = "memory")]
pub use memory::{ContainerStart, Fate, Fates, MemoryCluster, Scenario, Timing};
pub use request::{CreateService, UpdateService};
#[cfg(feature = "sdk")]
pub use sdk::{ApplicationAutoScaling, CloudWatchLogs, Ecs, EventBridge};
pub use service::{
    CircuitBreaker, Controller, DeploymentAlarms, LoadBalancer, Rollout, RolloutState, RolloutStatus, ServiceEvent,
    ServiceId, ServiceSnapshot,
};
pub use service_deployment::{
    Hook, HookAction, HookStatus, HookTarget, Rollback, ServiceDeployment, ServiceDeploymentStatus, ServiceDeployments,
    ServiceRevision, StopType, Strategy,
};
pub use stopped::{StoppedContainer, StoppedTask};
pub use tasks::{LogLine, LogPage, LogStream, ResourceFailure, RunAnswer, RunTask, Task, TaskLogs, Tasks};

use crate::Body;

/// A revision that has been registered.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Registered {
    /// Its ARN.
    pub arn: String,
    /// Its family.
    pub family: String,
    /// Its number.
    pub revision: u32,
}

impl Registered {
    /// A revision.
    #[must_use]
    pub fn new(arn: impl Into<String>, family: impl Into<String>, revision: u32) -> Self {
        Self { arn: arn.into(), family: family.into(), revision }
    }

    /// The revision that an ARN or a short name stands for: `web:7`, `arn:…:task-definition/web:7`.
    #[must_use]
    pub fn parse(arn: &str) -> Option<Self> {
        let (family, revision) = short_name(arn).rsplit_once(':')?;
        Some(Self::new(arn, family, revision.parse().ok()?))
    }

    /// `family:revision`.
    #[must_use]
    pub fn short_name(&self) -> String {
        format!("{}:{}", self.family, self.revision)
    }
}

/// The part of an ARN behind `task-definition/`; other texts as they are.
#[must_use]
pub fn short_name(task_definition: &str) -> &str {
    task_definition.rsplit_once('/').map_or(task_definition, |(_, name)| name)
}

/// Which revisions [`TaskDefinitions::list`] gives.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ListRevisions {
    /// The family, exactly.
    pub family: String,
    /// `ACTIVE` or `INACTIVE`.
    pub status: &'static str,
}

impl ListRevisions {
    /// The revisions of a family that can be run.
    #[must_use]
    pub fn active(family: impl Into<String>) -> Self {
        Self { family: family.into(), status: "ACTIVE" }
    }

    /// The revisions of a family that have been deregistered.
    #[must_use]
    pub fn inactive(family: impl Into<String>) -> Self {
        Self { family: family.into(), status: "INACTIVE" }
    }
}

/// The registry of task definitions.
#[async_trait]
pub trait TaskDefinitions: Send + Sync {
    /// Registers the next revision of a family. The JSON is sent as it is, unknown fields included. Not idempotent: each
    /// call makes a revision.
    async fn register(&self, body: &Body) -> Result<Registered, CallError>;

    /// The service's answer about a revision, whole and unchanged: `{"taskDefinition": …, "tags": …}`. A family alone
    /// means its newest active revision.
    async fn describe(&self, task_definition: &str) -> Result<Json, CallError>;

    /// Marks a revision INACTIVE, so that nothing new is started from it.
    async fn deregister(&self, task_definition: &str) -> Result<(), CallError> {
        let _ = task_definition;
        Err(CallError::unsupported("DeregisterTaskDefinition"))
    }

    /// The ARNs of revisions, newest first.
    async fn list(&self, request: &ListRevisions) -> Result<Vec<String>, CallError> {
        let _ = request;
        Err(CallError::unsupported("ListTaskDefinitions"))
    }
}

/// The services of a cluster.
#[async_trait]
pub trait Services: Send + Sync {
    /// A service as it is. One that does not exist is an error with the code `ServiceNotFoundException`, although the
    /// API reports it within a successful answer.
    async fn describe_service(&self, id: &ServiceId) -> Result<ServiceSnapshot, CallError>;

    /// Creates a service.
    async fn create_service(&self, request: &CreateService) -> Result<ServiceSnapshot, CallError>;

    /// Changes a service; another task definition begins a deployment, whose id the answer carries.
    async fn update_service(&self, request: &UpdateService) -> Result<ServiceSnapshot, CallError>;

    /// The stopped tasks that a deployment had started, as far as ECS still knows them (about an hour).
    async fn stopped_tasks(&self, id: &ServiceId, started_by: &str) -> Result<Vec<StoppedTask>, CallError> {
        let _ = (id, started_by);
        Err(CallError::unsupported("DescribeTasks"))
    }
}

const _: fn(&dyn TaskDefinitions, &dyn Services) = |_, _| ();

#[async_trait]
impl<T: TaskDefinitions + ?Sized> TaskDefinitions for Arc<T> {
    async fn register(&self, body: &Body) -> Result<Registered, CallError> {
        (**self).register(body).await
    }

    async fn describe(&self, task_definition: &str) -> Result<Json, CallError> {
        (**self).describe(task_definition).await
    }

    async fn deregister(&self, task_definition: &str) -> Result<(), CallError> {
        (**self).deregister(task_definition).await
    }

    async fn list(&self, request: &ListRevisions) -> Result<Vec<String>, CallError> {
        (**self).list(request).await
    }
}

#[async_trait]
impl<T: Services + ?Sized> Services for Arc<T> {
    async fn describe_service(&self, id: &ServiceId) -> Result<ServiceSnapshot, CallError> {
        (**self).describe_service(id).await
    }

    async fn create_service(&self, request: &CreateService) -> Result<ServiceSnapshot, CallError> {
        (**self).create_service(request).await
    }

    async fn update_service(&self, request: &UpdateService) -> Result<ServiceSnapshot, CallError> {
        (**self).update_service(request).await
    }

    async fn stopped_tasks(&self, id: &ServiceId, started_by: &str) -> Result<Vec<StoppedTask>, CallError> {
        (**self).stopped_tasks(id, started_by).await
    }
}

//! Services whose traffic CodeDeploy moves: what is handed over, and to whom.
//!
//! This crate and the one that speaks to CodeDeploy do not know one another. Whoever knows both fills this role.

use std::sync::Arc;

use async_trait::async_trait;
use aws_call::{CallError, Polling};
use serde_json::{Value as Json, json};

use super::{Outcome, Progress};
use crate::client::{LoadBalancer, ServiceId};

/// A revision that somebody else is to roll out.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct HandOff {
    /// The service.
    pub service: ServiceId,
    /// The ARN of the task definition.
    pub task_definition: String,
    /// Where the service's traffic comes in now.
    pub load_balancers: Vec<LoadBalancer>,
    /// How often to look, and until when.
    pub polling: Polling,
}

impl HandOff {
    /// A revision for a service.
    #[must_use]
    pub fn new(service: ServiceId, task_definition: impl Into<String>, load_balancers: Vec<LoadBalancer>) -> Self {
        Self { service, task_definition: task_definition.into(), load_balancers, polling: Polling::default() }
    }

    /// Sets how often to look, and until when.
    #[must_use]
    pub fn with_polling(mut self, polling: Polling) -> Self {
        self.polling = polling;
        self
    }

    /// The AppSpec that says this, for a service without hooks: the task definition, and the container and port that get
    /// the traffic (documentation page "AppSpec file structure for Amazon ECS deployments").
    #[must_use]
    pub fn app_spec(&self) -> Json {
        let mut properties = json!({ "TaskDefinition": self.task_definition });
        if let Some(balancer) = self.load_balancers.first() {
            properties["LoadBalancerInfo"] =
                json!({ "ContainerName": balancer.container, "ContainerPort": balancer.port });
        }
        json!({
            "version": 0.0,
            "Resources": [{ "TargetService": { "Type": "AWS::ECS::Service", "Properties": properties } }],
        })
    }
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HandedOff {
    /// How it ended.
    pub outcome: Outcome,
    /// The deployment's id where it was rolled out: `d-…`.
    pub id: String,
    /// Why it did not succeed.
    pub reason: Option<String>,
}

impl HandedOff {
    /// An end.
    #[must_use]
    pub fn new(outcome: Outcome, id: impl Into<String>, reason: Option<String>) -> Self {
        Self { outcome, id: id.into(), reason }
    }
}

/// Rolls out what ECS itself does not: services with the deployment controller `CODE_DEPLOY`.
#[async_trait]
pub trait TrafficController: Send + Sync {
    /// Rolls a revision out and follows that to its end.
    ///
    /// # Errors
    /// If it could not be begun, or could no longer be watched.
    async fn hand_off(&self, request: &HandOff, progress: &dyn Progress) -> Result<HandedOff, CallError>;
}

const _: fn(&dyn TrafficController) = |_| ();

#[async_trait]
impl<T: TrafficController + ?Sized> TrafficController for Arc<T> {
    async fn hand_off(&self, request: &HandOff, progress: &dyn Progress) -> Result<HandedOff, CallError> {
        (**self).hand_off(request, progress).await
    }
}

//! Roles around services: what an account runs, which rules start tasks, and tags.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use aws_call::CallError;
use serde_json::Value as Json;

use super::ServiceSnapshot;

/// What an account runs: what has to be known before a revision is called unused.
#[async_trait]
pub trait Inventory: Send + Sync {
    /// The ARNs of all clusters.
    async fn clusters(&self) -> Result<Vec<String>, CallError>;

    /// All services of a cluster.
    async fn services(&self, cluster: &str) -> Result<Vec<ServiceSnapshot>, CallError>;

    /// The ARNs of the task definitions of a family whose tasks have not stopped, each once.
    async fn running_revisions(&self, cluster: &str, family: &str) -> Result<Vec<String>, CallError>;
}

/// What a rule of EventBridge starts.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ScheduledTarget {
    /// The target as the API shows it: `Id`, `Arn`, `RoleArn`, `EcsParameters`, …, unknown fields included.
    pub json: Json,
}

impl ScheduledTarget {
    /// A target.
    #[must_use]
    pub fn new(json: Json) -> Self {
        Self { json }
    }

    /// Its id within the rule.
    #[must_use]
    pub fn id(&self) -> &str {
        self.json["Id"].as_str().unwrap_or_default()
    }

    /// The task definition that it starts; nothing if it starts something else than tasks.
    #[must_use]
    pub fn task_definition(&self) -> Option<&str> {
        self.json.get("EcsParameters")?.get("TaskDefinitionArn")?.as_str()
    }

    /// The same target with another task definition.
    #[must_use]
    pub fn with_task_definition(mut self, arn: &str) -> Self {
        if self.task_definition().is_some() {
            self.json["EcsParameters"]["TaskDefinitionArn"] = Json::from(arn);
        }
        self
    }
}

/// Tasks that rules of EventBridge start, by a schedule or an event.
#[async_trait]
pub trait ScheduledTasks: Send + Sync {
    /// The names of the rules that start tasks in a cluster.
    async fn rules(&self, cluster_arn: &str) -> Result<Vec<String>, CallError>;

    /// What a rule starts.
    async fn targets(&self, rule: &str) -> Result<Vec<ScheduledTarget>, CallError>;

    /// Adds a target to a rule, or replaces the one of this id.
    async fn put_target(&self, rule: &str, target: &ScheduledTarget) -> Result<(), CallError>;
}

/// Tags of task definitions, services, tasks and clusters.
#[async_trait]
pub trait Tags: Send + Sync {
    /// The tags of a resource.
    async fn tags(&self, arn: &str) -> Result<BTreeMap<String, String>, CallError>;

    /// Adds tags, or changes the values of those that are there.
    async fn tag(&self, arn: &str, tags: &BTreeMap<String, String>) -> Result<(), CallError>;

    /// Takes tags away by their keys.
    async fn untag(&self, arn: &str, keys: &[String]) -> Result<(), CallError>;

    /// Whether new resources get ARNs of the long format. `setting` is `serviceLongArnFormat`, `taskLongArnFormat` or
    /// `containerInstanceLongArnFormat`.
    async fn uses_long_arns(&self, setting: &str) -> Result<bool, CallError>;
}

/// Application Auto Scaling, as far as the number of a service's tasks goes.
#[async_trait]
pub trait Scaling: Send + Sync {
    /// Lets the number of tasks move between two bounds. `resource` is `service/cluster/name`.
    async fn register_scalable_target(&self, resource: &str, min: u32, max: u32) -> Result<(), CallError>;

    /// The bounds, if the service has a scalable target.
    async fn scalable_target(&self, resource: &str) -> Result<Option<(u32, u32)>, CallError>;

    /// Sets what moves the number of tasks: a request of `PutScalingPolicy` without the names of namespace, resource and
    /// dimension.
    async fn put_scaling_policy(&self, resource: &str, policy: &Json) -> Result<(), CallError>;
}

const _: fn(&dyn Inventory, &dyn ScheduledTasks, &dyn Tags, &dyn Scaling) = |_, _, _, _| ();

#[async_trait]
impl<T: Inventory + ?Sized> Inventory for Arc<T> {
    async fn clusters(&self) -> Result<Vec<String>, CallError> {
        (**self).clusters().await
    }

    async fn services(&self, cluster: &str) -> Result<Vec<ServiceSnapshot>, CallError> {
        (**self).services(cluster).await
    }

    async fn running_revisions(&self, cluster: &str, family: &str) -> Result<Vec<String>, CallError> {
        (**self).running_revisions(cluster, family).await
    }
}

#[async_trait]
impl<T: ScheduledTasks + ?Sized> ScheduledTasks for Arc<T> {
    async fn rules(&self, cluster_arn: &str) -> Result<Vec<String>, CallError> {
        (**self).rules(cluster_arn).await
    }

    async fn targets(&self, rule: &str) -> Result<Vec<ScheduledTarget>, CallError> {
        (**self).targets(rule).await
    }

    async fn put_target(&self, rule: &str, target: &ScheduledTarget) -> Result<(), CallError> {
        (**self).put_target(rule, target).await
    }
}

#[async_trait]
impl<T: Tags + ?Sized> Tags for Arc<T> {
    async fn tags(&self, arn: &str) -> Result<BTreeMap<String, String>, CallError> {
        (**self).tags(arn).await
    }

    async fn tag(&self, arn: &str, tags: &BTreeMap<String, String>) -> Result<(), CallError> {
        (**self).tag(arn, tags).await
    }

    async fn untag(&self, arn: &str, keys: &[String]) -> Result<(), CallError> {
        (**self).untag(arn, keys).await
    }

    async fn uses_long_arns(&self, setting: &str) -> Result<bool, CallError> {
        (**self).uses_long_arns(setting).await
    }
}

#[async_trait]
impl<T: Scaling + ?Sized> Scaling for Arc<T> {
    async fn register_scalable_target(&self, resource: &str, min: u32, max: u32) -> Result<(), CallError> {
        (**self).register_scalable_target(resource, min, max).await
    }

    async fn scalable_target(&self, resource: &str) -> Result<Option<(u32, u32)>, CallError> {
        (**self).scalable_target(resource).await
    }

    async fn put_scaling_policy(&self, resource: &str, policy: &Json) -> Result<(), CallError> {
        (**self).put_scaling_policy(resource, policy).await
    }
}

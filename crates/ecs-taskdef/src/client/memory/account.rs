//! What lies around the services: the in-memory cluster as [`Inventory`], [`ScheduledTasks`], [`Tags`] and [`Scaling`].

use std::collections::BTreeMap;

use async_trait::async_trait;
use aws_call::CallError;
use serde_json::Value as Json;

use super::{MemoryCluster, last_part};
use crate::client::{Inventory, Scaling, ScheduledTarget, ScheduledTasks, ServiceSnapshot, Tags, short_name};

pub(super) const SHORT_ARN: &str = "Long arn format must be used for tagging operations";
/// How many tags a resource has at most.
const MOST_TAGS: usize = 50;
/// How many targets a rule has at most.
const MOST_TARGETS: usize = 5;

#[derive(Debug, Default)]
pub(super) struct Account {
    tags: BTreeMap<String, BTreeMap<String, String>>,
    rules: BTreeMap<String, Vec<ScheduledTarget>>,
    scalable: BTreeMap<String, (u32, u32)>,
}

impl Account {
    pub(super) fn tag(&mut self, arn: &str, tags: BTreeMap<String, String>) {
        self.tags.entry(arn.to_owned()).or_default().extend(tags);
    }
}

/// Tags as requests have them: `[{"key": …, "value": …}]`.
pub(super) fn tags_of(json: &Json) -> BTreeMap<String, String> {
    let text = |tag: &Json, key: &str| tag[key].as_str().unwrap_or_default().to_owned();
    json.as_array().into_iter().flatten().map(|tag| (text(tag, "key"), text(tag, "value"))).collect()
}

#[async_trait]
impl Inventory for MemoryCluster {
    async fn clusters(&self) -> Result<Vec<String>, CallError> {
        Ok(vec![format!("{}:cluster/{}", self.home, self.name)])
    }

    async fn services(&self, cluster: &str) -> Result<Vec<ServiceSnapshot>, CallError> {
        self.check_cluster("ListServices", cluster)?;
        Ok(self.of_services(|service, _| vec![service.snapshot()]))
    }

    async fn running_revisions(&self, cluster: &str, family: &str) -> Result<Vec<String>, CallError> {
        self.check_cluster("ListTasks", cluster)?;
        let mut arns = self.of_services(|service, _| {
            service.tasks.iter().map(|task| task.task_definition.clone()).collect::<Vec<_>>()
        });
        arns.extend(self.lock().tasks.running(self.clock.now()));
        arns.retain(|arn| short_name(arn).rsplit_once(':').is_some_and(|(name, _)| name == family));
        arns.sort();
        arns.dedup();
        Ok(arns)
    }
}

#[async_trait]
impl ScheduledTasks for MemoryCluster {
    async fn rules(&self, cluster_arn: &str) -> Result<Vec<String>, CallError> {
        let state = self.lock();
        let mine = state
            .account
            .rules
            .iter()
            .filter(|(_, targets)| targets.iter().any(|target| target.json["Arn"] == cluster_arn));
        Ok(mine.map(|(rule, _)| rule.clone()).collect())
    }

    async fn targets(&self, rule: &str) -> Result<Vec<ScheduledTarget>, CallError> {
        let state = self.lock();
        state.account.rules.get(rule).cloned().ok_or_else(|| no_rule("ListTargetsByRule", rule))
    }

    async fn put_target(&self, rule: &str, target: &ScheduledTarget) -> Result<(), CallError> {
        const OPERATION: &str = "PutTargets";
        let mut state = self.lock();
        if let Some(revision) = target.task_definition() {
            state.registry.runnable(OPERATION, revision)?;
        }
        let targets = state.account.rules.get_mut(rule).ok_or_else(|| no_rule(OPERATION, rule))?;
        match targets.iter().position(|other| other.id() == target.id()) {
            Some(index) => targets[index].clone_from(target),
            None if targets.len() < MOST_TARGETS => targets.push(target.clone()),
            None => {
                let message = "The requested resource exceeds the maximum number allowed.";
                return Err(CallError::service(OPERATION, "LimitExceededException", message));
            }
        }
        Ok(())
    }
}

fn no_rule(operation: &'static str, rule: &str) -> CallError {
    let message = format!("Rule {rule} does not exist on EventBus default.");
    CallError::service(operation, "ResourceNotFoundException", message)
}

#[async_trait]
impl Tags for MemoryCluster {
    async fn tags(&self, arn: &str) -> Result<BTreeMap<String, String>, CallError> {
        self.taggable("ListTagsForResource", arn)?;
        Ok(self.lock().account.tags.get(arn).cloned().unwrap_or_default())
    }

    async fn tag(&self, arn: &str, tags: &BTreeMap<String, String>) -> Result<(), CallError> {
        const OPERATION: &str = "TagResource";
        self.taggable(OPERATION, arn)?;
        let refuse = |message: String| Err(CallError::service(OPERATION, "InvalidParameterException", message));
        if let Some(key) = tags.keys().find(|key| key.is_empty() || key.len() > 128 || key.starts_with("aws:")) {
            return refuse(format!("Invalid tag key: {key}"));
        }
        let mut state = self.lock();
        let present = state.account.tags.entry(arn.to_owned()).or_default();
        if present.keys().chain(tags.keys()).collect::<std::collections::BTreeSet<_>>().len() > MOST_TAGS {
            return refuse("Too many tags.".to_owned());
        }
        present.extend(tags.clone());
        Ok(())
    }

    async fn untag(&self, arn: &str, keys: &[String]) -> Result<(), CallError> {
        self.taggable("UntagResource", arn)?;
        if let Some(present) = self.lock().account.tags.get_mut(arn) {
            present.retain(|key, _| !keys.contains(key));
        }
        Ok(())
    }

    async fn uses_long_arns(&self, _setting: &str) -> Result<bool, CallError> {
        Ok(self.long_arns)
    }
}

#[async_trait]
impl Scaling for MemoryCluster {
    async fn register_scalable_target(&self, resource: &str, min: u32, max: u32) -> Result<(), CallError> {
        const OPERATION: &str = "RegisterScalableTarget";
        let mut state = self.lock();
        if !state.services.contains_key(last_part(resource)) {
            let message = format!("ECS service doesn't exist: {resource}");
            return Err(CallError::service(OPERATION, "ValidationException", message));
        }
        if min > max {
            let message = "Maximum capacity cannot be less than minimum capacity";
            return Err(CallError::service(OPERATION, "ValidationException", message));
        }
        state.account.scalable.insert(resource.to_owned(), (min, max));
        Ok(())
    }

    async fn scalable_target(&self, resource: &str) -> Result<Option<(u32, u32)>, CallError> {
        Ok(self.lock().account.scalable.get(resource).copied())
    }

    async fn put_scaling_policy(&self, resource: &str, _policy: &Json) -> Result<(), CallError> {
        if self.lock().account.scalable.contains_key(resource) {
            return Ok(());
        }
        let message = format!(
            "No scalable target registered for service namespace: ecs, resource ID: {resource}, scalable dimension: ecs:service:DesiredCount"
        );
        Err(CallError::service("PutScalingPolicy", "ObjectNotFoundException", message))
    }
}

impl MemoryCluster {
    /// Makes a rule of EventBridge that starts these tasks; `RunTask` of a schedule is not simulated.
    pub fn put_rule(&self, name: &str, targets: Vec<ScheduledTarget>) {
        self.lock().account.rules.insert(name.to_owned(), targets);
    }

    fn taggable(&self, operation: &'static str, arn: &str) -> Result<(), CallError> {
        if crate::deploy::is_long_arn(arn) {
            return Ok(());
        }
        Err(CallError::service(operation, "InvalidParameterException", SHORT_ARN))
    }
}

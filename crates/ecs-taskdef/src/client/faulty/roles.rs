//! The faults of the roles beside task definitions and services.

use async_trait::async_trait;
use aws_call::CallError;
use serde_json::Value as Json;

use super::{Faulty, Seen};
use crate::client::{
    HookAction, RunAnswer, RunTask, Scaling, ServiceDeployment, ServiceDeployments, ServiceId, ServiceRevision,
    StopType, Task, Tasks,
};

#[async_trait]
impl<T: ServiceDeployments> ServiceDeployments for Faulty<T> {
    async fn list_service_deployments(&self, id: &ServiceId) -> Result<Vec<ServiceDeployment>, CallError> {
        let key = id.to_string();
        let kept = key.clone();
        let keep = |seen: &mut Seen, fresh| drop(seen.deployments.insert(kept, fresh));
        let call = self.inner.list_service_deployments(id);
        self.look("ListServiceDeployments", |seen| seen.deployments.get_mut(&key), keep, call).await
    }

    async fn describe_service_deployments(&self, arns: &[String]) -> Result<Vec<ServiceDeployment>, CallError> {
        let key = arns.join(" ");
        let kept = key.clone();
        let keep = |seen: &mut Seen, fresh| drop(seen.deployments.insert(kept, fresh));
        let call = self.inner.describe_service_deployments(arns);
        self.look("DescribeServiceDeployments", |seen| seen.deployments.get_mut(&key), keep, call).await
    }

    async fn describe_service_revisions(&self, arns: &[String]) -> Result<Vec<ServiceRevision>, CallError> {
        self.faults.call("DescribeServiceRevisions", self.inner.describe_service_revisions(arns)).await
    }

    async fn stop_service_deployment(&self, arn: &str, stop: &StopType) -> Result<(), CallError> {
        self.faults.call("StopServiceDeployment", self.inner.stop_service_deployment(arn, stop)).await
    }

    async fn continue_service_deployment(&self, arn: &str, hook: &str, action: &HookAction) -> Result<(), CallError> {
        self.faults.call("ContinueServiceDeployment", self.inner.continue_service_deployment(arn, hook, action)).await
    }
}

#[async_trait]
impl<T: Tasks> Tasks for Faulty<T> {
    async fn run_task(&self, request: &RunTask) -> Result<RunAnswer, CallError> {
        self.faults.call("RunTask", self.inner.run_task(request)).await
    }

    async fn describe_tasks(&self, cluster: &str, arns: &[String]) -> Result<Vec<Task>, CallError> {
        let key = arns.join(" ");
        let kept = key.clone();
        let keep = |seen: &mut Seen, fresh| drop(seen.tasks.insert(kept, fresh));
        let call = self.inner.describe_tasks(cluster, arns);
        self.look("DescribeTasks", |seen| seen.tasks.get_mut(&key), keep, call).await
    }

    async fn stop_task(&self, cluster: &str, task: &str, reason: &str) -> Result<(), CallError> {
        self.faults.call("StopTask", self.inner.stop_task(cluster, task, reason)).await
    }
}

#[async_trait]
impl<T: Scaling> Scaling for Faulty<T> {
    async fn register_scalable_target(&self, resource: &str, min: u32, max: u32) -> Result<(), CallError> {
        self.faults.call("RegisterScalableTarget", self.inner.register_scalable_target(resource, min, max)).await
    }

    async fn scalable_target(&self, resource: &str) -> Result<Option<(u32, u32)>, CallError> {
        self.faults.call("DescribeScalableTargets", self.inner.scalable_target(resource)).await
    }

    async fn put_scaling_policy(&self, resource: &str, policy: &Json) -> Result<(), CallError> {
        self.faults.call("PutScalingPolicy", self.inner.put_scaling_policy(resource, policy)).await
    }
}

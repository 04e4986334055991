//! Service deployments and service revisions through the SDK.

use std::cmp::Reverse;

use async_trait::async_trait;
use aws_call::CallError;
use aws_sdk_ecs::types;

use super::Ecs;
use super::convert::time;
use crate::client::{
    Hook, HookAction, HookStatus, HookTarget, Rollback, ServiceDeployment, ServiceDeployments, ServiceId,
    ServiceRevision, StopType,
};

#[async_trait]
impl ServiceDeployments for Ecs {
    async fn list_service_deployments(&self, id: &ServiceId) -> Result<Vec<ServiceDeployment>, CallError> {
        let mut deployments = Vec::new();
        let mut token = None;
        loop {
            let answer = self
                .client
                .list_service_deployments()
                .cluster(&id.cluster)
                .service(&id.service)
                .set_next_token(token)
                .send()
                .await
                .map_err(|error| CallError::from_sdk("ListServiceDeployments", error))?;
            deployments.extend(answer.service_deployments().iter().map(brief));
            token = answer.next_token().map(str::to_owned);
            if token.is_none() {
                newest_first(&mut deployments);
                return Ok(deployments);
            }
        }
    }

    async fn describe_service_deployments(&self, arns: &[String]) -> Result<Vec<ServiceDeployment>, CallError> {
        let answer = self
            .client
            .describe_service_deployments()
            .set_service_deployment_arns(Some(arns.to_vec()))
            .send()
            .await
            .map_err(|error| CallError::from_sdk("DescribeServiceDeployments", error))?;
        Ok(answer.service_deployments().iter().map(full).collect())
    }

    async fn describe_service_revisions(&self, arns: &[String]) -> Result<Vec<ServiceRevision>, CallError> {
        let answer = self
            .client
            .describe_service_revisions()
            .set_service_revision_arns(Some(arns.to_vec()))
            .send()
            .await
            .map_err(|error| CallError::from_sdk("DescribeServiceRevisions", error))?;
        Ok(answer.service_revisions().iter().map(revision).collect())
    }

    async fn stop_service_deployment(&self, arn: &str, stop: &StopType) -> Result<(), CallError> {
        let call = self
            .client
            .stop_service_deployment()
            .service_deployment_arn(arn)
            .stop_type(types::StopServiceDeploymentStopType::from(stop.as_str()))
            .send();
        call.await.map(drop).map_err(|error| CallError::from_sdk("StopServiceDeployment", error))
    }

    async fn continue_service_deployment(&self, arn: &str, hook: &str, action: &HookAction) -> Result<(), CallError> {
        let call = self
            .client
            .continue_service_deployment()
            .service_deployment_arn(arn)
            .hook_id(hook)
            .action(types::DeploymentLifecycleHookAction::from(action.as_str()))
            .send();
        call.await.map(drop).map_err(|error| CallError::from_sdk("ContinueServiceDeployment", error))
    }
}

fn brief(brief: &types::ServiceDeploymentBrief) -> ServiceDeployment {
    let status = brief.status().map_or("", |status| status.as_str());
    let mut deployment = ServiceDeployment::new(brief.service_deployment_arn().unwrap_or_default(), status);
    deployment.status_reason = brief.status_reason().map(str::to_owned);
    deployment.target_service_revision = brief.target_service_revision_arn().map(str::to_owned);
    deployment.created_at = brief.created_at().and_then(time);
    deployment
}

fn full(full: &types::ServiceDeployment) -> ServiceDeployment {
    let status = full.status().map_or("", |status| status.as_str());
    let mut deployment = ServiceDeployment::new(full.service_deployment_arn().unwrap_or_default(), status);
    deployment.status_reason = full.status_reason().map(str::to_owned);
    deployment.created_at = full.created_at().and_then(time);
    deployment.finished_at = full.finished_at().and_then(time);
    if let Some(target) = full.target_service_revision() {
        deployment.target_service_revision = target.arn().map(str::to_owned);
        deployment.production_traffic = target.requested_production_traffic_weight();
    }
    let sources = full.source_service_revisions().iter().filter_map(|source| source.arn());
    deployment.source_service_revisions = sources.map(str::to_owned).collect();
    deployment.lifecycle_stage = full.lifecycle_stage().map(|stage| stage.as_str().to_owned());
    deployment.hooks = full.lifecycle_hook_details().iter().map(hook).collect();
    if let Some(alarms) = full.alarms() {
        deployment.triggered_alarms = alarms.triggered_alarm_names().to_vec();
    }
    deployment.rollback = full.rollback().map(|rollback| {
        Rollback::new(rollback.reason().map(str::to_owned), rollback.service_revision_arn().map(str::to_owned))
    });
    deployment
}

fn hook(detail: &types::DeploymentLifecycleHookDetail) -> Hook {
    let target = HookTarget::from(detail.target_type().map_or("", |target| target.as_str()));
    let status = HookStatus::from(detail.status().map_or("", |status| status.as_str()));
    let mut hook = Hook::new(detail.hook_id().unwrap_or_default(), target, status);
    hook.target_arn = detail.target_arn().map(str::to_owned);
    hook.expires_at = detail.expires_at().and_then(time);
    hook.timeout_action = detail.timeout_action().map(|action| HookAction::from(action.as_str()));
    hook
}

fn revision(revision: &types::ServiceRevision) -> ServiceRevision {
    let arn = revision.service_revision_arn().unwrap_or_default();
    let mut shown = ServiceRevision::new(arn, revision.task_definition().unwrap_or_default());
    shown.created_at = revision.created_at().and_then(time);
    shown
}

/// The API documents no order. Equal times stay as they came, and what has no time goes last.
fn newest_first(deployments: &mut [ServiceDeployment]) {
    deployments.sort_by_key(|deployment| Reverse(deployment.created_at));
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::*;

    #[test]
    fn service_deployments_come_newest_first() {
        let mut deployments: Vec<ServiceDeployment> =
            [("a", Some(10)), ("none", None), ("b", Some(30)), ("c", Some(20))]
                .into_iter()
                .map(|(arn, seconds)| {
                    let mut deployment = ServiceDeployment::new(arn, "SUCCESSFUL");
                    deployment.created_at =
                        seconds.map(|seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds));
                    deployment
                })
                .collect();
        newest_first(&mut deployments);
        let order: Vec<&str> = deployments.iter().map(|deployment| deployment.arn.as_str()).collect();
        assert_eq!(order, ["b", "c", "a", "none"]);
    }
}

//! The roles over `aws_sdk_codedeploy` (feature `sdk`).
//!
//! Conversions are plain functions without network; TLS, credentials and retries of single calls are
//! those of the client that is handed in.

mod config;
mod directory;
mod group;
mod revision;
mod targets;

use std::time::SystemTime;

use async_trait::async_trait;
use aws_call::{CallError, Fault};
use aws_sdk_codedeploy::primitives::DateTime;
use aws_sdk_codedeploy::{Client, types};

use super::{
    AutoRollbackEvent, CreateDeployment, Deployment, DeploymentId, DeploymentOverview, DeploymentStatus,
    DeploymentWaitType, Deployments, ErrorInformation, HookStatus, PutHookStatus, RollbackInfo, StopDeployment,
    StopStatus,
};
use revision::{revision_from_sdk, revision_to_sdk};

/// CodeDeploy through the AWS SDK.
#[derive(Clone, Debug)]
pub struct CodeDeploy {
    client: Client,
}

impl CodeDeploy {
    /// Takes a client that is set up already.
    #[must_use]
    pub fn new(client: Client) -> Self {
        Self { client }
    }
}

impl From<Client> for CodeDeploy {
    fn from(client: Client) -> Self {
        Self::new(client)
    }
}

/// Every item of an operation that answers in pages.
macro_rules! all_pages {
    ($operation:expr, $call:expr, $items:ident) => {{
        let mut all = Vec::new();
        let mut token = None;
        loop {
            let answer =
                $call().set_next_token(token).send().await.map_err(|error| CallError::from_sdk($operation, error))?;
            all.extend(answer.$items.unwrap_or_default());
            token = answer.next_token.filter(|token| !token.is_empty());
            if token.is_none() {
                break all;
            }
        }
    }};
}
use all_pages;

fn lacks(operation: &'static str, what: &str) -> CallError {
    CallError::new(operation, Fault::Other).with_message(format!("the answer has no {what}"))
}

#[async_trait]
impl Deployments for CodeDeploy {
    async fn create_deployment(&self, request: &CreateDeployment) -> Result<DeploymentId, CallError> {
        const OPERATION: &str = "CreateDeployment";
        let rollback = request.auto_rollback.as_deref().map(auto_rollback_to_sdk);
        let behavior = request.file_exists_behavior.as_deref().map(types::FileExistsBehavior::from);
        let answer = self
            .client
            .create_deployment()
            .application_name(&request.application_name)
            .set_deployment_group_name(request.deployment_group_name.clone())
            .set_revision(request.revision.as_ref().map(revision_to_sdk))
            .set_deployment_config_name(request.deployment_config_name.clone())
            .set_description(request.description.clone())
            .set_auto_rollback_configuration(rollback)
            .set_file_exists_behavior(behavior)
            .ignore_application_stop_failures(request.ignore_application_stop_failures)
            .send()
            .await
            .map_err(|error| CallError::from_sdk(OPERATION, error))?;
        answer.deployment_id.map(DeploymentId::new).ok_or_else(|| lacks(OPERATION, "deployment id"))
    }

    async fn get_deployment(&self, id: &DeploymentId) -> Result<Deployment, CallError> {
        const OPERATION: &str = "GetDeployment";
        let answer = self
            .client
            .get_deployment()
            .deployment_id(id.as_str())
            .send()
            .await
            .map_err(|error| CallError::from_sdk(OPERATION, error))?;
        let info = answer.deployment_info.ok_or_else(|| lacks(OPERATION, "deployment"))?;
        Ok(deployment_from_sdk(id, info))
    }

    async fn list_deployments(&self, application: &str, group: &str) -> Result<Vec<DeploymentId>, CallError> {
        const OPERATION: &str = "ListDeployments";
        let call = || self.client.list_deployments().application_name(application).deployment_group_name(group);
        let ids = all_pages!(OPERATION, call, deployments);
        Ok(ids.into_iter().map(DeploymentId::new).collect())
    }

    async fn continue_deployment(&self, id: &DeploymentId, wait: &DeploymentWaitType) -> Result<(), CallError> {
        const OPERATION: &str = "ContinueDeployment";
        self.client
            .continue_deployment()
            .deployment_id(id.as_str())
            .deployment_wait_type(types::DeploymentWaitType::from(wait.as_str()))
            .send()
            .await
            .map_err(|error| CallError::from_sdk(OPERATION, error))?;
        Ok(())
    }

    async fn stop_deployment(&self, request: &StopDeployment) -> Result<StopStatus, CallError> {
        const OPERATION: &str = "StopDeployment";
        let answer = self
            .client
            .stop_deployment()
            .deployment_id(request.deployment_id.as_str())
            .set_auto_rollback_enabled(request.auto_rollback_enabled)
            .send()
            .await
            .map_err(|error| CallError::from_sdk(OPERATION, error))?;
        let status = answer.status.ok_or_else(|| lacks(OPERATION, "status"))?;
        Ok(StopStatus::from(status.as_str()))
    }
}

#[async_trait]
impl HookStatus for CodeDeploy {
    async fn put_lifecycle_event_hook_execution_status(&self, request: &PutHookStatus) -> Result<String, CallError> {
        const OPERATION: &str = "PutLifecycleEventHookExecutionStatus";
        let answer = self
            .client
            .put_lifecycle_event_hook_execution_status()
            .deployment_id(request.deployment_id.as_str())
            .lifecycle_event_hook_execution_id(&request.lifecycle_event_hook_execution_id)
            .status(types::LifecycleEventStatus::from(request.status.as_str()))
            .send()
            .await
            .map_err(|error| CallError::from_sdk(OPERATION, error))?;
        answer.lifecycle_event_hook_execution_id.ok_or_else(|| lacks(OPERATION, "execution id"))
    }
}

fn auto_rollback_to_sdk(events: &[AutoRollbackEvent]) -> types::AutoRollbackConfiguration {
    let events: Vec<_> = events.iter().map(|event| types::AutoRollbackEvent::from(event.as_str())).collect();
    let enabled = !events.is_empty();
    types::AutoRollbackConfiguration::builder().enabled(enabled).set_events(enabled.then_some(events)).build()
}

/// What is switched off has no events, whatever is written there.
fn auto_rollback_from_sdk(sdk: Option<types::AutoRollbackConfiguration>) -> Vec<AutoRollbackEvent> {
    let sdk = sdk.filter(|rollback| rollback.enabled);
    sdk.map(|rollback| rollback.events().iter().map(|event| event.as_str().into()).collect()).unwrap_or_default()
}

fn time(stamp: Option<DateTime>) -> Option<SystemTime> {
    // A time before 1970 cannot be a deployment's; it is left out rather than made up.
    stamp.and_then(|stamp| SystemTime::try_from(stamp).ok())
}

fn deployment_from_sdk(id: &DeploymentId, info: types::DeploymentInfo) -> Deployment {
    let status = info.status.as_ref().map_or("", types::DeploymentStatus::as_str);
    let mut deployment = Deployment::new(
        info.deployment_id.map_or_else(|| id.clone(), DeploymentId::new),
        info.application_name.unwrap_or_default(),
        DeploymentStatus::from(status),
    );
    deployment.deployment_group_name = info.deployment_group_name;
    deployment.deployment_config_name = info.deployment_config_name;
    deployment.compute_platform = info.compute_platform.map(|platform| platform.as_str().into());
    deployment.revision = info.revision.and_then(revision_from_sdk);
    deployment.error_information = info.error_information.map(|error| {
        let code = error.code.as_ref().map_or("", types::ErrorCode::as_str);
        ErrorInformation::new(code, error.message.unwrap_or_default())
    });
    deployment.rollback_info = info.rollback_info.map(|rollback| RollbackInfo {
        rollback_deployment_id: rollback.rollback_deployment_id.map(DeploymentId::new),
        rollback_triggering_deployment_id: rollback.rollback_triggering_deployment_id.map(DeploymentId::new),
        rollback_message: rollback.rollback_message,
    });
    deployment.creator = info.creator.map(|creator| creator.as_str().to_owned());
    deployment.auto_rollback = auto_rollback_from_sdk(info.auto_rollback_configuration);
    if let Some(overview) = info.deployment_overview {
        let count = |targets: i64| u64::try_from(targets).unwrap_or_default();
        deployment.overview = DeploymentOverview {
            pending: count(overview.pending),
            in_progress: count(overview.in_progress),
            succeeded: count(overview.succeeded),
            failed: count(overview.failed),
            skipped: count(overview.skipped),
            ready: count(overview.ready),
        };
    }
    deployment.description = info.description;
    deployment.instance_termination_wait_time_started = info.instance_termination_wait_time_started;
    deployment.create_time = time(info.create_time);
    deployment.start_time = time(info.start_time);
    deployment.complete_time = time(info.complete_time);
    deployment
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::{BundleType, RevisionLocation};

    #[test]
    fn revisions_come_back_as_they_went() {
        let revisions = [
            RevisionLocation::s3("bucket", "key.zip", BundleType::Zip),
            RevisionLocation::git_hub("shop/web", "0123abc"),
            RevisionLocation::content("version: 0.0"),
        ];
        for revision in revisions {
            assert_eq!(revision_from_sdk(revision_to_sdk(&revision)), Some(revision));
        }
    }

    #[test]
    fn an_unknown_state_survives_and_is_not_final() {
        let info = types::DeploymentInfo::builder().status(types::DeploymentStatus::from("Simmering")).build();
        let deployment = deployment_from_sdk(&DeploymentId::new("d-000000000"), info);
        assert_eq!(deployment.status, DeploymentStatus::Unknown("Simmering".to_owned()));
        assert!(!deployment.status.is_final());
    }

    #[test]
    fn a_rollback_that_is_switched_off_has_no_events() {
        let off = types::AutoRollbackConfiguration::builder()
            .enabled(false)
            .events(types::AutoRollbackEvent::DeploymentFailure)
            .build();
        let info = types::DeploymentInfo::builder().auto_rollback_configuration(off).build();
        assert!(deployment_from_sdk(&DeploymentId::new("d-000000000"), info).auto_rollback.is_empty());
        assert!(!auto_rollback_to_sdk(&[]).enabled());
    }
}

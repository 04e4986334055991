//! Every role through an `Arc`, so that one client can be handed to many.

use std::sync::Arc;

use async_trait::async_trait;
use aws_call::CallError;

use super::{
    Application, Applications, CreateDeployment, Deployment, DeploymentConfigs, DeploymentGroup, DeploymentGroups,
    DeploymentId, DeploymentWaitType, Deployments, HookStatus, PutHookStatus, RegisteredRevision, RevisionLocation,
    Revisions, StopDeployment, StopStatus, Target, Targets,
};
use crate::config::DeploymentConfig;

#[async_trait]
impl<T: Applications + ?Sized> Applications for Arc<T> {
    async fn create_application(&self, application: &Application) -> Result<String, CallError> {
        (**self).create_application(application).await
    }

    async fn get_application(&self, name: &str) -> Result<Application, CallError> {
        (**self).get_application(name).await
    }

    async fn list_applications(&self) -> Result<Vec<String>, CallError> {
        (**self).list_applications().await
    }

    async fn rename_application(&self, name: &str, new_name: &str) -> Result<(), CallError> {
        (**self).rename_application(name, new_name).await
    }

    async fn delete_application(&self, name: &str) -> Result<(), CallError> {
        (**self).delete_application(name).await
    }
}

#[async_trait]
impl<T: DeploymentGroups + ?Sized> DeploymentGroups for Arc<T> {
    async fn create_deployment_group(&self, group: &DeploymentGroup) -> Result<String, CallError> {
        (**self).create_deployment_group(group).await
    }

    async fn get_deployment_group(&self, application: &str, name: &str) -> Result<DeploymentGroup, CallError> {
        (**self).get_deployment_group(application, name).await
    }

    async fn list_deployment_groups(&self, application: &str) -> Result<Vec<String>, CallError> {
        (**self).list_deployment_groups(application).await
    }

    async fn update_deployment_group(&self, current_name: &str, group: &DeploymentGroup) -> Result<(), CallError> {
        (**self).update_deployment_group(current_name, group).await
    }

    async fn delete_deployment_group(&self, application: &str, name: &str) -> Result<(), CallError> {
        (**self).delete_deployment_group(application, name).await
    }
}

#[async_trait]
impl<T: DeploymentConfigs + ?Sized> DeploymentConfigs for Arc<T> {
    async fn create_deployment_config(&self, config: &DeploymentConfig) -> Result<String, CallError> {
        (**self).create_deployment_config(config).await
    }

    async fn get_deployment_config(&self, name: &str) -> Result<DeploymentConfig, CallError> {
        (**self).get_deployment_config(name).await
    }

    async fn list_deployment_configs(&self) -> Result<Vec<String>, CallError> {
        (**self).list_deployment_configs().await
    }

    async fn delete_deployment_config(&self, name: &str) -> Result<(), CallError> {
        (**self).delete_deployment_config(name).await
    }
}

#[async_trait]
impl<T: Revisions + ?Sized> Revisions for Arc<T> {
    async fn register_application_revision(
        &self,
        application: &str,
        location: &RevisionLocation,
        description: Option<&str>,
    ) -> Result<(), CallError> {
        (**self).register_application_revision(application, location, description).await
    }

    async fn get_application_revision(
        &self,
        application: &str,
        location: &RevisionLocation,
    ) -> Result<RegisteredRevision, CallError> {
        (**self).get_application_revision(application, location).await
    }

    async fn list_application_revisions(&self, application: &str) -> Result<Vec<RevisionLocation>, CallError> {
        (**self).list_application_revisions(application).await
    }
}

#[async_trait]
impl<T: Deployments + ?Sized> Deployments for Arc<T> {
    async fn create_deployment(&self, request: &CreateDeployment) -> Result<DeploymentId, CallError> {
        (**self).create_deployment(request).await
    }

    async fn get_deployment(&self, id: &DeploymentId) -> Result<Deployment, CallError> {
        (**self).get_deployment(id).await
    }

    async fn list_deployments(&self, application: &str, group: &str) -> Result<Vec<DeploymentId>, CallError> {
        (**self).list_deployments(application, group).await
    }

    async fn continue_deployment(&self, id: &DeploymentId, wait: &DeploymentWaitType) -> Result<(), CallError> {
        (**self).continue_deployment(id, wait).await
    }

    async fn stop_deployment(&self, request: &StopDeployment) -> Result<StopStatus, CallError> {
        (**self).stop_deployment(request).await
    }
}

#[async_trait]
impl<T: Targets + ?Sized> Targets for Arc<T> {
    async fn list_deployment_targets(&self, id: &DeploymentId) -> Result<Vec<String>, CallError> {
        (**self).list_deployment_targets(id).await
    }

    async fn batch_get_deployment_targets(
        &self,
        id: &DeploymentId,
        targets: &[String],
    ) -> Result<Vec<Target>, CallError> {
        (**self).batch_get_deployment_targets(id, targets).await
    }
}

#[async_trait]
impl<T: HookStatus + ?Sized> HookStatus for Arc<T> {
    async fn put_lifecycle_event_hook_execution_status(&self, request: &PutHookStatus) -> Result<String, CallError> {
        (**self).put_lifecycle_event_hook_execution_status(request).await
    }
}

//! Applications, groups, configurations and revisions over the SDK.

use async_trait::async_trait;
use aws_call::CallError;
use aws_sdk_codedeploy::types;

use super::config::{config_from_sdk, minimum_to_sdk, routing_to_sdk, zonal_to_sdk};
use super::group::{group_from_sdk, settings};
use super::revision::{revision_from_sdk, revision_to_sdk};
use super::{CodeDeploy, all_pages, lacks, time};
use crate::client::{
    Application, Applications, DeploymentConfigs, DeploymentGroup, DeploymentGroups, RegisteredRevision,
    RevisionLocation, Revisions,
};
use crate::config::{ConfigRule, DeploymentConfig};

#[async_trait]
impl Applications for CodeDeploy {
    async fn create_application(&self, application: &Application) -> Result<String, CallError> {
        const OPERATION: &str = "CreateApplication";
        let platform = types::ComputePlatform::from(application.compute_platform.as_str());
        let call = self.client.create_application().application_name(&application.name).compute_platform(platform);
        let answer = call.send().await.map_err(|error| CallError::from_sdk(OPERATION, error))?;
        answer.application_id.ok_or_else(|| lacks(OPERATION, "application id"))
    }

    async fn get_application(&self, name: &str) -> Result<Application, CallError> {
        const OPERATION: &str = "GetApplication";
        let call = self.client.get_application().application_name(name);
        let answer = call.send().await.map_err(|error| CallError::from_sdk(OPERATION, error))?;
        let info = answer.application.ok_or_else(|| lacks(OPERATION, "application"))?;
        let platform = info.compute_platform.as_ref().map_or("Server", types::ComputePlatform::as_str);
        let mut application =
            Application::new(info.application_name.unwrap_or_else(|| name.to_owned()), platform.into());
        application.id = info.application_id;
        application.create_time = time(info.create_time);
        Ok(application)
    }

    async fn list_applications(&self) -> Result<Vec<String>, CallError> {
        const OPERATION: &str = "ListApplications";
        Ok(all_pages!(OPERATION, || self.client.list_applications(), applications))
    }

    async fn rename_application(&self, name: &str, new_name: &str) -> Result<(), CallError> {
        const OPERATION: &str = "UpdateApplication";
        let call = self.client.update_application().application_name(name).new_application_name(new_name);
        call.send().await.map_err(|error| CallError::from_sdk(OPERATION, error))?;
        Ok(())
    }

    async fn delete_application(&self, name: &str) -> Result<(), CallError> {
        const OPERATION: &str = "DeleteApplication";
        let call = self.client.delete_application().application_name(name);
        call.send().await.map_err(|error| CallError::from_sdk(OPERATION, error))?;
        Ok(())
    }
}

#[async_trait]
impl DeploymentGroups for CodeDeploy {
    async fn create_deployment_group(&self, group: &DeploymentGroup) -> Result<String, CallError> {
        const OPERATION: &str = "CreateDeploymentGroup";
        let parts = settings(group);
        let answer = self
            .client
            .create_deployment_group()
            .application_name(&group.application_name)
            .deployment_group_name(&group.name)
            .service_role_arn(&group.service_role_arn)
            .set_deployment_config_name(group.deployment_config_name.clone())
            .set_ec2_tag_set((!group.ec2_tag_set.is_empty()).then_some(parts.ec2_tag_set))
            .set_on_premises_tag_set((!group.on_premises_tag_set.is_empty()).then_some(parts.on_premises_tag_set))
            .set_auto_scaling_groups(Some(group.auto_scaling_groups.clone()).filter(|names| !names.is_empty()))
            .set_trigger_configurations(Some(parts.triggers).filter(|triggers| !triggers.is_empty()))
            .set_alarm_configuration((!group.alarms.names.is_empty()).then_some(parts.alarms))
            .auto_rollback_configuration(parts.auto_rollback)
            .deployment_style(parts.style)
            .set_blue_green_deployment_configuration(parts.blue_green)
            .set_load_balancer_info(parts.load_balancers)
            .set_ecs_services(Some(parts.ecs_services).filter(|services| !services.is_empty()))
            .set_outdated_instances_strategy(parts.outdated_instances)
            .termination_hook_enabled(group.termination_hook_enabled)
            .send()
            .await
            .map_err(|error| CallError::from_sdk(OPERATION, error))?;
        answer.deployment_group_id.ok_or_else(|| lacks(OPERATION, "deployment group id"))
    }

    async fn get_deployment_group(&self, application: &str, name: &str) -> Result<DeploymentGroup, CallError> {
        const OPERATION: &str = "GetDeploymentGroup";
        let call = self.client.get_deployment_group().application_name(application).deployment_group_name(name);
        let answer = call.send().await.map_err(|error| CallError::from_sdk(OPERATION, error))?;
        let info = answer.deployment_group_info.ok_or_else(|| lacks(OPERATION, "deployment group"))?;
        Ok(group_from_sdk(info))
    }

    async fn list_deployment_groups(&self, application: &str) -> Result<Vec<String>, CallError> {
        const OPERATION: &str = "ListDeploymentGroups";
        let call = || self.client.list_deployment_groups().application_name(application);
        Ok(all_pages!(OPERATION, call, deployment_groups))
    }

    async fn update_deployment_group(&self, current_name: &str, group: &DeploymentGroup) -> Result<(), CallError> {
        const OPERATION: &str = "UpdateDeploymentGroup";
        let parts = settings(group);
        let renamed = (group.name != current_name).then(|| group.name.clone());
        self.client
            .update_deployment_group()
            .application_name(&group.application_name)
            .current_deployment_group_name(current_name)
            .set_new_deployment_group_name(renamed)
            .service_role_arn(&group.service_role_arn)
            .set_deployment_config_name(group.deployment_config_name.clone())
            .ec2_tag_set(parts.ec2_tag_set)
            .on_premises_tag_set(parts.on_premises_tag_set)
            .set_auto_scaling_groups(Some(group.auto_scaling_groups.clone()))
            .set_trigger_configurations(Some(parts.triggers))
            .alarm_configuration(parts.alarms)
            .auto_rollback_configuration(parts.auto_rollback)
            .deployment_style(parts.style)
            .set_blue_green_deployment_configuration(parts.blue_green)
            .set_load_balancer_info(parts.load_balancers)
            .set_ecs_services(Some(parts.ecs_services))
            .set_outdated_instances_strategy(parts.outdated_instances)
            .termination_hook_enabled(group.termination_hook_enabled)
            .send()
            .await
            .map_err(|error| CallError::from_sdk(OPERATION, error))?;
        Ok(())
    }

    async fn delete_deployment_group(&self, application: &str, name: &str) -> Result<(), CallError> {
        const OPERATION: &str = "DeleteDeploymentGroup";
        let call = self.client.delete_deployment_group().application_name(application).deployment_group_name(name);
        call.send().await.map_err(|error| CallError::from_sdk(OPERATION, error))?;
        Ok(())
    }
}

#[async_trait]
impl DeploymentConfigs for CodeDeploy {
    async fn create_deployment_config(&self, config: &DeploymentConfig) -> Result<String, CallError> {
        const OPERATION: &str = "CreateDeploymentConfig";
        let call = self
            .client
            .create_deployment_config()
            .deployment_config_name(&*config.name)
            .compute_platform(types::ComputePlatform::from(config.compute_platform.as_str()))
            .set_zonal_config(config.zonal.as_ref().map(zonal_to_sdk));
        let call = match config.rule {
            ConfigRule::Hosts(hosts) => call.minimum_healthy_hosts(minimum_to_sdk(hosts)),
            ConfigRule::Traffic(routing) => call.traffic_routing_config(routing_to_sdk(routing)),
        };
        let answer = call.send().await.map_err(|error| CallError::from_sdk(OPERATION, error))?;
        answer.deployment_config_id.ok_or_else(|| lacks(OPERATION, "deployment configuration id"))
    }

    async fn get_deployment_config(&self, name: &str) -> Result<DeploymentConfig, CallError> {
        const OPERATION: &str = "GetDeploymentConfig";
        let call = self.client.get_deployment_config().deployment_config_name(name);
        let answer = call.send().await.map_err(|error| CallError::from_sdk(OPERATION, error))?;
        let info = answer.deployment_config_info.ok_or_else(|| lacks(OPERATION, "deployment configuration"))?;
        config_from_sdk(OPERATION, name, &info)
    }

    async fn list_deployment_configs(&self) -> Result<Vec<String>, CallError> {
        const OPERATION: &str = "ListDeploymentConfigs";
        Ok(all_pages!(OPERATION, || self.client.list_deployment_configs(), deployment_configs_list))
    }

    async fn delete_deployment_config(&self, name: &str) -> Result<(), CallError> {
        const OPERATION: &str = "DeleteDeploymentConfig";
        let call = self.client.delete_deployment_config().deployment_config_name(name);
        call.send().await.map_err(|error| CallError::from_sdk(OPERATION, error))?;
        Ok(())
    }
}

#[async_trait]
impl Revisions for CodeDeploy {
    async fn register_application_revision(
        &self,
        application: &str,
        location: &RevisionLocation,
        description: Option<&str>,
    ) -> Result<(), CallError> {
        const OPERATION: &str = "RegisterApplicationRevision";
        self.client
            .register_application_revision()
            .application_name(application)
            .revision(revision_to_sdk(location))
            .set_description(description.map(str::to_owned))
            .send()
            .await
            .map_err(|error| CallError::from_sdk(OPERATION, error))?;
        Ok(())
    }

    async fn get_application_revision(
        &self,
        application: &str,
        location: &RevisionLocation,
    ) -> Result<RegisteredRevision, CallError> {
        const OPERATION: &str = "GetApplicationRevision";
        let call = self.client.get_application_revision().application_name(application);
        let call = call.revision(revision_to_sdk(location));
        let answer = call.send().await.map_err(|error| CallError::from_sdk(OPERATION, error))?;
        let read = answer.revision.and_then(revision_from_sdk).ok_or_else(|| lacks(OPERATION, "revision"))?;
        let mut revision = RegisteredRevision::new(read);
        if let Some(info) = answer.revision_info {
            revision.description = info.description;
            revision.deployment_groups = info.deployment_groups.unwrap_or_default();
            revision.register_time = time(info.register_time);
            revision.first_used_time = time(info.first_used_time);
            revision.last_used_time = time(info.last_used_time);
        }
        Ok(revision)
    }

    async fn list_application_revisions(&self, application: &str) -> Result<Vec<RevisionLocation>, CallError> {
        const OPERATION: &str = "ListApplicationRevisions";
        let call = || self.client.list_application_revisions().application_name(application);
        let revisions = all_pages!(OPERATION, call, revisions);
        Ok(revisions.into_iter().filter_map(revision_from_sdk).collect())
    }
}

//! Applications, groups, configurations and revisions of the in-memory service.

use async_trait::async_trait;
use aws_call::CallError;

use super::{ApplicationEntry, MemoryCodeDeploy, World, prepare, refuse, validate, validate_config, validate_group};
use crate::client::{
    Application, Applications, DeploymentConfigs, DeploymentGroup, DeploymentGroups, RegisteredRevision,
    RevisionLocation, Revisions,
};
use crate::config::{DeploymentConfig, PREDEFINED};

/// Applications of an account in a region.
const MOST_APPLICATIONS: usize = 1000;
/// Groups of an application.
const MOST_GROUPS: usize = 1000;
/// Custom configurations of an account.
const MOST_CONFIGS: usize = 200;

#[async_trait]
impl Applications for MemoryCodeDeploy {
    async fn create_application(&self, application: &Application) -> Result<String, CallError> {
        const OPERATION: &str = "CreateApplication";
        let name = &application.name;
        validate::application_name(OPERATION, name)?;
        validate::platform(OPERATION, &application.compute_platform)?;
        let mut state = self.lock();
        let applications = &mut state.world.applications;
        if applications.contains_key(name) {
            let message = format!("Application already exists: {name}");
            return refuse(OPERATION, "ApplicationAlreadyExistsException", message);
        }
        if applications.len() >= MOST_APPLICATIONS {
            let message = "More applications were attempted to be created than are allowed.";
            return refuse(OPERATION, "ApplicationLimitExceededException", message);
        }
        let entry = ApplicationEntry {
            id: self.ids.uuid(),
            compute_platform: application.compute_platform.clone(),
            create_time: self.clock.now(),
            groups: Default::default(),
            revisions: Vec::new(),
        };
        let id = entry.id.clone();
        applications.insert(name.clone(), entry);
        Ok(id)
    }

    async fn get_application(&self, name: &str) -> Result<Application, CallError> {
        let state = self.lock();
        let entry = validate::application("GetApplication", &state.world, name)?;
        let mut application = Application::new(name, entry.compute_platform.clone());
        application.id = Some(entry.id.clone());
        application.create_time = Some(entry.create_time);
        Ok(application)
    }

    async fn list_applications(&self) -> Result<Vec<String>, CallError> {
        Ok(self.lock().world.applications.keys().cloned().collect())
    }

    async fn rename_application(&self, name: &str, new_name: &str) -> Result<(), CallError> {
        const OPERATION: &str = "UpdateApplication";
        validate::application_name(OPERATION, new_name)?;
        let mut state = self.lock();
        validate::application(OPERATION, &state.world, name)?;
        if name != new_name && state.world.applications.contains_key(new_name) {
            let message = format!("Application already exists: {new_name}");
            return refuse(OPERATION, "ApplicationAlreadyExistsException", message);
        }
        if let Some(mut entry) = state.world.applications.remove(name) {
            for group in entry.groups.values_mut() {
                new_name.clone_into(&mut group.application_name);
            }
            state.world.applications.insert(new_name.to_owned(), entry);
        }
        Ok(())
    }

    async fn delete_application(&self, name: &str) -> Result<(), CallError> {
        validate::application_name("DeleteApplication", name)?;
        self.lock().world.applications.remove(name);
        Ok(())
    }
}

#[async_trait]
impl DeploymentGroups for MemoryCodeDeploy {
    async fn create_deployment_group(&self, group: &DeploymentGroup) -> Result<String, CallError> {
        const OPERATION: &str = "CreateDeploymentGroup";
        let id = self.ids.uuid();
        let mut state = self.lock();
        let stored = checked(OPERATION, &state.world, group, &id)?;
        let application = validate::application_mut(OPERATION, &mut state.world, &group.application_name)?;
        if application.groups.contains_key(&group.name) {
            return taken(OPERATION, &group.name);
        }
        if application.groups.len() >= MOST_GROUPS {
            let message = "The deployment groups limit was exceeded.";
            return refuse(OPERATION, "DeploymentGroupLimitExceededException", message);
        }
        application.groups.insert(group.name.clone(), stored);
        Ok(id)
    }

    async fn get_deployment_group(&self, application: &str, name: &str) -> Result<DeploymentGroup, CallError> {
        let state = self.lock();
        Ok(validate::group("GetDeploymentGroup", &state.world, application, name)?.clone())
    }

    async fn list_deployment_groups(&self, application: &str) -> Result<Vec<String>, CallError> {
        let state = self.lock();
        let entry = validate::application("ListDeploymentGroups", &state.world, application)?;
        Ok(entry.groups.keys().cloned().collect())
    }

    async fn update_deployment_group(&self, current_name: &str, group: &DeploymentGroup) -> Result<(), CallError> {
        const OPERATION: &str = "UpdateDeploymentGroup";
        let mut state = self.lock();
        let known = validate::group(OPERATION, &state.world, &group.application_name, current_name)?;
        let id = known.id.clone().unwrap_or_default();
        let stored = checked(OPERATION, &state.world, group, &id)?;
        let application = validate::application_mut(OPERATION, &mut state.world, &group.application_name)?;
        if current_name != group.name && application.groups.contains_key(&group.name) {
            return taken(OPERATION, &group.name);
        }
        application.groups.remove(current_name);
        application.groups.insert(group.name.clone(), stored);
        Ok(())
    }

    async fn delete_deployment_group(&self, application: &str, name: &str) -> Result<(), CallError> {
        const OPERATION: &str = "DeleteDeploymentGroup";
        let mut state = self.lock();
        validate::application_mut(OPERATION, &mut state.world, application)?.groups.remove(name);
        Ok(())
    }
}

fn taken<T>(operation: &'static str, name: &str) -> Result<T, CallError> {
    let message = format!("Deployment group already exists: {name}");
    refuse(operation, "DeploymentGroupAlreadyExistsException", message)
}

/// A group as the service keeps it, if it may be.
fn checked(
    operation: &'static str,
    world: &World,
    group: &DeploymentGroup,
    id: &str,
) -> Result<DeploymentGroup, CallError> {
    let platform = validate::application(operation, world, &group.application_name)?.compute_platform.clone();
    validate_group::group(operation, world, group, &platform)?;
    let mut stored = group.clone();
    stored.id = Some(id.to_owned());
    let default = crate::config::default_config_name(&platform).map(str::to_owned);
    stored.deployment_config_name = stored.deployment_config_name.or(default);
    stored.compute_platform = Some(platform);
    Ok(stored)
}

#[async_trait]
impl DeploymentConfigs for MemoryCodeDeploy {
    async fn create_deployment_config(&self, config: &DeploymentConfig) -> Result<String, CallError> {
        const OPERATION: &str = "CreateDeploymentConfig";
        let mut state = self.lock();
        validate_config::config(OPERATION, config)?;
        if prepare::config(&state.world, &config.name).is_some() {
            let message = format!("Deployment Configuration already exists: {}", config.name);
            return refuse(OPERATION, "DeploymentConfigAlreadyExistsException", message);
        }
        if state.world.configs.len() >= MOST_CONFIGS {
            let message = "The deployment configurations limit was exceeded.";
            return refuse(OPERATION, "DeploymentConfigLimitExceededException", message);
        }
        state.world.configs.insert(config.name.to_string(), config.clone());
        Ok(self.ids.uuid())
    }

    async fn get_deployment_config(&self, name: &str) -> Result<DeploymentConfig, CallError> {
        const OPERATION: &str = "GetDeploymentConfig";
        let state = self.lock();
        prepare::config(&state.world, name).cloned().ok_or_else(|| validate::no_config(OPERATION, name))
    }

    async fn list_deployment_configs(&self) -> Result<Vec<String>, CallError> {
        let state = self.lock();
        let predefined = PREDEFINED.iter().map(|config| config.name.to_string());
        Ok(predefined.chain(state.world.configs.keys().cloned()).collect())
    }

    async fn delete_deployment_config(&self, name: &str) -> Result<(), CallError> {
        const OPERATION: &str = "DeleteDeploymentConfig";
        let mut state = self.lock();
        if crate::config::predefined(name).is_some() {
            let message = "An invalid operation was detected.";
            return refuse(OPERATION, "InvalidOperationException", message);
        }
        let mut groups = state.world.applications.values().flat_map(|application| application.groups.values());
        if groups.any(|group| group.deployment_config_name.as_deref() == Some(name)) {
            let message = "The deployment configuration is still in use.";
            return refuse(OPERATION, "DeploymentConfigInUseException", message);
        }
        state.world.configs.remove(name);
        Ok(())
    }
}

#[async_trait]
impl Revisions for MemoryCodeDeploy {
    async fn register_application_revision(
        &self,
        application: &str,
        location: &RevisionLocation,
        description: Option<&str>,
    ) -> Result<(), CallError> {
        const OPERATION: &str = "RegisterApplicationRevision";
        let now = self.clock.now();
        let mut state = self.lock();
        let platform = validate::application(OPERATION, &state.world, application)?.compute_platform.clone();
        validate::description(OPERATION, description)?;
        validate::revision(OPERATION, location, &platform)?;
        let entry = validate::application_mut(OPERATION, &mut state.world, application)?;
        entry.revisions.retain(|known| known.location != *location);
        let mut revision = RegisteredRevision::new(location.clone());
        revision.description = description.map(str::to_owned);
        revision.register_time = Some(now);
        entry.revisions.push(revision);
        Ok(())
    }

    async fn get_application_revision(
        &self,
        application: &str,
        location: &RevisionLocation,
    ) -> Result<RegisteredRevision, CallError> {
        const OPERATION: &str = "GetApplicationRevision";
        let state = self.lock();
        let entry = validate::application(OPERATION, &state.world, application)?;
        let found = entry.revisions.iter().find(|known| known.location == *location).cloned();
        found.ok_or_else(|| {
            let message = "The named revision does not exist with the user or AWS account.";
            CallError::service(OPERATION, "RevisionDoesNotExistException", message)
        })
    }

    async fn list_application_revisions(&self, application: &str) -> Result<Vec<RevisionLocation>, CallError> {
        let state = self.lock();
        let entry = validate::application("ListApplicationRevisions", &state.world, application)?;
        Ok(entry.revisions.iter().map(|revision| revision.location.clone()).collect())
    }
}

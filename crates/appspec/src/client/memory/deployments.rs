//! Deployments of the in-memory service: create, read, continue, stop, targets, verdicts of hooks.

use async_trait::async_trait;
use aws_call::CallError;

use super::{MemoryCodeDeploy, State, prepare, refuse, validate};
use crate::client::{
    CreateDeployment, Deployment, DeploymentId, DeploymentStatus, DeploymentType, DeploymentWaitType, Deployments,
    HookStatus, PutHookStatus, RegisteredRevision, StopDeployment, StopStatus, Target, Targets,
};
use crate::engine::Refused;

/// Most targets of one `BatchGetDeploymentTargets`.
const MOST_TARGETS: usize = 100;

#[async_trait]
impl Deployments for MemoryCodeDeploy {
    async fn create_deployment(&self, request: &CreateDeployment) -> Result<DeploymentId, CallError> {
        self.settle().await;
        let mut state = self.lock();
        let (platform, group) = validate::create_deployment(&state.world, request)?;
        let key = (request.application_name.clone(), group.name.clone());
        let active = state.entries.values().find(|entry| !entry.run.status.is_final() && entry.key() == key);
        if let Some(active) = active {
            let id = &active.deployment.deployment_id;
            let message = format!("The Deployment Group '{}' already has an active Deployment '{id}'", group.name);
            return refuse("CreateDeployment", "DeploymentLimitExceededException", message);
        }
        let id = self.next_id();
        let now = self.clock.now();
        let mut deployment = Deployment::new(id.clone(), request.application_name.clone(), DeploymentStatus::Created);
        deployment.deployment_group_name = Some(group.name.clone());
        deployment.deployment_config_name = request
            .deployment_config_name
            .clone()
            .or_else(|| group.deployment_config_name.clone())
            .or_else(|| crate::config::default_config_name(&platform).map(str::to_owned));
        deployment.compute_platform = Some(platform);
        deployment.revision.clone_from(&request.revision);
        deployment.description.clone_from(&request.description);
        deployment.creator = Some("user".to_owned());
        deployment.auto_rollback = request.auto_rollback.clone().unwrap_or_else(|| group.auto_rollback.clone());
        deployment.create_time = Some(now);
        remember(&mut state, request, &group.name, now);
        let good = state.last_good.get(&key);
        let mut entry = prepare::first_entry(&state.world, deployment, group, good, self.pace, now);
        entry.run.course.ignore_application_stop_failures = request.ignore_application_stop_failures;
        state.order.push(id.clone());
        state.entries.insert(id.clone(), entry);
        Ok(id)
    }

    async fn get_deployment(&self, id: &DeploymentId) -> Result<Deployment, CallError> {
        self.settle().await;
        let state = self.lock();
        let entry = state.entries.get(id).ok_or_else(|| validate::no_deployment("GetDeployment", id))?;
        Ok(entry.deployment())
    }

    async fn list_deployments(&self, application: &str, group: &str) -> Result<Vec<DeploymentId>, CallError> {
        const OPERATION: &str = "ListDeployments";
        let state = self.lock();
        validate::group(OPERATION, &state.world, application, group)?;
        let key = (application.to_owned(), group.to_owned());
        let of = |id: &&DeploymentId| state.entries.get(*id).is_some_and(|entry| entry.key() == key);
        Ok(state.order.iter().rev().filter(of).cloned().collect())
    }

    async fn continue_deployment(&self, id: &DeploymentId, wait: &DeploymentWaitType) -> Result<(), CallError> {
        const OPERATION: &str = "ContinueDeployment";
        self.settle().await;
        let now = self.clock.now();
        {
            let mut state = self.lock();
            let entry = state.entries.get_mut(id).ok_or_else(|| validate::no_deployment(OPERATION, id))?;
            if matches!(wait, DeploymentWaitType::Unknown(_)) {
                let message = "The wait type is invalid.";
                return refuse(OPERATION, "InvalidDeploymentWaitTypeException", message);
            }
            if entry.group.deployment_type != DeploymentType::BlueGreen {
                let message = "A call was submitted that is not supported for the specified deployment type.";
                return refuse(OPERATION, "UnsupportedActionForDeploymentTypeException", message);
            }
            match entry.run.resume(wait, now) {
                Ok(()) => {}
                Err(Refused::Completed) => return completed(OPERATION, id, &entry.run.status),
                Err(Refused::NotWaiting) => {
                    let message = "The deployment does not have a status of Ready and can't continue yet.";
                    return refuse(OPERATION, "DeploymentIsNotInReadyStateException", message);
                }
            }
        }
        self.settle().await;
        Ok(())
    }

    async fn stop_deployment(&self, request: &StopDeployment) -> Result<StopStatus, CallError> {
        const OPERATION: &str = "StopDeployment";
        self.settle().await;
        let now = self.clock.now();
        let mut state = self.lock();
        let id = &request.deployment_id;
        let entry = state.entries.get_mut(id).ok_or_else(|| validate::no_deployment(OPERATION, id))?;
        let status = entry.run.status.clone();
        if entry.run.stop(now).is_err() {
            return completed(OPERATION, id, &status);
        }
        let asked = entry.run.rollback_event().is_some_and(|event| entry.run.wants_rollback(&event));
        if request.auto_rollback_enabled.unwrap_or(asked) && entry.run.can_roll_back() {
            self.roll_back(&mut state, id);
        }
        Ok(StopStatus::Succeeded)
    }
}

fn completed<T>(operation: &'static str, id: &DeploymentId, status: &DeploymentStatus) -> Result<T, CallError> {
    let message = format!("Deployment {id} is already in terminal state {status}");
    refuse(operation, "DeploymentAlreadyCompletedException", message)
}

/// Registers the revision of a deployment, as the service does by itself.
fn remember(state: &mut State, request: &CreateDeployment, group: &str, now: std::time::SystemTime) {
    let Some(location) = &request.revision else { return };
    let Some(application) = state.world.applications.get_mut(&request.application_name) else { return };
    for revision in &mut application.revisions {
        revision.deployment_groups.retain(|known| known != group);
    }
    if !application.revisions.iter().any(|known| known.location == *location) {
        let mut revision = RegisteredRevision::new(location.clone());
        revision.register_time = Some(now);
        application.revisions.push(revision);
    }
    if let Some(revision) = application.revisions.iter_mut().find(|known| known.location == *location) {
        revision.deployment_groups.push(group.to_owned());
        revision.first_used_time.get_or_insert(now);
        revision.last_used_time = Some(now);
    }
}

#[async_trait]
impl Targets for MemoryCodeDeploy {
    async fn list_deployment_targets(&self, id: &DeploymentId) -> Result<Vec<String>, CallError> {
        const OPERATION: &str = "ListDeploymentTargets";
        self.settle().await;
        let now = self.clock.now();
        let state = self.lock();
        let entry = state.entries.get(id).ok_or_else(|| validate::no_deployment(OPERATION, id))?;
        Ok(entry.targets(now).into_iter().map(|target| target.id).collect())
    }

    async fn batch_get_deployment_targets(
        &self,
        id: &DeploymentId,
        targets: &[String],
    ) -> Result<Vec<Target>, CallError> {
        const OPERATION: &str = "BatchGetDeploymentTargets";
        self.settle().await;
        let now = self.clock.now();
        let state = self.lock();
        let entry = state.entries.get(id).ok_or_else(|| validate::no_deployment(OPERATION, id))?;
        if targets.is_empty() {
            let message = "A deployment target ID was not provided.";
            return refuse(OPERATION, "DeploymentTargetIdRequiredException", message);
        }
        if targets.len() > MOST_TARGETS {
            let message = "The maximum number of targets that can be read in one call (100) was exceeded.";
            return refuse(OPERATION, "DeploymentTargetListSizeExceededException", message);
        }
        let known = entry.targets(now);
        let find = |id: &String| {
            let message = "The provided target ID does not belong to the attempted deployment.";
            let missing = || CallError::service(OPERATION, "DeploymentTargetDoesNotExistException", message);
            known.iter().find(|target| target.id == *id).cloned().ok_or_else(missing)
        };
        targets.iter().map(find).collect()
    }
}

#[async_trait]
impl HookStatus for MemoryCodeDeploy {
    async fn put_lifecycle_event_hook_execution_status(&self, request: &PutHookStatus) -> Result<String, CallError> {
        let now = self.clock.now();
        let mut state = self.lock();
        let id = &request.deployment_id;
        let entry = state.entries.get_mut(id).ok_or_else(|| validate::no_deployment(validate::PUT_STATUS, id))?;
        entry.put_status(request, now)?;
        Ok(request.lifecycle_event_hook_execution_id.clone())
    }
}

//! CodeDeploy in memory: a service, not a recording.
//!
//! Applications and deployment groups must exist, revisions must lie where a request says, one
//! deployment runs per group, states follow the lifecycle tables on the injected clock, hooks are
//! called and must call back within an hour, failures roll back by a deployment of their own. Nothing
//! happens between calls: each call first lets everything happen that is due by the clock.

mod engine;
mod fleet;
mod group;
mod validate;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use aws_call::{CallError, Clock, IdSource};

use super::{
    AutoRollbackEvent, ComputePlatform, CreateDeployment, Deployment, DeploymentId, DeploymentStatus, Deployments,
    ErrorInformation, HookExecutionStatus, HookStatus, PutHookStatus, RevisionLocation, RollbackInfo, StopDeployment,
    StopStatus,
};
use engine::{Invocation, Run};

pub use engine::{EventRecord, EventStatus};
pub use group::{DeploymentGroup, Pace};

/// What a hook function is invoked with.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HookEvent {
    /// `DeploymentId` of the payload.
    pub deployment_id: DeploymentId,
    /// `LifecycleEventHookExecutionId` of the payload.
    pub lifecycle_event_hook_execution_id: String,
}

/// A Lambda function that validates a deployment and reports through `codedeploy`.
#[async_trait]
pub trait HookFunction: Send + Sync {
    /// Runs the function. A function that reports nothing lets the deployment wait, in the end for
    /// an hour.
    async fn invoke(&self, event: &HookEvent, codedeploy: &dyn HookStatus);
}

/// A hook function that always reports the same verdict.
#[derive(Clone, Debug)]
pub struct Answers(pub HookExecutionStatus);

#[async_trait]
impl HookFunction for Answers {
    async fn invoke(&self, event: &HookEvent, codedeploy: &dyn HookStatus) {
        let id = event.lifecycle_event_hook_execution_id.clone();
        let report = PutHookStatus::new(event.deployment_id.clone(), id, self.0.clone());
        // A verdict that the service refuses is a verdict that never came.
        let _ = codedeploy.put_lifecycle_event_hook_execution_status(&report).await;
    }
}

/// A hook function that never reports.
#[derive(Clone, Copy, Debug)]
pub struct NeverAnswers;

#[async_trait]
impl HookFunction for NeverAnswers {
    async fn invoke(&self, _: &HookEvent, _: &dyn HookStatus) {}
}

#[derive(Debug)]
struct Application {
    compute_platform: ComputePlatform,
    groups: BTreeMap<String, DeploymentGroup>,
}

/// What the service knows beside the deployments.
#[derive(Default)]
pub(super) struct World {
    applications: BTreeMap<String, Application>,
    /// The AppSpec that each revision holds.
    revisions: Vec<(RevisionLocation, String)>,
    functions: BTreeMap<String, Arc<dyn HookFunction>>,
    /// Exit codes of scripts that do not succeed, by location.
    failing_scripts: BTreeMap<String, i32>,
    /// Instances that never answer.
    lost_instances: Vec<String>,
}

#[derive(Default)]
struct State {
    world: World,
    runs: BTreeMap<DeploymentId, Run>,
    /// The last revision that succeeded, by application and group.
    last_good: BTreeMap<(String, String), RevisionLocation>,
}

/// CodeDeploy in memory. Clones share one service.
#[derive(Clone)]
pub struct MemoryCodeDeploy {
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
    pace: Pace,
    state: Arc<Mutex<State>>,
}

impl fmt::Debug for MemoryCodeDeploy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryCodeDeploy")
            .field("pace", &self.pace)
            .field("deployments", &self.lock().runs.len())
            .finish_non_exhaustive()
    }
}

impl MemoryCodeDeploy {
    /// An empty service whose time is `clock`'s.
    pub fn new(clock: impl Clock + 'static, ids: impl IdSource + 'static) -> Self {
        Self { clock: Arc::new(clock), ids: Arc::new(ids), pace: Pace::default(), state: Arc::default() }
    }

    /// Takes other times for what the service does.
    #[must_use]
    pub fn with_pace(mut self, pace: Pace) -> Self {
        self.pace = pace;
        self
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // No code that can panic runs under the lock, so a poisoned state is still whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes an application.
    ///
    /// # Errors
    /// The service's, for a name that is not one or that is taken.
    pub fn create_application(&self, name: &str, compute_platform: ComputePlatform) -> Result<(), CallError> {
        validate::application_name("CreateApplication", name)?;
        let mut state = self.lock();
        if state.world.applications.contains_key(name) {
            let message = format!("Application already exists: {name}");
            return Err(CallError::service("CreateApplication", "ApplicationAlreadyExistsException", message));
        }
        let application = Application { compute_platform, groups: BTreeMap::new() };
        state.world.applications.insert(name.to_owned(), application);
        Ok(())
    }

    /// Makes a deployment group.
    ///
    /// # Errors
    /// The service's, for an application that does not exist, a name that is taken, or a
    /// configuration of another platform.
    pub fn create_deployment_group(&self, application: &str, group: DeploymentGroup) -> Result<(), CallError> {
        const OPERATION: &str = "CreateDeploymentGroup";
        let mut state = self.lock();
        let application = validate::application_mut(OPERATION, &mut state.world, application)?;
        validate::config(OPERATION, group.deployment_config_name.as_deref(), &application.compute_platform)?;
        if application.groups.contains_key(&group.name) {
            let message = format!("Deployment group already exists: {}", group.name);
            return Err(CallError::service(OPERATION, "DeploymentGroupAlreadyExistsException", message));
        }
        application.groups.insert(group.name.clone(), group);
        Ok(())
    }

    /// Lays a revision down where requests can name it. The service looks no further than its AppSpec.
    pub fn put_revision(&self, revision: RevisionLocation, appspec: impl Into<String>) {
        let mut state = self.lock();
        state.world.revisions.retain(|(known, _)| *known != revision);
        state.world.revisions.push((revision, appspec.into()));
    }

    /// Makes a Lambda function that hooks can name, by its name or ARN.
    pub fn put_function(&self, name: impl Into<String>, function: impl HookFunction + 'static) {
        self.lock().world.functions.insert(name.into(), Arc::new(function));
    }

    /// Lets the script at `location` exit with this code on every instance. All other scripts succeed.
    pub fn set_script_exit(&self, location: impl Into<String>, code: i32) {
        let mut state = self.lock();
        let location = location.into();
        if code == 0 {
            state.world.failing_scripts.remove(&location);
        } else {
            state.world.failing_scripts.insert(location, code);
        }
    }

    /// Lets an instance fail whatever it is given.
    pub fn lose_instance(&self, instance: impl Into<String>) {
        self.lock().world.lost_instances.push(instance.into());
    }

    /// What happened in a deployment until now, in order; empty for one that does not exist.
    pub async fn events(&self, id: &DeploymentId) -> Vec<EventRecord> {
        self.settle().await;
        self.lock().runs.get(id).map_or_else(Vec::new, |run| run.events.clone())
    }

    /// The share of the traffic that the new revision has now, in percent (ECS and Lambda).
    pub async fn traffic_percent(&self, id: &DeploymentId) -> Option<u8> {
        self.settle().await;
        let now = self.clock.now();
        self.lock().runs.get(id).and_then(|run| run.traffic_percent(now))
    }

    /// Lets everything happen that is due. Functions are invoked outside the lock, because they call
    /// back.
    async fn settle(&self) {
        loop {
            let invocations = self.advance();
            if invocations.is_empty() {
                return;
            }
            for invocation in invocations {
                invocation.function.invoke(&invocation.event, self).await;
            }
        }
    }

    fn advance(&self) -> Vec<Invocation> {
        let now = self.clock.now();
        let mut state = self.lock();
        let mut invocations = Vec::new();
        loop {
            let State { world, runs, last_good } = &mut *state;
            let mut rollbacks = Vec::new();
            for (id, run) in runs.iter_mut().filter(|(_, run)| !run.deployment.status.is_final()) {
                invocations.extend(run.advance(now, world, &*self.ids));
                let key = (run.deployment.application_name.clone(), run.group.name.clone());
                match run.deployment.status {
                    DeploymentStatus::Succeeded => {
                        last_good.extend(run.deployment.revision.clone().map(|revision| (key, revision)));
                    }
                    DeploymentStatus::Failed if run.wants_rollback(&AutoRollbackEvent::DeploymentFailure) => {
                        rollbacks.push((id.clone(), key));
                    }
                    _ => {}
                }
            }
            if rollbacks.is_empty() {
                return invocations;
            }
            // A rollback that begins in the past may be due to go on at once.
            for (id, key) in rollbacks {
                self.roll_back(&mut state, &id, &key);
            }
        }
    }

    /// Starts the deployment that takes a group back to its last good revision, if there is one.
    fn roll_back(&self, state: &mut State, id: &DeploymentId, key: &(String, String)) {
        let revision = state.last_good.get(key).cloned();
        let rollback_id = self.next_id();
        let Some(failed) = state.runs.get_mut(id) else { return };
        let mut info = RollbackInfo::default();
        let Some(revision) = revision else {
            info.rollback_message = Some("there is no previous successful revision to roll back to".to_owned());
            failed.deployment.rollback_info = Some(info);
            return;
        };
        info.rollback_deployment_id = Some(rollback_id.clone());
        failed.deployment.rollback_info = Some(info);
        let started = failed.deployment.complete_time.unwrap_or(SystemTime::UNIX_EPOCH);
        let mut deployment = failed.deployment.clone();
        let group = failed.group.clone();
        deployment.deployment_id = rollback_id.clone();
        deployment.revision = Some(revision);
        deployment.status = DeploymentStatus::Created;
        deployment.error_information = None;
        deployment.creator = Some("codeDeployRollback".to_owned());
        deployment.complete_time = None;
        deployment.create_time = Some(started);
        deployment.rollback_info =
            Some(RollbackInfo { rollback_triggering_deployment_id: Some(id.clone()), ..RollbackInfo::default() });
        let run = Run::start(deployment, group, &state.world, &self.pace, started);
        state.runs.insert(rollback_id, run);
    }

    /// `d-` and nine capitals or digits, as the service makes them.
    fn next_id(&self) -> DeploymentId {
        const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ012345";
        let bits = self.ids.next_u64();
        let text: String = (0..9).map(|at| char::from(LETTERS[(bits >> (5 * at)) as usize & 31])).collect();
        DeploymentId::new(format!("d-{text}"))
    }
}

#[async_trait]
impl Deployments for MemoryCodeDeploy {
    async fn create_deployment(&self, request: &CreateDeployment) -> Result<DeploymentId, CallError> {
        self.settle().await;
        let mut state = self.lock();
        let (platform, group) = validate::create_deployment(&state.world, request)?;
        let running = state.runs.values().find(|run| {
            !run.deployment.status.is_final()
                && run.deployment.application_name == request.application_name
                && run.group.name == group.name
        });
        if let Some(running) = running {
            let message = format!(
                "The Deployment Group '{}' already has an active Deployment '{}'",
                group.name, running.deployment.deployment_id
            );
            return Err(CallError::service("CreateDeployment", "DeploymentLimitExceededException", message));
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
        deployment.revision = request.revision.clone();
        deployment.creator = Some("user".to_owned());
        deployment.auto_rollback = request.auto_rollback.clone().unwrap_or_else(|| group.auto_rollback.clone());
        deployment.create_time = Some(now);
        let mut run = Run::start(deployment, group, &state.world, &self.pace, now);
        run.ignore_application_stop_failures = request.ignore_application_stop_failures;
        state.runs.insert(id.clone(), run);
        Ok(id)
    }

    async fn get_deployment(&self, id: &DeploymentId) -> Result<Deployment, CallError> {
        self.settle().await;
        let state = self.lock();
        let run = state.runs.get(id).ok_or_else(|| validate::no_deployment("GetDeployment", id))?;
        Ok(run.deployment())
    }

    async fn stop_deployment(&self, request: &StopDeployment) -> Result<StopStatus, CallError> {
        const OPERATION: &str = "StopDeployment";
        self.settle().await;
        let now = self.clock.now();
        let mut state = self.lock();
        let id = &request.deployment_id;
        let run = state.runs.get_mut(id).ok_or_else(|| validate::no_deployment(OPERATION, id))?;
        if run.deployment.status.is_final() {
            let message = format!("Deployment {id} is already in terminal state {}", run.deployment.status);
            return Err(CallError::service(OPERATION, "DeploymentAlreadyCompletedException", message));
        }
        let cause = ErrorInformation::new("MANUAL_STOP", "The deployment was stopped by a user.");
        run.end(DeploymentStatus::Stopped, Some(cause), now);
        let asked = run.wants_rollback(&AutoRollbackEvent::DeploymentStopOnRequest);
        if request.auto_rollback_enabled.unwrap_or(asked) && !run.deployment.is_rollback() {
            let key = (run.deployment.application_name.clone(), run.group.name.clone());
            self.roll_back(&mut state, id, &key);
        }
        Ok(StopStatus::Succeeded)
    }
}

/// How long a hook may take to report.
pub(super) const HOOK_LIMIT: Duration = Duration::from_secs(3600);

#[async_trait]
impl HookStatus for MemoryCodeDeploy {
    async fn put_lifecycle_event_hook_execution_status(&self, request: &PutHookStatus) -> Result<String, CallError> {
        let now = self.clock.now();
        let mut state = self.lock();
        let id = &request.deployment_id;
        let run = state.runs.get_mut(id).ok_or_else(|| validate::no_deployment(validate::PUT_STATUS, id))?;
        run.put_status(request, now)?;
        Ok(request.lifecycle_event_hook_execution_id.clone())
    }
}

//! CodeDeploy in memory: a service, not a recording.
//!
//! Applications and deployment groups must exist, revisions must lie where a request says, one
//! deployment runs per group, states follow the lifecycle tables on the injected clock, hooks are
//! called and must call back within an hour, alarms stop, failures roll back by a deployment of their
//! own. Nothing happens between calls: each call first lets everything happen that is due by the clock.

mod deployments;
mod directory;
mod entry;
mod prepare;
mod validate;
mod validate_config;
mod validate_group;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use async_trait::async_trait;
use aws_call::{CallError, Clock, IdSource};

use super::{
    ComputePlatform, DeploymentGroup, DeploymentId, DeploymentStatus, Diagnostics, HookExecutionStatus, HookStatus,
    LifecycleErrorCode, PutHookStatus, RegisteredRevision, RevisionLocation, RollbackInfo, TriggerEvent,
};
use crate::config::DeploymentConfig;
use entry::{Entry, Invocation};

pub use crate::engine::{EventRecord, Pace};
pub use crate::hook::HookEvent;

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

/// An EC2 instance or on-premises host that groups find by its tags or its Auto Scaling group.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Instance {
    /// Its id.
    pub id: String,
    /// Its tags.
    pub tags: Vec<(String, String)>,
    /// Whether it is registered as an on-premises instance.
    pub on_premises: bool,
    /// The Auto Scaling group that launched it.
    pub auto_scaling_group: Option<String>,
    /// Its Availability Zone.
    pub zone: String,
}

impl Instance {
    /// An EC2 instance without tags.
    pub fn new(id: impl Into<String>) -> Self {
        let (tags, zone) = (Vec::new(), "a".to_owned());
        Self { id: id.into(), tags, on_premises: false, auto_scaling_group: None, zone }
    }

    /// Adds a tag.
    #[must_use]
    pub fn with_tag(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.tags.push((key.into(), value.into()));
        self
    }

    /// Makes it an on-premises host.
    #[must_use]
    pub fn on_premises(mut self) -> Self {
        self.on_premises = true;
        self
    }

    /// Puts it into an Auto Scaling group.
    #[must_use]
    pub fn in_auto_scaling_group(mut self, name: impl Into<String>) -> Self {
        self.auto_scaling_group = Some(name.into());
        self
    }

    /// Puts it into an Availability Zone.
    #[must_use]
    pub fn in_zone(mut self, zone: impl Into<String>) -> Self {
        self.zone = zone.into();
        self
    }
}

/// A message that a trigger sent to its topic.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Notification {
    /// The trigger's name.
    pub trigger: String,
    /// The topic's ARN.
    pub target_arn: String,
    /// What it tells of.
    pub event: TriggerEvent,
    /// The deployment.
    pub deployment_id: DeploymentId,
}

struct ApplicationEntry {
    id: String,
    compute_platform: ComputePlatform,
    create_time: SystemTime,
    groups: BTreeMap<String, DeploymentGroup>,
    revisions: Vec<RegisteredRevision>,
}

/// What the service knows beside the deployments.
#[derive(Default)]
struct World {
    applications: BTreeMap<String, ApplicationEntry>,
    configs: BTreeMap<String, DeploymentConfig>,
    instances: Vec<Instance>,
    /// The AppSpec that each revision holds.
    revisions: Vec<(RevisionLocation, String)>,
    functions: BTreeMap<String, Arc<dyn HookFunction>>,
    /// How scripts that do not succeed end, by location.
    failing_scripts: BTreeMap<String, Diagnostics>,
    /// Instances that never answer.
    lost_instances: Vec<String>,
    /// Alarms in state ALARM.
    alarms: Vec<String>,
}

#[derive(Default)]
struct State {
    world: World,
    entries: BTreeMap<DeploymentId, Entry>,
    /// The ids of `entries` in the order in which they were made.
    order: Vec<DeploymentId>,
    /// The last revision that succeeded, by application and group.
    last_good: BTreeMap<(String, String), RevisionLocation>,
}

/// CodeDeploy in memory. Clones share one service.
///
/// It has every role of [`crate::client`]; what it has beside them is the world around CodeDeploy:
/// instances, bundles, functions, alarms, and what goes wrong there.
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
            .field("deployments", &self.lock().entries.len())
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

    /// Launches or registers an instance.
    pub fn put_instance(&self, instance: Instance) {
        let mut state = self.lock();
        state.world.instances.retain(|known| known.id != instance.id);
        state.world.instances.push(instance);
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

    /// Lets the script at a location end with this code; zero makes it succeed again.
    pub fn set_script_exit(&self, location: impl Into<String>, code: i32) {
        let location = location.into();
        if code == 0 {
            self.lock().world.failing_scripts.remove(&location);
            return;
        }
        let message = format!("Script at specified location: {location} failed with exit code {code}");
        let diagnostics = Diagnostics::new(LifecycleErrorCode::ScriptFailed, message);
        self.fail_script(location, diagnostics);
    }

    /// Lets the script at a location fail in this way.
    pub fn fail_script(&self, location: impl Into<String>, diagnostics: Diagnostics) {
        let location = location.into();
        let diagnostics = diagnostics.with_script(location.clone());
        self.lock().world.failing_scripts.insert(location, diagnostics);
    }

    /// Lets the agent of an instance be silent.
    pub fn lose_instance(&self, instance: impl Into<String>) {
        self.lock().world.lost_instances.push(instance.into());
    }

    /// Lets an alarm go off, or go back.
    pub async fn set_alarm(&self, name: &str, is_on: bool) {
        self.settle().await;
        {
            let mut state = self.lock();
            state.world.alarms.retain(|known| known != name);
            if is_on {
                state.world.alarms.push(name.to_owned());
            }
        }
        self.settle().await;
    }

    /// What happened in a deployment until now, in order; empty for one that does not exist.
    pub async fn events(&self, id: &DeploymentId) -> Vec<EventRecord> {
        self.settle().await;
        self.lock().entries.get(id).map_or_else(Vec::new, |entry| entry.run.events.clone())
    }

    /// What the triggers of a deployment's group have sent until now, in order.
    pub async fn notifications(&self, id: &DeploymentId) -> Vec<Notification> {
        self.settle().await;
        self.lock().entries.get(id).map_or_else(Vec::new, Entry::notifications)
    }

    /// The share of the traffic that the new revision has now, in percent (ECS and Lambda).
    pub async fn traffic_percent(&self, id: &DeploymentId) -> Option<u8> {
        self.settle().await;
        let now = self.clock.now();
        self.lock().entries.get(id).and_then(|entry| entry.traffic_percent(now))
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
            let State { world, entries, last_good, .. } = &mut *state;
            let mut rollbacks = Vec::new();
            for (id, entry) in entries.iter_mut().filter(|(_, entry)| !entry.run.status.is_final()) {
                invocations.extend(entry.advance(now, world, &*self.ids));
                if entry.run.status == DeploymentStatus::Succeeded {
                    last_good.extend(entry.deployment.revision.clone().map(|revision| (entry.key(), revision)));
                }
                if entry.run.rollback_event().is_some_and(|event| entry.run.wants_rollback(&event)) {
                    rollbacks.push(id.clone());
                }
            }
            if rollbacks.is_empty() {
                return invocations;
            }
            // A rollback that begins in the past may be due to go on at once.
            for id in rollbacks {
                self.roll_back(&mut state, &id);
            }
        }
    }

    /// Starts the deployment that takes a group back to its last good revision, if there is one.
    fn roll_back(&self, state: &mut State, id: &DeploymentId) {
        let rollback_id = self.next_id();
        let Some(failed) = state.entries.get_mut(id) else { return };
        let mut info = RollbackInfo::default();
        let Some(revision) = state.last_good.get(&failed.key()).cloned() else {
            info.rollback_message = Some("there is no previous successful revision to roll back to".to_owned());
            failed.deployment.rollback_info = Some(info);
            return;
        };
        info.rollback_deployment_id = Some(rollback_id.clone());
        failed.deployment.rollback_info = Some(info);
        failed.run.return_traffic();
        let started = failed.run.complete_time.unwrap_or(SystemTime::UNIX_EPOCH);
        let mut deployment = failed.deployment.clone();
        let group = failed.group.clone();
        deployment.deployment_id = rollback_id.clone();
        deployment.revision = Some(revision);
        deployment.creator = Some("codeDeployRollback".to_owned());
        deployment.create_time = Some(started);
        deployment.rollback_info =
            Some(RollbackInfo { rollback_triggering_deployment_id: Some(id.clone()), ..RollbackInfo::default() });
        let entry = prepare::entry(&state.world, deployment, group, &failed.run, self.pace, started);
        state.order.push(rollback_id.clone());
        state.entries.insert(rollback_id, entry);
    }

    /// `d-` and nine capitals or digits, as the service makes them.
    fn next_id(&self) -> DeploymentId {
        const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ012345";
        let bits = self.ids.next_u64();
        let text: String = (0..9).map(|at| char::from(LETTERS[(bits >> (5 * at)) as usize & 31])).collect();
        DeploymentId::new(format!("d-{text}"))
    }
}

fn refuse<T>(operation: &'static str, code: &str, message: impl Into<String>) -> Result<T, CallError> {
    Err(CallError::service(operation, code, message))
}

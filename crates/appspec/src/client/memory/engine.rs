//! One deployment of the in-memory service: a queue of tasks that the clock works off.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_call::{CallError, IdSource};
use spec_report::Levels;

use super::fleet::Fleet;
use super::{DeploymentGroup, HOOK_LIMIT, HookEvent, HookFunction, Pace, World, validate};
use crate::client::{
    AutoRollbackEvent, ComputePlatform, Deployment, DeploymentStatus, ErrorInformation, HookExecutionStatus,
    PutHookStatus, RevisionLocation,
};
use crate::config::{ConfigRule, TrafficRouting, predefined};
use crate::lifecycle::{DeploymentKind, LifecycleEvent};
use crate::model::AppSpec;
use crate::rules::{Subject, check};

/// What became of one lifecycle event on one target.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct EventRecord {
    /// The instance; `None` for ECS and Lambda.
    pub target: Option<String>,
    /// The lifecycle event.
    pub event: &'static str,
    /// What became of it.
    pub status: EventStatus,
    /// When it ended.
    pub at: SystemTime,
    /// The service's sentence about a failure.
    pub message: Option<String>,
}

/// The state of a lifecycle event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EventStatus {
    /// It happened.
    Succeeded,
    /// It failed.
    Failed,
    /// It was left out because an event before it failed.
    Skipped,
}

/// A function to invoke, outside the service's lock.
pub(super) struct Invocation {
    pub(super) function: Arc<dyn HookFunction>,
    pub(super) event: HookEvent,
}

pub(super) enum Task {
    /// After the wait, the deployment is in this state.
    State(DeploymentStatus, Duration),
    /// After the wait, the event has happened.
    Service(&'static LifecycleEvent, Duration),
    /// A function is invoked and has to report.
    Hook(&'static LifecycleEvent, String),
    /// After the wait, the event has happened on the instances of the batch.
    Instances(&'static LifecycleEvent, Duration),
    /// The batch is done; the next one follows.
    NextBatch,
    /// Nothing but waiting.
    Wait(Duration),
}

struct Pending {
    event: &'static LifecycleEvent,
    execution_id: String,
    invoked_at: SystemTime,
    verdict: Option<(HookExecutionStatus, SystemTime)>,
}

pub(super) struct Run {
    pub(super) deployment: Deployment,
    pub(super) group: DeploymentGroup,
    pub(super) events: Vec<EventRecord>,
    pub(super) ignore_application_stop_failures: bool,
    pub(super) spec: Option<AppSpec>,
    /// The first reason why the revision cannot be deployed.
    flaw: Option<ErrorInformation>,
    pub(super) kind: DeploymentKind,
    pub(super) pace: Pace,
    pub(super) tasks: VecDeque<Task>,
    /// Everything before this time has happened.
    pub(super) time: SystemTime,
    pending_hook: Option<Pending>,
    traffic_from: Option<SystemTime>,
    pub(super) fleet: Fleet,
}

impl Run {
    pub(super) fn start(
        deployment: Deployment,
        group: DeploymentGroup,
        world: &World,
        pace: &Pace,
        now: SystemTime,
    ) -> Self {
        let platform = deployment.compute_platform.clone().unwrap_or(ComputePlatform::Server);
        let kind = match (&platform, group.load_balancer) {
            (ComputePlatform::Ecs, _) => DeploymentKind::Ecs,
            (ComputePlatform::Lambda, _) => DeploymentKind::Lambda,
            (_, true) => DeploymentKind::InPlaceWithLoadBalancer,
            (_, false) => DeploymentKind::InPlace,
        };
        let (spec, flaw) = load(world, deployment.revision.as_ref(), &platform);
        let mut run = Self {
            deployment,
            group,
            events: Vec::new(),
            ignore_application_stop_failures: false,
            spec,
            flaw,
            kind,
            pace: *pace,
            tasks: VecDeque::new(),
            time: now,
            pending_hook: None,
            traffic_from: None,
            fleet: Fleet::default(),
        };
        run.tasks.push_back(Task::State(DeploymentStatus::Queued, pace.state));
        run.tasks.push_back(Task::State(DeploymentStatus::InProgress, pace.state));
        match platform {
            ComputePlatform::Ecs | ComputePlatform::Lambda => run.queue_functions(),
            _ => {
                run.fleet.total = u32::try_from(run.group.instances.len()).unwrap_or(u32::MAX);
                run.fleet.pending = run.group.instances.iter().cloned().collect();
                run.tasks.push_back(Task::NextBatch);
            }
        }
        run
    }

    fn queue_functions(&mut self) {
        let hooks = self.spec.as_ref().map_or(&[][..], AppSpec::function_hooks).to_vec();
        for event in self.kind.events() {
            if event.scriptable {
                for hook in hooks.iter().filter(|hook| hook.event.value == event.name) {
                    self.tasks.push_back(Task::Hook(event, hook.function.value.clone()));
                }
            } else {
                let shift = if event.name == "AllowTraffic" { self.routing().duration() } else { Duration::ZERO };
                self.tasks.push_back(Task::Service(event, self.pace.event + shift));
            }
        }
        self.tasks.push_back(Task::Wait(self.group.termination_wait));
    }

    pub(super) fn config(&self) -> Option<ConfigRule> {
        Some(predefined(self.deployment.deployment_config_name.as_deref()?)?.rule)
    }

    fn routing(&self) -> TrafficRouting {
        match self.config() {
            Some(ConfigRule::Traffic(routing)) => routing,
            _ => TrafficRouting::AllAtOnce,
        }
    }

    /// The deployment as the service shows it.
    pub(super) fn deployment(&self) -> Deployment {
        let mut deployment = self.deployment.clone();
        let count = |names: usize| u64::try_from(names).unwrap_or(u64::MAX);
        let overview = &mut deployment.overview;
        if matches!(self.kind, DeploymentKind::Ecs | DeploymentKind::Lambda) {
            match deployment.status {
                DeploymentStatus::Created | DeploymentStatus::Queued => overview.pending = 1,
                DeploymentStatus::Succeeded => overview.succeeded = 1,
                DeploymentStatus::Failed => overview.failed = 1,
                DeploymentStatus::Stopped => overview.skipped = 1,
                _ => overview.in_progress = 1,
            }
        } else {
            let left = count(self.fleet.pending.len());
            if deployment.status.is_final() {
                overview.skipped = left
            } else {
                overview.pending = left
            }
            overview.in_progress = count(self.fleet.batch.len());
            overview.succeeded = count(self.fleet.succeeded.len());
            overview.failed = count(self.fleet.failed.len());
        }
        deployment
    }

    pub(super) fn traffic_percent(&self, now: SystemTime) -> Option<u8> {
        if !matches!(self.kind, DeploymentKind::Ecs | DeploymentKind::Lambda) {
            return None;
        }
        let share = |since: SystemTime| self.routing().percent_at(now.duration_since(since).unwrap_or_default());
        Some(match self.deployment.status {
            DeploymentStatus::Failed | DeploymentStatus::Stopped => 0,
            DeploymentStatus::Succeeded => 100,
            _ => self.traffic_from.map_or(0, share),
        })
    }

    /// Whether this deployment rolls back when `event` happens to it. A rollback is not rolled back,
    /// and before an ECS deployment has installed anything there is nothing to take back.
    pub(super) fn wants_rollback(&self, event: &AutoRollbackEvent) -> bool {
        let nothing_done = self.kind == DeploymentKind::Ecs
            && self
                .events
                .iter()
                .all(|record| record.status != EventStatus::Succeeded || record.event == "BeforeInstall");
        self.deployment.auto_rollback.contains(event) && !self.deployment.is_rollback() && !nothing_done
    }

    pub(super) fn end(&mut self, status: DeploymentStatus, error: Option<ErrorInformation>, at: SystemTime) {
        self.deployment.status = status;
        self.deployment.error_information = error;
        self.deployment.complete_time = Some(at);
        self.tasks.clear();
        self.pending_hook = None;
        // What was under way when a deployment ends did not take the revision.
        self.fleet.failed.append(&mut self.fleet.batch);
    }

    pub(super) fn fail(&mut self, code: &str, message: impl Into<String>) {
        let at = self.time;
        self.end(DeploymentStatus::Failed, Some(ErrorInformation::new(code, message)), at);
    }

    pub(super) fn record(
        &mut self,
        target: Option<String>,
        event: &'static str,
        status: EventStatus,
        message: Option<String>,
    ) {
        self.events.push(EventRecord { target, event, status, at: self.time, message });
    }

    /// Takes the verdict of a hook.
    pub(super) fn put_status(&mut self, request: &PutHookStatus, now: SystemTime) -> Result<(), CallError> {
        let refuse = |code: &str, message: String| Err(CallError::service(validate::PUT_STATUS, code, message));
        let id = &request.lifecycle_event_hook_execution_id;
        let Some(pending) = self.pending_hook.as_mut().filter(|pending| pending.execution_id == *id) else {
            let message = "A lifecycle event hook is invalid. Review the hooks section in your AppSpec file to ensure the lifecycle events and hooks functions are valid.";
            return refuse("InvalidLifecycleEventHookExecutionIdException", message.to_owned());
        };
        if !matches!(request.status, HookExecutionStatus::Succeeded | HookExecutionStatus::Failed) {
            let message = "The result of a Lambda validation function that verifies a lifecycle event is invalid. It should return Succeeded or Failed.";
            return refuse("InvalidLifecycleEventHookExecutionStatusException", message.to_owned());
        }
        let late = now.duration_since(pending.invoked_at).unwrap_or_default() >= HOOK_LIMIT;
        if pending.verdict.is_some() || late {
            let message = "An attempt to return the status of an already completed lifecycle event occurred.";
            return refuse("LifecycleEventAlreadyCompletedException", message.to_owned());
        }
        pending.verdict = Some((request.status.clone(), now));
        Ok(())
    }

    /// Does everything that is due at `now`, until a function has to be invoked.
    pub(super) fn advance(&mut self, now: SystemTime, world: &World, ids: &dyn IdSource) -> Vec<Invocation> {
        while !self.deployment.status.is_final() {
            if self.pending_hook.is_some() {
                if !self.finish_hook(now) {
                    break;
                }
                continue;
            }
            let Some(task) = self.tasks.pop_front() else {
                let at = self.time;
                self.end(DeploymentStatus::Succeeded, None, at);
                break;
            };
            let wait = match &task {
                Task::State(_, wait) | Task::Service(_, wait) | Task::Instances(_, wait) | Task::Wait(wait) => *wait,
                Task::Hook(..) | Task::NextBatch => Duration::ZERO,
            };
            if let Task::Service(LifecycleEvent { name: "AllowTraffic", .. }, _) = task {
                self.traffic_from.get_or_insert(self.time);
            }
            let due = self.time + wait;
            if due > now {
                self.tasks.push_front(task);
                break;
            }
            self.time = due;
            match task {
                Task::State(status, _) => self.enter(status),
                Task::Service(event, _) => self.record(None, event.name, EventStatus::Succeeded, None),
                Task::Hook(event, function) => {
                    if let Some(invocation) = self.invoke(event, &function, now, world, ids) {
                        return vec![invocation];
                    }
                }
                Task::Instances(event, _) => self.run_on_batch(event, world),
                Task::NextBatch => self.next_batch(),
                Task::Wait(_) => {}
            }
        }
        Vec::new()
    }

    fn enter(&mut self, status: DeploymentStatus) {
        let begins = status == DeploymentStatus::InProgress;
        self.deployment.status = status;
        if !begins {
            return;
        }
        if let Some(flaw) = self.flaw.take() {
            let at = self.time;
            self.end(DeploymentStatus::Failed, Some(flaw), at);
        } else if self.fleet.total == 0
            && matches!(self.kind, DeploymentKind::InPlace | DeploymentKind::InPlaceWithLoadBalancer)
        {
            self.fail("NO_INSTANCES", "The deployment failed because no instances were found for your deployment group. Check your deployment group settings to make sure the tags for your Amazon EC2 instances or Auto Scaling groups correctly identify the instances you want to deploy to, and then try again.");
        }
    }

    fn invoke(
        &mut self,
        event: &'static LifecycleEvent,
        function: &str,
        now: SystemTime,
        world: &World,
        ids: &dyn IdSource,
    ) -> Option<Invocation> {
        let Some(found) = world.functions.get(function) else {
            let message = format!("the function {function} does not exist");
            self.record(None, event.name, EventStatus::Failed, Some(message));
            self.hook_failed(event);
            return None;
        };
        let execution_id = ids.uuid();
        self.pending_hook = Some(Pending { event, execution_id: execution_id.clone(), invoked_at: now, verdict: None });
        Some(Invocation {
            function: Arc::clone(found),
            event: HookEvent {
                deployment_id: self.deployment.deployment_id.clone(),
                lifecycle_event_hook_execution_id: execution_id,
            },
        })
    }

    fn hook_failed(&mut self, event: &LifecycleEvent) {
        let message = format!(
            "The deployment failed because one or more of the lifecycle event validation functions failed: {}",
            event.name
        );
        self.fail("HOOK_EXECUTION_FAILURE", message);
    }

    /// Whether the hook that is waited for is over.
    fn finish_hook(&mut self, now: SystemTime) -> bool {
        let Some(pending) = self.pending_hook.take() else { return true };
        let deadline = pending.invoked_at + HOOK_LIMIT;
        match &pending.verdict {
            Some((HookExecutionStatus::Succeeded, at)) => {
                self.time = self.time.max(*at);
                self.record(None, pending.event.name, EventStatus::Succeeded, None);
            }
            Some((_, at)) => {
                self.time = self.time.max(*at);
                self.record(None, pending.event.name, EventStatus::Failed, Some("the function reported Failed".into()));
                self.hook_failed(pending.event);
            }
            None if now >= deadline => {
                self.time = self.time.max(deadline);
                let message = "the function did not report within one hour".to_owned();
                self.record(None, pending.event.name, EventStatus::Failed, Some(message));
                self.hook_failed(pending.event);
            }
            None => {
                self.pending_hook = Some(pending);
                return false;
            }
        }
        true
    }
}

/// The AppSpec of a revision, or why it cannot be deployed.
fn load(
    world: &World,
    revision: Option<&RevisionLocation>,
    platform: &ComputePlatform,
) -> (Option<AppSpec>, Option<ErrorInformation>) {
    let text = match revision {
        Some(RevisionLocation::AppSpecContent { content, .. }) => Some(content.as_str()),
        Some(location) => world.revisions.iter().find(|(known, _)| known == location).map(|(_, text)| text.as_str()),
        None => None,
    };
    let Some(text) = text else {
        let message = "The deployment failed because the revision could not be found at the given location.";
        return (None, Some(ErrorInformation::new("REVISION_MISSING", message)));
    };
    let parsed = crate::read::read_as(validate::content_source(text), validate::kind(platform));
    let levels = Levels::default().allow("appspec/file-name");
    let subject = Subject::new(parsed);
    let report = check(&subject, &levels);
    let error = report.iter().find(|found| found.severity == spec_report::Severity::Error);
    let flaw = error.map(|found| {
        let message =
            found.help.as_deref().and_then(|help| help.strip_prefix("the agent says: ")).unwrap_or(&found.message);
        ErrorInformation::new("INVALID_REVISION", message)
    });
    (subject.parsed.value, flaw)
}

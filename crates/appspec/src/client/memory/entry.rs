//! A deployment of the in-memory service: the state machine, and what the API shows of it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::SystemTime;

use aws_call::{CallError, IdSource};

use super::{HookEvent, HookFunction, Notification, World, refuse, validate};
use crate::agent;
use crate::client::{
    Deployment, DeploymentGroup, DeploymentStatus, Diagnostics, EventStatus, HookExecutionStatus, LifecycleErrorCode,
    PutHookStatus, Target, TargetEvent, TargetKind, TargetStatus, TriggerEvent,
};
use crate::engine::{Change, Refused, Run, original_of};
use crate::lifecycle::{LifecycleEvent, RevisionSource};
use crate::model::AppSpec;

/// A function to invoke, outside the service's lock.
pub(super) struct Invocation {
    pub(super) function: Arc<dyn HookFunction>,
    pub(super) event: HookEvent,
}

pub(super) struct Entry {
    /// What does not change while it runs.
    pub(super) deployment: Deployment,
    pub(super) group: DeploymentGroup,
    pub(super) run: Run,
    pub(super) spec: Option<AppSpec>,
    /// The last good revision's, whose scripts stop the old application.
    pub(super) previous: Option<AppSpec>,
    /// The ids of invocations; only the last one can be waited for.
    pub(super) executions: Vec<String>,
}

impl Entry {
    /// Application and group.
    pub(super) fn key(&self) -> (String, String) {
        (self.deployment.application_name.clone(), self.group.name.clone())
    }

    /// The share of the traffic that the new revision gets, in percent (ECS and Lambda).
    pub(super) fn traffic_percent(&self, now: SystemTime) -> Option<u8> {
        let steps = self.run.traffic_steps(now);
        self.run.course.is_served().then(|| steps.last().map_or(0, |(_, percent)| *percent))
    }

    /// Does everything that is due at `now`, until a function has to be invoked.
    pub(super) fn advance(&mut self, now: SystemTime, world: &World, ids: &dyn IdSource) -> Option<Invocation> {
        let (spec, previous) = (self.spec.as_ref(), self.previous.as_ref());
        let failures = |host: &str, event: &LifecycleEvent| failure(world, spec, previous, host, event);
        loop {
            let call = self.run.advance(now, &failures);
            let alarm = self.group.alarms.names.iter().find(|name| world.alarms.contains(name));
            if let (true, Some(alarm), false) = (self.group.alarms.enabled, alarm, self.run.status.is_final()) {
                // It is running, so it takes the alarm.
                let _ = self.run.alarm(alarm, now);
                return None;
            }
            let call = call?;
            let id = ids.uuid();
            self.executions.push(id.clone());
            let Some(function) = world.functions.get(&call.function) else {
                let message = format!("the function {} does not exist", call.function);
                // The function is waited for, so its failure is taken.
                let _ = self.run.hook_error(message, now);
                continue;
            };
            let event = HookEvent::new(self.deployment.deployment_id.clone(), id);
            return Some(Invocation { function: Arc::clone(function), event });
        }
    }

    /// Takes the verdict of a hook.
    pub(super) fn put_status(&mut self, request: &PutHookStatus, now: SystemTime) -> Result<(), CallError> {
        const OPERATION: &str = validate::PUT_STATUS;
        let id = &request.lifecycle_event_hook_execution_id;
        if !self.executions.contains(id) {
            let message = "A lifecycle event hook is invalid. Review the hooks section in your AppSpec file to ensure the lifecycle events and hooks functions are valid.";
            return refuse(OPERATION, "InvalidLifecycleEventHookExecutionIdException", message);
        }
        if !matches!(request.status, HookExecutionStatus::Succeeded | HookExecutionStatus::Failed) {
            let message = "The result of a Lambda validation function that verifies a lifecycle event is invalid. It should return Succeeded or Failed.";
            return refuse(OPERATION, "InvalidLifecycleEventHookExecutionStatusException", message);
        }
        let is_last = self.executions.last() == Some(id);
        let taken = if is_last { self.run.verdict(request.status.clone(), now) } else { Err(Refused::Completed) };
        taken.or_else(|_| {
            let message = "An attempt to return the status of an already completed lifecycle event occurred.";
            refuse(OPERATION, "LifecycleEventAlreadyCompletedException", message)
        })
    }

    /// The deployment as the service shows it.
    pub(super) fn deployment(&self) -> Deployment {
        let run = &self.run;
        let mut deployment = self.deployment.clone();
        deployment.status = run.status.clone();
        deployment.error_information.clone_from(&run.error);
        deployment.start_time = run.start_time;
        deployment.complete_time = run.complete_time;
        deployment.instance_termination_wait_time_started = run.termination_wait_started;
        let overview = &mut deployment.overview;
        if run.course.is_served() {
            match run.status {
                DeploymentStatus::Created | DeploymentStatus::Queued => overview.pending = 1,
                DeploymentStatus::Succeeded => overview.succeeded = 1,
                DeploymentStatus::Failed => overview.failed = 1,
                DeploymentStatus::Stopped => overview.skipped = 1,
                DeploymentStatus::Ready => overview.ready = 1,
                _ => overview.in_progress = 1,
            }
        } else {
            let number = |hosts: usize| u64::try_from(hosts).unwrap_or(u64::MAX);
            let fleet = &run.fleet;
            let taken = |name: &String| {
                [&fleet.batch, &fleet.failed, &fleet.succeeded].iter().any(|names| names.contains(name))
            };
            let left = number(run.course.hosts.iter().filter(|host| !taken(&host.name)).count());
            if run.status.is_final() {
                overview.skipped = left
            } else {
                overview.pending = left
            }
            overview.in_progress = number(fleet.batch.len());
            overview.failed = number(fleet.failed.len());
            overview.succeeded = number(fleet.succeeded.len());
            if run.status == DeploymentStatus::Ready {
                (overview.ready, overview.succeeded) = (overview.succeeded, 0);
            }
        }
        deployment
    }

    /// The targets as the service shows them.
    pub(super) fn targets(&self, now: SystemTime) -> Vec<Target> {
        let run = &self.run;
        if run.course.is_served() {
            return vec![self.service_target(now)];
        }
        let mut targets = Vec::new();
        for host in &run.course.hosts {
            let original = original_of(&host.name);
            let two_fleets = run.events.iter().any(|record| record.target.as_deref() == Some(&*original));
            let label = two_fleets.then(|| "Green".to_owned());
            targets.push(self.host_target(&host.name, label));
            if two_fleets {
                targets.push(self.host_target(&original, Some("Blue".to_owned())));
            }
        }
        targets
    }

    fn host_target(&self, host: &str, label: Option<String>) -> Target {
        let mut target = Target::new(TargetKind::Instance, host, TargetStatus::Pending);
        target.label = label;
        let records = self.run.events.iter().filter(|record| record.target.as_deref() == Some(host));
        target.events = self.events(records.collect());
        let failed = |event: &TargetEvent| event.status == EventStatus::Failed;
        let begun = |event: &TargetEvent| event.status != EventStatus::Pending;
        let fleet = &self.run.fleet;
        let is = |names: &[String]| names.iter().any(|name| name == host);
        target.status = if is(&fleet.failed) || target.events.iter().any(failed) {
            TargetStatus::Failed
        } else if is(&fleet.batch) {
            TargetStatus::InProgress
        } else if is(&fleet.succeeded) {
            if self.run.status == DeploymentStatus::Ready { TargetStatus::Ready } else { TargetStatus::Succeeded }
        } else if target.events.iter().any(begun) {
            TargetStatus::Succeeded
        } else if self.run.status.is_final() {
            TargetStatus::Skipped
        } else {
            TargetStatus::Pending
        };
        target.last_updated_at = target.events.iter().filter_map(|event| event.end_time).max();
        target
    }

    fn service_target(&self, now: SystemTime) -> Target {
        let (kind, id) = match self.group.ecs_services.first() {
            Some(service) => (TargetKind::Ecs, format!("{}:{}", service.cluster, service.service)),
            None => {
                let function = self.spec.as_ref().and_then(AppSpec::as_lambda).and_then(|lambda| lambda.function());
                let text = |part: fn(&crate::model::lambda::Function) -> Option<&spec_report::Spanned<String>>| {
                    function.and_then(part).map_or("?", |text| text.value.as_str())
                };
                let (name, alias) = (text(|function| function.name.as_ref()), text(|function| function.alias.as_ref()));
                (TargetKind::Lambda, format!("{name}:{alias}"))
            }
        };
        let status = match self.run.status {
            DeploymentStatus::Created | DeploymentStatus::Queued => TargetStatus::Pending,
            DeploymentStatus::Succeeded => TargetStatus::Succeeded,
            DeploymentStatus::Failed => TargetStatus::Failed,
            DeploymentStatus::Stopped => TargetStatus::Skipped,
            DeploymentStatus::Ready => TargetStatus::Ready,
            _ => TargetStatus::InProgress,
        };
        let mut target = Target::new(kind, id, status);
        target.events = self.events(self.run.events.iter().collect());
        target.traffic_weight = self.traffic_percent(now);
        target.last_updated_at = self.run.events.last().map(|record| record.at);
        target
    }

    /// The events of the table, with what is known of each.
    fn events(&self, records: Vec<&crate::engine::EventRecord>) -> Vec<TargetEvent> {
        let known: BTreeMap<&str, _> = records.into_iter().map(|record| (record.event, record)).collect();
        let left = if self.run.status.is_final() { EventStatus::Skipped } else { EventStatus::Pending };
        let event = |name: &'static str| {
            let mut event = TargetEvent::new(name, left.clone());
            if let Some(record) = known.get(name) {
                event.status = record.status.clone();
                event.diagnostics.clone_from(&record.diagnostics);
                event.start_time = Some(record.started);
                event.end_time = Some(record.at);
            }
            event
        };
        self.run.course.kind.events().iter().map(|row| event(row.name)).collect()
    }

    /// What the triggers of the group were told of.
    pub(super) fn notifications(&self) -> Vec<Notification> {
        let mut sent = Vec::new();
        for (_, change) in &self.run.changes {
            let Change::Status(status) = change else { continue };
            let event = match status {
                DeploymentStatus::Created if self.deployment.is_rollback() => TriggerEvent::DeploymentRollback,
                DeploymentStatus::Created => TriggerEvent::DeploymentStart,
                DeploymentStatus::Succeeded => TriggerEvent::DeploymentSuccess,
                DeploymentStatus::Failed => TriggerEvent::DeploymentFailure,
                DeploymentStatus::Stopped => TriggerEvent::DeploymentStop,
                DeploymentStatus::Ready => TriggerEvent::DeploymentReady,
                _ => continue,
            };
            sent.extend(self.group.triggers.iter().filter(|trigger| trigger.events.contains(&event)).map(|trigger| {
                Notification {
                    trigger: trigger.name.clone(),
                    target_arn: trigger.target_arn.clone(),
                    event: event.clone(),
                    deployment_id: self.deployment.deployment_id.clone(),
                }
            }));
        }
        sent
    }
}

fn failure(
    world: &World,
    spec: Option<&AppSpec>,
    previous: Option<&AppSpec>,
    host: &str,
    event: &LifecycleEvent,
) -> Option<Diagnostics> {
    if world.lost_instances.iter().any(|lost| lost == host) {
        return Some(Diagnostics::new(LifecycleErrorCode::UnknownError, agent::LOST));
    }
    let spec = if event.revision == RevisionSource::Current { spec } else { previous };
    let Some(AppSpec::Server(server)) = spec else { return None };
    server.scripts(event.name).iter().find_map(|script| {
        let location = &script.location.as_ref()?.value;
        world.failing_scripts.get(location).cloned()
    })
}

//! What the cluster knows, in the shapes that the API answers with.

use std::time::{Duration, SystemTime};

use serde_json::{Map, Value as Json, json};

use super::super::scheduler::Service;
use super::super::task::Phase;
use crate::client::{RolloutState, ServiceDeployment, ServiceRevision, StoppedTask, Task, short_name};

/// Times are seconds since 1970, with fractions.
fn seconds(at: SystemTime) -> Json {
    json!(at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs_f64())
}

/// An object without what is absent: the API never answers null.
fn object(fields: Json) -> Json {
    match fields {
        Json::Object(fields) => {
            Json::Object(fields.into_iter().filter(|(_, value)| !value.is_null()).collect::<Map<_, _>>())
        }
        other => other,
    }
}

pub(super) fn missing(arn: &str) -> Json {
    json!({ "arn": arn, "reason": "MISSING" })
}

/// A service as `DescribeServices` shows it.
pub(super) fn service(service: &mut Service, cluster_arn: &str) -> Json {
    let snapshot = service.snapshot();
    let created = service.history.records.last().map(|record| record.created_at);
    let mut deployments = Vec::new();
    for rollout in &snapshot.rollouts {
        let begun = service.history.of(&rollout.id).map(|record| record.created_at).or(created).map(seconds);
        deployments.push(object(json!({
            "id": rollout.id,
            "status": rollout.status.as_str(),
            "taskDefinition": rollout.task_definition,
            "desiredCount": rollout.desired,
            "pendingCount": rollout.pending,
            "runningCount": rollout.running,
            "failedTasks": rollout.failed,
            "rolloutState": rollout.state.as_ref().map(RolloutState::as_str),
            "rolloutStateReason": rollout.reason,
            "createdAt": begun,
            "updatedAt": begun,
        })));
    }
    let events: Vec<Json> = snapshot
        .events
        .iter()
        .map(|event| object(json!({ "id": event.id, "createdAt": event.at.map(seconds), "message": event.message })))
        .collect();
    let balancers: Vec<Json> = snapshot
        .load_balancers
        .iter()
        .map(|one| {
            object(json!({
                "targetGroupArn": one.target_group,
                "containerName": one.container,
                "containerPort": one.port,
            }))
        })
        .collect();
    let settings = &service.settings;
    object(json!({
        "serviceArn": snapshot.arn,
        "serviceName": service.name,
        "clusterArn": cluster_arn,
        "status": snapshot.status,
        "taskDefinition": snapshot.task_definition,
        "desiredCount": snapshot.desired,
        "pendingCount": snapshot.pending,
        "runningCount": snapshot.running,
        "schedulingStrategy": "REPLICA",
        "deploymentController": { "type": snapshot.controller.as_str() },
        "deploymentConfiguration": {
            "strategy": snapshot.strategy.as_str(),
            "deploymentCircuitBreaker": {
                "enable": snapshot.circuit_breaker.enable,
                "rollback": snapshot.circuit_breaker.rollback,
            },
            "alarms": {
                "enable": snapshot.alarms.enable,
                "rollback": snapshot.alarms.rollback,
                "alarmNames": snapshot.alarms.names,
            },
            "maximumPercent": settings.maximum_percent,
            "minimumHealthyPercent": settings.minimum_healthy_percent,
        },
        "deployments": deployments,
        "events": events,
        "loadBalancers": balancers,
        "serviceRegistries": [],
        "placementConstraints": [],
        "placementStrategy": [],
        "createdAt": created.map(seconds),
        "enableECSManagedTags": false,
        "enableExecuteCommand": false,
        "propagateTags": "NONE",
    }))
}

/// A task and the state it shall have.
#[derive(Debug)]
pub(super) struct Shown {
    pub(super) task: Task,
    /// `RUNNING` or `STOPPED`.
    pub(super) desired: &'static str,
}

impl Shown {
    fn stopped(ended: StoppedTask) -> Self {
        Self { task: Task::new("STOPPED", ended), desired: "STOPPED" }
    }

    /// One that belongs to no service.
    pub(super) fn loose(task: Task) -> Self {
        let desired = if task.is_stopped() { "STOPPED" } else { "RUNNING" };
        Self { task, desired }
    }

    /// The family of its task definition.
    pub(super) fn family(&self) -> &str {
        let name = short_name(&self.task.ended.task_definition);
        name.rsplit_once(':').map_or(name, |(family, _)| family)
    }

    pub(super) fn json(&self, cluster_arn: &str, service: Option<&str>) -> Json {
        let mut json = task(&self.task, cluster_arn);
        json["desiredStatus"] = json!(self.desired);
        json["group"] =
            json!(service.map_or_else(|| format!("family:{}", self.family()), |name| format!("service:{name}")));
        json
    }
}

/// The tasks of a service, those that have stopped last.
pub(super) fn tasks_of(service: &mut Service) -> Vec<Shown> {
    let mut shown = Vec::new();
    for task in &service.tasks {
        let status = match task.phase {
            Phase::Pending => "PENDING",
            Phase::Running => "RUNNING",
        };
        let desired = if task.is_draining() { "STOPPED" } else { "RUNNING" };
        shown.push(Shown { task: Task::new(status, task.known()), desired });
    }
    let mut deployments: Vec<String> = Vec::new();
    for record in &service.history.records {
        deployments.extend([Some(record.deployment.clone()), record.rollback_deployment.clone()].into_iter().flatten());
    }
    let stopped = deployments.iter().flat_map(|id| service.stopped_tasks(id));
    shown.extend(stopped.map(Shown::stopped));
    shown
}

/// A task as `RunTask` and `DescribeTasks` show it.
pub(super) fn task(task: &Task, cluster_arn: &str) -> Json {
    let ended = &task.ended;
    let containers: Vec<Json> = ended
        .containers
        .iter()
        .map(|container| {
            object(json!({
                "name": container.name,
                "taskArn": ended.arn,
                "lastStatus": task.last_status,
                "exitCode": container.exit_code,
                "reason": container.reason,
            }))
        })
        .collect();
    object(json!({
        "taskArn": ended.arn,
        "clusterArn": cluster_arn,
        "taskDefinitionArn": ended.task_definition,
        "lastStatus": task.last_status,
        "desiredStatus": if task.is_stopped() { "STOPPED" } else { "RUNNING" },
        "startedBy": ended.started_by,
        "startedAt": task.started_at.map(seconds),
        "stopCode": ended.stop_code,
        "stoppedReason": ended.stopped_reason,
        "stoppedAt": ended.stopped_at.map(seconds),
        "containers": containers,
    }))
}

/// A service deployment, brief or full.
pub(super) fn service_deployment(one: &ServiceDeployment) -> Json {
    let hooks: Vec<Json> = one
        .hooks
        .iter()
        .map(|hook| {
            object(json!({
                "hookId": hook.id,
                "targetType": hook.target.as_str(),
                "targetArn": hook.target_arn,
                "status": hook.status.as_str(),
                "expiresAt": hook.expires_at.map(seconds),
                "timeoutAction": hook.timeout_action.as_ref().map(crate::client::HookAction::as_str),
            }))
        })
        .collect();
    let target = one.target_service_revision.as_ref();
    let rollback = one
        .rollback
        .as_ref()
        .map(|rollback| object(json!({ "reason": rollback.reason, "serviceRevisionArn": rollback.service_revision })));
    object(json!({
        "serviceDeploymentArn": one.arn,
        "status": one.status.as_str(),
        "statusReason": one.status_reason,
        "createdAt": one.created_at.map(seconds),
        "startedAt": one.created_at.map(seconds),
        "finishedAt": one.finished_at.map(seconds),
        "lifecycleStage": one.lifecycle_stage,
        "targetServiceRevisionArn": target,
        "targetServiceRevision": target.map(|arn| object(json!({
            "arn": arn,
            "requestedProductionTrafficWeight": one.production_traffic,
        }))),
        "sourceServiceRevisions": one.source_service_revisions.iter().map(|arn| json!({ "arn": arn })).collect::<Vec<_>>(),
        "lifecycleHookDetails": hooks,
        "rollback": rollback,
        "alarms": { "triggeredAlarmNames": one.triggered_alarms },
    }))
}

pub(super) fn service_revision(one: &ServiceRevision) -> Json {
    object(json!({
        "serviceRevisionArn": one.arn,
        "taskDefinition": one.task_definition,
        "createdAt": one.created_at.map(seconds),
    }))
}

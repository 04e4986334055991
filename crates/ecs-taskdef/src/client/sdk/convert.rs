//! The SDK's types as this crate's.

use std::time::SystemTime;

use aws_sdk_ecs::types;
use aws_smithy_types::DateTime;

use crate::client::{
    CircuitBreaker, Controller, DeploymentAlarms, LoadBalancer, ResourceFailure, Rollout, RolloutState, RolloutStatus,
    ServiceEvent, ServiceSnapshot, StoppedContainer, StoppedTask, Strategy, Task,
};

pub(super) fn snapshot(service: &types::Service) -> ServiceSnapshot {
    let mut snapshot = ServiceSnapshot::new(
        service.service_arn().unwrap_or_default(),
        service.task_definition().unwrap_or_default(),
        count(service.desired_count()),
    );
    service.status().unwrap_or_default().clone_into(&mut snapshot.status);
    snapshot.pending = count(service.pending_count());
    snapshot.running = count(service.running_count());
    snapshot.controller = service
        .deployment_controller()
        .map_or(Controller::Ecs, |controller| Controller::from(controller.r#type().as_str()));
    let breaker = service.deployment_configuration().and_then(|c| c.deployment_circuit_breaker());
    snapshot.circuit_breaker = breaker
        .map(|breaker| CircuitBreaker { enable: breaker.enable(), rollback: breaker.rollback() })
        .unwrap_or_default();
    if let Some(configuration) = service.deployment_configuration() {
        if let Some(strategy) = configuration.strategy() {
            snapshot.strategy = Strategy::from(strategy.as_str());
        }
        if let Some(alarms) = configuration.alarms() {
            snapshot.alarms = DeploymentAlarms {
                enable: alarms.enable(),
                rollback: alarms.rollback(),
                names: alarms.alarm_names().to_vec(),
            };
        }
    }
    for balancer in service.load_balancers() {
        snapshot.load_balancers.push(LoadBalancer {
            target_group: balancer.target_group_arn().map(str::to_owned),
            container: balancer.container_name().unwrap_or_default().to_owned(),
            port: balancer.container_port().and_then(|port| u16::try_from(port).ok()).unwrap_or_default(),
        });
    }
    let sets = service.task_sets().iter().filter_map(types::TaskSet::task_definition);
    snapshot.task_sets = sets.map(str::to_owned).collect();
    snapshot.rollouts = service.deployments().iter().map(rollout).collect();
    snapshot.events = service
        .events()
        .iter()
        .map(|event| {
            let at = event.created_at().and_then(time);
            ServiceEvent::new(event.id().unwrap_or_default(), at, event.message().unwrap_or_default())
        })
        .collect();
    snapshot
}

fn rollout(deployment: &types::Deployment) -> Rollout {
    let status = RolloutStatus::from(deployment.status().unwrap_or_default());
    let mut rollout =
        Rollout::new(deployment.id().unwrap_or_default(), status, deployment.task_definition().unwrap_or_default())
            .with_counts(
                count(deployment.desired_count()),
                count(deployment.pending_count()),
                count(deployment.running_count()),
                count(deployment.failed_tasks()),
            );
    rollout.state = deployment.rollout_state().map(|state| RolloutState::from(state.as_str()));
    rollout.reason = deployment.rollout_state_reason().map(str::to_owned);
    rollout
}

pub(super) fn stopped(task: &types::Task) -> StoppedTask {
    let mut stopped = StoppedTask {
        arn: task.task_arn().unwrap_or_default().to_owned(),
        task_definition: task.task_definition_arn().unwrap_or_default().to_owned(),
        started_by: task.started_by().map(str::to_owned),
        stop_code: task.stop_code().map(|code| code.as_str().to_owned()),
        stopped_reason: task.stopped_reason().map(str::to_owned),
        stopped_at: task.stopped_at().and_then(time),
        containers: Vec::new(),
    };
    for container in task.containers() {
        stopped.containers.push(StoppedContainer {
            name: container.name().unwrap_or_default().to_owned(),
            exit_code: container.exit_code(),
            reason: container.reason().map(str::to_owned),
        });
    }
    stopped
}

/// Counts are never negative; the API has signed numbers.
fn count(number: i32) -> u32 {
    u32::try_from(number).unwrap_or_default()
}

pub(super) fn time(at: &DateTime) -> Option<SystemTime> {
    SystemTime::try_from(*at).ok()
}

pub(super) fn task(task: &types::Task) -> Task {
    let mut shown = Task::new(task.last_status().unwrap_or_default(), stopped(task));
    shown.started_at = task.started_at().and_then(time);
    shown
}

pub(super) fn failure(failure: &types::Failure) -> ResourceFailure {
    let reason = failure.reason().unwrap_or_default();
    let mut shown = ResourceFailure::new(failure.arn().map(str::to_owned), reason);
    shown.detail = failure.detail().map(str::to_owned);
    shown
}

//! The adapter over the AWS SDK (feature `sdk`).
//!
//! Requests that carry a whole task definition or service are sent as the JSON that they are, and descriptions are taken
//! from the answer's bytes: the SDK's types know the fields of their day, and would silently drop all others.

use std::cmp::Reverse;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use async_trait::async_trait;
use aws_call::{CallError, Fault};
use aws_sdk_ecs::Client;
use aws_sdk_ecs::config::http::HttpRequest;
use aws_sdk_ecs::error::BoxError;
use aws_sdk_ecs::operation::RequestId as _;
use aws_sdk_ecs::types::{self, DesiredStatus, SortOrder, TaskDefinitionField, TaskDefinitionStatus};
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::AfterDeserializationInterceptorContextRef;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::DateTime;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::ConfigBag;
use serde_json::Value as Json;

use super::{
    CircuitBreaker, Controller, CreateService, ListRevisions, Registered, Rollout, RolloutState, RolloutStatus,
    ServiceDeployment, ServiceEvent, ServiceId, ServiceSnapshot, Services, StoppedContainer, StoppedTask,
    TaskDefinitions, UpdateService,
};
use crate::Body;

/// How many tasks `DescribeTasks` takes at a time.
const TASKS_PER_CALL: usize = 100;

/// ECS, through the SDK.
#[derive(Clone, Debug)]
pub struct Ecs {
    client: Client,
}

impl Ecs {
    /// ECS through this client, which brings region, credentials and TLS.
    #[must_use]
    pub const fn new(client: Client) -> Self {
        Self { client }
    }
}

impl From<Client> for Ecs {
    fn from(client: Client) -> Self {
        Self::new(client)
    }
}

#[async_trait]
impl TaskDefinitions for Ecs {
    async fn register(&self, body: &Body) -> Result<Registered, CallError> {
        const OPERATION: &str = "RegisterTaskDefinition";
        let answer = self
            .client
            .register_task_definition()
            .family(body.family())
            .customize()
            .mutate_request(raw(body.to_text()))
            .send()
            .await
            .map_err(|error| CallError::from_sdk(OPERATION, error))?;
        let registered = answer.task_definition().and_then(|registered| {
            let revision = u32::try_from(registered.revision()).ok()?;
            Some(Registered::new(registered.task_definition_arn()?, registered.family()?, revision))
        });
        registered.ok_or_else(|| incomplete(OPERATION, "taskDefinition"))
    }

    async fn describe(&self, task_definition: &str) -> Result<Json, CallError> {
        const OPERATION: &str = "DescribeTaskDefinition";
        let bytes = Arc::new(Mutex::new(None));
        let answer = self
            .client
            .describe_task_definition()
            .task_definition(task_definition)
            .include(TaskDefinitionField::Tags)
            .customize()
            .interceptor(Keep { bytes: Arc::clone(&bytes) })
            .send()
            .await;
        answer.map_err(|error| CallError::from_sdk(OPERATION, error))?;
        // Nothing under the lock can panic.
        let bytes = bytes.lock().unwrap_or_else(PoisonError::into_inner).take();
        let bytes: Vec<u8> = bytes.ok_or_else(|| incomplete(OPERATION, "body"))?;
        serde_json::from_slice(&bytes).map_err(|error| {
            CallError::new(OPERATION, Fault::Other).with_message("the answer is not JSON").with_source(error)
        })
    }

    async fn deregister(&self, task_definition: &str) -> Result<(), CallError> {
        let call = self.client.deregister_task_definition().task_definition(task_definition).send().await;
        call.map(|_| ()).map_err(|error| CallError::from_sdk("DeregisterTaskDefinition", error))
    }

    async fn list(&self, request: &ListRevisions) -> Result<Vec<String>, CallError> {
        let mut pages = self
            .client
            .list_task_definitions()
            .family_prefix(&request.family)
            .status(TaskDefinitionStatus::from(request.status))
            .sort(SortOrder::Desc)
            .into_paginator()
            .send();
        let mut arns = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| CallError::from_sdk("ListTaskDefinitions", error))?;
            arns.extend(page.task_definition_arns().iter().cloned());
        }
        Ok(arns)
    }
}

#[async_trait]
impl Services for Ecs {
    async fn describe_service(&self, id: &ServiceId) -> Result<ServiceSnapshot, CallError> {
        const OPERATION: &str = "DescribeServices";
        let answer = self
            .client
            .describe_services()
            .cluster(&id.cluster)
            .services(&id.service)
            .send()
            .await
            .map_err(|error| CallError::from_sdk(OPERATION, error))?;
        if let Some(service) = answer.services().first() {
            return Ok(snapshot(service));
        }
        let reason = answer.failures().first().and_then(types::Failure::reason).unwrap_or("MISSING");
        let message = format!("Service not found: {reason}.");
        let error = CallError::service(OPERATION, "ServiceNotFoundException", message);
        Err(match answer.request_id() {
            Some(id) => error.with_request_id(id),
            None => error,
        })
    }

    async fn create_service(&self, request: &CreateService) -> Result<ServiceSnapshot, CallError> {
        const OPERATION: &str = "CreateService";
        let answer = self
            .client
            .create_service()
            .service_name(&request.id.service)
            .customize()
            .mutate_request(raw(request.to_json().to_string()))
            .send()
            .await
            .map_err(|error| CallError::from_sdk(OPERATION, error))?;
        answer.service().map(snapshot).ok_or_else(|| incomplete(OPERATION, "service"))
    }

    async fn update_service(&self, request: &UpdateService) -> Result<ServiceSnapshot, CallError> {
        const OPERATION: &str = "UpdateService";
        let answer = self
            .client
            .update_service()
            .service(&request.id.service)
            .customize()
            .mutate_request(raw(request.to_json().to_string()))
            .send()
            .await
            .map_err(|error| CallError::from_sdk(OPERATION, error))?;
        answer.service().map(snapshot).ok_or_else(|| incomplete(OPERATION, "service"))
    }

    async fn stopped_tasks(&self, id: &ServiceId, started_by: &str) -> Result<Vec<StoppedTask>, CallError> {
        // `startedBy` cannot be combined with another filter, so the service's tasks are listed and sifted here.
        let mut pages = self
            .client
            .list_tasks()
            .cluster(&id.cluster)
            .service_name(&id.service)
            .desired_status(DesiredStatus::Stopped)
            .into_paginator()
            .send();
        let mut arns = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| CallError::from_sdk("ListTasks", error))?;
            arns.extend(page.task_arns().iter().cloned());
        }
        let mut tasks = Vec::new();
        for some in arns.chunks(TASKS_PER_CALL) {
            let answer = self
                .client
                .describe_tasks()
                .cluster(&id.cluster)
                .set_tasks(Some(some.to_vec()))
                .send()
                .await
                .map_err(|error| CallError::from_sdk("DescribeTasks", error))?;
            tasks.extend(answer.tasks().iter().filter(|task| task.started_by() == Some(started_by)).map(stopped));
        }
        Ok(tasks)
    }

    async fn list_service_deployments(&self, id: &ServiceId) -> Result<Vec<ServiceDeployment>, CallError> {
        let mut deployments = Vec::new();
        let mut token = None;
        loop {
            let answer = self
                .client
                .list_service_deployments()
                .cluster(&id.cluster)
                .service(&id.service)
                .set_next_token(token)
                .send()
                .await
                .map_err(|error| CallError::from_sdk("ListServiceDeployments", error))?;
            deployments.extend(answer.service_deployments().iter().map(deployment));
            token = answer.next_token().map(str::to_owned);
            if token.is_none() {
                newest_first(&mut deployments);
                return Ok(deployments);
            }
        }
    }
}

/// Puts JSON in the place of the request's body. It runs for each attempt, before the attempt is signed.
fn raw(json: String) -> impl Fn(&mut HttpRequest) + Send + Sync + 'static {
    move |request| {
        let length = json.len().to_string();
        *request.body_mut() = SdkBody::from(json.clone());
        request.headers_mut().insert("content-length", length);
    }
}

/// Keeps the bytes of the answer.
#[derive(Debug)]
struct Keep {
    bytes: Arc<Mutex<Option<Vec<u8>>>>,
}

impl Intercept for Keep {
    fn name(&self) -> &'static str {
        "KeepAnswer"
    }

    // Not before: until the SDK has read it, the body is a stream, and its bytes are not there.
    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let bytes = context.response().body().bytes().map(<[u8]>::to_vec);
        *self.bytes.lock().unwrap_or_else(PoisonError::into_inner) = bytes;
        Ok(())
    }
}

fn incomplete(operation: &'static str, what: &str) -> CallError {
    CallError::new(operation, Fault::Other).with_message(format!("the answer lacks `{what}`"))
}

fn snapshot(service: &types::Service) -> ServiceSnapshot {
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

fn stopped(task: &types::Task) -> StoppedTask {
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

fn deployment(brief: &types::ServiceDeploymentBrief) -> ServiceDeployment {
    let status = brief.status().map_or("", |status| status.as_str());
    let mut deployment = ServiceDeployment::new(brief.service_deployment_arn().unwrap_or_default(), status);
    deployment.status_reason = brief.status_reason().map(str::to_owned);
    deployment.target_service_revision = brief.target_service_revision_arn().map(str::to_owned);
    deployment.created_at = brief.created_at().and_then(time);
    deployment
}

/// The API documents no order. Equal times stay as they came, and what has no time goes last.
fn newest_first(deployments: &mut [ServiceDeployment]) {
    deployments.sort_by_key(|deployment| Reverse(deployment.created_at));
}

/// Counts are never negative; the API has signed numbers.
fn count(number: i32) -> u32 {
    u32::try_from(number).unwrap_or_default()
}

fn time(at: &DateTime) -> Option<SystemTime> {
    SystemTime::try_from(*at).ok()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn service_deployments_come_newest_first() {
        let mut deployments: Vec<ServiceDeployment> =
            [("a", Some(10)), ("none", None), ("b", Some(30)), ("c", Some(20))]
                .into_iter()
                .map(|(arn, seconds)| {
                    let mut deployment = ServiceDeployment::new(arn, "SUCCESSFUL");
                    deployment.created_at =
                        seconds.map(|seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds));
                    deployment
                })
                .collect();
        newest_first(&mut deployments);
        let order: Vec<&str> = deployments.iter().map(|deployment| deployment.arn.as_str()).collect();
        assert_eq!(order, ["b", "c", "a", "none"]);
    }
}

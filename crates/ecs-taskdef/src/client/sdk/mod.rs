//! The adapter over the AWS SDK (feature `sdk`).
//!
//! Requests that carry a whole task definition or service are sent as the JSON that they are, and descriptions are taken
//! from the answer's bytes: the SDK's types know the fields of their day, and would silently drop all others.

mod account;
mod convert;
mod deployments;
mod events;
mod logs;
mod scaling;
mod tasks;

use std::sync::{Arc, Mutex, PoisonError};

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
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::ConfigBag;
use serde_json::Value as Json;

use self::convert::{snapshot, stopped};
pub use self::events::EventBridge;
pub use self::logs::CloudWatchLogs;
pub use self::scaling::ApplicationAutoScaling;
use super::{
    CreateService, ListRevisions, Registered, ServiceId, ServiceSnapshot, Services, StoppedTask, TaskDefinitions,
    UpdateService,
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
        let keep = Keep::default();
        let answer = self
            .client
            .describe_task_definition()
            .task_definition(task_definition)
            .include(TaskDefinitionField::Tags)
            .customize()
            .interceptor(keep.clone())
            .send()
            .await;
        answer.map_err(|error| CallError::from_sdk(OPERATION, error))?;
        keep.json(OPERATION)
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
        let tasks = self.tasks(&id.cluster, &arns).await?;
        Ok(tasks.iter().filter(|task| task.started_by() == Some(started_by)).map(stopped).collect())
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
#[derive(Clone, Debug, Default)]
struct Keep {
    bytes: Arc<Mutex<Option<Vec<u8>>>>,
}

impl Keep {
    /// The answer as it came.
    fn json(&self, operation: &'static str) -> Result<Json, CallError> {
        // Nothing under the lock can panic.
        let bytes = self.bytes.lock().unwrap_or_else(PoisonError::into_inner).take();
        let bytes: Vec<u8> = bytes.ok_or_else(|| incomplete(operation, "body"))?;
        serde_json::from_slice(&bytes).map_err(|error| {
            CallError::new(operation, Fault::Other).with_message("the answer is not JSON").with_source(error)
        })
    }
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

//! Breaks a client on purpose, call by call, by a script: what a deployment must survive.

mod roles;

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use aws_call::CallError;
use aws_call::faulty::{Fault, Faults, Script};
use serde_json::Value as Json;

use super::{
    CreateService, ListRevisions, Registered, ServiceDeployment, ServiceId, ServiceSnapshot, Services, StoppedTask,
    Task, TaskDefinitions, UpdateService,
};
use crate::Body;

/// A client that fails as its script says.
#[derive(Debug)]
pub struct Faulty<T> {
    inner: T,
    faults: Faults,
    /// The last fresh answers: what a stale read gives.
    seen: Mutex<Seen>,
}

/// The last fresh answer to each question.
#[derive(Debug, Default)]
struct Seen {
    services: BTreeMap<ServiceId, ServiceSnapshot>,
    documents: BTreeMap<String, Json>,
    lists: BTreeMap<String, Vec<String>>,
    deployments: BTreeMap<String, Vec<ServiceDeployment>>,
    tasks: BTreeMap<String, Vec<Task>>,
}

impl<T> Faulty<T> {
    /// Breaks `inner` by `script`.
    #[must_use]
    pub fn new(inner: T, script: Script) -> Self {
        Self { inner, faults: Faults::new(script, "ServerException"), seen: Mutex::default() }
    }

    /// The client behind the faults.
    #[must_use]
    pub fn inner(&self) -> &T {
        &self.inner
    }

    /// How often an operation was called.
    #[must_use]
    pub fn calls(&self, operation: &str) -> usize {
        self.faults.calls(operation)
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        // Nothing under the lock can panic.
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A look that may be answered with what was seen before.
    async fn look<A>(
        &self,
        operation: &'static str,
        seen: impl Fn(&mut Seen) -> Option<&mut A> + Send,
        keep: impl FnOnce(&mut Seen, A) + Send,
        call: impl Future<Output = Result<A, CallError>> + Send,
    ) -> Result<A, CallError>
    where
        T: Sync,
        A: Clone + Send,
    {
        let fault = self.faults.begin(operation)?;
        if fault == Fault::Stale
            && let Some(old) = seen(&mut self.seen())
        {
            return Ok(old.clone());
        }
        let answer = call.await;
        if let Ok(fresh) = &answer {
            keep(&mut self.seen(), fresh.clone());
        }
        fault.answer(operation, answer)
    }
}

#[async_trait]
impl<T: TaskDefinitions> TaskDefinitions for Faulty<T> {
    async fn register(&self, body: &Body) -> Result<Registered, CallError> {
        self.faults.call("RegisterTaskDefinition", self.inner.register(body)).await
    }

    async fn describe(&self, task_definition: &str) -> Result<Json, CallError> {
        let key = task_definition.to_owned();
        let keep = |seen: &mut Seen, fresh| drop(seen.documents.insert(key, fresh));
        let call = self.inner.describe(task_definition);
        self.look("DescribeTaskDefinition", |seen| seen.documents.get_mut(task_definition), keep, call).await
    }

    async fn deregister(&self, task_definition: &str) -> Result<(), CallError> {
        self.faults.call("DeregisterTaskDefinition", self.inner.deregister(task_definition)).await
    }

    async fn list(&self, request: &ListRevisions) -> Result<Vec<String>, CallError> {
        let key = format!("{} {}", request.status, request.family);
        let kept = key.clone();
        let keep = |seen: &mut Seen, fresh| drop(seen.lists.insert(kept, fresh));
        self.look("ListTaskDefinitions", |seen| seen.lists.get_mut(&key), keep, self.inner.list(request)).await
    }
}

#[async_trait]
impl<T: Services> Services for Faulty<T> {
    async fn describe_service(&self, id: &ServiceId) -> Result<ServiceSnapshot, CallError> {
        let keep = |seen: &mut Seen, fresh| drop(seen.services.insert(id.clone(), fresh));
        let call = self.inner.describe_service(id);
        self.look("DescribeServices", |seen| seen.services.get_mut(id), keep, call).await
    }

    async fn create_service(&self, request: &CreateService) -> Result<ServiceSnapshot, CallError> {
        self.faults.call("CreateService", self.inner.create_service(request)).await
    }

    async fn update_service(&self, request: &UpdateService) -> Result<ServiceSnapshot, CallError> {
        self.faults.call("UpdateService", self.inner.update_service(request)).await
    }

    async fn stopped_tasks(&self, id: &ServiceId, started_by: &str) -> Result<Vec<StoppedTask>, CallError> {
        self.faults.call("DescribeTasks", self.inner.stopped_tasks(id, started_by)).await
    }
}

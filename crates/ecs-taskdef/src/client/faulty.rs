//! Breaks a client on purpose, call by call, by a script: what a deployment must survive.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use aws_call::CallError;
use serde_json::Value as Json;

use super::{
    CreateService, ListRevisions, Registered, ServiceDeployment, ServiceId, ServiceSnapshot, Services, StoppedTask,
    TaskDefinitions, UpdateService,
};
use crate::Body;

/// What goes wrong with one call.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// Nothing.
    None,
    /// `ThrottlingException`; the call has no effect.
    Throttle,
    /// `ServerException`, HTTP 500; the call has no effect.
    Unavailable,
    /// No answer. The call has its effect: the caller cannot know.
    LostAnswer,
    /// The answer of an earlier moment; only for `DescribeServices`, nothing for other calls.
    Stale,
    /// Any other error, by code and message; the call has no effect.
    Error(&'static str, String),
}

/// Faults by operation, in the order of the calls. Calls beyond the end of a list go well.
#[derive(Debug, Default)]
pub struct Script {
    faults: BTreeMap<&'static str, VecDeque<Fault>>,
}

impl Script {
    /// A script without faults.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds faults for the next calls of an operation, as the API names it: `DescribeServices`.
    #[must_use]
    pub fn on(mut self, operation: &'static str, faults: impl IntoIterator<Item = Fault>) -> Self {
        self.faults.entry(operation).or_default().extend(faults);
        self
    }
}

/// A client that fails as its script says.
#[derive(Debug)]
pub struct Faulty<T> {
    inner: T,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    script: Script,
    /// The last fresh answer about each service: what a stale read gives.
    seen: BTreeMap<ServiceId, ServiceSnapshot>,
    calls: BTreeMap<&'static str, usize>,
}

impl<T> Faulty<T> {
    /// Breaks `inner` by `script`.
    #[must_use]
    pub fn new(inner: T, script: Script) -> Self {
        Self { inner, state: Mutex::new(State { script, seen: BTreeMap::new(), calls: BTreeMap::new() }) }
    }

    /// The client behind the faults.
    #[must_use]
    pub fn inner(&self) -> &T {
        &self.inner
    }

    /// How often an operation was called.
    #[must_use]
    pub fn calls(&self, operation: &str) -> usize {
        self.lock().calls.get(operation).copied().unwrap_or_default()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing under the lock can panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn next(&self, operation: &'static str) -> Fault {
        let mut state = self.lock();
        *state.calls.entry(operation).or_default() += 1;
        state.script.faults.get_mut(operation).and_then(VecDeque::pop_front).unwrap_or(Fault::None)
    }

    /// The fault of a call that must not reach the service.
    fn refuse(fault: &Fault, operation: &'static str) -> Result<(), CallError> {
        match fault {
            Fault::Throttle => Err(CallError::service(operation, "ThrottlingException", "Rate exceeded")),
            Fault::Unavailable => {
                Err(CallError::service(operation, "ServerException", "Service Unavailable").with_http_status(500))
            }
            Fault::Error(code, message) => Err(CallError::service(operation, *code, message.clone())),
            Fault::None | Fault::LostAnswer | Fault::Stale => Ok(()),
        }
    }

    fn answer<A>(fault: &Fault, operation: &'static str, answer: Result<A, CallError>) -> Result<A, CallError> {
        match fault {
            Fault::LostAnswer => Err(CallError::new(operation, aws_call::Fault::Timeout).with_message("no answer")),
            _ => answer,
        }
    }
}

#[async_trait]
impl<T: TaskDefinitions> TaskDefinitions for Faulty<T> {
    async fn register(&self, body: &Body) -> Result<Registered, CallError> {
        const OPERATION: &str = "RegisterTaskDefinition";
        let fault = self.next(OPERATION);
        Self::refuse(&fault, OPERATION)?;
        Self::answer(&fault, OPERATION, self.inner.register(body).await)
    }

    async fn describe(&self, task_definition: &str) -> Result<Json, CallError> {
        const OPERATION: &str = "DescribeTaskDefinition";
        let fault = self.next(OPERATION);
        Self::refuse(&fault, OPERATION)?;
        Self::answer(&fault, OPERATION, self.inner.describe(task_definition).await)
    }

    async fn deregister(&self, task_definition: &str) -> Result<(), CallError> {
        const OPERATION: &str = "DeregisterTaskDefinition";
        let fault = self.next(OPERATION);
        Self::refuse(&fault, OPERATION)?;
        Self::answer(&fault, OPERATION, self.inner.deregister(task_definition).await)
    }

    async fn list(&self, request: &ListRevisions) -> Result<Vec<String>, CallError> {
        const OPERATION: &str = "ListTaskDefinitions";
        let fault = self.next(OPERATION);
        Self::refuse(&fault, OPERATION)?;
        Self::answer(&fault, OPERATION, self.inner.list(request).await)
    }
}

#[async_trait]
impl<T: Services> Services for Faulty<T> {
    async fn describe_service(&self, id: &ServiceId) -> Result<ServiceSnapshot, CallError> {
        const OPERATION: &str = "DescribeServices";
        let fault = self.next(OPERATION);
        Self::refuse(&fault, OPERATION)?;
        if fault == Fault::Stale
            && let Some(old) = self.lock().seen.get(id)
        {
            return Ok(old.clone());
        }
        let answer = self.inner.describe_service(id).await;
        if let Ok(fresh) = &answer {
            self.lock().seen.insert(id.clone(), fresh.clone());
        }
        Self::answer(&fault, OPERATION, answer)
    }

    async fn create_service(&self, request: &CreateService) -> Result<ServiceSnapshot, CallError> {
        const OPERATION: &str = "CreateService";
        let fault = self.next(OPERATION);
        Self::refuse(&fault, OPERATION)?;
        Self::answer(&fault, OPERATION, self.inner.create_service(request).await)
    }

    async fn update_service(&self, request: &UpdateService) -> Result<ServiceSnapshot, CallError> {
        const OPERATION: &str = "UpdateService";
        let fault = self.next(OPERATION);
        Self::refuse(&fault, OPERATION)?;
        Self::answer(&fault, OPERATION, self.inner.update_service(request).await)
    }

    async fn stopped_tasks(&self, id: &ServiceId, started_by: &str) -> Result<Vec<StoppedTask>, CallError> {
        const OPERATION: &str = "DescribeTasks";
        let fault = self.next(OPERATION);
        Self::refuse(&fault, OPERATION)?;
        Self::answer(&fault, OPERATION, self.inner.stopped_tasks(id, started_by).await)
    }

    async fn list_service_deployments(&self, id: &ServiceId) -> Result<Vec<ServiceDeployment>, CallError> {
        const OPERATION: &str = "ListServiceDeployments";
        let fault = self.next(OPERATION);
        Self::refuse(&fault, OPERATION)?;
        Self::answer(&fault, OPERATION, self.inner.list_service_deployments(id).await)
    }
}

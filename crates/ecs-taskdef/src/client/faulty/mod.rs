//! Breaks a client on purpose, call by call, by a script: what a deployment must survive.

mod roles;

use std::collections::{BTreeMap, VecDeque};
use std::future::Future;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use aws_call::CallError;
use serde_json::Value as Json;

use super::{
    CreateService, ListRevisions, Registered, ServiceDeployment, ServiceId, ServiceSnapshot, Services, StoppedTask,
    Task, TaskDefinitions, UpdateService,
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
    /// The answer of an earlier moment, for calls that look; nothing for those that change something, and nothing for the
    /// first look.
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
    /// The last fresh answers: what a stale read gives.
    seen: Seen,
    calls: BTreeMap<&'static str, usize>,
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
        Self { inner, state: Mutex::new(State { script, seen: Seen::default(), calls: BTreeMap::new() }) }
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
        let fault = self.next(operation);
        Self::refuse(&fault, operation)?;
        if fault == Fault::Stale
            && let Some(old) = seen(&mut self.lock().seen)
        {
            return Ok(old.clone());
        }
        let answer = call.await;
        if let Ok(fresh) = &answer {
            keep(&mut self.lock().seen, fresh.clone());
        }
        Self::answer(&fault, operation, answer)
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
        let key = task_definition.to_owned();
        let keep = |seen: &mut Seen, fresh| drop(seen.documents.insert(key, fresh));
        let call = self.inner.describe(task_definition);
        self.look("DescribeTaskDefinition", |seen| seen.documents.get_mut(task_definition), keep, call).await
    }

    async fn deregister(&self, task_definition: &str) -> Result<(), CallError> {
        const OPERATION: &str = "DeregisterTaskDefinition";
        let fault = self.next(OPERATION);
        Self::refuse(&fault, OPERATION)?;
        Self::answer(&fault, OPERATION, self.inner.deregister(task_definition).await)
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
}

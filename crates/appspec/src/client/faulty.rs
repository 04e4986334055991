//! Breaks a client on purpose, call by call, by a script: what a deployment must survive.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use aws_call::CallError;

use super::{
    CreateDeployment, Deployment, DeploymentId, DeploymentWaitType, Deployments, HookStatus, PutHookStatus,
    StopDeployment, StopStatus, Target, Targets,
};

/// What goes wrong with one call.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// Nothing.
    None,
    /// `ThrottlingException`; the call has no effect.
    Throttle,
    /// `InternalServerError`, HTTP 500; the call has no effect.
    Unavailable,
    /// The connection breaks before the call arrives.
    Cut,
    /// No answer. The call has its effect: the caller cannot know.
    LostAnswer,
    /// The answer of an earlier moment; only for `GetDeployment`, nothing for other calls.
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

    /// Adds faults for the next calls of an operation, as the API names it: `GetDeployment`.
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
    /// The last fresh answer about each deployment: what a stale read gives.
    seen: BTreeMap<DeploymentId, Deployment>,
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
            Fault::Unavailable => Err(CallError::service(operation, "InternalServerError", "").with_http_status(500)),
            Fault::Cut => {
                Err(CallError::new(operation, aws_call::Fault::Connection).with_message("connection reset by peer"))
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
impl<T: Deployments> Deployments for Faulty<T> {
    async fn create_deployment(&self, request: &CreateDeployment) -> Result<DeploymentId, CallError> {
        const OPERATION: &str = "CreateDeployment";
        let fault = self.next(OPERATION);
        Self::refuse(&fault, OPERATION)?;
        Self::answer(&fault, OPERATION, self.inner.create_deployment(request).await)
    }

    async fn get_deployment(&self, id: &DeploymentId) -> Result<Deployment, CallError> {
        const OPERATION: &str = "GetDeployment";
        let fault = self.next(OPERATION);
        Self::refuse(&fault, OPERATION)?;
        if fault == Fault::Stale
            && let Some(old) = self.lock().seen.get(id)
        {
            return Ok(old.clone());
        }
        let answer = self.inner.get_deployment(id).await;
        if let Ok(fresh) = &answer {
            self.lock().seen.insert(id.clone(), fresh.clone());
        }
        Self::answer(&fault, OPERATION, answer)
    }

    async fn list_deployments(&self, application: &str, group: &str) -> Result<Vec<DeploymentId>, CallError> {
        const OPERATION: &str = "ListDeployments";
        let fault = self.next(OPERATION);
        Self::refuse(&fault, OPERATION)?;
        Self::answer(&fault, OPERATION, self.inner.list_deployments(application, group).await)
    }

    async fn continue_deployment(&self, id: &DeploymentId, wait: &DeploymentWaitType) -> Result<(), CallError> {
        const OPERATION: &str = "ContinueDeployment";
        let fault = self.next(OPERATION);
        Self::refuse(&fault, OPERATION)?;
        Self::answer(&fault, OPERATION, self.inner.continue_deployment(id, wait).await)
    }

    async fn stop_deployment(&self, request: &StopDeployment) -> Result<StopStatus, CallError> {
        const OPERATION: &str = "StopDeployment";
        let fault = self.next(OPERATION);
        Self::refuse(&fault, OPERATION)?;
        Self::answer(&fault, OPERATION, self.inner.stop_deployment(request).await)
    }
}

#[async_trait]
impl<T: Targets> Targets for Faulty<T> {
    async fn list_deployment_targets(&self, id: &DeploymentId) -> Result<Vec<String>, CallError> {
        const OPERATION: &str = "ListDeploymentTargets";
        let fault = self.next(OPERATION);
        Self::refuse(&fault, OPERATION)?;
        Self::answer(&fault, OPERATION, self.inner.list_deployment_targets(id).await)
    }

    async fn batch_get_deployment_targets(
        &self,
        id: &DeploymentId,
        targets: &[String],
    ) -> Result<Vec<Target>, CallError> {
        const OPERATION: &str = "BatchGetDeploymentTargets";
        let fault = self.next(OPERATION);
        Self::refuse(&fault, OPERATION)?;
        Self::answer(&fault, OPERATION, self.inner.batch_get_deployment_targets(id, targets).await)
    }
}

#[async_trait]
impl<T: HookStatus> HookStatus for Faulty<T> {
    async fn put_lifecycle_event_hook_execution_status(&self, request: &PutHookStatus) -> Result<String, CallError> {
        const OPERATION: &str = "PutLifecycleEventHookExecutionStatus";
        let fault = self.next(OPERATION);
        Self::refuse(&fault, OPERATION)?;
        Self::answer(&fault, OPERATION, self.inner.put_lifecycle_event_hook_execution_status(request).await)
    }
}

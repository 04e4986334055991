//! Breaks a client on purpose, call by call, by a script: what a deployment must survive.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use aws_call::CallError;
use aws_call::faulty::{Fault, Faults, Script};

use super::{
    CreateDeployment, Deployment, DeploymentId, DeploymentWaitType, Deployments, HookStatus, PutHookStatus,
    StopDeployment, StopStatus, Target, Targets,
};

/// A client that fails as its script says.
#[derive(Debug)]
pub struct Faulty<T> {
    inner: T,
    faults: Faults,
    /// The last fresh answer about each deployment: what a stale read gives.
    seen: Mutex<BTreeMap<DeploymentId, Deployment>>,
}

impl<T> Faulty<T> {
    /// Breaks `inner` by `script`. Only `GetDeployment` can be stale.
    #[must_use]
    pub fn new(inner: T, script: Script) -> Self {
        Self { inner, faults: Faults::new(script, "InternalServerError"), seen: Mutex::default() }
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

    fn seen(&self) -> MutexGuard<'_, BTreeMap<DeploymentId, Deployment>> {
        // Nothing under the lock can panic.
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl<T: Deployments> Deployments for Faulty<T> {
    async fn create_deployment(&self, request: &CreateDeployment) -> Result<DeploymentId, CallError> {
        self.faults.call("CreateDeployment", self.inner.create_deployment(request)).await
    }

    async fn get_deployment(&self, id: &DeploymentId) -> Result<Deployment, CallError> {
        const OPERATION: &str = "GetDeployment";
        let fault = self.faults.begin(OPERATION)?;
        if fault == Fault::Stale
            && let Some(old) = self.seen().get(id)
        {
            return Ok(old.clone());
        }
        let answer = self.inner.get_deployment(id).await;
        if let Ok(fresh) = &answer {
            self.seen().insert(id.clone(), fresh.clone());
        }
        fault.answer(OPERATION, answer)
    }

    async fn list_deployments(&self, application: &str, group: &str) -> Result<Vec<DeploymentId>, CallError> {
        self.faults.call("ListDeployments", self.inner.list_deployments(application, group)).await
    }

    async fn continue_deployment(&self, id: &DeploymentId, wait: &DeploymentWaitType) -> Result<(), CallError> {
        self.faults.call("ContinueDeployment", self.inner.continue_deployment(id, wait)).await
    }

    async fn stop_deployment(&self, request: &StopDeployment) -> Result<StopStatus, CallError> {
        self.faults.call("StopDeployment", self.inner.stop_deployment(request)).await
    }
}

#[async_trait]
impl<T: Targets> Targets for Faulty<T> {
    async fn list_deployment_targets(&self, id: &DeploymentId) -> Result<Vec<String>, CallError> {
        self.faults.call("ListDeploymentTargets", self.inner.list_deployment_targets(id)).await
    }

    async fn batch_get_deployment_targets(
        &self,
        id: &DeploymentId,
        targets: &[String],
    ) -> Result<Vec<Target>, CallError> {
        self.faults.call("BatchGetDeploymentTargets", self.inner.batch_get_deployment_targets(id, targets)).await
    }
}

#[async_trait]
impl<T: HookStatus> HookStatus for Faulty<T> {
    async fn put_lifecycle_event_hook_execution_status(&self, request: &PutHookStatus) -> Result<String, CallError> {
        self.faults
            .call("PutLifecycleEventHookExecutionStatus", self.inner.put_lifecycle_event_hook_execution_status(request))
            .await
    }
}

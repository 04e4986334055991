//! What this crate needs from CodeDeploy, as two small roles.
//!
//! [`Deployments`] is what [`crate::Deployer`] drives; [`HookStatus`] is what a validation hook
//! calls back. Both speak this crate's own types, so an in-memory service, the AWS adapter and a
//! user's wrapper look the same to everything above.

mod types;

#[cfg(feature = "memory")]
pub mod memory;
#[cfg(feature = "sdk")]
pub mod sdk;

use std::sync::Arc;

use async_trait::async_trait;
use aws_call::CallError;

pub use types::{
    AutoRollbackEvent, BundleType, ComputePlatform, CreateDeployment, Deployment, DeploymentId, DeploymentOverview,
    DeploymentStatus, ErrorInformation, HookExecutionStatus, PutHookStatus, RevisionLocation, RollbackInfo,
    StopDeployment, StopStatus,
};

/// Starts, reads and stops deployments.
#[async_trait]
pub trait Deployments: Send + Sync {
    /// Starts a deployment. Not idempotent: a call whose answer was lost may have started one.
    async fn create_deployment(&self, request: &CreateDeployment) -> Result<DeploymentId, CallError>;

    /// Reads the present state of a deployment.
    async fn get_deployment(&self, id: &DeploymentId) -> Result<Deployment, CallError>;

    /// Asks a deployment to stop.
    async fn stop_deployment(&self, request: &StopDeployment) -> Result<StopStatus, CallError>;
}

/// Reports the verdict of a validation hook.
#[async_trait]
pub trait HookStatus: Send + Sync {
    /// Reports `Succeeded` or `Failed` for one execution of a hook; must arrive within one hour of
    /// the invocation. Answers the execution id.
    async fn put_lifecycle_event_hook_execution_status(&self, request: &PutHookStatus) -> Result<String, CallError>;
}

#[async_trait]
impl<T: Deployments + ?Sized> Deployments for Arc<T> {
    async fn create_deployment(&self, request: &CreateDeployment) -> Result<DeploymentId, CallError> {
        (**self).create_deployment(request).await
    }

    async fn get_deployment(&self, id: &DeploymentId) -> Result<Deployment, CallError> {
        (**self).get_deployment(id).await
    }

    async fn stop_deployment(&self, request: &StopDeployment) -> Result<StopStatus, CallError> {
        (**self).stop_deployment(request).await
    }
}

#[async_trait]
impl<T: HookStatus + ?Sized> HookStatus for Arc<T> {
    async fn put_lifecycle_event_hook_execution_status(&self, request: &PutHookStatus) -> Result<String, CallError> {
        (**self).put_lifecycle_event_hook_execution_status(request).await
    }
}

const _: fn(&dyn Deployments) = |_| ();
const _: fn(&dyn HookStatus) = |_| ();

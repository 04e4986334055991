//! What can go wrong besides the user's input, which becomes diagnostics and never an error.

use aws_call::CallError;

use crate::client::DeploymentId;

/// An error of this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A call to CodeDeploy failed before a deployment existed.
    #[error(transparent)]
    Call(#[from] CallError),
    /// A deployment runs, and its state cannot be read any more.
    #[error(transparent)]
    LostSight(#[from] LostSight),
}

/// A deployment whose state could not be read; it may still be running.
#[derive(Debug, thiserror::Error)]
#[error(
    "the state of deployment {deployment_id} could not be read; it may still be running, look it up before you deploy again"
)]
pub struct LostSight {
    deployment_id: DeploymentId,
    #[source]
    source: CallError,
}

impl LostSight {
    pub(crate) fn new(deployment_id: DeploymentId, source: CallError) -> Self {
        Self { deployment_id, source }
    }

    /// The deployment that may still be running.
    #[must_use]
    pub fn deployment_id(&self) -> &DeploymentId {
        &self.deployment_id
    }

    /// The last failed call.
    #[must_use]
    pub fn call(&self) -> &CallError {
        &self.source
    }
}

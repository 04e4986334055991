//! What ends a deployment before there is an outcome to tell.

use aws_call::CallError;

use crate::BodyError;
use crate::client::{Controller, ServiceId};

/// A deployment could not be begun, or could not be followed.
///
/// A deployment that fails is no error: it is a [`Deployment`](crate::deploy::Deployment) with that outcome.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The task definition makes no request.
    #[error(transparent)]
    Body(#[from] BodyError),
    /// A call failed before anything was changed in the service.
    #[error(transparent)]
    Call(#[from] CallError),
    /// An image is yet to be filled in.
    #[error(
        "the image of container `{container}` still holds the placeholder `{placeholder}`; fill it in before the deployment"
    )]
    Unfilled {
        /// The container.
        container: String,
        /// The placeholder.
        placeholder: String,
    },
    /// Something else than ECS rolls the service out.
    #[error("service `{service}` is rolled out by {controller}, not by ECS; deploy through that instead")]
    Controller {
        /// The service.
        service: ServiceId,
        /// Who rolls it out.
        controller: Controller,
    },
    /// The service has taken the update, but shows no deployment of it.
    #[error(
        "service `{service}` has taken `{task_definition}` but shows no deployment of it; another deployment may have come in between"
    )]
    NoDeployment {
        /// The service.
        service: ServiceId,
        /// The task definition.
        task_definition: String,
    },
    /// The deployment runs, but can no longer be watched.
    #[error("deployment {deployment} of service `{service}` is under way but can no longer be watched: {source}")]
    Lost {
        /// The service.
        service: ServiceId,
        /// The deployment's id.
        deployment: String,
        /// What failed, three times in a row.
        source: CallError,
    },
}

//! What ends a deployment before there is an outcome to tell.

use aws_call::CallError;

use crate::BodyError;
use crate::client::{Controller, ServiceId, Strategy};

fn advice(controller: &Controller) -> &'static str {
    match controller {
        Controller::CodeDeploy => "give the deployer a traffic controller that speaks to CodeDeploy",
        _ => "task sets that a program of your own moves are not supported here",
    }
}

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
    #[error("service `{service}` is rolled out by {controller}, not by ECS; {}", advice(controller))]
    Controller {
        /// The service.
        service: ServiceId,
        /// Who rolls it out.
        controller: Controller,
    },
    /// How the deployment ends can only be told from service deployments.
    #[error(
        "service `{service}` is deployed {strategy}, which cannot be followed without the service deployments; give the deployer that client"
    )]
    Strategy {
        /// The service.
        service: ServiceId,
        /// How it is deployed.
        strategy: Strategy,
    },
    /// The service's ARN has no place for tags.
    #[error(
        "`{resource}` has, or would get, an ARN of the old short format, so ECS would refuse `{setting}`: turn on serviceLongArnFormat with PutAccountSetting and create the service anew"
    )]
    ShortArn {
        /// The service.
        resource: String,
        /// What needs the long format.
        setting: &'static str,
    },
    /// There is nothing to go back to.
    #[error(
        "service `{service}` shows no successful deployment of another revision than {current} to go back to; name the revision"
    )]
    NoRollbackTarget {
        /// The service.
        service: ServiceId,
        /// The revision it runs.
        current: String,
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

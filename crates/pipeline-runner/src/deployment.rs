//! One deployment of CodeDeploy, followed to its honest end, for the two actions that make one.

use std::sync::Arc;

use appspec::client::{CreateDeployment, Deployment, StopDeployment};
use appspec::{Deployer, Deployments, Error, Outcome};

use crate::job::{ActionOutcome, JobContext};
use crate::providers::call_failed;

/// Creates the deployment and follows it. When the action is given up, the deployment is asked to stop.
///
/// # Errors
/// The outcome to answer with, when it could not be created or was lost from sight.
pub(crate) async fn follow(
    deployments: &Arc<dyn Deployments>,
    create: &CreateDeployment,
    cx: &JobContext,
) -> Result<ActionOutcome, ActionOutcome> {
    let place = format!("{}/{}", create.application_name, create.deployment_group_name.as_deref().unwrap_or_default());
    let log = cx.log_sink();
    let seen = Arc::new(std::sync::Mutex::new(None));
    let last = Arc::clone(&seen);
    let deployer = Deployer::new(Arc::clone(deployments), Arc::clone(&cx.clock), Arc::clone(&cx.ids));
    let deployer = deployer.with_observer(move |deployment: &Deployment| {
        log(&format!("deployment {}: {}", deployment.deployment_id, deployment.status));
        // A lock that only this and the line below take, neither of which can panic.
        *last.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(deployment.deployment_id.clone());
    });
    let deployed = tokio::select! {
        deployed = deployer.deploy(create) => deployed,
        () = cx.cancel.cancelled() => {
            let id = seen.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
            let Some(id) = id else { return Err(ActionOutcome::failed(format!("{place}: given up before it began"))) };
            let told = match deployments.stop_deployment(&StopDeployment::new(id.clone())).await {
                Ok(_) => "asked to stop".to_owned(),
                Err(error) => format!("it goes on, as it could not be stopped: {error}"),
            };
            return Err(ActionOutcome::failed(format!("{place}: given up, {told}")).with_external_id(id.as_str()));
        }
    };
    let deployed = match deployed {
        Ok(deployed) => deployed,
        Err(Error::Call(error)) => return Err(call_failed(&place, &error)),
        Err(lost) => return Err(ActionOutcome::failed(format!("{place}: {lost}"))),
    };
    let id = deployed.deployment.deployment_id.to_string();
    let outcome = match deployed.outcome {
        Outcome::Succeeded => ActionOutcome::succeeded().with_summary(format!("Deployment {id} succeeded")),
        _ => ActionOutcome::failed(format!("{place}: {deployed}")),
    };
    Ok(outcome.with_external_id(id))
}

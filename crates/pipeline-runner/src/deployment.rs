//! One deployment of CodeDeploy, followed to its honest end, for the two actions that make one.

use std::sync::Arc;
use std::time::Duration;

use appspec::client::{CreateDeployment, Deployment, DeploymentId, StopDeployment};
use appspec::{Deployer, Deployments, Error, Outcome};

use crate::job::{ActionOutcome, JobContext};
use crate::providers::call_failed;

/// Creates the deployment. The action goes on with its id: a runner that has to begin anew finds it, and makes no second one.
///
/// # Errors
/// The outcome to answer with, when it could not be created.
pub(crate) async fn begin(
    deployments: &Arc<dyn Deployments>,
    create: &CreateDeployment,
) -> Result<ActionOutcome, ActionOutcome> {
    let group = create.deployment_group_name.as_deref().unwrap_or_default();
    let created = deployments.create_deployment(create).await;
    let id = created.map_err(|error| call_failed(&format!("{}/{group}", create.application_name), &error))?;
    Ok(ActionOutcome::Continue { token: id.to_string(), after: Duration::ZERO })
}

/// Follows a deployment that [`begin`] has made. When the action is given up, the deployment is asked to stop.
///
/// # Errors
/// The outcome to answer with, when it was lost from sight or given up.
pub(crate) async fn follow(
    deployments: &Arc<dyn Deployments>,
    id: &str,
    place: &str,
    cx: &JobContext,
) -> Result<ActionOutcome, ActionOutcome> {
    let (id, log) = (DeploymentId::new(id), cx.log_sink());
    let deployer = Deployer::new(Arc::clone(deployments), Arc::clone(&cx.clock), Arc::clone(&cx.ids));
    let deployer = deployer.with_observer(move |deployment: &Deployment| {
        log(&format!("deployment {}: {}", deployment.deployment_id, deployment.status));
    });
    let deployed = tokio::select! {
        deployed = deployer.follow(&id) => deployed,
        () = cx.cancel.cancelled() => {
            let told = match deployments.stop_deployment(&StopDeployment::new(id.clone())).await {
                Ok(_) => "asked to stop".to_owned(),
                Err(error) => format!("it goes on, as it could not be stopped: {error}"),
            };
            return Err(ActionOutcome::failed(format!("{place}: given up, {told}")).with_external_id(id.as_str()));
        }
    };
    let deployed = match deployed {
        Ok(deployed) => deployed,
        Err(Error::Call(error)) => return Err(call_failed(place, &error).with_external_id(id.as_str())),
        Err(lost) => return Err(ActionOutcome::failed(format!("{place}: {lost}")).with_external_id(id.as_str())),
    };
    let outcome = match deployed.outcome {
        Outcome::Succeeded => ActionOutcome::succeeded().with_summary(format!("Deployment {id} succeeded")),
        _ => ActionOutcome::failed(format!("{place}: {deployed}")),
    };
    Ok(outcome.with_external_id(id.as_str()))
}

//! What every [`Deployments`] client must do, as a test suite (feature `conformance`).
//!
//! The in-memory service passes it; a client of your own, or an adapter in front of a service, can be
//! held to it too. Not API-stable: every release may ask for more.

use std::time::Duration;

use aws_call::{Backoff, CallError, Clock, IdSource, Pacer, Polling};

use crate::client::{CreateDeployment, Deployment, DeploymentId, DeploymentStatus, RevisionLocation, StopDeployment};
use crate::{Deployer, Deployments, Outcome};

/// What the suite works with. The application and its group must exist; deployments of `revision` to
/// the group must succeed, and take longer than one call.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Fixture<C, K, I> {
    /// The client to hold to the suite.
    pub client: C,
    /// The time of the service.
    pub clock: K,
    /// Randomness for the pace of polling.
    pub ids: I,
    /// An application.
    pub application: String,
    /// A group of it.
    pub group: String,
    /// What can be deployed to it.
    pub revision: RevisionLocation,
}

impl<C, K, I> Fixture<C, K, I> {
    /// A fixture.
    pub fn new(client: C, clock: K, ids: I, target: (&str, &str), revision: RevisionLocation) -> Self {
        Self { client, clock, ids, application: target.0.to_owned(), group: target.1.to_owned(), revision }
    }
}

/// The first expectation that a client did not meet.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{step}: {message}")]
pub struct Nonconformance {
    step: &'static str,
    message: String,
}

type Checked<T = ()> = Result<T, Nonconformance>;

fn fail<T>(step: &'static str, message: impl Into<String>) -> Checked<T> {
    Err(Nonconformance { step, message: message.into() })
}

fn ok<T>(step: &'static str, answer: Result<T, CallError>) -> Checked<T> {
    answer.or_else(|error| fail(step, error.to_string()))
}

fn refused<T>(step: &'static str, answer: Result<T, CallError>, code: &str) -> Checked {
    match answer {
        Ok(_) => fail(step, format!("succeeded instead of failing with {code}")),
        Err(error) if error.code() == Some(code) => Ok(()),
        Err(error) => fail(step, format!("failed with `{error}` instead of {code}")),
    }
}

/// Holds a client to what CodeDeploy documents about creating, reading and stopping deployments.
///
/// # Errors
/// The first expectation that is not met.
pub async fn deployments<C, K, I>(fixture: &Fixture<C, K, I>) -> Result<(), Nonconformance>
where
    C: Deployments + Clone + 'static,
    K: Clock + Clone + 'static,
    I: IdSource + Clone + 'static,
{
    let client = &fixture.client;
    let request = CreateDeployment::new(&*fixture.application, &*fixture.group, fixture.revision.clone());
    refusals(client, &request).await?;

    let id = ok("create", client.create_deployment(&request).await)?;
    let running = ok("read a new deployment", client.get_deployment(&id).await)?;
    belongs(&running, &id, fixture)?;
    let again = client.create_deployment(&request).await;
    refused("create while another one runs", again, "DeploymentLimitExceededException")?;

    ok("stop", client.stop_deployment(&StopDeployment::new(id.clone())).await)?;
    let stopped = until_final(fixture, &id).await?;
    if stopped.status != DeploymentStatus::Stopped {
        return fail("read a stopped deployment", format!("its state is {}", stopped.status));
    }
    let again = client.stop_deployment(&StopDeployment::new(id)).await;
    refused("stop a stopped deployment", again, "DeploymentAlreadyCompletedException")?;

    let deployer = Deployer::new(client.clone(), fixture.clock.clone(), fixture.ids.clone());
    match deployer.deploy(&request).await {
        Ok(deployed) if deployed.outcome == Outcome::Succeeded => Ok(()),
        Ok(deployed) => fail("deploy", deployed.to_string()),
        Err(error) => fail("deploy", error.to_string()),
    }
}

async fn refusals(client: &dyn Deployments, request: &CreateDeployment) -> Checked {
    let mut wrong = request.clone();
    wrong.application_name = "no-such-application".to_owned();
    let answer = client.create_deployment(&wrong).await;
    refused("create for an unknown application", answer, "ApplicationDoesNotExistException")?;

    let mut wrong = request.clone();
    wrong.deployment_group_name = Some("no-such-group".to_owned());
    let answer = client.create_deployment(&wrong).await;
    refused("create for an unknown group", answer, "DeploymentGroupDoesNotExistException")?;

    let mut wrong = request.clone();
    wrong.revision = None;
    let answer = client.create_deployment(&wrong).await;
    refused("create without a revision", answer, "RevisionRequiredException")?;

    let wrong = request.clone().with_config("no-such-config");
    let answer = client.create_deployment(&wrong).await;
    refused("create with an unknown configuration", answer, "DeploymentConfigDoesNotExistException")?;

    let unknown = DeploymentId::new("d-000000000");
    let answer = client.get_deployment(&unknown).await;
    refused("read an unknown deployment", answer, "DeploymentDoesNotExistException")?;
    let answer = client.stop_deployment(&StopDeployment::new(unknown)).await;
    refused("stop an unknown deployment", answer, "DeploymentDoesNotExistException")
}

fn belongs<C, K, I>(deployment: &Deployment, id: &DeploymentId, fixture: &Fixture<C, K, I>) -> Checked {
    let group = deployment.deployment_group_name.as_deref();
    if deployment.deployment_id != *id
        || deployment.application_name != fixture.application
        || group != Some(&*fixture.group)
    {
        return fail("read a new deployment", format!("it is another one: {deployment:?}"));
    }
    if deployment.status.is_final() {
        return fail("read a new deployment", format!("it is {} already", deployment.status));
    }
    Ok(())
}

async fn until_final<C, K, I>(fixture: &Fixture<C, K, I>, id: &DeploymentId) -> Checked<Deployment>
where
    C: Deployments,
    K: Clock,
    I: IdSource,
{
    const STEP: &str = "read a stopped deployment";
    let polling = Polling::new(Backoff::constant(Duration::from_secs(5))).with_deadline(Duration::from_secs(600));
    let mut pacer = Pacer::new(&fixture.clock, &fixture.ids, &polling);
    loop {
        let deployment = ok(STEP, fixture.client.get_deployment(id).await)?;
        if deployment.status.is_final() {
            return Ok(deployment);
        }
        if pacer.pause().await.is_err() {
            return fail(STEP, "it did not end within ten minutes");
        }
    }
}

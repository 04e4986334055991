//! What every [`Deployments`] client must do, as a test suite (feature `conformance`).
//!
//! The in-memory service passes it; a client of your own, or an adapter in front of a service, can be
//! held to it too. Not API-stable: every release may ask for more.

use std::time::Duration;

use aws_call::{Backoff, CallError, Clock, IdSource, Pacer, Polling};

use crate::client::{
    Application, Applications, BlueGreen, ComputePlatform, CreateDeployment, Deployment, DeploymentConfigs,
    DeploymentGroup, DeploymentGroups, DeploymentId, DeploymentStatus, DeploymentWaitType, EcsService, EventStatus,
    RevisionLocation, StopDeployment, TargetGroupPair, Trigger, TriggerEvent,
};
use crate::config::{DeploymentConfig, TrafficRouting};
use crate::{Deployer, Deployments, Outcome, Targets};

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
    C: Deployments + Targets + Clone + 'static,
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
    let id = match deployer.deploy(&request).await {
        Ok(deployed) if deployed.outcome == Outcome::Succeeded => deployed.deployment.deployment_id,
        Ok(deployed) => return fail("deploy", deployed.to_string()),
        Err(error) => return fail("deploy", error.to_string()),
    };
    let listed = ok("list deployments", client.list_deployments(&fixture.application, &fixture.group).await)?;
    if listed.first() != Some(&id) {
        return fail("list deployments", "the newest one is not the first");
    }
    let again = client.continue_deployment(&id, &DeploymentWaitType::TerminationWait).await;
    if again.is_ok() {
        return fail("continue a deployment that is over", "it succeeded");
    }
    targets(client, &id).await
}

async fn targets(client: &dyn Targets, id: &DeploymentId) -> Checked {
    const STEP: &str = "read the targets of a deployment";
    let ids = ok(STEP, client.list_deployment_targets(id).await)?;
    let Some(first) = ids.first() else { return fail(STEP, "it has none") };
    let read = ok(STEP, client.batch_get_deployment_targets(id, std::slice::from_ref(first)).await)?;
    let [target] = read.as_slice() else { return fail(STEP, format!("one was asked for and {} came", read.len())) };
    let went_well = |status: &EventStatus| matches!(status, EventStatus::Succeeded | EventStatus::Skipped);
    if target.id != *first || target.events.is_empty() || !target.events.iter().all(|event| went_well(&event.status)) {
        return fail(STEP, format!("a deployment that succeeded has {target:?}"));
    }
    let answer = client.batch_get_deployment_targets(id, &["no-such-target".to_owned()]).await;
    refused("read an unknown target", answer, "DeploymentTargetDoesNotExistException")?;
    let answer = client.list_deployment_targets(&DeploymentId::new("d-000000000")).await;
    refused("list targets of an unknown deployment", answer, "DeploymentDoesNotExistException")
}

/// Holds a client to what CodeDeploy documents about applications, groups and configurations: they come
/// back as they were made, and limits are enforced. Everything is made under names that begin with
/// `prefix`, for ECS, and removed again.
///
/// # Errors
/// The first expectation that is not met.
pub async fn directory<C>(client: &C, prefix: &str, role: &str) -> Result<(), Nonconformance>
where
    C: Applications + DeploymentGroups + DeploymentConfigs,
{
    let name = format!("{prefix}-application");
    let application = Application::new(&name, ComputePlatform::Ecs);
    ok("create an application", client.create_application(&application).await)?;
    let again = client.create_application(&application).await;
    refused("create an application twice", again, "ApplicationAlreadyExistsException")?;
    let read = ok("read an application", client.get_application(&name).await)?;
    if (&read.name, &read.compute_platform) != (&name, &ComputePlatform::Ecs) {
        return fail("read an application", format!("it is another one: {read:?}"));
    }
    let missing = client.get_application(&format!("{prefix}-missing")).await;
    refused("read an unknown application", missing, "ApplicationDoesNotExistException")?;
    let unnamed = client.create_application(&Application::new("", ComputePlatform::Ecs)).await;
    refused("create an application without a name", unnamed, "ApplicationNameRequiredException")?;

    configs(client, prefix).await?;
    groups(client, prefix, &name, role).await?;
    ok("remove an application", client.delete_application(&name).await)?;
    let gone = client.get_application(&name).await;
    refused("read a removed application", gone, "ApplicationDoesNotExistException")
}

async fn configs(client: &dyn DeploymentConfigs, prefix: &str) -> Checked {
    let name = format!("{prefix}-config");
    let routing = TrafficRouting::TimeBasedCanary { percentage: 25, interval: Duration::from_secs(600) };
    let config = DeploymentConfig::traffic(&name, ComputePlatform::Ecs, routing);
    ok("create a configuration", client.create_deployment_config(&config).await)?;
    let read = ok("read a configuration", client.get_deployment_config(&name).await)?;
    if read != config {
        return fail("read a configuration", format!("{read:?} is not what was made"));
    }
    let again = client.create_deployment_config(&config).await;
    refused("create a configuration twice", again, "DeploymentConfigAlreadyExistsException")?;
    let reserved = DeploymentConfig::traffic("CodeDeployDefault.Mine", ComputePlatform::Ecs, routing);
    let answer = client.create_deployment_config(&reserved).await;
    refused("take a reserved name", answer, "InvalidDeploymentConfigNameException")?;
    ok("remove a configuration", client.delete_deployment_config(&name).await)?;
    let gone = client.get_deployment_config(&name).await;
    refused("read a removed configuration", gone, "DeploymentConfigDoesNotExistException")
}

async fn groups(client: &dyn DeploymentGroups, prefix: &str, application: &str, role: &str) -> Checked {
    let name = format!("{prefix}-group");
    let topic = "arn:aws:sns:us-east-1:123456789012:topic";
    let listener = "arn:aws:elasticloadbalancing:us-east-1:123456789012:listener/app/web/0/0";
    let trigger = |number: usize| Trigger::new(format!("t{number}"), topic, [TriggerEvent::DeploymentFailure]);
    let group = DeploymentGroup::new(application, &name, role)
        .with_ecs_service(EcsService::new("main", "web"), TargetGroupPair::new("blue", "green", listener))
        .with_blue_green(BlueGreen::default().with_approval_within(15).with_termination_after(60))
        .with_triggers((0..10).map(trigger));
    ok("create a group", client.create_deployment_group(&group).await)?;
    let again = client.create_deployment_group(&group).await;
    refused("create a group twice", again, "DeploymentGroupAlreadyExistsException")?;
    let read = ok("read a group", client.get_deployment_group(application, &name).await)?;
    if (&read.blue_green, &read.triggers, &read.ecs_services)
        != (&group.blue_green, &group.triggers, &group.ecs_services)
    {
        return fail("read a group", format!("{read:?} is not what was made"));
    }
    let crowded = group.clone().with_triggers((0..11).map(trigger));
    let answer = client.update_deployment_group(&name, &crowded).await;
    refused("give a group eleven triggers", answer, "TriggerTargetsLimitExceededException")?;
    ok("change a group", client.update_deployment_group(&name, &group.clone().with_triggers([])).await)?;
    let read = ok("read a changed group", client.get_deployment_group(application, &name).await)?;
    if !read.triggers.is_empty() {
        return fail("read a changed group", "its triggers are still there");
    }
    let missing = client.get_deployment_group(application, "no-such-group").await;
    refused("read an unknown group", missing, "DeploymentGroupDoesNotExistException")?;
    ok("remove a group", client.delete_deployment_group(application, &name).await)
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

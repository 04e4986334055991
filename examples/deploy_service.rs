//! Deploys a service and stays until it is clear what came of it. A rollback is not a success.
//!
//!     cargo run -p examples --example deploy_service -- --service svc --image app=nginx:2 --scenario rollback
//!     cargo run -p examples --features aws --example deploy_service -- \
//!         --cluster shop --service web --image web=shop:v2 --timeout 15m --rollback-on-failure --json
//!
//! Without `--file` the task definition that the service runs is taken, and only its images change. `AWS_ENDPOINT_URL` is
//! honoured. With `--json` the last line of standard output is one object:
//! `{"outcome", "reason", "cluster", "service", "taskDefinition", "registered", "deployment", "report"}`, where `outcome` is
//! one of succeeded, rolled-back, failed, superseded, no-change, paused, stopped and timed-out.
//!
//! Exit code: 0 for succeeded and no-change, 1 for every other outcome, 2 when it could not begin or could no longer be
//! watched, 130 after Ctrl-C, which only ends the watching.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program prints")]

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use clap::Parser;
use ecs_taskdef::client::{ServiceId, Services, TaskDefinitions, short_name};
use ecs_taskdef::deploy::{FailureReport, OnPause};
use ecs_taskdef::{
    DeployRequest, Deployer, Deployment, ImageDefinition, ImageDefinitions, Outcome, TaskDefinition, read_bytes,
};
use examples::{Cluster, ClusterArguments, Rollouts, Shown, read_options, read_taskdef, with_cluster};
use serde::Serialize;

/// Deploys a service and tells what came of it.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(flatten)]
    cluster: ClusterArguments,
    /// Service, by name or ARN
    #[arg(long)]
    service: String,
    /// Image of a container
    #[arg(long, value_name = "NAME=URI", value_parser = image)]
    image: Vec<ImageDefinition>,
    /// imagedefinitions.json of a build
    #[arg(long, value_name = "FILE")]
    image_definitions: Option<String>,
    /// Task definition in place of the one that the service runs
    #[arg(long, value_name = "FILE")]
    file: Option<String>,
    /// How many tasks the service shall have from now on
    #[arg(long, value_name = "N")]
    desired: Option<u32>,
    /// Begin a deployment even if nothing changes
    #[arg(long)]
    force: bool,
    /// Go back to the last successful revision if ECS does not do so itself
    #[arg(long)]
    rollback_on_failure: bool,
    /// Stay while a lifecycle hook waits for an answer
    #[arg(long)]
    wait_while_paused: bool,
    /// End with one JSON object
    #[arg(long)]
    json: bool,
}

fn image(text: &str) -> Result<ImageDefinition, String> {
    let (name, uri) = text.split_once('=').ok_or("there is no `=` between container and image")?;
    Ok(ImageDefinition::new(name, uri))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run(&Arguments::parse()).await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

async fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let cluster = arguments.cluster.connect(&arguments.service).await?;
    let rollouts = Arc::new(Rollouts::new());
    let following = deploy(arguments, &cluster, &rollouts);
    let deployment = tokio::select! {
        deployment = following => deployment,
        _ = tokio::signal::ctrl_c() => {
            rollouts.finish();
            match rollouts.began() {
                Some(id) => eprintln!("stopped watching: deployment {id} of service {} goes on in ECS", arguments.service),
                None => eprintln!("stopped before the service was changed"),
            }
            return Ok(ExitCode::from(130));
        }
    };
    rollouts.finish();
    let deployment = deployment?;
    let reason = reason(&deployment);
    match &deployment.report {
        Some(report) => eprintln!("{}: {report}", deployment.outcome),
        None => eprintln!("{}: {reason}", deployment.outcome),
    }
    if arguments.json {
        println!("{}", result(arguments, &deployment, &reason)?);
    }
    Ok(if deployment.is_success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn deploy(arguments: &Arguments, cluster: &Cluster, rollouts: &Arc<Rollouts>) -> anyhow::Result<Deployment> {
    let (clock, ids) = (arguments.cluster.clock(), arguments.cluster.ids());
    with_cluster!(cluster, client => {
        let task = task_definition(arguments, &**client).await?;
        let services = Arc::new(Shown::new(Arc::clone(client), Arc::clone(rollouts)));
        let deployer = Deployer::new(Arc::clone(client) as _, services, clock, ids)
            .with_service_deployments(Arc::clone(client) as _);
        Ok(deployer.deploy(&request(arguments, task), &**rollouts).await?)
    })
}

fn request(arguments: &Arguments, task: TaskDefinition) -> DeployRequest {
    let mut request = DeployRequest::new(&arguments.cluster.cluster, &arguments.service, task)
        .with_polling(arguments.cluster.polling())
        .with_on_pause(if arguments.wait_while_paused { OnPause::Wait } else { OnPause::Report });
    if let Some(desired) = arguments.desired {
        request = request.with_desired(desired);
    }
    if arguments.force {
        request = request.forced();
    }
    if arguments.rollback_on_failure {
        request = request.rolling_back();
    }
    request
}

/// The file, or what the service runs, with the images in it.
async fn task_definition<C: TaskDefinitions + Services>(
    arguments: &Arguments,
    ecs: &C,
) -> anyhow::Result<TaskDefinition> {
    let task = match &arguments.file {
        Some(file) => read_taskdef(file, &read_options(false, None))?,
        None => {
            let id = ServiceId::new(&arguments.cluster.cluster, &arguments.service);
            let running = ecs.describe_service(&id).await?.task_definition;
            let described = ecs.describe(&running).await?.to_string();
            let read = read_bytes(&format!("{}.json", short_name(&running)), described.as_bytes());
            read.value.context("the service's task definition cannot be read")?
        }
    };
    if arguments.file.is_none()
        && arguments.image.is_empty()
        && arguments.image_definitions.is_none()
        && !arguments.force
    {
        bail!("nothing to deploy: name an --image, --image-definitions or a --file, or --force a new deployment");
    }
    let task = match &arguments.image_definitions {
        Some(file) => {
            let text = std::fs::read_to_string(file).with_context(|| file.clone())?;
            task.with_image_definitions(&ImageDefinitions::parse(file, &text)?)?
        }
        None => task,
    };
    Ok(task.with_image_definitions(&ImageDefinitions::new(arguments.image.clone()))?)
}

fn reason(deployment: &Deployment) -> String {
    let name = deployment.revision.short_name();
    match (&deployment.report, deployment.outcome) {
        (Some(report), _) => report.reason.clone(),
        (None, Outcome::NoChange) => format!("the service runs {name} already"),
        (None, _) => format!("the service runs {name} and nothing else"),
    }
}

/// What a machine reads, in the order in which it is documented.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Told<'a> {
    outcome: Outcome,
    reason: &'a str,
    cluster: &'a str,
    service: &'a str,
    task_definition: &'a str,
    registered: bool,
    deployment: Option<&'a str>,
    report: Option<&'a FailureReport>,
}

fn result(arguments: &Arguments, deployment: &Deployment, reason: &str) -> anyhow::Result<String> {
    let told = Told {
        outcome: deployment.outcome,
        reason,
        cluster: &arguments.cluster.cluster,
        service: &arguments.service,
        task_definition: &deployment.revision.arn,
        registered: deployment.newly_registered,
        deployment: deployment.id.as_deref(),
        report: deployment.report.as_ref(),
    };
    Ok(serde_json::to_string(&told)?)
}

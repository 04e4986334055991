//! Deploys a revision to a service, or to several, and stays until it is clear what came of it. A rollback is not a success.
//!
//!     cargo run -p examples --example deploy_service -- --service svc --image app=nginx:2 --scenario rollback
//!     cargo run -p examples --features aws --example deploy_service -- \
//!         --cluster shop --service web --image web=shop:v2 --timeout 15m --rollback-on-failure --json
//!
//! Without `--file` the task definition that the (first) service runs is taken, and only its images change.
//! `AWS_ENDPOINT_URL` is honoured. With `--json` the last line of standard output is one object:
//! `{"outcome", "reason", "cluster", "service", "taskDefinition", "registered", "deployment", "report"}`, where `outcome` is
//! one of succeeded, rolled-back, failed, superseded, no-change, paused, stopped and timed-out; of several services there
//! is a line each, in their order.
//!
//! Exit code: 0 for succeeded and no-change, 1 for every other outcome, 2 when it could not begin or could no longer be
//! watched, 130 after Ctrl-C, which only ends the watching.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program prints")]

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use clap::Parser;
use ecs_taskdef::client::{ServiceId, Services, TaskDefinitions, short_name};
use ecs_taskdef::deploy::{ManyRequest, OnPause};
use ecs_taskdef::{
    DeployRequest, Deployer, Deployment, Error, ImageDefinition, ImageDefinitions, TaskDefinition, read_bytes,
};
use examples::{Cluster, ClusterArguments, Rollouts, Shown, read_options, read_taskdef, with_cluster};

/// Deploys a service and tells what came of it.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(flatten)]
    cluster: ClusterArguments,
    /// Service, by name or ARN; several get the same revision
    #[arg(long, required = true)]
    service: Vec<String>,
    /// How many of several services are rolled out at a time; all of them if it is not said
    #[arg(long, value_name = "N")]
    max_parallel: Option<usize>,
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
    let services: Vec<ServiceId> =
        arguments.service.iter().map(|name| ServiceId::new(&arguments.cluster.cluster, name)).collect();
    let cluster = arguments.cluster.connect(&services).await?;
    let rollouts = Arc::new(Rollouts::new());
    let following = deploy(arguments, services, &cluster, &rollouts);
    let ended = tokio::select! {
        ended = following => ended,
        _ = tokio::signal::ctrl_c() => {
            rollouts.finish();
            match rollouts.began() {
                Some(id) => eprintln!("stopped watching: deployment {id} and what else began goes on in ECS"),
                None => eprintln!("stopped before anything was changed"),
            }
            return Ok(ExitCode::from(130));
        }
    };
    rollouts.finish();
    let mut code = 0;
    for (id, ended) in ended? {
        code = code.max(told(arguments, &id, ended)?);
    }
    Ok(ExitCode::from(code))
}

/// Says what came of one service; gives its exit code.
fn told(arguments: &Arguments, id: &ServiceId, ended: Result<Deployment, Error>) -> anyhow::Result<u8> {
    let about = if arguments.service.len() > 1 { format!("{}: ", id.service) } else { String::new() };
    let deployment = match ended {
        Ok(deployment) => deployment,
        // Of several the others have ends of their own.
        Err(error) if arguments.service.len() > 1 => {
            eprintln!("{about}error: {error}");
            return Ok(2);
        }
        Err(error) => return Err(error.into()),
    };
    match &deployment.report {
        Some(report) => eprintln!("{about}{}: {report}", deployment.outcome),
        None => eprintln!("{about}{}: {}", deployment.outcome, deployment.reason()),
    }
    if arguments.json {
        println!("{}", serde_json::to_string(&deployment.summary(id))?);
    }
    Ok(u8::from(!deployment.is_success()))
}

async fn deploy(
    arguments: &Arguments,
    services: Vec<ServiceId>,
    cluster: &Cluster,
    rollouts: &Arc<Rollouts>,
) -> anyhow::Result<Vec<(ServiceId, Result<Deployment, Error>)>> {
    let (clock, ids) = (arguments.cluster.clock(), arguments.cluster.ids());
    with_cluster!(cluster, client => {
        let task = task_definition(arguments, &services[0], &**client).await?;
        let shown = Arc::new(Shown::new(Arc::clone(client), Arc::clone(rollouts)));
        let deployer = Deployer::new(Arc::clone(client) as _, shown, clock, ids)
            .with_service_deployments(Arc::clone(client) as _);
        let request = request(arguments, &services[0], task);
        if let [only] = services.as_slice() {
            return Ok(vec![(only.clone(), deployer.deploy(&request, &**rollouts).await)]);
        }
        let parallel = arguments.max_parallel.unwrap_or(services.len());
        let many = ManyRequest::new(request, services).with_max_parallel(parallel);
        Ok(deployer.deploy_many(&many, &**rollouts).await?)
    })
}

fn request(arguments: &Arguments, id: &ServiceId, task: TaskDefinition) -> DeployRequest {
    let mut request = DeployRequest::new(&id.cluster, &id.service, task)
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
    id: &ServiceId,
    ecs: &C,
) -> anyhow::Result<TaskDefinition> {
    let task = match &arguments.file {
        Some(file) => read_taskdef(file, &read_options(false, None))?,
        None => {
            let running = ecs.describe_service(id).await?.task_definition;
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

//! A validation hook of an ECS or Lambda deployment: runs a test and tells CodeDeploy what came of it.
//!
//!     cargo run -p examples --example lambda_hook
//!     cargo run -p examples --example lambda_hook -- --json -- curl --fail --silent https://localhost/health
//!     cargo run -p examples --features aws --example lambda_hook -- --payload event.json -- ./smoke-test.sh
//!
//! Without `--payload` a CodeDeploy in memory plays a whole Lambda deployment, whose hook after the traffic has moved is
//! this function. With it the payload that CodeDeploy invokes a function with is answered for real; Ctrl-C then reports
//! that the validation failed, so that no deployment waits an hour for an answer that will not come.
//!
//! Exit code: 0 when the validation succeeded and was reported, 1 when it failed and was reported, 2 when nothing could be
//! reported.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program prints")]

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, anyhow};
use appspec::client::memory::{HookFunction, MemoryCodeDeploy};
use appspec::client::{
    Application, Applications, AutoRollbackEvent, BlueGreen, ComputePlatform, CreateDeployment, DeploymentGroup,
    DeploymentGroups, HookExecutionStatus, HookStatus, RevisionLocation,
};
use appspec::hook::{HookEvent, HookReporter};
use appspec::{Deployer, explain, write};
use async_trait::async_trait;
use aws_call::{ManualClock, SequenceIds, SystemClock, SystemIds};
use clap::Parser;
use serde_json::json;

/// Validates a deployment and reports to CodeDeploy.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// File with the payload of the invocation; needs the feature `aws`
    #[arg(long, value_name = "FILE")]
    payload: Option<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    /// The test: a program and its arguments, which ends with 0 when the deployment may go on
    #[arg(last = true)]
    test: Vec<String>,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let answer = match &arguments.payload {
        Some(file) => for_real(file, &arguments).await,
        None => in_memory(&arguments).await,
    };
    match answer {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// The validation itself.
async fn validate(test: &[String]) -> anyhow::Result<()> {
    let [program, arguments @ ..] = test else { return Ok(()) };
    let mut command = tokio::process::Command::new(program);
    // Standard output belongs to the result.
    let run = command.args(arguments).stdout(std::process::Stdio::null()).kill_on_drop(true).status();
    let status = tokio::select! {
        status = run => status.with_context(|| program.clone())?,
        _ = tokio::signal::ctrl_c() => return Err(anyhow!("interrupted")),
    };
    if status.success() { Ok(()) } else { Err(anyhow!("{program} ended with {status}")) }
}

/// What a function on Lambda does with its payload.
async fn handle(payload: &str, reporter: &HookReporter, test: &[String]) -> anyhow::Result<HookExecutionStatus> {
    let event = HookEvent::parse(payload)?;
    let validation = async {
        let verdict = validate(test).await;
        if let Err(error) = &verdict {
            eprintln!("validation failed: {error:#}");
        }
        verdict
    };
    Ok(reporter.run(&event, validation).await?)
}

/// This function as the service in memory invokes it.
struct Hook {
    clock: ManualClock,
    codedeploy: MemoryCodeDeploy,
    test: Vec<String>,
}

#[async_trait]
impl HookFunction for Hook {
    async fn invoke(&self, event: &HookEvent, _: &dyn HookStatus) {
        let reporter = HookReporter::new(self.codedeploy.clone(), self.clock.clone(), SequenceIds::new(2));
        if let Err(error) = handle(&event.to_json(), &reporter, &self.test).await {
            eprintln!("error: {error:#}");
        }
    }
}

async fn in_memory(arguments: &Arguments) -> anyhow::Result<bool> {
    let clock = ManualClock::at_epoch_secs(1_700_000_000).auto();
    let service = MemoryCodeDeploy::new(clock.clone(), SequenceIds::new(1));
    service.create_application(&Application::new("shop", ComputePlatform::Lambda)).await?;
    let group = DeploymentGroup::new("shop", "live", "arn:aws:iam::123456789012:role/deploy")
        .with_config("CodeDeployDefault.LambdaCanary10Percent5Minutes")
        .with_blue_green(BlueGreen::default())
        .with_auto_rollback([AutoRollbackEvent::DeploymentFailure]);
    service.create_deployment_group(&group).await?;
    let hook = Hook { clock: clock.clone(), codedeploy: service.clone(), test: arguments.test.clone() };
    service.put_function("lambda-hook", hook);

    let deployer = Deployer::new(service.clone(), clock, SequenceIds::new(3));
    let version = |from: &str, to: &str| write::lambda("shop", "live", from, to);
    let request = |spec| {
        let text = write::yaml(&spec).unwrap_or_default();
        CreateDeployment::new("shop", "live", RevisionLocation::content_with_sha256(text))
    };
    deployer.deploy(&request(version("1", "2").into())).await?;
    let hooked = version("2", "3").with_hook("AfterAllowTraffic", "lambda-hook");
    let deployed = deployer.deploy(&request(hooked.into())).await?;
    let explanation = explain(&service, &deployed.deployment.deployment_id).await?;
    if arguments.json {
        let cause = explanation.cause();
        println!("{}", json!({ "outcome": deployed.outcome.to_string(), "cause": cause }));
    } else {
        println!("{}\n{explanation}", deployed.outcome);
    }
    Ok(deployed.outcome.is_success())
}

async fn for_real(file: &PathBuf, arguments: &Arguments) -> anyhow::Result<bool> {
    let payload = std::fs::read_to_string(file).with_context(|| file.display().to_string())?;
    let client = client().await?;
    // Lambda ends a function after a quarter of an hour.
    let limit = Duration::from_secs(14 * 60);
    let reporter = HookReporter::new(client, SystemClock, SystemIds).with_limit(limit);
    let status = handle(&payload, &reporter, &arguments.test).await?;
    if arguments.json {
        println!("{}", json!({ "reported": status.as_str() }));
    } else {
        println!("reported {status}");
    }
    Ok(status == HookExecutionStatus::Succeeded)
}

#[cfg(feature = "aws")]
#[allow(clippy::unnecessary_wraps, reason = "without the feature there is no client")]
async fn client() -> anyhow::Result<appspec::client::sdk::CodeDeploy> {
    let config = aws_config::load_defaults(aws_config::BehaviorVersion::latest()).await;
    Ok(aws_sdk_codedeploy::Client::new(&config).into())
}

#[cfg(not(feature = "aws"))]
#[allow(clippy::unused_async, reason = "with the feature it waits")]
async fn client() -> anyhow::Result<MemoryCodeDeploy> {
    Err(anyhow!("--payload speaks to AWS: build this example with --features aws"))
}

//! Waits for the scan of an image in ECR and says whether it may be deployed.
//!
//!     cargo run -p examples --features aws --example scan_gate -- 123456789012.dkr.ecr.eu-central-1.amazonaws.com/shop:1.0
//!     cargo run -p examples --example scan_gate -- shop:1.0 --scenario findings --json
//!
//! Basic and enhanced scanning are waited for alike, and of an index the image of each platform. Without the feature `aws` a
//! registry in memory answers, as `--scenario` says.
//!
//! With `--json` one line, `{"image", "outcome", "scans": [{"digest", "outcome", …}]}`; the outcome of all is `passed`,
//! `failed`, `unscannable` or `timed-out`.
//!
//! Exit code: 0 when nothing is too much, 1 when something is, 2 when that could not be found out.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program prints")]

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use aws_call::{Backoff, Clock, Polling, SystemIds};
use clap::{Parser, ValueEnum};
use ecr_push::client::Inspections;
use ecr_push::inspect::{ScanGate, ScanOutcome, Severity, wait_for_scan};
use ecr_push::{Digest, ImageRef};
use serde_json::json;

/// Holds the findings of a scan against thresholds.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Registry, repository and tag or digest
    image: ImageRef,
    /// How many findings of a severity pass, such as MEDIUM=10; HIGH and CRITICAL are 0 unless said otherwise
    #[arg(long, value_name = "SEVERITY=COUNT", value_parser = threshold)]
    most: Vec<(Severity, u64)>,
    /// Finding that does not count, such as CVE-2024-0001
    #[arg(long, value_name = "NAME")]
    accept: Vec<String>,
    /// Begin a basic scan if none has begun
    #[arg(long)]
    start: bool,
    /// Give up after so many seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
    timeout: u64,
    /// Print one line of JSON
    #[arg(long)]
    json: bool,
    /// What the registry in memory has found
    #[arg(long, value_enum, default_value_t = Scenario::Clean)]
    scenario: Scenario,
}

#[derive(Clone, Copy, ValueEnum)]
enum Scenario {
    Clean,
    Findings,
    Unsupported,
    Slow,
}

fn threshold(text: &str) -> Result<(Severity, u64), String> {
    let (severity, count) = text.split_once('=').ok_or("a threshold is SEVERITY=COUNT")?;
    let severity = severity.parse().map_err(|error: ecr_push::Error| error.to_string())?;
    Ok((severity, count.parse().map_err(|_| format!("`{count}` is no number"))?))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let done = tokio::select! {
        done = run(Arguments::parse()) => done,
        _ = tokio::signal::ctrl_c() => return ExitCode::from(130),
    };
    match done {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

async fn run(arguments: Arguments) -> anyhow::Result<u8> {
    let mut gate = ScanGate::default();
    gate.start = arguments.start;
    gate.most.extend(arguments.most.iter().copied());
    gate.accepted.clone_from(&arguments.accept);
    let every = Backoff::constant(Duration::from_secs(5));
    gate.polling = Polling::new(every).with_deadline(Duration::from_secs(arguments.timeout));
    let (inspections, clock, images) = backend(&arguments).await?;
    let (mut scans, mut code, mut word) = (Vec::new(), 0, "passed");
    for image in images {
        let repository = arguments.image.repository();
        let outcome = wait_for_scan(&*inspections, &*clock, &SystemIds, repository, image, &gate).await?;
        let (own, name, text) = match &outcome {
            ScanOutcome::Passed { .. } => (0, "passed", "nothing is too much".to_owned()),
            ScanOutcome::Failed { exceeded, .. } => {
                let over =
                    exceeded.iter().map(|one| format!("{} {}, {} pass", one.found, one.severity.as_str(), one.most));
                (1, "failed", over.collect::<Vec<_>>().join("; "))
            }
            ScanOutcome::Unscannable { status, description } => {
                (2, "unscannable", format!("{status} {}", description.as_deref().unwrap_or_default()))
            }
            ScanOutcome::TimedOut { scan } => {
                let last = scan.as_ref().map_or("no scan has begun", |scan| &scan.status);
                (2, "timed-out", format!("the scan was not done in time: {last}"))
            }
            other => (2, "unknown", format!("{other:?}")),
        };
        if !arguments.json {
            println!("{image} {name}: {}", text.trim_end());
        }
        // What is certainly too much says more than what nobody knows.
        if own == 1 || (own == 2 && code == 0) {
            (code, word) = (own, name);
        }
        let mut line = json!({ "digest": image });
        if let (Some(line), Ok(serde_json::Value::Object(told))) =
            (line.as_object_mut(), serde_json::to_value(&outcome))
        {
            line.extend(told);
        }
        scans.push(line);
    }
    if arguments.json {
        println!("{}", json!({ "image": arguments.image.to_string(), "outcome": word, "scans": scans }));
    }
    Ok(code)
}

type Backend = (Arc<dyn Inspections>, Arc<dyn Clock>, Vec<Digest>);

#[cfg(feature = "aws")]
async fn backend(arguments: &Arguments) -> anyhow::Result<Backend> {
    use ecr_push::inspect::scannable;
    use ecr_push::oci::{OciOptions, OciRegistry};
    let target = &arguments.image;
    let clock: Arc<dyn Clock> = Arc::new(aws_call::SystemClock);
    let logins = examples::aws::ecr_logins(target.registry()).await?;
    let registry = OciRegistry::new(target.registry(), logins, Arc::clone(&clock), &OciOptions::default())?;
    let image = ecr_push::pull::image(&registry, target, None).await?;
    let inspections = examples::aws::ecr_client(target.registry()).await.context("scans are of private registries")?;
    Ok((Arc::new(inspections), clock, scannable(&image)?))
}

/// A registry in memory with one image, on a clock that does not make anybody wait.
#[cfg(not(feature = "aws"))]
async fn backend(arguments: &Arguments) -> anyhow::Result<Backend> {
    use ecr_push::client::{MemoryRegistry, RepositorySettings as _, Scan, TagMutability};
    use ecr_push::{ImageBuilder, Platform, PushOptions, PushRequest, Pusher, Silent};
    let clock: Arc<dyn Clock> = Arc::new(aws_call::ManualClock::at_epoch_secs(1_700_000_000).auto());
    let (account, region) = ("123456789012".parse()?, "eu-central-1".parse()?);
    let name = arguments.image.repository();
    let registry = MemoryRegistry::new(account, &region, Arc::clone(&clock), Arc::new(SystemIds))
        .with_repository(name, TagMutability::Mutable);
    registry.put_scan_on_push(name, true).await?;
    let image = ImageBuilder::new(Platform::linux("amd64")).entrypoint(["/bin/shop"]).build()?;
    let pusher = Pusher::new(Arc::new(registry.clone()), Arc::clone(&clock), Arc::new(SystemIds));
    let request = PushRequest::to(&arguments.image);
    pusher.push(&image, &request, &PushOptions::default(), &Silent).await.context("the image in memory")?;
    let scan = match arguments.scenario {
        Scenario::Clean => Scan::new("COMPLETE"),
        Scenario::Findings => Scan::new("ACTIVE").with_finding("CVE-2024-0001", "CRITICAL"),
        Scenario::Unsupported => Scan::new("UNSUPPORTED_IMAGE"),
        Scenario::Slow => Scan::new("IN_PROGRESS"),
    };
    registry.script_scan(name, image.digest(), vec![(Duration::from_secs(10), scan)]);
    Ok((Arc::new(registry), clock, vec![image.digest()]))
}

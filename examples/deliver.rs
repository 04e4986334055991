//! Delivers a service the whole way: source, build, image, approval, rollout. By default everything happens on this
//! machine, with ECR and ECS in memory.
//!
//!     cargo run -p examples --example deliver
//!     cargo run -p examples --example deliver -- --break deploy
//!     cargo run -p examples --example deliver -- --pipeline template.yml --draw
//!
//! Exit code: 0 for a delivery that really succeeded, 1 for one that failed or files with errors, 2 when it could not
//! begin, 130 after Ctrl-C.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program prints")]

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use aws_call::{SystemClock, SystemEnv, SystemIds};
use clap::Parser;
use ecs_taskdef::client::{ServiceId, short_name};
use examples::{Progress, Summary, cancel_on_ctrl_c, pipelines};
use pipeline_runner::artifact::DirectoryStore;
use pipeline_runner::core::{ExecutionStatus, Start};
use pipeline_runner::memory::{Break, LocalAccount, Site};
use pipeline_runner::preflight::{self, Checked};
use pipeline_runner::{Always, Answer, Approver, Backends, LocalSettings, Providers, Runner, World};
use spec_report::{Levels, Report, render};

/// Delivers a service from its source to a finished rollout.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Pipeline declaration or CloudFormation template; the files of the service lie beside it
    #[arg(long, value_name = "FILE", default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/shop/pipeline.json"))]
    pipeline: PathBuf,
    /// Approve everything without asking
    #[arg(long)]
    yes: bool,
    /// Let one part fail, to see how it is told: build, push, deploy or approval
    #[arg(long = "break", value_name = "PART")]
    broken: Option<Break>,
    /// Print the pipeline as a Mermaid diagram and stop
    #[arg(long)]
    draw: bool,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
    /// Push to the real ECR and deploy to the real ECS, also through CodeDeploy, and CloudFormation, under each action's
    /// role; builds run here, and artifacts stay here (needs the feature `aws`; honours AWS_ENDPOINT_URL)
    #[arg(long, conflicts_with = "broken")]
    aws: bool,
    /// Directory for artifacts
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

#[tokio::main]
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
    let root = arguments.pipeline.parent().map_or(Path::new("."), |parent| parent);
    let root = if root.as_os_str().is_empty() { Path::new(".") } else { root };
    let Some(pipeline) = pipelines::read_pipeline(&arguments.pipeline)? else { return Ok(ExitCode::FAILURE) };
    if arguments.draw {
        print!("{}", pipeline_model::draw::mermaid(&pipeline));
        return Ok(ExitCode::SUCCESS);
    }
    if !check_files(root, &arguments.pipeline)? {
        return Ok(ExitCode::FAILURE);
    }
    let settings = pipelines::read_settings(root)?.with_context(|| {
        let local = root.join("local.toml");
        format!("{}: a run needs this file beside the pipeline, with its projects and services", local.display())
    })?;
    let out = arguments.out.clone().unwrap_or_else(|| std::env::temp_dir().join("longshore").join(&pipeline.name));
    let site = Site {
        root: root.to_owned(),
        source: root.to_owned(),
        scratch: out.join("builds"),
        clock: Arc::new(SystemClock),
        ids: Arc::new(SystemIds),
    };
    let (backends, providers) = services(arguments, &settings, &site).await?;
    let artifacts = Arc::new(DirectoryStore::new(out.join("artifacts")));
    let progress = Arc::new(Progress::default());
    let world = World {
        providers,
        artifacts: Arc::clone(&artifacts) as _,
        approver: approver(arguments, root, &progress)?,
        observer: progress,
        clock: site.clock,
        ids: site.ids,
        env: Arc::new(SystemEnv),
        workspace: out.join("work"),
    };
    let mut runner = Runner::new(pipeline.clone(), world)?;
    let execution = runner.run(Start::manual("deliver"), &cancel_on_ctrl_c()).await?;
    let summary = Summary::new(&execution, &*artifacts, running(&settings, &backends).await);
    if arguments.json {
        println!("{:#}", summary.json());
    } else {
        print!("{}", summary.text());
    }
    Ok(match execution.status {
        ExecutionStatus::Succeeded => ExitCode::SUCCESS,
        ExecutionStatus::Stopped => ExitCode::from(130),
        _ => ExitCode::FAILURE,
    })
}

/// Checks what lies beside the pipeline; the pipeline itself has been checked.
fn check_files(root: &Path, pipeline: &Path) -> anyhow::Result<bool> {
    let checked = preflight::check_directory(root, &Levels::default())?;
    let mut report = Report::new();
    for Checked { path, kind, report: found, .. } in &checked {
        eprintln!("checked {kind} {}: {}", path.display(), render::summary(found));
        if path != pipeline {
            report.merge(found.clone());
        }
    }
    if !report.is_empty() {
        eprint!("{}", render::text(&report));
    }
    Ok(!report.has_errors())
}

/// What the actions work with.
async fn services(
    arguments: &Arguments,
    settings: &LocalSettings,
    site: &Site,
) -> anyhow::Result<(Backends, Providers)> {
    #[cfg(feature = "aws")]
    if arguments.aws {
        let clients = Arc::new(examples::aws::clients(settings, site).await?);
        let own = clients.own()?;
        let providers = Providers::scoped(&own, clients);
        return Ok((own, providers));
    }
    anyhow::ensure!(!arguments.aws, "this build has no AWS clients: run it with `--features aws`");
    let backends = LocalAccount::open(settings, site, arguments.broken).await?.backends;
    let providers = Providers::builtin(&backends);
    Ok((backends, providers))
}

fn approver(arguments: &Arguments, root: &Path, progress: &Arc<Progress>) -> anyhow::Result<Arc<dyn Approver>> {
    if arguments.broken == Some(Break::Approval) {
        return Ok(Arc::new(Always(Answer::reject("rejected on purpose"))));
    }
    pipelines::approver(arguments.yes, root, progress)
}

/// What the services run now, asked of ECS itself.
async fn running(settings: &LocalSettings, backends: &Backends) -> Vec<String> {
    let mut lines = Vec::new();
    let Some(cluster) = &settings.ecs else { return lines };
    for name in cluster.services.keys() {
        let id = ServiceId::new(&cluster.cluster, name);
        lines.push(match backends.services.describe_service(&id).await {
            Ok(now) => {
                format!("{id} runs {} ({} of {} tasks)", short_name(&now.task_definition), now.running, now.desired)
            }
            Err(error) => format!("{id}: {error}"),
        });
    }
    lines
}

//! Runs a buildspec as CodeBuild would, in a copy of the source: in the shell of this machine or in a container.
//!
//!     cargo run -p examples --example run_buildspec -- examples/shop
//!     cargo run -p examples --example run_buildspec -- --phase build --env STAGE=dev --json buildspec.yml
//!     cargo run -p examples --example run_buildspec -- --container public.ecr.aws/docker/library/rust:1 --watch .
//!
//! With `--json` the log goes to standard error and standard output ends with one line: what `aws codebuild
//! batch-get-builds` (with `--batch`: `batch-get-build-batches`) would answer about this run.
//!
//! Exit code: 0 for a build that succeeded, 1 for any other end, 2 when it could not begin, 130 after Ctrl-C.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program prints")]

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use aws_call::{Clock, Env, IdSource, SystemClock, SystemEnv, SystemIds};
use buildspec::BuildStatus;
use buildspec::model::PhaseName;
use buildspec::run::batch::BatchRequest;
use buildspec::run::source::{self, Snapshot};
use buildspec::run::{
    Cancel, Container, DryRun, Engine, Executor, HostShell, Packaging, Request, Runner, adopt_orphans,
};
use clap::Parser;
use examples::{builds, on_ctrl_c};
use serde_json::{Value, json};
use tempfile::TempDir;

/// Runs a buildspec on this machine.
#[derive(Clone, Parser)]
#[command(version)]
struct Arguments {
    /// The source directory, or the buildspec in it
    #[arg(default_value = ".")]
    path: PathBuf,
    /// The source directory, when the buildspec lies elsewhere
    #[arg(long, value_name = "DIR")]
    source: Option<PathBuf>,
    /// Run the commands of this phase only: install, pre_build, build or post_build; may be repeated
    #[arg(long)]
    phase: Vec<PhaseName>,
    /// A variable, or the name of one of this environment; may be repeated
    #[arg(long, value_name = "NAME[=VALUE]")]
    env: Vec<String>,
    /// Parameters and secrets: a file of lines `name=value`, a directory with a file for each, or `aws` for those of the
    /// account
    #[arg(long, value_name = "PATH|aws")]
    secrets: Option<PathBuf>,
    /// Run the buildspec's `batch`
    #[arg(long)]
    batch: bool,
    /// Builds of a batch that run at once
    #[arg(long, value_name = "N", default_value_t = NonZeroUsize::new(2).unwrap_or(NonZeroUsize::MIN))]
    jobs: NonZeroUsize,
    /// Run the commands in a container of this image
    #[arg(long, value_name = "IMAGE")]
    container: Option<String>,
    /// The program that runs containers, with its first arguments [default: podman or docker]
    #[arg(long, value_name = "COMMAND", requires = "container")]
    engine: Option<String>,
    /// Run again whenever a file of the source has changed
    #[arg(long)]
    watch: bool,
    /// Print the result as one line of JSON
    #[arg(long)]
    json: bool,
    /// Show what would run, and run nothing
    #[arg(long)]
    dry_run: bool,
    /// Minutes that a build may take
    #[arg(long, value_name = "MINUTES", default_value_t = 60.0)]
    timeout: f64,
    /// Where artifacts are put
    #[arg(long, value_name = "DIR")]
    artifacts: Option<PathBuf>,
    /// Pack artifacts as ZIP, under the names that the buildspec gives them
    #[arg(long)]
    zip: bool,
    /// Where caches are kept
    #[arg(long, value_name = "DIR")]
    cache: Option<PathBuf>,
    /// Where the files of test reports are copied to
    #[arg(long, value_name = "DIR")]
    reports: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> ExitCode {
    let cancel = Cancel::new();
    let flag = cancel.clone();
    on_ctrl_c(move || flag.cancel());
    match run(&Arguments::parse(), &cancel).await {
        Ok(_) if cancel.is_cancelled() => ExitCode::from(130),
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

async fn run(arguments: &Arguments, cancel: &Cancel) -> anyhow::Result<bool> {
    // This program starts nothing but builds. Where the system knows no such thing, hidden daemons get away.
    let _ = adopt_orphans();
    let (file, source) = builds::places(&arguments.path, arguments.source.as_deref())?;
    let outputs = [&arguments.artifacts, &arguments.cache, &arguments.reports];
    let outputs: Vec<PathBuf> = outputs.into_iter().flatten().cloned().collect();
    loop {
        let look = || Snapshot::take(&source, &outputs.iter().map(PathBuf::as_path).collect::<Vec<_>>());
        let before = if arguments.watch { look()? } else { Snapshot::default() };
        let (again, flag) = (arguments.clone(), cancel.clone());
        let (file, copied, left_out) = (file.clone(), source.clone(), outputs.clone());
        let build = tokio::task::spawn_blocking(move || build(&again, &file, &copied, &left_out, &flag));
        let ended = build.await?;
        if !arguments.watch {
            return ended;
        }
        if let Err(error) = ended {
            eprintln!("error: {error:#}");
        }
        eprintln!("waiting for changes in {}", source.display());
        while !cancel.is_cancelled() && look()? == before {
            SystemClock.sleep(Duration::from_millis(300)).await;
        }
        if cancel.is_cancelled() {
            return Ok(false);
        }
    }
}

fn build(arguments: &Arguments, file: &Path, source: &Path, skip: &[PathBuf], cancel: &Cancel) -> anyhow::Result<bool> {
    let spec = builds::read(file)?;
    // Commands change the source, so each run has a copy, as each build of CodeBuild has.
    let work = TempDir::with_prefix("longshore-")?;
    let copy = work.path().join("src");
    source::copy(source, &copy, &skip.iter().map(PathBuf::as_path).collect::<Vec<_>>())?;
    let own = work.path().join("builds");
    let executor: Arc<dyn Executor> = match &arguments.container {
        _ if arguments.dry_run => Arc::new(DryRun),
        Some(image) => Arc::new(Container::new(engine(arguments)?, image, own)),
        None => Arc::new(HostShell::new(own)),
    };
    let own = || std::env::temp_dir().join(format!("longshore-artifacts-{}", SystemIds.uuid()));
    let artifacts = arguments.artifacts.clone().unwrap_or_else(own);
    let project = source.file_name().map_or("project".into(), |name| name.to_string_lossy());
    let mut request = Request::new(&spec, copy, artifacts, project)
        .with_overrides(builds::variables(&arguments.env, &SystemEnv)?)
        .with_phases(arguments.phase.clone())
        .with_timeout(Duration::try_from_secs_f64(arguments.timeout * 60.0).context("--timeout")?)
        .with_packaging(if arguments.zip { Packaging::Zip } else { Packaging::None }, arguments.zip);
    request.image.clone_from(&arguments.container);
    request.cache_dir.clone_from(&arguments.cache);
    request.reports_dir.clone_from(&arguments.reports);
    if arguments.container.is_none() {
        request.base_env = builds::base_env(&SystemEnv);
    }
    if let Some(place) = &arguments.secrets {
        request.secrets = builds::secrets(place)?;
    }
    let runner = Runner::new(executor, Arc::new(SystemClock), Arc::new(SystemIds));
    let (status, answer) = if arguments.batch {
        let batch = BatchRequest::new(request, work.path().join("batch"), arguments.jobs);
        let result = runner.run_batch(&batch, cancel, &mut |event| {
            builds::log(&event.event, &format!("[{}] ", event.identifier), arguments.json);
        })?;
        let builds: Vec<Value> = result.builds().map(|build| json!(build)).collect();
        (result.status.clone(), json!({"buildBatches": [result], "buildBatchesNotFound": [], "builds": builds}))
    } else {
        let result = runner.run(&request, cancel, &mut |event| builds::log(&event, "", arguments.json))?;
        (result.status.clone(), json!({"builds": [result], "buildsNotFound": []}))
    };
    if arguments.json {
        println!("{answer}");
    }
    Ok(status == BuildStatus::Succeeded)
}

/// The program that was named, or the one that is here.
fn engine(arguments: &Arguments) -> anyhow::Result<Engine> {
    let Some(command) = &arguments.engine else {
        let path = SystemEnv.var("PATH").unwrap_or_default();
        return Engine::find(&path)
            .context("neither podman nor docker is in PATH: install one, or name it with --engine");
    };
    let mut words = command.split_whitespace();
    let program = words.next().context("--engine names no program")?;
    Ok(Engine::new(program).with_arguments(words))
}

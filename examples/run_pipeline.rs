//! Runs a pipeline here, with CodePipeline's own semantics and without an account.
//!
//!     cargo run -p examples --example run_pipeline -- examples/shop/pipeline.json --source examples/shop
//!     cargo run -p examples --example run_pipeline -- examples/shop/pipeline.json --mocks examples/shop/mocks.toml --json
//!     cargo run -p examples --example run_pipeline -- examples/shop/pipeline.json --stage Build --watch
//!
//! With `--json` standard output has the state changes as EventBridge would deliver them, one a line, and ends with
//! `{"outcome":"Succeeded|Failed|Stopped|Superseded","execution":{…}}`. What a run does is written down before it is done:
//! one that was killed goes on with `--resume`.
//!
//! Exit code: 0 for an execution that succeeded, 1 for any other end, 2 when it could not begin, 130 after Ctrl-C.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program prints")]

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use aws_call::{Clock, SystemClock, SystemEnv, SystemIds};
use buildspec::run::source::Snapshot;
use clap::Parser;
use examples::{Progress, Summary, cancel_on_ctrl_c, pipelines};
use pipeline_model::model::Pipeline;
use pipeline_runner::artifact::DirectoryStore;
use pipeline_runner::core::{Execution, ExecutionStatus, ExecutionType, Start};
use pipeline_runner::host::{Home, Host};
use pipeline_runner::journal::{Journal, SqliteJournal};
use pipeline_runner::memory::{LocalAccount, Site};
use pipeline_runner::mocks::Mocks;
use pipeline_runner::{LocalSettings, Observer, Providers, World};
use serde_json::json;

/// Runs a pipeline on this machine.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Pipeline declaration or CloudFormation template
    #[arg(value_name = "FILE")]
    pipeline: PathBuf,
    /// Directory that stands in for the source repository; where the pipeline lies unless given
    #[arg(long, value_name = "DIR")]
    source: Option<PathBuf>,
    /// Scripted outcomes in the place of actions
    #[arg(long, value_name = "FILE")]
    mocks: Option<PathBuf>,
    /// Run this stage alone, and those before it that it needs something of
    #[arg(long, value_name = "NAME")]
    stage: Option<String>,
    /// A pipeline variable; may be repeated
    #[arg(long = "var", value_name = "NAME=VALUE", value_parser = variable)]
    variables: Vec<(String, String)>,
    /// Go on with the execution that was under way when the last run was killed
    #[arg(long, conflicts_with_all = ["variables", "stage"])]
    resume: bool,
    /// Run again whenever the source changes
    #[arg(long)]
    watch: bool,
    /// Approve everything without asking
    #[arg(long)]
    yes: bool,
    /// Print events and the result as JSON
    #[arg(long)]
    json: bool,
    /// Directory for artifacts and the journal
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

fn variable(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("a variable is given as NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
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
    let Some(mut pipeline) = pipelines::read_pipeline(&arguments.pipeline)? else { return Ok(ExitCode::FAILURE) };
    if let Some(stage) = &arguments.stage {
        pipeline = pipelines::only_stage(pipeline, stage)?;
    }
    let beside = arguments.pipeline.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let source = arguments.source.clone().unwrap_or_else(|| beside.to_owned());
    let out = arguments.out.clone().unwrap_or_else(|| std::env::temp_dir().join("longshore").join(&pipeline.name));
    std::fs::create_dir_all(&out).with_context(|| out.display().to_string())?;
    let artifacts = Arc::new(DirectoryStore::new(out.join("artifacts")));
    let (world, home) = world(arguments, &pipeline, (beside, &source, &out), Arc::clone(&artifacts)).await?;
    let journal = Arc::new(SqliteJournal::open(out.join("journal"))?);
    if !arguments.resume {
        journal.replace(Vec::new()).await?;
    }
    let (host, name, cancel) = (Host::open(world, home, journal).await?, pipeline.name.clone(), cancel_on_ctrl_c());
    let mut resumed = None;
    if arguments.resume {
        let last = |executions: &[Execution]| {
            executions.iter().rfind(|it| it.kind == ExecutionType::Standard).map(|it| it.id.clone())
        };
        let found = host.read(&name, move |state| last(&state.executions)).await.ok().flatten();
        resumed = Some(found.with_context(|| format!("{}: there is no execution to go on with", out.display()))?);
    } else {
        host.put(pipeline).await?;
    }
    let skipped = [out.as_path()];
    loop {
        let look = || Snapshot::take(&source, &skipped);
        let before = if arguments.watch { look()? } else { Snapshot::default() };
        let id = match resumed.take() {
            Some(id) => id,
            None => {
                let variables = arguments.variables.clone();
                host.start(&name, Start { variables, ..Start::manual("run_pipeline") }).await?
            }
        };
        let execution = host.follow(&name, &id, &cancel).await?;
        tell(arguments, &execution, &artifacts);
        if !arguments.watch || cancel.is_cancelled() {
            host.shut_down().await;
            return Ok(match execution.status {
                ExecutionStatus::Succeeded => ExitCode::SUCCESS,
                ExecutionStatus::Stopped if cancel.is_cancelled() => ExitCode::from(130),
                _ => ExitCode::FAILURE,
            });
        }
        eprintln!("waiting for changes in {}", source.display());
        while !cancel.is_cancelled() && look()? == before {
            SystemClock.sleep(Duration::from_millis(300)).await;
        }
        if cancel.is_cancelled() {
            return Ok(ExitCode::from(130));
        }
    }
}

fn tell(arguments: &Arguments, execution: &Execution, artifacts: &DirectoryStore) {
    if arguments.json {
        println!(r#"{{"outcome":{},"execution":{}}}"#, json!(execution.status), json!(execution));
    } else {
        print!("{}", Summary::new(execution, artifacts, Vec::new()).text());
    }
}

/// What the run works with. Directories: beside the pipeline, the source, the output.
async fn world(
    arguments: &Arguments,
    pipeline: &Pipeline,
    (beside, source, out): (&Path, &Path, &Path),
    artifacts: Arc<DirectoryStore>,
) -> anyhow::Result<(World, Home)> {
    let settings = match pipelines::read_settings(beside)? {
        Some(settings) => settings,
        // A pipeline of scripted actions needs nothing of an account.
        None => LocalSettings::parse("local.toml".as_ref(), "account = '123456789012'\nregion = 'us-east-1'")?,
    };
    let site = Site {
        root: beside.to_owned(),
        source: source.to_owned(),
        scratch: out.join("builds"),
        clock: Arc::new(SystemClock),
        ids: Arc::new(SystemIds),
    };
    let backends = LocalAccount::open(&settings, &site, None).await?.backends;
    let home = Home::new(&backends.account, &backends.region);
    let progress = Arc::new(Progress::default());
    let observer: Arc<dyn Observer> = match arguments.json {
        true => Arc::new(pipelines::EventLines {
            ids: Arc::new(SystemIds),
            home: home.clone(),
            progress: Arc::clone(&progress),
        }),
        false => Arc::clone(&progress) as _,
    };
    let approves = pipeline.actions().any(|(_, action)| action.action_type_id.category.as_str() == "Approval");
    let (mut providers, mut approver) = (Providers::builtin(&backends), pipelines::nobody());
    if approves && (arguments.mocks.is_none() || arguments.yes || beside.join("approvals.toml").exists()) {
        approver = pipelines::approver(arguments.yes, beside, &progress)?;
    }
    if let Some(path) = &arguments.mocks {
        let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
        let mocks = Mocks::parse(path, &text)?;
        providers = mocks.providers(pipeline, &providers)?;
        approver = mocks.approver(approver, Arc::clone(&site.clock));
    }
    let (clock, ids, env) = (site.clock, site.ids, Arc::new(SystemEnv));
    let workspace = out.join("work");
    Ok((World { providers, artifacts, approver, observer, clock, ids, env, workspace }, home))
}

//! Pipelines of this machine behind a CodePipeline endpoint on loopback, with a page to watch and approve on.
//!
//!     cargo run -p examples --example serve -- --port 8000
//!     aws codepipeline start-pipeline-execution --name shop --endpoint-url http://127.0.0.1:8000
//!
//! ECR and ECS are in memory, with what `local.toml` beside the first file says. The page's address carries the token that
//! approving and changing there needs; whoever has it can do so, so it is for no log and no chat.
//!
//! Exit code: 0 when its time is up, 1 for a pipeline with errors, 2 when it could not begin, 130 after Ctrl-C.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program prints")]

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use aws_call::{Clock as _, SystemClock, SystemEnv, SystemIds};
use clap::Parser;
use examples::{cancel_on_ctrl_c, pipelines};
use pipeline_model::Pipeline;
use pipeline_runner::artifact::DirectoryStore;
use pipeline_runner::host::{Home, Host};
use pipeline_runner::journal::SqliteJournal;
use pipeline_runner::memory::{LocalAccount, Site};
use pipeline_runner::mocks::Mocks;
use pipeline_runner::serve::Endpoint;
use pipeline_runner::{Approver, Elsewhere, LocalSettings, Providers, Silent, World};

/// Serves pipelines as a CodePipeline endpoint on loopback.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Pipeline declarations or CloudFormation templates
    #[arg(value_name = "FILE", default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/shop/pipeline.json"))]
    pipelines: Vec<PathBuf>,
    /// Directory that stands in for the source repository; that of the first file unless given
    #[arg(long, value_name = "DIR")]
    source: Option<PathBuf>,
    /// Scripted outcomes in the place of actions
    #[arg(long, value_name = "FILE")]
    mocks: Option<PathBuf>,
    /// Port of 127.0.0.1; 0 for a free one
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Keep artifacts and the journal in this directory: a server that is started again goes on with what was under way.
    /// Without it they go when the program ends
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Print the address and the token as JSON
    #[arg(long)]
    json: bool,
    /// End after so many seconds
    #[arg(long)]
    seconds: Option<u64>,
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
    let mut declared = Vec::new();
    for file in &arguments.pipelines {
        let Some(pipeline) = pipelines::read_pipeline(file)? else { return Ok(ExitCode::FAILURE) };
        declared.push(pipeline);
    }
    let scratch = tempfile::tempdir()?;
    let (clock, ids) = (Arc::new(SystemClock), Arc::new(SystemIds));
    let (world, home) = world(arguments, &declared, scratch.path()).await?;
    let host = match &arguments.out {
        None => Host::at(world, home),
        Some(out) => {
            std::fs::create_dir_all(out).with_context(|| out.display().to_string())?;
            Host::open(world, home, Arc::new(SqliteJournal::open(out.join("journal"))?)).await?
        }
    };
    for pipeline in declared {
        let (name, mut new) = (pipeline.name.clone(), pipeline.clone());
        let is_known = host.read(&name, move |state| {
            new.version = state.pipeline.version;
            *state.pipeline == new
        });
        // Every update makes a new version, and what comes out of the journal is no update.
        if !is_known.await.unwrap_or(false) {
            host.put(pipeline).await?;
        }
    }
    let cancel = cancel_on_ctrl_c();
    let endpoint = Endpoint::new(host.clone(), clock.clone(), ids);
    let server = endpoint.serve(arguments.port).await.with_context(|| format!("port {}", arguments.port))?;
    if arguments.json {
        println!("{}", serde_json::json!({ "url": server.url(), "token": endpoint.token().expose() }));
    } else {
        println!("endpoint  {}", server.url());
        println!("page      {}", endpoint.page_url(&server));
    }
    std::io::stdout().flush()?;
    let over = async {
        match arguments.seconds {
            Some(seconds) => clock.sleep(Duration::from_secs(seconds)).await,
            None => std::future::pending().await,
        }
    };
    let code = tokio::select! {
        () = over => ExitCode::SUCCESS,
        () = server.run() => ExitCode::SUCCESS,
        () = cancel.cancelled() => ExitCode::from(130),
    };
    // What still runs is given up and cleans up behind itself.
    host.shut_down().await;
    Ok(code)
}

/// What the pipelines work with.
async fn world(arguments: &Arguments, declared: &[Pipeline], scratch: &Path) -> anyhow::Result<(World, Home)> {
    let beside = arguments.pipelines.first().and_then(|file| file.parent()).unwrap_or(Path::new("."));
    let beside = if beside.as_os_str().is_empty() { Path::new(".") } else { beside };
    let settings = match pipelines::read_settings(beside)? {
        Some(settings) => settings,
        // Pipelines of scripted actions need nothing of an account.
        None => LocalSettings::parse("local.toml".as_ref(), "account = '123456789012'\nregion = 'us-east-1'")?,
    };
    let site = Site {
        root: beside.to_owned(),
        source: arguments.source.clone().unwrap_or_else(|| beside.to_owned()),
        scratch: scratch.join("builds"),
        clock: Arc::new(SystemClock),
        ids: Arc::new(SystemIds),
    };
    let backends = LocalAccount::open(&settings, &site, None).await?.backends;
    let home = Home::new(&backends.account, &backends.region);
    let (mut providers, mut approver) = (Providers::builtin(&backends), Arc::new(Elsewhere) as Arc<dyn Approver>);
    if let Some(path) = &arguments.mocks {
        let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
        let mocks = Mocks::parse(path, &text)?;
        for pipeline in declared {
            providers = mocks.providers(pipeline, &providers)?;
        }
        approver = mocks.approver(approver, Arc::clone(&site.clock));
    }
    let artifacts = arguments.out.as_deref().unwrap_or(scratch).join("artifacts");
    let world = World {
        providers,
        artifacts: Arc::new(DirectoryStore::new(artifacts)),
        approver,
        observer: Arc::new(Silent),
        clock: site.clock,
        ids: site.ids,
        env: Arc::new(SystemEnv),
        workspace: scratch.join("work"),
    };
    Ok((world, home))
}

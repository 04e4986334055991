//! The command line of `pipeline_remote`, and the account that it works on.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use aws_call::{ManualClock, SystemIds};
use clap::{Args, Parser, Subcommand};
use pipeline_model::client::Pipelines as _;
use pipeline_model::client::memory::MemoryCodePipeline;
use pipeline_model::remote::Remote;
use pipeline_model::{ReadOptions, read_bytes};

/// Works on pipelines that live in AWS.
#[derive(Debug, Parser)]
#[command(version)]
#[non_exhaustive]
pub struct Arguments {
    /// An account in memory that holds the pipeline of this file
    #[arg(long, value_name = "FILE")]
    pub memory: Option<PathBuf>,
    /// End with one JSON object
    #[arg(long, global = true)]
    pub json: bool,
    /// What to do
    #[command(subcommand)]
    pub verb: Verb,
}

/// What to do.
#[derive(Debug, Subcommand)]
#[allow(clippy::exhaustive_enums, reason = "one program knows them all")]
#[allow(missing_docs, reason = "the fields are documented by the variants, as the command line shows them")]
pub enum Verb {
    /// Shows what `apply` would change
    Plan { file: PathBuf },
    /// Creates or updates a pipeline, if nobody else has changed it meanwhile
    Apply {
        file: PathBuf,
        /// Value of a secret, from an environment variable
        #[arg(long, value_name = "STAGE/ACTION/KEY=VARIABLE")]
        secret: Vec<String>,
    },
    /// Starts an execution
    Start {
        name: String,
        /// Value of a pipeline variable
        #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
        variable: Vec<(String, String)>,
        /// Stay until it has ended
        #[arg(long)]
        watch: bool,
        /// Leave when an approval waits
        #[arg(long)]
        leave_approvals: bool,
    },
    /// Watches an execution, the newest one unless another is named
    Watch {
        name: String,
        #[arg(long)]
        execution: Option<String>,
        /// Leave when an approval waits
        #[arg(long)]
        leave_approvals: bool,
    },
    /// Approves the approval that waits
    Approve {
        name: String,
        #[command(flatten)]
        at: At,
        #[arg(long, default_value = "")]
        summary: String,
    },
    /// Rejects the approval that waits
    Reject {
        name: String,
        #[command(flatten)]
        at: At,
        #[arg(long, default_value = "")]
        summary: String,
    },
    /// Runs the failed stage of an execution again
    Retry {
        name: String,
        #[arg(long)]
        execution: Option<String>,
        /// All actions of the stage, not only those that failed
        #[arg(long)]
        all: bool,
    },
    /// Brings a stage back to an earlier execution, the last successful one before unless another is named
    Rollback {
        name: String,
        #[arg(long)]
        stage: String,
        #[arg(long, value_name = "EXECUTION")]
        to: Option<String>,
    },
    /// Stops an execution
    Stop {
        name: String,
        #[arg(long)]
        execution: Option<String>,
        /// At once, leaving what runs to itself
        #[arg(long)]
        abandon: bool,
        #[arg(long)]
        reason: Option<String>,
    },
    /// Keeps executions from entering a stage
    Disable {
        name: String,
        #[arg(long)]
        stage: String,
        #[arg(long)]
        reason: String,
    },
    /// Lets executions enter a stage again
    Enable {
        name: String,
        #[arg(long)]
        stage: String,
    },
    /// Says what keeps changes from starting a pipeline
    Doctor {
        name: String,
        /// A push to this branch should have started it
        #[arg(long, value_name = "BRANCH")]
        push: Option<String>,
        /// A push of this tag should have started it
        #[arg(long)]
        tag: Option<String>,
    },
}

/// Which approval, if several wait.
#[derive(Debug, Args)]
#[non_exhaustive]
pub struct At {
    /// In this stage
    #[arg(long)]
    pub stage: Option<String>,
    /// Of this action
    #[arg(long)]
    pub action: Option<String>,
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("there is no `=` between name and value")?;
    Ok((name.to_owned(), value.to_owned()))
}

/// What a verb came to.
#[derive(Debug)]
#[non_exhaustive]
pub struct Answer {
    /// Whether what was asked is so.
    pub holds: bool,
    /// For people.
    pub text: String,
    /// For machines.
    pub json: serde_json::Value,
}

impl Answer {
    /// An answer.
    pub const fn new(holds: bool, text: String, json: serde_json::Value) -> Self {
        Self { holds, text, json }
    }
}

/// The account in memory with the pipeline of a file, or the one of the environment.
///
/// # Errors
/// When the file holds no pipeline that the service accepts, or this program cannot speak to AWS.
pub async fn connect(memory: Option<&Path>) -> anyhow::Result<Remote> {
    let Some(file) = memory else { return real().await };
    let bytes = std::fs::read(file).with_context(|| file.display().to_string())?;
    let reading = read_bytes(&file.display().to_string(), &bytes, &ReadOptions::default());
    let pipeline = reading.pipeline().with_context(|| format!("{} holds no pipeline", file.display()))?;
    let clock = ManualClock::new(std::time::UNIX_EPOCH + Duration::from_secs(1_700_000_000)).auto();
    let service = MemoryCodePipeline::new(clock.clone(), SystemIds).with_action_time(Duration::from_secs(10));
    service.create(pipeline).await?;
    Ok(Remote::new(Arc::new(service), Arc::new(clock), Arc::new(SystemIds)))
}

#[cfg(feature = "aws")]
async fn real() -> anyhow::Result<Remote> {
    let config = aws_config::load_defaults(aws_config::BehaviorVersion::latest()).await;
    let client = aws_sdk_codepipeline::Client::new(&config);
    let service = pipeline_model::client::sdk::CodePipeline::new(client);
    Ok(Remote::new(Arc::new(service), Arc::new(aws_call::SystemClock), Arc::new(SystemIds)))
}

#[cfg(not(feature = "aws"))]
#[allow(clippy::unused_async, reason = "the other one waits")]
async fn real() -> anyhow::Result<Remote> {
    anyhow::bail!("this program was built without the feature `aws`: build it with it, or use --memory FILE")
}

//! Runs a command for every job of a custom action on CodePipeline.
//!
//!     cargo run -p examples --example job_worker -- --demo -- sh -c 'echo "counting $CONFIG_FILE"; wc -w < "$CONFIG_FILE"'
//!     cargo run -p examples --features aws --example job_worker -- --create --key File -- ./count.sh
//!
//! The command works in the directory of the job's first input artifact. It finds the action's configuration in variables
//! `CONFIG_<KEY>`; its last line becomes the output variable `Result`, and another exit status than 0 fails the job.
//!
//! The first Ctrl-C lets running jobs end, the second leaves at once. Exit code: 0 after the first and for a demonstration
//! that succeeded, 1 for one that did not, 2 when it could not begin, 130 after the second.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program prints")]

use std::process::{ExitCode, Stdio};
use std::sync::Arc;

use async_trait::async_trait;
use aws_call::{SystemClock, SystemEnv, SystemIds};
use clap::Parser;
use pipeline_model::model::ActionTypeId;
use pipeline_runner::artifact::S3Store;
use pipeline_runner::client::{
    ActionProperty, Buckets, CustomActions, Job, JobArtifact, JobEnd, Jobs, MemoryJobs, NewActionType,
};
use pipeline_runner::worker::{OpenArtifacts, Worker, WorkerOptions};
use pipeline_runner::{ActionJob, ActionOutcome, ActionProvider, Cancel, JobContext};
use serde_json::json;

/// Runs a command for every job of a custom action.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// The action type: category, provider and version; its owner is Custom
    #[arg(long, value_name = "TYPE", default_value = "Test/WordCount/1")]
    action_type: String,
    /// Create the action type first, with these keys
    #[arg(long)]
    create: bool,
    /// A key of the action's configuration, for --create
    #[arg(long = "key", value_name = "KEY", default_value = "File")]
    keys: Vec<String>,
    /// The most jobs at a time
    #[arg(long, value_name = "NUMBER", default_value_t = 4)]
    parallel: usize,
    /// Run one job of a CodePipeline in memory and end
    #[arg(long)]
    demo: bool,
    /// End with the result of the demonstration as one line of JSON
    #[arg(long, requires = "demo")]
    json: bool,
    /// The command
    #[arg(last = true, required = true)]
    command: Vec<String>,
}

#[derive(Debug)]
struct Command {
    id: ActionTypeId,
    words: Vec<String>,
}

#[async_trait]
impl ActionProvider for Command {
    fn action_types(&self) -> Vec<ActionTypeId> {
        vec![self.id.clone()]
    }

    async fn run(&self, job: ActionJob, cx: &JobContext) -> ActionOutcome {
        let directory = match job.inputs.first() {
            None => cx.workspace().to_owned(),
            Some((name, key)) => match cx.unpack(name, key).await {
                Ok(directory) => directory,
                Err(error) => return error.into(),
            },
        };
        let mut command = tokio::process::Command::new(&self.words[0]);
        command.args(&self.words[1..]).current_dir(directory).stdin(Stdio::null()).kill_on_drop(true);
        for (key, value) in &job.configuration {
            command.env(format!("CONFIG_{}", key.to_uppercase()), value.expose());
        }
        let output = tokio::select! {
            output = command.output() => output,
            () = cx.cancel.cancelled() => return ActionOutcome::failed("given up"),
        };
        let output = match output {
            Ok(output) => output,
            Err(error) => return ActionOutcome::failed(format!("`{}` cannot run: {error}", self.words[0])),
        };
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        text.lines().for_each(|line| cx.log(line));
        if !output.status.success() {
            let why = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            return ActionOutcome::failed(format!("`{}` ended with {}: {why}", self.words[0], output.status));
        }
        ActionOutcome::succeeded().with_variable("Result", text.lines().last().unwrap_or_default().trim())
    }
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
    let words: Vec<&str> = arguments.action_type.split('/').collect();
    let [category, provider, version] = words.as_slice() else {
        anyhow::bail!("`{}` is no action type: write category/provider/version", arguments.action_type);
    };
    let id = ActionTypeId::new(*category, "Custom", *provider, *version);
    let mut new = NewActionType::new(*category, *provider, *version);
    (new.inputs, new.outputs) = ((0, 1), (0, 0));
    new.properties = arguments.keys.iter().map(|key| ActionProperty::required(key, "for the worker")).collect();
    if arguments.demo {
        return demo(arguments, id, &new).await;
    }
    remotely(arguments, id, &new).await
}

#[cfg(feature = "aws")]
async fn remotely(arguments: &Arguments, id: ActionTypeId, new: &NewActionType) -> anyhow::Result<ExitCode> {
    let (queue, artifacts) = examples::aws::job_queue().await;
    if arguments.create {
        queue.create_custom_action_type(new).await?;
    }
    worker(arguments, id, Arc::new(queue), artifacts).run(&examples::cancel_on_ctrl_c(), &Cancel::new()).await?;
    Ok(ExitCode::SUCCESS)
}

#[cfg(not(feature = "aws"))]
async fn remotely(_: &Arguments, _: ActionTypeId, _: &NewActionType) -> anyhow::Result<ExitCode> {
    anyhow::bail!("this build has no AWS clients: run it with `--features aws`, or with --demo")
}

fn worker(arguments: &Arguments, id: ActionTypeId, jobs: Arc<dyn Jobs>, artifacts: OpenArtifacts) -> Worker {
    let provider = Command { id, words: arguments.command.clone() };
    let mut options = WorkerOptions::default();
    options.parallel = arguments.parallel;
    Worker::new(jobs, Arc::new(provider), artifacts, (Arc::new(SystemClock), Arc::new(SystemIds), Arc::new(SystemEnv)))
        .with_options(options)
        .with_log(Arc::new(|line: &str| eprintln!("{line}")))
}

/// One job with a file of words, and what became of it.
async fn demo(arguments: &Arguments, id: ActionTypeId, new: &NewActionType) -> anyhow::Result<ExitCode> {
    let directory = tempfile::tempdir()?;
    let files = directory.path().join("files");
    std::fs::create_dir_all(&files)?;
    std::fs::write(files.join("words.txt"), "five words in this file\n")?;
    let buckets = Buckets::new().with_bucket("demo", directory.path().join("bucket"));
    let store = Arc::new(S3Store::across_buckets(Arc::new(buckets)));
    pipeline_runner::artifact::ArtifactStore::pack(&*store, "demo/In", &files).await?;
    let queue = MemoryJobs::new(SystemIds);
    queue.create_custom_action_type(new).await?;
    let mut job = Job::new("", "", id.clone());
    (job.pipeline, job.action) = ("demo".to_owned(), "Count".to_owned());
    job.configuration.extend(arguments.keys.iter().map(|key| (key.clone(), aws_call::Secret::new("words.txt"))));
    job.inputs = vec![JobArtifact::new("In", "demo", "In")];
    let action = queue.begin(job)?;
    let (drain, never) = (Cancel::new(), Cancel::new());
    let worker = worker(arguments, id, Arc::new(queue.clone()), Arc::new(move |_| Arc::clone(&store) as _));
    let clock = SystemClock;
    let watch = async {
        while queue.end(&action).is_none() {
            aws_call::Clock::sleep(&clock, std::time::Duration::from_millis(20)).await;
        }
        drain.cancel();
    };
    let (worked, ()) = tokio::join!(worker.run(&drain, &never), watch);
    worked?;
    let (outcome, told) = match queue.end(&action) {
        Some(JobEnd::Succeeded(success)) => ("Succeeded", json!(success.variables)),
        Some(JobEnd::Failed(failure)) => ("Failed", json!(failure.message)),
        _ => ("Unknown", json!(null)),
    };
    match arguments.json {
        true => println!("{}", json!({ "outcome": outcome, "result": told })),
        false => println!("{outcome}: {told}"),
    }
    Ok(if outcome == "Succeeded" { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

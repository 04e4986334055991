//! Receives GitHub's webhooks for a pipeline, as CodePipeline's own endpoint does: verifies, filters, starts.
//!
//!     WEBHOOK_SECRET=… cargo run -p examples --example webhook_server -- examples/shop/pipeline.json --action Source --port 8080
//!     WEBHOOK_SECRET=… cargo run -p examples --features aws --example webhook_server -- pipeline.json --action Source --aws
//!
//! It listens on 127.0.0.1 only (put a reverse proxy with TLS in front of it), answers nothing but `POST` to `--path`, and
//! reads no more than 1 MiB of a body. The secret comes from the environment, never from the command line. Without `--aws`
//! executions are started in an account in memory. Each call is one line on standard output: a JSON object with the keys
//! `delivery`, `outcome` (started, ignored, ping, refused, failed), `execution` and `reason`.
//!
//! Answers: 202 started, 200 ignored or ping, 400 no JSON, 401 not believed, 404, 405, 413, 502 when the start failed.
//!
//! Exit code: 0 when its time is up, 2 when it could not begin, 130 after Ctrl-C.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program prints")]

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use aws_call::serve::Server;
use aws_call::{Clock as _, Env as _, Secret, SystemClock, SystemEnv};
use clap::Parser;
use examples::remote::connect;
use examples::webhook::Endpoint;
use pipeline_model::webhook::{Authentication, Filter, Receiver, Webhook};
use pipeline_model::{ReadOptions, read_bytes};

/// Starts a pipeline when GitHub calls.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Pipeline declaration whose source action fills the placeholders of the filters
    file: PathBuf,
    /// Source action
    #[arg(long)]
    action: String,
    /// Part of the body and what it must be, as in `$.ref=refs/heads/{Branch}`; that one unless others are given
    #[arg(long, value_name = "PATH=VALUE", value_parser = filter)]
    filter: Vec<Filter>,
    /// Environment variable with the secret
    #[arg(long, default_value = "WEBHOOK_SECRET")]
    secret_from: String,
    /// Where GitHub calls
    #[arg(long, default_value = "/webhook")]
    path: String,
    /// Port on 127.0.0.1; 0 takes a free one
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// End after so many seconds
    #[arg(long)]
    seconds: Option<u64>,
    /// Start executions in AWS
    #[arg(long)]
    aws: bool,
}

fn filter(text: &str) -> Result<Filter, String> {
    let (path, value) = text.split_once('=').ok_or("there is no `=` between path and value")?;
    Ok(Filter::new(path, value))
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
    let secret = SystemEnv.var(&arguments.secret_from).filter(|secret| !secret.is_empty());
    let secret = secret.with_context(|| {
        format!("no secret: set {} to the one that the webhook has at GitHub", arguments.secret_from)
    })?;
    let bytes = std::fs::read(&arguments.file).with_context(|| arguments.file.display().to_string())?;
    let reading = read_bytes(&arguments.file.display().to_string(), &bytes, &ReadOptions::default());
    let pipeline = reading.pipeline().with_context(|| format!("{} holds no pipeline", arguments.file.display()))?;
    anyhow::ensure!(
        pipeline.actions().any(|(_, action)| action.name == arguments.action),
        "pipeline `{}` has no action `{}`",
        pipeline.name,
        arguments.action
    );
    let authentication = Authentication::GitHubHmac(Secret::new(secret));
    let mut webhook = Webhook::new("webhook_server", &pipeline.name, &arguments.action, authentication);
    webhook.filters =
        if arguments.filter.is_empty() { vec![Filter::branch_of_target()] } else { arguments.filter.clone() };
    let remote = connect((!arguments.aws).then_some(arguments.file.as_path())).await?;
    let endpoint = Endpoint::new(Receiver::new(webhook, pipeline), &arguments.path, remote, |line| println!("{line}"));
    let server = Server::start_on(arguments.port, Arc::new(endpoint)).await?;
    eprintln!("listening on {}{}", server.url(), arguments.path);
    let clock = SystemClock;
    let time_is_up = async {
        match arguments.seconds {
            Some(seconds) => clock.sleep(Duration::from_secs(seconds)).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        () = time_is_up => Ok(ExitCode::SUCCESS),
        () = server.run() => anyhow::bail!("the server has ended"),
        _ = tokio::signal::ctrl_c() => Ok(ExitCode::from(130)),
    }
}

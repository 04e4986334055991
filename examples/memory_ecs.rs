//! An ECS in memory over HTTP, in which the next deployment ends as the scenario says: for trying tools on it.
//!
//!     cargo run -p examples --example memory_ecs -- --scenario rollback --port 5000
//!     aws ecs describe-services --endpoint-url http://127.0.0.1:5000 --cluster c1 --services svc
//!
//! The address is the first line of standard output. The cluster `c1` has a service `svc` of two tasks, which runs `web:1`.
//!
//! Exit code: 0 when its time is up, 2 when it could not begin, 130 after Ctrl-C.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program prints")]

use std::io::Write as _;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use aws_call::{Clock as _, SystemClock, SystemIds};
use clap::Parser;
use ecs_taskdef::client::{Scenario, ServiceId};

/// Serves an ECS in memory on loopback.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// What comes of the next deployment: ok, rollback, failed or stuck
    #[arg(long, default_value = "ok", value_parser = examples::scenario)]
    scenario: Scenario,
    /// Port of 127.0.0.1; 0 for a free one
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// How long the start of a task takes, in milliseconds
    #[arg(long, default_value_t = 2000)]
    phase: u64,
    /// End after so many seconds
    #[arg(long)]
    seconds: Option<u64>,
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
    let (clock, ids) = (Arc::new(SystemClock), Arc::new(SystemIds));
    let id = ServiceId::new("c1", "svc");
    let phase = Duration::from_millis(arguments.phase);
    let cluster = arguments
        .scenario
        .open(std::slice::from_ref(&id), phase, clock.clone(), ids)
        .await
        .context("the scenario cannot begin")?;
    let server = cluster.serve(arguments.port).await.with_context(|| format!("port {}", arguments.port))?;
    println!("{}", server.url());
    std::io::stdout().flush()?;
    let over = async {
        match arguments.seconds {
            Some(seconds) => clock.sleep(Duration::from_secs(seconds)).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        () = over => Ok(ExitCode::SUCCESS),
        () = server.run() => Ok(ExitCode::SUCCESS),
        _ = tokio::signal::ctrl_c() => Ok(ExitCode::from(130)),
    }
}

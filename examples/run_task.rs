//! Runs a task to its end, shows what its containers write, and ends as the container that counts has ended.
//!
//!     cargo run -p examples --example run_task -- --task-definition web --scenario ok
//!     cargo run -p examples --features aws --example run_task -- --cluster shop --task-definition migrate:7 \
//!         --settings '{"launchType": "FARGATE", "networkConfiguration": {…}}' --command app='["migrate", "--all"]'
//!
//! `--settings` is what RunTask takes besides, as JSON. Lines of the log driver `awslogs` are shown where there is a client
//! for them: in this build only on a cluster in memory. With `--json` the last line of standard output is one object,
//! `{"outcome", "exitCode", "container", "tasks": [{"arn", "status", "reason"}]}`; `outcome` is succeeded, failed or timed-out.
//!
//! Exit code: 0 if the container ended with 0 in every task, 1 if it did not or not in time, 2 when nothing could be run,
//! 130 after Ctrl-C, which ends the tasks.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program prints")]

use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};

use anyhow::{Context as _, bail};
use clap::Parser;
use ecs_taskdef::client::{RunTask, ServiceId};
use ecs_taskdef::deploy::run::{RunEvent, RunRequest, TaskRun, TaskRunner};
use examples::{Cluster, ClusterArguments, with_cluster};
use serde_json::{Map, Value, json};

/// Runs a task to its end.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(flatten)]
    cluster: ClusterArguments,
    /// ARN, family:revision, or a family for its newest revision
    #[arg(long)]
    task_definition: String,
    /// Container whose exit code counts; the first essential one if none is named
    #[arg(long)]
    container: Option<String>,
    /// Command of a container, a JSON list
    #[arg(long, value_name = "CONTAINER=[\"ARG\",…]")]
    command: Vec<String>,
    /// How many tasks
    #[arg(long, default_value_t = 1)]
    count: u32,
    /// What RunTask takes besides, a JSON object
    #[arg(long, value_name = "JSON")]
    settings: Option<String>,
    /// End with one JSON object
    #[arg(long)]
    json: bool,
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
    let cluster = arguments.cluster.connect(&[ServiceId::new(&arguments.cluster.cluster, "svc")]).await?;
    let runner = runner(arguments, &cluster);
    let request = request(arguments)?;
    let started = Mutex::new(Vec::new());
    let tell = |event: &RunEvent<'_>| {
        if let RunEvent::Started(task) = event {
            started.lock().unwrap_or_else(PoisonError::into_inner).push(task.arn().to_owned());
        }
        show(event);
    };
    let run = tokio::select! {
        run = runner.run(&request, &tell) => run?,
        _ = tokio::signal::ctrl_c() => {
            let started = started.lock().unwrap_or_else(PoisonError::into_inner).clone();
            eprintln!("interrupted: {} tasks are stopped", started.len());
            for (task, error) in runner.stop(&arguments.cluster.cluster, &started, "interrupted").await {
                eprintln!("{task} goes on: {error}");
            }
            return Ok(ExitCode::from(130));
        }
    };
    tell_end(arguments, &run);
    Ok(if run.is_success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn runner(arguments: &Arguments, cluster: &Cluster) -> TaskRunner {
    let (clock, ids) = (arguments.cluster.clock(), arguments.cluster.ids());
    let runner = with_cluster!(cluster, client => TaskRunner::new(client.clone(), client.clone(), clock, ids));
    match cluster {
        Cluster::Memory(memory) => runner.with_logs(memory.clone()),
        #[allow(unreachable_patterns, reason = "a build without AWS has nothing else")]
        _ => runner,
    }
}

fn request(arguments: &Arguments) -> anyhow::Result<RunRequest> {
    let mut task = RunTask::new(&arguments.cluster.cluster, &arguments.task_definition).with_count(arguments.count);
    if let Some(settings) = &arguments.settings {
        let settings: Map<String, Value> = serde_json::from_str(settings).context("--settings is no JSON object")?;
        task.settings = settings;
    } else if arguments.cluster.scenario.is_some() {
        task = task.with_setting("networkConfiguration", json!({ "awsvpcConfiguration": { "subnets": ["subnet-1"] } }));
    }
    for one in &arguments.command {
        let Some((container, list)) = one.split_once('=') else { bail!("`{one}` is not CONTAINER=[\"ARG\",…]") };
        let command: Vec<String> =
            serde_json::from_str(list).with_context(|| format!("`{list}` is no JSON list of texts"))?;
        task = task.with_command(container, &command);
    }
    let request = RunRequest::new(task).with_polling(arguments.cluster.polling());
    Ok(match &arguments.container {
        Some(container) => request.with_container(container),
        None => request,
    })
}

fn show(event: &RunEvent<'_>) {
    let line = match event {
        RunEvent::Started(task) => format!("started {}", task.id()),
        RunEvent::Status(task) => format!("   {} {}", task.id(), task.last_status),
        RunEvent::Line { container, line, .. } => format!("   {container} │ {}", line.message),
        RunEvent::PollFailed(error) => format!("no look this time: {error}"),
        _ => return,
    };
    // What a container writes must not move the cursor.
    let line: String = line.chars().map(|c| if c.is_control() && c != '\t' { '\u{fffd}' } else { c }).collect();
    eprintln!("{line}");
}

fn tell_end(arguments: &Arguments, run: &TaskRun) {
    let outcome = match (run.is_success(), run.timed_out) {
        (true, _) => "succeeded",
        (false, true) => "timed-out",
        (false, false) => "failed",
    };
    for task in run.tasks.iter().filter(|task| task.is_stopped()) {
        eprintln!("{}: {}", task.id(), task.ended);
    }
    match run.exit_code() {
        Some(code) => eprintln!("{outcome}: container `{}` ended with {code}", run.container),
        None if run.timed_out => eprintln!("{outcome}: the tasks go on"),
        None => eprintln!("{outcome}: container `{}` never ran", run.container),
    }
    if arguments.json {
        let tasks: Vec<Value> = run
            .tasks
            .iter()
            .map(|task| json!({ "arn": task.arn(), "status": task.last_status, "reason": task.ended.stopped_reason }))
            .collect();
        println!(
            "{}",
            json!({ "outcome": outcome, "exitCode": run.exit_code(), "container": run.container, "tasks": tasks })
        );
    }
}

//! Plans, applies, starts, watches, answers, retries, rolls back and stops pipelines in AWS, and says why one did not start.
//!
//!     cargo run -p examples --features aws --example pipeline_remote -- plan pipeline.json
//!     cargo run -p examples --features aws --example pipeline_remote -- apply pipeline.json --secret Source/GitHub/OAuthToken=TOKEN
//!     cargo run -p examples --features aws --example pipeline_remote -- start shop --variable tag=v1 --watch --json
//!     cargo run -p examples --features aws --example pipeline_remote -- doctor shop --push main
//!     cargo run -p examples --example pipeline_remote -- --memory examples/shop/pipeline.json start shop --watch
//!
//! With `--memory FILE` the account is one in memory that holds the pipeline of the file, whose actions take ten seconds on
//! a clock of their own and whose approvals nobody answers; without it and without the feature `aws` nothing can be done.
//! `AWS_ENDPOINT_URL` is honoured. The value of a secret is read from the environment variable that is named.
//! With `--json` the last line of standard output is one object with the key `outcome`.
//!
//! Exit code: 0 when what was asked is so (`plan`: nothing would change; `doctor`: no cause was found), 1 when it is not
//! (`plan`: something would change), 2 when it could not be done, 130 after Ctrl-C, which only ends the watching.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program prints")]

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use aws_call::{Env as _, Secret, SystemEnv};
use clap::Parser;
use examples::remote::{Answer, Arguments, Verb, connect};
use pipeline_model::Pipeline;
use pipeline_model::client::{ApprovalStatus, StartExecution};
use pipeline_model::model::RetryMode;
use pipeline_model::remote::{Applied, OnApproval, Plan, Remote, WatchOptions};
use pipeline_model::triggers::Event;
use pipeline_model::{ReadOptions, check, read_bytes};
use serde_json::json;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = tokio::select! {
        done = run(&arguments) => done,
        _ = tokio::signal::ctrl_c() => {
            eprintln!("left: what was started goes on in CodePipeline");
            return ExitCode::from(130);
        }
    };
    match done {
        Ok(answer) => {
            eprint!("{}", answer.text);
            if arguments.json {
                println!("{}", answer.json);
            }
            if answer.holds { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

async fn run(arguments: &Arguments) -> anyhow::Result<Answer> {
    let remote = connect(arguments.memory.as_deref()).await?;
    match &arguments.verb {
        Verb::Plan { file } => {
            let plan = remote.plan(&declared(file)?).await?;
            Ok(Answer::new(plan.is_empty(), plan.to_string(), json!({ "outcome": outcome(&plan), "plan": plan })))
        }
        Verb::Apply { file, secret } => apply(&remote, &declared(file)?, secret).await,
        Verb::Start { name, variable, watch, leave_approvals } => {
            let start =
                variable.iter().fold(StartExecution::new(name), |start, (key, value)| start.with_variable(key, value));
            let id = remote.start(&start).await?;
            if *watch {
                return watched(&remote, name, &id, *leave_approvals).await;
            }
            Ok(Answer::new(true, format!("started {id}\n"), json!({ "outcome": "started", "execution": id })))
        }
        Verb::Watch { name, execution, leave_approvals } => {
            let id = match execution {
                Some(id) => id.clone(),
                None => remote.newest(name).await?,
            };
            watched(&remote, name, &id, *leave_approvals).await
        }
        Verb::Approve { name, at, summary } => answer(&remote, name, at, ApprovalStatus::Approved, summary).await,
        Verb::Reject { name, at, summary } => answer(&remote, name, at, ApprovalStatus::Rejected, summary).await,
        Verb::Retry { name, execution, all } => {
            let mode = if *all { RetryMode::AllActions } else { RetryMode::FailedActions };
            let (id, stage) = remote.retry(name, execution.as_deref(), mode).await?;
            let json = json!({ "outcome": "retried", "execution": id, "stage": stage });
            Ok(Answer::new(true, format!("stage {stage} of {id} runs again\n"), json))
        }
        Verb::Rollback { name, stage, to } => {
            let (id, target) = remote.roll_back(name, stage, to.as_deref()).await?;
            let json = json!({ "outcome": "rolling-back", "execution": id, "target": target });
            Ok(Answer::new(true, format!("{id} brings stage {stage} back to {target}\n"), json))
        }
        Verb::Stop { name, execution, abandon, reason } => {
            let id = remote.stop(name, execution.as_deref(), *abandon, reason.as_deref()).await?;
            Ok(Answer::new(true, format!("stopping {id}\n"), json!({ "outcome": "stopping", "execution": id })))
        }
        Verb::Disable { name, stage, reason } => {
            remote.disable(name, stage, reason).await?;
            Ok(Answer::new(true, format!("nothing enters {stage} any more\n"), json!({ "outcome": "disabled" })))
        }
        Verb::Enable { name, stage } => {
            remote.enable(name, stage).await?;
            Ok(Answer::new(true, format!("executions enter {stage} again\n"), json!({ "outcome": "enabled" })))
        }
        Verb::Doctor { name, push, tag } => {
            let event = push.as_ref().map(Event::push).or_else(|| tag.as_ref().map(Event::tag));
            let diagnosis = remote.doctor(name, event.as_ref(), None).await?;
            let healthy = diagnosis.causes().next().is_none();
            let outcome = if healthy { "no-cause-found" } else { "causes-found" };
            Ok(Answer::new(healthy, diagnosis.to_string(), json!({ "outcome": outcome, "diagnosis": diagnosis })))
        }
    }
}

/// The declaration of a file. One with errors, or with values that only a deployment knows, goes nowhere.
fn declared(file: &Path) -> anyhow::Result<Pipeline> {
    let bytes = std::fs::read(file).with_context(|| file.display().to_string())?;
    let reading = read_bytes(&file.display().to_string(), &bytes, &ReadOptions::default());
    let report = check(&reading, &spec_report::Levels::default());
    if report.has_errors() {
        eprint!("{}", spec_report::render::text(&report));
        bail!("{} has errors", file.display());
    }
    if let Some(open) = reading.unresolved().next() {
        bail!("{}: {open:?} is known only to a deployment of the template: deploy its stack instead", file.display());
    }
    reading.pipeline().cloned().with_context(|| format!("{} holds no pipeline", file.display()))
}

fn outcome(plan: &Plan) -> &'static str {
    match plan.base {
        None => "create",
        Some(_) if plan.is_empty() => "unchanged",
        Some(_) => "update",
    }
}

async fn apply(remote: &Remote, declaration: &Pipeline, secrets: &[String]) -> anyhow::Result<Answer> {
    let mut plan = remote.plan(declaration).await?;
    for secret in secrets {
        let (place, variable) = secret.split_once('=').context("a secret is STAGE/ACTION/KEY=VARIABLE")?;
        let parts: Vec<&str> = place.split('/').collect();
        let [stage, action, key] = parts[..] else { bail!("a secret is STAGE/ACTION/KEY=VARIABLE") };
        let value = SystemEnv.var(variable).with_context(|| format!("{variable} is not set"))?;
        plan = plan.with_secret(stage, action, key, &Secret::new(value));
    }
    let text = plan.to_string();
    let applied = if secrets.is_empty() { remote.apply(plan).await? } else { remote.apply_anyway(plan).await? };
    let (outcome, version) = match &applied {
        Applied::Created(pipeline) => ("created", pipeline.version),
        Applied::Updated(pipeline) => ("updated", pipeline.version),
        _ => ("unchanged", None),
    };
    Ok(Answer::new(true, format!("{text}{outcome}\n"), json!({ "outcome": outcome, "version": version })))
}

async fn watched(remote: &Remote, name: &str, id: &str, leave_approvals: bool) -> anyhow::Result<Answer> {
    let leave = if leave_approvals { OnApproval::Leave } else { OnApproval::Wait };
    let options = WatchOptions::default().with_on_approval(leave);
    let watched = remote.watch(name, id, &options, &mut |event| eprintln!("{event}")).await?;
    let reason = watched.reason();
    let mut text = format!("{}: {}\n", watched.outcome, reason.as_deref().unwrap_or("every stage succeeded"));
    for hint in &watched.hints {
        text.push_str(&format!("  {hint}\n"));
    }
    if let Some(rollback) = &watched.rolled_back_by {
        text.push_str(&format!("  execution {rollback} rolls back\n"));
    }
    let failed: Vec<_> = watched.failed.iter().map(|run| format!("{}/{}", run.stage, run.action)).collect();
    let json = json!({
        "outcome": watched.outcome, "execution": id, "reason": reason, "failed": failed, "hints": watched.hints,
        "waits": watched.waits, "rolledBackBy": watched.rolled_back_by,
    });
    Ok(Answer::new(watched.outcome.is_success(), text, json))
}

async fn answer(
    remote: &Remote,
    name: &str,
    at: &examples::remote::At,
    status: ApprovalStatus,
    summary: &str,
) -> anyhow::Result<Answer> {
    let (found, _) = remote.answer(name, (at.stage.as_deref(), at.action.as_deref()), status, summary).await?;
    let outcome = if status == ApprovalStatus::Approved { "approved" } else { "rejected" };
    let json = json!({ "outcome": outcome, "stage": found.stage, "action": found.action });
    Ok(Answer::new(true, format!("{outcome} {}/{}\n", found.stage, found.action), json))
}

//! How a pipeline's behaviour is tested without deploying anything: what does it do when a rollout fails once, or twice?
//!
//!     cargo run -p examples --example pipeline_test
//!     cargo test -p examples --example pipeline_test
//!
//! Copy it beside your pipeline and write down what you expect of it. Exit code: 0 when all holds, 1 otherwise.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program prints")]

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, ensure};
use aws_call::{ManualClock, MapEnv, SequenceIds};
use clap::Parser;
use pipeline_model::model::Pipeline;
use pipeline_runner::artifact::MemoryStore;
use pipeline_runner::core::{Execution, ExecutionStatus, ExecutionType, RetryTrigger, Start};
use pipeline_runner::mocks::Mocks;
use pipeline_runner::{Always, Answer, Cancel, Providers, Runner, Silent, World};

/// Tests what a pipeline does when its rollout fails.
#[derive(Parser)]
#[command(version)]
struct Arguments {}

/// The pipeline under test, with what its deployment stage does about a failure.
fn pipeline(on_failure: &str) -> anyhow::Result<Pipeline> {
    let text = include_str!("shop/pipeline.json");
    let mut pipeline = pipeline_model::read("pipeline.json", text).pipeline().cloned().context("no pipeline")?;
    let deploy = pipeline.stages.last_mut().context("no stage")?;
    deploy.on_failure = serde_json::from_str(on_failure)?;
    Ok(pipeline)
}

/// All that the tests have in common: everything succeeds that a test does not let fail.
const USUAL: &str = r#"
    [[mock]]
    action = "Checkout"
    revision = "0123456789abcdef0123456789abcdef01234567"
    variables = { CommitId = "0123456789abcdef0123456789abcdef01234567" }
    [[mock]]
    action = "Compile"
    variables = { IMAGE_TAG = "v1" }
    [[mock]]
    action = "Publish"
    variables = { ECRImageDigestId = "sha256:0" }
    [[mock]]
    action = "Release"
    [[mock]]
    action = "Rollout"
"#;

/// Runs the pipeline as often as told; every execution that came of it, rollbacks too.
async fn run(on_failure: &str, failures: &str, starts: usize) -> anyhow::Result<Vec<Execution>> {
    let (pipeline, space) = (pipeline(on_failure)?, tempfile::tempdir()?);
    let mocks = Mocks::parse("mocks.toml".as_ref(), &format!("{USUAL}{failures}"))?;
    let clock = Arc::new(ManualClock::at_epoch_secs(1_700_000_000));
    let nobody = Arc::new(Always(Answer::reject("the script has no answer")));
    let world = World {
        providers: mocks.providers(&pipeline, &Providers::new())?,
        artifacts: Arc::new(MemoryStore::new()),
        approver: mocks.approver(nobody, Arc::clone(&clock) as _),
        observer: Arc::new(Silent),
        clock,
        ids: Arc::new(SequenceIds::new(1)),
        env: Arc::new(MapEnv::default()),
        workspace: space.path().join("work"),
    };
    let mut runner = Runner::new(pipeline, world)?;
    for _ in 0..starts {
        runner.run(Start::manual("test"), &Cancel::new()).await?;
    }
    Ok(runner.state().executions.clone())
}

async fn a_rollout_that_fails_once_is_retried() -> anyhow::Result<()> {
    let failures = "[[mock]]\naction = 'Rollout'\nattempt = 1\noutcome = 'fail'\nmessage = 'unhealthy'\n";
    let executions = run(r#"{"result": "RETRY"}"#, failures, 1).await?;
    let [only] = &executions[..] else { anyhow::bail!("{} executions", executions.len()) };
    ensure!(only.status == ExecutionStatus::Succeeded, "{:?}", only.summary);
    let retries = only.stages.last().context("no stage")?.retries;
    ensure!(retries.automatic == 1 && retries.latest == Some(RetryTrigger::AutomatedStageRetry), "{retries:?}");
    Ok(())
}

async fn a_rollout_that_fails_twice_fails() -> anyhow::Result<()> {
    let failures = "[[mock]]\naction = 'Rollout'\nexecution = 1\noutcome = 'fail'\nmessage = 'unhealthy'\n";
    let executions = run(r#"{"result": "RETRY"}"#, failures, 1).await?;
    ensure!(executions[0].status == ExecutionStatus::Failed, "{:?}", executions[0].status);
    ensure!(executions[0].summary.as_deref() == Some("Deploy/Rollout: unhealthy"), "{:?}", executions[0].summary);
    Ok(())
}

async fn a_bad_release_is_rolled_back_to_the_last_good_one() -> anyhow::Result<()> {
    let failures = "[[mock]]\naction = 'Rollout'\nexecution = 2\noutcome = 'fail'\nmessage = 'unhealthy'\n";
    let executions = run(r#"{"result": "ROLLBACK"}"#, failures, 2).await?;
    let [good, bad, back] = &executions[..] else { anyhow::bail!("{} executions", executions.len()) };
    ensure!(good.status == ExecutionStatus::Succeeded && bad.status == ExecutionStatus::Failed);
    ensure!(back.kind == ExecutionType::Rollback && back.status == ExecutionStatus::Succeeded, "{:?}", back.summary);
    ensure!(back.rollback_target.as_ref() == Some(&good.id), "{:?}", back.rollback_target);
    Ok(())
}

async fn nothing_is_deployed_that_was_not_released() -> anyhow::Result<()> {
    let failures = "[[mock]]\naction = 'Release'\nattempt = 1\noutcome = 'fail'\nmessage = 'not today'\n";
    let executions = run("null", failures, 1).await?;
    ensure!(executions[0].status == ExecutionStatus::Failed, "{:?}", executions[0].status);
    ensure!(executions[0].stages.iter().all(|stage| stage.name != "Deploy"), "the deployment began");
    Ok(())
}

#[tokio::main]
async fn main() -> ExitCode {
    let _ = Arguments::parse();
    let mut code = ExitCode::SUCCESS;
    for (name, outcome) in [
        ("a rollout that fails once is retried", a_rollout_that_fails_once_is_retried().await),
        ("a rollout that fails twice fails", a_rollout_that_fails_twice_fails().await),
        (
            "a bad release is rolled back to the last good one",
            a_bad_release_is_rolled_back_to_the_last_good_one().await,
        ),
        ("nothing is deployed that was not released", nothing_is_deployed_that_was_not_released().await),
    ] {
        match outcome {
            Ok(()) => println!("ok    {name}"),
            Err(error) => {
                println!("wrong {name}: {error:#}");
                code = ExitCode::FAILURE;
            }
        }
    }
    code
}

#[cfg(test)]
mod tests {
    #[tokio::test]
    async fn the_pipeline_does_what_it_should() -> anyhow::Result<()> {
        super::a_rollout_that_fails_once_is_retried().await?;
        super::a_rollout_that_fails_twice_fails().await?;
        super::a_bad_release_is_rolled_back_to_the_last_good_one().await?;
        super::nothing_is_deployed_that_was_not_released().await
    }
}

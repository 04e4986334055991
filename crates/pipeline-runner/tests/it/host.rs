//! Many pipelines behind one handle, driven as the API drives them.

use std::path::Path;
use std::sync::Arc;

use aws_call::ManualClock;
use pipeline_model::model::{Action, ActionTypeId, Pipeline, RetryMode};
use pipeline_runner::core::{ActionStatus, ExecutionStatus, ExecutionType, Start};
use pipeline_runner::host::{Host, Notice};
use pipeline_runner::{Answer, Elsewhere, Error};

use crate::shell::{act, pipeline, world};

fn host(space: &Path) -> Host {
    let mut world = world(space, Arc::default());
    world.clock = Arc::new(ManualClock::at_epoch_secs(1_700_000_000));
    world.approver = Arc::new(Elsewhere);
    Host::new(world)
}

fn named(name: &str, last: Action) -> Pipeline {
    let mut pipeline = pipeline(last);
    name.clone_into(&mut pipeline.name);
    pipeline
}

fn gate() -> Action {
    Action::new("Ok", ActionTypeId::new("Approval", "AWS", "Manual", "1"))
}

fn code<T: std::fmt::Debug>(answer: pipeline_runner::Result<T>) -> &'static str {
    match answer {
        Err(Error::Refused(refusal)) => refusal.code,
        other => panic!("expected a refusal, got {other:?}"),
    }
}

/// The token of the approval that waits in the last stage of the last execution; it comes when the stage is entered.
async fn token(host: &Host, pipeline: &str) -> String {
    let mut notices = host.subscribe();
    loop {
        let found = host.read(pipeline, |state| {
            let run = state.executions.last()?.stages.last()?.actions.first()?;
            (run.name == "Ok" && run.status == ActionStatus::InProgress).then(|| run.id.clone())
        });
        if let Some(token) = found.await.unwrap() {
            return token;
        }
        notices.recv().await.unwrap();
    }
}

#[tokio::test]
async fn pipelines_do_not_know_one_another() {
    let space = tempfile::tempdir().unwrap();
    let host = host(space.path());
    for name in ["b", "a"] {
        assert_eq!(host.put(named(name, gate())).await.unwrap(), 1);
    }
    assert_eq!(host.names().await.unwrap(), ["a", "b"]);
    let (a, b) =
        (host.start("a", Start::manual("x")).await.unwrap(), host.start("b", Start::manual("x")).await.unwrap());
    let (in_a, in_b) = (token(&host, "a").await, token(&host, "b").await);
    assert_eq!(code(host.approve("a", &in_b, Answer::approve("")).await), "InvalidApprovalTokenException");
    host.approve("a", &in_a, Answer::approve("")).await.unwrap();
    host.approve("b", &in_b, Answer::reject("no")).await.unwrap();
    assert_eq!(host.finished("a", &a).await.unwrap().status, ExecutionStatus::Succeeded);
    assert_eq!(host.finished("b", &b).await.unwrap().status, ExecutionStatus::Failed);
    host.retry("b", &b, "Build", RetryMode::FailedActions).await.unwrap();
    let again = token(&host, "b").await;
    assert_ne!(again, in_b);
    host.approve("b", &again, Answer::approve("")).await.unwrap();
    assert_eq!(host.finished("b", &b).await.unwrap().status, ExecutionStatus::Succeeded);
    let back = host.rollback("b", "Source", &b, "arn:aws:iam::123456789012:user/me").await.unwrap();
    assert_eq!(host.finished("b", &back).await.unwrap().kind, ExecutionType::Rollback);
}

#[tokio::test]
async fn what_is_not_there_is_told_in_the_services_words() {
    let space = tempfile::tempdir().unwrap();
    let host = host(space.path());
    let error = host.start("X", Start::manual("x")).await.unwrap_err().to_string();
    assert_eq!(error, "PipelineNotFoundException: Account '123456789012' does not have a pipeline with name 'X'");
    host.put(named("p", gate())).await.unwrap();
    assert_eq!(code(host.finished("p", "nope").await), "PipelineExecutionNotFoundException");
    assert_eq!(code(host.transition("p", "Nope", None).await), "StageNotFoundException");
    let other = host.clone();
    host.shut_down().await;
    assert!(matches!(other.names().await, Err(Error::Task(_))));
}

#[tokio::test]
async fn a_closed_transition_holds_until_it_is_opened_and_an_update_counts_up() {
    let space = tempfile::tempdir().unwrap();
    let host = host(space.path());
    host.put(named("p", act("Use", "Build", "read").with_input("Src"))).await.unwrap();
    host.transition("p", "Build", Some("freeze".to_owned())).await.unwrap();
    let mut notices = host.subscribe();
    let id = host.start("p", Start::manual("x")).await.unwrap();
    while host.read("p", |state| state.stages[1].waiting.is_empty()).await.unwrap() {
        notices.recv().await.unwrap();
    }
    assert_eq!(host.put(named("p", gate())).await.unwrap(), 2);
    host.transition("p", "Build", None).await.unwrap();
    let execution = host.finished("p", &id).await.unwrap();
    assert_eq!((execution.status, execution.version), (ExecutionStatus::Succeeded, 1));
}

#[tokio::test]
async fn a_pipeline_that_is_removed_takes_its_actions_with_it() {
    let space = tempfile::tempdir().unwrap();
    let host = host(space.path());
    host.put(named("p", act("Hang", "Build", "hang"))).await.unwrap();
    let mut notices = host.subscribe();
    host.start("p", Start::manual("x")).await.unwrap();
    loop {
        if let Notice::Line(line) = notices.recv().await.unwrap() {
            assert_eq!((line.pipeline.as_str(), line.action.as_str(), line.text.as_str()), ("p", "Hang", "hanging"));
            break;
        }
    }
    host.remove("p").await.unwrap();
    assert_eq!(host.names().await.unwrap(), Vec::<String>::new());
    host.shut_down().await;
    assert_eq!(std::fs::read_dir(space.path().join("work")).unwrap().count(), 0);
}

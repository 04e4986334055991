//! Retries: by hand, and by the stage itself.

use pipeline_model::model::{ExecutionMode, Pipeline, RetryMode};
use pipeline_runner::core::{ActionStatus, Effect, ExecutionStatus, Input, Refusal, RetryTrigger, StageStatus};

use super::{Drive, failure, pipeline, success};

fn retry(drive: &mut Drive, execution: &str, stage: &str, mode: RetryMode) -> Result<(), Refusal> {
    let (execution, stage) = (execution.to_owned(), stage.to_owned());
    drive.input(Input::Retry { execution, stage, mode }).map(drop)
}

/// One execution whose `B` failed in `Build` while `A` succeeded.
fn failed(mode: ExecutionMode) -> (Drive, String) {
    let mut drive = Drive::new(pipeline(mode));
    let id = drive.start();
    drive.succeed("Get");
    drive.succeed("A");
    drive.end("B", failure("flaky"));
    assert_eq!(drive.status(&id), ExecutionStatus::Failed);
    (drive, id)
}

fn with_on_failure(json: &str) -> Pipeline {
    let mut declared = pipeline(ExecutionMode::Superseded);
    declared.stages[1].on_failure = Some(serde_json::from_str(json).unwrap());
    declared
}

#[test]
fn failed_actions_run_again_and_what_succeeded_is_kept() {
    let (mut drive, id) = failed(ExecutionMode::Superseded);
    let before = drive.state.execution(&id).unwrap().clone();
    let steps = drive.steps.len();
    retry(&mut drive, &id, "Build", RetryMode::FailedActions).unwrap();
    assert_eq!(drive.names(), ["B"], "A has succeeded, C comes later");
    let execution = drive.state.execution(&id).unwrap();
    assert_eq!((execution.status, execution.attempt, &execution.summary), (ExecutionStatus::InProgress, 2, &None));
    assert_eq!((execution.ended, execution.stages.len()), (None, 2));
    assert_eq!(execution.artifacts, before.artifacts, "the artifacts of A stay");
    assert_eq!(execution.revisions, before.revisions, "the source record is unchanged");
    let run = &execution.stages[1];
    assert_eq!(run.retries.manual, 1);
    assert_eq!(run.retries.latest, Some(RetryTrigger::ManualStageRetry));
    assert_eq!(run.earlier.len(), 1, "the failed run is history");
    assert_eq!(run.earlier[0].failure.as_ref().unwrap().message, "flaky");
    assert_ne!(run.earlier[0].id, run.actions[1].id, "a new run has a new id");
    assert_eq!(run.actions[0], before.stages[1].actions[0]);
    assert_eq!(drive.told(steps), ["pipeline RESUMED 2.0", "Build RESUMED 1.0", "B STARTED 2.0"]);

    for name in ["B", "C", "Ship"] {
        drive.succeed(name);
    }
    let execution = drive.state.execution(&id).unwrap();
    assert_eq!(execution.status, ExecutionStatus::Succeeded);
    assert!(execution.first_failure().is_none(), "what was retried is no cause");
    assert_eq!(drive.told(steps).last().unwrap(), "pipeline SUCCEEDED 2.0");
}

#[test]
fn all_actions_run_again_and_forget_what_they_made() {
    let (mut drive, id) = failed(ExecutionMode::Superseded);
    let old = drive.state.execution(&id).unwrap().artifacts["Out"].clone();
    retry(&mut drive, &id, "Build", RetryMode::AllActions).unwrap();
    assert_eq!(drive.names(), ["A", "B"]);
    let execution = drive.state.execution(&id).unwrap();
    assert!(!execution.artifacts.contains_key("Out") && execution.artifacts.contains_key("Src"));
    assert_eq!(execution.stages[1].earlier.len(), 2);
    drive.succeed("A");
    assert_ne!(drive.state.execution(&id).unwrap().artifacts["Out"], old, "a new run has a new key");
}

#[test]
fn a_retry_of_the_source_replaces_its_revision() {
    let mut declared = pipeline(ExecutionMode::Superseded);
    let second = super::action("Other", "Source").with_namespace("O");
    declared.stages[0].actions.push(second);
    let mut drive = Drive::new(declared);
    let id = drive.start();
    let revision = |id: &str| {
        let mut report = success();
        if let pipeline_runner::core::Report::Succeeded { revision, .. } = &mut report {
            *revision = Some(id.to_owned());
        }
        report
    };
    drive.end("Get", revision("r1"));
    drive.end("Other", failure("no"));
    retry(&mut drive, &id, "Source", RetryMode::AllActions).unwrap();
    assert!(drive.state.execution(&id).unwrap().namespaces.is_empty());
    drive.end("Get", revision("r2"));
    let revisions = &drive.state.execution(&id).unwrap().revisions;
    assert_eq!((revisions.len(), revisions[0].revision.as_str()), (1, "r2"));
}

#[test]
fn a_stopped_stage_goes_on_where_it_was() {
    for abandon in [false, true] {
        let mut drive = Drive::new(pipeline(ExecutionMode::Queued));
        let id = drive.start();
        drive.succeed("Get");
        drive.succeed("A");
        let stop = Input::Stop { execution: id.clone(), abandon, reason: "lunch".to_owned() };
        drive.input(stop).unwrap();
        if !abandon {
            drive.succeed("B");
        }
        assert_eq!(drive.status(&id), ExecutionStatus::Stopped);
        retry(&mut drive, &id, "Build", RetryMode::FailedActions).unwrap();
        assert_eq!(drive.names(), if abandon { ["B"] } else { ["C"] }, "abandon: {abandon}");
        let build = drive.state.stages.iter().find(|here| here.name == "Build").unwrap();
        assert_eq!(build.holder.as_ref(), Some(&id), "the lock is taken again");
    }
}

#[test]
fn what_cannot_be_retried_is_refused_by_name() {
    let (mut drive, id) = failed(ExecutionMode::Superseded);
    let before = drive.state.clone();
    let mut code = |stage: &str, execution: &str, mode: &str| {
        retry(&mut drive, execution, stage, RetryMode::from(mode)).unwrap_err().code
    };
    assert_eq!(code("Nope", &id, "FAILED_ACTIONS"), "StageNotFoundException");
    assert_eq!(code("Build", &id, "SOME_ACTIONS"), "ValidationException");
    assert_eq!(code("Build", "gone", "FAILED_ACTIONS"), "NotLatestPipelineExecutionException");
    assert_eq!(code("Source", &id, "FAILED_ACTIONS"), "StageNotRetryableException");
    assert_eq!(code("Deploy", &id, "FAILED_ACTIONS"), "NotLatestPipelineExecutionException", "never entered");
    assert_eq!(drive.state, before);
    retry(&mut drive, &id, "Build", RetryMode::FailedActions).unwrap();
    let twice = retry(&mut drive, &id, "Build", RetryMode::FailedActions).unwrap_err();
    assert!(twice.code == "StageNotRetryableException" && twice.message.contains("in progress"), "{twice}");
}

/// A failed execution does not hold its stage: the next one enters, and the old one is out of date.
#[test]
fn a_newer_execution_in_the_stage_makes_the_old_one_outdated() {
    for mode in [ExecutionMode::Superseded, ExecutionMode::Queued, ExecutionMode::Parallel] {
        let (mut drive, id) = failed(mode.clone());
        drive.start();
        drive.succeed("Get");
        let retried = retry(&mut drive, &id, "Build", RetryMode::FailedActions);
        if mode == ExecutionMode::Parallel {
            retried.unwrap();
        } else {
            assert_eq!(retried.unwrap_err().code, "NotLatestPipelineExecutionException", "{mode}");
        }
    }
}

#[test]
fn a_superseded_execution_is_not_retryable() {
    let mut drive = Drive::new(pipeline(ExecutionMode::Superseded));
    drive.input(Input::Transition { stage: "Build".to_owned(), disabled: Some("freeze".to_owned()) }).unwrap();
    let first = drive.start();
    drive.succeed("Get");
    drive.start();
    drive.succeed("Get");
    assert_eq!(drive.status(&first), ExecutionStatus::Superseded);
    for stage in ["Source", "Build"] {
        assert!(retry(&mut drive, &first, stage, RetryMode::AllActions).is_err());
    }
}

#[test]
fn on_failure_retry_tries_once_and_then_fails() {
    let mut drive =
        Drive::new(with_on_failure(r#"{"result": "RETRY", "retryConfiguration": {"retryMode": "FAILED_ACTIONS"}}"#));
    let id = drive.start();
    drive.succeed("Get");
    drive.succeed("A");
    let steps = drive.steps.len();
    drive.end("B", failure("first"));
    assert_eq!(drive.names(), ["B"], "tried again at once");
    let run = &drive.state.execution(&id).unwrap().stages[1];
    assert_eq!((run.status, run.retries.automatic, run.retries.manual), (StageStatus::InProgress, 1, 0));
    assert_eq!(run.retries.latest, Some(RetryTrigger::AutomatedStageRetry));
    let build = drive.state.stages.iter().find(|here| here.name == "Build").unwrap();
    assert_eq!(build.holder.as_ref(), Some(&id), "the lock is held over an automatic retry");
    assert_eq!(drive.told(steps), ["B FAILED 1.0", "Build RESUMED 0.0", "B STARTED 1.0"]);
    drive.end("B", failure("second"));
    let execution = drive.state.execution(&id).unwrap();
    assert_eq!((execution.status, execution.summary.as_deref()), (ExecutionStatus::Failed, Some("Build/B: second")));
    assert_eq!(execution.stages[1].earlier.len(), 1);

    retry(&mut drive, &id, "Build", RetryMode::FailedActions).unwrap();
    drive.succeed("B");
    let retries = drive.state.execution(&id).unwrap().stages[1].retries;
    assert_eq!((retries.automatic, retries.manual), (1, 1));
}

#[test]
fn on_failure_retry_of_all_actions_waits_for_the_siblings() {
    let mut drive =
        Drive::new(with_on_failure(r#"{"result": "RETRY", "retryConfiguration": {"retryMode": "ALL_ACTIONS"}}"#));
    drive.start();
    drive.succeed("Get");
    drive.end("B", failure("first"));
    assert_eq!(drive.names(), ["A"], "A runs to its end first");
    drive.succeed("A");
    assert_eq!(drive.names(), ["A", "B"]);
    let Effect::Start(start) = &drive.steps.last().unwrap().effects[0] else { panic!() };
    assert_eq!(start.outputs.len(), 1);
}

#[test]
fn a_stopping_execution_does_not_retry_itself() {
    let mut drive = Drive::new(with_on_failure(r#"{"result": "RETRY"}"#));
    let id = drive.start();
    drive.succeed("Get");
    drive.succeed("A");
    drive.input(Input::Stop { execution: id.clone(), abandon: false, reason: String::new() }).unwrap();
    drive.end("B", failure("no"));
    assert_eq!(drive.status(&id), ExecutionStatus::Failed);
    let actions = &drive.state.execution(&id).unwrap().stages[1].actions;
    assert!(actions.iter().all(|action| action.status != ActionStatus::InProgress));
}

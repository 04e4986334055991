//! Updates while executions run.

use pipeline_model::model::{ExecutionMode, RetryMode, Stage};
use pipeline_runner::core::{ExecutionStatus, Input};

use super::{Drive, action, failure, pipeline, with_approval};

fn update(drive: &mut Drive, change: impl FnOnce(&mut pipeline_model::Pipeline)) {
    let mut declared = pipeline_model::Pipeline::clone(&drive.state.pipeline);
    change(&mut declared);
    drive.input(Input::Update(Box::new(declared))).unwrap();
}

#[test]
fn a_running_execution_stays_on_its_version_and_the_next_one_takes_the_new() {
    let mut drive = Drive::new(pipeline(ExecutionMode::Superseded));
    let old = drive.start();
    drive.succeed("Get");
    update(&mut drive, |declared| {
        declared.stages[1].actions.truncate(1);
        declared.stages.insert(1, Stage::new("Scan").with_action(action("Look", "Test")));
    });
    assert_eq!(drive.state.pipeline.version, Some(2));
    assert_eq!(drive.state.versions.keys().collect::<Vec<_>>(), [&1]);
    drive.succeed("A");
    drive.succeed("B");
    assert_eq!(drive.names(), ["C"], "the new version has no C");
    let new = drive.start();
    drive.succeed("Get");
    assert_eq!(drive.names(), ["C", "Look"], "the old version has no Scan");
    drive.succeed("Look");
    assert_eq!(drive.names(), ["C"], "one lock for both versions of Build");
    drive.succeed("C");
    assert_eq!(drive.names(), ["A", "Ship"]);
    drive.succeed("Ship");
    drive.succeed("A");
    drive.succeed("Ship");
    for (id, version) in [(&old, 1), (&new, 2)] {
        let execution = drive.state.execution(id).unwrap();
        assert_eq!((execution.status, execution.version), (ExecutionStatus::Succeeded, version));
    }
    let events = drive.steps.iter().flat_map(|step| &step.events);
    assert!(events.into_iter().all(|event| event.execution.version == if event.execution.id == old { 1 } else { 2 }));
}

#[test]
fn a_stage_that_was_taken_out_lives_until_its_executions_end() {
    let mut drive = Drive::new(pipeline(ExecutionMode::Superseded));
    let old = drive.start();
    update(&mut drive, |declared| drop(declared.stages.remove(1)));
    let names = |drive: &Drive| drive.state.stages.iter().map(|here| here.name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&drive), ["Source", "Deploy", "Build"]);
    for name in ["Get", "A", "B", "C", "Ship"] {
        drive.succeed(name);
    }
    assert_eq!(drive.status(&old), ExecutionStatus::Succeeded);
    update(&mut drive, |_| {});
    assert_eq!(names(&drive), ["Source", "Deploy"]);
    assert_eq!(drive.state.versions.keys().collect::<Vec<_>>(), [&1], "a version that nothing ran is not kept");
}

#[test]
fn locks_and_transitions_outlive_an_update() {
    let mut drive = Drive::new(pipeline(ExecutionMode::Superseded));
    drive.input(Input::Transition { stage: "Build".to_owned(), disabled: Some("freeze".to_owned()) }).unwrap();
    let id = drive.start();
    drive.succeed("Get");
    update(&mut drive, |declared| declared.stages.insert(1, Stage::new("Scan").with_action(action("Look", "Test"))));
    assert!(drive.open.is_empty());
    drive.input(Input::Transition { stage: "Build".to_owned(), disabled: None }).unwrap();
    assert_eq!(drive.names(), ["A", "B"]);
    let build = drive.state.stages.iter().find(|here| here.name == "Build").unwrap();
    assert_eq!(build.holder, Some(id));
}

#[test]
fn each_execution_keeps_the_mode_of_its_version() {
    let mut drive = Drive::new(pipeline(ExecutionMode::Queued));
    drive.start();
    let queued = drive.start();
    update(&mut drive, |declared| declared.execution_mode = Some(ExecutionMode::Parallel));
    drive.start();
    assert_eq!(drive.names(), ["Get", "Get"], "the parallel one does not wait, the queued one still does");
    assert!(!drive.open.iter().any(|(execution, ..)| *execution == queued));
    update(&mut drive, |declared| declared.execution_mode = Some(ExecutionMode::Superseded));
    drive.start();
    assert_eq!(drive.status(&queued), ExecutionStatus::InProgress, "a queued execution is not overtaken");
}

#[test]
fn an_approval_that_waited_over_an_update_is_out_of_date() {
    let mut drive = with_approval();
    let (id, token, _) = drive.open[0].clone();
    update(&mut drive, |_| {});
    let answer = Input::Approve { token, approved: true, summary: "fine".to_owned() };
    assert_eq!(
        drive.input(answer).unwrap_err().to_string(),
        "InvalidApprovalTokenException: The pipeline p has been updated, and the approval request you responded to is \
         now out of date."
    );
    assert_eq!(drive.status(&id), ExecutionStatus::InProgress);
    drive.input(Input::Stop { execution: id.clone(), abandon: true, reason: String::new() }).unwrap();
    assert_eq!(drive.status(&id), ExecutionStatus::Stopped, "an explicit stop still works");
    let approval = &drive.state.execution(&id).unwrap().stages[1].actions[0];
    assert_eq!(approval.summary.as_deref(), Some("The approval action has been canceled."));
}

#[test]
fn what_an_old_version_left_is_neither_retried_nor_a_target() {
    let mut drive = Drive::new(pipeline(ExecutionMode::Superseded));
    let good = drive.deliver();
    let bad = drive.start();
    drive.end("Get", failure("no"));
    update(&mut drive, |_| {});
    let retry = Input::Retry { execution: bad, stage: "Source".to_owned(), mode: RetryMode::AllActions };
    assert_eq!(drive.input(retry).unwrap_err().code, "StageNotRetryableException");
    let rollback = Input::Rollback { stage: "Build".to_owned(), target: good, user: "me".to_owned() };
    assert_eq!(drive.input(rollback).unwrap_err().code, "PipelineExecutionOutdatedException");
}

#[test]
fn an_update_cannot_rename_and_a_token_outlives_it() {
    let mut drive = Drive::new(pipeline(ExecutionMode::Superseded));
    let mut other = pipeline_model::Pipeline::clone(&drive.state.pipeline);
    other.name = "q".to_owned();
    assert_eq!(drive.input(Input::Update(Box::new(other))).unwrap_err().code, "PipelineNotFoundException");
    let start = pipeline_runner::core::Start { token: Some("t".to_owned()), ..super::Start::manual("test") };
    let first = drive.input(Input::Start(start.clone())).unwrap().execution;
    update(&mut drive, |_| {});
    let again = drive.input(Input::Start(start)).unwrap();
    assert_eq!(again.execution, first, "the same token is the same execution, also after an update");
    assert!(again.effects.is_empty());
}

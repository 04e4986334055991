//! Rollbacks: by hand and by the stage itself, and where the service does otherwise than its user guide says.

use pipeline_model::model::{ExecutionMode, RetryMode};
use pipeline_runner::core::{Effect, ExecutionStatus, ExecutionType, Input, Refusal, Report};

use super::{Drive, failure, pipeline, success};

fn roll_back(drive: &mut Drive, stage: &str, target: &str) -> Result<String, Refusal> {
    let user = "arn:aws:iam::123456789012:user/me".to_owned();
    let input = Input::Rollback { stage: stage.to_owned(), target: target.to_owned(), user };
    drive.input(input).map(|step| step.execution.unwrap())
}

/// Delivers with this as the source's revision and variable.
fn deliver(drive: &mut Drive, revision: &str) -> String {
    let id = drive.start();
    let variables = [("K".to_owned(), revision.to_owned())].into();
    let revision = Some(revision.to_owned());
    drive.end("Get", Report::Succeeded { variables, summary: None, external_id: None, revision });
    for name in ["A", "B", "C", "Ship"] {
        drive.succeed(name);
    }
    id
}

#[test]
fn a_rollback_runs_one_stage_with_what_the_target_had() {
    let mut drive = Drive::new(pipeline(ExecutionMode::Superseded));
    let (old, new) = (deliver(&mut drive, "r1"), deliver(&mut drive, "r2"));
    let steps = drive.steps.len();
    let id = roll_back(&mut drive, "Build", &old).unwrap();
    assert_eq!(drive.names(), ["A", "B"]);
    let target = drive.state.execution(&old).unwrap().clone();
    let execution = drive.state.execution(&id).unwrap();
    assert_eq!(execution.kind, ExecutionType::Rollback);
    assert_eq!(execution.rollback_target.as_ref(), Some(&old));
    assert_eq!(execution.trigger.kind, "ManualRollback");
    assert_eq!(execution.trigger.detail, r#"{"AwsUserArn":"arn:aws:iam::123456789012:user/me"}"#);
    assert_eq!((&execution.variables, &execution.revisions), (&target.variables, &target.revisions));
    assert_eq!(execution.artifacts.get("Src"), target.artifacts.get("Src"));
    assert!(!execution.artifacts.contains_key("Out"), "what the stage makes does not exist before it");
    assert_eq!(drive.told(steps)[..2], ["pipeline STARTED 1.0", "Build STARTED 0.0"]);

    drive.succeed("A");
    drive.succeed("B");
    let Effect::Start(start) = &drive.steps.last().unwrap().effects[0] else { panic!() };
    assert_eq!(start.configuration["Key"].expose(), "r1", "the target's variables");
    drive.succeed("C");
    assert_eq!(drive.status(&id), ExecutionStatus::Succeeded, "ends with its stage");
    assert!(drive.open.is_empty());
    assert_eq!(drive.state.execution(&old).unwrap(), &target);
    assert_eq!(drive.status(&new), ExecutionStatus::Succeeded);
    let latest = |name: &str| drive.state.stages.iter().find(|here| here.name == name).unwrap().latest.clone();
    assert_eq!((latest("Build"), latest("Deploy")), (Some(id), Some(new)), "other stages keep the newer execution");
}

#[test]
fn what_cannot_be_rolled_back_is_refused_by_name() {
    let mut drive = Drive::new(pipeline(ExecutionMode::Superseded));
    let good = drive.deliver();
    let bad = drive.start();
    drive.end("Get", failure("no"));
    let before = drive.state.clone();
    let mut refused = |stage: &str, target: &str| roll_back(&mut drive, stage, target).unwrap_err();
    for malformed in ["", "gone", &good.to_uppercase(), &format!("{good}0"), &good.replace('-', "")] {
        assert_eq!(refused("Build", malformed).code, "ValidationException", "{malformed}");
    }
    assert_eq!(refused("Nope", &good).code, "StageNotFoundException");
    let unknown = "00000000-0000-4000-8000-000000000000";
    assert_eq!(refused("Build", unknown).code, "PipelineExecutionNotFoundException");
    for stage in ["Source", "Build"] {
        assert_eq!(
            refused(stage, &bad).to_string(),
            "UnableToRollbackStageException: Target pipeline execution has not completed successfully in the stage"
        );
    }
    assert_eq!(drive.state, before);

    let rollback = roll_back(&mut drive, "Build", &good).unwrap();
    let message = "UnableToRollbackStageException: Cannot start rollback while the stage is in progress";
    assert_eq!(roll_back(&mut drive, "Build", &good).unwrap_err().to_string(), message);
    for name in ["A", "B", "C"] {
        drive.succeed(name);
    }
    assert_eq!(roll_back(&mut drive, "Build", &rollback).unwrap_err().code, "UnableToRollbackStageException");
}

/// The user guide says that the source stage cannot be rolled back; the service does it.
#[test]
fn the_source_stage_is_rolled_back_to_its_revision() {
    let mut drive = Drive::new(pipeline(ExecutionMode::Superseded));
    let old = deliver(&mut drive, "r1");
    deliver(&mut drive, "r2");
    let id = roll_back(&mut drive, "Source", &old).unwrap();
    let Effect::Start(start) = &drive.steps.last().unwrap().effects[0] else { panic!() };
    assert_eq!((start.name.as_str(), start.revision.as_deref()), ("Get", Some("r1")));
    drive.succeed("Get");
    assert_eq!(drive.status(&id), ExecutionStatus::Succeeded);
}

/// The user guide says that a `PARALLEL` pipeline cannot be rolled back; by hand the service does it in every mode.
#[test]
fn every_mode_is_rolled_back_by_hand() {
    for mode in [ExecutionMode::Superseded, ExecutionMode::Queued, ExecutionMode::Parallel] {
        let mut drive = Drive::new(pipeline(mode.clone()));
        let target = drive.deliver();
        let id = roll_back(&mut drive, "Deploy", &target).unwrap();
        drive.succeed("Ship");
        assert_eq!(drive.status(&id), ExecutionStatus::Succeeded, "{mode}");
    }
}

#[test]
fn a_rollback_can_be_stopped_and_retried() {
    let mut drive = Drive::new(pipeline(ExecutionMode::Superseded));
    let target = drive.deliver();
    let id = roll_back(&mut drive, "Build", &target).unwrap();
    drive.input(Input::Stop { execution: id.clone(), abandon: true, reason: String::new() }).unwrap();
    assert_eq!(drive.status(&id), ExecutionStatus::Stopped);
    let retry = Input::Retry { execution: id.clone(), stage: "Build".to_owned(), mode: RetryMode::FailedActions };
    drive.input(retry).unwrap();
    for name in ["A", "B", "C"] {
        drive.succeed(name);
    }
    assert_eq!((drive.status(&id), drive.open.len()), (ExecutionStatus::Succeeded, 0));
}

#[test]
fn the_next_execution_waits_for_a_rollback() {
    let mut drive = Drive::new(pipeline(ExecutionMode::Superseded));
    let target = drive.deliver();
    roll_back(&mut drive, "Build", &target).unwrap();
    let next = drive.start();
    drive.succeed("Get");
    assert!(!drive.open.iter().any(|(execution, ..)| *execution == next));
    for name in ["A", "B", "C"] {
        drive.succeed(name);
    }
    assert_eq!(drive.open.iter().filter(|(execution, ..)| *execution == next).count(), 2, "then it enters");
}

fn rolling_back() -> Drive {
    let mut declared = pipeline(ExecutionMode::Superseded);
    declared.stages[2].on_failure = Some(serde_json::from_str(r#"{"result": "ROLLBACK"}"#).unwrap());
    Drive::new(declared)
}

fn fail_in_deploy(drive: &mut Drive) -> String {
    let id = drive.start();
    for name in ["Get", "A", "B", "C"] {
        drive.succeed(name);
    }
    drive.end("Ship", failure("unhealthy"));
    id
}

#[test]
fn on_failure_rollback_goes_back_to_the_last_success() {
    let mut drive = rolling_back();
    deliver(&mut drive, "r1");
    let last = deliver(&mut drive, "r2");
    let failed = fail_in_deploy(&mut drive);
    assert_eq!(drive.status(&failed), ExecutionStatus::Failed);
    let rollback = drive.state.executions.last().unwrap().clone();
    assert_eq!(rollback.rollback_target, Some(last));
    assert_eq!(rollback.trigger.kind, "AutomatedRollback");
    assert_eq!(rollback.trigger.detail, format!("{{\"FailedPipelineExecutionId\":\"{failed}\"}}"));
    drive.succeed("Ship");
    assert_eq!(drive.status(&rollback.id), ExecutionStatus::Succeeded);
    assert_eq!(drive.status(&failed), ExecutionStatus::Failed, "a rollback is no success of what failed");
}

#[test]
fn without_a_target_a_failure_stays_a_failure() {
    let mut drive = rolling_back();
    fail_in_deploy(&mut drive);
    assert_eq!((drive.state.executions.len(), drive.open.len()), (1, 0));
}

#[test]
fn a_rollback_that_fails_is_not_rolled_back() {
    let mut drive = rolling_back();
    drive.deliver();
    fail_in_deploy(&mut drive);
    drive.end("Ship", failure("still unhealthy"));
    assert_eq!((drive.state.executions.len(), drive.open.len()), (3, 0));
    assert!(drive.state.executions[1..].iter().all(|execution| execution.status == ExecutionStatus::Failed));
}

/// A namespace called `variables` is taken although the pipeline declares none.
#[test]
fn a_namespace_called_variables_is_read_without_declared_variables() {
    let mut declared = pipeline(ExecutionMode::Superseded);
    declared.stages[0].actions[0].namespace = Some("variables".to_owned());
    declared.stages[1].actions[2] = super::action("C", "Build").with_run_order(2).with_config("Key", "#{variables.K}");
    let mut drive = Drive::new(declared);
    drive.start();
    drive.succeed("Get");
    drive.end("A", success());
    drive.succeed("B");
    let Effect::Start(start) = &drive.steps.last().unwrap().effects[0] else { panic!() };
    assert_eq!(start.configuration["Key"].expose(), "v");
}

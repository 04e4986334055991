//! Where the service does otherwise than its documentation says: one case for each line that is known.

use pipeline_model::model::{ExecutionMode, Pipeline, Stage};
use pipeline_runner::core::{ExecutionStatus, ExecutionType, Input, Start};
use spec_report::Levels;

use super::{Drive, action, pipeline};

fn findings(change: impl FnOnce(&mut serde_json::Value)) -> Vec<String> {
    let mut declared = serde_json::json!({
        "name": "p", "roleArn": "arn:aws:iam::123456789012:role/p", "pipelineType": "V2",
        "artifactStore": {"type": "S3", "location": "artifacts"},
        "stages": [
            {"name": "Source", "actions": [{"name": "Get", "actionTypeId": {"category": "Source", "owner": "AWS", "provider": "S3", "version": "1"},
                "configuration": {"S3Bucket": "b", "S3ObjectKey": "k", "PollForSourceChanges": "false"}, "outputArtifacts": [{"name": "Src"}]}]},
            {"name": "Deploy", "actions": [{"name": "Ship", "actionTypeId": {"category": "Deploy", "owner": "AWS", "provider": "S3", "version": "1"},
                "configuration": {"BucketName": "b", "Extract": "true"}, "inputArtifacts": [{"name": "Src"}]}]},
        ],
    });
    change(&mut declared);
    let reading = pipeline_model::read("p.json", &declared.to_string());
    let report = pipeline_model::check(&reading, &Levels::default());
    report.iter().map(|found| format!("{} {:?}", found.rule.id, found.severity)).collect()
}

#[test]
fn the_source_stage_can_be_rolled_back_although_the_guide_says_no() {
    for mode in [ExecutionMode::Superseded, ExecutionMode::Queued, ExecutionMode::Parallel] {
        let mut drive = Drive::new(pipeline(mode.clone()));
        let target = drive.deliver();
        for stage in ["Source", "Deploy"] {
            let input = Input::Rollback { stage: stage.to_owned(), target: target.clone(), user: "me".to_owned() };
            let id = drive.input(input).unwrap().execution.unwrap();
            assert_eq!(drive.state.execution(&id).unwrap().kind, ExecutionType::Rollback, "{mode} {stage}");
            let name = drive.names()[0].to_owned();
            drive.succeed(&name);
            assert_eq!(drive.status(&id), ExecutionStatus::Succeeded);
        }
    }
}

#[test]
fn a_failure_gate_with_rollback_is_refused_in_parallel_mode() {
    let found = findings(|pipeline| {
        pipeline["executionMode"] = "PARALLEL".into();
        pipeline["stages"][1]["onFailure"] = serde_json::json!({"result": "ROLLBACK"});
    });
    assert!(found.iter().any(|found| found.starts_with("pipeline-model/parallel-rollback")), "{found:?}");
}

#[test]
fn a_namespace_called_variables_works_while_no_variables_are_declared() {
    let mut declared = pipeline(ExecutionMode::Superseded);
    declared.stages[0].actions[0].namespace = Some("variables".to_owned());
    declared.stages[1].actions[2] =
        action("C", "Build").with_input("Out").with_run_order(2).with_config("Key", "#{variables.K}");
    let mut drive = Drive::new(declared);
    drive.deliver();
    assert_eq!(drive.state.executions[0].status, ExecutionStatus::Succeeded);
}

#[test]
fn long_values_and_odd_booleans_are_accepted_and_unknown_keys_are_not() {
    let key = |key: &'static str, value: String| {
        findings(move |pipeline| pipeline["stages"][1]["actions"][0]["configuration"][key] = value.into())
    };
    let errors = |found: Vec<String>| found.into_iter().filter(|found| found.ends_with("Error")).collect::<Vec<_>>();
    assert_eq!(errors(key("ObjectKey", "x".repeat(50_000))), Vec::<String>::new());
    assert!(!errors(key("ObjectKey", "x".repeat(50_001))).is_empty());
    assert_eq!(errors(key("Unknown", "x".to_owned())), ["pipeline-model/unknown-configuration Error"]);
    let polls = findings(|pipeline| {
        pipeline["stages"][0]["actions"][0]["configuration"]["PollForSourceChanges"] = "perhaps".into()
    });
    assert_eq!(errors(polls), Vec::<String>::new());
}

#[test]
fn a_summary_can_be_required_by_a_key_that_is_not_documented() {
    let found = findings(|pipeline| {
        pipeline["stages"][1]["actions"] = serde_json::json!([{"name": "Ok",
            "actionTypeId": {"category": "Approval", "owner": "AWS", "provider": "Manual", "version": "1"},
            "configuration": {"IsSummaryRequired": "true"}}]);
    });
    assert!(!found.iter().any(|found| found.contains("unknown-configuration")), "{found:?}");
}

#[test]
fn a_required_variable_without_a_value_fails_the_execution_and_not_the_call() {
    let mut declared = pipeline(ExecutionMode::Superseded);
    declared.variables =
        serde_json::from_str(r#"[{"name": "A"}, {"name": "B"}, {"name": "C", "defaultValue": "c"}]"#).unwrap();
    let mut drive = Drive::new(declared);
    let id = drive.input(Input::Start(Start::manual("x"))).unwrap().execution.unwrap();
    let execution = drive.state.execution(&id).unwrap();
    assert_eq!(execution.status, ExecutionStatus::Failed);
    assert_eq!(execution.summary.as_deref(), Some("Values for required variables haven't been provided: A,B"));
}

#[test]
fn fifty_executions_at_a_time_and_five_actions_of_each() {
    let mut declared = Pipeline::new("p", "arn:aws:iam::123456789012:role/p");
    declared.execution_mode = Some(ExecutionMode::Parallel);
    let mut stage = Stage::new("Wide");
    for number in 0..7 {
        stage = stage.with_action(action(&format!("A{number}"), "Build"));
    }
    declared.stages = vec![stage.with_action(action("Last", "Build").with_run_order(2))];
    let mut drive = Drive::new(declared);
    drive.start();
    assert_eq!(drive.names(), ["A0", "A1", "A2", "A3", "A4"]);
    drive.succeed("A3");
    assert_eq!(drive.names(), ["A0", "A1", "A2", "A4", "A5"]);
    for name in ["A0", "A1", "A2", "A4", "A5"] {
        drive.succeed(name);
    }
    assert_eq!(drive.names(), ["A6"], "the next group waits for the whole group");
    drive.succeed("A6");
    assert_eq!(drive.names(), ["Last"]);
    for _ in 1..50 {
        drive.start();
    }
    let refused = drive.input(Input::Start(Start::manual("x"))).unwrap_err();
    assert_eq!(refused.code, "ConcurrentPipelineExecutionsLimitExceededException");
}

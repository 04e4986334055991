//! Conditions before entry, after success and after failure: what each result does, and passing one over.

use pipeline_model::model::{ExecutionMode, Pipeline, RetryMode, Stage};
use pipeline_runner::core::{
    ActionStatus, ConditionStatus, Effect, ExecutionStatus, ExecutionType, Failure, FailureKind, Gate, Input, Report,
    StageStatus,
};

use super::{Drive, action, failure, success};

/// Source, Build behind the gates that `gates` sets, Deploy.
fn gated(gates: &str) -> Pipeline {
    let mut pipeline = Pipeline::new("p", "arn:aws:iam::123456789012:role/p");
    pipeline.execution_mode = Some(ExecutionMode::Superseded);
    let mut build: Stage = serde_json::from_str(gates).unwrap();
    "Build".clone_into(&mut build.name);
    pipeline.stages = vec![
        Stage::new("Source").with_action(action("Get", "Source").with_output("Src").with_namespace("S")),
        build.with_action(action("Make", "Build").with_input("Src").with_output("Out").with_namespace("B")),
        Stage::new("Deploy").with_action(action("Ship", "Deploy")),
    ];
    pipeline
}

fn gate(name: &str, result: &str, rules: &[&str]) -> String {
    let rule = |rule: &&str| {
        format!(
            r##"{{"name": "{rule}", "ruleTypeId": {{"category": "Rule", "owner": "AWS", "provider": "VariableCheck", "version": "1"}},
                "configuration": {{"Variable": "#{{S.K}}", "Value": "v", "Operator": "EQ"}}, "timeoutInMinutes": 10}}"##
        )
    };
    let rules: Vec<String> = rules.iter().map(rule).collect();
    format!(r#"{{"{name}": {{"conditions": [{{"result": "{result}", "rules": [{}]}}]}}}}"#, rules.join(","))
}

/// A drive whose execution has passed the source.
fn at_the_gate(gates: &str) -> (Drive, String) {
    let mut drive = Drive::new(gated(gates));
    let id = drive.start();
    drive.succeed("Get");
    (drive, id)
}

fn stage(drive: &Drive, id: &str, place: usize) -> StageStatus {
    drive.state.execution(id).unwrap().stages[place].status
}

fn condition(drive: &Drive, id: &str) -> ConditionStatus {
    drive.state.execution(id).unwrap().stages[1].gates.last().unwrap().status
}

#[test]
fn every_rule_must_hold_before_an_action_starts() {
    let (mut drive, id) = at_the_gate(&gate("beforeEntry", "FAIL", &["One", "Two"]));
    assert_eq!(drive.names(), ["One", "Two"], "rules start together, actions wait");
    let Effect::Start(start) = &drive.steps.last().unwrap().effects[0] else { panic!() };
    assert_eq!(
        (start.action_type.to_string().as_str(), start.configuration["Variable"].expose()),
        ("Rule/AWS/VariableCheck/1", "v")
    );
    assert!(drive.state.stages[1].holder.is_some(), "the lock is held while rules are evaluated");
    drive.succeed("One");
    assert_eq!(condition(&drive, &id), ConditionStatus::InProgress);
    drive.succeed("Two");
    assert_eq!((condition(&drive, &id), drive.names()), (ConditionStatus::Succeeded, vec!["Make"]));
    drive.succeed("Make");
    drive.succeed("Ship");
    assert_eq!(drive.status(&id), ExecutionStatus::Succeeded);
}

#[test]
fn an_entry_condition_that_does_not_hold_fails_or_skips_its_stage() {
    let (mut drive, id) = at_the_gate(&gate("beforeEntry", "FAIL", &["One", "Two"]));
    drive.end("One", failure("v is not w"));
    assert_eq!(drive.names(), ["Two"], "the other rules run to their end");
    drive.succeed("Two");
    assert_eq!((stage(&drive, &id, 1), drive.status(&id)), (StageStatus::Failed, ExecutionStatus::Failed));
    assert_eq!(drive.state.execution(&id).unwrap().summary.as_deref(), Some("Build/One: v is not w"));

    let (mut drive, id) = at_the_gate(&gate("beforeEntry", "SKIP", &["One"]));
    drive.end("One", failure("no"));
    assert_eq!((stage(&drive, &id, 1), drive.names()), (StageStatus::Skipped, vec!["Ship"]));
    let told = drive.told(0);
    assert!(told.contains(&"Build SKIPPED 0.0".to_owned()), "{told:?}");
    drive.succeed("Ship");
    assert_eq!(drive.status(&id), ExecutionStatus::Succeeded);
    // What was skipped made nothing, and is neither retried, rolled back nor passed over.
    assert!(!drive.state.execution(&id).unwrap().namespaces.contains_key("B"));
    let code = |drive: &mut Drive, input| drive.input(input).unwrap_err().code;
    let retry = Input::Retry { execution: id.clone(), stage: "Build".to_owned(), mode: RetryMode::AllActions };
    assert_eq!(code(&mut drive, retry), "StageNotRetryableException");
    let back = Input::Rollback { stage: "Build".to_owned(), target: id.clone(), user: String::new() };
    assert_eq!(code(&mut drive, back), "UnableToRollbackStageException");
    let over = Input::Override { execution: id, stage: "Build".to_owned(), gate: Gate::BeforeEntry };
    assert_eq!(code(&mut drive, over), "ConditionNotOverridableException");
}

#[test]
fn a_success_condition_that_does_not_hold_fails_or_rolls_back() {
    let (mut drive, id) = at_the_gate(&gate("onSuccess", "FAIL", &["Alarm"]));
    drive.succeed("Make");
    assert_eq!((drive.names(), stage(&drive, &id, 1)), (vec!["Alarm"], StageStatus::InProgress));
    drive.end("Alarm", failure("it rings"));
    assert_eq!((stage(&drive, &id, 1), drive.status(&id)), (StageStatus::Failed, ExecutionStatus::Failed));

    let mut drive = Drive::new(gated(&gate("onSuccess", "ROLLBACK", &["Alarm"])));
    let good = drive.deliver();
    let bad = drive.start();
    ["Get", "Make"].iter().for_each(|name| drive.succeed(name));
    drive.end("Alarm", failure("it rings"));
    assert_eq!(drive.status(&bad), ExecutionStatus::Failed);
    let back = drive.state.executions.last().unwrap();
    assert_eq!((back.kind, back.rollback_target.as_deref()), (ExecutionType::Rollback, Some(good.as_str())));
    assert_eq!(drive.names(), ["Make"]);
}

#[test]
fn a_failure_condition_decides_about_the_rollback() {
    for (report, rolled_back) in [(success(), false), (failure("unhealthy"), true)] {
        let mut drive = Drive::new(gated(&gate("onFailure", "ROLLBACK", &["Alarm"])));
        drive.deliver();
        let bad = drive.start();
        drive.succeed("Get");
        drive.end("Make", failure("no"));
        assert_eq!((drive.names(), drive.status(&bad)), (vec!["Alarm"], ExecutionStatus::InProgress));
        drive.end("Alarm", report);
        assert_eq!((drive.status(&bad), stage(&drive, &bad, 1)), (ExecutionStatus::Failed, StageStatus::Failed));
        assert_eq!(drive.state.executions.len() == 3, rolled_back);
        assert_eq!(drive.state.execution(&bad).unwrap().summary.as_deref(), Some("Build/Make: no"));
    }
}

#[test]
fn a_rule_that_cannot_be_evaluated_is_an_error_and_one_that_takes_too_long_a_failure() {
    let (mut drive, id) = at_the_gate(&gate("beforeEntry", "FAIL", &["One"]));
    let broken = Failure { kind: FailureKind::ConfigurationError, message: "no such alarm".to_owned() };
    drive.end("One", Report::Failed { failure: broken, external_id: None });
    assert_eq!(condition(&drive, &id), ConditionStatus::Errored);

    let (mut drive, id) = at_the_gate(&gate("beforeEntry", "FAIL", &["One"]));
    drive.second += 10 * 60 - 2;
    drive.input(Input::Tick).unwrap();
    assert_eq!(condition(&drive, &id), ConditionStatus::InProgress, "one second too early");
    drive.input(Input::Tick).unwrap();
    assert_eq!((condition(&drive, &id), drive.status(&id)), (ConditionStatus::Failed, ExecutionStatus::Failed));

    let unknown = gate("beforeEntry", "FAIL", &["One"]).replace("#{S.K}", "#{Nope.K}");
    let (drive, id) = at_the_gate(&unknown);
    assert_eq!(condition(&drive, &id), ConditionStatus::Errored);
    assert!(drive.state.execution(&id).unwrap().summary.as_ref().unwrap().contains("InvalidActionConfiguration"));
}

fn pass_over(drive: &mut Drive, id: &str, gate: Gate) -> Result<(), &'static str> {
    let input = Input::Override { execution: id.to_owned(), stage: "Build".to_owned(), gate };
    drive.input(input).map(drop).map_err(|refusal| refusal.code)
}

#[test]
fn a_condition_is_passed_over_while_it_runs_and_after_it_failed() {
    let (mut drive, id) = at_the_gate(&gate("beforeEntry", "FAIL", &["One", "Two"]));
    assert_eq!(pass_over(&mut drive, &id, Gate::OnSuccess), Err("ConditionNotOverridableException"));
    pass_over(&mut drive, &id, Gate::BeforeEntry).unwrap();
    assert_eq!((condition(&drive, &id), drive.names()), (ConditionStatus::Overridden, vec!["Make"]));
    let rules = &drive.state.execution(&id).unwrap().stages[1].gates[0].rules;
    assert!(rules.iter().all(|rule| rule.status == ActionStatus::Abandoned));
    assert_eq!(pass_over(&mut drive, &id, Gate::BeforeEntry), Err("ConditionNotOverridableException"));

    let (mut drive, id) = at_the_gate(&gate("onSuccess", "FAIL", &["Alarm"]));
    drive.succeed("Make");
    drive.end("Alarm", failure("it rings"));
    let from = drive.steps.len();
    pass_over(&mut drive, &id, Gate::OnSuccess).unwrap();
    assert_eq!((stage(&drive, &id, 1), drive.names()), (StageStatus::Succeeded, vec!["Ship"]));
    assert_eq!(drive.told(from)[..2], ["pipeline RESUMED 2.0", "Build RESUMED 1.0"].map(str::to_owned));
    drive.succeed("Ship");
    assert_eq!(drive.status(&id), ExecutionStatus::Succeeded);
}

#[test]
fn an_override_must_name_the_last_execution_of_the_stage() {
    let (mut drive, id) = at_the_gate(&gate("beforeEntry", "FAIL", &["One"]));
    drive.end("One", failure("no"));
    let newer = drive.start();
    drive.succeed("Get");
    assert_eq!(pass_over(&mut drive, &id, Gate::BeforeEntry), Err("NotLatestPipelineExecutionException"));
    assert_eq!(pass_over(&mut drive, &newer, Gate::OnFailure), Err("ConditionNotOverridableException"));
    let input = Input::Override { execution: newer, stage: "Nope".to_owned(), gate: Gate::BeforeEntry };
    assert_eq!(drive.input(input).unwrap_err().code, "StageNotFoundException");
}

#[test]
fn stopping_waits_for_rules_or_abandons_them() {
    let stop = |id: &str, abandon| Input::Stop { execution: id.to_owned(), abandon, reason: String::new() };
    let (mut drive, id) = at_the_gate(&gate("beforeEntry", "FAIL", &["One"]));
    drive.input(stop(&id, false)).unwrap();
    assert_eq!(drive.status(&id), ExecutionStatus::Stopping);
    drive.succeed("One");
    assert_eq!((drive.status(&id), stage(&drive, &id, 1)), (ExecutionStatus::Stopped, StageStatus::Stopped));
    assert!(drive.open.is_empty(), "no action starts any more");

    let (mut drive, id) = at_the_gate(&gate("beforeEntry", "FAIL", &["One"]));
    drive.input(stop(&id, true)).unwrap();
    assert_eq!((drive.status(&id), condition(&drive, &id)), (ExecutionStatus::Stopped, ConditionStatus::Abandoned));
}

#[test]
fn a_retry_asks_again_what_did_not_hold_and_only_that() {
    let retry = |id: &str, mode| Input::Retry { execution: id.to_owned(), stage: "Build".to_owned(), mode };
    let (mut drive, id) = at_the_gate(&gate("beforeEntry", "FAIL", &["One"]));
    drive.end("One", failure("no"));
    drive.input(retry(&id, RetryMode::FailedActions)).unwrap();
    assert_eq!(drive.names(), ["One"], "the condition comes first again");
    drive.succeed("One");
    drive.end("Make", failure("no"));
    drive.input(retry(&id, RetryMode::FailedActions)).unwrap();
    assert_eq!(drive.names(), ["Make"], "a condition that held is not asked again");

    let (mut drive, id) = at_the_gate(&gate("onSuccess", "FAIL", &["Alarm"]));
    drive.succeed("Make");
    drive.end("Alarm", failure("it rings"));
    drive.input(retry(&id, RetryMode::FailedActions)).unwrap();
    assert_eq!(drive.names(), ["Alarm"]);
    drive.end("Alarm", failure("it rings"));
    drive.input(retry(&id, RetryMode::AllActions)).unwrap();
    assert_eq!(drive.names(), ["Make"]);
    assert_eq!(drive.state.execution(&id).unwrap().stages[1].earlier_gates.len(), 2);
}

#[test]
fn what_was_in_flight_starts_again_and_is_told_so() {
    let (mut drive, id) = at_the_gate(&gate("onSuccess", "FAIL", &["Alarm"]));
    let (_, make, _) = drive.open[0].clone();
    drive.input(Input::Continue { execution: id.clone(), action: make.clone(), token: "half".to_owned() }).unwrap();
    let again = drive.input(Input::Resume).unwrap();
    let [Effect::Start(start)] = &again.effects[..] else { panic!("{:?}", again.effects) };
    assert_eq!(
        (start.id.as_str(), start.interrupted, start.continuation.as_deref()),
        (make.as_str(), true, Some("half"))
    );
    assert_eq!((start.inputs.len(), start.outputs.len(), again.events.len()), (1, 1, 0));
    drive.open.pop();
    drive.succeed("Make");
    let again = drive.input(Input::Resume).unwrap();
    let [Effect::Start(start)] = &again.effects[..] else { panic!("{:?}", again.effects) };
    assert_eq!((start.name.as_str(), start.interrupted), ("Alarm", true));
    drive.open.pop();
    drive.succeed("Alarm");
    assert_eq!(drive.names(), ["Ship"]);
}

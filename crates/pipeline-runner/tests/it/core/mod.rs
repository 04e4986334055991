//! The state machine, case by case; each case names the rule of the service it stands for.

mod conditions;
mod every_interleaving;
mod observed;
mod retry;
mod rollback;
mod through_the_shell;
mod update;

use aws_call::IdSource;
use jiff::Timestamp;
use pipeline_model::model::{Action, ActionTypeId, ExecutionMode, Pipeline, Stage};
use pipeline_runner::core::{
    ActionStatus, Effect, Event, ExecutionStatus, Failure, FailureKind, Input, Refusal, Report, StageStatus, Stamped,
    Start, State, Step, What,
};

/// Drives a state, one second per input.
pub(crate) struct Drive {
    pub(crate) state: State,
    seeds: aws_call::SequenceIds,
    second: i64,
    /// Actions handed out and not reported yet: execution, run id, action name.
    pub(crate) open: Vec<(String, String, String)>,
    pub(crate) steps: Vec<Step>,
}

impl Drive {
    pub(crate) fn new(pipeline: Pipeline) -> Self {
        let seeds = aws_call::SequenceIds::new(7);
        Self { state: State::new(pipeline), seeds, second: 1_700_000_000, open: Vec::new(), steps: Vec::new() }
    }

    pub(crate) fn input(&mut self, input: Input) -> Result<Step, Refusal> {
        self.second += 1;
        let at = Timestamp::from_second(self.second).unwrap();
        let step = self.state.step(&Stamped { at, seed: self.seeds.next_u64(), input })?;
        for effect in &step.effects {
            match effect {
                Effect::Start(start) => self.open.push((start.execution.clone(), start.id.clone(), start.name.clone())),
                Effect::Ask(ask) => self.open.push((ask.execution.clone(), ask.token.clone(), ask.action.clone())),
                Effect::Abandon { action } => self.open.retain(|(_, id, _)| id != action),
                other => panic!("unknown effect {other:?}"),
            }
        }
        self.steps.push(step.clone());
        Ok(step)
    }

    pub(crate) fn start(&mut self) -> String {
        self.input(Input::Start(Start::manual("test"))).unwrap().execution.unwrap()
    }

    /// Ends the oldest open action of that name.
    pub(crate) fn end(&mut self, name: &str, report: Report) {
        let place = self.open.iter().position(|(_, _, open)| open == name);
        let (execution, action, _) =
            self.open.remove(place.unwrap_or_else(|| panic!("{name} is not open: {:?}", self.open)));
        self.input(Input::Report { execution, action, report }).unwrap();
    }

    pub(crate) fn succeed(&mut self, name: &str) {
        self.end(name, success());
    }

    /// Starts an execution and lets every action succeed.
    fn deliver(&mut self) -> String {
        let id = self.start();
        while let Some((execution, action, _)) = self.open.pop() {
            self.input(Input::Report { execution, action, report: success() }).unwrap();
        }
        id
    }

    /// The events since a step, as "Name STATE attempt".
    fn told(&self, from: usize) -> Vec<String> {
        let events = self.steps[from..].iter().flat_map(|step| &step.events);
        let line = |event: &Event| {
            let name = match &event.what {
                What::Stage { stage, .. } => stage.as_str(),
                What::Action { action, .. } => action.as_str(),
                _ => "pipeline",
            };
            let detail = event.to_event_bridge("e", "123456789012", "us-east-1")["detail"].clone();
            format!("{name} {} {}", event.state, detail["pipeline-execution-attempt"])
        };
        events.map(line).collect()
    }

    fn names(&self) -> Vec<&str> {
        self.open.iter().map(|(_, _, name)| name.as_str()).collect()
    }

    fn status(&self, id: &str) -> ExecutionStatus {
        self.state.execution(id).unwrap().status
    }
}

pub(crate) fn success() -> Report {
    Report::Succeeded {
        variables: [("K".to_owned(), "v".to_owned())].into(),
        summary: None,
        external_id: None,
        revision: None,
    }
}

pub(crate) fn failure(message: &str) -> Report {
    Report::Failed { failure: Failure { kind: FailureKind::JobFailed, message: message.to_owned() }, external_id: None }
}

pub(crate) fn action(name: &str, category: &str) -> Action {
    let (owner, provider) = if category == "Approval" { ("AWS", "Manual") } else { ("Custom", "Test") };
    Action::new(name, ActionTypeId::new(category, owner, provider, "1"))
}

fn pipeline(mode: ExecutionMode) -> Pipeline {
    let mut pipeline = Pipeline::new("p", "arn:aws:iam::123456789012:role/p");
    pipeline.execution_mode = Some(mode);
    pipeline.stages = vec![
        Stage::new("Source").with_action(action("Get", "Source").with_output("Src").with_namespace("S")),
        Stage::new("Build")
            .with_action(action("A", "Build").with_input("Src").with_output("Out"))
            .with_action(action("B", "Build").with_input("Src"))
            .with_action(action("C", "Build").with_input("Out").with_run_order(2).with_config("Key", "#{S.K}")),
        Stage::new("Deploy").with_action(action("Ship", "Deploy").with_input("Out")),
    ];
    pipeline
}

#[test]
fn an_execution_runs_stage_by_stage_and_group_by_group() {
    let mut drive = Drive::new(pipeline(ExecutionMode::Superseded));
    let id = drive.start();
    assert_eq!(drive.names(), ["Get"]);
    drive.succeed("Get");
    assert_eq!(drive.names(), ["A", "B"], "one run order starts together");
    drive.succeed("B");
    assert_eq!(drive.names(), ["A"], "the next group waits for the whole group");
    drive.succeed("A");
    assert_eq!(drive.names(), ["C"]);
    let Effect::Start(start) = &drive.steps.last().unwrap().effects[0] else { panic!() };
    assert_eq!(start.configuration["Key"].expose(), "v", "`#{{S.K}}` is the output of the source");
    assert_eq!(start.inputs.len(), 1);
    drive.succeed("C");
    drive.succeed("Ship");
    assert_eq!(drive.status(&id), ExecutionStatus::Succeeded);
    assert!(drive.state.stages.iter().all(|stage| stage.holder.is_none()));
}

#[test]
fn siblings_of_a_failure_run_to_their_end_and_the_first_cause_is_kept() {
    let mut drive = Drive::new(pipeline(ExecutionMode::Superseded));
    let id = drive.start();
    drive.succeed("Get");
    drive.end("B", failure("first"));
    assert_eq!(drive.status(&id), ExecutionStatus::InProgress, "A still runs");
    drive.end("A", failure("second"));
    let execution = drive.state.execution(&id).unwrap();
    assert_eq!(execution.status, ExecutionStatus::Failed);
    assert_eq!(execution.summary.as_deref(), Some("Build/B: first"));
    assert_eq!(execution.first_failure().unwrap().1.name, "B");
    assert!(drive.open.is_empty(), "the next group never starts");
    assert_eq!(execution.stages.last().unwrap().actions.len(), 2, "C has no record");
}

#[test]
fn a_waiting_execution_is_superseded_by_a_newer_one() {
    let mut drive = Drive::new(pipeline(ExecutionMode::Superseded));
    let first = drive.start();
    drive.succeed("Get");
    let second = drive.start();
    drive.succeed("Get");
    assert_eq!(drive.status(&second), ExecutionStatus::InProgress, "waits before Build, which the first one holds");
    let third = drive.start();
    drive.succeed("Get");
    assert_eq!(drive.status(&second), ExecutionStatus::Superseded);
    for name in ["A", "B", "C"] {
        drive.succeed(name);
    }
    let of = |id: &str| {
        drive.open.iter().filter(|(execution, ..)| execution == id).map(|(.., name)| name.as_str()).collect::<Vec<_>>()
    };
    assert_eq!((of(&first), of(&third)), (vec!["Ship"], vec!["A", "B"]), "the first goes on, the third enters Build");
    assert_eq!(
        (drive.status(&first), drive.status(&third)),
        (ExecutionStatus::InProgress, ExecutionStatus::InProgress)
    );
}

#[test]
fn queued_executions_keep_their_order_and_parallel_ones_do_not_wait() {
    let mut drive = Drive::new(pipeline(ExecutionMode::Queued));
    let (first, second) = (drive.start(), drive.start());
    assert_eq!(drive.names(), ["Get"], "the second waits before Source");
    drive.succeed("Get");
    drive.succeed("Get");
    assert_eq!(drive.open.iter().filter(|(execution, ..)| *execution == first).count(), 2);
    assert!(!drive.open.iter().any(|(execution, ..)| *execution == second), "the second waits before Build");

    let mut drive = Drive::new(pipeline(ExecutionMode::Parallel));
    drive.start();
    drive.start();
    assert_eq!(drive.names(), ["Get", "Get"]);
}

#[test]
fn a_disabled_transition_keeps_the_latest_and_enabling_lets_it_in() {
    let mut drive = Drive::new(pipeline(ExecutionMode::Superseded));
    let disable =
        |disabled: Option<&str>| Input::Transition { stage: "Build".to_owned(), disabled: disabled.map(str::to_owned) };
    drive.input(disable(Some("freeze"))).unwrap();
    let first = drive.start();
    drive.succeed("Get");
    let second = drive.start();
    drive.succeed("Get");
    assert_eq!((drive.status(&first), drive.names().len()), (ExecutionStatus::Superseded, 0));
    drive.input(disable(None)).unwrap();
    assert!(drive.open.iter().all(|(execution, ..)| *execution == second) && drive.open.len() == 2);
}

#[test]
fn variables_are_bound_at_admission() {
    let mut declared = pipeline(ExecutionMode::Superseded);
    let declare = |json: &str| serde_json::from_str(json).unwrap();
    declared.variables = vec![declare(r#"{"name":"Tag"}"#), declare(r#"{"name":"Env","defaultValue":"dev"}"#)].into();
    let start = |variables: &[(&str, &str)]| {
        let variables = variables.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        Input::Start(Start { variables, ..Start::manual("test") })
    };
    let mut drive = Drive::new(declared);
    let id = drive.input(start(&[("Tag", "#{variables.Env}")])).unwrap().execution.unwrap();
    let bound = &drive.state.execution(&id).unwrap().variables;
    assert_eq!((bound["Tag"].as_str(), bound["Env"].as_str()), ("#{variables.Env}", "dev"), "values are literal");

    let twice = drive.input(start(&[("Tag", "a"), ("Tag", "b")])).unwrap_err();
    assert_eq!(
        twice.to_string(),
        "ValidationException: Variable names must be unique. The following variable name is already in use: Tag"
    );
    assert_eq!(drive.input(start(&[("Nope", "a")])).unwrap_err().code, "ValidationException");

    let missing = drive.input(start(&[])).unwrap().execution.unwrap();
    let failed = drive.state.execution(&missing).unwrap();
    assert_eq!(failed.status, ExecutionStatus::Failed, "created and failed, no API error");
    assert_eq!(failed.summary.as_deref(), Some("Values for required variables haven't been provided: Tag"));
}

#[test]
fn one_client_request_token_starts_once() {
    let mut drive = Drive::new(pipeline(ExecutionMode::Superseded));
    let start = || Input::Start(Start { token: Some("t".to_owned()), ..Start::manual("test") });
    let first = drive.input(start()).unwrap().execution;
    assert_eq!(drive.input(start()).unwrap().execution, first);
    assert_eq!(drive.state.executions.len(), 1);
}

#[test]
fn an_unresolved_reference_fails_the_action_before_it_starts() {
    let mut declared = pipeline(ExecutionMode::Superseded);
    declared.stages[2].actions[0] = declared.stages[2].actions[0].clone().with_config("Key", "#{Build.Nothing}");
    let mut drive = Drive::new(declared);
    let id = drive.start();
    for name in ["Get", "A", "B", "C"] {
        drive.succeed(name);
    }
    let execution = drive.state.execution(&id).unwrap();
    let (_, ship) = execution.first_failure().unwrap();
    let failure = ship.failure.as_ref().unwrap();
    assert_eq!(failure.kind, FailureKind::ConfigurationError);
    assert!(failure.message.starts_with("InvalidActionConfiguration: "), "{}", failure.message);
    assert!(drive.open.is_empty());
}

fn with_approval() -> Drive {
    let mut declared = pipeline(ExecutionMode::Superseded);
    let gate =
        action("Ok", "Approval").with_config("CustomData", "ship #{S.K}?").with_config("IsSummaryRequired", "true");
    declared.stages[1] = Stage::new("Gate").with_action(gate);
    declared.stages[2].actions[0] = action("Ship", "Deploy").with_input("Src");
    let mut drive = Drive::new(declared);
    drive.start();
    drive.succeed("Get");
    drive
}

#[test]
fn approvals_are_answered_by_token_once_and_with_a_summary_where_required() {
    let mut drive = with_approval();
    let token = drive.open[0].1.clone();
    let Effect::Ask(ask) = &drive.steps.last().unwrap().effects[0] else { panic!() };
    assert_eq!(ask.custom_data.as_deref(), Some("ship v?"));
    let answer = |token: &str, approved, summary: &str| Input::Approve {
        token: token.to_owned(),
        approved,
        summary: summary.to_owned(),
    };
    assert_eq!(drive.input(answer("nope", true, "x")).unwrap_err().code, "InvalidApprovalTokenException");
    let refused = drive.input(answer(&token, true, " ")).unwrap_err();
    assert_eq!(
        refused.message,
        "Action 'Ok' in stage 'Gate' requires a summary. Provide a summary in the approval result and try again."
    );
    assert_eq!(drive.input(answer(&token, true, &"x".repeat(513))).unwrap_err().code, "ValidationException");
    drive.input(answer(&token, true, "fine")).unwrap();
    assert!(drive.names().contains(&"Ship"));
    assert_eq!(drive.input(answer(&token, false, "no")).unwrap_err().code, "ApprovalAlreadyCompletedException");
}

#[test]
fn a_rejection_and_seven_days_of_silence_fail_the_stage() {
    let mut drive = with_approval();
    let token = drive.open[0].1.clone();
    drive.input(Input::Approve { token, approved: false, summary: "too risky".to_owned() }).unwrap();
    let execution = &drive.state.executions[0];
    assert_eq!(
        (execution.status, execution.summary.as_deref()),
        (ExecutionStatus::Failed, Some("Gate/Ok: Rejected: too risky"))
    );

    let mut drive = with_approval();
    drive.second += 7 * 24 * 3600 - 2;
    drive.input(Input::Tick).unwrap();
    assert_eq!(drive.state.executions[0].status, ExecutionStatus::InProgress, "one second too early");
    drive.input(Input::Tick).unwrap();
    assert_eq!(
        drive.state.executions[0].first_failure().unwrap().1.failure.as_ref().unwrap().kind,
        FailureKind::TimedOut
    );
}

#[test]
fn stopping_waits_or_abandons() {
    let stop = |execution: &str, abandon| Input::Stop {
        execution: execution.to_owned(),
        abandon,
        reason: "enough".to_owned(),
    };
    let mut drive = Drive::new(pipeline(ExecutionMode::Superseded));
    let id = drive.start();
    drive.succeed("Get");
    drive.input(stop(&id, false)).unwrap();
    assert_eq!(drive.status(&id), ExecutionStatus::Stopping);
    assert_eq!(drive.input(stop(&id, false)).unwrap_err().code, "DuplicatedStopRequestException");
    drive.succeed("A");
    drive.succeed("B");
    let execution = drive.state.execution(&id).unwrap();
    assert_eq!((execution.status, execution.stages[1].status), (ExecutionStatus::Stopped, StageStatus::Stopped));
    assert_eq!(drive.input(stop(&id, true)).unwrap_err().code, "PipelineExecutionNotStoppableException");

    let id = drive.start();
    let (_, late, _) = drive.open[0].clone();
    drive.input(stop(&id, true)).unwrap();
    let events = drive.steps.len();
    drive.input(Input::Report { execution: id.clone(), action: late, report: success() }).unwrap();
    let execution = drive.state.execution(&id).unwrap();
    assert_eq!(
        (execution.status, execution.stages[0].actions[0].status),
        (ExecutionStatus::Stopped, ActionStatus::Abandoned)
    );
    assert!(drive.steps[events].events.is_empty(), "a late report is taken and changes nothing");

    let (first, second) = (drive.start(), {
        drive.succeed("Get");
        drive.start()
    });
    drive.succeed("Get");
    drive.input(stop(&second, false)).unwrap();
    assert_eq!(drive.status(&second), ExecutionStatus::Stopped, "between stages it stops at once");
    assert_eq!(drive.status(&first), ExecutionStatus::InProgress);
}

#[test]
fn events_have_the_shape_of_the_captured_ones() {
    let mut drive = Drive::new(pipeline(ExecutionMode::Superseded));
    let id = drive.start();
    let events = &drive.steps[0].events;
    let states: Vec<_> = events.iter().map(|event| event.state.as_str()).collect();
    assert_eq!(states, ["STARTED", "STARTED", "STARTED"]);
    let json = events[2].to_event_bridge("e1", "123456789012", "us-east-1");
    let What::Action { id: run, .. } = &events[2].what else { panic!() };
    let want = serde_json::json!({
        "version": "0", "id": "e1", "detail-type": "CodePipeline Action Execution State Change", "source": "aws.codepipeline",
        "account": "123456789012", "time": "2023-11-14T22:13:21Z", "region": "us-east-1",
        "resources": ["arn:aws:codepipeline:us-east-1:123456789012:p"],
        "detail": {
            "pipeline": "p", "execution-id": id, "start-time": "2023-11-14T22:13:21.000Z", "stage": "Source",
            "action-execution-id": run, "action": "Get", "state": "STARTED",
            "type": {"owner": "Custom", "provider": "Test", "category": "Source", "version": "1"},
            "version": 1.0, "pipeline-execution-attempt": 1.0
        }
    });
    assert_eq!(json, want);
    assert_eq!(
        events[1].to_event_bridge("e", "123456789012", "cn-north-1")["detail"]["pipeline-execution-attempt"],
        0.0
    );
}

#[test]
fn events_name_the_artifacts_that_an_action_took_and_gave() {
    let mut declared = pipeline(ExecutionMode::Superseded);
    declared.artifact_store = Some(pipeline_model::model::ArtifactStore::s3("shop-artifacts"));
    let mut drive = Drive::new(declared);
    drive.start();
    drive.succeed("Get");
    drive.end("A", failure("broken"));
    let details: Vec<serde_json::Value> = drive
        .steps
        .iter()
        .flat_map(|step| &step.events)
        .map(|event| event.to_event_bridge("e", "123456789012", "us-east-1")["detail"].clone())
        .collect();
    let of = |action: &str, state: &str, key: &str| {
        let found = details.iter().find(|detail| detail["action"] == action && detail["state"] == state).unwrap();
        found.get(key).map(|artifacts| {
            assert_eq!(artifacts[0]["s3location"]["bucket"], "shop-artifacts");
            assert!(!artifacts[0]["s3location"]["key"].as_str().unwrap().is_empty());
            artifacts[0]["name"].as_str().unwrap().to_owned()
        })
    };
    assert_eq!(of("Get", "STARTED", "output-artifacts"), None);
    assert_eq!(of("Get", "SUCCEEDED", "output-artifacts").as_deref(), Some("Src"));
    assert_eq!(of("A", "STARTED", "input-artifacts").as_deref(), Some("Src"));
    assert_eq!(of("A", "FAILED", "output-artifacts"), None);
}

//! Invocations: a command as a function, a state machine, another pipeline.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use aws_call::CallError;
use pipeline_model::client::memory::MemoryCodePipeline;
use pipeline_runner::ActionJob;
use pipeline_runner::client::{Commands, Function, MachineRun, StateMachines};
use pipeline_runner::core::FailureKind;

use super::{Bench, action, are_in_the_catalogue, failed, succeeded, text};

/// A bench whose functions are these scripts.
fn bench(functions: &[(&str, &str)]) -> Bench {
    let mut bench = Bench::new();
    let path = vec![("PATH".to_owned(), "/usr/local/bin:/usr/bin:/bin".to_owned())];
    let commands = functions.iter().fold(Commands::new(bench.path("functions"), path), |commands, (name, script)| {
        commands.with_function(*name, Function::new(["sh", "-c", script]))
    });
    bench.backends.functions = Arc::new(commands);
    bench
}

async fn invoke(bench: &Bench, name: &str) -> pipeline_runner::ActionOutcome {
    let action = action("Invoke", "Lambda", &[("FunctionName", name), ("UserParameters", "some text")]);
    bench.run(ActionJob::of("job-1", &action)).await
}

#[tokio::test]
async fn a_function_gets_the_event_and_answers_with_the_result_of_a_job() {
    let bench = bench(&[
        ("keeps", "cat > event.json; echo working >&2"),
        (
            "tells",
            r#"echo '{"outputVariables":{"Answer":"42"},"executionDetails":{"summary":"done","externalExecutionId":"x-1"}}'"#,
        ),
        ("fails", "echo the disk is full >&2; exit 3"),
        ("says-no", r#"echo '{"failureDetails":{"type":"ConfigurationError","message":"no such stage"}}'"#),
        ("both", r#"echo '{"continuationToken":"t","outputVariables":{"A":"1"}}'"#),
        ("odd", r#"echo '{"outputVariables":7}'"#),
        ("large", r#"printf '{"outputVariables":{"A":"%0122880d"}}' 0"#),
    ]);
    succeeded(&invoke(&bench, "keeps").await);
    let event: serde_json::Value = serde_json::from_str(&text(&bench.path("functions/event.json"))).unwrap();
    let job = &event["CodePipeline.job"];
    assert_eq!((job["id"].as_str(), job["accountId"].as_str()), (Some("job-1"), Some("123456789012")));
    assert_eq!(job["data"]["actionConfiguration"]["configuration"]["UserParameters"], "some text");
    assert_eq!(bench.lines(), ["working"]);

    let outcome = invoke(&bench, "tells").await;
    assert_eq!(succeeded(&outcome)["Answer"], "42");
    assert!(format!("{outcome:?}").contains("x-1"));
    for (name, kind, says) in [
        ("fails", FailureKind::JobFailed, "`fails` ended with exit status: 3: the disk is full"),
        ("says-no", FailureKind::ConfigurationError, "no such stage"),
        ("nobody", FailureKind::ConfigurationError, "The AWS Lambda function nobody does not exist."),
        ("both", FailureKind::JobFailed, "A job can not contain both a continuation token and output variables."),
        ("odd", FailureKind::JobFailed, "is no result of a job"),
        ("large", FailureKind::JobFailed, "OutputVariablesSizeExceededException"),
    ] {
        let (got, message) = failed(&invoke(&bench, name).await);
        assert!(got == kind && message.contains(says), "{got:?} {message}");
    }
}

#[tokio::test]
async fn a_function_comes_back_as_often_as_it_wants() {
    let script = r#"event="$(cat)"
case "$event" in
  *'"continuationToken":"2"'*) echo '{"executionDetails":{"summary":"third time"}}' ;;
  *'"continuationToken":"1"'*) echo '{"continuationToken":"2"}' ;;
  *) echo '{"continuationToken":"1"}' ;;
esac"#;
    let bench = bench(&[("patient", script)]);
    assert!(format!("{:?}", invoke(&bench, "patient").await).contains("third time"));
}

#[tokio::test]
async fn a_function_takes_artifacts_and_gives_them() {
    let script = r#"event="$(cat)"
in="$(printf '%s' "$event" | grep -o '"directory":"[^"]*/in/In"' | cut -d'"' -f4)"
out="$(printf '%s' "$event" | grep -o '"directory":"[^"]*/out/Out"' | cut -d'"' -f4)"
tr a-z A-Z < "$in/word" > "$out/word""#;
    let bench = bench(&[("shouts", script)]);
    let action = action("Invoke", "Lambda", &[("FunctionName", "shouts")]).with_input("In").with_output("Out");
    bench.artifact("job/In", &[("word", "hello")]).await;
    succeeded(&bench.run(ActionJob::of("job", &action)).await);
    assert_eq!(text(&bench.unpacked("job/Out").await.join("word")), "HELLO");
}

/// A machine that runs for two looks and then ends as it is told.
#[derive(Debug)]
struct Machine {
    end: MachineRun,
    started: Mutex<Vec<(String, String)>>,
    looks: Mutex<u32>,
}

#[async_trait]
impl StateMachines for Machine {
    async fn start_execution(&self, machine: &str, name: &str, input: &str) -> Result<String, CallError> {
        if !machine.ends_with(":shop") {
            return Err(CallError::service(
                "StartExecution",
                "StateMachineDoesNotExist",
                "State Machine Does Not Exist",
            ));
        }
        self.started.lock().unwrap().push((name.to_owned(), input.to_owned()));
        Ok(format!("{}:{name}", machine.replace("stateMachine", "execution")))
    }

    async fn describe_execution(&self, _: &str) -> Result<MachineRun, CallError> {
        let mut looks = self.looks.lock().unwrap();
        *looks += 1;
        match *looks {
            1 => Ok(MachineRun::new("RUNNING")),
            2 => Err(CallError::service("DescribeExecution", "ThrottlingException", "Rate exceeded")),
            _ => Ok(self.end.clone()),
        }
    }
}

const MACHINE: &str = "arn:aws:states:eu-central-1:123456789012:stateMachine:shop";

#[tokio::test]
async fn a_state_machine_is_followed_to_its_end() {
    let machine = |end| Arc::new(Machine { end, started: Mutex::default(), looks: Mutex::default() });
    let mut bench = Bench::new();
    bench.artifact("job/In", &[("input.json", r#"{"from":"a file"}"#)]).await;
    let configuration = [
        ("StateMachineArn", MACHINE),
        ("ExecutionNamePrefix", "release-"),
        ("InputType", "FilePath"),
        ("Input", "input.json"),
    ];
    let step = action("Invoke", "StepFunctions", &configuration).with_input("In").with_output("Out");
    let good = machine(MachineRun::new("SUCCEEDED").with_output(r#"{"ok":true}"#));
    bench.backends.state_machines = Some(Arc::clone(&good) as _);
    let variables = succeeded(&bench.run(ActionJob::of("job", &step)).await);
    are_in_the_catalogue(&step, &variables);
    assert_eq!(variables["ExecutionArn"], "arn:aws:states:eu-central-1:123456789012:execution:shop:release-job");
    let started = [("release-job".to_owned(), r#"{"from":"a file"}"#.to_owned())];
    assert_eq!(*good.started.lock().unwrap(), started, "started once, however often it is looked at");
    assert_eq!(text(&bench.unpacked("job/Out").await.join("output.json")), r#"{"ok":true}"#);

    bench.backends.state_machines = Some(machine(MachineRun::new("FAILED").with_failure("States.Timeout: too slow")));
    let literal = action("Invoke", "StepFunctions", &[("StateMachineArn", MACHINE)]);
    let (_, message) = failed(&bench.run(ActionJob::of("bad", &literal)).await);
    assert_eq!(message, "the execution ended as FAILED: States.Timeout: too slow");
    // A state that nobody knows is no success.
    bench.backends.state_machines = Some(machine(MachineRun::new("PAUSED")));
    assert!(failed(&bench.run(ActionJob::of("new", &literal)).await).1.contains("PAUSED"));
    let nobody = action("Invoke", "StepFunctions", &[("StateMachineArn", "arn:nobody")]);
    assert!(failed(&bench.run(ActionJob::of("nobody", &nobody)).await).1.contains("StateMachineDoesNotExist"));
}

#[tokio::test]
async fn another_pipeline_is_started_once() {
    let mut bench = Bench::new();
    let invoke = action(
        "Invoke",
        "CodePipeline",
        &[("PipelineName", "nobody"), ("Variables", r#"[{"name":"Stage","value":"test"}]"#)],
    );
    let (kind, message) = failed(&bench.run(ActionJob::of("job", &invoke)).await);
    assert!(kind == FailureKind::ConfigurationError && message.contains("needs CodePipeline"), "{message}");
    let service = MemoryCodePipeline::new(Arc::new(bench.clock.clone()), Arc::new(aws_call::SequenceIds::new(5)));
    bench.backends.pipelines = Some(Arc::new(service));
    let (_, message) = failed(&bench.run(ActionJob::of("job", &invoke)).await);
    assert!(message.contains("PipelineNotFoundException"), "{message}");
}

/// What only AWS can do says so in one sentence that names what it would have done.
#[tokio::test]
async fn what_needs_aws_says_so() {
    let bench = Bench::new();
    for (action, says) in [
        (
            action("Deploy", "CloudFormation", &[("ActionMode", "CREATE_UPDATE"), ("StackName", "shop")]),
            "CREATE_UPDATE of the stack `shop` needs CloudFormation",
        ),
        (action("Invoke", "StepFunctions", &[("StateMachineArn", MACHINE)]), "needs Step Functions"),
        (
            action("Deploy", "CodeDeploy", &[("ApplicationName", "shop"), ("DeploymentGroupName", "live")])
                .with_input("In"),
            "there is no host for the deployment group `shop/live`",
        ),
    ] {
        let (kind, message) = failed(&bench.run(ActionJob::of("job", &action)).await);
        assert_eq!(kind, FailureKind::ConfigurationError, "{message}");
        assert!(message.contains(says) && !message.contains('\n'), "{message}");
    }
}

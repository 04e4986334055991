//! Outcomes from a file: which line counts, what it may script, and what is told about one that is wrong.

use std::sync::Arc;

use aws_call::ManualClock;
use pipeline_model::model::{Action, ActionTypeId, Pipeline, Stage};
use pipeline_runner::core::{Execution, ExecutionStatus, FailureKind, Start};
use pipeline_runner::mocks::Mocks;
use pipeline_runner::{Cancel, Runner, World};

use crate::shell::{act, world};

fn declared() -> Pipeline {
    let mut pipeline = Pipeline::new("p", "arn:aws:iam::123456789012:role/p");
    let lambda = Action::new("Call", ActionTypeId::new("Invoke", "AWS", "Lambda", "1")).with_namespace("L");
    let approval = Action::new("Ok", ActionTypeId::new("Approval", "AWS", "Manual", "1"));
    pipeline.stages = vec![
        Stage::new("Source").with_action(act("Get", "Source", "write").with_output("Src")),
        Stage::new("Build").with_action(act("Use", "Build", "read").with_input("Src")).with_action(lambda),
        Stage::new("Gate").with_action(approval),
    ];
    pipeline.stages[1].before_entry = serde_json::from_str(
        r#"{"conditions": [{"result": "SKIP", "rules": [{"name": "Alarm", "ruleTypeId": {"provider": "CloudWatchAlarm"}}]}]}"#,
    )
    .unwrap();
    pipeline
}

async fn run(text: &str) -> Execution {
    let (dir, mocks) = (tempfile::tempdir().unwrap(), Mocks::parse("m.toml".as_ref(), text).unwrap());
    let world = world(dir.path(), Arc::default());
    let clock: Arc<dyn aws_call::Clock> = Arc::new(ManualClock::at_epoch_secs(1_700_000_000));
    let world = World {
        providers: mocks.providers(&declared(), &world.providers).unwrap(),
        approver: mocks.approver(Arc::clone(&world.approver), Arc::clone(&clock)),
        clock,
        ..world
    };
    Runner::new(declared(), world).unwrap().run(Start::manual("x"), &Cancel::new()).await.unwrap()
}

const USUAL: &str = "[[mock]]\naction = 'Call'\nvariables = { A = 'b' }\n[[mock]]\naction = 'Alarm'\n";

#[tokio::test]
async fn what_has_no_provider_is_scripted_and_the_rest_really_runs() {
    let execution = run(USUAL).await;
    assert_eq!(execution.status, ExecutionStatus::Succeeded, "{:?}", execution.summary);
    assert_eq!(execution.stages[1].actions[0].summary.as_deref(), Some("Get"), "`Use` read what `Get` wrote");
    assert_eq!(execution.namespaces["L"]["A"], "b");
    assert_eq!(execution.stages[1].gates.len(), 1);
}

#[tokio::test]
async fn artifacts_messages_and_refusals_are_scripted() {
    let execution = run(&format!("{USUAL}[[mock]]\naction = 'Get'\nartifacts.Src = {{ file = 'scripted' }}\n")).await;
    assert_eq!(execution.stages[1].actions[0].summary.as_deref(), Some("scripted"));
    let execution = run(&format!("{USUAL}[[mock]]\naction = 'Ok'\noutcome = 'fail'\nmessage = 'not today'\n")).await;
    assert_eq!(execution.summary.as_deref(), Some("Gate/Ok: Rejected: not today"));
    let denied = "[[mock]]\naction = 'Call'\nattempt = 1\noutcome = 'fail'\nkind = 'PermissionError'\nmessage = 'no'\n";
    let execution = run(&format!("{USUAL}{denied}")).await;
    let failure = execution.first_failure().unwrap().1.failure.clone().unwrap();
    assert_eq!((failure.kind, failure.message.as_str()), (FailureKind::PermissionError, "no"));
    let execution = run("[[mock]]\naction = 'Call'\n[[mock]]\naction = 'Alarm'\noutcome = 'fail'\n").await;
    assert_eq!(execution.stages[1].actions.len(), 0, "the stage is skipped");
}

#[test]
fn mistakes_in_the_file_are_told() {
    let parse = |text: &str| Mocks::parse("m.toml".as_ref(), text);
    for (text, want) in [
        ("[[mock]]\nacton = 'x'\n", "acton"),
        ("[[mock]]\naction = 'x'\noutcome = 'maybe'\n", "maybe"),
        ("[[mock]]\naction = 'x'\nartifacts.Out = { '../evil' = '' }\n", "leaves the artifact"),
        ("[[mock]]\naction = 'x'\ndelay = 'soon'\n", "delay"),
    ] {
        let error = parse(text).unwrap_err().to_string();
        assert!(error.starts_with("m.toml: ") && error.contains(want), "{error}");
    }
    let mocks = parse("[[mock]]\nstage = 'Build'\naction = 'Get'\n").unwrap();
    let error = mocks.providers(&declared(), &pipeline_runner::Providers::new()).unwrap_err().to_string();
    assert_eq!(error, "m.toml: pipeline `p` has no action or rule `Get` in stage `Build`");
}

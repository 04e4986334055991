//! What a stage does about its own failure, with providers that really run.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use aws_call::{ManualClock, MapEnv, SequenceIds};
use pipeline_model::model::{Action, ActionTypeId, Pipeline, Stage};
use pipeline_runner::artifact::MemoryStore;
use pipeline_runner::core::{Execution, ExecutionStatus, ExecutionType, Start};
use pipeline_runner::{
    ActionJob, ActionOutcome, ActionProvider, Always, Answer, Cancel, JobContext, Providers, Runner, Silent, World,
};

/// Succeeds at every call that is not listed.
#[derive(Debug)]
struct Flaky {
    fails_at: Vec<usize>,
    calls: Arc<AtomicUsize>,
}

#[async_trait]
impl ActionProvider for Flaky {
    fn action_types(&self) -> Vec<ActionTypeId> {
        vec![ActionTypeId::new("Deploy", "Custom", "Flaky", "1")]
    }

    async fn run(&self, _: ActionJob, _: &JobContext) -> ActionOutcome {
        let call = self.calls.fetch_add(1, Ordering::Relaxed) + 1;
        // A rollback whose runner does not wait for it would be given up here.
        tokio::task::yield_now().await;
        if self.fails_at.contains(&call) { ActionOutcome::failed("unhealthy") } else { ActionOutcome::succeeded() }
    }
}

fn runner(on_failure: &str, fails_at: &[usize], space: &std::path::Path) -> pipeline_runner::Result<Runner> {
    let mut pipeline = Pipeline::new("p", "arn:aws:iam::123456789012:role/p");
    let ship = Action::new("Ship", ActionTypeId::new("Deploy", "Custom", "Flaky", "1"));
    pipeline.stages = vec![Stage::new("Deploy").with_action(ship)];
    pipeline.stages[0].on_failure = Some(serde_json::from_str(on_failure).unwrap());
    let world = World {
        providers: Providers::new().with(Flaky { fails_at: fails_at.to_vec(), calls: Arc::default() }),
        artifacts: Arc::new(MemoryStore::new()),
        approver: Arc::new(Always(Answer::approve("yes"))),
        observer: Arc::new(Silent),
        clock: Arc::new(ManualClock::at_epoch_secs(1_700_000_000).auto()),
        ids: Arc::new(SequenceIds::new(1)),
        env: Arc::new(MapEnv::default()),
        workspace: space.join("work"),
    };
    Runner::new(pipeline, world)
}

async fn run(runner: &mut Runner) -> Execution {
    runner.run(Start::manual("test"), &Cancel::new()).await.unwrap()
}

#[tokio::test]
async fn a_flaky_action_gets_its_second_chance() {
    let space = tempfile::tempdir().unwrap();
    let mut runner = runner(r#"{"result": "RETRY"}"#, &[1, 3, 4], space.path()).unwrap();
    let first = run(&mut runner).await;
    assert_eq!((first.status, first.stages[0].retries.automatic), (ExecutionStatus::Succeeded, 1));
    assert_eq!(run(&mut runner).await.status, ExecutionStatus::Failed, "one retry, not two");
}

#[tokio::test]
async fn a_rollback_is_carried_out_before_the_run_returns() {
    let space = tempfile::tempdir().unwrap();
    let mut runner = runner(r#"{"result": "ROLLBACK"}"#, &[2], space.path()).unwrap();
    let good = run(&mut runner).await;
    let bad = run(&mut runner).await;
    assert_eq!((good.status, bad.status), (ExecutionStatus::Succeeded, ExecutionStatus::Failed));
    let rollback = runner.state().executions.last().unwrap();
    assert_eq!((rollback.kind, rollback.status), (ExecutionType::Rollback, ExecutionStatus::Succeeded));
    assert_eq!(rollback.rollback_target, Some(good.id));
}

#[tokio::test]
async fn what_a_failure_gate_cannot_do_here_is_refused_by_name() {
    let space = tempfile::tempdir().unwrap();
    for (gate, want) in [
        (r#"{"conditions": [{"result": "FAIL", "rules": []}]}"#, "onFailure result `FAIL` of stage `Deploy`"),
        (
            r#"{"conditions": [{"result": "ROLLBACK", "rules": [{"name": "R", "ruleTypeId": {"provider": "Odd"}}]}]}"#,
            "rule `R` of stage `Deploy` (Rule Odd has no provider here)",
        ),
        (r#"{"result": "SKIP"}"#, "onFailure result `SKIP` of stage `Deploy`"),
        (r#"{"result": "RETRY", "retryConfiguration": {"retryMode": "ODD"}}"#, "retry mode `ODD` of stage `Deploy`"),
    ] {
        let error = runner(gate, &[], space.path()).unwrap_err().to_string();
        assert!(error.contains(want), "{error}");
    }
}

//! Deployments and hooks over clients that fail: throttles, server errors, cut connections, lost and
//! old answers.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use appspec::client::memory::{Answers, HookFunction};
use appspec::client::{
    AutoRollbackEvent, ComputePlatform, DeploymentId, Deployments, Fault, Faulty, HookExecutionStatus, Script,
};
use appspec::hook::{HookEvent, HookReporter};
use appspec::{Deployer, HookStatus, Outcome};
use async_trait::async_trait;
use aws_call::{Clock, IdSource, SequenceIds};

use crate::scene::{Scene, ecs, ecs_group, request};

/// As many failures in a row as a deployer bears, never more.
fn faults(seed: u64, length: usize) -> Vec<Fault> {
    let ids = SequenceIds::new(seed);
    let mut in_a_row = 0;
    let fault = |_| {
        let fault = match ids.next_u64() % 12 {
            0 => Fault::Throttle,
            1 => Fault::Unavailable,
            2 => Fault::Cut,
            3 => Fault::LostAnswer,
            4 | 5 => Fault::Stale,
            _ => Fault::None,
        };
        let fails = !matches!(fault, Fault::Stale | Fault::None);
        in_a_row = if fails && in_a_row < 5 { in_a_row + 1 } else { 0 };
        if fails && in_a_row == 0 { Fault::None } else { fault }
    };
    (0..length).map(fault).collect()
}

/// Half of all reads go wrong, in a hundred ways: the outcome is the right one each time.
#[tokio::test]
async fn chaos_on_watch() {
    let group = || {
        let events = [AutoRollbackEvent::DeploymentFailure];
        ecs_group().with_config("CodeDeployDefault.ECSLinear10PercentEvery1Minutes").with_auto_rollback(events)
    };
    for seed in 0..100_u64 {
        let scene = Scene::new(ComputePlatform::Ecs, group()).await;
        scene.deployer().deploy(&request(ecs(""))).await.unwrap();
        let goes_well = seed % 2 == 0;
        let verdict = if goes_well { HookExecutionStatus::Succeeded } else { HookExecutionStatus::Failed };
        scene.service.put_function("check", Answers(verdict));
        let client = Arc::new(Faulty::new(scene.service.clone(), Script::new().on("GetDeployment", faults(seed, 400))));
        let deployer = Deployer::new(Arc::clone(&client), scene.clock.clone(), SequenceIds::new(seed));
        let revision = ecs("Hooks:\n  - AfterAllowTraffic: check\n");
        let deployed = deployer.deploy(&request(revision)).await.unwrap();
        let expected = if goes_well { Outcome::Succeeded } else { Outcome::RolledBack };
        assert_eq!(deployed.outcome, expected, "seed {seed}");
        assert!(client.calls("GetDeployment") > 20);
        let made = scene.service.list_deployments("shop", "live").await.unwrap().len();
        assert_eq!(made, if goes_well { 2 } else { 3 }, "nothing is deployed twice, seed {seed}");
    }
}

/// Keeps what it was invoked with, for somebody else to answer.
struct Keeps(Arc<Mutex<Option<HookEvent>>>);

#[async_trait]
impl HookFunction for Keeps {
    async fn invoke(&self, event: &HookEvent, _: &dyn HookStatus) {
        *self.0.lock().unwrap() = Some(event.clone());
    }
}

async fn waiting() -> (Scene, DeploymentId, HookEvent) {
    let scene = Scene::new(ComputePlatform::Ecs, ecs_group()).await;
    let kept = Arc::new(Mutex::new(None));
    scene.service.put_function("check", Keeps(Arc::clone(&kept)));
    let id = scene.service.create_deployment(&request(ecs("Hooks:\n  - AfterInstall: check\n"))).await.unwrap();
    scene.clock.sleep(Duration::from_secs(60)).await;
    scene.service.get_deployment(&id).await.unwrap();
    let event = kept.lock().unwrap().take().unwrap();
    // What the function gets is what CodeDeploy writes.
    let event = HookEvent::parse(&event.to_json()).unwrap();
    (scene, id, event)
}

const PUT: &str = "PutLifecycleEventHookExecutionStatus";

#[tokio::test]
async fn a_verdict_gets_through_whatever_passes() {
    for faults in [
        vec![],
        vec![Fault::Throttle, Fault::Unavailable, Fault::Cut],
        // It arrived, nobody said so, and it must not be taken for a failure afterwards.
        vec![Fault::LostAnswer, Fault::Throttle],
    ] {
        let (scene, id, event) = waiting().await;
        let client = Arc::new(Faulty::new(scene.service.clone(), Script::new().on(PUT, faults.clone())));
        let reporter = HookReporter::new(Arc::clone(&client), scene.clock.clone(), SequenceIds::new(1));
        let status = reporter.run(&event, async { Ok::<(), String>(()) }).await.unwrap();
        assert_eq!((status, client.calls(PUT)), (HookExecutionStatus::Succeeded, faults.len() + 1));
        assert_eq!(scene.deployer().follow(&id).await.unwrap().outcome, Outcome::Succeeded, "{faults:?}");
    }
}

#[tokio::test]
async fn a_failed_validation_is_reported_and_a_second_verdict_is_an_error() {
    let (scene, id, event) = waiting().await;
    let reporter = HookReporter::new(scene.service.clone(), scene.clock.clone(), SequenceIds::new(1));
    let status = reporter.run(&event, async { Err::<(), _>("the page is empty") }).await.unwrap();
    assert_eq!(status, HookExecutionStatus::Failed);
    let error = reporter.report(&event, HookExecutionStatus::Succeeded).await.unwrap_err();
    assert_eq!(error.code(), Some("LifecycleEventAlreadyCompletedException"));
    assert_eq!(scene.deployer().follow(&id).await.unwrap().outcome, Outcome::Failed);
}

#[tokio::test]
async fn reporting_ends_with_the_time_that_a_function_has() {
    let (scene, _, event) = waiting().await;
    let client = Faulty::new(scene.service.clone(), Script::new().on(PUT, vec![Fault::Throttle; 1000]));
    let start = scene.clock.now();
    let limit = Duration::from_secs(300);
    let reporter = HookReporter::new(client, scene.clock.clone(), SequenceIds::new(1)).with_limit(limit);
    let error = reporter.report(&event, HookExecutionStatus::Succeeded).await.unwrap_err();
    assert_eq!((error.fault(), scene.clock.since(start)), (aws_call::Fault::Throttled, limit));
}

#[test]
fn payloads_that_no_hook_gets_are_refused_with_a_reason() {
    for (payload, reason) in [
        ("", "it cannot be read"),
        ("[]", "`DeploymentId` is missing"),
        ("{", "it cannot be read"),
        ("{\"DeploymentId\": \"d-1\"}", "`LifecycleEventHookExecutionId` is missing"),
    ] {
        let error = HookEvent::parse(payload).unwrap_err().to_string();
        assert!(error.contains(reason), "{payload}: {error}");
    }
}

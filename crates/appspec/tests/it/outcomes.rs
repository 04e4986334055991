//! Deployments to their honest end, on a clock that jumps.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use appspec::client::memory::{Answers, HookEvent, HookFunction, NeverAnswers};
use appspec::client::{
    AutoRollbackEvent, BundleType, ComputePlatform, CreateDeployment, DeploymentGroup, DeploymentId, DeploymentStatus,
    EventStatus, Fault, Faulty, HookExecutionStatus, PutHookStatus, RevisionLocation, Script, StopDeployment,
};
use appspec::deploy::{DeployOptions, OnTimeout};
use appspec::lifecycle::DeploymentKind;
use appspec::{Deployer, Deployments, Error, HookStatus, Outcome};
use async_trait::async_trait;
use aws_call::{Backoff, Clock, Polling, SequenceIds};

use crate::scene::{Scene, ecs, ecs_group, lambda, lambda_group, request, server_group};

fn rolls_back(group: DeploymentGroup) -> DeploymentGroup {
    group.with_auto_rollback([AutoRollbackEvent::DeploymentFailure, AutoRollbackEvent::DeploymentStopOnRequest])
}

const HOOKS: &str = "Hooks:\n  - BeforeInstall: before\n  - AfterAllowTraffic: after\n";

#[tokio::test]
async fn a_deployment_succeeds_and_its_events_are_those_of_the_table() {
    let group = ecs_group().with_config("CodeDeployDefault.ECSLinear10PercentEvery1Minutes");
    let scene = Scene::new(ComputePlatform::Ecs, group).await;
    scene.service.put_function("before", Answers(HookExecutionStatus::Succeeded));
    scene.service.put_function("after", Answers(HookExecutionStatus::Succeeded));
    let states = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&states);
    let start = scene.clock.now();
    let deployer =
        scene.deployer().with_observer(move |deployment| seen.lock().unwrap().push(deployment.status.clone()));
    let deployed = deployer.deploy(&request(ecs(HOOKS))).await.unwrap();
    assert_eq!(deployed.outcome, Outcome::Succeeded);
    assert!(deployed.outcome.is_success());
    let events: Vec<_> =
        scene.service.events(&deployed.deployment.deployment_id).await.into_iter().map(|record| record.event).collect();
    assert_eq!(events, ["BeforeInstall", "Install", "AllowTestTraffic", "AllowTraffic", "AfterAllowTraffic"]);
    // Nine intervals of a minute: the first step is at the start.
    assert!(scene.clock.since(start) >= Duration::from_secs(540));
    let mut states = states.lock().unwrap().clone();
    states.dedup();
    assert_eq!(states.first(), Some(&DeploymentStatus::Created));
    assert_eq!(states.last(), Some(&DeploymentStatus::Succeeded));
}

#[tokio::test]
async fn a_failing_hook_fails_without_rollback() {
    let scene = Scene::new(ComputePlatform::Ecs, ecs_group()).await;
    scene.service.put_function("before", Answers(HookExecutionStatus::Succeeded));
    scene.service.put_function("after", Answers(HookExecutionStatus::Failed));
    let deployed = scene.deployer().deploy(&request(ecs(HOOKS))).await.unwrap();
    assert_eq!(deployed.outcome, Outcome::Failed);
    assert!(deployed.cause().unwrap().starts_with("HOOK_EXECUTION_FAILURE: "));
    assert!(deployed.rollback.is_none());
}

#[tokio::test]
async fn a_rollback_is_never_a_success() {
    let scene = Scene::new(ComputePlatform::Ecs, rolls_back(ecs_group())).await;
    assert_eq!(scene.deployer().deploy(&request(ecs(""))).await.unwrap().outcome, Outcome::Succeeded);
    scene.service.put_function("before", Answers(HookExecutionStatus::Succeeded));
    scene.service.put_function("after", Answers(HookExecutionStatus::Failed));
    let deployed = scene.deployer().deploy(&request(ecs(HOOKS))).await.unwrap();
    assert_eq!(deployed.outcome, Outcome::RolledBack);
    assert!(!deployed.outcome.is_success());
    assert_eq!(deployed.deployment.status, DeploymentStatus::Failed);
    let rollback = deployed.rollback.unwrap();
    assert_eq!(rollback.status, DeploymentStatus::Succeeded);
    assert_eq!(rollback.creator.as_deref(), Some("codeDeployRollback"));
    assert_eq!(rollback.revision, Some(ecs("")));
    let info = rollback.rollback_info.clone().unwrap();
    assert_eq!(info.rollback_triggering_deployment_id, Some(deployed.deployment.deployment_id));
    // Whoever follows the rollback itself is not told of a success either.
    let followed = scene.deployer().follow(&rollback.deployment_id).await.unwrap();
    assert_eq!(followed.outcome, Outcome::RolledBack);
}

#[tokio::test]
async fn before_anything_is_installed_there_is_nothing_to_roll_back() {
    let scene = Scene::new(ComputePlatform::Ecs, rolls_back(ecs_group())).await;
    scene.deployer().deploy(&request(ecs(""))).await.unwrap();
    scene.service.put_function("before", Answers(HookExecutionStatus::Failed));
    let deployed = scene.deployer().deploy(&request(ecs(HOOKS))).await.unwrap();
    assert_eq!(deployed.outcome, Outcome::Failed);
}

#[tokio::test]
async fn a_first_deployment_has_nothing_to_roll_back_to() {
    let scene = Scene::new(ComputePlatform::Lambda, rolls_back(lambda_group())).await;
    scene.service.put_function("check", Answers(HookExecutionStatus::Failed));
    let revision = lambda("Hooks:\n  - AfterAllowTraffic: check\n");
    let deployed = scene.deployer().deploy(&request(revision)).await.unwrap();
    assert_eq!(deployed.outcome, Outcome::Failed);
    assert!(deployed.deployment.rollback_info.unwrap().rollback_message.is_some());
}

#[tokio::test]
async fn a_hook_that_never_answers_fails_after_an_hour() {
    let scene = Scene::new(ComputePlatform::Ecs, ecs_group()).await;
    scene.service.put_function("before", NeverAnswers);
    let start = scene.clock.now();
    let deployed = scene.deployer().deploy(&request(ecs(HOOKS))).await.unwrap();
    assert_eq!(deployed.outcome, Outcome::Failed);
    assert!(scene.clock.since(start) >= Duration::from_secs(3600));
    let events = scene.service.events(&deployed.deployment.deployment_id).await;
    assert_eq!(events[0].status, EventStatus::Failed);
    assert!(events[0].diagnostics.as_ref().unwrap().message.as_deref().unwrap().contains("one hour"));
}

#[tokio::test]
async fn the_time_is_up_and_the_deployment_goes_on_or_stops() {
    let polling = Polling::new(Backoff::constant(Duration::from_secs(10))).with_deadline(Duration::from_secs(300));
    for (on_timeout, state) in
        [(OnTimeout::Leave, DeploymentStatus::InProgress), (OnTimeout::Stop, DeploymentStatus::Stopped)]
    {
        let scene = Scene::new(ComputePlatform::Ecs, ecs_group()).await;
        scene.service.put_function("before", NeverAnswers);
        let options = DeployOptions::default().with_polling(polling.clone()).with_on_timeout(on_timeout);
        let deployed = scene.deployer().with_options(options).deploy(&request(ecs(HOOKS))).await.unwrap();
        assert_eq!(deployed.outcome, Outcome::TimedOut);
        let now = scene.service.get_deployment(&deployed.deployment.deployment_id).await.unwrap();
        assert_eq!(now.status, state);
    }
}

#[tokio::test]
async fn a_stop_is_a_stop_or_a_rollback() {
    for (group, outcome) in [(ecs_group(), Outcome::Stopped), (rolls_back(ecs_group()), Outcome::RolledBack)] {
        let scene = Scene::new(ComputePlatform::Ecs, group).await;
        scene.deployer().deploy(&request(ecs(""))).await.unwrap();
        let silent = "Hooks:\n  - AfterAllowTraffic: silent\n";
        scene.service.put_function("silent", NeverAnswers);
        let id = scene.service.create_deployment(&request(ecs(silent))).await.unwrap();
        scene.clock.sleep(Duration::from_secs(120)).await;
        assert_eq!(scene.service.traffic_percent(&id).await, Some(100));
        scene.service.stop_deployment(&StopDeployment::new(id.clone())).await.unwrap();
        // Without a rollback the traffic stays where it is.
        let left = if outcome == Outcome::Stopped { 100 } else { 0 };
        assert_eq!(scene.service.traffic_percent(&id).await, Some(left));
        assert_eq!(scene.deployer().follow(&id).await.unwrap().outcome, outcome);
    }
}

/// A function that answers with the wrong id, an impossible status, rightly, and once too often.
struct Clumsy(Arc<Mutex<Vec<String>>>);

#[async_trait]
impl HookFunction for Clumsy {
    async fn invoke(&self, event: &HookEvent, codedeploy: &dyn HookStatus) {
        let id = event.lifecycle_event_hook_execution_id.as_str();
        let tries = [
            ("wrong", HookExecutionStatus::Succeeded),
            (id, HookExecutionStatus::from("Skipped")),
            (id, HookExecutionStatus::Succeeded),
            (id, HookExecutionStatus::Failed),
        ];
        for (id, status) in tries {
            let report = PutHookStatus::new(event.deployment_id.clone(), id, status);
            let answer = codedeploy.put_lifecycle_event_hook_execution_status(&report).await;
            let code = answer.map_or_else(|error| error.code().unwrap_or("?").to_owned(), |_| "ok".to_owned());
            self.0.lock().unwrap().push(code);
        }
    }
}

#[tokio::test]
async fn verdicts_are_taken_once_and_only_when_they_are_verdicts() {
    let scene = Scene::new(ComputePlatform::Ecs, ecs_group()).await;
    let answers = Arc::new(Mutex::new(Vec::new()));
    scene.service.put_function("before", Clumsy(Arc::clone(&answers)));
    let deployed = scene.deployer().deploy(&request(ecs("Hooks:\n  - BeforeInstall: before\n"))).await.unwrap();
    assert_eq!(deployed.outcome, Outcome::Succeeded);
    assert_eq!(
        *answers.lock().unwrap(),
        [
            "InvalidLifecycleEventHookExecutionIdException",
            "InvalidLifecycleEventHookExecutionStatusException",
            "ok",
            "LifecycleEventAlreadyCompletedException"
        ]
    );
}

const SERVER: &str =
    "version: 0.0\nos: linux\nhooks:\n  ApplicationStart:\n    - location: start.sh\n      timeout: 60\n";

async fn server_scene(instances: &[&str]) -> (Scene, RevisionLocation) {
    let scene = Scene::new(ComputePlatform::Server, rolls_back(server_group())).await;
    scene.launch(instances);
    let revision = RevisionLocation::s3("revisions", "2.zip", BundleType::Zip);
    scene.service.put_revision(revision.clone(), SERVER);
    (scene, revision)
}

#[tokio::test]
async fn one_at_a_time_stops_at_the_first_host_unless_it_is_the_last() {
    let (scene, revision) = server_scene(&["i-1", "i-2", "i-3"]).await;
    scene.service.lose_instance("i-1");
    let deployed = scene.deployer().deploy(&request(revision.clone())).await.unwrap();
    assert_eq!(deployed.outcome, Outcome::Failed);
    assert!(deployed.cause().unwrap().starts_with("HEALTH_CONSTRAINTS: "));
    assert_eq!((deployed.deployment.overview.failed, deployed.deployment.overview.skipped), (1, 2));

    let (scene, revision) = server_scene(&["i-1", "i-2", "i-3"]).await;
    scene.service.lose_instance("i-3");
    let deployed = scene.deployer().deploy(&request(revision)).await.unwrap();
    assert_eq!(deployed.outcome, Outcome::Succeeded);
    assert_eq!((deployed.deployment.overview.succeeded, deployed.deployment.overview.failed), (2, 1));
}

#[tokio::test]
async fn every_instance_goes_through_the_table_in_order() {
    let scene = Scene::new(ComputePlatform::Server, server_group().with_target_group("web")).await;
    scene.launch(&["i-1", "i-2"]);
    let revision = RevisionLocation::s3("revisions", "2.zip", BundleType::Zip);
    scene.service.put_revision(revision.clone(), SERVER);
    let deployed = scene.deployer().deploy(&request(revision)).await.unwrap();
    assert_eq!(deployed.outcome, Outcome::Succeeded);
    let events = scene.service.events(&deployed.deployment.deployment_id).await;
    let table: Vec<_> = DeploymentKind::InPlaceWithLoadBalancer.events().iter().map(|event| event.name).collect();
    for instance in ["i-1", "i-2"] {
        let own = events.iter().filter(|record| record.target.as_deref() == Some(instance));
        assert_eq!(own.map(|record| record.event).collect::<Vec<_>>(), table);
    }
    // One at a time: the second instance begins when the first one is done.
    assert!(events[..table.len()].iter().all(|record| record.target == events[0].target));
}

#[tokio::test]
async fn a_jump_of_the_clock_rolls_back_too() {
    let scene = Scene::new(ComputePlatform::Ecs, rolls_back(ecs_group())).await;
    scene.deployer().deploy(&request(ecs(""))).await.unwrap();
    scene.service.put_function("after", Answers(HookExecutionStatus::Failed));
    let id = scene.service.create_deployment(&request(ecs("Hooks:\n  - AfterAllowTraffic: after\n"))).await.unwrap();
    scene.clock.advance(Duration::from_secs(36_000));
    let failed = scene.service.get_deployment(&id).await.unwrap();
    let rollback = failed.rollback_info.unwrap().rollback_deployment_id.unwrap();
    scene.clock.advance(Duration::from_secs(36_000));
    assert_eq!(scene.service.get_deployment(&rollback).await.unwrap().status, DeploymentStatus::Succeeded);
}

#[tokio::test]
async fn all_at_once_needs_one_host_that_succeeds() {
    let (scene, revision) = server_scene(&["i-1", "i-2"]).await;
    scene.service.set_script_exit("start.sh", 3);
    let request = request(revision).with_config("CodeDeployDefault.AllAtOnce");
    let deployed = scene.deployer().deploy(&request).await.unwrap();
    assert_eq!(deployed.outcome, Outcome::Failed);
    let events = scene.service.events(&deployed.deployment.deployment_id).await;
    let failed: Vec<_> = events.iter().filter(|record| record.status == EventStatus::Failed).collect();
    assert_eq!(failed.len(), 2);
    assert_eq!(failed[0].event, "ApplicationStart");
    assert_eq!(
        failed[0].diagnostics.as_ref().unwrap().message.as_deref(),
        Some("Script at specified location: start.sh failed with exit code 3")
    );
    scene.service.set_script_exit("start.sh", 0);
    assert_eq!(scene.deployer().deploy(&request).await.unwrap().outcome, Outcome::Succeeded);
}

#[tokio::test]
async fn a_revision_that_is_broken_or_missing_fails_in_the_agents_words() {
    let (scene, _) = server_scene(&["i-1"]).await;
    let missing = RevisionLocation::s3("revisions", "nothing.zip", BundleType::Zip);
    let deployed = scene.deployer().deploy(&request(missing)).await.unwrap();
    assert!(deployed.cause().unwrap().starts_with("REVISION_MISSING"));
    let broken = RevisionLocation::git_hub("shop/web", "0123abc");
    scene.service.put_revision(broken.clone(), "version: 0.0\nos: ubuntu\n");
    let deployed = scene.deployer().deploy(&request(broken)).await.unwrap();
    assert_eq!(deployed.outcome, Outcome::Failed);
    assert!(deployed.cause().unwrap().contains("specifies an unsupported operating system (ubuntu)"), "{deployed}");
}

#[tokio::test]
async fn the_service_refuses_in_its_own_words() {
    let (scene, revision) = server_scene(&["i-1"]).await;
    let refusal = async |request: CreateDeployment| {
        let error = scene.service.create_deployment(&request).await.unwrap_err();
        format!("{}: {}", error.code().unwrap(), error.message().unwrap())
    };
    let other = CreateDeployment::new("cart", "live", revision.clone());
    assert_eq!(refusal(other).await, "ApplicationDoesNotExistException: No application found for name: cart");
    let other = CreateDeployment::new("shop", "test", revision.clone());
    assert_eq!(refusal(other).await, "DeploymentGroupDoesNotExistException: No Deployment Group found for name: test");
    let yaml = RevisionLocation::s3("revisions", "a.yml", BundleType::Yaml);
    assert_eq!(refusal(request(yaml)).await, "InvalidRevisionException: BundleType must be either tar, zip or tgz");
    let config = request(revision.clone()).with_config("CodeDeployDefault.ECSAllAtOnce");
    assert!(refusal(config).await.contains("does not match expected compute platform"));
    let id = scene.service.create_deployment(&request(revision.clone())).await.unwrap();
    let expected = format!(
        "DeploymentLimitExceededException: The Deployment Group 'live' already has an active Deployment '{id}'"
    );
    assert_eq!(refusal(request(revision)).await, expected);
}

#[tokio::test]
async fn failing_reads_are_borne_and_then_told() {
    let scene = Scene::new(ComputePlatform::Ecs, ecs_group()).await;
    let with = |fails: fn(usize) -> bool| {
        let faults = (0..2000).map(|read| if fails(read) { Fault::Throttle } else { Fault::None });
        let client = Faulty::new(scene.service.clone(), Script::new().on("GetDeployment", faults));
        Deployer::new(client, scene.clock.clone(), SequenceIds::new(5))
    };
    let deployed = with(|read| read % 3 != 2).deploy(&request(ecs(""))).await.unwrap();
    assert_eq!(deployed.outcome, Outcome::Succeeded);
    // The deployment exists, so losing it from the very first read on is not a call that failed.
    let Err(Error::LostSight(lost)) = with(|_| true).deploy(&request(ecs(""))).await else { panic!("not lost") };
    assert!(lost.to_string().contains("may still be running"));
    scene.clock.sleep(Duration::from_secs(600)).await;
    let unknown = DeploymentId::new("d-000000000");
    assert!(matches!(scene.deployer().follow(&unknown).await, Err(Error::Call(_))));
}

//! Blue/green, linear and canary deployments with hooks and alarms, and controllers that are not ECS.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws_call::{Backoff, CallError, Clock as _, ManualClock, Polling, SequenceIds};
use ecs_taskdef::client::{
    CreateService, HookAction, MemoryCluster, ServiceDeploymentStatus, ServiceDeployments, Services, StopType,
    TaskDefinitions, UpdateService,
};
use ecs_taskdef::deploy::{Event, HandOff, HandedOff, OnPause, Progress, TrafficController};
use ecs_taskdef::{Body, DeployRequest, Deployer, Error, Outcome};
use serde_json::{Value as Json, json};

use crate::deploy::{BREAKER, Log, cluster, deployer, id, request, running, web};

/// A service of two tasks that runs `web:1` and is deployed as `configuration` says.
async fn staged(configuration: Json) -> (Arc<MemoryCluster>, ManualClock, Deployer) {
    let (cluster, clock) = cluster();
    let first = cluster.register(&Body::of(&web("1")).expect("a body")).await.expect("registered");
    let create = CreateService::new(id(), first.arn, 2).with_setting("deploymentConfiguration", configuration);
    cluster.create_service(&create).await.expect("created");
    clock.advance(Duration::from_secs(600));
    let deployer = deployer(&cluster, &cluster, &clock)
        .with_service_deployments(Arc::clone(&cluster) as Arc<dyn ServiceDeployments>);
    (cluster, clock, deployer)
}

fn pause_at(stage: &str, action: &str) -> Json {
    json!({ "strategy": "BLUE_GREEN", "bakeTimeInMinutes": 1, "lifecycleHooks": [{
        "targetType": "PAUSE",
        "lifecycleStages": [stage],
        "timeoutConfiguration": { "timeoutInMinutes": 5, "action": action },
    }] })
}

fn patient(tag: &str) -> DeployRequest {
    request(tag)
        .with_polling(Polling::new(Backoff::constant(Duration::from_secs(2))).with_deadline(Duration::from_secs(7200)))
}

#[tokio::test]
async fn every_strategy_ends_as_it_should() {
    for configuration in [
        json!({ "strategy": "BLUE_GREEN", "bakeTimeInMinutes": 5 }),
        json!({ "strategy": "LINEAR", "linearConfiguration": { "stepPercent": 25.0, "stepBakeTimeInMinutes": 2 } }),
        json!({ "strategy": "CANARY", "canaryConfiguration": { "canaryPercent": 5.0, "canaryBakeTimeInMinutes": 10 } }),
        json!({ "strategy": "ROLLING", "deploymentCircuitBreaker": { "enable": true, "rollback": true } }),
    ] {
        let mut with_breaker = configuration.clone();
        with_breaker["deploymentCircuitBreaker"] = json!({ "enable": true, "rollback": true });
        for (tag, outcome) in
            [("2", Outcome::Succeeded), ("crash", Outcome::RolledBack), ("missing", Outcome::RolledBack)]
        {
            let (cluster, _, deployer) = staged(with_breaker.clone()).await;
            let deployment = deployer.deploy(&patient(tag), &()).await.expect("an outcome");
            assert_eq!(deployment.outcome, outcome, "{tag} {configuration}: {:?}", deployment.report);
            assert!(deployment.service_deployment.is_some());
            let service = cluster.describe_service(&id()).await.expect("the service");
            assert_eq!((service.running, service.rollouts.len()), (2, 1));
            let runs = service.task_definition.ends_with(if outcome == Outcome::Succeeded { ":2" } else { ":1" });
            assert!(runs, "{}", service.task_definition);
            let again = deployer.deploy(&patient("1"), &()).await.expect("an outcome");
            let expected = if outcome == Outcome::Succeeded { Outcome::Succeeded } else { Outcome::NoChange };
            assert_eq!(again.outcome, expected, "and back to the first");
        }
    }
}

/// Traffic moves in the steps that were asked for, and nothing is called a success while it moves or bakes.
#[tokio::test]
async fn traffic_moves_in_steps() {
    let configuration = json!({ "strategy": "LINEAR", "bakeTimeInMinutes": 3,
        "linearConfiguration": { "stepPercent": 25.0, "stepBakeTimeInMinutes": 2 } });
    let (_, clock, deployer) = staged(configuration).await;
    let start = clock.now();
    let log = Stages::default();
    let deployment = deployer.deploy(&patient("2"), &log).await.expect("an outcome");
    assert_eq!(deployment.outcome, Outcome::Succeeded);
    assert!(clock.since(start) >= Duration::from_secs((3 * 2 + 3) * 60), "{:?}", clock.since(start));
    let seen = log.0.lock().expect("stages").clone();
    let traffic: Vec<u32> = seen.iter().map(|(_, traffic)| *traffic).collect();
    assert!(traffic.is_sorted(), "{seen:?}");
    for percent in [0, 25, 50, 75, 100] {
        assert!(traffic.contains(&percent), "{percent} in {seen:?}");
    }
    let last = seen.iter().map(|(stage, _)| stage.as_str()).collect::<Vec<_>>();
    assert!(last.contains(&"BAKE_TIME") && last.last() == Some(&"CLEAN_UP"), "{last:?}");
}

#[derive(Default)]
struct Stages(std::sync::Mutex<Vec<(String, u32)>>);

impl Progress for Stages {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a percentage")]
    fn event(&self, event: &Event<'_>) {
        if let Event::Stage(record) = event {
            let traffic = record.production_traffic.unwrap_or_default() as u32;
            self.0.lock().expect("stages").push((record.lifecycle_stage.clone().unwrap_or_default(), traffic));
        }
    }
}

#[tokio::test]
async fn a_pause_is_told_and_answered() {
    for (action, outcome) in [(HookAction::Continue, Outcome::Succeeded), (HookAction::Rollback, Outcome::RolledBack)] {
        let (_, _, deployer) = staged(pause_at("POST_TEST_TRAFFIC_SHIFT", "ROLLBACK")).await;
        let paused = deployer.deploy(&patient("2"), &()).await.expect("an outcome");
        assert_eq!(paused.outcome, Outcome::Paused);
        assert!(!paused.is_success());
        let report = paused.report.clone().expect("a report");
        assert_eq!((report.stage.as_deref(), report.hooks.len()), (Some("POST_TEST_TRAFFIC_SHIFT"), 1));
        assert!(report.to_string().contains("hook: ecs-pause-"), "{report}");
        let resumed = deployer.resume(&patient("2"), &paused, &action, &()).await.expect("an outcome");
        assert_eq!(resumed.outcome, outcome, "{action}");
        let twice = deployer.resume(&patient("2"), &paused, &action, &()).await.expect_err("answered already");
        assert!(matches!(&twice, Error::Call(error) if error.code() == Some("ConflictException")), "{twice}");
    }
}

/// A pause that nobody answers ends by itself, as it was set to.
#[tokio::test]
async fn a_pause_can_be_waited_for() {
    for (action, outcome) in [("CONTINUE", Outcome::Succeeded), ("ROLLBACK", Outcome::RolledBack)] {
        let (_, clock, deployer) = staged(pause_at("PRE_SCALE_UP", action)).await;
        let start = clock.now();
        let waiting = patient("2").with_on_pause(OnPause::Wait);
        let deployment = deployer.deploy(&waiting, &()).await.expect("an outcome");
        assert_eq!(deployment.outcome, outcome, "{:?}", deployment.report);
        assert!(clock.since(start) >= Duration::from_secs(300));
    }
}

#[tokio::test]
async fn a_hook_that_fails_takes_it_back() {
    struct NoToBad;
    impl ecs_taskdef::client::Fates for NoToBad {
        fn fate(&self, _: &ecs_taskdef::client::ContainerStart<'_>) -> ecs_taskdef::client::Fate {
            ecs_taskdef::client::Fate::Runs
        }
        fn hook(&self, stage: &str, function: &str) -> bool {
            assert_eq!(stage, "POST_SCALE_UP");
            !function.ends_with(":bad")
        }
    }
    for (function, outcome) in [("good", Outcome::Succeeded), ("bad", Outcome::RolledBack)] {
        let clock = ManualClock::at_epoch_secs(1_700_000_000).auto();
        let cluster = MemoryCluster::new("shop", Arc::new(clock.clone()), Arc::new(SequenceIds::new(7)));
        let cluster = Arc::new(cluster.with_fates(Arc::new(NoToBad)));
        let first = cluster.register(&Body::of(&web("1")).expect("a body")).await.expect("registered");
        let arn = format!("arn:aws:lambda:us-east-1:123456789012:function:{function}");
        let create = CreateService::new(id(), first.arn, 2).with_setting(
            "deploymentConfiguration",
            json!({ "strategy": "BLUE_GREEN", "lifecycleHooks": [
                { "hookTargetArn": arn, "roleArn": "arn:aws:iam::123456789012:role/hooks", "lifecycleStages": ["POST_SCALE_UP"] },
            ] }),
        );
        cluster.create_service(&create).await.expect("created");
        clock.advance(Duration::from_secs(600));
        let deployer = deployer(&cluster, &cluster, &clock)
            .with_service_deployments(Arc::clone(&cluster) as Arc<dyn ServiceDeployments>);
        let deployment = deployer.deploy(&patient("2"), &()).await.expect("an outcome");
        assert_eq!(deployment.outcome, outcome, "{function}");
        if let Some(report) = deployment.report {
            assert!(report.reason.contains("lifecycle hook failed"), "{report}");
        }
    }
}

struct AlarmAt {
    cluster: Arc<MemoryCluster>,
    log: Log,
}

impl Progress for AlarmAt {
    fn event(&self, event: &Event<'_>) {
        if matches!(event, Event::Began(_)) {
            self.cluster.set_alarm("errors", true);
        }
        self.log.event(event);
    }
}

#[tokio::test]
async fn an_alarm_ends_a_deployment() {
    for (strategy, rollback, outcome) in [
        ("ROLLING", true, Outcome::RolledBack),
        ("ROLLING", false, Outcome::Failed),
        ("BLUE_GREEN", true, Outcome::RolledBack),
        ("BLUE_GREEN", false, Outcome::Failed),
    ] {
        let alarms = json!({ "alarmNames": ["latency", "errors"], "enable": true, "rollback": rollback });
        let (cluster, _, deployer) = staged(json!({ "strategy": strategy, "alarms": alarms })).await;
        let progress = AlarmAt { cluster: Arc::clone(&cluster), log: Log::default() };
        let deployment = deployer.deploy(&patient("2"), &progress).await.expect("an outcome");
        assert_eq!(deployment.outcome, outcome, "{strategy} {rollback}: {:?}", progress.log.lines());
        let report = deployment.report.expect("a report");
        assert_eq!(report.alarms, ["errors"], "{report}");
        assert!(report.to_string().contains("alarm: errors"), "{report}");
        // The alarm is still on: the deployment that mends it is not ended by it.
        let mend = deployer.deploy(&patient("3"), &()).await.expect("an outcome");
        assert_eq!(mend.outcome, Outcome::Succeeded, "{strategy} {rollback}");
    }
}

/// Somebody stops the deployment in the console.
#[tokio::test]
async fn somebody_takes_it_back() {
    struct StopIt(Arc<MemoryCluster>);
    impl Progress for StopIt {
        fn event(&self, event: &Event<'_>) {
            if let Event::Stage(record) = event
                && record.status == ServiceDeploymentStatus::InProgress
            {
                let stop = self.0.stop_service_deployment(&record.arn, &StopType::Rollback);
                poll_once(stop).expect("stopped");
            }
        }
    }
    for strategy in ["ROLLING", "BLUE_GREEN"] {
        let (cluster, _, deployer) = staged(json!({ "strategy": strategy })).await;
        let deployment = deployer.deploy(&patient("2"), &StopIt(cluster)).await.expect("an outcome");
        assert_eq!(deployment.outcome, Outcome::RolledBack, "{strategy}");
        assert!(deployment.report.expect("a report").rolled_back_to.is_some_and(|to| to.ends_with(":1")));
    }
}

/// The in-memory cluster never waits.
fn poll_once<T>(future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    match future.as_mut().poll(&mut std::task::Context::from_waker(std::task::Waker::noop())) {
        std::task::Poll::Ready(answer) => answer,
        std::task::Poll::Pending => panic!("the in-memory cluster waits"),
    }
}

#[tokio::test]
async fn a_strategy_that_could_not_be_followed_is_refused() {
    let (cluster, clock, _) = staged(json!({ "strategy": "CANARY" })).await;
    let error = deployer(&cluster, &cluster, &clock).deploy(&patient("2"), &()).await.expect_err("blind");
    assert!(matches!(error, Error::Strategy { .. }), "{error}");
    let registered = cluster.describe("web").await.expect("the family");
    assert_eq!(registered["taskDefinition"]["revision"], 1, "nothing was registered");
}

#[tokio::test]
async fn service_deployments_are_refused_in_the_service_s_way() {
    let (cluster, _, deployer) = staged(pause_at("PRE_SCALE_UP", "ROLLBACK")).await;
    let listed = cluster.list_service_deployments(&id()).await.expect("a list");
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].status, ServiceDeploymentStatus::Successful, "the first one has nobody to take traffic from");
    let over = cluster.stop_service_deployment(&listed[0].arn, &StopType::Rollback).await.expect_err("over");
    assert_eq!(over.code(), Some("ConflictException"));
    let unknown = cluster.stop_service_deployment("arn:nothing", &StopType::Rollback).await.expect_err("unknown");
    assert_eq!(unknown.code(), Some("ServiceDeploymentNotFoundException"));
    let many = vec![listed[0].arn.clone(); 21];
    assert_eq!(
        cluster.describe_service_deployments(&many).await.expect_err("too many").code(),
        Some("InvalidParameterException")
    );
    let paused = deployer.deploy(&patient("2"), &()).await.expect("an outcome");
    let arn = paused.service_deployment.expect("an ARN");
    let wrong = cluster.continue_service_deployment(&arn, "ecs-pause-no", &HookAction::Continue).await;
    assert_eq!(wrong.expect_err("no such hook").code(), Some("InvalidParameterException"));
    let abort = cluster.stop_service_deployment(&arn, &StopType::Abort).await.expect_err("only rollbacks");
    assert_eq!(abort.code(), Some("InvalidParameterException"));
    for (configuration, words) in [
        (json!({ "strategy": "PURPLE" }), "PURPLE"),
        (
            json!({ "strategy": "BLUE_GREEN", "earlySuccessCriteria": {} }),
            "Early success criteria not supported for BLUE_GREEN",
        ),
        (json!({ "lifecycleHooks": [{ "lifecycleStages": ["PRE_SCALE_UP"] }] }), "hookTargetArn"),
        (json!({ "canaryConfiguration": { "canaryPercent": 200.0 } }), "canaryPercent"),
    ] {
        let update = UpdateService::new(id()).with_setting("deploymentConfiguration", configuration);
        let error = cluster.update_service(&update).await.expect_err(words);
        assert!(error.message().is_some_and(|message| message.contains(words)), "{error}");
    }
}

struct CodeDeploy(Outcome);

#[async_trait]
impl TrafficController for CodeDeploy {
    async fn hand_off(&self, request: &HandOff, _: &dyn Progress) -> Result<HandedOff, CallError> {
        let spec = request.app_spec();
        let target = &spec["Resources"][0]["TargetService"]["Properties"];
        assert_eq!(target["TaskDefinition"], request.task_definition);
        assert_eq!(target["LoadBalancerInfo"], json!({ "ContainerName": "app", "ContainerPort": 8080 }));
        let reason = (!self.0.is_success()).then(|| "HEALTH_CONSTRAINTS: too few healthy targets".to_owned());
        Ok(HandedOff::new(self.0, "d-ABCDEF123", reason))
    }
}

#[tokio::test]
async fn another_controller_is_handed_over_or_refused() {
    let (cluster, clock) = cluster();
    let first = cluster.register(&Body::of(&web("1")).expect("a body")).await.expect("registered");
    let create = CreateService::new(id(), first.arn, 1)
        .with_setting("deploymentController", json!({ "type": "CODE_DEPLOY" }))
        .with_setting("loadBalancers", json!([{ "targetGroupArn": "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/0123456789abcdef", "containerName": "app", "containerPort": 8080 }]));
    cluster.create_service(&create).await.expect("created");
    let blind = deployer(&cluster, &cluster, &clock).deploy(&request("2"), &()).await.expect_err("CodeDeploy's");
    assert!(blind.to_string().contains("CODE_DEPLOY") && blind.to_string().contains("traffic controller"), "{blind}");
    for outcome in [Outcome::Succeeded, Outcome::RolledBack] {
        let deployer = deployer(&cluster, &cluster, &clock).with_traffic_controller(Arc::new(CodeDeploy(outcome)));
        let deployment = deployer.deploy(&request("2"), &()).await.expect("an outcome");
        assert_eq!((deployment.outcome, deployment.id.as_deref()), (outcome, Some("d-ABCDEF123")));
        assert_eq!(deployment.report.is_some(), outcome == Outcome::RolledBack);
    }
}

#[tokio::test]
async fn external_is_named_as_unsupported() {
    let (cluster, clock) = cluster();
    let first = cluster.register(&Body::of(&web("1")).expect("a body")).await.expect("registered");
    let create =
        CreateService::new(id(), first.arn, 1).with_setting("deploymentController", json!({ "type": "EXTERNAL" }));
    cluster.create_service(&create).await.expect("created");
    let error = deployer(&cluster, &cluster, &clock).deploy(&request("2"), &()).await.expect_err("external");
    assert_eq!(
        error.to_string(),
        "service `shop/web` is rolled out by EXTERNAL, not by ECS; task sets that a program of your own moves are not supported here"
    );
}

/// Tags need the long ARN format, and that is said before anything is changed.
#[tokio::test]
async fn short_arns_are_told_before_the_call() {
    let clock = ManualClock::at_epoch_secs(1_700_000_000).auto();
    let cluster = MemoryCluster::new("shop", Arc::new(clock.clone()), Arc::new(SequenceIds::new(7)));
    let cluster = Arc::new(cluster.with_short_arns());
    let deployer = deployer(&cluster, &cluster, &clock).with_tags(Arc::clone(&cluster) as _);
    let tags = json!([{ "key": "team", "value": "shop" }]);
    let new = ecs_taskdef::deploy::NewService::new(1).with_setting("tags", tags);
    let error = deployer.deploy(&request("1").or_create(new), &()).await.expect_err("short");
    assert!(error.to_string().contains("serviceLongArnFormat"), "{error}");
    assert!(cluster.describe("web").await.is_err(), "nothing was registered");
    let plain = ecs_taskdef::deploy::NewService::new(1);
    assert!(deployer.deploy(&request("1").or_create(plain), &()).await.expect("an outcome").is_success());
    let propagate = request("2").with_setting("propagateTags", json!("SERVICE"));
    let error = deployer.deploy(&propagate, &()).await.expect_err("short");
    assert!(matches!(&error, Error::ShortArn { setting: "propagateTags", .. }), "{error}");
}

#[tokio::test]
async fn a_running_deployment_can_be_followed() {
    let (cluster, _, deployer) = running(Some(BREAKER), 2).await;
    for (tag, outcome) in [("2", Outcome::Succeeded), ("crash", Outcome::RolledBack)] {
        let revision = cluster.register(&Body::of(&web(tag)).expect("a body")).await.expect("registered");
        cluster.update_service(&UpdateService::new(id()).with_task_definition(&revision.arn)).await.expect("updated");
        let followed = deployer.follow(&patient(tag), &()).await.expect("an outcome");
        assert_eq!(followed.outcome, outcome, "{tag}");
        assert_eq!(deployer.follow(&patient(tag), &()).await.expect("an outcome").outcome, Outcome::NoChange);
    }
}

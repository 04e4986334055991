//! The service in memory: limits, refusals, waits, alarms, triggers, targets.

use std::time::Duration;

use appspec::client::memory::{Instance, MemoryCodeDeploy};
use appspec::client::{
    Alarms, Application, Applications, AutoRollbackEvent, BlueGreen, BundleType, ComputePlatform, CreateDeployment,
    DeploymentConfigs, DeploymentGroup, DeploymentGroups, DeploymentStatus, DeploymentWaitType, Deployments,
    Diagnostics, EcsService, EventStatus, LifecycleErrorCode, LoadBalancers, RevisionLocation, Revisions, TagFilter,
    TargetGroupPair, TargetStatus, Targets, Trigger, TriggerEvent,
};
use appspec::config::{DeploymentConfig, MinimumHealthyHosts, TrafficRouting, ZonalConfig};
use appspec::{Outcome, explain};
use aws_call::{CallError, Clock, Fault, ManualClock, SequenceIds};

use crate::scene::{ROLE, Scene, ecs, ecs_group, lambda, lambda_group, listener, request, server_group};

const TOPIC: &str = "arn:aws:sns:us-east-1:123456789012:deployments";

fn code<T: std::fmt::Debug>(answer: Result<T, CallError>) -> String {
    answer.unwrap_err().code().unwrap_or("no code").to_owned()
}

#[tokio::test]
async fn groups_beyond_the_limits_are_refused_each_with_its_code() {
    let Scene { service, .. } = Scene::new(ComputePlatform::Server, server_group()).await;
    let trigger = |name: &str| Trigger::new(name, TOPIC, [TriggerEvent::DeploymentStart]);
    let triggers = |count: usize| (0..count).map(|number| trigger(&format!("t{number}"))).collect::<Vec<_>>();
    let names = |count: usize| (0..count).map(|number| format!("a{number}")).collect::<Vec<_>>();
    let tag = || TagFilter::key_only("app");
    let group = |name: &str| DeploymentGroup::new("shop", name, ROLE);
    let tags = |lists: usize, each: usize| {
        (0..lists).fold(group("g"), |group, _| group.with_ec2_tags((0..each).map(|_| tag())))
    };
    let wait = |minutes: u32| {
        let blue_green = BlueGreen::default().with_termination_after(minutes);
        group("g").with_target_group("web").with_blue_green(blue_green)
    };
    let table = [
        (group(""), "DeploymentGroupNameRequiredException"),
        (group(&"g".repeat(101)), "InvalidDeploymentGroupNameException"),
        (group("a b"), "InvalidDeploymentGroupNameException"),
        (group("live"), "DeploymentGroupAlreadyExistsException"),
        (DeploymentGroup::new("cart", "g", ROLE), "ApplicationDoesNotExistException"),
        (DeploymentGroup::new("shop", "g", ""), "RoleRequiredException"),
        (DeploymentGroup::new("shop", "g", "role/deploy"), "InvalidRoleException"),
        (group("g").with_config("none"), "DeploymentConfigDoesNotExistException"),
        (group("g").with_config("CodeDeployDefault.ECSAllAtOnce"), "InvalidDeploymentConfigNameException"),
        (group("g").with_triggers(triggers(11)), "TriggerTargetsLimitExceededException"),
        (group("g").with_triggers([trigger("t"), trigger("t")]), "InvalidTriggerConfigException"),
        (group("g").with_triggers([Trigger::new("t", "topic", [])]), "InvalidTriggerConfigException"),
        (group("g").with_alarms(Alarms::new(names(11))), "AlarmsLimitExceededException"),
        (group("g").with_alarms(Alarms::new(["a", "a"])), "InvalidAlarmConfigException"),
        (group("g").with_alarms(Alarms::new(["a".repeat(256)])), "InvalidAlarmConfigException"),
        (group("g").with_auto_scaling_groups(names(11)), "InvalidAutoScalingGroupException"),
        (tags(4, 1), "TagSetListLimitExceededException"),
        (tags(1, 11), "TagLimitExceededException"),
        (group("g").with_ec2_tags([]), "InvalidEC2TagException"),
        (group("g").with_load_balancers(LoadBalancers::default()), "LoadBalancerInfoRequiredException"),
        (wait(2881), "InvalidBlueGreenDeploymentConfigurationException"),
    ];
    for (group, expected) in table {
        assert_eq!(code(service.create_deployment_group(&group).await), expected, "{group:?}");
    }
    // Just within the limits everything is taken.
    let full = tags(2, 5).with_triggers(triggers(10)).with_alarms(Alarms::new(names(10)));
    service.create_deployment_group(&full.with_auto_scaling_groups(names(10))).await.unwrap();
    service.update_deployment_group("g", &wait(2880)).await.unwrap();
    assert_eq!(service.list_deployment_groups("shop").await.unwrap(), ["g", "live"]);
    let update = service.update_deployment_group("g", &group("live")).await;
    assert_eq!(code(update), "DeploymentGroupAlreadyExistsException");
}

#[tokio::test]
async fn ecs_groups_need_one_service_and_a_pair() {
    let Scene { service, .. } = Scene::new(ComputePlatform::Ecs, ecs_group()).await;
    let mut two = ecs_group();
    two.ecs_services.push(EcsService::new("main", "cart"));
    let mut none = ecs_group();
    none.ecs_services.clear();
    let mut alone = ecs_group();
    alone.load_balancers.target_group_pairs = vec![TargetGroupPair::new("blue", "green", listener("prod"))];
    alone.load_balancers.target_group_pairs[0].target_groups.pop();
    let in_place = DeploymentGroup::new("shop", "live", ROLE);
    let table = [
        (two, "ECSServiceMappingLimitExceededException"),
        (none, "InvalidECSServiceException"),
        (alone, "InvalidTargetGroupPairException"),
        (in_place, "InvalidDeploymentStyleException"),
        (ecs_group().with_target_group("web"), "InvalidLoadBalancerInfoException"),
    ];
    for (mut group, expected) in table {
        group.name = "other".to_owned();
        assert_eq!(code(service.create_deployment_group(&group).await), expected, "{group:?}");
    }
}

#[tokio::test]
async fn applications_and_configurations_have_limits_too() {
    let service = MemoryCodeDeploy::new(ManualClock::at_epoch_secs(0), SequenceIds::new(1));
    for number in 0..1000 {
        let application = Application::new(format!("a{number}"), ComputePlatform::Server);
        service.create_application(&application).await.unwrap();
    }
    let more = Application::new("more", ComputePlatform::Server);
    assert_eq!(code(service.create_application(&more).await), "ApplicationLimitExceededException");
    let odd = Application::new("odd", ComputePlatform::from("Kubernetes"));
    assert_eq!(code(service.create_application(&odd).await), "InvalidComputePlatformException");
    service.rename_application("a7", "b").await.unwrap();
    assert_eq!(code(service.rename_application("a8", "b").await), "ApplicationAlreadyExistsException");
    assert_eq!(code(service.get_application("a7").await), "ApplicationDoesNotExistException");

    let hosts = |name: &str, rule| DeploymentConfig::hosts(name, rule);
    let linear = |percentage, minutes: u64| TrafficRouting::TimeBasedLinear {
        percentage,
        interval: Duration::from_secs(minutes * 60),
    };
    let traffic = |routing| DeploymentConfig::traffic("t", ComputePlatform::Lambda, routing);
    let count = MinimumHealthyHosts::HostCount;
    let mut server_traffic = traffic(linear(10, 1));
    server_traffic.compute_platform = ComputePlatform::Server;
    let table = [
        (hosts("", count(1)), "DeploymentConfigNameRequiredException"),
        (hosts("CodeDeployDefault.Mine", count(1)), "InvalidDeploymentConfigNameException"),
        (hosts("c", MinimumHealthyHosts::FleetPercent(100)), "InvalidMinimumHealthyHostValueException"),
        (hosts("c", MinimumHealthyHosts::MostConcurrency(1)), "InvalidMinimumHealthyHostValueException"),
        (traffic(linear(0, 1)), "InvalidTrafficRoutingConfigurationException"),
        (traffic(linear(10, 321)), "InvalidTrafficRoutingConfigurationException"),
        (server_traffic, "InvalidComputePlatformException"),
        (traffic(linear(10, 1)).with_zonal(ZonalConfig::default()), "InvalidZonalDeploymentConfigurationException"),
    ];
    for (config, expected) in table {
        assert_eq!(code(service.create_deployment_config(&config).await), expected, "{config:?}");
    }
    for number in 0..200 {
        service.create_deployment_config(&hosts(&format!("c{number}"), count(1))).await.unwrap();
    }
    let more = service.create_deployment_config(&hosts("more", count(1))).await;
    assert_eq!(code(more), "DeploymentConfigLimitExceededException");
    assert_eq!(service.list_deployment_configs().await.unwrap().len(), 217);
    let predefined = service.delete_deployment_config("CodeDeployDefault.OneAtATime").await;
    assert_eq!(code(predefined), "InvalidOperationException");
    let group = DeploymentGroup::new("b", "g", ROLE).with_config("c7");
    service.create_deployment_group(&group).await.unwrap();
    assert_eq!(code(service.delete_deployment_config("c7").await), "DeploymentConfigInUseException");
    service.delete_deployment_group("b", "g").await.unwrap();
    service.delete_deployment_config("c7").await.unwrap();
}

#[tokio::test]
async fn a_digest_that_is_not_the_texts_is_refused() {
    let Scene { service, .. } = Scene::new(ComputePlatform::Lambda, lambda_group()).await;
    let RevisionLocation::AppSpecContent { content, .. } = lambda("") else { panic!("another location") };
    let right = RevisionLocation::content_with_sha256(content.clone());
    let wrong = RevisionLocation::AppSpecContent { content, sha256: Some("00ff".repeat(16)) };
    assert_eq!(code(service.create_deployment(&request(wrong)).await), "InvalidRevisionException");
    service.create_deployment(&request(right.clone())).await.unwrap();
    // What is deployed is registered; the same text is the same revision.
    service.register_application_revision("shop", &right, Some("again")).await.unwrap();
    assert_eq!(service.list_application_revisions("shop").await.unwrap(), std::slice::from_ref(&right));
    let read = service.get_application_revision("shop", &right).await.unwrap();
    assert_eq!(read.description.as_deref(), Some("again"));
    assert_eq!(
        code(service.get_application_revision("shop", &lambda("Hooks: []\n")).await),
        "RevisionDoesNotExistException"
    );
}

#[tokio::test]
async fn an_approval_is_waited_for_and_the_original_stays() {
    let blue_green = BlueGreen::default().with_approval_within(30).with_termination_after(60);
    let group = ecs_group().with_blue_green(blue_green).with_triggers([Trigger::new(
        "t",
        TOPIC,
        [TriggerEvent::DeploymentReady, TriggerEvent::DeploymentStop, TriggerEvent::DeploymentSuccess],
    )]);
    let scene = Scene::new(ComputePlatform::Ecs, group).await;
    let (service, clock) = (&scene.service, &scene.clock);
    let ready = DeploymentWaitType::ReadyWait;

    let id = service.create_deployment(&request(ecs(""))).await.unwrap();
    assert_eq!(code(service.continue_deployment(&id, &ready).await), "DeploymentIsNotInReadyStateException");
    clock.sleep(Duration::from_secs(60)).await;
    assert_eq!(service.get_deployment(&id).await.unwrap().status, DeploymentStatus::Ready);
    let odd = service.continue_deployment(&id, &DeploymentWaitType::from("LUNCH")).await;
    assert_eq!(code(odd), "InvalidDeploymentWaitTypeException");
    assert_eq!(service.traffic_percent(&id).await, Some(0));
    service.continue_deployment(&id, &ready).await.unwrap();
    clock.sleep(Duration::from_secs(60)).await;
    let waiting = service.get_deployment(&id).await.unwrap();
    assert!(waiting.instance_termination_wait_time_started && waiting.status == DeploymentStatus::InProgress);
    assert_eq!(service.traffic_percent(&id).await, Some(100));
    service.continue_deployment(&id, &DeploymentWaitType::TerminationWait).await.unwrap();
    assert_eq!(service.get_deployment(&id).await.unwrap().status, DeploymentStatus::Succeeded);
    assert_eq!(code(service.continue_deployment(&id, &ready).await), "DeploymentAlreadyCompletedException");
    let sent: Vec<_> = service.notifications(&id).await.into_iter().map(|sent| sent.event).collect();
    assert_eq!(sent, [TriggerEvent::DeploymentReady, TriggerEvent::DeploymentSuccess]);

    // Nobody approves.
    let id = service.create_deployment(&request(ecs(""))).await.unwrap();
    clock.sleep(Duration::from_secs(31 * 60)).await;
    let stopped = service.get_deployment(&id).await.unwrap();
    assert_eq!((stopped.status, service.traffic_percent(&id).await), (DeploymentStatus::Stopped, Some(0)));
    assert_eq!(service.list_deployments("shop", "live").await.unwrap()[0], id);
}

#[tokio::test]
async fn an_alarm_stops_and_rolls_back() {
    let group = lambda_group()
        .with_config("CodeDeployDefault.LambdaLinear10PercentEvery1Minute")
        .with_alarms(Alarms::new(["errors"]))
        .with_auto_rollback([AutoRollbackEvent::DeploymentStopOnAlarm])
        .with_triggers([Trigger::new("t", TOPIC, [TriggerEvent::DeploymentStop, TriggerEvent::DeploymentRollback])]);
    let scene = Scene::new(ComputePlatform::Lambda, group).await;
    scene.deployer().deploy(&request(lambda(""))).await.unwrap();
    let id = scene.service.create_deployment(&request(lambda("Hooks: []\n"))).await.unwrap();
    scene.clock.sleep(Duration::from_secs(150)).await;
    scene.service.set_alarm("other", true).await;
    assert_eq!(scene.service.traffic_percent(&id).await, Some(30));
    scene.service.set_alarm("errors", true).await;
    let stopped = scene.service.get_deployment(&id).await.unwrap();
    assert_eq!(stopped.error_information.as_ref().unwrap().code, "ALARM_ACTIVE");
    assert_eq!(scene.service.traffic_percent(&id).await, Some(0));
    scene.service.set_alarm("errors", false).await;
    // The rollback began while the alarm was on, and was stopped by it too.
    let followed = scene.deployer().follow(&id).await.unwrap();
    assert_eq!(followed.outcome, Outcome::Failed);
    let rollback = stopped.rollback_info.unwrap().rollback_deployment_id.unwrap();
    let sent: Vec<_> = scene.service.notifications(&rollback).await.into_iter().map(|sent| sent.event).collect();
    assert_eq!(sent, [TriggerEvent::DeploymentRollback, TriggerEvent::DeploymentStop]);
}

#[tokio::test]
async fn explain_names_the_first_script_not_health_constraints() {
    let scene = Scene::new(ComputePlatform::Server, server_group()).await;
    scene.launch(&["i-1", "i-2", "i-3"]);
    let revision = RevisionLocation::s3("revisions", "2.zip", BundleType::Zip);
    let text = "version: 0.0\nos: linux\nhooks:\n  AfterInstall:\n    - location: ok.sh\n  ApplicationStart:\n    - location: scripts/start.sh\n";
    scene.service.put_revision(revision.clone(), text);
    let message = "Script at specified location: scripts/start.sh failed with exit code 1";
    let diagnostics = Diagnostics::new(LifecycleErrorCode::ScriptFailed, message).with_log_tail("port 80 is taken\n");
    scene.service.fail_script("scripts/start.sh", diagnostics);
    let request = request(revision).with_config("CodeDeployDefault.AllAtOnce");
    let deployed = scene.deployer().deploy(&request).await.unwrap();
    assert!(deployed.cause().unwrap().starts_with("HEALTH_CONSTRAINTS"));
    let id = deployed.deployment.deployment_id;
    let explanation = explain(&scene.service, &id).await.unwrap();
    assert_eq!(
        explanation.to_string(),
        format!(
            "deployment {id} Failed: ApplicationStart on i-1: ScriptFailed: {message}; 3 of 3 targets failed\n  | port 80 is taken"
        )
    );
    let targets = scene.service.batch_get_deployment_targets(&id, &["i-2".to_owned()]).await.unwrap();
    assert_eq!(targets[0].status, TargetStatus::Failed);
    let states: Vec<_> = targets[0].events.iter().map(|event| event.status.as_str()).collect();
    assert_eq!(states, ["Succeeded", "Succeeded", "Succeeded", "Succeeded", "Succeeded", "Failed", "Skipped"]);
    assert_eq!(code(scene.service.batch_get_deployment_targets(&id, &[]).await), "DeploymentTargetIdRequiredException");
    let many = vec!["i-1".to_owned(); 101];
    assert_eq!(
        code(scene.service.batch_get_deployment_targets(&id, &many).await),
        "DeploymentTargetListSizeExceededException"
    );
}

#[tokio::test]
async fn explain_follows_a_rollback_to_its_cause_and_knows_when_no_event_failed() {
    let group = ecs_group().with_auto_rollback([AutoRollbackEvent::DeploymentFailure]);
    let scene = Scene::new(ComputePlatform::Ecs, group).await;
    scene.deployer().deploy(&request(ecs(""))).await.unwrap();
    let deployed = scene.deployer().deploy(&request(ecs("Hooks:\n  - AfterInstall: nowhere\n"))).await.unwrap();
    assert_eq!(deployed.outcome, Outcome::RolledBack);
    let (id, rollback) = (deployed.deployment.deployment_id, deployed.rollback.unwrap().deployment_id);
    let explanation = explain(&scene.service, &rollback).await.unwrap();
    assert_eq!((&explanation.deployment.deployment_id, &explanation.asked), (&id, &Some(rollback)));
    assert_eq!(
        explanation.cause().unwrap(),
        "AfterInstall on main:web: UnknownError: the function nowhere does not exist"
    );

    let scene = Scene::new(ComputePlatform::Server, server_group()).await;
    let missing = RevisionLocation::s3("revisions", "none.zip", BundleType::Zip);
    let deployed = scene.deployer().deploy(&request(missing)).await.unwrap();
    let explanation = explain(&scene.service, &deployed.deployment.deployment_id).await.unwrap();
    assert!(explanation.cause().unwrap().starts_with("REVISION_MISSING: "));
    let unknown = explain(&scene.service, &appspec::client::DeploymentId::new("d-000000000")).await.unwrap_err();
    assert_eq!(unknown.fault(), Fault::NotFound);
}

#[tokio::test]
async fn instances_are_found_by_tags_scaling_groups_and_premises() {
    let group = DeploymentGroup::new("shop", "live", ROLE)
        .with_ec2_tags([TagFilter::key_and_value("app", "shop"), TagFilter::key_only("web")])
        .with_ec2_tags([TagFilter::value_only("live")])
        .with_on_premises_tags([TagFilter::key_only("rack")])
        .with_auto_scaling_groups(["asg"])
        .with_config("CodeDeployDefault.AllAtOnce");
    let scene = Scene::new(ComputePlatform::Server, group).await;
    for instance in [
        Instance::new("both").with_tag("app", "shop").with_tag("stage", "live"),
        Instance::new("one").with_tag("app", "shop"),
        Instance::new("key").with_tag("web", "live"),
        Instance::new("scaled").in_auto_scaling_group("asg"),
        Instance::new("rack").with_tag("rack", "7").on_premises(),
        Instance::new("cloud").with_tag("rack", "7"),
    ] {
        scene.service.put_instance(instance);
    }
    let revision = RevisionLocation::s3("revisions", "2.zip", BundleType::Zip);
    scene.service.put_revision(revision.clone(), "version: 0.0\nos: linux\n");
    let deployed = scene.deployer().deploy(&request(revision)).await.unwrap();
    let targets = scene.service.list_deployment_targets(&deployed.deployment.deployment_id).await.unwrap();
    assert_eq!(targets, ["both", "key", "scaled", "rack"]);
}

#[tokio::test]
async fn stop_scripts_come_from_the_last_good_revision() {
    let scene = Scene::new(ComputePlatform::Server, server_group()).await;
    scene.launch(&["i-1"]);
    let stop = |name: &str| format!("version: 0.0\nos: linux\nhooks:\n  ApplicationStop:\n    - location: {name}\n");
    let revision = |number: &str| RevisionLocation::s3("revisions", number, BundleType::Zip);
    scene.service.put_revision(revision("1"), stop("old.sh"));
    scene.service.put_revision(revision("2"), stop("new.sh"));
    scene.service.set_script_exit("old.sh", 1);
    // On a first deployment there is nothing to stop.
    assert_eq!(scene.deployer().deploy(&request(revision("1"))).await.unwrap().outcome, Outcome::Succeeded);
    let failed = scene.deployer().deploy(&request(revision("2"))).await.unwrap();
    assert_eq!(failed.outcome, Outcome::Failed);
    let explanation = explain(&scene.service, &failed.deployment.deployment_id).await.unwrap();
    assert_eq!(explanation.first_failure.unwrap().diagnostics.unwrap().script_name.as_deref(), Some("old.sh"));
    let mut ignoring: CreateDeployment = request(revision("2"));
    ignoring.ignore_application_stop_failures = true;
    assert_eq!(scene.deployer().deploy(&ignoring).await.unwrap().outcome, Outcome::Succeeded);
    let events = scene.service.events(&scene.service.list_deployments("shop", "live").await.unwrap()[0]).await;
    assert_eq!(events[0].status, EventStatus::Failed);
}

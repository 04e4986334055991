//! `appspec::client::sdk::CodeDeploy`: applications, groups, configurations and revisions on the wire.

use std::time::Duration;

use appspec::client::{
    Alarms, Application, Applications as _, AutoRollbackEvent, BlueGreen, ComputePlatform, DeploymentConfigs as _,
    DeploymentGroup, DeploymentGroups as _, EcsService, GreenFleet, LoadBalancers, OutdatedInstances, RevisionLocation,
    Revisions as _, TagFilter, TargetGroupPair, Trigger, TriggerEvent,
};
use appspec::config::{ConfigRule, DeploymentConfig, MinimumHealthyHosts, TrafficRouting, ZonalConfig, predefined};
use aws_call::Fault;
use serde_json::{Value as Json, json};

use crate::codedeploy::{codedeploy, target};
use crate::wire;

const ROLE: &str = "arn:aws:iam::123456789012:role/deploy";
const TOPIC: &str = "arn:aws:sns:us-east-1:123456789012:deployments";

#[tokio::test]
async fn applications() {
    let message = "Application already exists: shop";
    let (codedeploy, service) = codedeploy([
        wire::ok(json!({ "applicationId": "id-1" })),
        wire::error(400, "ApplicationAlreadyExistsException", message),
        wire::ok(json!({ "application": {
            "applicationName": "shop", "applicationId": "id-1", "computePlatform": "ECS",
            "createTime": 1_700_000_000.5, "linkedToGitHub": false,
        } })),
        wire::ok(json!({ "applications": ["cart"], "nextToken": "more" })),
        wire::ok(json!({ "applications": ["shop"] })),
        wire::ok(json!({})),
        wire::ok(json!({})),
    ]);
    let application = Application::new("shop", ComputePlatform::Ecs);
    assert_eq!(codedeploy.create_application(&application).await.unwrap(), "id-1");
    let error = codedeploy.create_application(&application).await.unwrap_err();
    let fault = wire::refused(&error, "CreateApplication", "ApplicationAlreadyExistsException", message);
    assert_eq!(fault, Fault::AlreadyExists);
    let read = codedeploy.get_application("shop").await.unwrap();
    assert_eq!(
        (read.name.as_str(), read.compute_platform, read.id.as_deref()),
        ("shop", ComputePlatform::Ecs, Some("id-1"))
    );
    assert_eq!(read.create_time, Some(wire::at(1_700_000_000.5)));
    assert_eq!(codedeploy.list_applications().await.unwrap(), ["cart", "shop"]);
    codedeploy.rename_application("shop", "store").await.unwrap();
    codedeploy.delete_application("store").await.unwrap();

    let asked = service.asked();
    assert_eq!(
        (&*asked[0].target, &asked[0].body),
        (&*target("CreateApplication"), &json!({ "applicationName": "shop", "computePlatform": "ECS" }))
    );
    assert_eq!(asked[2].body, json!({ "applicationName": "shop" }));
    assert_eq!((&asked[3].body, &asked[4].body), (&json!({}), &json!({ "nextToken": "more" })));
    assert_eq!(
        (&*asked[5].target, &asked[5].body),
        (&*target("UpdateApplication"), &json!({ "applicationName": "shop", "newApplicationName": "store" }))
    );
    assert_eq!(
        (&*asked[6].target, &asked[6].body),
        (&*target("DeleteApplication"), &json!({ "applicationName": "store" }))
    );
}

/// Every setting that a group to EC2 can have.
fn ec2() -> (DeploymentGroup, Json) {
    let group = DeploymentGroup::new("shop", "web", ROLE)
        .with_config("CodeDeployDefault.HalfAtATime")
        .with_ec2_tags([TagFilter::key_and_value("app", "shop"), TagFilter::key_only("web")])
        .with_ec2_tags([TagFilter::value_only("live")])
        .with_on_premises_tags([TagFilter::key_and_value("rack", "7")])
        .with_auto_scaling_groups(["shop-asg"])
        .with_load_balancers(LoadBalancers::classic(["old"]).with_target_groups(["web"]))
        .with_blue_green(
            BlueGreen::default()
                .with_approval_within(60)
                .with_termination_after(90)
                .with_green_fleet(GreenFleet::CopyAutoScalingGroup),
        )
        .with_triggers([Trigger::new(
            "failures",
            TOPIC,
            [TriggerEvent::DeploymentFailure, TriggerEvent::InstanceFailure],
        )])
        .with_alarms(Alarms::new(["errors", "latency"]))
        .with_auto_rollback([AutoRollbackEvent::DeploymentFailure, AutoRollbackEvent::DeploymentStopOnAlarm])
        .with_outdated_instances(OutdatedInstances::Ignore)
        .with_termination_hook();
    let wire = json!({
        "applicationName": "shop",
        "deploymentGroupName": "web",
        "serviceRoleArn": ROLE,
        "deploymentConfigName": "CodeDeployDefault.HalfAtATime",
        "ec2TagSet": { "ec2TagSetList": [
            [
                { "Key": "app", "Value": "shop", "Type": "KEY_AND_VALUE" },
                { "Key": "web", "Type": "KEY_ONLY" },
            ],
            [{ "Value": "live", "Type": "VALUE_ONLY" }],
        ] },
        "onPremisesTagSet": { "onPremisesTagSetList": [[{ "Key": "rack", "Value": "7", "Type": "KEY_AND_VALUE" }]] },
        "autoScalingGroups": ["shop-asg"],
        "loadBalancerInfo": {
            "elbInfoList": [{ "name": "old" }], "targetGroupInfoList": [{ "name": "web" }],
        },
        "blueGreenDeploymentConfiguration": {
            "deploymentReadyOption": { "actionOnTimeout": "STOP_DEPLOYMENT", "waitTimeInMinutes": 60 },
            "terminateBlueInstancesOnDeploymentSuccess": { "action": "TERMINATE", "terminationWaitTimeInMinutes": 90 },
            "greenFleetProvisioningOption": { "action": "COPY_AUTO_SCALING_GROUP" },
        },
        "triggerConfigurations": [{
            "triggerName": "failures", "triggerTargetArn": TOPIC,
            "triggerEvents": ["DeploymentFailure", "InstanceFailure"],
        }],
        "alarmConfiguration": {
            "enabled": true, "ignorePollAlarmFailure": false, "alarms": [{ "name": "errors" }, { "name": "latency" }],
        },
        "autoRollbackConfiguration": {
            "enabled": true, "events": ["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM"],
        },
        "deploymentStyle": { "deploymentType": "BLUE_GREEN", "deploymentOption": "WITH_TRAFFIC_CONTROL" },
        "outdatedInstancesStrategy": "IGNORE",
        "terminationHookEnabled": true,
    });
    (group, wire)
}

#[tokio::test]
async fn create_deployment_group() {
    let created = || wire::ok(json!({ "deploymentGroupId": "id-2" }));
    let message = "The maximum allowed number of triggers was exceeded.";
    let (codedeploy, service) = codedeploy([
        created(),
        created(),
        created(),
        wire::error(400, "TriggerTargetsLimitExceededException", message),
    ]);
    let (group, wire) = ec2();
    assert_eq!(codedeploy.create_deployment_group(&group).await.unwrap(), "id-2");
    let pair = TargetGroupPair::new("blue", "green", "arn:prod").with_test_listener("arn:test");
    let ecs = DeploymentGroup::new("cart", "web", ROLE).with_ecs_service(EcsService::new("main", "cart"), pair);
    codedeploy.create_deployment_group(&ecs).await.unwrap();
    codedeploy.create_deployment_group(&DeploymentGroup::new("shop", "bare", ROLE)).await.unwrap();
    let error = codedeploy.create_deployment_group(&group).await.unwrap_err();
    let fault = wire::refused(&error, "CreateDeploymentGroup", "TriggerTargetsLimitExceededException", message);
    assert_eq!(fault, Fault::LimitExceeded);

    let asked = service.asked();
    assert_eq!((&*asked[0].target, &asked[0].body), (&*target("CreateDeploymentGroup"), &wire));
    assert_eq!(asked[1].body["ecsServices"], json!([{ "clusterName": "main", "serviceName": "cart" }]));
    assert_eq!(
        asked[1].body["loadBalancerInfo"],
        json!({ "targetGroupPairInfoList": [{
            "targetGroups": [{ "name": "blue" }, { "name": "green" }],
            "prodTrafficRoute": { "listenerArns": ["arn:prod"] },
            "testTrafficRoute": { "listenerArns": ["arn:test"] },
        }] })
    );
    // What is not set is not sent.
    assert_eq!(
        asked[2].body,
        json!({
            "applicationName": "shop",
            "deploymentGroupName": "bare",
            "serviceRoleArn": ROLE,
            "autoRollbackConfiguration": { "enabled": false },
            "deploymentStyle": { "deploymentType": "IN_PLACE", "deploymentOption": "WITHOUT_TRAFFIC_CONTROL" },
            "terminationHookEnabled": false,
        })
    );
}

#[tokio::test]
async fn groups_come_back_as_they_went() {
    let (group, mut info) = ec2();
    info["computePlatform"] = json!("Server");
    info["deploymentGroupId"] = json!("id-2");
    info["autoScalingGroups"] = json!([{ "name": "shop-asg", "hook": "hook" }]);
    let flat = json!({ "deploymentGroupInfo": {
        "applicationName": "shop", "deploymentGroupName": "flat", "serviceRoleArn": ROLE,
        "ec2TagFilters": [{ "Key": "app", "Value": "shop", "Type": "KEY_AND_VALUE" }],
        "deploymentStyle": { "deploymentType": "SIDEWAYS", "deploymentOption": "WITHOUT_TRAFFIC_CONTROL" },
    } });
    let (codedeploy, service) = codedeploy([
        wire::ok(json!({ "deploymentGroupInfo": info })),
        wire::ok(flat),
        wire::ok(json!({ "applicationName": "shop", "deploymentGroups": ["web"] })),
        wire::ok(json!({ "hooksNotCleanedUp": [] })),
        wire::ok(json!({})),
    ]);
    let mut read = codedeploy.get_deployment_group("shop", "web").await.unwrap();
    assert_eq!(
        (read.id.take().as_deref(), read.compute_platform.take()),
        (Some("id-2"), Some(ComputePlatform::Server))
    );
    assert_eq!(read, group);
    // A flat list of filters is a list of lists with one list; what this version does not know survives.
    let read = codedeploy.get_deployment_group("shop", "flat").await.unwrap();
    assert_eq!(read.ec2_tag_set, [[TagFilter::key_and_value("app", "shop")]]);
    assert_eq!(read.deployment_type.as_str(), "SIDEWAYS");
    assert_eq!(codedeploy.list_deployment_groups("shop").await.unwrap(), ["web"]);
    // A group becomes just what is said: what is empty is sent, and empties what was there.
    codedeploy.update_deployment_group("web", &DeploymentGroup::new("shop", "next", ROLE)).await.unwrap();
    codedeploy.delete_deployment_group("shop", "next").await.unwrap();

    let asked = service.asked();
    assert_eq!(asked[0].body, json!({ "applicationName": "shop", "deploymentGroupName": "web" }));
    let update = &asked[3];
    assert_eq!(update.target, target("UpdateDeploymentGroup"));
    assert_eq!(
        (&update.body["currentDeploymentGroupName"], &update.body["newDeploymentGroupName"]),
        (&json!("web"), &json!("next"))
    );
    assert_eq!(update.body["triggerConfigurations"], json!([]));
    assert_eq!(update.body["ec2TagSet"], json!({ "ec2TagSetList": [] }));
    assert_eq!(
        update.body["alarmConfiguration"],
        json!({ "enabled": false, "ignorePollAlarmFailure": false, "alarms": [] })
    );
    assert_eq!(
        (&*asked[4].target, &asked[4].body),
        (&*target("DeleteDeploymentGroup"), &json!({ "applicationName": "shop", "deploymentGroupName": "next" }))
    );
}

#[tokio::test]
async fn deployment_configs() {
    let created = || wire::ok(json!({ "deploymentConfigId": "id-3" }));
    let (codedeploy, service) = codedeploy([
        created(),
        created(),
        created(),
        wire::ok(json!({ "deploymentConfigsList": ["CodeDeployDefault.OneAtATime", "slow"] })),
        wire::ok(json!({})),
    ]);
    let minutes = |minutes: u64| Duration::from_secs(minutes * 60);
    let zonal = ZonalConfig::default()
        .with_monitor_duration(minutes(10))
        .with_first_zone_monitor_duration(minutes(30))
        .with_minimum_healthy_hosts_per_zone(MinimumHealthyHosts::HostCount(2));
    let hosts = DeploymentConfig::hosts("careful", MinimumHealthyHosts::FleetPercent(75)).with_zonal(zonal);
    codedeploy.create_deployment_config(&hosts).await.unwrap();
    let linear = TrafficRouting::TimeBasedLinear { percentage: 20, interval: minutes(2) };
    let slow = DeploymentConfig::traffic("slow", ComputePlatform::Lambda, linear);
    assert_eq!(codedeploy.create_deployment_config(&slow).await.unwrap(), "id-3");
    let canary = TrafficRouting::TimeBasedCanary { percentage: 5, interval: minutes(45) };
    codedeploy
        .create_deployment_config(&DeploymentConfig::traffic("bird", ComputePlatform::Ecs, canary))
        .await
        .unwrap();
    assert_eq!(codedeploy.list_deployment_configs().await.unwrap(), ["CodeDeployDefault.OneAtATime", "slow"]);
    codedeploy.delete_deployment_config("slow").await.unwrap();

    let asked = service.asked();
    assert_eq!(asked[0].target, target("CreateDeploymentConfig"));
    assert_eq!(
        asked[0].body,
        json!({
            "deploymentConfigName": "careful",
            "computePlatform": "Server",
            "minimumHealthyHosts": { "type": "FLEET_PERCENT", "value": 75 },
            "zonalConfig": {
                "firstZoneMonitorDurationInSeconds": 1800,
                "monitorDurationInSeconds": 600,
                "minimumHealthyHostsPerZone": { "type": "HOST_COUNT", "value": 2 },
            },
        })
    );
    let routing = |asked: &Json| asked["trafficRoutingConfig"].clone();
    assert_eq!(
        routing(&asked[1].body),
        json!({ "type": "TimeBasedLinear", "timeBasedLinear": { "linearPercentage": 20, "linearInterval": 2 } })
    );
    assert_eq!(
        routing(&asked[2].body),
        json!({ "type": "TimeBasedCanary", "timeBasedCanary": { "canaryPercentage": 5, "canaryInterval": 45 } })
    );
    assert_eq!(
        (&*asked[4].target, &asked[4].body),
        (&*target("DeleteDeploymentConfig"), &json!({ "deploymentConfigName": "slow" }))
    );
}

#[tokio::test]
async fn configs_come_back_as_they_went() {
    let info = |rest: Json| wire::ok(json!({ "deploymentConfigInfo": rest }));
    let (codedeploy, _) = codedeploy([
        info(json!({
            "deploymentConfigName": "CodeDeployDefault.OneAtATime", "computePlatform": "Server",
            "minimumHealthyHosts": { "type": "MOST_CONCURRENCY", "value": 1 },
        })),
        info(json!({
            "deploymentConfigName": "CodeDeployDefault.LambdaCanary10Percent5Minutes", "computePlatform": "Lambda",
            "trafficRoutingConfig": {
                "type": "TimeBasedCanary", "timeBasedCanary": { "canaryPercentage": 10, "canaryInterval": 5 },
            },
        })),
        info(json!({ "deploymentConfigName": "zones", "computePlatform": "Server",
            "minimumHealthyHosts": { "type": "HOST_COUNT", "value": 3 },
            "zonalConfig": { "monitorDurationInSeconds": 60 } })),
        info(
            json!({ "deploymentConfigName": "odd", "computePlatform": "ECS", "trafficRoutingConfig": { "type": "Teleport" } }),
        ),
    ]);
    for name in ["CodeDeployDefault.OneAtATime", "CodeDeployDefault.LambdaCanary10Percent5Minutes"] {
        assert_eq!(Some(&codedeploy.get_deployment_config(name).await.unwrap()), predefined(name));
    }
    let zones = codedeploy.get_deployment_config("zones").await.unwrap();
    assert_eq!(zones.rule, ConfigRule::Hosts(MinimumHealthyHosts::HostCount(3)));
    assert_eq!(zones.zonal, Some(ZonalConfig::default().with_monitor_duration(Duration::from_secs(60))));
    // A rule that nobody here knows is not taken for another one.
    let error = codedeploy.get_deployment_config("odd").await.unwrap_err();
    assert_eq!((error.fault(), error.operation()), (Fault::Unsupported, "GetDeploymentConfig"));
}

#[tokio::test]
async fn revisions() {
    let location =
        json!({ "revisionType": "GitHub", "gitHubLocation": { "repository": "shop/web", "commitId": "0123abc" } });
    let (codedeploy, service) = codedeploy([
        wire::ok(json!({})),
        wire::ok(json!({ "applicationName": "shop", "revision": location, "revisionInfo": {
            "description": "by hand", "deploymentGroups": ["web"], "registerTime": 1_700_000_000.0,
            "firstUsedTime": 1_700_000_100.0, "lastUsedTime": 1_700_000_200.0,
        } })),
        wire::ok(json!({ "revisions": [location], "nextToken": "t" })),
        wire::ok(json!({ "revisions": [] })),
    ]);
    let commit = RevisionLocation::git_hub("shop/web", "0123abc");
    codedeploy.register_application_revision("shop", &commit, Some("by hand")).await.unwrap();
    let read = codedeploy.get_application_revision("shop", &commit).await.unwrap();
    assert_eq!(
        (&read.location, read.description.as_deref(), &*read.deployment_groups),
        (&commit, Some("by hand"), &["web".to_owned()][..])
    );
    assert_eq!(
        (read.register_time, read.last_used_time),
        (Some(wire::at(1_700_000_000.0)), Some(wire::at(1_700_000_200.0)))
    );
    assert_eq!(codedeploy.list_application_revisions("shop").await.unwrap(), [commit]);

    let asked = service.asked();
    assert_eq!(
        (&*asked[0].target, &asked[0].body),
        (
            &*target("RegisterApplicationRevision"),
            &json!({
                "applicationName": "shop", "revision": location, "description": "by hand",
            })
        )
    );
    assert_eq!(
        (&*asked[1].target, &asked[1].body),
        (&*target("GetApplicationRevision"), &json!({ "applicationName": "shop", "revision": location }))
    );
    assert_eq!(asked[3].body, json!({ "applicationName": "shop", "nextToken": "t" }));
}

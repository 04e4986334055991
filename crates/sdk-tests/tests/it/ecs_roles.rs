//! The other roles of `ecs_taskdef::client`: service deployments, tasks, what an account runs, tags; and its neighbours'
//! adapters for logs, schedules and scaling.

use std::collections::BTreeMap;

use aws_call::{Fault, Retry};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use ecs_taskdef::client::{
    ApplicationAutoScaling, CloudWatchLogs, Ecs, EventBridge, HookAction, HookStatus, HookTarget, Inventory as _,
    LogLine, LogStream, RunTask, Scaling as _, ScheduledTarget, ScheduledTasks as _, ServiceDeploymentStatus,
    ServiceDeployments as _, StopType, Strategy, Tags as _, TaskLogs as _, Tasks as _,
};
use serde_json::{Value as Json, json};

use crate::wire::{self, Service};

const ARN: &str = "arn:aws:ecs:us-east-1:123456789012";

/// A client of this SDK crate over a service with these answers.
macro_rules! client {
    ($sdk:ident, $adapter:ident, $answers:expr) => {{
        let service = Service::answering($answers);
        let config = $sdk::Config::builder().with_test_defaults_v2().http_client(service.http()).build();
        ($adapter::new($sdk::Client::from_conf(config)), service)
    }};
}

fn ecs(answers: impl IntoIterator<Item = HttpResponse>) -> (Ecs, Service) {
    client!(aws_sdk_ecs, Ecs, answers)
}

fn target(operation: &str) -> String {
    format!("AmazonEC2ContainerServiceV20141113.{operation}")
}

#[tokio::test]
async fn describe_service_deployments() {
    let arn = format!("{ARN}:service-deployment/shop/web/NCWGC2ZR");
    let revision = |n: u32| format!("{ARN}:service-revision/shop/web/{n}");
    let answer = json!({ "serviceDeployments": [{
        "serviceDeploymentArn": arn,
        "createdAt": 1_700_000_000.5,
        "finishedAt": 1_700_000_100.0,
        "status": "IN_PROGRESS",
        "statusReason": "because",
        "lifecycleStage": "POST_TEST_TRAFFIC_SHIFT",
        "sourceServiceRevisions": [{ "arn": revision(1) }],
        "targetServiceRevision": { "arn": revision(2), "requestedProductionTrafficWeight": 12.5 },
        "alarms": { "status": "TRIGGERED", "alarmNames": ["latency", "errors"], "triggeredAlarmNames": ["errors"] },
        "rollback": { "reason": "an alarm", "serviceRevisionArn": revision(1) },
        "lifecycleHookDetails": [{
            "hookId": "ecs-pause-e7tK9G", "targetType": "PAUSE", "status": "AWAITING_ACTION",
            "expiresAt": 1_700_000_600.0, "timeoutAction": "ROLLBACK",
        }, {
            "hookId": "of-tomorrow", "targetType": "OF_TOMORROW", "status": "OF_TOMORROW",
        }],
    }], "failures": [] });
    let message = "Access denied.";
    let (ecs, server) = ecs([wire::ok(answer), wire::error(400, "AccessDeniedException", message)]);
    let arns = vec![arn.clone()];
    let found = ecs.describe_service_deployments(&arns).await.unwrap();
    let one = &found[0];
    assert_eq!((one.arn.as_str(), &one.status), (arn.as_str(), &ServiceDeploymentStatus::InProgress));
    assert_eq!((one.created_at, one.finished_at), (Some(wire::at(1_700_000_000.5)), Some(wire::at(1_700_000_100.0))));
    assert_eq!(one.lifecycle_stage.as_deref(), Some("POST_TEST_TRAFFIC_SHIFT"));
    assert_eq!(
        (one.source_service_revisions.clone(), one.target_service_revision.clone()),
        (vec![revision(1)], Some(revision(2)))
    );
    assert_eq!((one.production_traffic, one.triggered_alarms.clone()), (Some(12.5), vec!["errors".to_owned()]));
    let rollback = one.rollback.as_ref().unwrap();
    assert_eq!((rollback.reason.as_deref(), rollback.service_revision.clone()), (Some("an alarm"), Some(revision(1))));
    let waiting: Vec<_> = one.awaiting().collect();
    assert_eq!(waiting.len(), 1);
    assert_eq!((waiting[0].id.as_str(), &waiting[0].target), ("ecs-pause-e7tK9G", &HookTarget::Pause));
    assert_eq!(
        (waiting[0].expires_at, &waiting[0].timeout_action),
        (Some(wire::at(1_700_000_600.0)), &Some(HookAction::Rollback))
    );
    assert_eq!(one.hooks[1].status, HookStatus::Unknown("OF_TOMORROW".to_owned()));

    let error = ecs.describe_service_deployments(&arns).await.unwrap_err();
    assert_eq!(
        wire::refused(&error, "DescribeServiceDeployments", "AccessDeniedException", message),
        Fault::AccessDenied
    );
    for asked in server.asked() {
        assert_eq!(
            (asked.target, asked.body),
            (target("DescribeServiceDeployments"), json!({ "serviceDeploymentArns": arns }))
        );
    }
}

#[tokio::test]
async fn describe_service_revisions() {
    let arn = format!("{ARN}:service-revision/shop/web/4980306466373577095");
    let answer = json!({ "serviceRevisions": [{
        "serviceRevisionArn": arn, "taskDefinition": format!("{ARN}:task-definition/web:7"), "createdAt": 1_700_000_000.5,
    }] });
    let (ecs, server) = ecs([wire::ok(answer)]);
    let found = ecs.describe_service_revisions(std::slice::from_ref(&arn)).await.unwrap();
    assert_eq!(
        (found[0].arn.as_str(), found[0].task_definition.clone()),
        (arn.as_str(), format!("{ARN}:task-definition/web:7"))
    );
    assert_eq!(found[0].created_at, Some(wire::at(1_700_000_000.5)));
    server.was_asked(&target("DescribeServiceRevisions"), json!({ "serviceRevisionArns": [arn] }));
}

#[tokio::test]
async fn stop_and_continue_service_deployments() {
    let arn = format!("{ARN}:service-deployment/shop/web/NCWGC2ZR");
    let message = "The service deployment is SUCCESSFUL.";
    let (stopper, server) = ecs([wire::ok(json!({ "serviceDeploymentArn": arn }))]);
    stopper.stop_service_deployment(&arn, &StopType::Rollback).await.unwrap();
    server.was_asked(&target("StopServiceDeployment"), json!({ "serviceDeploymentArn": arn, "stopType": "ROLLBACK" }));
    let (late, _) = ecs([wire::error(400, "ConflictException", message)]);
    let error = late.stop_service_deployment(&arn, &StopType::Rollback).await.unwrap_err();
    wire::refused(&error, "StopServiceDeployment", "ConflictException", message);

    for action in [HookAction::Continue, HookAction::Rollback] {
        let (ecs, server) = ecs([wire::ok(json!({ "serviceDeploymentArn": arn }))]);
        ecs.continue_service_deployment(&arn, "ecs-pause-e7tK9G", &action).await.unwrap();
        let body = json!({ "serviceDeploymentArn": arn, "hookId": "ecs-pause-e7tK9G", "action": action.as_str() });
        server.was_asked(&target("ContinueServiceDeployment"), body);
    }
    let (late, _) = ecs([wire::error(400, "InvalidParameterException", "no such hook")]);
    let error = late.continue_service_deployment(&arn, "x", &HookAction::Continue).await.unwrap_err();
    wire::refused(&error, "ContinueServiceDeployment", "InvalidParameterException", "no such hook");
}

fn task(status: &str) -> Json {
    json!({ "taskArn": format!("{ARN}:task/shop/0123456789abcdef0123456789abcdef"), "lastStatus": status,
        "taskDefinitionArn": format!("{ARN}:task-definition/web:7"), "startedAt": 1_700_000_001.5,
        "stopCode": "EssentialContainerExited", "stoppedReason": "Essential container in task exited",
        "containers": [{ "name": "app", "exitCode": 3 }] })
}

/// The request goes out whole, fields of tomorrow included, and each attempt with the same token.
#[tokio::test(start_paused = true)]
async fn run_task() {
    let answer = json!({ "tasks": [task("PROVISIONING")], "failures": [{ "reason": "RESOURCE:MEMORY", "arn": "x", "detail": "d" }] });
    let (ecs, server) = ecs([wire::unavailable(), wire::ok(answer)]);
    let request = RunTask::new("shop", "web:7")
        .with_count(2)
        .with_client_token("0f1e2d3c")
        .with_setting("ofTomorrow", json!({ "enabled": true }))
        .with_command("app", &["migrate".to_owned()]);
    let answer = ecs.run_task(&request).await.unwrap();
    assert_eq!(
        (answer.tasks[0].last_status.as_str(), answer.tasks[0].id()),
        ("PROVISIONING", "0123456789abcdef0123456789abcdef")
    );
    assert_eq!(
        (answer.failures[0].reason.as_str(), answer.failures[0].detail.as_deref()),
        ("RESOURCE:MEMORY", Some("d"))
    );
    server.was_asked_twice(
        &target("RunTask"),
        json!({
            "cluster": "shop", "taskDefinition": "web:7", "count": 2, "clientToken": "0f1e2d3c",
            "ofTomorrow": { "enabled": true },
            "overrides": { "containerOverrides": [{ "name": "app", "command": ["migrate"] }] },
        }),
    );
    let (refuses, _) = client!(aws_sdk_ecs, Ecs, [wire::error(400, "InvalidParameterException", "no")]);
    let error = refuses.run_task(&request).await.unwrap_err();
    wire::refused(&error, "RunTask", "InvalidParameterException", "no");
}

#[tokio::test]
async fn describe_and_stop_tasks() {
    let arns: Vec<String> = (0..101).map(|n| format!("{ARN}:task/shop/{n:032}")).collect();
    let (ecs, server) = ecs([
        wire::ok(json!({ "tasks": [task("STOPPED")] })),
        wire::ok(json!({ "tasks": [], "failures": [{ "reason": "MISSING" }] })),
        wire::ok(json!({ "task": task("RUNNING") })),
        wire::error(400, "ClusterNotFoundException", "Cluster not found."),
    ]);
    let tasks = ecs.describe_tasks("shop", &arns).await.unwrap();
    assert_eq!(tasks.len(), 1);
    assert!(tasks[0].is_stopped());
    assert_eq!(
        (tasks[0].started_at, tasks[0].ended.containers[0].exit_code),
        (Some(wire::at(1_700_000_001.5)), Some(3))
    );
    ecs.stop_task("shop", &arns[0], "interrupted").await.unwrap();
    let error = ecs.stop_task("shop", &arns[0], "interrupted").await.unwrap_err();
    assert_eq!(wire::refused(&error, "StopTask", "ClusterNotFoundException", "Cluster not found."), Fault::NotFound);
    let asked = server.asked();
    assert_eq!(asked[0].body, json!({ "cluster": "shop", "tasks": arns[..100] }));
    assert_eq!(asked[1].body, json!({ "cluster": "shop", "tasks": arns[100..] }));
    assert_eq!(
        (asked[2].target.clone(), asked[2].body.clone()),
        (target("StopTask"), json!({ "cluster": "shop", "task": arns[0], "reason": "interrupted" }))
    );
}

#[tokio::test]
async fn what_an_account_runs() {
    let cluster = format!("{ARN}:cluster/shop");
    let services: Vec<String> = (0..11).map(|n| format!("{ARN}:service/shop/web-{n}")).collect();
    let service = json!({ "serviceArn": services[0], "status": "ACTIVE", "taskDefinition": "web:7",
        "deploymentController": { "type": "CODE_DEPLOY" },
        "deploymentConfiguration": { "strategy": "CANARY", "alarms": { "alarmNames": ["errors"], "enable": true, "rollback": true } },
        "loadBalancers": [{ "targetGroupArn": "tg", "containerName": "app", "containerPort": 80 }],
        "taskSets": [{ "taskDefinition": "web:6" }, { "taskDefinition": "web:7" }] });
    let tasks = vec![format!("{ARN}:task/shop/0"), format!("{ARN}:task/shop/1")];
    let (ecs, server) = ecs([
        wire::ok(json!({ "clusterArns": [cluster], "nextToken": "more" })),
        wire::ok(json!({ "clusterArns": ["other"] })),
        wire::ok(json!({ "serviceArns": services[..6], "nextToken": "more" })),
        wire::ok(json!({ "serviceArns": services[6..] })),
        wire::ok(json!({ "services": [service] })),
        wire::ok(json!({ "services": [] })),
        wire::ok(json!({ "taskArns": tasks })),
        wire::ok(json!({ "tasks": [{ "taskDefinitionArn": "web:7" }, { "taskDefinitionArn": "web:7" }] })),
        wire::ok(json!({ "taskArns": [] })),
    ]);
    assert_eq!(ecs.clusters().await.unwrap(), [cluster.clone(), "other".to_owned()]);
    let found = ecs.services(&cluster).await.unwrap();
    assert_eq!(
        (&found[0].strategy, found[0].task_sets.clone()),
        (&Strategy::Canary, vec!["web:6".to_owned(), "web:7".to_owned()])
    );
    assert!(found[0].alarms.enable && found[0].alarms.rollback && found[0].rolls_back());
    assert_eq!((found[0].load_balancers[0].container.as_str(), found[0].load_balancers[0].port), ("app", 80));
    assert_eq!(ecs.running_revisions(&cluster, "web").await.unwrap(), ["web:7"]);
    assert!(ecs.running_revisions(&cluster, "api").await.unwrap().is_empty(), "no task, no further call");
    let asked = server.asked();
    let bodies: Vec<(&str, &Json)> =
        asked.iter().map(|asked| (asked.target.rsplit('.').next().unwrap(), &asked.body)).collect();
    assert_eq!(bodies[1], ("ListClusters", &json!({ "nextToken": "more" })));
    assert_eq!(bodies[3], ("ListServices", &json!({ "cluster": cluster, "nextToken": "more" })));
    assert_eq!(bodies[4], ("DescribeServices", &json!({ "cluster": cluster, "services": services[..10] })));
    assert_eq!(bodies[5], ("DescribeServices", &json!({ "cluster": cluster, "services": services[10..] })));
    assert_eq!(bodies[6], ("ListTasks", &json!({ "cluster": cluster, "family": "web", "desiredStatus": "RUNNING" })));
    assert_eq!(bodies[7], ("DescribeTasks", &json!({ "cluster": cluster, "tasks": tasks })));
}

#[tokio::test]
async fn tags() {
    let arn = format!("{ARN}:service/shop/web");
    let message = "Long arn format must be used for tagging operations";
    let (ecs, server) = ecs([
        wire::ok(json!({ "tags": [{ "key": "team", "value": "shop" }, { "key": "empty" }] })),
        wire::ok(json!({})),
        wire::error(400, "InvalidParameterException", message),
        wire::ok(json!({})),
        wire::ok(json!({ "settings": [{ "name": "serviceLongArnFormat", "value": "disabled" }] })),
        wire::ok(json!({ "settings": [{ "name": "serviceLongArnFormat", "value": "enabled" }] })),
    ]);
    let tags = ecs.tags(&arn).await.unwrap();
    assert_eq!(tags, BTreeMap::from([("team".to_owned(), "shop".to_owned()), ("empty".to_owned(), String::new())]));
    let one = BTreeMap::from([("team".to_owned(), "shop".to_owned())]);
    ecs.tag(&arn, &one).await.unwrap();
    let error = ecs.tag(&arn, &one).await.unwrap_err();
    wire::refused(&error, "TagResource", "InvalidParameterException", message);
    assert!(error.hint().unwrap().advice.contains("serviceLongArnFormat"));
    ecs.untag(&arn, &["team".to_owned()]).await.unwrap();
    assert!(!ecs.uses_long_arns("serviceLongArnFormat").await.unwrap());
    assert!(ecs.uses_long_arns("serviceLongArnFormat").await.unwrap());
    let asked = server.asked();
    assert_eq!(asked[1].body, json!({ "resourceArn": arn, "tags": [{ "key": "team", "value": "shop" }] }));
    assert_eq!(asked[3].body, json!({ "resourceArn": arn, "tagKeys": ["team"] }));
    assert_eq!(asked[4].body, json!({ "name": "serviceLongArnFormat", "effectiveSettings": true }));
}

#[tokio::test]
async fn log_events() {
    let stream = LogStream::new("/shop/web", "app/app/0123");
    let line = |at: u64, text: &str| json!({ "timestamp": at, "message": text, "ingestionTime": at });
    let (logs, server) = client!(
        aws_sdk_cloudwatchlogs,
        CloudWatchLogs,
        [
            wire::error(400, "ResourceNotFoundException", "The specified log stream does not exist."),
            wire::ok(json!({ "events": [line(1_700_000_000_500, "one"), line(1_700_000_001_000, "two")],
            "nextForwardToken": "f/1", "nextBackwardToken": "b/1" })),
            wire::ok(json!({ "events": [], "nextForwardToken": "f/1" })),
            wire::error(400, "ResourceNotFoundException", "The specified log group does not exist."),
        ]
    );
    let early = logs.read(&stream, None).await.unwrap();
    assert_eq!((early.lines.len(), early.next), (0, None), "the stream comes with its first line");
    let page = logs.read(&stream, None).await.unwrap();
    assert_eq!(page.lines[0], LogLine::new(Some(wire::at(1_700_000_000.5)), "one"));
    assert_eq!(page.next.as_deref(), Some("f/1"));
    assert!(logs.read(&stream, Some("f/1")).await.unwrap().lines.is_empty());
    let error = logs.read(&stream, None).await.unwrap_err();
    assert_eq!(error.fault(), Fault::NotFound, "a group does not come by itself");
    let asked = server.asked();
    let mut body = json!({ "logGroupName": "/shop/web", "logStreamName": "app/app/0123", "startFromHead": true });
    assert_eq!((asked[1].target.as_str(), &asked[1].body), ("Logs_20140328.GetLogEvents", &body));
    body["nextToken"] = json!("f/1");
    assert_eq!(asked[2].body, body);
}

#[tokio::test]
async fn scheduled_tasks() {
    let nightly = json!({ "Id": "nightly", "Arn": format!("{ARN}:cluster/shop"), "RoleArn": "role", "OfTomorrow": [1],
        "EcsParameters": { "TaskDefinitionArn": "web:6", "TaskCount": 1, "OfTomorrow": true } });
    let (events, server) = client!(
        aws_sdk_eventbridge,
        EventBridge,
        [
            wire::ok(json!({ "RuleNames": ["nightly"], "NextToken": "more" })),
            wire::ok(json!({ "RuleNames": ["hourly"] })),
            wire::ok(json!({ "Targets": [nightly], "NextToken": "more" })),
            wire::ok(json!({ "Targets": [{ "Id": "queue", "Arn": "q" }] })),
            wire::ok(json!({ "FailedEntryCount": 0, "FailedEntries": [] })),
            wire::ok(json!({ "FailedEntryCount": 1, "FailedEntries": [{ "TargetId": "nightly",
            "ErrorCode": "ConcurrentModificationException", "ErrorMessage": "busy" }] })),
            wire::error(400, "ResourceNotFoundException", "Rule nightly does not exist on EventBus default."),
        ]
    );
    assert_eq!(events.rules(&format!("{ARN}:cluster/shop")).await.unwrap(), ["nightly", "hourly"]);
    let targets = events.targets("nightly").await.unwrap();
    assert_eq!(
        targets,
        [ScheduledTarget::new(nightly.clone()), ScheduledTarget::new(json!({ "Id": "queue", "Arn": "q" }))]
    );
    let moved = targets[0].clone().with_task_definition("web:7");
    events.put_target("nightly", &moved).await.unwrap();
    let taken = events.put_target("nightly", &moved).await.unwrap_err();
    assert_eq!((taken.code(), taken.message()), (Some("ConcurrentModificationException"), Some("busy")));
    let gone = events.put_target("nightly", &moved).await.unwrap_err();
    assert_eq!(gone.fault(), Fault::NotFound);
    let asked = server.asked();
    assert_eq!(
        (asked[1].target.as_str(), &asked[1].body),
        (
            "AWSEvents.ListRuleNamesByTarget",
            &json!({ "TargetArn": format!("{ARN}:cluster/shop"), "NextToken": "more" })
        )
    );
    assert_eq!(asked[3].body, json!({ "Rule": "nightly", "NextToken": "more" }));
    let mut sent = nightly;
    sent["EcsParameters"]["TaskDefinitionArn"] = json!("web:7");
    assert_eq!(
        (asked[4].target.as_str(), &asked[4].body),
        ("AWSEvents.PutTargets", &json!({ "Rule": "nightly", "Targets": [sent] }))
    );
}

#[tokio::test]
async fn scaling() {
    let message = "No scalable target registered for service namespace: ecs, resource ID: service/shop/web, scalable dimension: ecs:service:DesiredCount";
    let (scaling, server) = client!(
        aws_sdk_applicationautoscaling,
        ApplicationAutoScaling,
        [
            wire::ok(json!({})),
            wire::ok(
                json!({ "ScalableTargets": [{ "ServiceNamespace": "ecs", "ResourceId": "service/shop/web", "ScalableDimension": "ecs:service:DesiredCount", "MinCapacity": 1, "MaxCapacity": 9, "RoleARN": "r", "CreationTime": 1 }] })
            ),
            wire::ok(json!({ "ScalableTargets": [] })),
            wire::error(400, "ObjectNotFoundException", message),
            wire::ok(json!({ "PolicyARN": "p", "Alarms": [] })),
        ]
    );
    scaling.register_scalable_target("service/shop/web", 1, 9).await.unwrap();
    assert_eq!(scaling.scalable_target("service/shop/web").await.unwrap(), Some((1, 9)));
    assert_eq!(scaling.scalable_target("service/shop/web").await.unwrap(), None);
    let policy = json!({ "PolicyName": "cpu", "PolicyType": "TargetTrackingScaling", "OfTomorrow": true });
    let race = scaling.put_scaling_policy("service/shop/web", &policy).await.unwrap_err();
    wire::refused(&race, "PutScalingPolicy", "ObjectNotFoundException", message);
    assert_eq!(race.retry(), Retry::Bounded);
    scaling.put_scaling_policy("service/shop/web", &policy).await.unwrap();
    let asked = server.asked();
    let place = json!({ "ServiceNamespace": "ecs", "ResourceId": "service/shop/web", "ScalableDimension": "ecs:service:DesiredCount" });
    let with = |more: Json| {
        let mut body = place.clone();
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    assert_eq!(
        (asked[0].target.as_str(), &asked[0].body),
        ("AnyScaleFrontendService.RegisterScalableTarget", &with(json!({ "MinCapacity": 1, "MaxCapacity": 9 })))
    );
    assert_eq!(asked[4].body, with(policy));
}

//! `ecs_taskdef::client::Ecs`: task definitions and services, which travel as JSON past the SDK's types.

use aws_call::Fault;
use aws_sdk_ecs::{Client, Config};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use ecs_taskdef::{
    Body,
    client::{
        CircuitBreaker, Controller, CreateService, Ecs, ListRevisions, Registered, Rollout, RolloutState,
        RolloutStatus, ServiceDeployments as _, ServiceEvent, ServiceId, Services as _, StoppedContainer,
        TaskDefinitions as _, UpdateService,
    },
    diff, read_bytes,
};
use serde_json::{Value as Json, json};

use crate::wire::{self, Service};

const WEB_7: &str = "arn:aws:ecs:us-east-1:123456789012:task-definition/web:7";
const SERVICE: &str = "arn:aws:ecs:us-east-1:123456789012:service/shop/web";
const DEPLOYMENT: &str = "ecs-svc/1234567890123456789";
const NO_SERVICE: &str = "Service not found.";

fn ecs(answers: impl IntoIterator<Item = HttpResponse>) -> (Ecs, Service) {
    let service = Service::answering(answers);
    let config = Config::builder().with_test_defaults_v2().http_client(service.http()).build();
    (Ecs::new(Client::from_conf(config)), service)
}

fn target(operation: &str) -> String {
    format!("AmazonEC2ContainerServiceV20141113.{operation}")
}

fn web() -> ServiceId {
    ServiceId::new("shop", "web")
}

/// A task definition with fields that neither this workspace nor its SDK has heard of.
fn definition() -> Json {
    json!({
        "family": "web",
        "ofTomorrow": { "enabled": true },
        "containerDefinitions": [{ "name": "app", "image": "shop:v1", "ofTomorrow": ["über", null] }],
    })
}

fn body() -> Body {
    Body::from_json(definition()).unwrap()
}

/// What the service says of the same once it is registered.
fn described() -> Json {
    let mut described = definition();
    described["taskDefinitionArn"] = json!(WEB_7);
    described["revision"] = json!(7);
    described["status"] = json!("ACTIVE");
    described["registeredAt"] = json!(1_700_000_000.5);
    json!({ "taskDefinition": described, "tags": [{ "key": "team", "value": "shop" }] })
}

#[tokio::test]
async fn register() {
    let (ecs, service) = ecs([wire::ok(described()), wire::ok(json!({}))]);
    assert_eq!(ecs.register(&body()).await.unwrap(), Registered::new(WEB_7, "web", 7));
    let silent = ecs.register(&body()).await.unwrap_err();
    assert_eq!(silent.to_string(), "RegisterTaskDefinition failed: the answer lacks `taskDefinition`");
    for asked in service.asked() {
        assert_eq!((asked.target, asked.body), (target("RegisterTaskDefinition"), definition()));
    }
}

/// The SDK makes each attempt from the request as it was before the body was put in.
#[tokio::test(start_paused = true)]
async fn register_again() {
    let (ecs, service) = ecs([wire::unavailable(), wire::ok(described())]);
    assert_eq!(ecs.register(&body()).await.unwrap().revision, 7);
    service.was_asked_twice(&target("RegisterTaskDefinition"), definition());
}

/// From the file to the service and back, with an edit and a failed attempt on the way: what nobody has heard of is there
/// at every step, and only what describes the old revision is gone.
#[tokio::test(start_paused = true)]
async fn what_is_unknown_survives_the_whole_way() {
    let file = described().to_string();
    let edited = read_bytes("described.json", file.as_bytes()).value.unwrap().with_image("app", "shop:v2").unwrap();
    assert_eq!(edited.source().text(), file.replace("shop:v1", "shop:v2"));
    let mut sent = definition();
    sent["containerDefinitions"][0]["image"] = json!("shop:v2");
    sent["tags"] = described()["tags"].clone();

    let mut answer = described();
    answer["taskDefinition"]["containerDefinitions"][0]["image"] = json!("shop:v2");
    let (ecs, service) = ecs([wire::unavailable(), wire::ok(answer.clone())]);
    ecs.register(&Body::of(&edited).unwrap()).await.unwrap();
    service.was_asked_twice(&target("RegisterTaskDefinition"), sent.clone());

    let (ecs, _) = self::ecs([wire::unavailable(), wire::ok(answer)]);
    let back = ecs.describe(WEB_7).await.unwrap();
    assert_eq!(*Body::from_described(&back).unwrap().as_json(), sent);
    assert!(diff(&sent, &back).is_empty());
}

#[tokio::test]
async fn register_refused() {
    let message = "Invalid 'cpu' setting for task. For more information, see the Troubleshooting section.";
    let (ecs, _) = ecs([wire::error(400, "ClientException", message)]);
    let error = ecs.register(&body()).await.unwrap_err();
    let fault = wire::refused(&error, "RegisterTaskDefinition", "ClientException", message);
    assert_eq!(fault, Fault::InvalidRequest);
}

#[tokio::test(start_paused = true)]
async fn describe() {
    let (ecs, service) = ecs([wire::unavailable(), wire::ok(described())]);
    // Whole and unchanged, and that of the last answer.
    assert_eq!(ecs.describe("web:7").await.unwrap(), described());
    service
        .was_asked_twice(&target("DescribeTaskDefinition"), json!({ "taskDefinition": "web:7", "include": ["TAGS"] }));
}

#[tokio::test]
async fn describe_refused() {
    let message = "Unable to describe task definition.";
    let (ecs, _) = ecs([wire::error(400, "ClientException", message)]);
    let error = ecs.describe("web").await.unwrap_err();
    wire::refused(&error, "DescribeTaskDefinition", "ClientException", message);
}

#[tokio::test]
async fn deregister() {
    let message = "The specified task definition does not exist.";
    let (ecs, service) = ecs([wire::ok(described()), wire::error(400, "ClientException", message)]);
    ecs.deregister(WEB_7).await.unwrap();
    let error = ecs.deregister(WEB_7).await.unwrap_err();
    wire::refused(&error, "DeregisterTaskDefinition", "ClientException", message);
    for asked in service.asked() {
        assert_eq!(
            (asked.target, asked.body),
            (target("DeregisterTaskDefinition"), json!({ "taskDefinition": WEB_7 }))
        );
    }
}

#[tokio::test]
async fn list() {
    let message = "family is not valid";
    let (ecs, service) = ecs([
        wire::ok(json!({ "taskDefinitionArns": [WEB_7], "nextToken": "more" })),
        wire::ok(json!({ "taskDefinitionArns": ["web:6", "web:5"] })),
        wire::error(400, "InvalidParameterException", message),
    ]);
    assert_eq!(ecs.list(&ListRevisions::active("web")).await.unwrap(), [WEB_7, "web:6", "web:5"]);
    let error = ecs.list(&ListRevisions::inactive("web")).await.unwrap_err();
    wire::refused(&error, "ListTaskDefinitions", "InvalidParameterException", message);

    let asked = service.asked();
    let mut body = json!({ "familyPrefix": "web", "status": "ACTIVE", "sort": "DESC" });
    assert_eq!((asked[0].target.as_str(), &asked[0].body), (target("ListTaskDefinitions").as_str(), &body));
    body["nextToken"] = json!("more");
    assert_eq!(asked[1].body, body);
    assert_eq!(asked[2].body, json!({ "familyPrefix": "web", "status": "INACTIVE", "sort": "DESC" }));
}

/// A service in the middle of a deployment that its circuit breaker is about to end.
fn service() -> Json {
    json!({
        "serviceArn": SERVICE,
        "serviceName": "web",
        "clusterArn": "arn:aws:ecs:us-east-1:123456789012:cluster/shop",
        "status": "ACTIVE",
        "desiredCount": 2,
        "runningCount": 1,
        "pendingCount": 3,
        "launchType": "FARGATE",
        "taskDefinition": WEB_7,
        "deploymentController": { "type": "ECS" },
        "deploymentConfiguration": {
            "deploymentCircuitBreaker": { "enable": true, "rollback": true },
            "maximumPercent": 200,
            "minimumHealthyPercent": 100,
        },
        "deployments": [{
            "id": DEPLOYMENT,
            "status": "PRIMARY",
            "taskDefinition": WEB_7,
            "desiredCount": 2,
            "pendingCount": 3,
            "runningCount": 1,
            "failedTasks": 4,
            "createdAt": 1_700_000_000.5,
            "rolloutState": "IN_PROGRESS",
            "rolloutStateReason": "ECS deployment ecs-svc/1234567890123456789 in progress.",
        }, {
            "id": "ecs-svc/9876543210987654321", "status": "ACTIVE", "taskDefinition": "web:6",
        }],
        "events": [{
            "id": "cccccccc-1111-4222-8333-dddddddddddd",
            "createdAt": 1_700_000_001.25,
            "message": "(service web) was unable to place a task.",
        }],
    })
}

#[tokio::test]
async fn describe_service() {
    let (ecs, server) = ecs([wire::ok(json!({ "services": [service()], "failures": [] }))]);
    let found = ecs.describe_service(&web()).await.unwrap();
    assert_eq!((found.arn.as_str(), found.status.as_str(), found.task_definition.as_str()), (SERVICE, "ACTIVE", WEB_7));
    assert_eq!((found.desired, found.pending, found.running), (2, 3, 1));
    assert_eq!(found.controller, Controller::Ecs);
    assert_eq!(found.circuit_breaker, CircuitBreaker { enable: true, rollback: true });
    let primary = Rollout::new(DEPLOYMENT, RolloutStatus::Primary, WEB_7)
        .with_counts(2, 3, 1, 4)
        .with_state(RolloutState::InProgress, "ECS deployment ecs-svc/1234567890123456789 in progress.");
    let old = Rollout::new("ecs-svc/9876543210987654321", RolloutStatus::Active, "web:6");
    assert_eq!(found.rollouts, [primary, old]);
    let event = ServiceEvent::new(
        "cccccccc-1111-4222-8333-dddddddddddd",
        Some(wire::at(1_700_000_001.25)),
        "(service web) was unable to place a task.",
    );
    assert_eq!(found.events, [event]);
    server.was_asked(&target("DescribeServices"), json!({ "cluster": "shop", "services": ["web"] }));
}

/// The API reports a missing service within a success, a missing cluster as an error.
#[tokio::test]
async fn services_that_are_missing() {
    let failure = json!({ "arn": SERVICE, "reason": "MISSING" });
    let (ecs, _) = ecs([
        wire::ok(json!({ "services": [], "failures": [failure] })),
        wire::error(400, "ClusterNotFoundException", "Cluster not found."),
    ]);
    let error = ecs.describe_service(&web()).await.unwrap_err();
    assert_eq!((error.operation(), error.code()), ("DescribeServices", Some("ServiceNotFoundException")));
    assert_eq!(error.fault(), Fault::NotFound);
    assert_eq!(error.message(), Some("Service not found: MISSING."));
    assert_eq!(error.request_id(), Some(wire::REQUEST_ID));

    let error = ecs.describe_service(&web()).await.unwrap_err();
    let fault = wire::refused(&error, "DescribeServices", "ClusterNotFoundException", "Cluster not found.");
    assert_eq!(fault, Fault::NotFound);
}

#[tokio::test(start_paused = true)]
async fn create_service() {
    let message = "Creation of service was not idempotent.";
    let request = CreateService::new(web(), "web:7", 2)
        .with_setting("launchType", json!("FARGATE"))
        .with_setting("ofTomorrow", json!({ "deep": [1, null] }))
        .with_circuit_breaker(CircuitBreaker { enable: true, rollback: false });
    let body = json!({
        "cluster": "shop",
        "serviceName": "web",
        "taskDefinition": "web:7",
        "desiredCount": 2,
        "launchType": "FARGATE",
        "ofTomorrow": { "deep": [1, null] },
        "deploymentConfiguration": { "deploymentCircuitBreaker": { "enable": true, "rollback": false } },
    });
    let (twice, server) = ecs([wire::unavailable(), wire::ok(json!({ "service": service() }))]);
    let created = twice.create_service(&request).await.unwrap();
    assert_eq!((created.arn.as_str(), created.primary().unwrap().id.as_str()), (SERVICE, DEPLOYMENT));
    server.was_asked_twice(&target("CreateService"), body);

    let (refused, _) = ecs([wire::error(400, "InvalidParameterException", message), wire::ok(json!({}))]);
    let error = refused.create_service(&request).await.unwrap_err();
    let fault = wire::refused(&error, "CreateService", "InvalidParameterException", message);
    assert_eq!(fault, Fault::InvalidRequest);
    let silent = refused.create_service(&request).await.unwrap_err();
    assert_eq!(silent.to_string(), "CreateService failed: the answer lacks `service`");
}

#[tokio::test(start_paused = true)]
async fn update_service() {
    let request = UpdateService::new(web())
        .with_task_definition("web:7")
        .with_desired(0)
        .forced()
        .with_setting("ofTomorrow", json!("über"));
    let body = json!({
        "cluster": "shop",
        "service": "web",
        "taskDefinition": "web:7",
        "desiredCount": 0,
        "forceNewDeployment": true,
        "ofTomorrow": "über",
    });
    let (twice, server) = ecs([wire::unavailable(), wire::ok(json!({ "service": service() }))]);
    let updated = twice.update_service(&request).await.unwrap();
    assert_eq!(updated.rollout(DEPLOYMENT).unwrap().status, RolloutStatus::Primary);
    server.was_asked_twice(&target("UpdateService"), body);

    // What is absent stays as it is, so it is not sent.
    let (refused, server) = ecs([wire::error(400, "ServiceNotFoundException", NO_SERVICE)]);
    let error = refused.update_service(&UpdateService::new(web())).await.unwrap_err();
    let fault = wire::refused(&error, "UpdateService", "ServiceNotFoundException", NO_SERVICE);
    assert_eq!(fault, Fault::NotFound);
    server.was_asked(&target("UpdateService"), json!({ "cluster": "shop", "service": "web" }));
}

/// The signature is that of the body that is sent, not of the one that the SDK wrote.
#[tokio::test]
async fn the_signature_covers_the_body() {
    let (ecs, server) = ecs((0..3).map(|_| wire::ok(json!({ "service": service() }))));
    for desired in [1, 1, 2] {
        ecs.update_service(&UpdateService::new(web()).with_desired(desired)).await.unwrap();
    }
    let asked = server.asked();
    assert_eq!(asked[0].authorization, asked[1].authorization);
    assert_ne!(asked[0].authorization, asked[2].authorization);
}

#[tokio::test]
async fn stopped_tasks() {
    let arn = |n: usize| format!("arn:aws:ecs:us-east-1:123456789012:task/shop/{n:032}");
    let task = |n: usize, started_by: &str| {
        json!({
            "taskArn": arn(n),
            "taskDefinitionArn": WEB_7,
            "startedBy": started_by,
            "stopCode": "EssentialContainerExited",
            "stoppedReason": "Essential container in task exited",
            "stoppedAt": 1_700_000_002.5,
            "lastStatus": "STOPPED",
            "containers": [
                { "name": "app", "exitCode": 137, "reason": "OutOfMemoryError: container killed" },
                { "name": "proxy" },
            ],
        })
    };
    let arns: Vec<String> = (0..101).map(arn).collect();
    let (ecs, server) = ecs([
        wire::ok(json!({ "taskArns": arns[..60], "nextToken": "more" })),
        wire::ok(json!({ "taskArns": arns[60..] })),
        wire::ok(json!({ "tasks": [task(0, DEPLOYMENT), task(1, "ecs-svc/9876543210987654321")] })),
        wire::ok(json!({ "tasks": [task(100, DEPLOYMENT)], "failures": [] })),
        wire::error(400, "ServiceNotFoundException", NO_SERVICE),
    ]);
    let tasks = ecs.stopped_tasks(&web(), DEPLOYMENT).await.unwrap();
    assert_eq!(tasks.iter().map(|task| task.arn.clone()).collect::<Vec<_>>(), [arn(0), arn(100)]);
    let first = &tasks[0];
    assert_eq!((first.task_definition.as_str(), first.started_by.as_deref()), (WEB_7, Some(DEPLOYMENT)));
    assert_eq!(first.stop_code.as_deref(), Some("EssentialContainerExited"));
    assert_eq!(first.stopped_reason.as_deref(), Some("Essential container in task exited"));
    assert_eq!(first.stopped_at, Some(wire::at(1_700_000_002.5)));
    let (app, proxy): (&StoppedContainer, &StoppedContainer) = (&first.containers[0], &first.containers[1]);
    assert_eq!((app.name.as_str(), app.exit_code), ("app", Some(137)));
    assert_eq!(app.reason.as_deref(), Some("OutOfMemoryError: container killed"));
    assert_eq!((proxy.name.as_str(), proxy.exit_code, &proxy.reason), ("proxy", None, &None));

    let error = ecs.stopped_tasks(&web(), DEPLOYMENT).await.unwrap_err();
    wire::refused(&error, "ListTasks", "ServiceNotFoundException", NO_SERVICE);

    let asked = server.asked();
    let mut body = json!({ "cluster": "shop", "serviceName": "web", "desiredStatus": "STOPPED" });
    assert_eq!((asked[0].target.as_str(), &asked[0].body), (target("ListTasks").as_str(), &body));
    body["nextToken"] = json!("more");
    assert_eq!(asked[1].body, body);
    // `DescribeTasks` takes a hundred at a time.
    assert_eq!(asked[2].target, target("DescribeTasks"));
    assert_eq!(asked[2].body, json!({ "cluster": "shop", "tasks": arns[..100] }));
    assert_eq!(asked[3].body, json!({ "cluster": "shop", "tasks": arns[100..] }));
}

#[tokio::test]
async fn list_service_deployments() {
    let arn = |n: u32| format!("arn:aws:ecs:us-east-1:123456789012:service-deployment/shop/web/{n}");
    let target_revision = "arn:aws:ecs:us-east-1:123456789012:service-revision/shop/web/1";
    let page = |n: u32, status: &str, token: Json| {
        wire::ok(json!({
            "serviceDeployments": [{
                "serviceDeploymentArn": arn(n),
                "serviceArn": SERVICE,
                "createdAt": 1_700_000_000.5,
                "targetServiceRevisionArn": target_revision,
                "status": status,
                "statusReason": "because",
            }],
            "nextToken": token,
        }))
    };
    let (ecs, server) = ecs([
        page(2, "ROLLBACK_SUCCESSFUL", json!("more")),
        page(1, "OF_TOMORROW", Json::Null),
        wire::error(400, "ServiceNotFoundException", NO_SERVICE),
    ]);
    let deployments = ecs.list_service_deployments(&web()).await.unwrap();
    assert_eq!(deployments.len(), 2);
    let newest = &deployments[0];
    assert_eq!((newest.arn.clone(), newest.status.as_str()), (arn(2), "ROLLBACK_SUCCESSFUL"));
    assert_eq!(newest.status_reason.as_deref(), Some("because"));
    assert_eq!(newest.target_service_revision.as_deref(), Some(target_revision));
    assert_eq!(newest.created_at, Some(wire::at(1_700_000_000.5)));
    assert_eq!(deployments[1].status.as_str(), "OF_TOMORROW");

    let error = ecs.list_service_deployments(&web()).await.unwrap_err();
    wire::refused(&error, "ListServiceDeployments", "ServiceNotFoundException", NO_SERVICE);
    let asked = server.asked();
    assert_eq!(asked[0].target, target("ListServiceDeployments"));
    assert_eq!(asked[0].body, json!({ "cluster": "shop", "service": "web" }));
    assert_eq!(asked[1].body, json!({ "cluster": "shop", "service": "web", "nextToken": "more" }));
}

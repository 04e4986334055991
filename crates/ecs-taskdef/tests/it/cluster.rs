//! The in-memory cluster itself: what it refuses, counts and does by the clock.

use std::time::Duration;

use aws_call::{ManualClock, SequenceIds};
use ecs_taskdef::client::{
    CreateService, Registered, RolloutState, RolloutStatus, ServiceId, Services, TaskDefinitions, UpdateService,
};
use ecs_taskdef::{Body, conformance};
use serde_json::{Value as Json, json};

use crate::deploy::{BREAKER, cluster, id, running, web};

#[tokio::test]
async fn passes_the_conformance_suite() {
    let (cluster, clock) = cluster();
    let ids = SequenceIds::new(3);
    conformance::task_definitions(&*cluster, &ids).await;
    conformance::services(&*cluster, "shop", &clock, &ids).await;
}

#[tokio::test]
async fn registering_is_refused_in_the_service_s_words() {
    let (cluster, _) = cluster();
    let app = || json!({ "name": "app", "image": "web:1", "memory": 64 });
    let with = |changes: Json| {
        let mut container = app();
        container.as_object_mut().expect("an object").extend(changes.as_object().expect("an object").clone());
        json!({ "containerDefinitions": [container] })
    };
    let fargate = |cpu: &str, memory: &str| json!({ "requiresCompatibilities": ["FARGATE"], "networkMode": "awsvpc", "cpu": cpu, "memory": memory, "containerDefinitions": [app()] });
    for (mut fields, message) in [
        (json!({ "family": "bad family!", "containerDefinitions": [app()] }), "Family contains invalid characters."),
        (json!({ "containerDefinitions": [] }), "Container list cannot be empty."),
        (json!({ "containerDefinitions": vec![app(); 11] }), "Too many containers."),
        (with(json!({ "name": "" })), "Container.name should not be null or empty."),
        (with(json!({ "name": "a.b" })), "Container.name contains invalid characters."),
        (with(json!({ "image": "" })), "Container.image should not be null or empty."),
        (json!({ "containerDefinitions": [app(), app()] }), "Container names must be unique"),
        (with(json!({ "essential": false })), "doesn't have any essential container"),
        (
            with(json!({ "dependsOn": [{ "containerName": "x", "condition": "START" }] })),
            "Cannot depend on container x because it does not exist",
        ),
        (with(json!({ "dependsOn": [{ "containerName": "app", "condition": "START" }] })), "cycle"),
        (with(json!({ "memory": null })), "At least one of 'memory' or 'memoryReservation' must be specified."),
        (with(json!({ "memoryReservation": 65 })), "'memory' must be greater than or equal to 'memoryReservation'"),
        (
            with(json!({ "secrets": [{ "name": "A", "valueFrom": "b" }] })),
            "you must also specify a value for 'executionRoleArn'",
        ),
        (json!({ "taskRoleArn": "", "containerDefinitions": [app()] }), "Role is not valid"),
        (
            json!({ "requiresCompatibilities": ["FARGATE"], "containerDefinitions": [app()] }),
            "Fargate only supports network mode ‘awsvpc’.",
        ),
        (fargate("", "512"), "Fargate requires that 'cpu' be defined at the task level."),
        (fargate("x", "512"), "Invalid 'cpu' setting for task."),
        (fargate("256", "4096"), "No Fargate configuration exists for given values."),
        (
            json!({ "networkMode": "awsvpc", "containerDefinitions": [{ "name": "app", "image": "x", "memory": 9, "portMappings": [{ "containerPort": 80, "hostPort": 81 }] }] }),
            "When networkMode=awsvpc, the host ports and container ports in port mappings must match.",
        ),
    ] {
        if fields.get("family").is_none() {
            fields["family"] = json!("web");
        }
        let body = Body::from_json(fields.clone()).expect("a body");
        let error = cluster.register(&body).await.expect_err(message);
        assert_eq!(error.code(), Some("ClientException"));
        assert!(error.message().is_some_and(|text| text.contains(message)), "{error} for {fields}");
    }
    let sound = Body::from_json({
        let mut sound = fargate("256", "1GB");
        sound["family"] = json!("web");
        sound
    })
    .expect("a body");
    assert_eq!(cluster.register(&sound).await.expect("registered").revision, 1, "refused ones take no number");
}

#[tokio::test]
async fn revisions_count_on_after_deregistering() {
    let (cluster, _) = cluster();
    let body = Body::of(&web("1")).expect("a body");
    let register = || async { cluster.register(&body).await.expect("registered") };
    let (first, second) = (register().await, register().await);
    cluster.deregister(&second.arn).await.expect("deregistered");
    assert_eq!(register().await.revision, 3);
    let error = cluster.describe("nope").await.expect_err("unknown");
    assert_eq!(error.message(), Some("Unable to describe task definition."));
    for id in ["web", "web:9", "nope:1"] {
        assert!(cluster.deregister(id).await.is_err(), "{id}");
    }
    let inactive = cluster.create_service(&CreateService::new(id(), second.arn, 1)).await.expect_err("inactive");
    assert_eq!(inactive.message(), Some("TaskDefinition is inactive"));
    let unknown = cluster.create_service(&CreateService::new(id(), "web:9", 1)).await.expect_err("unknown");
    assert_eq!(unknown.message(), Some("TaskDefinition not found."));
    assert_eq!(Registered::parse("web:1").map(|revision| revision.revision), Some(first.revision));
}

#[tokio::test]
async fn names_must_exist() {
    let (cluster, ..) = running(None, 1).await;
    let elsewhere = cluster.describe_service(&ServiceId::new("other", "web")).await.expect_err("no such cluster");
    assert_eq!(elsewhere.code(), Some("ClusterNotFoundException"));
    let unknown =
        cluster.update_service(&UpdateService::new(ServiceId::new("shop", "api"))).await.expect_err("no such service");
    assert_eq!(unknown.code(), Some("ServiceNotFoundException"));
    let twice = cluster.create_service(&CreateService::new(id(), "web:1", 1)).await.expect_err("exists");
    assert_eq!(twice.message(), Some("Creation of service was not idempotent."));
    let arn = "arn:aws:ecs:us-east-1:123456789012:service/shop/web";
    assert!(
        cluster.describe_service(&ServiceId::new("arn:aws:ecs:us-east-1:123456789012:cluster/shop", arn)).await.is_ok()
    );
}

/// A rollout by the second, and the same whether somebody looks in between or not.
#[tokio::test]
async fn tasks_move_with_the_clock() {
    let (cluster, clock, _) = running(None, 2).await;
    let second = cluster.register(&Body::of(&web("2")).expect("a body")).await.expect("registered");
    let update = UpdateService::new(id()).with_task_definition(&second.arn);
    let answer = cluster.update_service(&update).await.expect("updated");
    let begun = answer.primary().expect("PRIMARY").clone();
    assert_eq!((begun.desired, begun.pending, begun.running), (2, 2, 0));
    assert_eq!(begun.state, Some(RolloutState::InProgress));
    assert_eq!(answer.rollouts[1].status, RolloutStatus::Active);
    assert_eq!(answer.rollouts[1].running, 2, "the old tasks serve until new ones do");
    let mut states = Vec::new();
    for _ in 0..20 {
        clock.advance(Duration::from_secs(1));
        let now = cluster.describe_service(&id()).await.expect("the service");
        assert!(now.running >= 2, "never fewer than the minimum");
        let state = now.primary().and_then(|primary| primary.state.clone()).expect("a state");
        states.push((now.primary().map(|primary| primary.running).unwrap_or_default(), state));
    }
    assert_eq!(states[5], (0, RolloutState::InProgress), "pulling and starting take seven seconds");
    assert_eq!(states[6], (2, RolloutState::InProgress), "the old ones are drained");
    assert_eq!(states[11], (2, RolloutState::Completed));

    let (unwatched, clock, _) = running(None, 2).await;
    let second = unwatched.register(&Body::of(&web("2")).expect("a body")).await.expect("registered");
    unwatched.update_service(&UpdateService::new(id()).with_task_definition(&second.arn)).await.expect("updated");
    clock.advance(Duration::from_secs(20));
    let (a, b) =
        (cluster.describe_service(&id()).await.expect("one"), unwatched.describe_service(&id()).await.expect("other"));
    assert_eq!(a.rollouts, b.rollouts);
    assert_eq!(a.events, b.events);
}

#[tokio::test]
async fn a_failing_service_goes_on_trying_and_forgets() {
    let (cluster, clock, _) = running(None, 2).await;
    let crash = cluster.register(&Body::of(&web("crash")).expect("a body")).await.expect("registered");
    let answer =
        cluster.update_service(&UpdateService::new(id()).with_task_definition(&crash.arn)).await.expect("updated");
    let deployment = answer.primary().expect("PRIMARY").id.clone();
    clock.advance(Duration::from_secs(24 * 3600));
    let day = cluster.describe_service(&id()).await.expect("the service");
    assert!(
        day.primary().is_some_and(|primary| primary.failed > 100 && primary.state == Some(RolloutState::InProgress))
    );
    assert_eq!(day.events.len(), 100, "a service keeps a hundred events");
    assert_eq!(day.rollouts[1].running, 2, "the old tasks serve");
    let stopped = cluster.stopped_tasks(&id(), &deployment).await.expect("tasks");
    assert!(!stopped.is_empty() && stopped.len() < 60, "tasks of the last hour: {}", stopped.len());
}

#[tokio::test]
async fn scaling_begins_no_deployment() {
    let (cluster, clock, _) = running(Some(BREAKER), 2).await;
    let before = cluster.describe_service(&id()).await.expect("the service");
    for (desired, running) in [(5, 5), (1, 1), (0, 0), (3, 3)] {
        cluster.update_service(&UpdateService::new(id()).with_desired(desired)).await.expect("updated");
        clock.advance(Duration::from_secs(60));
        let now = cluster.describe_service(&id()).await.expect("the service");
        assert_eq!((now.running, now.rollouts.len()), (running, 1));
        assert_eq!(now.primary().map(|p| &p.id), before.primary().map(|p| &p.id));
    }
}

#[test]
fn clients_can_be_shared() {
    fn shared<T: Send + Sync>(_: &T) {}
    let (cluster, clock): (_, ManualClock) = cluster();
    shared(&cluster);
    shared(&clock);
}

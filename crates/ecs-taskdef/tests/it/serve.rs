//! The in-memory cluster as an endpoint of awsJson 1.1, and its scenarios. That other people's programs understand the
//! answers is tested in `sdk-tests`.

use std::sync::Arc;
use std::time::Duration;

use aws_call::serve::{AwsJsonService as _, Refusal};
use aws_call::{Backoff, Clock as _, ManualClock, Polling, SequenceIds};
use ecs_taskdef::client::{EcsEndpoint, MemoryCluster, Scenario, ServiceId};
use ecs_taskdef::{DeployRequest, Deployer, Outcome};
use serde_json::{Value as Json, json};

use crate::read::task_definition;

const PHASE: Duration = Duration::from_secs(4);

async fn open(scenario: Scenario) -> (Arc<MemoryCluster>, EcsEndpoint, ManualClock) {
    let clock = ManualClock::at_epoch_secs(1_700_000_000).auto();
    let ids = Arc::new(SequenceIds::new(3));
    let id = ServiceId::new("c1", "svc");
    let cluster =
        scenario.open(std::slice::from_ref(&id), PHASE, Arc::new(clock.clone()), ids).await.expect("a scenario");
    (Arc::clone(&cluster), EcsEndpoint::new(cluster), clock)
}

async fn ask(endpoint: &EcsEndpoint, operation: &str, input: Json) -> Json {
    match endpoint.call(operation, input).await {
        Ok(answer) => answer,
        Err(refusal) => panic!("{operation}: {refusal:?}"),
    }
}

async fn service(endpoint: &EcsEndpoint) -> Json {
    let answer = ask(endpoint, "DescribeServices", json!({ "cluster": "c1", "services": ["svc"] })).await;
    assert_eq!(answer["failures"], json!([]));
    answer["services"][0].clone()
}

fn web(image: &str) -> Json {
    json!({
        "family": "web", "networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"], "cpu": "256", "memory": "512",
        "executionRoleArn": "arn:aws:iam::123456789012:role/execution", "ofTomorrow": { "kept": true },
        "containerDefinitions": [{ "name": "app", "image": image }],
        "tags": [{ "key": "team", "value": "shop" }],
    })
}

#[tokio::test]
async fn task_definitions() {
    let (_, endpoint, _) = open(Scenario::Ok).await;
    let registered = ask(&endpoint, "RegisterTaskDefinition", web("nginx:2")).await;
    assert_eq!(registered["taskDefinition"]["revision"], json!(2));
    assert_eq!(registered["taskDefinition"]["ofTomorrow"], json!({ "kept": true }));
    let describe = |include: Json| json!({ "taskDefinition": "web", "include": include });
    let with_tags = ask(&endpoint, "DescribeTaskDefinition", describe(json!(["TAGS"]))).await;
    assert_eq!(with_tags["tags"], json!([{ "key": "team", "value": "shop" }]));
    assert!(ask(&endpoint, "DescribeTaskDefinition", describe(json!([]))).await.get("tags").is_none());

    let arns = |answer: &Json| answer["taskDefinitionArns"].as_array().expect("a list").len();
    assert_eq!(arns(&ask(&endpoint, "ListTaskDefinitions", json!({ "familyPrefix": "web" })).await), 2);
    let gone = ask(&endpoint, "DeregisterTaskDefinition", json!({ "taskDefinition": "web:2" })).await;
    assert_eq!(gone["taskDefinition"]["status"], json!("INACTIVE"));
    let first = ask(&endpoint, "ListTaskDefinitions", json!({ "sort": "DESC" })).await;
    assert_eq!(arns(&first), 1);
    assert_eq!(arns(&ask(&endpoint, "ListTaskDefinitions", json!({ "status": "INACTIVE" })).await), 1);
}

#[tokio::test]
async fn a_deployment_from_beginning_to_end() {
    let (_, endpoint, clock) = open(Scenario::Ok).await;
    let steady = service(&endpoint).await;
    assert_eq!((&steady["runningCount"], &steady["deployments"][0]["rolloutState"]), (&json!(2), &json!("COMPLETED")));
    ask(&endpoint, "RegisterTaskDefinition", web("nginx:2")).await;
    let update = json!({ "cluster": "c1", "service": "svc", "taskDefinition": "web:2" });
    let updated = ask(&endpoint, "UpdateService", update).await;
    assert_eq!(updated["service"]["deployments"][0]["rolloutState"], json!("IN_PROGRESS"));
    assert_eq!(updated["service"]["deployments"].as_array().map(Vec::len), Some(2));
    let began = updated["service"]["deployments"][0]["createdAt"].as_f64().expect("a time");
    assert!((began - 1_700_000_000.0).abs() < 1.0, "{began}");

    let list = |status: &str| json!({ "cluster": "c1", "serviceName": "svc", "desiredStatus": status });
    let running = ask(&endpoint, "ListTasks", list("RUNNING")).await;
    assert_eq!(running["taskArns"].as_array().map(Vec::len), Some(4));
    clock.sleep(Duration::from_secs(60)).await;
    let done = service(&endpoint).await;
    assert_eq!(done["deployments"].as_array().map(Vec::len), Some(1));
    assert_eq!(done["deployments"][0]["rolloutState"], json!("COMPLETED"));
    let running = ask(&endpoint, "ListTasks", list("RUNNING")).await;
    let describe = json!({ "cluster": "c1", "tasks": running["taskArns"] });
    let tasks = ask(&endpoint, "DescribeTasks", describe).await;
    let tasks = tasks["tasks"].as_array().expect("tasks");
    assert_eq!(tasks.len(), 2);
    for task in tasks {
        assert!(task["taskDefinitionArn"].as_str().is_some_and(|arn| arn.ends_with("task-definition/web:2")), "{task}");
        assert_eq!((&task["lastStatus"], &task["group"]), (&json!("RUNNING"), &json!("service:svc")));
    }
    let stopped = ask(&endpoint, "ListTasks", list("STOPPED")).await;
    assert_eq!(stopped["taskArns"].as_array().map(Vec::len), Some(2));
    let deployments = ask(&endpoint, "ListServiceDeployments", json!({ "cluster": "c1", "service": "svc" })).await;
    assert_eq!(deployments["serviceDeployments"][0]["status"], json!("SUCCESSFUL"));
}

#[tokio::test]
async fn what_is_refused_has_the_service_s_code() {
    let (_, endpoint, _) = open(Scenario::Ok).await;
    let mut wrong = web("nginx:2");
    wrong["cpu"] = json!("7");
    for (operation, input, code, message) in [
        ("RegisterTaskDefinition", wrong, "ClientException", "No Fargate configuration exists for given values."),
        ("RegisterTaskDefinition", json!({}), "ClientException", "Family should not be null or empty."),
        (
            "DescribeTaskDefinition",
            json!({ "taskDefinition": "nothing" }),
            "ClientException",
            "Unable to describe task definition.",
        ),
        (
            "DescribeServices",
            json!({ "cluster": "c2", "services": ["svc"] }),
            "ClusterNotFoundException",
            "Cluster not found.",
        ),
        (
            "UpdateService",
            json!({ "cluster": "c1", "service": "other" }),
            "ServiceNotFoundException",
            "Service not found.",
        ),
        ("UpdateService", json!({ "cluster": "c1" }), "InvalidParameterException", "service can not be blank."),
        (
            "DeleteEverything",
            json!({}),
            "UnknownOperationException",
            "the operation DeleteEverything is not offered by this service in memory",
        ),
        ("ListTasks", json!([]), "SerializationException", "the input is no JSON object"),
    ] {
        assert_eq!(endpoint.call(operation, input).await, Err(Refusal::new(code, message)), "{operation}");
    }
    let missing = ask(&endpoint, "DescribeServices", json!({ "cluster": "c1", "services": ["other"] })).await;
    assert_eq!(missing["failures"][0]["reason"], json!("MISSING"));
}

#[tokio::test]
async fn tasks_that_belong_to_no_service() {
    let (_, endpoint, _) = open(Scenario::Ok).await;
    let run = json!({ "cluster": "c1", "taskDefinition": "web", "startedBy": "me", "networkConfiguration": {} });
    let answer = ask(&endpoint, "RunTask", run).await;
    let arn = answer["tasks"][0]["taskArn"].clone();
    let mine = ask(&endpoint, "ListTasks", json!({ "cluster": "c1", "startedBy": "me" })).await;
    assert_eq!(mine["taskArns"], json!([arn]));
    let stopped = ask(&endpoint, "StopTask", json!({ "cluster": "c1", "task": arn, "reason": "enough" })).await;
    assert_eq!(stopped["task"]["taskArn"], arn);
}

#[tokio::test]
async fn tags_and_clusters() {
    let (_, endpoint, _) = open(Scenario::Ok).await;
    let arn = service(&endpoint).await["serviceArn"].clone();
    let tag = json!({ "resourceArn": arn, "tags": [{ "key": "team", "value": "shop" }] });
    ask(&endpoint, "TagResource", tag).await;
    let tags = ask(&endpoint, "ListTagsForResource", json!({ "resourceArn": arn })).await;
    assert_eq!(tags["tags"], json!([{ "key": "team", "value": "shop" }]));
    ask(&endpoint, "UntagResource", json!({ "resourceArn": arn, "tagKeys": ["team"] })).await;
    assert_eq!(ask(&endpoint, "ListTagsForResource", json!({ "resourceArn": arn })).await["tags"], json!([]));
    let clusters = ask(&endpoint, "DescribeClusters", json!({ "clusters": ["c1", "c2"] })).await;
    assert_eq!(clusters["clusters"][0]["runningTasksCount"], json!(2));
    assert_eq!(clusters["failures"], json!([{ "arn": "c2", "reason": "MISSING" }]));
    assert_eq!(ask(&endpoint, "ListServices", json!({ "cluster": "c1" })).await["serviceArns"], json!([arn]));
}

/// What the scenarios promise, told by the deployer on the manual clock.
#[tokio::test]
async fn scenarios_end_as_they_say() {
    for (scenario, outcome) in [
        (Scenario::Ok, Outcome::Succeeded),
        (Scenario::Rollback, Outcome::RolledBack),
        (Scenario::Failed, Outcome::Failed),
        (Scenario::Stuck, Outcome::TimedOut),
    ] {
        let (cluster, endpoint, clock) = open(scenario.clone()).await;
        let deployer = Deployer::new(cluster.clone(), cluster, Arc::new(clock), Arc::new(SequenceIds::new(1)));
        let polling = Polling::new(Backoff::constant(Duration::from_secs(2))).with_deadline(Duration::from_secs(600));
        let task = task_definition("taskdef.json", &web("nginx:2").to_string());
        let request = DeployRequest::new("c1", "svc", task).with_polling(polling);
        let deployment = deployer.deploy(&request, &()).await.expect("an outcome");
        assert_eq!(deployment.outcome, outcome, "{scenario}");
        let runs = service(&endpoint).await["taskDefinition"].clone();
        let old = scenario == Scenario::Rollback;
        assert!(runs.as_str().is_some_and(|arn| arn.ends_with("web:1") == old), "{scenario}: {runs}");
    }
    let unknown = Scenario::from("better");
    let clock = Arc::new(ManualClock::at_epoch_secs(1_700_000_000));
    assert!(unknown.open(&[ServiceId::new("c1", "svc")], PHASE, clock, Arc::new(SequenceIds::new(1))).await.is_err());
}

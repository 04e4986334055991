//! The in-memory cluster over HTTP, asked by the AWS CLI: its own model of every answer must find what it looks for.

use std::sync::Arc;
use std::time::Duration;

use aws_call::{ManualClock, SequenceIds};
use ecs_taskdef::client::{Scenario, ServiceId};
use serde_json::{Value as Json, json};

const PHASE: Duration = Duration::from_secs(4);

async fn aws(url: &str, arguments: &[&str]) -> Result<Json, String> {
    crate::cli::aws("ecs", url, arguments).await
}

fn web(image: &str) -> String {
    json!({
        "family": "web", "networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"], "cpu": "256", "memory": "512",
        "containerDefinitions": [{ "name": "app", "image": image }],
    })
    .to_string()
}

#[tokio::test]
async fn the_cli_understands_every_answer() {
    let clock = ManualClock::at_epoch_secs(1_700_000_000);
    let id = ServiceId::new("c1", "svc");
    let opened = Scenario::Ok
        .open(std::slice::from_ref(&id), PHASE, Arc::new(clock.clone()), Arc::new(SequenceIds::new(9)))
        .await;
    let server = opened.unwrap().serve(0).await.unwrap();
    let url = server.url();
    let aws = async |arguments: &[&str]| aws(&url, arguments).await;

    let registered = aws(&["register-task-definition", "--cli-input-json", &web("nginx:2")]).await.unwrap();
    assert_eq!(registered["taskDefinition"]["revision"], 2);
    let described = aws(&["describe-task-definition", "--task-definition", "web", "--include", "TAGS"]).await.unwrap();
    assert_eq!(described["taskDefinition"], registered["taskDefinition"]);
    let update = ["update-service", "--cluster", "c1", "--service", "svc", "--task-definition", "web:2"];
    let updated = aws(&update).await.unwrap();
    assert_eq!(updated["service"]["deployments"][0]["rolloutState"], "IN_PROGRESS");

    clock.advance(Duration::from_secs(60));
    aws(&["wait", "services-stable", "--cluster", "c1", "--services", "svc"]).await.unwrap();
    let service = aws(&["describe-services", "--cluster", "c1", "--services", "svc"]).await.unwrap();
    let service = &service["services"][0];
    assert_eq!(
        (&service["runningCount"], &service["deployments"][0]["rolloutState"]),
        (&json!(2), &json!("COMPLETED"))
    );
    let tasks = aws(&["list-tasks", "--cluster", "c1", "--service-name", "svc"]).await.unwrap();
    let task = tasks["taskArns"][0].as_str().unwrap();
    let tasks = aws(&["describe-tasks", "--cluster", "c1", "--tasks", task]).await.unwrap();
    assert_eq!(tasks["tasks"][0]["taskDefinitionArn"], service["taskDefinition"]);
    let deployments = aws(&["list-service-deployments", "--cluster", "c1", "--service", "svc"]).await.unwrap();
    assert_eq!(deployments["serviceDeployments"][0]["status"], "SUCCESSFUL");

    aws(&["deregister-task-definition", "--task-definition", "web:1"]).await.unwrap();
    let listed = aws(&["list-task-definitions", "--family-prefix", "web"]).await.unwrap();
    assert_eq!(listed["taskDefinitionArns"], json!([service["taskDefinition"]]));
    let refused = aws(&["update-service", "--cluster", "c1", "--service", "svc", "--task-definition", "web:1"]).await;
    let refused = refused.unwrap_err();
    assert!(
        refused.contains("(InvalidParameterException)") && refused.ends_with("TaskDefinition is inactive"),
        "{refused}"
    );
    let missing = aws(&["wait", "services-stable", "--cluster", "c1", "--services", "other"]).await.unwrap_err();
    assert!(missing.contains("\"MISSING\""), "{missing}");
}

/// The waiter takes a rollback for stable, as it does with the real service: the scenario shows it.
#[tokio::test]
async fn a_rollback_is_stable_to_the_cli() {
    let clock = ManualClock::at_epoch_secs(1_700_000_000);
    let id = ServiceId::new("c1", "svc");
    let opened = Scenario::Rollback
        .open(std::slice::from_ref(&id), PHASE, Arc::new(clock.clone()), Arc::new(SequenceIds::new(9)))
        .await;
    let server = opened.unwrap().serve(0).await.unwrap();
    let url = server.url();
    aws(&url, &["register-task-definition", "--cli-input-json", &web("nginx:2")]).await.unwrap();
    let update = ["update-service", "--cluster", "c1", "--service", "svc", "--task-definition", "web:2"];
    aws(&url, &update).await.unwrap();
    clock.advance(Duration::from_secs(600));
    aws(&url, &["wait", "services-stable", "--cluster", "c1", "--services", "svc"]).await.unwrap();
    let service = aws(&url, &["describe-services", "--cluster", "c1", "--services", "svc"]).await.unwrap();
    let runs = service["services"][0]["taskDefinition"].as_str().unwrap();
    assert!(runs.ends_with("/web:1"), "{runs}");
}

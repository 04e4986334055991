//! From a repository to a service: the build writes which image it has made, and the ECS action deploys it.

use std::process::Command;
use std::sync::Arc;

use aws_config::{BehaviorVersion, Region, SdkConfig, retry::RetryConfig};
use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use ecs_taskdef::Body;
use ecs_taskdef::client::{CreateService, Ecs, ServiceId, Services, TaskDefinitions};
use pipeline_model::model::Pipeline;
use pipeline_runner::Answer;
use pipeline_runner::core::ExecutionStatus;
use serde_json::json;

use crate::registry::Registry;
use crate::site::{DOCKERFILE, Site, action, pipeline, run};
use crate::variable;

/// Source, build, and a deployment of what the build's file names.
fn to_ecs(name: &str, file: Option<&str>) -> Pipeline {
    let build = action("Build", "Build", "CodeBuild", &[("ProjectName", name)]);
    let mut deploy = action("Deploy", "Deploy", "ECS", &[("ClusterName", "shop"), ("ServiceName", "web")]);
    if let Some(file) = file {
        deploy = deploy.with_config("FileName", file);
    }
    pipeline(name, vec![build.with_input("Source").with_output("Built"), deploy.with_input("Built")])
}

/// Registers a task definition with one container and makes a service of it.
async fn service(task_definitions: &dyn TaskDefinitions, services: &dyn Services, container: &str, count: u32) {
    let definition = json!({
        "family": "web",
        "containerDefinitions": [{ "name": container, "image": "before:1", "memory": 64, "essential": true }],
    });
    let first = task_definitions.register(&Body::from_json(definition).unwrap()).await.unwrap();
    services.create_service(&CreateService::new(ServiceId::new("shop", "web"), first.arn, count)).await.unwrap();
}

async fn image_of_the_service(task_definitions: &dyn TaskDefinitions, services: &dyn Services) -> String {
    let now = services.describe_service(&ServiceId::new("shop", "web")).await.unwrap();
    let described = task_definitions.describe(&now.task_definition).await.unwrap();
    described["taskDefinition"]["containerDefinitions"][0]["image"].as_str().unwrap().to_owned()
}

fn web_app() -> Site {
    let mut site = Site::new(&[
        ("buildspec.yml", include_str!("../../../buildspec/tests/fixtures/ecs_web_app.yml")),
        ("Dockerfile", DOCKERFILE),
        ("greeting", "web app\n"),
    ]);
    let (account, region) = (variable("AWS_ACCOUNT_ID"), variable("AWS_REGION"));
    let environment = [
        ("AWS_ACCOUNT_ID", account.as_str()),
        ("AWS_DEFAULT_REGION", region.as_str()),
        ("IMAGE_REPO_NAME", "delivered"),
        ("CONTAINER_NAME", "app"),
    ];
    site.project("web-app", "buildspec.yml", &environment);
    site
}

/// How clients of the SDK reach the laboratory's moto.
fn moto() -> SdkConfig {
    #[allow(deprecated, reason = "the last version that asks no proxy: what is said here stays on this machine")]
    let behaviour = BehaviorVersion::v2025_01_17();
    SdkConfig::builder()
        .behavior_version(behaviour)
        .region(Region::new(variable("AWS_REGION")))
        .credentials_provider(SharedCredentialsProvider::new(Credentials::for_tests()))
        .endpoint_url(variable("AWS_ENDPOINT_URL"))
        .retry_config(RetryConfig::disabled())
        .build()
}

/// Moto takes the revision and the update. It begins no deployment, so nothing is claimed to have been deployed.
#[tokio::test]
async fn the_action_registers_and_updates_what_the_build_has_pushed() {
    let mut site = web_app();
    let commit = site.commit(&[("greeting", "web app, again\n")]);
    let ecs = Arc::new(Ecs::new(aws_sdk_ecs::Client::new(&moto())));
    run(Command::new("aws").args(["ecs", "create-cluster", "--cluster-name", "shop"]));
    service(&*ecs, &*ecs, "app", 1).await;
    site.backends.task_definitions = Arc::clone(&ecs) as _;
    site.backends.services = Arc::clone(&ecs) as _;

    let execution = site.run(&to_ecs("web-app", None), Answer::reject("nobody is asked")).await;
    let registry = Registry::of_the_lab();
    let image = format!("{}/delivered:{}", registry.host(), &commit[..7]);
    assert!(registry.tags("delivered").contains(&commit[..7].to_owned()));
    assert_eq!(image_of_the_service(&*ecs, &*ecs).await, image);
    let asked = ["ecs", "list-task-definitions", "--family-prefix", "web", "--query", "length(taskDefinitionArns)"];
    assert_eq!(run(Command::new("aws").args(asked)), "2");
    assert_eq!(execution.status, ExecutionStatus::Failed);
    let (stage, failed) = execution.first_failure().unwrap();
    let message = failed.failure.as_ref().unwrap().message.clone();
    assert!(stage.name == "Deploy" && message.contains("no deployment"), "{message}");
}

/// The same pipeline on an ECS that runs tasks, if it finds their image in the registry.
#[tokio::test]
async fn the_service_runs_what_the_build_has_pushed() {
    let site = web_app();
    let (task_definitions, services) = (&*site.backends.task_definitions, &*site.backends.services);
    service(task_definitions, services, "app", 2).await;
    let execution = site.run(&to_ecs("web-app", None), Answer::reject("nobody is asked")).await;
    assert_eq!(execution.status, ExecutionStatus::Succeeded, "{:?}", execution.summary);
    let image = image_of_the_service(task_definitions, services).await;
    assert!(image.ends_with(&format!("/delivered:{}", &execution.revisions[0].revision[..7])), "{image}");
}

/// The definitions come under another name, which the action says.
#[tokio::test]
async fn definitions_under_another_name() {
    let text = include_str!("../../../buildspec/tests/fixtures/nginx_definitions.yml");
    let text = text.replace("<container-definition>", "nginx");
    let mut site =
        Site::new(&[("buildspec.yml", &text), ("nginx/Dockerfile", DOCKERFILE), ("nginx/greeting", "nginx\n")]);
    let (account, region) = (variable("AWS_ACCOUNT_ID"), variable("AWS_REGION"));
    let environment = [
        ("AWS_ACCOUNT_ID", account.as_str()),
        ("AWS_DEFAULT_REGION", region.as_str()),
        ("IMAGE_REPO_NAME1", "example_2022_1126"),
    ];
    site.project("example", "buildspec.yml", &environment);
    let (task_definitions, services) = (&*site.backends.task_definitions, &*site.backends.services);
    service(task_definitions, services, "nginx", 1).await;
    let execution = site.run(&to_ecs("example", Some("artifacts.json")), Answer::reject("nobody is asked")).await;
    assert_eq!(execution.status, ExecutionStatus::Succeeded, "{:?}", execution.summary);
    let registry = Registry::of_the_lab();
    assert_eq!(registry.tags("example_2022_1126"), ["v0.95"]);
    let image = image_of_the_service(task_definitions, services).await;
    assert_eq!(image, format!("{}/example_2022_1126:v0.95", registry.host()));
}

//! The in-memory cluster over HTTP, asked by the SDK: one way to the cluster is the trait itself, the other one is the
//! wire, the SDK and the adapter, and the suite of the trait must not tell them apart.

use std::sync::Arc;

use aws_call::{ManualClock, SequenceIds};
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use aws_sdk_ecs::Client;
use ecs_taskdef::client::{Ecs, MemoryCluster, Scenario, ServiceDeployments as _, ServiceId, Services as _};
use ecs_taskdef::{DeployRequest, Deployer, Outcome, conformance, read_bytes};
use serde_json::json;

fn ecs(url: &str) -> Ecs {
    #[allow(deprecated, reason = "the last version that asks no proxy: what is said here stays on this machine")]
    let behaviour = BehaviorVersion::v2025_01_17();
    let config = SdkConfig::builder()
        .behavior_version(behaviour)
        .region(Region::from_static("us-east-1"))
        .credentials_provider(SharedCredentialsProvider::new(Credentials::for_tests()))
        .endpoint_url(url)
        .build();
    // SDKs know this setting of their own.
    Ecs::new(Client::from_conf(aws_sdk_ecs::config::Builder::from(&config).build()))
}

fn clock() -> ManualClock {
    ManualClock::at_epoch_secs(1_700_000_000).auto()
}

#[tokio::test]
async fn conforms() {
    let clock = clock();
    let cluster = Arc::new(MemoryCluster::new("shop", Arc::new(clock.clone()), Arc::new(SequenceIds::new(5))));
    let server = cluster.serve(0).await.unwrap();
    let ecs = ecs(&server.url());
    conformance::task_definitions(&ecs, &SequenceIds::new(6)).await;
    conformance::services(&ecs, "shop", &clock, &SequenceIds::new(7)).await;
}

/// Each scenario through the wire, with the outcome that it is named for.
#[tokio::test]
async fn scenarios() {
    for (scenario, outcome) in [
        (Scenario::Ok, Outcome::Succeeded),
        (Scenario::Rollback, Outcome::RolledBack),
        (Scenario::Failed, Outcome::Failed),
        (Scenario::Stuck, Outcome::TimedOut),
    ] {
        let clock = clock();
        let (id, phase) = (ServiceId::new("c1", "svc"), std::time::Duration::from_secs(4));
        let ids = Arc::new(SequenceIds::new(8));
        let cluster =
            scenario.open(std::slice::from_ref(&id), phase, Arc::new(clock.clone()), ids.clone()).await.unwrap();
        let server = cluster.serve(0).await.unwrap();
        let ecs = Arc::new(ecs(&server.url()));
        let definition = json!({
            "family": "web", "networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"], "cpu": "256", "memory": "512",
            "ofTomorrow": { "kept": true }, "containerDefinitions": [{ "name": "app", "image": "nginx:2" }],
        });
        let task = read_bytes("taskdef.json", definition.to_string().as_bytes()).value.unwrap();
        let deployer =
            Deployer::new(ecs.clone(), ecs.clone(), Arc::new(clock), ids).with_service_deployments(ecs.clone());
        let deployment = deployer.deploy(&DeployRequest::new("c1", "svc", task), &()).await.unwrap();
        assert_eq!(deployment.outcome, outcome, "{scenario}");
        if outcome != Outcome::Succeeded {
            assert!(deployment.report.is_some_and(|report| !report.reason.is_empty()), "{scenario}");
        }
        // Both sides tell of the same service in the same words.
        assert_eq!(
            ecs.describe_service(&id).await.unwrap(),
            cluster.describe_service(&id).await.unwrap(),
            "{scenario}"
        );
        let (there, here) =
            (ecs.list_service_deployments(&id).await.unwrap(), cluster.list_service_deployments(&id).await.unwrap());
        assert_eq!(there, here, "{scenario}");
    }
}

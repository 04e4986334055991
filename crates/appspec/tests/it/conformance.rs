//! The in-memory service passes the suite that every client must pass.

use std::sync::Arc;

use appspec::client::memory::{DeploymentGroup, MemoryCodeDeploy};
use appspec::client::{BundleType, ComputePlatform, RevisionLocation};
use appspec::conformance::{Fixture, deployments};
use aws_call::{ManualClock, SequenceIds};

const LAMBDA: &str = "version: 0.0\nResources:\n  - shop:\n      Type: AWS::Lambda::Function\n      Properties:\n        Name: shop\n        Alias: live\n        CurrentVersion: '1'\n        TargetVersion: '2'\n";

fn service(clock: &ManualClock, platform: ComputePlatform, group: DeploymentGroup) -> MemoryCodeDeploy {
    let service = MemoryCodeDeploy::new(clock.clone(), SequenceIds::new(7));
    service.create_application("shop", platform).unwrap();
    service.create_deployment_group("shop", group).unwrap();
    service
}

#[tokio::test]
async fn memory_lambda() {
    let clock = ManualClock::at_epoch_secs(1_700_000_000).auto();
    let service = service(&clock, ComputePlatform::Lambda, DeploymentGroup::new("live"));
    let revision = RevisionLocation::content(LAMBDA);
    let ids = Arc::new(SequenceIds::new(1));
    deployments(&Fixture::new(service, clock, ids, ("shop", "live"), revision)).await.unwrap();
}

#[tokio::test]
async fn memory_server() {
    let clock = ManualClock::at_epoch_secs(1_700_000_000).auto();
    let group = DeploymentGroup::new("live").with_instances(["i-1", "i-2"]).with_load_balancer();
    let service = service(&clock, ComputePlatform::Server, group);
    let revision = RevisionLocation::s3("revisions", "shop.zip", BundleType::Zip);
    service.put_revision(revision.clone(), "version: 0.0\nos: linux\n");
    let ids = Arc::new(SequenceIds::new(1));
    deployments(&Fixture::new(service, clock, ids, ("shop", "live"), revision)).await.unwrap();
}

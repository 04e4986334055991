//! The in-memory service passes the suite that every client must pass.

use std::sync::Arc;

use appspec::client::{BundleType, ComputePlatform, RevisionLocation};
use appspec::conformance::{Fixture, deployments, directory};
use aws_call::SequenceIds;

use crate::scene::{ROLE, Scene, lambda, lambda_group, server_group};

#[tokio::test]
async fn memory_lambda() {
    let Scene { clock, service } = Scene::new(ComputePlatform::Lambda, lambda_group()).await;
    let ids = Arc::new(SequenceIds::new(1));
    deployments(&Fixture::new(service, clock, ids, ("shop", "live"), lambda(""))).await.unwrap();
}

#[tokio::test]
async fn memory_server() {
    let scene = Scene::new(ComputePlatform::Server, server_group().with_target_group("web")).await;
    scene.launch(&["i-1", "i-2"]);
    let Scene { clock, service } = scene;
    let revision = RevisionLocation::s3("revisions", "shop.zip", BundleType::Zip);
    service.put_revision(revision.clone(), "version: 0.0\nos: linux\n");
    let ids = Arc::new(SequenceIds::new(1));
    deployments(&Fixture::new(service, clock, ids, ("shop", "live"), revision)).await.unwrap();
}

#[tokio::test]
async fn memory_directory() {
    let Scene { service, .. } = Scene::new(ComputePlatform::Lambda, lambda_group()).await;
    directory(&service, "suite", ROLE).await.unwrap();
}

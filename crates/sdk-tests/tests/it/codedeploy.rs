//! `appspec::client::sdk::CodeDeploy`: deployments, and the verdict of a validation hook.

use appspec::client::{
    AutoRollbackEvent, BundleType, ComputePlatform, CreateDeployment, DeploymentId, DeploymentStatus, Deployments as _,
    ErrorInformation, HookExecutionStatus, HookStatus as _, PutHookStatus, RevisionLocation, StopDeployment,
    StopStatus, sdk::CodeDeploy,
};
use aws_call::Fault;
use aws_sdk_codedeploy::{Client, Config};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use serde_json::{Value as Json, json};

use crate::wire::{self, Service};

const ID: &str = "d-EXAMPLE01";
const EXECUTION: &str = "bm90LWEtcmVhbC1leGVjdXRpb24=";

pub(crate) fn codedeploy(answers: impl IntoIterator<Item = HttpResponse>) -> (CodeDeploy, Service) {
    let service = Service::answering(answers);
    let config = Config::builder().with_test_defaults_v2().http_client(service.http()).build();
    (CodeDeploy::new(Client::from_conf(config)), service)
}

pub(crate) fn target(operation: &str) -> String {
    format!("CodeDeploy_20141006.{operation}")
}

pub(crate) fn id() -> DeploymentId {
    DeploymentId::new(ID)
}

fn content() -> RevisionLocation {
    RevisionLocation::AppSpecContent { content: "version: 0.0\n".to_owned(), sha256: Some("00ff".to_owned()) }
}

#[tokio::test]
async fn create_deployment() {
    let created = || wire::ok(json!({ "deploymentId": ID }));
    let (codedeploy, service) = codedeploy([created(), created(), created()]);
    let bundle = RevisionLocation::S3 {
        bucket: "shop-bundles".to_owned(),
        key: "web.zip".to_owned(),
        bundle_type: BundleType::Zip,
        version: Some("not-a-version".to_owned()),
        e_tag: Some("0123".to_owned()),
    };
    let mut full = CreateDeployment::new("shop", "web", bundle)
        .with_config("CodeDeployDefault.OneAtATime")
        .with_description("by hand")
        .with_auto_rollback([AutoRollbackEvent::DeploymentFailure, AutoRollbackEvent::DeploymentStopOnAlarm]);
    full.file_exists_behavior = Some("OVERWRITE".to_owned());
    full.ignore_application_stop_failures = true;
    assert_eq!(codedeploy.create_deployment(&full).await.unwrap(), id());
    let commit = RevisionLocation::git_hub("shop/web", "0123abc");
    // An empty list is not "what the group says", it is "never".
    let never = CreateDeployment::new("shop", "web", commit).with_auto_rollback([]);
    assert_eq!(codedeploy.create_deployment(&never).await.unwrap(), id());
    assert_eq!(codedeploy.create_deployment(&CreateDeployment::new("shop", "web", content())).await.unwrap(), id());

    let asked = service.asked();
    assert!(asked.iter().all(|asked| asked.target == target("CreateDeployment")));
    assert_eq!(
        asked[0].body,
        json!({
            "applicationName": "shop",
            "deploymentGroupName": "web",
            "revision": {
                "revisionType": "S3",
                "s3Location": {
                    "bucket": "shop-bundles",
                    "key": "web.zip",
                    "bundleType": "zip",
                    "version": "not-a-version",
                    "eTag": "0123",
                },
            },
            "deploymentConfigName": "CodeDeployDefault.OneAtATime",
            "description": "by hand",
            "autoRollbackConfiguration": {
                "enabled": true, "events": ["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM"],
            },
            "fileExistsBehavior": "OVERWRITE",
            "ignoreApplicationStopFailures": true,
        })
    );
    assert_eq!(
        asked[1].body,
        json!({
            "applicationName": "shop",
            "deploymentGroupName": "web",
            "revision": {
                "revisionType": "GitHub", "gitHubLocation": { "repository": "shop/web", "commitId": "0123abc" },
            },
            "autoRollbackConfiguration": { "enabled": false },
            "ignoreApplicationStopFailures": false,
        })
    );
    assert_eq!(
        asked[2].body,
        json!({
            "applicationName": "shop",
            "deploymentGroupName": "web",
            "revision": {
                "revisionType": "AppSpecContent", "appSpecContent": { "content": "version: 0.0\n", "sha256": "00ff" },
            },
            "ignoreApplicationStopFailures": false,
        })
    );
}

#[tokio::test]
async fn create_deployment_refused() {
    let revision = "BundleType must be either YAML or JSON";
    let application = "No application found for name: shop";
    let (codedeploy, _) = codedeploy([
        wire::error(400, "InvalidRevisionException", revision),
        wire::error(400, "ApplicationDoesNotExistException", application),
        wire::ok(json!({})),
    ]);
    let request =
        CreateDeployment::new("shop", "web", RevisionLocation::s3("shop-bundles", "web.zip", BundleType::Zip));
    let error = codedeploy.create_deployment(&request).await.unwrap_err();
    let fault = wire::refused(&error, "CreateDeployment", "InvalidRevisionException", revision);
    assert_eq!(fault, Fault::InvalidRequest);
    let error = codedeploy.create_deployment(&request).await.unwrap_err();
    let fault = wire::refused(&error, "CreateDeployment", "ApplicationDoesNotExistException", application);
    assert_eq!(fault, Fault::NotFound);
    let nameless = codedeploy.create_deployment(&request).await.unwrap_err();
    assert_eq!(nameless.to_string(), "CreateDeployment failed: the answer has no deployment id");
}

fn info(rest: &Json) -> HttpResponse {
    let mut info = json!({
        "applicationName": "shop",
        "deploymentGroupName": "web",
        "deploymentConfigName": "CodeDeployDefault.OneAtATime",
        "deploymentId": ID,
        "createTime": 1_700_000_000.125,
        "creator": "user",
        "ignoreApplicationStopFailures": false,
        "computePlatform": "Server",
    });
    for (key, value) in rest.as_object().unwrap() {
        info[key] = value.clone();
    }
    wire::ok(json!({ "deploymentInfo": info }))
}

#[tokio::test]
async fn get_deployment() {
    let message = "The overall deployment failed because too many individual instances failed deployment";
    let (codedeploy, service) = codedeploy([info(&json!({
        "status": "Failed",
        "revision": {
            "revisionType": "S3",
            "s3Location": { "bucket": "shop-bundles", "key": "web.tgz", "bundleType": "tgz", "eTag": "0123" },
        },
        "errorInformation": { "code": "HEALTH_CONSTRAINTS", "message": message },
        "startTime": 1_700_000_001.0,
        "completeTime": 1_700_000_060.5,
        "deploymentOverview": {
            "Pending": 1, "InProgress": 2, "Succeeded": 3, "Failed": 4, "Skipped": 5, "Ready": 6,
        },
        "autoRollbackConfiguration": { "enabled": true, "events": ["DEPLOYMENT_FAILURE"] },
        "rollbackInfo": { "rollbackDeploymentId": "d-EXAMPLE02", "rollbackMessage": "rolled back by d-EXAMPLE02" },
        "deploymentStyle": { "deploymentType": "IN_PLACE", "deploymentOption": "WITHOUT_TRAFFIC_CONTROL" },
    }))]);
    let deployment = codedeploy.get_deployment(&id()).await.unwrap();
    assert_eq!((deployment.deployment_id.as_str(), deployment.application_name.as_str()), (ID, "shop"));
    assert_eq!(deployment.deployment_group_name.as_deref(), Some("web"));
    assert_eq!(deployment.deployment_config_name.as_deref(), Some("CodeDeployDefault.OneAtATime"));
    assert_eq!(deployment.compute_platform, Some(ComputePlatform::Server));
    assert_eq!(deployment.status, DeploymentStatus::Failed);
    assert_eq!(deployment.error_information, Some(ErrorInformation::new("HEALTH_CONSTRAINTS", message)));
    assert_eq!(deployment.auto_rollback, [AutoRollbackEvent::DeploymentFailure]);
    assert_eq!(deployment.create_time, Some(wire::at(1_700_000_000.125)));
    assert_eq!(deployment.complete_time, Some(wire::at(1_700_000_060.5)));
    let counts = deployment.overview;
    assert_eq!((counts.pending, counts.in_progress, counts.succeeded), (1, 2, 3));
    assert_eq!((counts.failed, counts.skipped, counts.ready), (4, 5, 6));
    let rollback = deployment.rollback_info.clone().unwrap();
    assert_eq!(rollback.rollback_deployment_id, Some(DeploymentId::new("d-EXAMPLE02")));
    assert_eq!(rollback.rollback_message.as_deref(), Some("rolled back by d-EXAMPLE02"));
    assert!(!deployment.is_rollback());
    let Some(RevisionLocation::S3 { bucket, key, bundle_type, version, e_tag }) = deployment.revision else {
        panic!("{deployment:?}")
    };
    assert_eq!((bucket.as_str(), key.as_str(), bundle_type), ("shop-bundles", "web.tgz", BundleType::Tgz));
    assert_eq!((version, e_tag.as_deref()), (None, Some("0123")));
    service.was_asked(&target("GetDeployment"), json!({ "deploymentId": ID }));
}

#[tokio::test]
async fn deployments_as_they_come() {
    let commit = json!({ "repository": "shop/web", "commitId": "0123abc" });
    let (codedeploy, _) = codedeploy([
        info(&json!({ "status": "Created", "computePlatform": "ECS", "revision": {
            "revisionType": "AppSpecContent", "appSpecContent": { "content": "version: 0.0\n", "sha256": "00ff" },
        } })),
        info(&json!({
            "status": "Baking",
            "creator": "codeDeployRollback",
            "revision": { "revisionType": "GitHub", "gitHubLocation": commit },
            "rollbackInfo": { "rollbackTriggeringDeploymentId": "d-EXAMPLE00" },
            "autoRollbackConfiguration": { "enabled": false },
        })),
        info(&json!({ "status": "OfTomorrow", "computePlatform": "Kubernetes" })),
    ]);
    let created = codedeploy.get_deployment(&id()).await.unwrap();
    assert_eq!((created.status, created.compute_platform), (DeploymentStatus::Created, Some(ComputePlatform::Ecs)));
    assert_eq!(created.revision, Some(content()));
    let rollback = codedeploy.get_deployment(&id()).await.unwrap();
    assert!(rollback.is_rollback() && !rollback.status.is_final());
    assert_eq!(rollback.revision, Some(RevisionLocation::git_hub("shop/web", "0123abc")));
    assert_eq!((rollback.auto_rollback, rollback.complete_time), (Vec::new(), None));
    let unknown = codedeploy.get_deployment(&id()).await.unwrap();
    assert_eq!(unknown.status, DeploymentStatus::Unknown("OfTomorrow".to_owned()));
    assert_eq!(unknown.compute_platform, Some(ComputePlatform::Unknown("Kubernetes".to_owned())));
}

#[tokio::test(start_paused = true)]
async fn get_deployment_refused_and_again() {
    let message = "The deployment d-EXAMPLE01 could not be found";
    let (missing, _) = codedeploy([wire::error(400, "DeploymentDoesNotExistException", message)]);
    let error = missing.get_deployment(&id()).await.unwrap_err();
    let fault = wire::refused(&error, "GetDeployment", "DeploymentDoesNotExistException", message);
    assert_eq!(fault, Fault::NotFound);

    let (late, service) = codedeploy([wire::unavailable(), info(&json!({ "status": "Succeeded" }))]);
    assert_eq!(late.get_deployment(&id()).await.unwrap().status, DeploymentStatus::Succeeded);
    service.was_asked_twice(&target("GetDeployment"), json!({ "deploymentId": ID }));

    let (silent, _) = codedeploy([wire::ok(json!({}))]);
    let error = silent.get_deployment(&id()).await.unwrap_err();
    assert_eq!((error.fault(), error.message()), (Fault::Other, Some("the answer has no deployment")));
}

#[tokio::test]
async fn stop_deployment() {
    let message = "The deployment d-EXAMPLE01 is already completed";
    let (codedeploy, service) = codedeploy([
        wire::ok(json!({ "status": "Pending", "statusMessage": "Stopping" })),
        wire::ok(json!({ "status": "Succeeded", "statusMessage": "No instances left" })),
        wire::error(400, "DeploymentAlreadyCompletedException", message),
    ]);
    let plain = StopDeployment::new(id());
    assert_eq!(codedeploy.stop_deployment(&plain).await.unwrap(), StopStatus::Pending);
    assert_eq!(codedeploy.stop_deployment(&plain.clone().with_rollback()).await.unwrap(), StopStatus::Succeeded);
    let error = codedeploy.stop_deployment(&plain).await.unwrap_err();
    let fault = wire::refused(&error, "StopDeployment", "DeploymentAlreadyCompletedException", message);
    assert_eq!(fault, Fault::Conflict);

    let asked = service.asked();
    assert_eq!(asked[0].target, target("StopDeployment"));
    assert_eq!(asked[0].body, json!({ "deploymentId": ID }));
    assert_eq!(asked[1].body, json!({ "deploymentId": ID, "autoRollbackEnabled": true }));
}

#[tokio::test]
async fn put_lifecycle_event_hook_execution_status() {
    let message = "The lifecycle event is already completed";
    let (codedeploy, service) = codedeploy([
        wire::ok(json!({ "lifecycleEventHookExecutionId": EXECUTION })),
        wire::error(400, "LifecycleEventAlreadyCompletedException", message),
        wire::ok(json!({})),
    ]);
    let verdict = |status| PutHookStatus::new(id(), EXECUTION, status);
    let succeeded = verdict(HookExecutionStatus::Succeeded);
    assert_eq!(codedeploy.put_lifecycle_event_hook_execution_status(&succeeded).await.unwrap(), EXECUTION);
    let failed = verdict(HookExecutionStatus::Failed);
    let error = codedeploy.put_lifecycle_event_hook_execution_status(&failed).await.unwrap_err();
    let operation = "PutLifecycleEventHookExecutionStatus";
    let fault = wire::refused(&error, operation, "LifecycleEventAlreadyCompletedException", message);
    assert_eq!(fault, Fault::Conflict);
    let nameless = codedeploy.put_lifecycle_event_hook_execution_status(&failed).await.unwrap_err();
    assert_eq!(nameless.fault(), Fault::Other);

    let asked = service.asked();
    assert_eq!(asked[0].target, target(operation));
    let mut body = json!({ "deploymentId": ID, "lifecycleEventHookExecutionId": EXECUTION, "status": "Succeeded" });
    assert_eq!(asked[0].body, body);
    body["status"] = json!("Failed");
    assert_eq!(asked[1].body, body);
}

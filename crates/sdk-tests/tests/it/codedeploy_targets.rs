//! `appspec::client::sdk::CodeDeploy`: lists, approvals and targets on the wire, and `explain` over them.

use appspec::client::{
    DeploymentId, DeploymentWaitType, Deployments as _, EventStatus, LifecycleErrorCode, TargetKind, TargetStatus,
    Targets as _,
};
use aws_call::Fault;
use serde_json::json;

use crate::codedeploy::{codedeploy, id, target};
use crate::wire;

#[tokio::test]
async fn list_and_continue() {
    let message = "The deployment does not have a status of Ready and can't continue yet.";
    let (codedeploy, service) = codedeploy([
        wire::ok(json!({ "deployments": ["d-EXAMPLE02"], "nextToken": "t" })),
        wire::ok(json!({ "deployments": ["d-EXAMPLE01"] })),
        wire::ok(json!({})),
        wire::error(400, "DeploymentIsNotInReadyStateException", message),
    ]);
    let ids = codedeploy.list_deployments("shop", "web").await.unwrap();
    assert_eq!(ids, [DeploymentId::new("d-EXAMPLE02"), id()]);
    codedeploy.continue_deployment(&id(), &DeploymentWaitType::ReadyWait).await.unwrap();
    let error = codedeploy.continue_deployment(&id(), &DeploymentWaitType::TerminationWait).await.unwrap_err();
    let fault = wire::refused(&error, "ContinueDeployment", "DeploymentIsNotInReadyStateException", message);
    assert_eq!(fault, Fault::Conflict);

    let asked = service.asked();
    assert_eq!(asked[0].target, target("ListDeployments"));
    assert_eq!(asked[0].body, json!({ "applicationName": "shop", "deploymentGroupName": "web" }));
    assert_eq!(asked[1].body["nextToken"], "t");
    assert_eq!(asked[2].target, target("ContinueDeployment"));
    assert_eq!(asked[2].body, json!({ "deploymentId": "d-EXAMPLE01", "deploymentWaitType": "READY_WAIT" }));
    assert_eq!(asked[3].body["deploymentWaitType"], "TERMINATION_WAIT");
}

#[tokio::test]
async fn explain_finds_the_first_script_that_failed() {
    let event = |name: &str, status: &str, end: f64| {
        json!({
            "lifecycleEventName": name, "status": status, "startTime": end - 2.0, "endTime": end,
            "diagnostics": { "errorCode": "Success", "scriptName": "", "message": "Succeeded", "logTail": "" },
        })
    };
    let failed = |script: &str, end: f64| {
        json!({
            "lifecycleEventName": "ApplicationStart", "status": "Failed", "startTime": end - 2.0, "endTime": end,
            "diagnostics": {
                "errorCode": "ScriptFailed", "scriptName": script, "logTail": "port 80 is taken\nstopping\n",
                "message": format!("Script at specified location: {script} failed with exit code 1"),
            },
        })
    };
    let instance = |id: &str, events: serde_json::Value| {
        json!({ "deploymentTargetType": "InstanceTarget", "instanceTarget": {
        "deploymentId": "d-EXAMPLE01", "targetId": id, "targetArn": format!("arn:{id}"), "status": "Failed",
        "lastUpdatedAt": 1_700_000_009.0, "lifecycleEvents": events, "instanceLabel": "Green",
    } })
    };
    let (codedeploy, service) = codedeploy([
        wire::ok(json!({ "deploymentInfo": {
            "deploymentId": "d-EXAMPLE01", "applicationName": "shop", "status": "Failed",
            "errorInformation": { "code": "HEALTH_CONSTRAINTS", "message": "too many" },
        } })),
        wire::ok(json!({ "targetIds": ["i-1"], "nextToken": "t" })),
        wire::ok(json!({ "targetIds": ["i-2"] })),
        wire::ok(json!({ "deploymentTargets": [
            instance("i-1", json!([event("Install", "Succeeded", 1_700_000_005.0), failed("late.sh", 1_700_000_009.0)])),
            instance("i-2", json!([failed("start.sh", 1_700_000_007.0)])),
        ] })),
    ]);
    let explanation = appspec::explain(&codedeploy, &id()).await.unwrap();
    assert_eq!(
        explanation.to_string(),
        "deployment d-EXAMPLE01 Failed: ApplicationStart on i-2: ScriptFailed: Script at specified location: start.sh \
         failed with exit code 1; 2 of 2 targets failed\n  | port 80 is taken\n  | stopping"
    );
    let asked = service.asked();
    assert_eq!(
        (&*asked[1].target, &asked[1].body),
        (&*target("ListDeploymentTargets"), &json!({ "deploymentId": "d-EXAMPLE01" }))
    );
    assert_eq!(asked[2].body, json!({ "deploymentId": "d-EXAMPLE01", "nextToken": "t" }));
    assert_eq!(
        (&*asked[3].target, &asked[3].body),
        (&*target("BatchGetDeploymentTargets"), &json!({ "deploymentId": "d-EXAMPLE01", "targetIds": ["i-1", "i-2"] }))
    );
}

#[tokio::test]
async fn targets_of_every_kind() {
    let (codedeploy, _) = codedeploy([wire::ok(json!({ "deploymentTargets": [
        { "deploymentTargetType": "ECSTarget", "ecsTarget": {
            "targetId": "main:web", "status": "InProgress", "lastUpdatedAt": 1_700_000_001.0,
            "lifecycleEvents": [
                { "lifecycleEventName": "Install", "status": "Succeeded" },
                { "lifecycleEventName": "AfterInstall", "status": "Failed",
                  "diagnostics": { "errorCode": "UnknownError", "message": "no answer" } },
                { "lifecycleEventName": "AllowTraffic", "status": "OfTomorrow" },
            ],
            "taskSetsInfo": [
                { "taskSetLabel": "Blue", "trafficWeight": 90.0 }, { "taskSetLabel": "Green", "trafficWeight": 10.0 },
            ],
        } },
        { "deploymentTargetType": "LambdaTarget", "lambdaTarget": {
            "targetId": "shop:live", "status": "Succeeded", "lambdaFunctionInfo": { "targetVersionWeight": 0.25 },
        } },
        { "deploymentTargetType": "CloudFormationTarget", "cloudFormationTarget": {
            "targetId": "stack", "status": "Skipped", "targetVersionWeight": 0.0,
        } },
        { "deploymentTargetType": "SpaceTarget" },
    ] }))]);
    let targets = codedeploy.batch_get_deployment_targets(&id(), &["main:web".to_owned()]).await.unwrap();
    let kinds: Vec<_> = targets.iter().map(|target| (target.kind.clone(), target.status.clone())).collect();
    assert_eq!(
        kinds,
        [
            (TargetKind::Ecs, TargetStatus::InProgress),
            (TargetKind::Lambda, TargetStatus::Succeeded),
            (TargetKind::CloudFormation, TargetStatus::Skipped)
        ]
    );
    let weights: Vec<_> = targets.iter().map(|target| target.traffic_weight).collect();
    assert_eq!(weights, [Some(10), Some(25), Some(0)]);
    let failure = targets[0].first_failure().unwrap();
    assert_eq!((failure.name.as_str(), &failure.status), ("AfterInstall", &EventStatus::Failed));
    let code = &failure.diagnostics.as_ref().unwrap().error_code;
    assert_eq!(*code, LifecycleErrorCode::UnknownError);
    assert_eq!(targets[0].events[0].diagnostics, None);
    assert_eq!(targets[0].events[2].status, EventStatus::Unknown("OfTomorrow".to_owned()));
}

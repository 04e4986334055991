//! `buildspec::client::SdkCodeBuild`: builds are started, watched and stopped.

use aws_call::Fault;
use aws_sdk_codebuild::{Client, Config};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use buildspec::{BuildStatus, ExportedVariable, PhaseContext};
use buildspec::{
    Builds as _, PhaseType,
    client::{EnvironmentVariable, SdkCodeBuild, StartBuildRequest, VariableKind},
};
use serde_json::{Value as Json, json};

use crate::wire::{self, Service};

const ID: &str = "shop:aaaaaaaa-1111-4222-8333-bbbbbbbbbbbb";
const ARN: &str = "arn:aws:codebuild:us-east-1:123456789012:build/shop:aaaaaaaa-1111-4222-8333-bbbbbbbbbbbb";

fn codebuild(answers: impl IntoIterator<Item = HttpResponse>) -> (SdkCodeBuild, Service) {
    let service = Service::answering(answers);
    let config = Config::builder().with_test_defaults_v2().http_client(service.http()).build();
    (SdkCodeBuild::new(Client::from_conf(config)), service)
}

fn target(operation: &str) -> String {
    format!("CodeBuild_20161006.{operation}")
}

/// What the service says of a build that it has just accepted.
fn submitted() -> Json {
    json!({
        "id": ID,
        "arn": ARN,
        "buildNumber": 7,
        "startTime": 1_700_000_000.25,
        "currentPhase": "SUBMITTED",
        "buildStatus": "IN_PROGRESS",
        "projectName": "shop",
        "sourceVersion": "main",
        "phases": [{ "phaseType": "SUBMITTED", "phaseStatus": "IN_PROGRESS", "startTime": 1_700_000_000.25 }],
        "logs": {
            "deepLink": "https://console.aws.amazon.com/cloudwatch/home?region=us-east-1#logEvent:group=null;stream=null",
            "cloudWatchLogs": { "status": "ENABLED" },
        },
        "timeoutInMinutes": 60,
        "buildComplete": false,
        "initiator": "nobody",
        "encryptionKey": "arn:aws:kms:us-east-1:123456789012:alias/aws/s3",
    })
}

/// What it says of one that failed.
fn failed() -> Json {
    let mut build = submitted();
    let rest = json!({
        "endTime": 1_700_000_090.5,
        "currentPhase": "COMPLETED",
        "buildStatus": "FAILED",
        "resolvedSourceVersion": "0123456789abcdef0123456789abcdef01234567",
        "buildComplete": true,
        "phases": [
            {
                "phaseType": "SUBMITTED",
                "phaseStatus": "SUCCEEDED",
                "startTime": 1_700_000_000.25,
                "endTime": 1_700_000_000.75,
                "durationInSeconds": 0,
                "contexts": [{ "statusCode": "", "message": "" }],
            },
            {
                "phaseType": "BUILD",
                "phaseStatus": "FAILED",
                "startTime": 1_700_000_010.0,
                "endTime": 1_700_000_080.0,
                "durationInSeconds": 70,
                "contexts": [{
                    "statusCode": "COMMAND_EXECUTION_ERROR",
                    "message": "Error while executing command: make. Reason: exit status 2",
                }],
            },
            { "phaseType": "OF_TOMORROW", "phaseStatus": "LATE", "startTime": 1_700_000_080.0 },
            { "phaseType": "COMPLETED", "startTime": 1_700_000_090.5 },
        ],
        "exportedEnvironmentVariables": [{ "name": "TAG", "value": "v1" }, { "name": "EMPTY", "value": "" }],
        "logs": {
            "groupName": "/aws/codebuild/shop",
            "streamName": "aaaaaaaa-1111-4222-8333-bbbbbbbbbbbb",
            "deepLink": "https://console.aws.amazon.com/cloudwatch/home?region=us-east-1",
        },
    });
    for (key, value) in rest.as_object().unwrap() {
        build[key] = value.clone();
    }
    build
}

#[tokio::test]
async fn start_build() {
    let (codebuild, service) =
        codebuild([wire::ok(json!({ "build": submitted() })), wire::ok(json!({ "build": submitted() }))]);
    let build = codebuild.start_build(&StartBuildRequest::new("shop")).await.unwrap();
    assert_eq!((build.id.as_str(), build.arn.as_str(), build.project_name.as_str()), (ID, ARN, "shop"));
    assert_eq!((build.build_number, &build.build_status), (Some(7), &BuildStatus::InProgress));
    assert_eq!((&build.current_phase, build.build_complete), (&Some(PhaseType::Submitted), false));
    assert_eq!((build.start_time, build.end_time), (Some(wire::at(1_700_000_000.25)), None));
    assert_eq!((build.source_version.as_deref(), build.resolved_source_version.as_deref()), (Some("main"), None));
    // Until the log is provisioned there is a link to it, and nothing behind it.
    assert_eq!(build.logs, None);

    let mut full = StartBuildRequest::new("shop")
        .with_source_version("main")
        .with_buildspec("version: 0.2\n")
        .with_variable(EnvironmentVariable::plaintext("STAGE", "test"))
        .with_variable(EnvironmentVariable::new("DSN", "/shop/dsn", VariableKind::ParameterStore))
        .with_variable(EnvironmentVariable::new("KEY", "shop:key", VariableKind::SecretsManager))
        .with_timeout_in_minutes(5)
        .with_idempotency_token("once");
    full.image_override = Some("aws/codebuild/standard:7.0".to_owned());
    full.compute_type_override = Some("BUILD_GENERAL1_SMALL".to_owned());
    full.privileged_mode_override = Some(true);
    codebuild.start_build(&full).await.unwrap();

    let asked = service.asked();
    assert_eq!(asked[0].target, target("StartBuild"));
    assert_eq!(asked[0].body, json!({ "projectName": "shop" }));
    assert_eq!(
        asked[1].body,
        json!({
            "projectName": "shop",
            "sourceVersion": "main",
            "buildspecOverride": "version: 0.2\n",
            "environmentVariablesOverride": [
                { "name": "STAGE", "value": "test", "type": "PLAINTEXT" },
                { "name": "DSN", "value": "/shop/dsn", "type": "PARAMETER_STORE" },
                { "name": "KEY", "value": "shop:key", "type": "SECRETS_MANAGER" },
            ],
            "timeoutInMinutesOverride": 5,
            "imageOverride": "aws/codebuild/standard:7.0",
            "computeTypeOverride": "BUILD_GENERAL1_SMALL",
            "privilegedModeOverride": true,
            "idempotencyToken": "once",
        })
    );
}

#[tokio::test(start_paused = true)]
async fn a_start_is_sent_again_with_its_token() {
    let (codebuild, service) = codebuild([wire::unavailable(), wire::ok(json!({ "build": submitted() }))]);
    let build = codebuild.start_build(&StartBuildRequest::new("shop").with_idempotency_token("once")).await.unwrap();
    assert_eq!(build.id, ID);
    service.was_asked_twice(&target("StartBuild"), json!({ "projectName": "shop", "idempotencyToken": "once" }));
}

#[tokio::test]
async fn start_build_refused() {
    let missing = "Project cannot be found: arn:aws:codebuild:us-east-1:123456789012:project/shop";
    let limit = "Cannot have more than 1 builds in queue for the account";
    let (codebuild, _) = codebuild([
        wire::error(400, "ResourceNotFoundException", missing),
        wire::error(400, "AccountLimitExceededException", limit),
        wire::ok(json!({})),
    ]);
    let request = StartBuildRequest::new("shop");
    let error = codebuild.start_build(&request).await.unwrap_err();
    let fault = wire::refused(&error, "StartBuild", "ResourceNotFoundException", missing);
    assert_eq!(fault, Fault::NotFound);
    let error = codebuild.start_build(&request).await.unwrap_err();
    let fault = wire::refused(&error, "StartBuild", "AccountLimitExceededException", limit);
    assert_eq!(fault, Fault::LimitExceeded);
    let silent = codebuild.start_build(&request).await.unwrap_err();
    assert_eq!(silent.to_string(), "StartBuild failed: the answer holds no build");
}

#[tokio::test]
async fn batch_get_builds() {
    let unknown = "shop:cccccccc-1111-4222-8333-dddddddddddd";
    let (codebuild, service) =
        codebuild([wire::ok(json!({ "builds": [failed(), submitted()], "buildsNotFound": [unknown] }))]);
    let ids = [ID.to_owned(), unknown.to_owned()];
    let answer = codebuild.batch_get_builds(&ids).await.unwrap();
    assert_eq!(answer.builds_not_found, [unknown]);
    assert_eq!(answer.builds.len(), 2);
    let build = &answer.builds[0];
    assert_eq!((&build.build_status, build.build_complete), (&BuildStatus::Failed, true));
    assert_eq!(build.current_phase, Some(PhaseType::Completed));
    assert_eq!(build.end_time, Some(wire::at(1_700_000_090.5)));
    assert_eq!(build.resolved_source_version.as_deref(), Some("0123456789abcdef0123456789abcdef01234567"));
    assert_eq!(
        build.exported_environment_variables,
        [ExportedVariable::new("TAG", "v1"), ExportedVariable::new("EMPTY", "")]
    );
    let logs = build.logs.as_ref().unwrap();
    assert_eq!(logs.group_name, "/aws/codebuild/shop");
    assert_eq!(logs.stream_name, "aaaaaaaa-1111-4222-8333-bbbbbbbbbbbb");

    let [submitted, build_phase, tomorrow, completed] = build.phases.as_slice() else { panic!("{:?}", build.phases) };
    assert_eq!(
        (&submitted.phase_type, &submitted.phase_status),
        (&PhaseType::Submitted, &Some(BuildStatus::Succeeded))
    );
    // Phases that succeed carry a context of two empty texts.
    assert_eq!(submitted.contexts, []);
    assert_eq!(build_phase.phase_status, Some(BuildStatus::Failed));
    assert_eq!(build_phase.duration(), wire::at(1_700_000_080.0).duration_since(wire::at(1_700_000_010.0)).ok());
    let reason = "Error while executing command: make. Reason: exit status 2";
    assert_eq!(build_phase.contexts, [PhaseContext::new("COMMAND_EXECUTION_ERROR", reason)]);
    assert_eq!(tomorrow.phase_type, PhaseType::Unknown("OF_TOMORROW".to_owned()));
    assert_eq!(tomorrow.phase_status, Some(BuildStatus::Unknown("LATE".to_owned())));
    assert_eq!((&completed.phase_type, &completed.phase_status), (&PhaseType::Completed, &None));
    service.was_asked(&target("BatchGetBuilds"), json!({ "ids": ids }));
}

#[tokio::test]
async fn batch_get_builds_refused() {
    let message = "Invalid build ID: shop";
    let (codebuild, _) = codebuild([wire::error(400, "InvalidInputException", message)]);
    let error = codebuild.batch_get_builds(&["shop".to_owned()]).await.unwrap_err();
    let fault = wire::refused(&error, "BatchGetBuilds", "InvalidInputException", message);
    assert_eq!(fault, Fault::InvalidRequest);
}

#[tokio::test]
async fn stop_build() {
    let mut stopped = submitted();
    stopped["buildStatus"] = json!("STOPPED");
    let message = "Build not found: shop:aaaaaaaa-1111-4222-8333-bbbbbbbbbbbb";
    let (codebuild, service) = codebuild([
        wire::ok(json!({ "build": stopped })),
        wire::error(400, "ResourceNotFoundException", message),
        wire::ok(json!({})),
    ]);
    let build = codebuild.stop_build(ID).await.unwrap();
    assert_eq!((build.id.as_str(), build.build_status), (ID, BuildStatus::Stopped));
    let error = codebuild.stop_build(ID).await.unwrap_err();
    let fault = wire::refused(&error, "StopBuild", "ResourceNotFoundException", message);
    assert_eq!(fault, Fault::NotFound);
    assert_eq!(codebuild.stop_build(ID).await.unwrap_err().fault(), Fault::Other);
    for asked in service.asked() {
        assert_eq!((asked.target, asked.body), (target("StopBuild"), json!({ "id": ID })));
    }
}

//! `buildspec::client::{SdkCodeBuild, SdkCloudWatchLogs}`: projects, credentials, batches, every override, and logs.

use aws_call::{Fault, Secret};
use aws_sdk_codebuild::{Client, Config};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use buildspec::BuildStatus;
use buildspec::client::{
    BatchConfig, BuildBatches as _, BuildLogs as _, BuildStatusConfig, Builds as _, CloudWatchLogs,
    EnvironmentVariable, ImportSourceCredentials, LogLine, LogsConfig, LogsLocation, Project, ProjectArtifacts,
    ProjectCache, ProjectEnvironment, ProjectSource, Projects as _, S3Logs, SdkCloudWatchLogs, SdkCodeBuild,
    SourceAuth, SourceCredentials as _, SourceVersion, StartBuildBatchRequest, StartBuildRequest, VariableKind,
    VpcConfig, put_project,
};
use serde_json::{Value as Json, json};

use crate::wire::{self, Service};

const ROLE: &str = "arn:aws:iam::123456789012:role/build";
const FLEET: &str = "arn:aws:codebuild:us-east-1:123456789012:fleet/f:1";
const SECRET: &str = "arn:aws:secretsmanager:us-east-1:123456789012:secret:registry-AbCdEf";
const TOKEN_ARN: &str = "arn:aws:codebuild:us-east-1:123456789012:token/github";
const ID: &str = "shop:aaaaaaaa-1111-4222-8333-bbbbbbbbbbbb";

fn codebuild(answers: impl IntoIterator<Item = HttpResponse>) -> (SdkCodeBuild, Service) {
    let service = Service::answering(answers);
    let config = Config::builder().with_test_defaults_v2().http_client(service.http()).build();
    (SdkCodeBuild::new(Client::from_conf(config)), service)
}

fn target(operation: &str) -> String {
    format!("CodeBuild_20161006.{operation}")
}

fn text(text: &str) -> Option<String> {
    Some(text.to_owned())
}

/// A source with everything.
fn source() -> ProjectSource {
    let mut source = ProjectSource::new("GITHUB", "https://github.com/example/shop").with_buildspec("ci/buildspec.yml");
    source.git_clone_depth = Some(1);
    source.fetch_submodules = Some(true);
    source.auth =
        Some(SourceAuth::new("CODECONNECTIONS", "arn:aws:codeconnections:us-east-1:123456789012:connection/1"));
    source.report_build_status = Some(true);
    let mut status = BuildStatusConfig::default();
    (status.context, status.target_url) = (text("ci"), text("https://example.com/$CODEBUILD_BUILD_ID"));
    source.build_status = Some(status);
    source.insecure_ssl = Some(false);
    source
}

fn source_json() -> Json {
    json!({
        "type": "GITHUB",
        "location": "https://github.com/example/shop",
        "gitCloneDepth": 1,
        "gitSubmodulesConfig": { "fetchSubmodules": true },
        "buildspec": "ci/buildspec.yml",
        "auth": {
            "type": "CODECONNECTIONS",
            "resource": "arn:aws:codeconnections:us-east-1:123456789012:connection/1",
        },
        "reportBuildStatus": true,
        "buildStatusConfig": { "context": "ci", "targetUrl": "https://example.com/$CODEBUILD_BUILD_ID" },
        "insecureSsl": false,
    })
}

fn further_source() -> (ProjectSource, Json) {
    let mut source = ProjectSource::new("S3", "bucket/lib.zip");
    source.identifier = text("lib");
    (source, json!({ "type": "S3", "location": "bucket/lib.zip", "sourceIdentifier": "lib" }))
}

fn artifacts() -> (ProjectArtifacts, Json) {
    let mut artifacts = ProjectArtifacts::zip("bucket", "shop.zip");
    artifacts.path = text("builds");
    artifacts.namespace_type = text("BUILD_ID");
    artifacts.override_artifact_name = Some(true);
    artifacts.encryption_disabled = Some(false);
    artifacts.identifier = text("main");
    artifacts.bucket_owner_access = text("FULL");
    let body = json!({
        "type": "S3",
        "location": "bucket",
        "path": "builds",
        "namespaceType": "BUILD_ID",
        "name": "shop.zip",
        "packaging": "ZIP",
        "overrideArtifactName": true,
        "encryptionDisabled": false,
        "artifactIdentifier": "main",
        "bucketOwnerAccess": "FULL",
    });
    (artifacts, body)
}

fn environment() -> (ProjectEnvironment, Json) {
    let mut environment =
        ProjectEnvironment::new("LINUX_CONTAINER", "aws/codebuild/standard:7.0", "BUILD_GENERAL1_SMALL")
            .with_privileged_mode()
            .with_variable(EnvironmentVariable::plaintext("STAGE", "test"))
            .with_variable(EnvironmentVariable::new("DSN", "/shop/dsn", VariableKind::ParameterStore))
            .with_variable(EnvironmentVariable::new("KEY", "shop:key", VariableKind::SecretsManager));
    environment.fleet_arn = text(FLEET);
    environment.certificate = text("bucket/cert.pem");
    environment.registry_credential = text(SECRET);
    environment.image_pull_credentials_type = text("SERVICE_ROLE");
    let body = json!({
        "type": "LINUX_CONTAINER",
        "image": "aws/codebuild/standard:7.0",
        "computeType": "BUILD_GENERAL1_SMALL",
        "fleet": { "fleetArn": FLEET },
        "environmentVariables": [
            { "name": "STAGE", "value": "test", "type": "PLAINTEXT" },
            { "name": "DSN", "value": "/shop/dsn", "type": "PARAMETER_STORE" },
            { "name": "KEY", "value": "shop:key", "type": "SECRETS_MANAGER" },
        ],
        "privilegedMode": true,
        "certificate": "bucket/cert.pem",
        "registryCredential": { "credential": SECRET, "credentialProvider": "SECRETS_MANAGER" },
        "imagePullCredentialsType": "SERVICE_ROLE",
    });
    (environment, body)
}

fn cache() -> (ProjectCache, Json) {
    let mut cache = ProjectCache::new("LOCAL");
    cache.modes = vec!["LOCAL_SOURCE_CACHE".to_owned(), "LOCAL_DOCKER_LAYER_CACHE".to_owned()];
    cache.namespace = text("shop");
    let modes = ["LOCAL_SOURCE_CACHE", "LOCAL_DOCKER_LAYER_CACHE"];
    (cache, json!({ "type": "LOCAL", "modes": modes, "cacheNamespace": "shop" }))
}

fn logs() -> (LogsConfig, Json) {
    let mut logs = LogsConfig::default();
    let (mut cloud_watch, mut s3) = (CloudWatchLogs::default(), S3Logs::default());
    (cloud_watch.enabled, cloud_watch.group_name, cloud_watch.stream_name) = (true, text("builds"), text("shop"));
    (s3.location, s3.encryption_disabled) = (text("bucket/logs"), Some(true));
    (logs.cloud_watch, logs.s3) = (Some(cloud_watch), Some(s3));
    let body = json!({
        "cloudWatchLogs": { "status": "ENABLED", "groupName": "builds", "streamName": "shop" },
        "s3Logs": { "status": "DISABLED", "location": "bucket/logs", "encryptionDisabled": true },
    });
    (logs, body)
}

fn batch() -> (BatchConfig, Json) {
    let mut batch = BatchConfig::default();
    batch.service_role = text(ROLE);
    batch.combine_artifacts = Some(true);
    batch.maximum_builds_allowed = Some(10);
    batch.compute_types_allowed = vec!["BUILD_GENERAL1_SMALL".to_owned()];
    batch.timeout_in_minutes = Some(30);
    let body = json!({
        "serviceRole": ROLE,
        "combineArtifacts": true,
        "restrictions": { "maximumBuildsAllowed": 10, "computeTypesAllowed": ["BUILD_GENERAL1_SMALL"] },
        "timeoutInMins": 30,
    });
    (batch, body)
}

/// A project with everything, and what is sent for it.
fn project() -> (Project, Json) {
    let (environment, environment_json) = environment();
    let (artifacts, artifacts_json) = artifacts();
    let (further, further_json) = further_source();
    let (cache, cache_json) = cache();
    let (logs, logs_json) = logs();
    let (batch, batch_json) = batch();
    let mut project = Project::new("shop", source(), environment, ROLE);
    project.description = text("The shop");
    project.secondary_sources = vec![further];
    project.source_version = text("main");
    project.secondary_source_versions = vec![SourceVersion::new("lib", "v1")];
    project.secondary_artifacts = vec![artifacts.clone()];
    project.artifacts = Some(artifacts);
    project.cache = Some(cache);
    project.timeout_in_minutes = Some(20);
    project.queued_timeout_in_minutes = Some(30);
    project.encryption_key = text("alias/shop");
    project.tags = vec![("team".to_owned(), "web".to_owned())];
    let mut vpc = VpcConfig::default();
    (vpc.vpc_id, vpc.subnets, vpc.security_group_ids) =
        ("vpc-1".to_owned(), vec!["subnet-1".to_owned()], vec!["sg-1".to_owned()]);
    project.vpc = Some(vpc);
    project.logs = Some(logs);
    project.batch = Some(batch);
    project.concurrent_build_limit = Some(2);
    project.auto_retry_limit = Some(1);
    let body = json!({
        "name": "shop",
        "description": "The shop",
        "source": source_json(),
        "secondarySources": [further_json],
        "sourceVersion": "main",
        "secondarySourceVersions": [{ "sourceIdentifier": "lib", "sourceVersion": "v1" }],
        "artifacts": artifacts_json,
        "secondaryArtifacts": [artifacts_json],
        "cache": cache_json,
        "environment": environment_json,
        "serviceRole": ROLE,
        "timeoutInMinutes": 20,
        "queuedTimeoutInMinutes": 30,
        "encryptionKey": "alias/shop",
        "tags": [{ "key": "team", "value": "web" }],
        "vpcConfig": { "vpcId": "vpc-1", "subnets": ["subnet-1"], "securityGroupIds": ["sg-1"] },
        "logsConfig": logs_json,
        "buildBatchConfig": batch_json,
        "concurrentBuildLimit": 2,
        "autoRetryLimit": 1,
    });
    (project, body)
}

/// Everything is sent, and everything that comes back is there.
#[tokio::test]
async fn create_and_update_project() {
    let (project, body) = project();
    let mut answer = body.clone();
    answer["arn"] = json!("arn:aws:codebuild:us-east-1:123456789012:project/shop");
    let (codebuild, service) = codebuild([
        wire::ok(json!({ "project": answer })),
        wire::ok(json!({ "project": answer })),
        wire::ok(json!({})),
    ]);
    let created = codebuild.create_project(&project).await.unwrap();
    let mut expected = project.clone();
    expected.arn = text("arn:aws:codebuild:us-east-1:123456789012:project/shop");
    assert_eq!(created, expected);
    assert_eq!(codebuild.update_project(&project).await.unwrap(), expected);
    let silent = codebuild.create_project(&project).await.unwrap_err();
    assert_eq!(silent.to_string(), "CreateProject failed: the answer holds no project");
    let asked = service.asked();
    assert_eq!((&asked[0].target, &asked[0].body), (&target("CreateProject"), &body));
    assert_eq!((&asked[1].target, &asked[1].body), (&target("UpdateProject"), &body));
}

#[tokio::test]
async fn what_is_absent_is_not_sent() {
    let (codebuild, service) = codebuild([wire::ok(json!({ "project": { "name": "shop", "vpcConfig": {} } }))]);
    let mut change = Project::default();
    (change.name, change.timeout_in_minutes) = ("shop".to_owned(), Some(5));
    let changed = codebuild.update_project(&change).await.unwrap();
    assert_eq!((changed.name.as_str(), changed.vpc), ("shop", None));
    service.was_asked(&target("UpdateProject"), json!({ "name": "shop", "timeoutInMinutes": 5 }));
}

#[tokio::test]
async fn put_project_looks_first() {
    let answer = || wire::ok(json!({ "project": { "name": "shop" } }));
    let (codebuild, service) = codebuild([
        wire::ok(json!({ "projectsNotFound": ["shop"] })),
        answer(),
        wire::ok(json!({ "projects": [{ "name": "shop" }] })),
        answer(),
        wire::ok(json!({})),
    ]);
    let (project, _) = project();
    put_project(&codebuild, &project).await.unwrap();
    put_project(&codebuild, &project).await.unwrap();
    codebuild.delete_project("shop").await.unwrap();
    let asked: Vec<String> = service.asked().into_iter().map(|asked| asked.target).collect();
    let words = ["BatchGetProjects", "CreateProject", "BatchGetProjects", "UpdateProject", "DeleteProject"];
    assert_eq!(asked, words.map(target));
}

#[tokio::test]
async fn projects_refused() {
    let exists = "Project already exists: arn:aws:codebuild:us-east-1:123456789012:project/shop";
    let (codebuild, _) = codebuild([wire::error(400, "ResourceAlreadyExistsException", exists)]);
    let error = codebuild.create_project(&project().0).await.unwrap_err();
    wire::refused(&error, "CreateProject", "ResourceAlreadyExistsException", exists);
}

#[tokio::test]
async fn credentials() {
    let (codebuild, service) = codebuild([
        wire::ok(json!({ "arn": TOKEN_ARN })),
        wire::ok(json!({ "sourceCredentialsInfos": [
            { "arn": TOKEN_ARN, "serverType": "GITHUB", "authType": "PERSONAL_ACCESS_TOKEN" },
        ] })),
        wire::ok(json!({ "arn": TOKEN_ARN })),
        wire::error(400, "ResourceAlreadyExistsException", "there"),
    ]);
    let request = ImportSourceCredentials::github(Secret::new("not-a-token")).without_overwriting();
    assert_eq!(codebuild.import_source_credentials(&request).await.unwrap(), TOKEN_ARN);
    let listed = codebuild.list_source_credentials().await.unwrap();
    assert_eq!(
        (listed.len(), listed[0].arn.as_str(), listed[0].server_type.as_str(), listed[0].auth_type.as_str()),
        (1, TOKEN_ARN, "GITHUB", "PERSONAL_ACCESS_TOKEN")
    );
    codebuild.delete_source_credentials(TOKEN_ARN).await.unwrap();
    let error = codebuild.import_source_credentials(&request).await.unwrap_err();
    assert_eq!(error.code(), Some("ResourceAlreadyExistsException"));
    assert!(!format!("{error:?} {error} {request:?}").contains("not-a-token"));
    let asked = service.asked();
    assert_eq!(asked[0].target, target("ImportSourceCredentials"));
    assert_eq!(
        asked[0].body,
        json!({
            "token": "not-a-token",
            "serverType": "GITHUB",
            "authType": "PERSONAL_ACCESS_TOKEN",
            "shouldOverwrite": false,
        })
    );
    assert_eq!((&asked[2].target, &asked[2].body), (&target("DeleteSourceCredentials"), &json!({ "arn": TOKEN_ARN })));
}

/// A request with every override, and what is sent for it.
fn every_override() -> (StartBuildRequest, Json) {
    let (further, further_json) = further_source();
    let (artifacts, artifacts_json) = artifacts();
    let (cache, cache_json) = cache();
    let (logs, logs_json) = logs();
    let mut request = StartBuildRequest::new("shop")
        .with_source_version("main")
        .with_buildspec("version: 0.2\n")
        .with_variable(EnvironmentVariable::plaintext("STAGE", "test"))
        .with_timeout_in_minutes(5)
        .with_idempotency_token("once");
    request.secondary_sources_override = vec![further];
    request.secondary_sources_version_override = vec![SourceVersion::new("lib", "v1")];
    request.secondary_artifacts_override = vec![artifacts.clone()];
    request.artifacts_override = Some(artifacts);
    request.source_type_override = text("GITHUB");
    request.source_location_override = text("https://github.com/example/fork");
    request.source_auth_override = Some(SourceAuth::new("SECRETS_MANAGER", SECRET));
    request.git_clone_depth_override = Some(2);
    request.fetch_submodules_override = Some(false);
    request.insecure_ssl_override = Some(false);
    request.report_build_status_override = Some(true);
    request.environment_type_override = text("ARM_CONTAINER");
    request.image_override = text("aws/codebuild/amazonlinux-aarch64-standard:3.0");
    request.compute_type_override = text("BUILD_GENERAL1_LARGE");
    request.certificate_override = text("bucket/cert.pem");
    request.cache_override = Some(cache);
    request.service_role_override = text(ROLE);
    request.privileged_mode_override = Some(true);
    request.queued_timeout_in_minutes_override = Some(6);
    request.encryption_key_override = text("alias/shop");
    request.logs_config_override = Some(logs);
    request.registry_credential_override = text(SECRET);
    request.image_pull_credentials_type_override = text("CODEBUILD");
    request.debug_session_enabled = Some(true);
    let body = json!({
        "projectName": "shop",
        "secondarySourcesOverride": [further_json],
        "secondarySourcesVersionOverride": [{ "sourceIdentifier": "lib", "sourceVersion": "v1" }],
        "sourceVersion": "main",
        "artifactsOverride": artifacts_json,
        "secondaryArtifactsOverride": [artifacts_json],
        "environmentVariablesOverride": [{ "name": "STAGE", "value": "test", "type": "PLAINTEXT" }],
        "sourceTypeOverride": "GITHUB",
        "sourceLocationOverride": "https://github.com/example/fork",
        "sourceAuthOverride": { "type": "SECRETS_MANAGER", "resource": SECRET },
        "gitCloneDepthOverride": 2,
        "gitSubmodulesConfigOverride": { "fetchSubmodules": false },
        "buildspecOverride": "version: 0.2\n",
        "insecureSslOverride": false,
        "environmentTypeOverride": "ARM_CONTAINER",
        "imageOverride": "aws/codebuild/amazonlinux-aarch64-standard:3.0",
        "computeTypeOverride": "BUILD_GENERAL1_LARGE",
        "certificateOverride": "bucket/cert.pem",
        "cacheOverride": cache_json,
        "serviceRoleOverride": ROLE,
        "privilegedModeOverride": true,
        "queuedTimeoutInMinutesOverride": 6,
        "encryptionKeyOverride": "alias/shop",
        "idempotencyToken": "once",
        "logsConfigOverride": logs_json,
        "registryCredentialOverride": { "credential": SECRET, "credentialProvider": "SECRETS_MANAGER" },
        "imagePullCredentialsTypeOverride": "CODEBUILD",
        "debugSessionEnabled": true,
    });
    (request, body)
}

/// Sets several keys of an object.
fn with(mut body: Json, keys: &Json) -> Json {
    for (key, value) in keys.as_object().unwrap() {
        body[key] = value.clone();
    }
    body
}

#[tokio::test]
async fn every_override_of_a_build() {
    let (mut request, body) = every_override();
    let mut status = BuildStatusConfig::default();
    status.context = text("ci");
    request.build_status_config_override = Some(status);
    request.fleet_override = text(FLEET);
    request.auto_retry_limit_override = Some(2);
    request.host_kernel_override = text("LINUX_KERNEL_6");
    let (codebuild, service) = codebuild([wire::ok(json!({ "build": { "id": ID } }))]);
    codebuild.start_build(&request).await.unwrap();
    let own = json!({
        "timeoutInMinutesOverride": 5,
        "reportBuildStatusOverride": true,
        "buildStatusConfigOverride": { "context": "ci" },
        "fleetOverride": { "fleetArn": FLEET },
        "autoRetryLimitOverride": 2,
        "hostKernelOverride": "LINUX_KERNEL_6",
    });
    let body = with(body, &own);
    assert_eq!(body.as_object().unwrap().len(), 34, "StartBuild has so many inputs");
    service.was_asked(&target("StartBuild"), body);
}

#[tokio::test]
async fn every_override_of_a_batch() {
    let (request, body) = every_override();
    let (config, config_json) = batch();
    let group = json!({
        "identifier": "deploy",
        "dependsOn": ["test"],
        "ignoreFailure": true,
        "currentBuildSummary": {
            "arn": "arn:aws:codebuild:us-east-1:123456789012:build/shop:1",
            "buildStatus": "IN_PROGRESS",
        },
    });
    let running = json!({
        "id": ID,
        "arn": "arn:aws:codebuild:us-east-1:123456789012:build-batch/shop:1",
        "projectName": "shop",
        "startTime": 1_700_000_000.25,
        "currentPhase": "IN_PROGRESS",
        "buildBatchStatus": "IN_PROGRESS",
        "resolvedSourceVersion": "0123456789abcdef0123456789abcdef01234567",
        "complete": false,
        "buildGroups": [{ "identifier": "test", "ignoreFailure": false }, group],
    });
    let over = with(
        running.clone(),
        &json!({ "buildBatchStatus": "SUCCEEDED", "complete": true, "endTime": 1_700_000_090.5, "currentPhase": "SUCCEEDED" }),
    );
    let (codebuild, service) = codebuild([
        wire::ok(json!({ "buildBatch": running })),
        wire::ok(json!({ "buildBatches": [over] })),
        wire::ok(json!({ "buildBatch": over })),
        wire::ok(json!({})),
    ]);
    let mut start = StartBuildBatchRequest::new(request);
    start.batch_config_override = Some(config);
    let started = codebuild.start_build_batch(&start).await.unwrap();
    assert_eq!(
        (started.id.as_str(), &started.build_batch_status, started.complete),
        (ID, &BuildStatus::InProgress, false)
    );
    let [test, deploy] = started.build_groups.as_slice() else { panic!("{:?}", started.build_groups) };
    assert_eq!((test.identifier.as_str(), &test.build_status, test.ignore_failure), ("test", &None, false));
    assert_eq!((&deploy.depends_on, deploy.ignore_failure), (&vec!["test".to_owned()], true));
    assert_eq!(deploy.build_status, Some(BuildStatus::InProgress));
    assert_eq!(deploy.build_arn.as_deref(), Some("arn:aws:codebuild:us-east-1:123456789012:build/shop:1"));

    let batches = codebuild.batch_get_build_batches(&[ID.to_owned()]).await.unwrap();
    assert!(batches[0].is_success());
    assert_eq!(batches[0].end_time, Some(wire::at(1_700_000_090.5)));
    assert!(codebuild.stop_build_batch(ID).await.unwrap().complete);
    let silent = codebuild.stop_build_batch(ID).await.unwrap_err();
    assert_eq!(silent.to_string(), "StopBuildBatch failed: the answer holds no batch");

    let asked = service.asked();
    let own = json!({
        "buildTimeoutInMinutesOverride": 5,
        "reportBuildBatchStatusOverride": true,
        "buildBatchConfigOverride": config_json,
    });
    assert_eq!((&asked[0].target, &asked[0].body), (&target("StartBuildBatch"), &with(body, &own)));
    assert_eq!((&asked[1].target, &asked[1].body), (&target("BatchGetBuildBatches"), &json!({ "ids": [ID] })));
    assert_eq!((&asked[2].target, &asked[2].body), (&target("StopBuildBatch"), &json!({ "id": ID })));
}

/// What would be dropped in silence is refused before anything is sent.
#[tokio::test]
async fn overrides_that_batches_do_not_have() {
    let (codebuild, service) = codebuild([]);
    let mut request = StartBuildRequest::new("shop");
    request.host_kernel_override = text("LINUX_KERNEL_6");
    let error = codebuild.start_build_batch(&StartBuildBatchRequest::new(request)).await.unwrap_err();
    assert_eq!(error.fault(), Fault::InvalidRequest);
    assert_eq!(service.asked(), []);
}

#[tokio::test]
async fn pages_of_a_log() {
    let service = Service::answering([
        wire::ok(json!({
            "events": [{ "timestamp": 1_700_000_000_250_i64, "message": "[Container] hello\n", "ingestionTime": 1 }],
            "nextForwardToken": "f/1",
            "nextBackwardToken": "b/1",
        })),
        wire::ok(json!({ "events": [], "nextForwardToken": "f/1", "nextBackwardToken": "b/1" })),
        wire::error(400, "ResourceNotFoundException", "The specified log stream does not exist."),
    ]);
    let config = aws_sdk_cloudwatchlogs::Config::builder().with_test_defaults_v2().http_client(service.http()).build();
    let logs = SdkCloudWatchLogs::new(aws_sdk_cloudwatchlogs::Client::from_conf(config));
    let location = LogsLocation::new("/aws/codebuild/shop", "stream");
    let first = logs.log_page(&location, None).await.unwrap();
    assert_eq!(first.events, [LogLine::new(wire::at(1_700_000_000.25), "[Container] hello\n")]);
    assert_eq!(first.next_token.as_deref(), Some("f/1"));
    let second = logs.log_page(&location, Some("f/1")).await.unwrap();
    assert_eq!((second.events.len(), second.next_token.as_deref()), (0, Some("f/1")));
    let error = logs.log_page(&location, Some("f/1")).await.unwrap_err();
    assert_eq!((error.operation(), error.fault()), ("GetLogEvents", Fault::NotFound));

    let asked = service.asked();
    assert_eq!(asked[0].target, "Logs_20140328.GetLogEvents");
    let place = json!({ "logGroupName": "/aws/codebuild/shop", "logStreamName": "stream", "startFromHead": true });
    assert_eq!(asked[0].body, place);
    assert_eq!(asked[1].body, with(place, &json!({ "nextToken": "f/1" })));
}

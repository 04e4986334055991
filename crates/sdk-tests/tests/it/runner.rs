//! What `pipeline_runner` says to AWS: jobs of custom actions, objects, functions, state machines, and actions under a role
//! of their own.

use std::sync::{Arc, Mutex};

use aws_call::{AccountId, Fault, ManualClock, MapEnv, Polling, Region, Secret, SequenceIds};
use aws_config::{BehaviorVersion, SdkConfig, retry::RetryConfig};
use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use aws_sdk_codepipeline::{Client, Config};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use ecr_push::client::MemoryRegistry;
use ecs_taskdef::client::MemoryCluster;
use pipeline_model::model::{Action, ActionTypeId};
use pipeline_runner::artifact::{ArtifactStore as _, S3Store};
use pipeline_runner::client::sdk::{CodePipelineJobs, Lambda, S3, StepFunctions, job_objects};
use pipeline_runner::client::{
    Buckets, Commands, CustomActions as _, Functions as _, GetObject, InvokeFunction, Job, JobFailure, JobSuccess,
    Jobs as _, MachineRun, NewActionType, Objects as _, PollForJobs, PutObject, SessionCredentials, StateMachines as _,
};
use pipeline_runner::{
    ActionJob, ActionOutcome, AwsClients, Backends, Cancel, JobContext, Providers, build_environment,
};
use serde_json::json;

use crate::wire::{self, Service};

fn jobs(answers: impl IntoIterator<Item = HttpResponse>) -> (CodePipelineJobs, Service) {
    let service = Service::answering(answers);
    let config = Config::builder().with_test_defaults_v2().http_client(service.http()).build();
    (CodePipelineJobs::new(Client::from_conf(config)), service)
}

fn target(operation: &str) -> String {
    format!("CodePipeline_20150709.{operation}")
}

fn kind() -> ActionTypeId {
    ActionTypeId::new("Test", "Custom", "Echo", "1")
}

#[tokio::test]
async fn jobs_are_given_out() {
    let (jobs, service) = jobs([wire::ok(json!({ "jobs": [{
        "id": "job-1",
        "nonce": "3",
        "accountId": "123456789012",
        "data": {
            "actionTypeId": { "category": "Test", "owner": "Custom", "provider": "Echo", "version": "1" },
            "actionConfiguration": { "configuration": { "Word": "hello" } },
            "pipelineContext": {
                "pipelineName": "shop",
                "stage": { "name": "Test" },
                "action": { "name": "Echo", "actionExecutionId": "run-1" },
                "pipelineExecutionId": "execution-1",
            },
            "inputArtifacts": [{
                "name": "In",
                "location": { "type": "S3", "s3Location": { "bucketName": "artifacts", "objectKey": "shop/In/1" } },
            }],
            "outputArtifacts": [],
            "artifactCredentials": {
                "accessKeyId": "ANOTREAL", "secretAccessKey": "not-a-key", "sessionToken": "not-a-token",
            },
            "continuationToken": "more",
            "encryptionKey": { "id": "alias/artifacts", "type": "KMS" },
        },
    }] }))]);
    let mut request = PollForJobs::new(kind(), 2);
    request.query.insert("Stage".to_owned(), "test".to_owned());
    let found = jobs.poll_for_jobs(&request).await.unwrap();
    let [job] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!((job.id.as_str(), job.nonce.as_str(), job.action_execution.as_str()), ("job-1", "3", "run-1"));
    assert_eq!((job.pipeline.as_str(), job.stage.as_str(), job.execution.as_str()), ("shop", "Test", "execution-1"));
    assert_eq!(job.configuration["Word"].expose(), "hello");
    assert_eq!((job.inputs[0].bucket.as_str(), job.inputs[0].key.as_str()), ("artifacts", "shop/In/1"));
    assert_eq!((job.continuation.as_deref(), job.encryption_key.as_deref()), (Some("more"), Some("alias/artifacts")));
    let shown = format!("{job:?}");
    assert!(!shown.contains("hello") && !shown.contains("not-a-"), "{shown}");
    let asked = json!({
        "actionTypeId": { "category": "Test", "owner": "Custom", "provider": "Echo", "version": "1" },
        "maxBatchSize": 2,
        "queryParam": { "Stage": "test" },
    });
    service.was_asked(&target("PollForJobs"), asked);
}

#[tokio::test]
async fn jobs_are_taken_and_ended() {
    let (taken, service) = jobs([wire::ok(json!({ "status": "InProgress" }))]);
    assert_eq!(taken.acknowledge_job("job-1", "3").await.unwrap(), "InProgress");
    service.was_asked(&target("AcknowledgeJob"), json!({ "jobId": "job-1", "nonce": "3" }));

    let mut result = JobSuccess::new("job-1");
    result.variables.insert("Word".to_owned(), "hello".to_owned());
    (result.summary, result.external_id) = (Some("said it".to_owned()), Some("x-1".to_owned()));
    let (ended, service) = jobs([wire::ok(json!({}))]);
    ended.put_job_success(&result).await.unwrap();
    let asked = json!({
        "jobId": "job-1",
        "executionDetails": { "summary": "said it", "externalExecutionId": "x-1" },
        "outputVariables": { "Word": "hello" },
    });
    service.was_asked(&target("PutJobSuccessResult"), asked);

    let (handed_back, service) = jobs([wire::ok(json!({}))]);
    handed_back.put_job_success(&JobSuccess::to_be_continued("job-1", "more")).await.unwrap();
    service.was_asked(&target("PutJobSuccessResult"), json!({ "jobId": "job-1", "continuationToken": "more" }));

    let (failed, service) = jobs([wire::ok(json!({}))]);
    failed.put_job_failure(&JobFailure::new("job-1", "ConfigurationError", "no word")).await.unwrap();
    let details = json!({ "type": "ConfigurationError", "message": "no word" });
    service.was_asked(&target("PutJobFailureResult"), json!({ "jobId": "job-1", "failureDetails": details }));
}

#[tokio::test]
async fn refusals_of_jobs_keep_their_words() {
    const NOBODY: &str = "Job with id 'nobody' does not exist";
    let (missing, _) = jobs([wire::error(400, "JobNotFoundException", NOBODY)]);
    let error = missing.acknowledge_job("nobody", "1").await.unwrap_err();
    assert_eq!(wire::refused(&error, "AcknowledgeJob", "JobNotFoundException", NOBODY), Fault::NotFound);
    let over = "Job with id job-1 has already terminated";
    let (late, _) = jobs([wire::error(400, "InvalidJobStateException", over)]);
    let error = late.put_job_success(&JobSuccess::new("job-1")).await.unwrap_err();
    assert_eq!(wire::refused(&error, "PutJobSuccessResult", "InvalidJobStateException", over), Fault::Conflict);
}

#[tokio::test]
async fn an_action_type_is_made_of_its_description() {
    let description =
        pipeline_model::actions::BUILTIN.iter().find(|known| known.id().provider == "CodeDeploy").unwrap();
    let mut new = NewActionType::of(*description).queryable_by("ApplicationName");
    new.provider = "OurDeploy".to_owned();
    let (created, service) = jobs([wire::ok(json!({ "actionType": {
        "id": { "category": "Deploy", "owner": "Custom", "provider": "OurDeploy", "version": "1" },
        "inputArtifactDetails": { "minimumCount": 1, "maximumCount": 1 },
        "outputArtifactDetails": { "minimumCount": 0, "maximumCount": 0 },
    } }))]);
    created.create_custom_action_type(&new).await.unwrap();
    let asked = &service.asked()[0];
    assert_eq!(asked.target, target("CreateCustomActionType"));
    assert_eq!((&asked.body["category"], &asked.body["provider"]), (&json!("Deploy"), &json!("OurDeploy")));
    assert_eq!(asked.body["inputArtifactDetails"], json!({ "minimumCount": 1, "maximumCount": 1 }));
    let property = &asked.body["configurationProperties"][0];
    assert_eq!(
        (&property["name"], &property["required"], &property["queryable"]),
        (&json!("ApplicationName"), &json!(true), &json!(true))
    );
}

/// What was asked: method, URI, the key that signed it, and the body as text.
#[derive(Clone, Debug)]
struct Heard {
    method: String,
    uri: String,
    signed: String,
    headers: Vec<(String, String)>,
    body: String,
}

#[derive(Clone, Default)]
struct Ear(Arc<Mutex<Vec<Heard>>>);

impl Ear {
    fn heard(&self) -> Vec<Heard> {
        self.0.lock().unwrap().clone()
    }

    /// A network whose services answer by host and path.
    fn http(&self, answer: impl Fn(&Heard) -> HttpResponse + Send + Sync + 'static) -> SharedHttpClient {
        let ear = self.clone();
        wire::http(move |request: HttpRequest| {
            let header = |name: &str| request.headers().get(name).unwrap_or_default().to_owned();
            let heard = Heard {
                method: request.method().to_owned(),
                uri: request.uri().to_owned(),
                signed: header("authorization"),
                headers: request.headers().iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
                body: String::from_utf8_lossy(request.body().bytes().unwrap_or_default()).into_owned(),
            };
            let response = answer(&heard);
            ear.0.lock().unwrap().push(heard);
            Ok(response)
        })
    }
}

fn config(http: SharedHttpClient) -> SdkConfig {
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(aws_config::Region::from_static("eu-central-1"))
        .credentials_provider(SharedCredentialsProvider::new(Credentials::new("OWNKEY", "none", None, None, "test")))
        .retry_config(RetryConfig::disabled())
        .http_client(http)
        .build()
}

#[tokio::test]
async fn objects_come_and_go() {
    let directory = tempfile::tempdir().unwrap();
    let ear = Ear::default();
    let http = ear.http(|heard| {
        let mut response = match heard.method.as_str() {
            "GET" if heard.uri.contains("/gone") => {
                let body = "<Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message></Error>";
                return wire::response(404, body);
            }
            "GET" => wire::response(200, "content"),
            _ => wire::response(200, ""),
        };
        response.headers_mut().insert("x-amz-version-id", "v7");
        response.headers_mut().insert("etag", "\"9a0364b9e99bb480dd25e1f0284c8555\"");
        response
    });
    let s3 = S3::new(aws_sdk_s3::Client::new(&config(http)));
    let file = directory.path().join("file");
    let found = s3.get_object(&GetObject::new("artifacts", "shop/In/1").with_version("v7"), &file).await.unwrap();
    assert_eq!(
        (found.version.as_deref(), found.e_tag.as_deref()),
        (Some("v7"), Some("9a0364b9e99bb480dd25e1f0284c8555"))
    );
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "content");
    let mut put = PutObject::new("artifacts", "shop/Out/1", &file);
    (put.acl, put.kms_key) = (Some("private".to_owned()), Some("alias/artifacts".to_owned()));
    s3.put_object(&put).await.unwrap();
    let error = s3.get_object(&GetObject::new("artifacts", "gone"), &file).await.unwrap_err();
    assert_eq!((error.code(), error.fault()), (Some("NoSuchKey"), Fault::NotFound));
    let heard = ear.heard();
    assert!(heard[0].uri.contains("versionId=v7"), "{:?}", heard[0]);
    assert_eq!(heard[1].method, "PUT");
    for (name, value) in [
        ("x-amz-acl", "private"),
        ("x-amz-server-side-encryption", "aws:kms"),
        ("x-amz-server-side-encryption-aws-kms-key-id", "alias/artifacts"),
    ] {
        assert!(heard[1].headers.contains(&(name.to_owned(), value.to_owned())), "{name}: {:?}", heard[1]);
    }
    // In the words that every store has.
    let store = S3Store::new(Arc::new(s3), "artifacts");
    let missing = store.unpack("gone", &directory.path().join("to")).await.unwrap_err();
    assert!(matches!(missing, pipeline_runner::Error::NoSuchArtifact { .. }), "{missing:?}");
}

/// The artifacts of a job are fetched with what came with the job, and with nothing of the worker's own.
#[tokio::test]
async fn a_job_brings_its_credentials() {
    let ear = Ear::default();
    let config = config(ear.http(|_| wire::response(200, "content")));
    let mut job = Job::new("job-1", "1", kind());
    job.credentials = Some(SessionCredentials::new(Secret::new("JOBKEY"), Secret::new("none"), Secret::new("session")));
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("file");
    job_objects(&config, &job).get_object(&GetObject::new("artifacts", "In"), &file).await.unwrap();
    job.credentials = None;
    job_objects(&config, &job).get_object(&GetObject::new("artifacts", "In"), &file).await.unwrap();
    let heard = ear.heard();
    assert!(heard[0].signed.contains("Credential=JOBKEY/"), "{:?}", heard[0]);
    assert!(heard[0].headers.contains(&("x-amz-security-token".to_owned(), "session".to_owned())));
    assert!(heard[1].signed.contains("Credential=OWNKEY/"), "{:?}", heard[1]);
}

#[tokio::test]
async fn functions_answer_fail_and_get_versions() {
    let directory = tempfile::tempdir().unwrap();
    let archive = directory.path().join("code.zip");
    std::fs::write(&archive, "archive").unwrap();
    let ear = Ear::default();
    let looks = Mutex::new(0);
    let http = ear.http(move |heard| {
        if heard.uri.contains("/functions/bad/invocations") {
            let mut response = wire::response(200, r#"{"errorMessage":"no disk","errorType":"Error"}"#);
            response.headers_mut().insert("x-amz-function-error", "Unhandled");
            return response;
        }
        if heard.uri.contains("/functions/nobody/") {
            let mut response = wire::response(404, r#"{"Type":"User","Message":"Function not found: nobody"}"#);
            response.headers_mut().insert("x-amzn-errortype", "ResourceNotFoundException");
            return response;
        }
        if heard.uri.contains("/invocations") {
            let mut response = wire::response(200, r#"{"outputVariables":{"A":"1"}}"#);
            // "one\ntwo\n"
            response.headers_mut().insert("x-amz-log-result", "b25lCnR3bwo=");
            return response;
        }
        if heard.uri.contains("/configuration") {
            let mut looks = looks.lock().unwrap();
            *looks += 1;
            let state = if *looks == 1 { "Pending" } else { "Active" };
            return wire::ok(json!({ "FunctionName": "check", "State": state }));
        }
        wire::ok(json!({ "FunctionName": "check", "Version": "4", "FunctionVersion": "4" }))
    });
    let clock = Arc::new(ManualClock::at_epoch_secs(0).auto());
    let lambda = Lambda::new(aws_sdk_lambda::Client::new(&config(http)), clock, Arc::new(SequenceIds::new(1)));
    let good = lambda.invoke(&InvokeFunction::new("check", json!({ "event": 1 }))).await.unwrap();
    assert_eq!((&good.payload["outputVariables"]["A"], good.error), (&json!("1"), None));
    assert_eq!(good.log, ["one", "two"]);
    let bad = lambda.invoke(&InvokeFunction::new("bad", json!({}))).await.unwrap();
    assert_eq!(bad.error.as_deref(), Some("`bad` failed (Unhandled): no disk"));
    let error = lambda.invoke(&InvokeFunction::new("nobody", json!({}))).await.unwrap_err();
    assert_eq!((error.code(), error.fault()), (Some("ResourceNotFoundException"), Fault::NotFound));
    assert_eq!(lambda.publish("check", &archive).await.unwrap(), "4");
    lambda.point_alias("check", "live", "4").await.unwrap();
    let heard = ear.heard();
    let looked = heard.iter().filter(|heard| heard.uri.contains("/configuration")).count();
    assert_eq!(looked, 2, "a version that is pending cannot be called yet");
    let last = heard.last().unwrap();
    assert!(
        last.uri.ends_with("/functions/check/aliases/live") && last.body.contains(r#""FunctionVersion":"4""#),
        "{last:?}"
    );
}

#[tokio::test]
async fn state_machines_are_started_and_looked_at() {
    let ear = Ear::default();
    let http = ear.http(|heard| {
        let has =
            |target: &str| heard.headers.iter().any(|(name, value)| name == "x-amz-target" && value.ends_with(target));
        if has("StartExecution") {
            return wire::ok(json!({ "executionArn": "arn:e", "startDate": 1.0 }));
        }
        wire::ok(json!({
            "executionArn": "arn:e", "stateMachineArn": "arn:m", "startDate": 1.0,
            "status": "FAILED", "error": "States.Timeout", "cause": "too slow",
        }))
    });
    let machines = StepFunctions::new(aws_sdk_sfn::Client::new(&config(http)));
    assert_eq!(machines.start_execution("arn:m", "run-1", "{}").await.unwrap(), "arn:e");
    let run = machines.describe_execution("arn:e").await.unwrap();
    assert_eq!(run, MachineRun::new("FAILED").with_failure("States.Timeout: too slow"));
    assert!(ear.heard()[0].body.contains(r#""name":"run-1""#));
}

fn local() -> Backends {
    let (account, region) = (AccountId::parse("123456789012").unwrap(), Region::parse("eu-central-1").unwrap());
    let clock = ManualClock::at_epoch_secs(0).auto();
    let ids = || Arc::new(SequenceIds::new(1));
    let cluster = Arc::new(MemoryCluster::new("shop", Arc::new(clock.clone()), ids()));
    Backends {
        images: Arc::new(MemoryRegistry::new(account.clone(), &region, Arc::new(clock), ids())),
        account,
        region,
        source: ".".into(),
        sources: Default::default(),
        projects: Default::default(),
        executor: Arc::new(buildspec::run::HostShell::new("/nonexistent")),
        build_environment: build_environment(),
        builds: None,
        task_definitions: Arc::clone(&cluster) as _,
        services: cluster,
        deployments: None,
        hosts: Default::default(),
        objects: Arc::new(Buckets::new()),
        functions: Arc::new(Commands::new("/nonexistent", Vec::new())),
        stacks: None,
        change_sets: None,
        state_machines: None,
        pipelines: None,
        polling: Polling::default(),
    }
}

/// A deployment in another account and region: the action's role is assumed, and what the action says is signed with it
/// and goes there.
#[tokio::test]
async fn an_action_acts_under_its_role_in_its_region() {
    let directory = tempfile::tempdir().unwrap();
    let ear = Ear::default();
    let http = ear.http(|heard| {
        let host = heard.uri.split('/').nth(2).unwrap_or_default().to_owned();
        if host.starts_with("sts.") {
            return wire::response(
                200,
                "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ROLEKEY</AccessKeyId>\
                 <SecretAccessKey>none</SecretAccessKey><SessionToken>session</SessionToken>\
                 <Expiration>2100-01-01T00:00:00Z</Expiration></Credentials><AssumedRoleUser>\
                 <Arn>arn:aws:sts::210987654321:assumed-role/deploy/longshore</Arn>\
                 <AssumedRoleId>A:longshore</AssumedRoleId></AssumedRoleUser></AssumeRoleResult></AssumeRoleResponse>",
            );
        }
        wire::error(400, "DeploymentGroupDoesNotExistException", "No deployment group found for name: live")
    });
    let clock = Arc::new(ManualClock::at_epoch_secs(0).auto());
    let ids = Arc::new(SequenceIds::new(1));
    let clients = Arc::new(AwsClients::new(local(), config(http), clock.clone(), ids.clone()));
    let here = AwsClients::clone(&clients).with_builds_here();
    assert!(clients.own().unwrap().builds.is_some() && here.own().unwrap().builds.is_none());
    let providers = Providers::scoped(&clients.own().unwrap(), clients);

    let buckets = Buckets::new().with_bucket("artifacts", directory.path().join("bucket"));
    let store = S3Store::new(Arc::new(buckets), "artifacts");
    let bundle = directory.path().join("bundle");
    std::fs::create_dir_all(&bundle).unwrap();
    std::fs::write(bundle.join("appspec.yml"), "version: 0.0\nos: linux\n").unwrap();
    store.pack("job/Bundle", &bundle).await.unwrap();
    let cx = |name: &str| {
        JobContext::new(
            Arc::new(store.clone()),
            directory.path().join(name),
            (clock.clone(), ids.clone(), Arc::new(MapEnv::default())),
            Cancel::new(),
            Arc::new(|_| {}),
        )
    };
    let action = Action::new("Deploy", ActionTypeId::new("Deploy", "AWS", "CodeDeploy", "1"))
        .with_config("ApplicationName", "shop")
        .with_config("DeploymentGroupName", "live")
        .with_input("Bundle");
    let provider = providers.get(&action.action_type_id).unwrap();
    let mut job = ActionJob::of("job", &action);
    job.role_arn = Some("arn:aws:iam::210987654321:role/deploy".to_owned());
    job.region = Some("us-east-1".to_owned());
    let outcome = provider.run(job.clone(), &cx("a")).await;
    assert!(format!("{outcome:?}").contains("DeploymentGroupDoesNotExistException"), "{outcome:?}");
    let heard = ear.heard();
    assert_eq!(heard.len(), 2, "{heard:?}");
    assert!(heard[0].body.contains("RoleArn=arn%3Aaws%3Aiam%3A%3A210987654321%3Arole%2Fdeploy"), "{:?}", heard[0]);
    assert!(heard[0].signed.contains("Credential=OWNKEY/"));
    assert!(heard[1].uri.starts_with("https://codedeploy.us-east-1."), "{:?}", heard[1]);
    assert!(heard[1].signed.contains("Credential=ROLEKEY/") && heard[1].signed.contains("/us-east-1/codedeploy/"));
    assert!(heard[1].body.contains(r#""key":"job/Bundle""#) && heard[1].body.contains(r#""bucket":"artifacts""#));

    // Without a role of its own the same action is the pipeline's.
    (job.role_arn, job.region) = (None, None);
    let _ = provider.run(job.clone(), &cx("b")).await;
    let own = ear.heard().pop().unwrap();
    assert!(
        own.uri.starts_with("https://codedeploy.eu-central-1.") && own.signed.contains("Credential=OWNKEY/"),
        "{own:?}"
    );
    job.role_arn = Some("deploy".to_owned());
    let outcome = provider.run(job, &cx("c")).await;
    assert!(matches!(outcome, ActionOutcome::Failed { .. }), "{outcome:?}");
    assert_eq!(ear.heard().len(), 3, "a role that is none is not asked for");
}

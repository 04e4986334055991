//! `pipeline_model::client::sdk::CodePipeline`: declarations, which travel as JSON past the SDK's types, and executions.

use aws_call::Fault;
use aws_sdk_codepipeline::{Client, Config};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use pipeline_model::{
    Pipeline,
    client::{
        ActionError, ActionState, ApprovalResult, ApprovalStatus, Executions, GetPipeline, PipelineSummary, Pipelines,
        RetryStage, StageState, StartExecution, StopExecution, sdk::CodePipeline,
    },
};
use serde_json::{Value as Json, json};

use crate::wire::{self, Service};

const EXECUTION: &str = "aaaaaaaa-1111-4222-8333-bbbbbbbbbbbb";
const NO_PIPELINE: &str = "Account '123456789012' does not have a pipeline with name 'shop'";

fn codepipeline(answers: impl IntoIterator<Item = HttpResponse>) -> (CodePipeline, Service) {
    let service = Service::answering(answers);
    let config = Config::builder().with_test_defaults_v2().http_client(service.http()).build();
    (CodePipeline::new(Client::from_conf(config)), service)
}

fn target(operation: &str) -> String {
    format!("CodePipeline_20150709.{operation}")
}

/// A declaration with fields that neither this workspace nor its SDK has heard of, one on each level.
fn declaration(token: &str) -> Json {
    json!({
        "name": "shop",
        "roleArn": "arn:aws:iam::123456789012:role/pipeline",
        "artifactStore": { "type": "S3", "location": "shop-artifacts", "ofTomorrow": 1 },
        "stages": [{
            "name": "Source",
            "ofTomorrow": { "deep": [true, null] },
            "actions": [{
                "name": "GitHub",
                "actionTypeId": { "category": "Source", "owner": "ThirdParty", "provider": "GitHub", "version": "1" },
                "runOrder": 1,
                "configuration": { "Owner": "shop", "Repo": "web", "Branch": "main", "OAuthToken": token },
                "outputArtifacts": [{ "name": "source" }],
                "ofTomorrow": "über",
            }],
        }],
        "version": 3,
        "ofTomorrow": { "enabled": true },
    })
}

fn pipeline(token: &str) -> Pipeline {
    serde_json::from_value(declaration(token)).unwrap()
}

/// What the service answers to a declaration: the same, its secrets hidden.
fn stored() -> HttpResponse {
    wire::ok(json!({ "pipeline": declaration("****") }))
}

#[tokio::test]
async fn get() {
    let (codepipeline, service) = codepipeline([wire::ok(json!({
        "pipeline": declaration("****"),
        "metadata": {
            "pipelineArn": "arn:aws:codepipeline:us-east-1:123456789012:shop",
            "created": 1_700_000_000.25,
            "updated": 1_700_000_060.5,
        },
    }))]);
    let stored = codepipeline.get(&GetPipeline::new("shop").with_version(3)).await.unwrap();
    assert_eq!(stored.pipeline, pipeline("****"));
    assert_eq!(serde_json::to_value(&stored.pipeline).unwrap(), declaration("****"));
    assert_eq!(stored.arn.as_deref(), Some("arn:aws:codepipeline:us-east-1:123456789012:shop"));
    assert_eq!((stored.created, stored.updated), (Some(wire::at(1_700_000_000.25)), Some(wire::at(1_700_000_060.5))));
    service.was_asked(&target("GetPipeline"), json!({ "name": "shop", "version": 3 }));
}

#[tokio::test(start_paused = true)]
async fn get_again() {
    let (codepipeline, service) = codepipeline([wire::unavailable(), stored()]);
    let stored = codepipeline.get(&GetPipeline::new("shop")).await.unwrap();
    // The declaration is that of the last answer.
    assert_eq!(stored.pipeline, pipeline("****"));
    assert_eq!((stored.arn, stored.created, stored.updated), (None, None, None));
    service.was_asked_twice(&target("GetPipeline"), json!({ "name": "shop" }));
}

#[tokio::test]
async fn get_refused() {
    let (codepipeline, service) =
        codepipeline([wire::error(400, "PipelineNotFoundException", NO_PIPELINE), wire::ok(json!({}))]);
    let error = codepipeline.get(&GetPipeline::new("shop")).await.unwrap_err();
    let fault = wire::refused(&error, "GetPipeline", "PipelineNotFoundException", NO_PIPELINE);
    assert_eq!(fault, Fault::NotFound);

    let empty = codepipeline.get(&GetPipeline::new("shop")).await.unwrap_err();
    assert_eq!(empty.to_string(), "GetPipeline failed: the answer holds no declaration");

    // A version beyond the API's numbers must not become "the current one".
    let error = codepipeline.get(&GetPipeline::new("shop").with_version(u32::MAX)).await.unwrap_err();
    assert_eq!((error.fault(), error.http_status()), (Fault::InvalidRequest, None));
    assert_eq!(service.asked().len(), 2);
}

#[tokio::test]
async fn create() {
    let (codepipeline, service) = codepipeline([stored()]);
    let created = codepipeline.create(&pipeline("not-a-real-token")).await.unwrap();
    assert_eq!(created, pipeline("****"));
    // The secret is sent, and so is what nobody here knows.
    service.was_asked(&target("CreatePipeline"), json!({ "pipeline": declaration("not-a-real-token") }));
}

#[tokio::test]
async fn update() {
    let mut next = declaration("****");
    next["version"] = json!(4);
    let (codepipeline, service) = codepipeline([wire::ok(json!({ "pipeline": next }))]);
    let updated = codepipeline.update(&pipeline("****")).await.unwrap();
    assert_eq!(updated.version, Some(4));
    assert_eq!(serde_json::to_value(&updated).unwrap(), next);
    // `****` asks the service to keep what it has.
    service.was_asked(&target("UpdatePipeline"), json!({ "pipeline": declaration("****") }));
}

/// The SDK makes each attempt from the request as it was before the body was put in.
#[tokio::test(start_paused = true)]
async fn declarations_are_sent_again_whole() {
    let body = json!({ "pipeline": declaration("not-a-real-token") });
    let sent = pipeline("not-a-real-token");
    let (create, service) = codepipeline([wire::unavailable(), stored()]);
    assert_eq!(create.create(&sent).await.unwrap(), pipeline("****"));
    service.was_asked_twice(&target("CreatePipeline"), body.clone());
    let (update, service) = codepipeline([wire::unavailable(), stored()]);
    assert_eq!(update.update(&sent).await.unwrap(), pipeline("****"));
    service.was_asked_twice(&target("UpdatePipeline"), body);
}

/// The signature is that of the body that is sent, not of the one that the SDK wrote.
#[tokio::test]
async fn the_signature_covers_the_declaration() {
    let (codepipeline, service) = codepipeline([stored(), stored(), stored()]);
    for token in ["not-a-real-token", "not-a-real-token", "not-a-true-token"] {
        codepipeline.create(&pipeline(token)).await.unwrap();
    }
    let asked = service.asked();
    assert_eq!(asked[0].authorization, asked[1].authorization);
    assert_ne!(asked[0].authorization, asked[2].authorization);
}

#[tokio::test]
async fn declarations_refused() {
    let structure = "Pipeline has no stages";
    let in_use = "A pipeline with name 'shop' already exists";
    let (codepipeline, _) = codepipeline([
        wire::error(400, "InvalidStructureException", structure),
        wire::error(400, "PipelineNameInUseException", in_use),
        wire::error(400, "InvalidStructureException", structure),
    ]);
    let sent = pipeline("not-a-real-token");
    let error = codepipeline.create(&sent).await.unwrap_err();
    let fault = wire::refused(&error, "CreatePipeline", "InvalidStructureException", structure);
    assert_eq!(fault, Fault::InvalidRequest);
    let error = codepipeline.create(&sent).await.unwrap_err();
    let fault = wire::refused(&error, "CreatePipeline", "PipelineNameInUseException", in_use);
    assert_eq!(fault, Fault::AlreadyExists);
    let error = codepipeline.update(&sent).await.unwrap_err();
    wire::refused(&error, "UpdatePipeline", "InvalidStructureException", structure);
    assert!(!format!("{error:?} {error}").contains("not-a-real-token"));
}

#[tokio::test]
async fn list() {
    let page = |names: &[&str], token: Option<&str>| {
        let pipelines: Vec<Json> = names
            .iter()
            .map(|name| json!({ "name": name, "version": 2, "pipelineType": "V2", "created": 1_700_000_000.0 }))
            .collect();
        let mut page = json!({ "pipelines": pipelines });
        if let Some(token) = token {
            page["nextToken"] = json!(token);
        }
        wire::ok(page)
    };
    let (codepipeline, service) = codepipeline([page(&["shop", "web"], Some("more")), page(&["mail"], None)]);
    let pipelines = codepipeline.list().await.unwrap();
    assert_eq!(pipelines, ["shop", "web", "mail"].map(|name| PipelineSummary::new(name, 2)));
    let asked = service.asked();
    assert!(asked.iter().all(|asked| asked.target == target("ListPipelines")));
    assert_eq!((&asked[0].body, &asked[1].body), (&json!({}), &json!({ "nextToken": "more" })));
}

#[tokio::test]
async fn delete() {
    let message = "The pipeline is being changed";
    // The answer of an operation without output has no body at all.
    let (codepipeline, service) =
        codepipeline([wire::response(200, ""), wire::error(400, "ConcurrentModificationException", message)]);
    codepipeline.delete("shop").await.unwrap();
    let error = codepipeline.delete("shop").await.unwrap_err();
    let fault = wire::refused(&error, "DeletePipeline", "ConcurrentModificationException", message);
    assert_eq!(fault, Fault::Conflict);
    for asked in service.asked() {
        assert_eq!((asked.target, asked.body), (target("DeletePipeline"), json!({ "name": "shop" })));
    }
}

#[tokio::test]
async fn start_refused() {
    let message = "Variable names must be unique. The following variable name is already in use: tag";
    let (codepipeline, _) = codepipeline([wire::error(400, "ValidationException", message), wire::ok(json!({}))]);
    let request = StartExecution::new("shop").with_variable("tag", "v1").with_variable("tag", "v2");
    let error = codepipeline.start(&request).await.unwrap_err();
    let fault = wire::refused(&error, "StartPipelineExecution", "ValidationException", message);
    assert_eq!(fault, Fault::InvalidRequest);
    let silent = codepipeline.start(&request).await.unwrap_err();
    assert_eq!(silent.fault(), Fault::Other);
}

#[tokio::test(start_paused = true)]
async fn a_start_is_one_however_often_it_is_sent() {
    let started = || wire::ok(json!({ "pipelineExecutionId": EXECUTION }));
    let request = StartExecution::new("shop").with_variable("tag", "v1").with_client_request_token("once");
    let (named, service) = codepipeline([wire::unavailable(), started()]);
    assert_eq!(named.start(&request).await.unwrap(), EXECUTION);
    service.was_asked_twice(
        &target("StartPipelineExecution"),
        json!({ "name": "shop", "variables": [{ "name": "tag", "value": "v1" }], "clientRequestToken": "once" }),
    );
    // Without a token the SDK makes one, and keeps it for the second attempt.
    let (unnamed, service) = codepipeline([wire::unavailable(), started()]);
    assert_eq!(unnamed.start(&StartExecution::new("shop")).await.unwrap(), EXECUTION);
    service.was_asked_twice(
        &target("StartPipelineExecution"),
        json!({ "name": "shop", "clientRequestToken": "00000000-0000-4000-8000-000000000000" }),
    );
}

#[tokio::test]
async fn state() {
    let (codepipeline, service) = codepipeline([wire::ok(json!({
        "pipelineName": "shop",
        "pipelineVersion": 3,
        "created": 1_700_000_000.0,
        "updated": 1_700_000_060.0,
        "stageStates": [
            {
                "stageName": "Approve",
                "inboundTransitionState": {
                    "enabled": false, "disabledReason": "freeze", "lastChangedBy": "nobody", "lastChangedAt": 1.7e9,
                },
                "inboundExecutions": [{ "pipelineExecutionId": "waits", "status": "InProgress" }],
                "latestExecution": { "pipelineExecutionId": EXECUTION, "status": "InProgress" },
                "actionStates": [{
                    "actionName": "Ask",
                    "latestExecution": {
                        "actionExecutionId": "bbbbbbbb-1111-4222-8333-cccccccccccc",
                        "status": "InProgress",
                        "lastStatusChange": 1.7e9,
                        "token": "not-a-real-token",
                    },
                }],
            },
            {
                "stageName": "Deploy",
                "inboundTransitionState": { "enabled": true },
                "actionStates": [
                    { "actionName": "Never" },
                    {
                        "actionName": "Build",
                        "latestExecution": {
                            "status": "OfTomorrow",
                            "summary": "Build terminated with state: FAILED",
                            "externalExecutionId": "shop:1",
                            "errorDetails": { "code": "JobFailed", "message": "Build failed" },
                        },
                    },
                ],
            },
        ],
    }))]);
    let state = codepipeline.state("shop").await.unwrap();
    assert_eq!((state.name.as_str(), state.version), ("shop", 3));
    assert_eq!(state.approval_token("Approve", "Ask"), Some("not-a-real-token"));
    let mut ask = ActionState::new("Ask");
    ask.status = Some("InProgress".to_owned());
    ask.token = Some("not-a-real-token".to_owned());
    let mut approve = StageState::new("Approve", vec![ask]);
    approve.latest_execution = Some((EXECUTION.to_owned(), "InProgress".to_owned()));
    approve.inbound_enabled = false;
    approve.disabled_reason = Some("freeze".to_owned());
    approve.inbound_executions = vec!["waits".to_owned()];
    let mut build = ActionState::new("Build");
    build.status = Some("OfTomorrow".to_owned());
    build.summary = Some("Build terminated with state: FAILED".to_owned());
    build.external_execution_id = Some("shop:1".to_owned());
    build.error = Some(ActionError::new("JobFailed", "Build failed"));
    let deploy = StageState::new("Deploy", vec![ActionState::new("Never"), build]);
    assert_eq!(state.stages, [approve, deploy]);
    service.was_asked(&target("GetPipelineState"), json!({ "name": "shop" }));
}

#[tokio::test]
async fn state_refused() {
    let (codepipeline, _) = codepipeline([wire::error(400, "PipelineNotFoundException", NO_PIPELINE)]);
    let error = codepipeline.state("shop").await.unwrap_err();
    let fault = wire::refused(&error, "GetPipelineState", "PipelineNotFoundException", NO_PIPELINE);
    assert_eq!(fault, Fault::NotFound);
}

#[tokio::test]
async fn put_approval_result() {
    let message = "The approval action has already been approved or rejected.";
    let (codepipeline, service) = codepipeline([
        wire::ok(json!({ "approvedAt": 1_700_000_000.5 })),
        wire::ok(json!({ "approvedAt": 1_700_000_000 })),
        wire::error(400, "ApprovalAlreadyCompletedException", message),
        wire::ok(json!({})),
    ]);
    let answer = |status| ApprovalResult::new("shop", "Approve", "Ask", "not-a-real-token", status);
    let yes = answer(ApprovalStatus::Approved).with_summary("looks good");
    let no = answer(ApprovalStatus::Rejected);
    assert_eq!(codepipeline.put_approval_result(&yes).await.unwrap(), wire::at(1_700_000_000.5));
    assert_eq!(codepipeline.put_approval_result(&no).await.unwrap(), wire::at(1_700_000_000.0));
    let error = codepipeline.put_approval_result(&no).await.unwrap_err();
    let fault = wire::refused(&error, "PutApprovalResult", "ApprovalAlreadyCompletedException", message);
    assert_eq!(fault, Fault::Conflict);
    assert_eq!(codepipeline.put_approval_result(&no).await.unwrap_err().fault(), Fault::Other);

    let asked = service.asked();
    let body = |result: Json| {
        json!({
            "pipelineName": "shop",
            "stageName": "Approve",
            "actionName": "Ask",
            "token": "not-a-real-token",
            "result": result,
        })
    };
    assert_eq!(asked[0].target, target("PutApprovalResult"));
    assert_eq!(asked[0].body, body(json!({ "summary": "looks good", "status": "Approved" })));
    assert_eq!(asked[1].body, body(json!({ "summary": "", "status": "Rejected" })));
}

#[tokio::test]
async fn stop() {
    let message = "Unable to stop the execution";
    let stopped = || wire::ok(json!({ "pipelineExecutionId": EXECUTION }));
    let (codepipeline, service) =
        codepipeline([stopped(), stopped(), wire::error(400, "PipelineExecutionNotStoppableException", message)]);
    let mut abandon = StopExecution::and_abandon("shop", EXECUTION);
    abandon.reason = Some("wrong tag".to_owned());
    codepipeline.stop(&StopExecution::and_wait("shop", EXECUTION)).await.unwrap();
    codepipeline.stop(&abandon).await.unwrap();
    let error = codepipeline.stop(&abandon).await.unwrap_err();
    let fault = wire::refused(&error, "StopPipelineExecution", "PipelineExecutionNotStoppableException", message);
    assert_eq!(fault, Fault::Conflict);

    let asked = service.asked();
    let mut body = json!({ "pipelineName": "shop", "pipelineExecutionId": EXECUTION, "abandon": false });
    assert_eq!((asked[0].target.as_str(), &asked[0].body), (target("StopPipelineExecution").as_str(), &body));
    body["abandon"] = json!(true);
    body["reason"] = json!("wrong tag");
    assert_eq!(asked[1].body, body);
}

#[tokio::test]
async fn retry() {
    let message = "Unable to retry the stage: it is not in a failed state";
    let (codepipeline, service) = codepipeline([
        wire::ok(json!({ "pipelineExecutionId": EXECUTION })),
        wire::error(400, "StageNotRetryableException", message),
        wire::ok(json!({})),
    ]);
    let request = RetryStage::failed_actions("shop", "Deploy", EXECUTION);
    assert_eq!(codepipeline.retry(&request).await.unwrap(), EXECUTION);
    let error = codepipeline.retry(&request).await.unwrap_err();
    let fault = wire::refused(&error, "RetryStageExecution", "StageNotRetryableException", message);
    assert_eq!(fault, Fault::Conflict);
    assert_eq!(codepipeline.retry(&request).await.unwrap_err().fault(), Fault::Other);
    for asked in service.asked() {
        assert_eq!(asked.target, target("RetryStageExecution"));
        let body = json!({
            "pipelineName": "shop",
            "stageName": "Deploy",
            "pipelineExecutionId": EXECUTION,
            "retryMode": "FAILED_ACTIONS",
        });
        assert_eq!(asked.body, body);
    }
}

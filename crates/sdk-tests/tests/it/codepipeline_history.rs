//! `pipeline_model::client::sdk::CodePipeline`: the history of executions, and steering them.

use aws_call::Fault;
use aws_sdk_codepipeline::{Client, Config};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use pipeline_model::{
    ActionTypeId,
    client::{
        ActionError, ActionStatus, Direction, DisableTransition, ExecutionStatus, Executions, History, ListExecutions,
        RollbackStage, SourceRevision, StartExecution, Transitions, sdk::CodePipeline,
    },
    model::ExecutionMode,
};
use serde_json::{Value as Json, json};

use crate::wire::{self, Service};

const EXECUTION: &str = "aaaaaaaa-1111-4222-8333-bbbbbbbbbbbb";
const TARGET: &str = "aaaaaaaa-1111-4222-8333-cccccccccccc";

fn codepipeline(answers: impl IntoIterator<Item = HttpResponse>) -> (CodePipeline, Service) {
    let service = Service::answering(answers);
    let config = Config::builder().with_test_defaults_v2().http_client(service.http()).build();
    (CodePipeline::new(Client::from_conf(config)), service)
}

fn target(operation: &str) -> String {
    format!("CodePipeline_20150709.{operation}")
}

#[tokio::test]
async fn execution() {
    let (codepipeline, service) = codepipeline([wire::ok(json!({ "pipelineExecution": {
        "pipelineName": "shop",
        "pipelineVersion": 3,
        "pipelineExecutionId": EXECUTION,
        "status": "OfTomorrow",
        "statusSummary": "because",
        "variables": [{ "name": "tag", "resolvedValue": "v1" }],
        "trigger": { "triggerType": "WebhookV2", "triggerDetail": "{}" },
        "executionMode": "QUEUED",
        "executionType": "ROLLBACK",
        "rollbackMetadata": { "rollbackTargetPipelineExecutionId": TARGET },
    } }))]);
    let found = codepipeline.execution("shop", EXECUTION).await.unwrap();
    assert_eq!((found.id.as_str(), found.version), (EXECUTION, Some(3)));
    assert_eq!(found.status, ExecutionStatus::Unknown("OfTomorrow".to_owned()));
    assert!(!found.status.is_final());
    assert_eq!((found.summary.as_deref(), found.variables["tag"].as_str()), (Some("because"), "v1"));
    let by = found.started_by.unwrap();
    assert_eq!((by.kind.as_str(), by.detail.as_deref()), ("WebhookV2", Some("{}")));
    assert_eq!((found.mode, found.rollback_of.as_deref()), (Some(ExecutionMode::Queued), Some(TARGET)));
    service.was_asked(
        &target("GetPipelineExecution"),
        json!({ "pipelineName": "shop", "pipelineExecutionId": EXECUTION }),
    );
}

#[tokio::test]
async fn execution_refused() {
    let message = "Could not find pipeline execution";
    let (codepipeline, _) =
        codepipeline([wire::error(400, "PipelineExecutionNotFoundException", message), wire::ok(json!({}))]);
    let error = codepipeline.execution("shop", EXECUTION).await.unwrap_err();
    let fault = wire::refused(&error, "GetPipelineExecution", "PipelineExecutionNotFoundException", message);
    assert_eq!(fault, Fault::NotFound);
    // An answer that says nothing is no success.
    let silent = codepipeline.execution("shop", EXECUTION).await.unwrap_err();
    assert_eq!(silent.fault(), Fault::Other);
}

#[tokio::test]
async fn executions() {
    let summary = |id: &str, status: &str| {
        json!({
            "pipelineExecutionId": id, "status": status, "startTime": 1_700_000_000.5, "lastUpdateTime": 1_700_000_060.0,
            "stopTrigger": { "reason": "lunch" },
        })
    };
    let page = |summaries: Vec<Json>, more: Option<&str>| {
        let mut page = json!({ "pipelineExecutionSummaries": summaries });
        if let Some(more) = more {
            page["nextToken"] = json!(more);
        }
        wire::ok(page)
    };
    let (codepipeline, service) = codepipeline([
        page(vec![summary("1", "Superseded"), summary("2", "Stopped")], Some("more")),
        page(vec![summary("3", "Failed"), summary("4", "Failed")], Some("never asked")),
    ]);
    let request = ListExecutions::new("shop", 3).succeeded_in_stage("Deploy");
    let found = codepipeline.executions(&request).await.unwrap();
    assert_eq!(found.iter().map(|execution| execution.id.as_str()).collect::<Vec<_>>(), ["1", "2", "3"]);
    assert_eq!(found[0].status, ExecutionStatus::Superseded);
    assert_eq!(found[1].stop_reason.as_deref(), Some("lunch"));
    assert_eq!(
        (found[0].started, found[0].updated),
        (Some(wire::at(1_700_000_000.5)), Some(wire::at(1_700_000_060.0)))
    );
    let asked = service.asked();
    let body = json!({
        "pipelineName": "shop", "maxResults": 3, "filter": { "succeededInStage": { "stageName": "Deploy" } },
    });
    assert_eq!((&asked[0].target, &asked[0].body), (&target("ListPipelineExecutions"), &body));
    assert_eq!(asked[1].body["nextToken"], json!("more"));
}

#[tokio::test]
async fn action_executions() {
    let (codepipeline, service) = codepipeline([wire::ok(json!({ "actionExecutionDetails": [{
        "pipelineExecutionId": EXECUTION,
        "actionExecutionId": "run-1",
        "pipelineVersion": 3,
        "stageName": "Build",
        "actionName": "Image",
        "startTime": 1_700_000_000.0,
        "lastUpdateTime": 1_700_000_060.0,
        "updatedBy": "arn:aws:iam::123456789012:user/somebody",
        "status": "Failed",
        "input": {
            "actionTypeId": { "category": "Build", "owner": "AWS", "provider": "CodeBuild", "version": "1" },
            "configuration": { "ProjectName": "#{variables.project}" },
            "resolvedConfiguration": { "ProjectName": "shop" },
        },
        "output": {
            "executionResult": {
                "externalExecutionId": "shop:1",
                "externalExecutionSummary": "Build terminated with state: FAILED",
                "externalExecutionUrl": "https://console.aws.amazon.com/codebuild/home",
                "errorDetails": { "code": "JobFailed", "message": "Build terminated" },
                "logStreamARN": "arn:aws:logs:us-east-1:123456789012:log-group:g:log-stream:s",
            },
            "outputVariables": { "TAG": "v1" },
        },
    }, { "actionExecutionId": "run-0", "status": "OfTomorrow" }] }))]);
    let found = codepipeline.action_executions("shop", EXECUTION).await.unwrap();
    let run = &found[0];
    assert_eq!((run.id.as_str(), run.execution_id.as_str()), ("run-1", EXECUTION));
    assert_eq!((run.stage.as_str(), run.action.as_str()), ("Build", "Image"));
    assert_eq!(run.status, ActionStatus::Failed);
    assert_eq!(run.action_type, Some(ActionTypeId::new("Build", "AWS", "CodeBuild", "1")));
    assert_eq!(run.configuration["ProjectName"], "shop");
    assert_eq!(run.external_id.as_deref(), Some("shop:1"));
    assert_eq!(run.external_url.as_deref(), Some("https://console.aws.amazon.com/codebuild/home"));
    assert_eq!(run.error, Some(ActionError::new("JobFailed", "Build terminated")));
    assert_eq!(run.reason(), Some("Build terminated"));
    assert_eq!(run.output_variables["TAG"], "v1");
    assert!(run.log_stream_arn.is_some() && run.updated_by.is_some());
    assert_eq!(found[1].status, ActionStatus::Unknown("OfTomorrow".to_owned()));
    service.was_asked(
        &target("ListActionExecutions"),
        json!({ "pipelineName": "shop", "filter": { "pipelineExecutionId": EXECUTION }, "maxResults": 100 }),
    );
}

#[tokio::test]
async fn rollback() {
    let message = "Cannot start rollback while the stage is in progress";
    let (codepipeline, service) = codepipeline([
        wire::ok(json!({ "pipelineExecutionId": EXECUTION })),
        wire::error(400, "UnableToRollbackStageException", message),
    ]);
    let request = RollbackStage::new("shop", "Deploy", TARGET);
    assert_eq!(codepipeline.rollback(&request).await.unwrap(), EXECUTION);
    let error = codepipeline.rollback(&request).await.unwrap_err();
    let fault = wire::refused(&error, "RollbackStage", "UnableToRollbackStageException", message);
    assert_eq!(fault, Fault::Conflict);
    let body = json!({ "pipelineName": "shop", "stageName": "Deploy", "targetPipelineExecutionId": TARGET });
    for asked in service.asked() {
        assert_eq!((asked.target, asked.body), (target("RollbackStage"), body.clone()));
    }
}

#[tokio::test]
async fn transitions() {
    let message = "The stage Nowhere does not exist";
    let (codepipeline, service) = codepipeline([
        wire::response(200, ""),
        wire::response(200, ""),
        wire::error(400, "StageNotFoundException", message),
    ]);
    codepipeline.disable(&DisableTransition::into_stage("shop", "Deploy", "freeze")).await.unwrap();
    codepipeline.enable("shop", "Deploy", Direction::Outbound).await.unwrap();
    let error = codepipeline.enable("shop", "Nowhere", Direction::Inbound).await.unwrap_err();
    let fault = wire::refused(&error, "EnableStageTransition", "StageNotFoundException", message);
    assert_eq!(fault, Fault::NotFound);
    let asked = service.asked();
    assert_eq!(asked[0].target, target("DisableStageTransition"));
    assert_eq!(
        asked[0].body,
        json!({ "pipelineName": "shop", "stageName": "Deploy", "transitionType": "Inbound", "reason": "freeze" })
    );
    assert_eq!(asked[1].target, target("EnableStageTransition"));
    assert_eq!(asked[1].body, json!({ "pipelineName": "shop", "stageName": "Deploy", "transitionType": "Outbound" }));
}

#[tokio::test]
async fn a_start_names_its_revisions() {
    let (codepipeline, service) = codepipeline([wire::ok(json!({ "pipelineExecutionId": EXECUTION }))]);
    let request = StartExecution::new("shop")
        .with_client_request_token("once")
        .with_source_revision(SourceRevision::new("Source", "COMMIT_ID", "abc"));
    assert_eq!(codepipeline.start(&request).await.unwrap(), EXECUTION);
    service.was_asked(
        &target("StartPipelineExecution"),
        json!({
            "name": "shop",
            "clientRequestToken": "once",
            "sourceRevisions": [{ "actionName": "Source", "revisionType": "COMMIT_ID", "revisionValue": "abc" }],
        }),
    );
}

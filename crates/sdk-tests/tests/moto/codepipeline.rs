//! `pipeline_model::client::sdk::CodePipeline`. Moto keeps declarations whole, and lets executions succeed at once.
//!
//! Left out: secrets, which moto gives back as they are, and versions of the past, which it does not keep.

use aws_call::Fault;
use aws_sdk_codepipeline::Client;
use pipeline_model::{
    Pipeline,
    client::{
        Direction, ExecutionStatus, Executions as _, GetPipeline, History as _, ListExecutions, PipelineSummary,
        Pipelines as _, RetryStage, RollbackStage, StartExecution, StopExecution, Transitions as _, Webhooks as _,
        sdk::CodePipeline,
    },
};
use serde_json::{Value as Json, json};

use crate::server::{ACCOUNT, Moto, is_missing, is_refused};

/// A declaration in which nothing is left to defaults, with fields that neither this workspace nor its SDK has heard of.
fn declaration(role: &str) -> Json {
    json!({
        "name": "shop",
        "roleArn": role,
        "artifactStore": { "type": "S3", "location": "shop-artifacts", "ofTomorrow": 1 },
        "stages": [
            {
                "name": "Source",
                "actions": [{
                    "name": "Bucket",
                    "actionTypeId": { "category": "Source", "owner": "AWS", "provider": "S3", "version": "1" },
                    "runOrder": 1,
                    "configuration": { "S3Bucket": "shop-source", "S3ObjectKey": "web.zip" },
                    "inputArtifacts": [],
                    "outputArtifacts": [{ "name": "source" }],
                    "ofTomorrow": "über",
                }],
            },
            {
                "name": "Release",
                "ofTomorrow": { "deep": [true, null] },
                "actions": [{
                    "name": "Approve",
                    "actionTypeId": { "category": "Approval", "owner": "AWS", "provider": "Manual", "version": "1" },
                    "runOrder": 1,
                    "configuration": {},
                    "inputArtifacts": [],
                    "outputArtifacts": [],
                }],
            },
        ],
        "version": 1,
        "pipelineType": "V2",
        "executionMode": "QUEUED",
        "variables": [{ "name": "Colour", "defaultValue": "green" }],
    })
}

fn pipeline(declaration: &Json) -> Pipeline {
    serde_json::from_value(declaration.clone()).unwrap()
}

fn json_of(pipeline: &Pipeline) -> Json {
    serde_json::to_value(pipeline).unwrap()
}

#[tokio::test]
async fn declarations_come_back_as_they_were_sent() {
    let moto = Moto::start();
    let codepipeline = CodePipeline::new(Client::new(&moto.config()));
    let declared = declaration(&moto.role("pipeline", "codepipeline.amazonaws.com").await);
    let created = codepipeline.create(&pipeline(&declared)).await.unwrap();
    assert_eq!(json_of(&created), declared);
    assert_eq!(codepipeline.list().await.unwrap(), [PipelineSummary::new("shop", 1)]);

    let stored = codepipeline.get(&GetPipeline::new("shop")).await.unwrap();
    assert_eq!(json_of(&stored.pipeline), declared);
    assert_eq!(stored.arn.as_deref(), Some(format!("arn:aws:codepipeline:us-east-1:{ACCOUNT}:shop").as_str()));
    assert!(stored.created.is_some() && stored.updated >= stored.created);

    let mut next = declared;
    next["stages"][1]["name"] = json!("Approval");
    let updated = codepipeline.update(&pipeline(&next)).await.unwrap();
    // The service counts, whatever was sent.
    next["version"] = json!(2);
    assert_eq!(json_of(&updated), next);
    let stored = codepipeline.get(&GetPipeline::new("shop")).await.unwrap();
    assert_eq!(json_of(&stored.pipeline), next);
    assert!(stored.updated >= stored.created);
    assert_eq!(codepipeline.list().await.unwrap(), [PipelineSummary::new("shop", 2)]);

    let start = StartExecution::new("shop").with_variable("Colour", "blue");
    let (first, second) = (codepipeline.start(&start).await.unwrap(), codepipeline.start(&start).await.unwrap());
    assert!(!first.is_empty() && first != second);
    // Moto lets every execution succeed at once.
    let found = codepipeline.execution("shop", &first).await.unwrap();
    assert_eq!((found.id.as_str(), found.status), (first.as_str(), ExecutionStatus::Succeeded));
    let listed = codepipeline.executions(&ListExecutions::new("shop", 10)).await.unwrap();
    let mut ids: Vec<_> = listed.iter().map(|execution| execution.id.as_str()).collect();
    let mut started = vec![first.as_str(), second.as_str()];
    ids.sort_unstable();
    started.sort_unstable();
    assert_eq!(ids, started);

    codepipeline.delete("shop").await.unwrap();
    assert_eq!(codepipeline.list().await.unwrap(), []);
    // One that does not exist is no error.
    codepipeline.delete("shop").await.unwrap();
}

#[tokio::test]
async fn what_is_refused_or_not_there_is_an_error() {
    let moto = Moto::start();
    let codepipeline = CodePipeline::new(Client::new(&moto.config()));
    let nobody = declaration(&format!("arn:aws:iam::{ACCOUNT}:role/nobody"));
    let answer = codepipeline.create(&pipeline(&nobody)).await;
    let error = is_refused(answer, "CreatePipeline", "InvalidStructureException");
    assert_eq!(error.fault(), Fault::InvalidRequest);
    let declared = declaration(&moto.role("pipeline", "codepipeline.amazonaws.com").await);
    codepipeline.create(&pipeline(&declared)).await.unwrap();
    // Of CodePipeline: `PipelineNameInUseException`.
    let answer = codepipeline.create(&pipeline(&declared)).await;
    is_refused(answer, "CreatePipeline", "InvalidStructureException");

    let mut other = declared;
    other["name"] = json!("cart");
    let answer = codepipeline.get(&GetPipeline::new("cart")).await;
    let error = is_refused(answer, "GetPipeline", "PipelineNotFoundException");
    assert_eq!(error.fault(), Fault::NotFound);
    // Of CodePipeline: `PipelineNotFoundException`.
    let answer = codepipeline.update(&pipeline(&other)).await;
    let error = is_refused(answer, "UpdatePipeline", "ResourceNotFoundException");
    assert_eq!(error.fault(), Fault::NotFound);
    let answer = codepipeline.start(&StartExecution::new("cart")).await;
    is_refused(answer, "StartPipelineExecution", "PipelineNotFoundException");

    // Operations that moto does not have.
    is_missing(codepipeline.state("shop").await, "GetPipelineState");
    let id = "00000000-0000-4000-8000-000000000000";
    is_missing(codepipeline.stop(&StopExecution::and_wait("shop", id)).await, "StopPipelineExecution");
    is_missing(codepipeline.action_executions("shop", id).await, "ListActionExecutions");
    is_missing(codepipeline.rollback(&RollbackStage::new("shop", "Release", id)).await, "RollbackStage");
    is_missing(codepipeline.enable("shop", "Release", Direction::Inbound).await, "EnableStageTransition");
    is_missing(codepipeline.list_webhooks().await, "ListWebhooks");
    is_missing(codepipeline.retry(&RetryStage::failed_actions("shop", "Source", id)).await, "RetryStageExecution");
}

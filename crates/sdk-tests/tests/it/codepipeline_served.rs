//! Pipelines of this machine behind the endpoint, asked by the SDK: one way to the runner is its handle, the other one the
//! wire, the SDK and the adapter, and both must tell the same story.

use aws_config::{BehaviorVersion, Region, SdkConfig, retry::RetryConfig};
use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use aws_sdk_codepipeline::Client;
use aws_sdk_codepipeline::error::ProvideErrorMetadata as _;
use aws_sdk_codepipeline::types::{
    ActionExecutionStatus, ExecutionType, PipelineExecutionStatus, StageTransitionType, StartTimeRange,
};
use pipeline_model::client::{
    ApprovalResult, ApprovalStatus, Executions as _, GetPipeline, Pipelines as _, RetryStage, StartExecution,
    StopExecution, sdk::CodePipeline,
};
use pipeline_model::model::Pipeline;
use pipeline_runner::Host;
use pipeline_runner::core::{StageStatus, State};

use crate::served::{endpoint, shop};

fn client(url: &str) -> Client {
    #[allow(deprecated, reason = "the last version that asks no proxy: what is said here stays on this machine")]
    let behaviour = BehaviorVersion::v2025_01_17();
    let config = SdkConfig::builder()
        .behavior_version(behaviour)
        .region(Region::from_static("us-east-1"))
        .credentials_provider(SharedCredentialsProvider::new(Credentials::for_tests()))
        .endpoint_url(url)
        .retry_config(RetryConfig::disabled())
        .build();
    Client::new(&config)
}

/// Waits until the last execution of the pipeline is in a stage, with this status there.
async fn until_in(host: &Host, stage: &'static str, status: StageStatus) {
    let look = move |state: &State| {
        let execution = state.executions.last()?;
        let there = execution.stages.last().is_some_and(|run| run.name == stage && run.status == status);
        (there || execution.status.is_terminal()).then_some((there, execution.status))
    };
    let mut notices = host.subscribe();
    loop {
        if let Some((there, ended)) = host.read("shop", look).await.unwrap() {
            assert!(there, "it ended before `{stage}` was {status:?}: {ended:?}");
            return;
        }
        notices.recv().await.unwrap();
    }
}

#[tokio::test]
async fn the_adapter_and_the_handle_tell_the_same_story() {
    let (host, server, _workspace) = endpoint().await;
    let service = CodePipeline::new(client(&server.url()));
    let declared: Pipeline = serde_json::from_value(shop()).unwrap();
    let created = service.create(&declared).await.unwrap();
    assert_eq!(created, declared);
    assert_eq!(service.create(&declared).await.unwrap_err().code(), Some("PipelineNameInUseException"));
    let stored = service.get(&GetPipeline::new("shop")).await.unwrap();
    assert_eq!(
        (&stored.pipeline, stored.arn.as_deref()),
        (&declared, Some("arn:aws:codepipeline:us-east-1:123456789012:shop"))
    );
    assert_eq!(service.list().await.unwrap()[0].version, 1);

    // The execution that the creation has started.
    until_in(&host, "Gate", StageStatus::InProgress).await;
    let state = service.state("shop").await.unwrap();
    let token = state.approval_token("Gate", "Release").unwrap().to_owned();
    let answer = |token: &str, status| ApprovalResult::new("shop", "Gate", "Release", token, status);
    let wrong = service.put_approval_result(&answer("nope", ApprovalStatus::Approved)).await.unwrap_err();
    assert_eq!(wrong.code(), Some("InvalidApprovalTokenException"));
    service.put_approval_result(&answer(&token, ApprovalStatus::Approved).with_summary("fine")).await.unwrap();
    until_in(&host, "Ship", StageStatus::Succeeded).await;
    let again = service.put_approval_result(&answer(&token, ApprovalStatus::Approved)).await.unwrap_err();
    assert_eq!(again.code(), Some("ApprovalAlreadyCompletedException"));

    // One that fails, is retried, and stopped.
    let start = StartExecution::new("shop").with_variable("Fails", "yes").with_client_request_token("t-1");
    let id = service.start(&start).await.unwrap();
    assert_eq!(service.start(&start).await.unwrap(), id);
    until_in(&host, "Gate", StageStatus::InProgress).await;
    let token = service.state("shop").await.unwrap().approval_token("Gate", "Release").unwrap().to_owned();
    service.put_approval_result(&answer(&token, ApprovalStatus::Approved)).await.unwrap();
    until_in(&host, "Ship", StageStatus::Failed).await;
    let state = service.state("shop").await.unwrap();
    let shown: Vec<_> = state.stages.iter().map(|stage| stage.latest_execution.clone().unwrap()).collect();
    assert_eq!(shown[2], (id.clone(), "Failed".to_owned()));
    assert_eq!(service.retry(&RetryStage::failed_actions("shop", "Ship", &id)).await.unwrap(), id);
    host.finished("shop", &id).await.unwrap();
    let retry = service.retry(&RetryStage::failed_actions("shop", "Gate", &id)).await.unwrap_err();
    assert_eq!(retry.code(), Some("StageNotRetryableException"));
    let over = service.stop(&StopExecution::and_wait("shop", &id)).await.unwrap_err();
    assert_eq!(over.code(), Some("PipelineExecutionNotStoppableException"));
    let id = service.start(&StartExecution::new("shop")).await.unwrap();
    service.stop(&StopExecution::and_abandon("shop", &id)).await.unwrap();
    host.finished("shop", &id).await.unwrap();

    let updated = service.update(&declared).await.unwrap();
    assert_eq!(updated.version, Some(2));
    service.delete("shop").await.unwrap();
    assert_eq!(service.state("shop").await.unwrap_err().code(), Some("PipelineNotFoundException"));
}

/// What the adapter does not use, as the SDK itself understands it.
#[tokio::test]
async fn the_sdk_reads_lists_and_rollbacks() {
    let (host, server, _workspace) = endpoint().await;
    host.put(serde_json::from_value(shop()).unwrap()).await.unwrap();
    let client = client(&server.url());
    let id = client.start_pipeline_execution().name("shop").send().await.unwrap().pipeline_execution_id.unwrap();
    until_in(&host, "Gate", StageStatus::InProgress).await;
    let mut pages = client.list_action_executions().pipeline_name("shop").max_results(1).into_paginator().send();
    let mut runs = Vec::new();
    while let Some(page) = pages.next().await {
        runs.extend(page.unwrap().action_execution_details.unwrap_or_default());
    }
    let shown: Vec<_> = runs.iter().map(|run| (run.action_name().unwrap(), run.status().unwrap().clone())).collect();
    assert_eq!(shown, [("Release", ActionExecutionStatus::InProgress), ("Checkout", ActionExecutionStatus::Succeeded)]);
    let output = runs[1].output().unwrap().output_artifacts();
    assert_eq!(output[0].s3_location().unwrap().bucket(), Some("shop-artifacts"));
    let filter = aws_sdk_codepipeline::types::LatestInPipelineExecutionFilter::builder()
        .pipeline_execution_id(&id)
        .start_time_range(StartTimeRange::Latest)
        .build()
        .unwrap();
    let filter = aws_sdk_codepipeline::types::ActionExecutionFilter::builder().latest_in_pipeline_execution(filter);
    let latest = client.list_action_executions().pipeline_name("shop").filter(filter.build()).send().await.unwrap();
    assert_eq!(latest.action_execution_details().len(), 2);

    // Back to what this execution did in its first stage, while it waits in the second.
    let back = client.rollback_stage().pipeline_name("shop").stage_name("Source").target_pipeline_execution_id(&id);
    let back = back.send().await.unwrap().pipeline_execution_id;
    host.finished("shop", &back).await.unwrap();
    let got = client.get_pipeline_execution().pipeline_name("shop").pipeline_execution_id(&back).send().await.unwrap();
    let got = got.pipeline_execution.unwrap();
    assert_eq!(
        (got.status(), got.execution_type()),
        (Some(&PipelineExecutionStatus::Succeeded), Some(&ExecutionType::Rollback))
    );
    assert_eq!(got.rollback_metadata().unwrap().rollback_target_pipeline_execution_id(), Some(id.as_str()));
    let mut pages =
        client.list_pipeline_executions().pipeline_name("shop").max_results(1).into_paginator().items().send();
    let mut ids = Vec::new();
    while let Some(one) = pages.next().await {
        ids.extend(one.unwrap().pipeline_execution_id);
    }
    assert_eq!(ids, [back, id]);

    let disable = client.disable_stage_transition().pipeline_name("shop").stage_name("Ship").reason("freeze");
    disable.transition_type(StageTransitionType::Inbound).send().await.unwrap();
    let state = client.get_pipeline_state().name("shop").send().await.unwrap();
    let entry = state.stage_states()[2].inbound_transition_state().unwrap();
    assert_eq!((entry.enabled(), entry.disabled_reason()), (false, Some("freeze")));
    assert_eq!(state.created().unwrap().secs(), 1_700_000_000);
    let refused = client.enable_stage_transition().pipeline_name("shop").stage_name("Nope");
    let refused = refused.transition_type(StageTransitionType::Inbound).send().await.unwrap_err();
    assert!(refused.as_service_error().unwrap().is_stage_not_found_exception(), "{:?}", refused.code());
}

//! The in-memory service refuses, counts, hides and binds as the real one does.

use std::sync::Arc;

use aws_call::{Fault, ManualClock, SequenceIds};
use pipeline_model::client::memory::MemoryCodePipeline;
use pipeline_model::client::{
    ApprovalResult, ApprovalStatus, Executions, GetPipeline, Pipelines, RetryStage, StartExecution, StopExecution,
};
use pipeline_model::model::{PipelineType, VariableDeclaration};
use pipeline_model::{Action, ActionTypeId, Pipeline, Stage, conformance};

fn service() -> MemoryCodePipeline {
    MemoryCodePipeline::new(ManualClock::at_epoch_secs(1_700_000_000), SequenceIds::new(7))
}

fn shop() -> Pipeline {
    let mut pipeline = Pipeline::new("shop", "arn:aws:iam::123456789012:role/pipeline");
    pipeline.artifact_store = Some(pipeline_model::model::ArtifactStore::s3("shop-artifacts"));
    let source = Action::new("Source", ActionTypeId::new("Source", "ThirdParty", "GitHub", "1"))
        .with_output("Code")
        .with_config("Owner", "harbour")
        .with_config("Repo", "shop")
        .with_config("Branch", "main")
        .with_config("OAuthToken", "first-token");
    let approve = Action::new("Approve", ActionTypeId::new("Approval", "AWS", "Manual", "1"));
    let build = Action::new("Build", ActionTypeId::new("Build", "AWS", "CodeBuild", "1"))
        .with_input("Code")
        .with_run_order(2)
        .with_config("ProjectName", "shop-build");
    pipeline.stages.push(Stage::new("Source").with_action(source));
    pipeline.stages.push(Stage::new("Build").with_action(approve).with_action(build));
    pipeline
}

#[tokio::test]
async fn the_memory_service_passes_the_suite() {
    conformance::pipelines(&service(), &shop()).await.unwrap();
    // Behind an `Arc` it is a client as well.
    let shared: Arc<dyn Pipelines> = Arc::new(service());
    conformance::pipelines(&shared, &shop()).await.unwrap();
}

type Change = fn(&mut Pipeline);

#[tokio::test]
async fn declarations_are_refused_with_class_and_message() {
    let table: [(&str, Change, &str, &str); 7] = [
        (
            "one stage",
            |p| p.stages.truncate(1),
            "InvalidStructureException",
            "Pipeline has only 1 stage(s). There should be a minimum of 2 stages in a pipeline",
        ),
        (
            "stage names",
            |p| p.stages[1].name = "Source".into(),
            "InvalidStageDeclarationException",
            "Stage name 'Source' is used more than once",
        ),
        (
            "unknown key",
            |p| {
                p.stages[1].actions[1].configuration.insert("Unknown".into(), "x".into());
            },
            "InvalidActionDeclarationException",
            "Action configuration for action 'Build' contains unknown configuration 'Unknown'",
        ),
        (
            "missing key",
            |p| p.stages[1].actions[1].configuration.clear(),
            "InvalidActionDeclarationException",
            "Action configuration for action 'Build' is missing required configuration 'ProjectName'",
        ),
        (
            "artifact",
            |p| p.stages[1].actions[1].input_artifacts[0].name = "Cod".into(),
            "InvalidActionDeclarationException",
            "Input Artifact Bundle Cod in action Build is not declared as Output Artifact Bundle in any of the preceding actions",
        ),
        (
            "variables",
            |p| p.variables.push(VariableDeclaration::required("X")),
            "InvalidStructureException",
            "Pipeline variable can only be used with V2 pipelines",
        ),
        (
            "run order",
            |p| p.stages[1].actions[1].run_order = Some(1000),
            "ValidationException",
            "Value at 'pipeline.stages.2.member.actions.2.member.runOrder' failed to satisfy constraint: Member must have value less than or equal to 999",
        ),
    ];
    for (what, change, class, message) in table {
        let mut pipeline = shop();
        change(&mut pipeline);
        let error = service().create(&pipeline).await.unwrap_err();
        assert_eq!((error.code(), error.message()), (Some(class), Some(message)), "{what}");
    }
}

#[tokio::test]
async fn secrets_come_back_masked_and_survive_their_mask() {
    let service = service();
    service.create(&shop()).await.unwrap();
    let got = service.get(&GetPipeline::new("shop")).await.unwrap();
    let token = |pipeline: &Pipeline| pipeline.stages[0].actions[0].config("OAuthToken").unwrap().to_owned();
    assert_eq!(token(&got.pipeline), "****");
    assert_eq!(got.pipeline.stages[1].actions[0].run_order, Some(1));
    assert_eq!(got.arn.as_deref(), Some("arn:aws:codepipeline:us-east-1:123456789012:shop"));
    let updated = service.update(&got.pipeline).await.unwrap();
    assert_eq!((updated.version, token(&updated).as_str()), (Some(2), "****"));
    let debug = format!("{service:?} {updated:?}");
    assert!(!debug.contains("first-token"));
}

#[tokio::test]
async fn an_update_without_a_type_keeps_v2() {
    let service = service();
    let mut pipeline = shop();
    pipeline.pipeline_type = Some(PipelineType::V2);
    pipeline.variables.push(VariableDeclaration::with_default("Stage", "test"));
    service.create(&pipeline).await.unwrap();
    pipeline.pipeline_type = None;
    let updated = service.update(&pipeline).await.unwrap();
    assert_eq!(updated.pipeline_type, Some(PipelineType::V2));
}

#[tokio::test]
async fn starts_bind_variables_and_know_their_token() {
    let service = service();
    let mut pipeline = shop();
    pipeline.pipeline_type = Some(PipelineType::V2);
    pipeline.variables.push(VariableDeclaration::with_default("Stage", "test"));
    pipeline.variables.push(VariableDeclaration::required("Who"));
    service.create(&pipeline).await.unwrap();

    let start = StartExecution::new("shop").with_variable("Who", "me").with_client_request_token("t-1");
    let first = service.start(&start).await.unwrap();
    // The token alone decides, whatever else differs.
    let again = StartExecution::new("shop").with_variable("Who", "you").with_client_request_token("t-1");
    assert_eq!(service.start(&again).await.unwrap(), first);
    let execution = service.execution("shop", &first).unwrap();
    assert_eq!((execution.variables["Stage"].as_str(), execution.variables["Who"].as_str()), ("test", "me"));

    let twice = again.with_variable("Who", "x");
    let error = service.start(&twice).await.unwrap_err();
    assert_eq!(
        error.message(),
        Some("Variable names must be unique. The following variable name is already in use: Who")
    );
    let error = service.start(&StartExecution::new("shop").with_variable("Nobody", "x")).await.unwrap_err();
    assert_eq!(error.code(), Some("ValidationException"));

    // A missing required variable is no error of the call: the execution fails at once.
    let failed = service.start(&StartExecution::new("shop")).await.unwrap();
    let execution = service.execution("shop", &failed).unwrap();
    assert_eq!(execution.status, "Failed");
    assert_eq!(execution.summary.as_deref(), Some("Values for required variables haven't been provided: Who"));

    let error = service.start(&StartExecution::new("nowhere")).await.unwrap_err();
    assert_eq!(error.message(), Some("Account '123456789012' does not have a pipeline with name 'nowhere'"));
    assert_eq!(error.fault(), Fault::NotFound);
}

#[tokio::test]
async fn approvals_need_the_right_token_once() {
    let service = service();
    service.create(&shop()).await.unwrap();
    assert_eq!(service.open_approval("shop", "Build", "Build"), None);
    let token = service.open_approval("shop", "Build", "Approve").unwrap();
    let state = service.state("shop").await.unwrap();
    assert_eq!(state.approval_token("Build", "Approve"), Some(token.as_str()));
    let answer = |token: &str| ApprovalResult::new("shop", "Build", "Approve", token, ApprovalStatus::Approved);
    let error = service.put_approval_result(&answer("other")).await.unwrap_err();
    assert_eq!(error.code(), Some("InvalidApprovalTokenException"));
    service.put_approval_result(&answer(&token)).await.unwrap();
    let error = service.put_approval_result(&answer(&token)).await.unwrap_err();
    assert_eq!(error.code(), Some("ApprovalAlreadyCompletedException"));
    // An update makes a waiting request stale.
    let token = service.open_approval("shop", "Build", "Approve").unwrap();
    service.update(&shop()).await.unwrap();
    let error = service.put_approval_result(&answer(&token)).await.unwrap_err();
    assert_eq!(
        error.message(),
        Some("The pipeline shop has been updated, and the approval request you responded to is now out of date.")
    );
    assert_eq!(service.state("shop").await.unwrap().approval_token("Build", "Approve"), None);
}

#[tokio::test]
async fn stops_follow_the_table() {
    let service = service();
    service.create(&shop()).await.unwrap();
    let id = service.start(&StartExecution::new("shop")).await.unwrap();
    let wait = StopExecution::and_wait("shop", &id);
    let abandon = StopExecution::and_abandon("shop", &id);
    service.stop(&wait).await.unwrap();
    let error = service.stop(&wait).await.unwrap_err();
    assert_eq!(error.code(), Some("DuplicatedStopRequestException"));
    service.stop(&abandon).await.unwrap();
    let error = service.stop(&abandon).await.unwrap_err();
    assert_eq!(error.code(), Some("PipelineExecutionNotStoppableException"));
    assert!(!service.finish("shop", &id, "Succeeded"), "a stopped execution stays stopped");
}

#[tokio::test]
async fn what_is_not_simulated_is_not_pretended() {
    let service = service();
    service.create(&shop()).await.unwrap();
    let error = service.retry(&RetryStage::failed_actions("shop", "Build", "x")).await.unwrap_err();
    assert_eq!(error.fault(), Fault::Unsupported);
}

//! The in-memory service refuses, counts, hides and binds as the real one does.

use std::sync::Arc;
use std::time::Duration;

use aws_call::{Fault, ManualClock, Secret, SequenceIds};
use pipeline_model::client::memory::MemoryCodePipeline;
use pipeline_model::client::{
    ActionError, ApprovalResult, ApprovalStatus, Direction, DisableTransition, ExecutionStatus, Executions,
    GetPipeline, History, ListExecutions, Pipelines, RetryStage, RollbackStage, StartExecution, StopExecution,
    Transitions, Webhooks,
};
use pipeline_model::model::{ConditionResult, ExecutionMode, OnFailure, PipelineType, VariableDeclaration};
use pipeline_model::webhook::{Authentication, Filter, Webhook};
use pipeline_model::{Action, ActionTypeId, Pipeline, Stage, conformance};

pub(crate) fn service() -> MemoryCodePipeline {
    MemoryCodePipeline::new(ManualClock::at_epoch_secs(1_700_000_000), SequenceIds::new(7))
}

pub(crate) fn shop() -> Pipeline {
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
    assert_eq!(execution.status, ExecutionStatus::Failed);
    assert_eq!(execution.summary.as_deref(), Some("Values for required variables haven't been provided: Who"));

    let error = service.start(&StartExecution::new("nowhere")).await.unwrap_err();
    assert_eq!(error.message(), Some("Account '123456789012' does not have a pipeline with name 'nowhere'"));
    assert_eq!(error.fault(), Fault::NotFound);
}

fn approval(token: &str) -> ApprovalResult {
    ApprovalResult::new("shop", "Build", "Approve", token, ApprovalStatus::Approved)
}

#[tokio::test]
async fn approvals_need_the_right_token_once() {
    let service = service();
    service.create(&shop()).await.unwrap();
    let id = service.start(&StartExecution::new("shop")).await.unwrap();
    assert_eq!(service.state("shop").await.unwrap().approval_token("Build", "Approve"), None, "the source still runs");
    assert!(service.end_action("shop", &id, "Source", None));
    let token = service.state("shop").await.unwrap().approval_token("Build", "Approve").unwrap().to_owned();
    let error = service.put_approval_result(&approval("other")).await.unwrap_err();
    assert_eq!(error.code(), Some("InvalidApprovalTokenException"));
    service.put_approval_result(&approval(&token)).await.unwrap();
    let error = service.put_approval_result(&approval(&token)).await.unwrap_err();
    assert_eq!(error.code(), Some("ApprovalAlreadyCompletedException"));
    // The next run order begins.
    assert!(service.end_action("shop", &id, "Build", None));
    assert_eq!(service.execution("shop", &id).unwrap().status, ExecutionStatus::Succeeded);
    // An update makes a waiting request stale.
    let id = service.start(&StartExecution::new("shop")).await.unwrap();
    service.end_action("shop", &id, "Source", None);
    let token = service.state("shop").await.unwrap().approval_token("Build", "Approve").unwrap().to_owned();
    service.update(&shop()).await.unwrap();
    let error = service.put_approval_result(&approval(&token)).await.unwrap_err();
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
    assert!(!service.end_action("shop", &id, "Source", None), "an abandoned action stays abandoned");
    // Stopping waits for what runs, and starts nothing more.
    let id = service.start(&StartExecution::new("shop")).await.unwrap();
    service.stop(&StopExecution::and_wait("shop", &id).with_reason("lunch")).await.unwrap();
    assert_eq!(service.execution("shop", &id).unwrap().status, ExecutionStatus::Stopping);
    service.end_action("shop", &id, "Source", None);
    let execution = service.execution("shop", &id).unwrap();
    assert_eq!((execution.status, execution.stop_reason.as_deref()), (ExecutionStatus::Stopped, Some("lunch")));
}

#[tokio::test]
async fn what_is_not_simulated_is_not_pretended() {
    let service = service();
    let mut pipeline = shop();
    pipeline.pipeline_type = Some(PipelineType::V2);
    let mut gate = OnFailure::default();
    gate.result = Some(ConditionResult::Rollback);
    pipeline.stages[1].on_failure = Some(gate);
    service.create(&pipeline).await.unwrap();
    let error = service.start(&StartExecution::new("shop")).await.unwrap_err();
    assert_eq!(error.fault(), Fault::Unsupported);
}

async fn running(mode: ExecutionMode, starts: usize) -> (MemoryCodePipeline, Vec<String>) {
    let service = service();
    let mut pipeline = shop();
    pipeline.pipeline_type = Some(PipelineType::V2);
    pipeline.execution_mode = Some(mode);
    service.create(&pipeline).await.unwrap();
    let mut ids = Vec::new();
    for _ in 0..starts {
        let id = service.start(&StartExecution::new("shop")).await.unwrap();
        service.end_action("shop", &id, "Source", None);
        ids.push(id);
    }
    (service, ids)
}

fn statuses(service: &MemoryCodePipeline, ids: &[String]) -> Vec<ExecutionStatus> {
    ids.iter().map(|id| service.execution("shop", id).unwrap().status).collect()
}

#[tokio::test]
async fn executions_share_stages_by_their_mode() {
    use ExecutionStatus::{InProgress, Superseded};
    let (service, ids) = running(ExecutionMode::Superseded, 3).await;
    // The first holds the stage, the third overtook the second in front of it.
    assert_eq!(statuses(&service, &ids), [InProgress, Superseded, InProgress]);
    let build = service.state("shop").await.unwrap().stages.remove(1);
    assert_eq!(build.latest_execution.unwrap().0, ids[0]);
    assert_eq!(build.inbound_executions, [ids[2].clone()]);

    // The source stage is a stage as well: the second could not even begin it before the first had left.
    let (service, ids) = running(ExecutionMode::Queued, 3).await;
    assert_eq!(statuses(&service, &ids), [InProgress, InProgress, InProgress]);
    let build = service.state("shop").await.unwrap().stages.remove(1);
    assert_eq!(build.inbound_executions, ids[1..]);

    let (service, ids) = running(ExecutionMode::Parallel, 3).await;
    let build = service.state("shop").await.unwrap().stages.remove(1);
    assert_eq!(build.inbound_executions, [""; 0]);
    // In this mode the state tells no token, and the history does.
    assert_eq!(build.actions[0].token, None);
    let runs = service.action_executions("shop", &ids[1]).await.unwrap();
    let token = runs.iter().find(|run| run.action == "Approve").unwrap().external_id.clone().unwrap();
    service.put_approval_result(&approval(&token)).await.unwrap();
}

#[tokio::test]
async fn a_closed_transition_lets_only_the_newest_through() {
    let (service, _) = running(ExecutionMode::Superseded, 0).await;
    let close = |reason: &str| DisableTransition::into_stage("shop", "Build", reason);
    let error = service.disable(&close("no <b>")).await.unwrap_err();
    assert_eq!(error.code(), Some("ValidationException"));
    service.disable(&close("freeze (until Monday)")).await.unwrap();
    let mut ids = Vec::new();
    for _ in 0..3 {
        let id = service.start(&StartExecution::new("shop")).await.unwrap();
        service.end_action("shop", &id, "Source", None);
        ids.push(id);
    }
    use ExecutionStatus::{InProgress, Superseded};
    assert_eq!(statuses(&service, &ids), [Superseded, Superseded, InProgress]);
    let build = service.state("shop").await.unwrap().stages.remove(1);
    assert_eq!((build.inbound_enabled, build.disabled_reason.as_deref()), (false, Some("freeze (until Monday)")));
    service.enable("shop", "Build", Direction::Inbound).await.unwrap();
    let build = service.state("shop").await.unwrap().stages.remove(1);
    assert_eq!(build.latest_execution.unwrap().0, ids[2]);
    let error = service.enable("shop", "Nowhere", Direction::Inbound).await.unwrap_err();
    assert_eq!(error.code(), Some("StageNotFoundException"));
}

#[tokio::test]
async fn failures_can_be_retried_and_stages_brought_back() {
    let (service, ids) = running(ExecutionMode::Superseded, 1).await;
    let first = ids[0].clone();
    let retry = RetryStage::failed_actions("shop", "Build", &first);
    let error = service.retry(&retry).await.unwrap_err();
    assert_eq!(error.code(), Some("StageNotRetryableException"));
    let token = service.state("shop").await.unwrap().approval_token("Build", "Approve").unwrap().to_owned();
    service.put_approval_result(&approval(&token)).await.unwrap();
    service.end_action("shop", &first, "Build", Some(ActionError::new("JobFailed", "Build terminated")));
    assert_eq!(statuses(&service, &ids), [ExecutionStatus::Failed]);
    assert_eq!(service.retry(&retry).await.unwrap(), first);
    // What succeeded is not run again, and the history has both runs of the action that failed.
    let runs = service.action_executions("shop", &first).await.unwrap();
    let builds: Vec<_> = runs.iter().filter(|run| run.action == "Build").map(|run| run.status.as_str()).collect();
    assert_eq!(builds, ["InProgress", "Failed"]);
    assert_eq!(runs.iter().filter(|run| run.action == "Approve").count(), 1);
    let back = RollbackStage::new("shop", "Build", &first);
    let error = service.rollback(&back).await.unwrap_err();
    assert_eq!(
        error.message(),
        Some("Target pipeline execution has not completed successfully in the stage"),
        "it is still running"
    );
    service.end_action("shop", &first, "Build", None);
    assert_eq!(statuses(&service, &ids), [ExecutionStatus::Succeeded]);

    // A second one is in the stage: no rollback now, and no retry of the first.
    let second = service.start(&StartExecution::new("shop")).await.unwrap();
    service.end_action("shop", &second, "Source", None);
    let error = service.rollback(&back).await.unwrap_err();
    assert_eq!(error.message(), Some("Cannot start rollback while the stage is in progress"));
    service.stop(&StopExecution::and_abandon("shop", &second)).await.unwrap();
    let id = service.rollback(&back).await.unwrap();
    let execution = service.execution("shop", &id).unwrap();
    assert_eq!(execution.rollback_of.as_deref(), Some(first.as_str()));
    let error = service.retry(&RetryStage::failed_actions("shop", "Build", &second)).await.unwrap_err();
    assert_eq!(error.code(), Some("NotLatestPipelineExecutionException"));
    // Only the stage runs.
    let runs = service.action_executions("shop", &id).await.unwrap();
    assert_eq!(runs.iter().map(|run| run.action.as_str()).collect::<Vec<_>>(), ["Approve"]);
    let error = service.rollback(&RollbackStage::new("shop", "Build", &id)).await.unwrap_err();
    assert_eq!(error.code(), Some("UnableToRollbackStageException"));
    service.stop(&StopExecution::and_abandon("shop", &id)).await.unwrap();
    service.update(&shop()).await.unwrap();
    let error = service.rollback(&back).await.unwrap_err();
    assert_eq!(error.code(), Some("PipelineExecutionOutdatedException"));
}

#[tokio::test]
async fn what_was_just_started_cannot_be_seen_yet() {
    let clock = ManualClock::at_epoch_secs(1_700_000_000);
    let service = MemoryCodePipeline::new(clock.clone(), SequenceIds::new(7)).with_delay(Duration::from_secs(5));
    service.create(&shop()).await.unwrap();
    let id = service.start(&StartExecution::new("shop")).await.unwrap();
    let error = History::execution(&service, "shop", &id).await.unwrap_err();
    assert_eq!(error.code(), Some("PipelineExecutionNotFoundException"));
    assert!(service.executions(&ListExecutions::new("shop", 10)).await.unwrap().is_empty());
    clock.advance(Duration::from_secs(5));
    assert_eq!(History::execution(&service, "shop", &id).await.unwrap().id, id);
    assert_eq!(service.executions(&ListExecutions::new("shop", 10)).await.unwrap().len(), 1);
}

#[tokio::test]
async fn webhooks_are_checked_hidden_and_registered() {
    let service = service();
    service.create(&shop()).await.unwrap();
    let hook = |authentication| Webhook::new("hook", "shop", "Source", authentication);
    let good =
        hook(Authentication::GitHubHmac(Secret::new("not-a-real-secret"))).with_filter(Filter::branch_of_target());
    let listed = service.put_webhook(&good).await.unwrap();
    assert_eq!(listed.webhook.authentication, Authentication::GitHubHmac(Secret::new("****")));
    assert!(!format!("{service:?} {listed:?} {good:?}").contains("not-a-real-secret"));
    // Replacing it keeps its URL.
    assert_eq!(service.put_webhook(&good).await.unwrap().url, listed.url);
    assert!(!service.is_registered("hook"));
    service.register("hook").await.unwrap();
    assert!(service.is_registered("hook"));
    let many = (0..6).fold(good.clone(), |hook, _| hook.with_filter(Filter::branch_of_target()));
    let mut elsewhere = good.clone();
    elsewhere.target_action = "Build".to_owned();
    let mut nowhere = good.clone();
    nowhere.target_pipeline = "nowhere".to_owned();
    for (webhook, code) in [
        (many, "ValidationException"),
        (elsewhere, "ValidationException"),
        (nowhere, "PipelineNotFoundException"),
        (good.clone().with_filter(Filter::new("ref", "x")), "InvalidWebhookFilterPatternException"),
        (hook(Authentication::GitHubHmac(Secret::new(""))), "InvalidWebhookAuthenticationParametersException"),
        (hook(Authentication::Ip("here".to_owned())), "InvalidWebhookAuthenticationParametersException"),
    ] {
        let error = service.put_webhook(&webhook).await.unwrap_err();
        assert_eq!(error.code(), Some(code), "{webhook:?}");
    }
    service.delete_webhook("hook").await.unwrap();
    service.delete_webhook("hook").await.unwrap();
    assert!(service.list_webhooks().await.unwrap().is_empty());
    let error = service.register("hook").await.unwrap_err();
    assert_eq!(error.code(), Some("WebhookNotFoundException"));
}

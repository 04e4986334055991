//! The suite for everything that runs: executions, their history, transitions and webhooks.

use aws_call::{CallError, Secret};

use super::Failures;
use crate::client::{
    ApprovalResult, ApprovalStatus, Direction, DisableTransition, ListExecutions, RetryStage, RollbackStage,
    StartExecution, StopExecution,
};
use crate::model::{Category, Pipeline};
use crate::remote::Service;
use crate::webhook::{Authentication, Filter, Webhook};

const NOBODY: &str = "00000000-0000-4000-8000-000000000000";

#[derive(Default)]
struct Expectations(Failures);

impl Expectations {
    fn holds(&mut self, holds: bool, what: &str) {
        if !holds {
            self.0.push(what.to_owned());
        }
    }

    fn refused<T>(&mut self, answer: &Result<T, CallError>, code: &str, what: &str) {
        match answer {
            Ok(_) => self.0.push(format!("{what}: accepted, and {code} was expected")),
            Err(error) if error.code() == Some(code) => {}
            Err(error) => self.0.push(format!("{what}: {error}, and {code} was expected")),
        }
    }
}

/// Tests a service with a pipeline that must not exist in it yet, whose source must not end by itself within the test.
/// It needs a second stage, and neither gates nor required variables. It is deleted at the end.
///
/// # Errors
/// Everything that does not hold.
pub async fn service(client: &dyn Service, pipeline: &Pipeline) -> Result<(), Failures> {
    let mut expect = Expectations::default();
    let name = pipeline.name.as_str();
    missing(client, name, &mut expect).await;
    if let Err(error) = client.create(pipeline).await {
        return Err(vec![format!("the pipeline cannot be created: {error}")]);
    }
    executions(client, pipeline, &mut expect).await;
    transitions(client, pipeline, &mut expect).await;
    webhooks(client, pipeline, &mut expect).await;
    if let Err(error) = client.delete(name).await {
        expect.0.push(format!("the pipeline cannot be deleted: {error}"));
    }
    if expect.0.is_empty() { Ok(()) } else { Err(expect.0) }
}

async fn missing(client: &dyn Service, name: &str, expect: &mut Expectations) {
    let code = "PipelineNotFoundException";
    expect.refused(&client.start(&StartExecution::new(name)).await, code, "a start of no pipeline");
    expect.refused(&client.state(name).await, code, "the state of no pipeline");
    expect.refused(&client.execution(name, NOBODY).await, code, "an execution of no pipeline");
    expect.refused(&client.executions(&ListExecutions::new(name, 1)).await, code, "the executions of no pipeline");
    expect.refused(&client.stop(&StopExecution::and_wait(name, NOBODY)).await, code, "a stop in no pipeline");
    let enabled = client.enable(name, "Stage", Direction::Inbound).await;
    expect.refused(&enabled, code, "a transition of no pipeline");
}

async fn executions(client: &dyn Service, pipeline: &Pipeline, expect: &mut Expectations) {
    let name = pipeline.name.as_str();
    let stage = pipeline.stages[0].name.as_str();
    let no_execution = "PipelineExecutionNotFoundException";
    expect.refused(&client.execution(name, NOBODY).await, no_execution, "an execution that does not exist");
    let twice = StartExecution::new(name).with_variable("x", "1").with_variable("x", "2");
    expect.refused(&client.start(&twice).await, "ValidationException", "a variable that is given twice");
    let start = StartExecution::new(name).with_client_request_token("longshore-conformance");
    let (first, again) = (client.start(&start).await, client.start(&start).await);
    let Ok(id) = &first else {
        expect.0.push("the pipeline cannot be started".to_owned());
        return;
    };
    expect.holds(again.is_ok_and(|again| again == *id), "two starts with one token are one");
    let found = client.execution(name, id).await;
    expect.holds(found.is_ok_and(|found| !found.status.is_final()), "a started execution is under way");
    let listed = client.executions(&ListExecutions::new(name, 10)).await.unwrap_or_default();
    expect
        .holds(listed.first().is_some_and(|newest| newest.id == *id), "a started execution is the newest of the list");
    let actions = client.action_executions(name, id).await.unwrap_or_default();
    expect.holds(actions.iter().all(|run| run.execution_id == *id), "the runs of actions are those of the execution");
    let retried = client.retry(&RetryStage::failed_actions(name, stage, id)).await;
    expect.refused(&retried, "StageNotRetryableException", "a retry of what has not failed");
    let last = pipeline.stages.last().map_or("", |stage| stage.name.as_str());
    let back = client.rollback(&RollbackStage::new(name, last, id)).await;
    expect.refused(&back, "UnableToRollbackStageException", "a rollback to what has not succeeded");
    let mut approvals = pipeline.actions().filter(|(_, action)| action.action_type_id.category == Category::Approval);
    if let Some((stage, action)) = approvals.next() {
        let answer = ApprovalResult::new(name, &stage.name, &action.name, NOBODY, ApprovalStatus::Approved);
        let answer = client.put_approval_result(&answer).await;
        expect.refused(&answer, "InvalidApprovalTokenException", "an approval under no token");
    }
    let abandon = StopExecution::and_abandon(name, id).with_reason("conformance");
    expect.holds(client.stop(&abandon).await.is_ok(), "an execution can be abandoned");
    expect.refused(&client.stop(&abandon).await, "PipelineExecutionNotStoppableException", "a second stop");
    let stopped = client.execution(name, id).await;
    expect.holds(stopped.is_ok_and(|stopped| stopped.status.is_final()), "an abandoned execution has ended");
}

async fn transitions(client: &dyn Service, pipeline: &Pipeline, expect: &mut Expectations) {
    let name = pipeline.name.as_str();
    let stage = pipeline.stages.last().map_or("", |stage| stage.name.as_str());
    let nowhere = client.enable(name, "no-such-stage", Direction::Inbound).await;
    expect.refused(&nowhere, "StageNotFoundException", "a transition into no stage");
    let silent = client.disable(&DisableTransition::into_stage(name, stage, "")).await;
    expect.refused(&silent, "ValidationException", "a closed transition without a reason");
    for (open, reason) in [(false, Some("conformance")), (true, None)] {
        let changed = if open {
            client.enable(name, stage, Direction::Inbound).await
        } else {
            client.disable(&DisableTransition::into_stage(name, stage, "conformance")).await
        };
        expect.holds(changed.is_ok(), "a transition can be opened and closed");
        let state = client.state(name).await.map(|state| state.stages.into_iter().find(|found| found.name == stage));
        let told = state.is_ok_and(|state| {
            state.is_some_and(|state| state.inbound_enabled == open && state.disabled_reason.as_deref() == reason)
        });
        expect.holds(told, "the state tells whether a transition is open, and why not");
    }
}

async fn webhooks(client: &dyn Service, pipeline: &Pipeline, expect: &mut Expectations) {
    let source = pipeline.stages[0].actions.first().map_or("", |action| action.name.as_str());
    let secret = Authentication::GitHubHmac(Secret::new("not-a-real-secret"));
    let hook = format!("{}-conformance", pipeline.name);
    let webhook = Webhook::new(&hook, &pipeline.name, source, secret).with_filter(Filter::branch_of_target());
    expect.refused(&client.register(&hook).await, "WebhookNotFoundException", "the registration of no webhook");
    let Ok(first) = client.put_webhook(&webhook).await else {
        expect.0.push("a webhook cannot be created".to_owned());
        return;
    };
    let again = client.put_webhook(&webhook).await;
    expect.holds(again.is_ok_and(|again| again.url == first.url), "a webhook that is replaced keeps its URL");
    let listed = client.list_webhooks().await.unwrap_or_default();
    let mine = listed.iter().find(|listed| listed.webhook.name == hook);
    let hidden = mine.is_some_and(|listed| listed.webhook.authentication != webhook.authentication);
    expect.holds(hidden, "a list hides secrets");
    expect.holds(mine.is_some_and(|listed| listed.webhook.filters == webhook.filters), "a list tells filters");
    expect.holds(client.delete_webhook(&hook).await.is_ok(), "a webhook can be deleted");
    expect.holds(client.delete_webhook(&hook).await.is_ok(), "a webhook that is gone can be deleted");
}

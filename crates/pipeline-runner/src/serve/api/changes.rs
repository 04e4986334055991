//! What steers executions: starts, approvals, retries, rollbacks, stops, transitions.

use aws_call::serve::Refusal;
use pipeline_model::model::{Category, RetryMode};
use serde_json::{Value as Json, json};

use super::{Api, no_such_stage, refusal};
use crate::approval::Answer;
use crate::core::{Gate, Start, State};
use crate::serve::input::{Input, Shape, invalid};
use crate::serve::{now, wire};

/// Most variables and source revisions of a start.
const OVERRIDES: usize = 50;

const REVISIONS: [&str; 4] = ["COMMIT_ID", "IMAGE_DIGEST", "S3_OBJECT_VERSION_ID", "S3_OBJECT_KEY"];

impl Api {
    /// One of [`STEERING`](super::STEERING).
    pub(super) async fn steer(&self, operation: &str, input: &Input) -> Result<Json, Refusal> {
        match operation {
            "StartPipelineExecution" => self.start(input).await,
            "OverrideStageCondition" => self.override_condition(input).await,
            "PutApprovalResult" => self.put_approval_result(input).await,
            "RetryStageExecution" => self.retry(input).await,
            "RollbackStage" => self.rollback(input).await,
            "StopPipelineExecution" => self.stop(input).await,
            "DisableStageTransition" => {
                let reason = input.needed("reason", Shape::REASON)?.to_owned();
                self.transition(input, Some(reason)).await
            }
            "EnableStageTransition" => self.transition(input, None).await,
            _ => Err(Refusal::unknown_operation(operation)),
        }
    }

    async fn start(&self, input: &Input) -> Result<Json, Refusal> {
        let name = input.name("name")?;
        let mut start = Start::manual(self.0.user());
        start.token = input.shaped("clientRequestToken", Shape::TOKEN)?.map(str::to_owned);
        for variable in input.list("variables", OVERRIDES)? {
            let value = variable.needed("value", Shape::text(1, 1000))?.to_owned();
            start.variables.push((variable.needed("name", Shape::VARIABLE)?.to_owned(), value));
        }
        for revision in input.list("sourceRevisions", OVERRIDES)? {
            let action = revision.name("actionName")?.to_owned();
            if revision.word("revisionType", &REVISIONS)? == "S3_OBJECT_KEY" {
                return Err(invalid(format!(
                    "the source action `{action}` cannot be given another object key here: give it the version of an object"
                )));
            }
            let value = revision.needed("revisionValue", Shape::text(1, 1500))?.to_owned();
            start.revisions.insert(action, value);
        }
        let named: Vec<String> = start.revisions.keys().cloned().collect();
        let unknown = self.look(name, move |state| named.into_iter().find(|action| !is_source(state, action))).await?;
        if let Some(action) = unknown {
            return Err(invalid(format!(
                "pipeline `{name}` has no source action `{action}` whose revision could be given"
            )));
        }
        let id = self.0.host.start(name, start).await.map_err(|error| refusal(&error))?;
        Ok(json!({ "pipelineExecutionId": id }))
    }

    async fn put_approval_result(&self, input: &Input) -> Result<Json, Refusal> {
        let (name, token) = (input.name("pipelineName")?, input.needed("token", Shape::text(1, 100))?.to_owned());
        let (stage, action) = (input.name("stageName")?.to_owned(), input.name("actionName")?.to_owned());
        let result = input.inner("result")?.ok_or_else(|| input.missing("result"))?;
        let approved = result.word("status", &["Approved", "Rejected"])? == "Approved";
        let summary = result.needed("summary", Shape::text(0, 512))?.to_owned();
        let asked = token.clone();
        self.look(name, move |state| belongs(state, &stage, &action, &asked)).await??;
        let answer = if approved { Answer::approve(summary) } else { Answer::reject(summary) };
        self.0.host.approve(name, &token, answer).await.map_err(|error| refusal(&error))?;
        Ok(json!({ "approvedAt": wire::stamp(now(&*self.0.clock)) }))
    }

    async fn retry(&self, input: &Input) -> Result<Json, Refusal> {
        let (name, stage) = (input.name("pipelineName")?, input.name("stageName")?);
        let id = input.execution("pipelineExecutionId")?;
        let mode = RetryMode::from(input.word("retryMode", &["FAILED_ACTIONS", "ALL_ACTIONS"])?);
        self.0.host.retry(name, id, stage, mode).await.map_err(|error| refusal(&error))?;
        Ok(json!({ "pipelineExecutionId": id }))
    }

    async fn override_condition(&self, input: &Input) -> Result<Json, Refusal> {
        let (name, stage) = (input.name("pipelineName")?, input.name("stageName")?);
        let id = input.execution("pipelineExecutionId")?;
        let gate = match input.word("conditionType", &["BEFORE_ENTRY", "ON_SUCCESS"])? {
            "BEFORE_ENTRY" => Gate::BeforeEntry,
            _ => Gate::OnSuccess,
        };
        self.0.host.override_condition(name, id, stage, gate).await.map_err(|error| refusal(&error))?;
        Ok(json!({}))
    }

    async fn rollback(&self, input: &Input) -> Result<Json, Refusal> {
        let (name, stage) = (input.name("pipelineName")?, input.name("stageName")?);
        let target = input.execution("targetPipelineExecutionId")?;
        let started = self.0.host.rollback(name, stage, target, &self.0.user()).await;
        Ok(json!({ "pipelineExecutionId": started.map_err(|error| refusal(&error))? }))
    }

    async fn stop(&self, input: &Input) -> Result<Json, Refusal> {
        let (name, id) = (input.name("pipelineName")?, input.execution("pipelineExecutionId")?);
        let reason = input.shaped("reason", Shape::text(0, 200))?.unwrap_or_default();
        let abandon = input.flag("abandon")?;
        self.0.host.stop(name, id, abandon, reason).await.map_err(|error| refusal(&error))?;
        Ok(json!({ "pipelineExecutionId": id }))
    }

    async fn transition(&self, input: &Input, disabled: Option<String>) -> Result<Json, Refusal> {
        let (name, stage) = (input.name("pipelineName")?, input.name("stageName")?.to_owned());
        let outbound = input.word("transitionType", &["Inbound", "Outbound"])? == "Outbound";
        let into = self.look(name, move |state| {
            let mut behind = state.pipeline.stages.iter().skip_while(|declared| declared.name != stage);
            let meant = behind.next().ok_or_else(|| no_such_stage(&stage))?;
            // What leaves a stage enters the next one.
            let meant = if outbound { behind.next() } else { Some(meant) };
            let name = meant.map(|stage| stage.name.clone());
            name.ok_or_else(|| invalid(format!("stage `{stage}` is the last one: nothing leaves it for another stage")))
        });
        let into = into.await??;
        self.0.host.transition(name, &into, disabled).await.map_err(|error| refusal(&error))?;
        Ok(json!({}))
    }
}

fn is_source(state: &State, action: &str) -> bool {
    let mut actions = state.pipeline.actions().map(|(_, action)| action);
    actions.any(|known| known.name == action && known.action_type_id.category == Category::Source)
}

/// Whether a token is that of a run of this action; the host does not ask for the action's name.
fn belongs(state: &State, stage: &str, action: &str, token: &str) -> Result<(), Refusal> {
    let declared = state.pipeline.stage(stage).ok_or_else(|| no_such_stage(stage))?;
    if declared.action(action).is_none() {
        let message = format!("stage `{stage}` has no action `{action}`");
        return Err(Refusal::new("ActionNotFoundException", message));
    }
    let found = state.executions.iter().find_map(|execution| execution.action(token));
    match found {
        Some((run_stage, run)) if run_stage.name == stage && run.name == action => Ok(()),
        _ => Err(Refusal::new(
            "InvalidApprovalTokenException",
            format!("no approval of action `{action}` has this token: read the token from the pipeline's state"),
        )),
    }
}

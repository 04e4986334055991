//! Approvals: which ones wait, and answers to them.

use std::time::SystemTime;

use super::{Error, Remote};
use crate::client::{ActionExecution, ActionStatus, ApprovalResult, ApprovalStatus, ListExecutions, PipelineState};
use crate::model::{Category, ExecutionMode, Pipeline};

/// How many executions are looked through for approvals in the mode `PARALLEL`: as many as can be under way.
const EXECUTIONS: usize = 50;

/// An approval that waits for an answer.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct WaitingApproval {
    /// The stage.
    pub stage: String,
    /// The action.
    pub action: String,
    /// The execution that waits, if the answer tells it.
    pub execution_id: Option<String>,
    /// The token that the answer needs.
    pub token: String,
}

// Whoever has the token and the right to answer can answer, so it stays out of logs.
impl std::fmt::Debug for WaitingApproval {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WaitingApproval")
            .field("stage", &self.stage)
            .field("action", &self.action)
            .field("execution_id", &self.execution_id)
            .finish_non_exhaustive()
    }
}

/// The approvals that a state tells. In the mode `PARALLEL` it tells none: ask the history.
#[must_use]
pub fn waiting_approvals(state: &PipelineState) -> Vec<WaitingApproval> {
    let mut out = Vec::new();
    for stage in &state.stages {
        for action in &stage.actions {
            if let Some(token) = &action.token {
                out.push(WaitingApproval {
                    stage: stage.name.clone(),
                    action: action.name.clone(),
                    execution_id: stage.latest_execution.as_ref().map(|(id, _)| id.clone()),
                    token: token.clone(),
                });
            }
        }
    }
    out
}

/// The approvals that wait among the runs of actions of one execution.
pub(super) fn among(actions: &[ActionExecution]) -> impl Iterator<Item = WaitingApproval> {
    let waiting = actions.iter().filter(|action| {
        let kind = action.action_type.as_ref();
        action.status == ActionStatus::InProgress && kind.is_some_and(|kind| kind.category == Category::Approval)
    });
    waiting.map(|action| WaitingApproval {
        stage: action.stage.clone(),
        action: action.action.clone(),
        execution_id: Some(action.execution_id.clone()),
        // Page "Approve or reject an approval action": for PARALLEL the token is the external id.
        token: action.external_id.clone().unwrap_or_else(|| action.id.clone()),
    })
}

impl Remote {
    /// The approvals that wait in a pipeline, whatever its mode.
    ///
    /// # Errors
    /// Failures of the calls.
    pub async fn approvals(&self, pipeline: &str) -> Result<Vec<WaitingApproval>, Error> {
        let declaration: Pipeline = self.service.get(&crate::client::GetPipeline::new(pipeline)).await?.pipeline;
        if declaration.effective_mode() != ExecutionMode::Parallel {
            return Ok(waiting_approvals(&self.service.state(pipeline).await?));
        }
        let mut out = Vec::new();
        let executions = self.service.executions(&ListExecutions::new(pipeline, EXECUTIONS)).await?;
        for execution in executions.iter().filter(|execution| !execution.status.is_final()) {
            out.extend(among(&self.service.action_executions(pipeline, &execution.id).await?));
        }
        Ok(out)
    }

    /// Answers the one approval that waits, of a stage and action if they are named, and gives what was answered.
    ///
    /// # Errors
    /// [`Error::NothingToApprove`], [`Error::SeveralApprovals`], and failures of the calls.
    pub async fn answer(
        &self,
        pipeline: &str,
        (stage, action): (Option<&str>, Option<&str>),
        status: ApprovalStatus,
        summary: &str,
    ) -> Result<(WaitingApproval, SystemTime), Error> {
        let mut waiting = self.approvals(pipeline).await?;
        waiting.retain(|found| {
            stage.is_none_or(|stage| found.stage == stage) && action.is_none_or(|action| found.action == action)
        });
        if waiting.len() > 1 {
            let waiting = waiting.iter().map(|found| format!("{}/{}", found.stage, found.action)).collect();
            return Err(Error::SeveralApprovals { pipeline: pipeline.to_owned(), waiting });
        }
        let Some(found) = waiting.pop() else {
            return Err(Error::NothingToApprove {
                pipeline: pipeline.to_owned(),
                stage: stage.map(str::to_owned),
                action: action.map(str::to_owned),
            });
        };
        let result = ApprovalResult::new(pipeline, &found.stage, &found.action, &found.token, status);
        let at = self.service.put_approval_result(&result.with_summary(summary)).await?;
        Ok((found, at))
    }
}

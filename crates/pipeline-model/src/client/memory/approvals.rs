//! Answers to manual approvals.

use std::time::SystemTime;

use aws_call::CallError;

use super::{MemoryCodePipeline, invalid, no_stage};
use crate::client::{ActionError, ActionStatus, ApprovalResult, ApprovalStatus};

const OPERATION: &str = "PutApprovalResult";

impl MemoryCodePipeline {
    pub(super) fn answer(&self, request: &ApprovalResult) -> Result<SystemTime, CallError> {
        let refuse = |code: &'static str, message: String| CallError::service(OPERATION, code, message);
        self.change(OPERATION, &request.pipeline, |entry, now| {
            let Some(stage) = entry.current().stage(&request.stage) else {
                return Err(no_stage(OPERATION, &request.stage));
            };
            let Some(action) = stage.action(&request.action) else {
                return Err(refuse("ActionNotFoundException", format!("there is no action `{}`", request.action)));
            };
            if request.summary.chars().count() > 512 {
                return Err(invalid(OPERATION, "the summary has more than 512 characters"));
            }
            if request.summary.is_empty() && action.config("IsSummaryRequired") == Some("true") {
                let message = format!(
                    "Action '{}' in stage '{}' requires a summary. Provide a summary in the approval result and try \
                     again.",
                    request.action, request.stage
                );
                return Err(invalid(OPERATION, message));
            }
            let version = entry.version();
            let runs = entry.runs.iter_mut().flat_map(|run| {
                let of = run.version;
                let stages = run.stages.iter_mut().filter(|stage| stage.name == request.stage);
                stages.flat_map(|stage| &mut stage.actions).map(move |action| (of, action))
            });
            let mut asked = runs.filter(|(_, action)| action.is_approval() && action.action.name == request.action);
            let mine = asked.find(|(_, action)| action.run.as_ref().is_some_and(|run| run.id == request.token));
            let Some((of, action)) = mine else {
                return Err(refuse("InvalidApprovalTokenException", "no approval waits under this token".to_owned()));
            };
            if !action.is(&ActionStatus::InProgress) {
                let message = "the approval has been answered".to_owned();
                return Err(refuse("ApprovalAlreadyCompletedException", message));
            }
            if of != version {
                let message = format!(
                    "The pipeline {} has been updated, and the approval request you responded to is now out of date.",
                    request.pipeline
                );
                return Err(refuse("InvalidApprovalTokenException", message));
            }
            let (status, error) = match request.status {
                ApprovalStatus::Approved => (ActionStatus::Succeeded, None),
                ApprovalStatus::Rejected => {
                    (ActionStatus::Failed, Some(ActionError::new("Rejected", "The approval was rejected.")))
                }
            };
            action.end(status, error, now);
            if let Some(run) = action.run.as_mut().filter(|_| !request.summary.is_empty()) {
                run.summary = Some(request.summary.clone());
            }
            Ok(now)
        })
    }
}

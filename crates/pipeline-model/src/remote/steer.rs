//! Starting, retrying, rolling back, stopping, and the transitions between stages.

use super::{Error, Remote};
use crate::client::{
    Direction, DisableTransition, ExecutionStatus, ListExecutions, RetryStage, RollbackStage, StartExecution,
    StopExecution,
};
use crate::model::RetryMode;

/// How many successful executions are looked through for one to roll back to.
const CANDIDATES: usize = 20;

impl Remote {
    /// Starts an execution and gives its id. Without a token of its own the start gets one, so that a call that is sent
    /// twice starts one execution.
    ///
    /// # Errors
    /// Failures of the call.
    pub async fn start(&self, request: &StartExecution) -> Result<String, Error> {
        let mut request = request.clone();
        if request.client_request_token.is_none() {
            request.client_request_token = Some(self.ids.uuid());
        }
        Ok(self.service.start(&request).await?)
    }

    /// Runs the failed or stopped stage of an execution again; `execution` absent means the newest one.
    ///
    /// Gives the execution and the stage.
    ///
    /// # Errors
    /// [`Error::NothingToRetry`], and failures of the calls.
    pub async fn retry(
        &self,
        pipeline: &str,
        execution: Option<&str>,
        mode: RetryMode,
    ) -> Result<(String, String), Error> {
        let execution = match execution {
            Some(id) => id.to_owned(),
            None => self.newest(pipeline).await?,
        };
        let state = self.service.state(pipeline).await?;
        let failed = state.stages.iter().find(|stage| {
            stage.latest_execution.as_ref().is_some_and(|(id, status)| {
                let status = ExecutionStatus::from(status.as_str());
                *id == execution && matches!(status, ExecutionStatus::Failed | ExecutionStatus::Stopped)
            })
        });
        let Some(stage) = failed else {
            return Err(Error::NothingToRetry { pipeline: pipeline.to_owned(), execution });
        };
        let mut request = RetryStage::failed_actions(pipeline, &stage.name, &execution);
        request.mode = mode;
        Ok((self.service.retry(&request).await?, stage.name.clone()))
    }

    /// Brings a stage back to an execution; without a target, to the last one that succeeded in it before the one that is
    /// in it now. Gives the id of the execution that does it, and the target.
    ///
    /// # Errors
    /// [`Error::NothingToRollBackTo`], and failures of the calls.
    pub async fn roll_back(
        &self,
        pipeline: &str,
        stage: &str,
        target: Option<&str>,
    ) -> Result<(String, String), Error> {
        let target = match target {
            Some(target) => target.to_owned(),
            None => {
                let list = ListExecutions::new(pipeline, CANDIDATES).succeeded_in_stage(stage);
                let candidates = self.service.executions(&list).await?;
                let state = self.service.state(pipeline).await?;
                let now = state.stages.iter().find(|found| found.name == stage);
                let now = now.and_then(|found| Some(found.latest_execution.as_ref()?.0.as_str()));
                let fits =
                    candidates.into_iter().find(|found| found.rollback_of.is_none() && Some(found.id.as_str()) != now);
                let nothing = || Error::NothingToRollBackTo { pipeline: pipeline.to_owned(), stage: stage.to_owned() };
                fits.ok_or_else(nothing)?.id
            }
        };
        let id = self.service.rollback(&RollbackStage::new(pipeline, stage, &target)).await?;
        Ok((id, target))
    }

    /// Stops an execution; `execution` absent means the newest one. Gives its id.
    ///
    /// # Errors
    /// Failures of the calls.
    pub async fn stop(
        &self,
        pipeline: &str,
        execution: Option<&str>,
        abandon: bool,
        reason: Option<&str>,
    ) -> Result<String, Error> {
        let id = match execution {
            Some(id) => id.to_owned(),
            None => self.newest(pipeline).await?,
        };
        let mut request = StopExecution::and_wait(pipeline, &id);
        request.abandon = abandon;
        request.reason = reason.map(str::to_owned);
        self.service.stop(&request).await?;
        Ok(id)
    }

    /// Keeps executions from entering a stage.
    ///
    /// # Errors
    /// Failures of the call.
    pub async fn disable(&self, pipeline: &str, stage: &str, reason: &str) -> Result<(), Error> {
        Ok(self.service.disable(&DisableTransition::into_stage(pipeline, stage, reason)).await?)
    }

    /// Lets executions enter a stage again.
    ///
    /// # Errors
    /// Failures of the call.
    pub async fn enable(&self, pipeline: &str, stage: &str) -> Result<(), Error> {
        Ok(self.service.enable(pipeline, stage, Direction::Inbound).await?)
    }

    /// The id of the newest execution.
    ///
    /// # Errors
    /// Failures of the call; `PipelineExecutionNotFoundException` when there is none.
    pub async fn newest(&self, pipeline: &str) -> Result<String, Error> {
        let mut found = self.service.executions(&ListExecutions::new(pipeline, 1)).await?;
        let none = || {
            let message = format!("pipeline `{pipeline}` has no executions");
            aws_call::CallError::service("ListPipelineExecutions", "PipelineExecutionNotFoundException", message)
        };
        Ok(found.pop().ok_or_else(none)?.id)
    }
}

//! The history of the in-memory service.

use std::time::SystemTime;

use async_trait::async_trait;
use aws_call::CallError;

use super::record::Run;
use super::{MemoryCodePipeline, no_execution, no_stage};
use crate::client::{ActionExecution, Execution, ExecutionStatus, History, ListExecutions};

#[async_trait]
impl History for MemoryCodePipeline {
    async fn execution(&self, pipeline: &str, id: &str) -> Result<Execution, CallError> {
        const OPERATION: &str = "GetPipelineExecution";
        let seen = self.seen();
        let found = self.look(pipeline, |entry| {
            entry.run(id).filter(|run| run.started <= seen).map(|run| {
                // Times stand in lists only.
                let mut told = run.told();
                (told.started, told.updated, told.stop_reason) = (None, None, None);
                told
            })
        });
        found.ok_or_else(|| self.not_found(OPERATION, pipeline))?.ok_or_else(|| no_execution(OPERATION, id))
    }

    async fn executions(&self, request: &ListExecutions) -> Result<Vec<Execution>, CallError> {
        const OPERATION: &str = "ListPipelineExecutions";
        let seen = self.seen();
        let found = self.look(&request.pipeline, |entry| {
            let stage = request.succeeded_in_stage.as_deref();
            if let Some(stage) = stage.filter(|stage| entry.current().stage(stage).is_none()) {
                return Err(no_stage(OPERATION, stage));
            }
            let fits = |run: &&Run| {
                run.started <= seen
                    && stage.is_none_or(|stage| {
                        let status = run.stage(stage).and_then(|stage| stage.status.as_ref());
                        run.version == entry.version() && status == Some(&ExecutionStatus::Succeeded)
                    })
            };
            let newest = entry.runs.iter().rev().filter(fits).take(request.most);
            Ok(newest
                .map(|run| {
                    let mut told = run.told();
                    told.version = None;
                    told.variables.clear();
                    told
                })
                .collect())
        });
        found.ok_or_else(|| self.not_found(OPERATION, &request.pipeline))?
    }

    async fn action_executions(&self, pipeline: &str, execution_id: &str) -> Result<Vec<ActionExecution>, CallError> {
        const OPERATION: &str = "ListActionExecutions";
        let seen = self.seen();
        let found = self.look(pipeline, |entry| {
            let run = entry.run(execution_id).filter(|run| run.started <= seen)?;
            let mut all: Vec<ActionExecution> = run.replaced.clone();
            all.extend(run.actions().filter_map(|(_, action)| action.run.clone()));
            all.sort_by_key(|action| action.started);
            all.reverse();
            Some(all)
        });
        found.ok_or_else(|| self.not_found(OPERATION, pipeline))?.ok_or_else(|| no_execution(OPERATION, execution_id))
    }
}

impl MemoryCodePipeline {
    /// What started later than that cannot be seen yet.
    fn seen(&self) -> SystemTime {
        self.clock.now().checked_sub(self.delay).unwrap_or(SystemTime::UNIX_EPOCH)
    }
}

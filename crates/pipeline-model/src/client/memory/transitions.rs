//! Transitions of the in-memory service.

use async_trait::async_trait;
use aws_call::CallError;

use super::{MemoryCodePipeline, invalid, no_stage};
use crate::client::{Direction, DisableTransition, Transitions};

#[async_trait]
impl Transitions for MemoryCodePipeline {
    async fn disable(&self, request: &DisableTransition) -> Result<(), CallError> {
        const OPERATION: &str = "DisableStageTransition";
        let reason = &request.reason;
        let fits = |c: char| c.is_ascii_alphanumeric() || "!@ ().*?-".contains(c);
        if reason.is_empty() || reason.chars().count() > 300 || !reason.chars().all(fits) {
            return Err(invalid(
                OPERATION,
                "Value at 'reason' failed to satisfy constraint: Member must satisfy regular expression pattern: \
                 [a-zA-Z0-9!@ \\(\\)\\.\\*\\?\\-]+ and have 1 to 300 characters",
            ));
        }
        self.change(OPERATION, &request.pipeline, |entry, _| {
            let stage = &request.stage;
            if entry.current().stage(stage).is_none() {
                return Err(no_stage(OPERATION, stage));
            }
            entry.closed.insert((stage.clone(), request.direction), reason.clone());
            Ok(())
        })
    }

    async fn enable(&self, pipeline: &str, stage: &str, direction: Direction) -> Result<(), CallError> {
        const OPERATION: &str = "EnableStageTransition";
        self.change(OPERATION, pipeline, |entry, _| {
            if entry.current().stage(stage).is_none() {
                return Err(no_stage(OPERATION, stage));
            }
            entry.closed.remove(&(stage.to_owned(), direction));
            Ok(())
        })
    }
}

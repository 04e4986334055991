//! A pipeline in parallel mode rolls a stage back.

use spec_report::{Findings, declare_rule};

use super::subject::Subject;
use crate::model::{ConditionResult, ExecutionMode};
use crate::places::join;

declare_rule! {
    /// ## What it does
    /// Reports a failure gate with the result `ROLLBACK` in a pipeline of mode `PARALLEL`.
    ///
    /// ## Why
    /// Parallel executions have no common last success to go back to.
    pub(crate) static PARALLEL_ROLLBACK = {
        id: "pipeline-model/parallel-rollback",
        severity: Error,
        summary: "a pipeline in parallel mode rolls a stage back",
        service: "InvalidStageDeclarationException: Failure conditions with rollback result type cannot be added to a PARALLEL pipeline.",
    }
}

pub(super) fn check(subject: &Subject, out: &mut Findings<'_>) {
    if subject.pipeline().execution_mode != Some(ExecutionMode::Parallel) {
        return;
    }
    for (path, stage) in subject.stages() {
        let Some(gate) = &stage.on_failure else { continue };
        let rolls_back = |result: &Option<ConditionResult>| *result == Some(ConditionResult::Rollback);
        if rolls_back(&gate.result) || gate.conditions.iter().any(|condition| rolls_back(&condition.result)) {
            let message = "Failure conditions with rollback result type cannot be added to a PARALLEL pipeline.";
            subject.report(out, &PARALLEL_ROLLBACK, subject.key(&join(&path, "onFailure")), message);
        }
    }
}

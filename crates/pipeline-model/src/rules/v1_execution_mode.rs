//! The execution mode needs a V2 pipeline.

use spec_report::{Findings, declare_rule};

use super::subject::Subject;
use crate::model::ExecutionMode;

declare_rule! {
    /// ## What it does
    /// Reports the modes `QUEUED` and `PARALLEL` in a pipeline of type V1, which is also what a pipeline without a
    /// type is.
    ///
    /// ## Why
    /// The service refuses the declaration.
    pub(crate) static V1_EXECUTION_MODE = {
        id: "pipeline-model/v1-execution-mode",
        severity: Error,
        summary: "the execution mode needs a V2 pipeline",
        service: "InvalidStructureException: QUEUED or PARALLEL mode can only be used with V2 pipelines",
    }
}

pub(super) fn check(subject: &Subject, out: &mut Findings<'_>) {
    let mode = &subject.pipeline().execution_mode;
    if subject.is_v1() && matches!(mode, Some(ExecutionMode::Queued | ExecutionMode::Parallel)) {
        let message = "QUEUED or PARALLEL mode can only be used with V2 pipelines";
        subject.report(out, &V1_EXECUTION_MODE, subject.value("/executionMode"), message);
    }
}

//! A failure gate has both a result and conditions.

use spec_report::{Findings, declare_rule};

use super::subject::Subject;
use crate::places::join;

declare_rule! {
    /// ## What it does
    /// Reports `onFailure` with a `result` of its own and `conditions`.
    ///
    /// ## Why
    /// The gate does either one thing always or another when its conditions do not hold.
    pub(crate) static FAILURE_GATE_CONFLICT = {
        id: "pipeline-model/failure-gate-conflict",
        severity: Error,
        summary: "a failure gate has both a result and conditions",
        service: "InvalidStageDeclarationException: The following stage cannot have a failure exit gate configured with both top level result and conditions: '…'",
    }
}

pub(super) fn check(subject: &Subject, out: &mut Findings<'_>) {
    for (path, stage) in subject.stages() {
        let Some(gate) = &stage.on_failure else { continue };
        if gate.result.is_some() && !gate.conditions.is_empty() {
            let message = format!(
                "The following stage cannot have a failure exit gate configured with both top level result and \
                 conditions: '{}'",
                stage.name
            );
            let span = subject.key(&join(&join(&path, "onFailure"), "result"));
            subject.report(out, &FAILURE_GATE_CONFLICT, span, message);
        }
    }
}

//! Triggers need a V2 pipeline.

use spec_report::{Findings, declare_rule};

use super::subject::Subject;

declare_rule! {
    /// ## What it does
    /// Reports `triggers` in a pipeline of type V1, which is also what a pipeline without a type is.
    ///
    /// ## Why
    /// The service refuses the declaration.
    pub(crate) static V1_TRIGGERS = {
        id: "pipeline-model/v1-triggers",
        severity: Error,
        summary: "triggers need a V2 pipeline",
        service: "InvalidStructureException: Triggers on tag can only be used with V2 pipelines",
    }
}

pub(super) fn check(subject: &Subject, out: &mut Findings<'_>) {
    if subject.is_v1() && !subject.pipeline().triggers.is_empty() {
        let message = "Triggers on tag can only be used with V2 pipelines";
        subject.report(out, &V1_TRIGGERS, subject.key("/triggers"), message);
    }
}

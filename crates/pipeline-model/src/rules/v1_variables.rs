//! Pipeline variables need a V2 pipeline.

use spec_report::{Findings, declare_rule};

use super::subject::Subject;

declare_rule! {
    /// ## What it does
    /// Reports `variables` in a pipeline of type V1, which is also what a pipeline without a type is.
    ///
    /// ## Why
    /// The service refuses the declaration.
    pub(crate) static V1_VARIABLES = {
        id: "pipeline-model/v1-variables",
        severity: Error,
        summary: "pipeline variables need a V2 pipeline",
        service: "InvalidStructureException: Pipeline variable can only be used with V2 pipelines",
    }
}

pub(super) fn check(subject: &Subject, out: &mut Findings<'_>) {
    if subject.is_v1() && !subject.pipeline().variables.is_empty() {
        let message = "Pipeline variable can only be used with V2 pipelines";
        subject.report(out, &V1_VARIABLES, subject.key("/variables"), message);
    }
}

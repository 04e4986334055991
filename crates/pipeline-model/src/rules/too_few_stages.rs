//! The pipeline has fewer than two stages.

use spec_report::{Findings, declare_rule};

use super::subject::Subject;

declare_rule! {
    /// ## What it does
    /// Reports a pipeline with one stage or none.
    ///
    /// ## Why
    /// The first stage brings revisions in, another one must use them.
    pub(crate) static TOO_FEW_STAGES = {
        id: "pipeline-model/too-few-stages",
        severity: Error,
        summary: "the pipeline has fewer than two stages",
        service: "InvalidStructureException: Pipeline has only … stage(s). There should be a minimum of 2 stages in a pipeline",
    }
}

pub(super) fn check(subject: &Subject, out: &mut Findings<'_>) {
    let count = subject.pipeline().stages.len();
    if count < 2 && subject.declaration.places.get("/stages").is_some() && !subject.is_symbolic("/stages") {
        let message =
            format!("Pipeline has only {count} stage(s). There should be a minimum of 2 stages in a pipeline");
        subject.report(out, &TOO_FEW_STAGES, subject.key("/stages"), message);
    }
}

//! The pipeline has more than 50 stages.

use spec_report::{Findings, declare_rule};

use super::subject::Subject;

declare_rule! {
    /// ## What it does
    /// Counts the stages.
    ///
    /// ## Why
    /// The quota is 50.
    pub(crate) static TOO_MANY_STAGES = {
        id: "pipeline-model/too-many-stages",
        severity: Error,
        summary: "the pipeline has more than 50 stages",
        service: "InvalidStructureException: Pipeline has too many stages. There can only be up to 50 stages in a pipeline",
    }
}

pub(super) fn check(subject: &Subject, out: &mut Findings<'_>) {
    let count = subject.pipeline().stages.len();
    if count > 50 {
        let message = "Pipeline has too many stages. There can only be up to 50 stages in a pipeline";
        subject.report(out, &TOO_MANY_STAGES, subject.key("/stages"), message).set_help(format!("it has {count}"));
    }
}

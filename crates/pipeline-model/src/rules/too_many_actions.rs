//! A stage or the pipeline has more actions than the service takes.

use spec_report::{Findings, Severity, declare_rule};

use super::subject::Subject;
use crate::places::join;

/// What the table of quotas says, and what it says elsewhere.
const DEFAULT: usize = 50;
const STAGE: usize = 100;
const PIPELINE: usize = 1000;

declare_rule! {
    /// ## What it does
    /// Counts the actions of each stage (100) and of the pipeline (1000). Above 50 in a stage it warns, because the
    /// quota is documented with both numbers (page "Quotas in AWS CodePipeline").
    ///
    /// ## Why
    /// The service refuses the declaration.
    pub(crate) static TOO_MANY_ACTIONS = {
        id: "pipeline-model/too-many-actions",
        severity: Error,
        summary: "a stage or the pipeline has more actions than the service takes",
    }
}

pub(super) fn check(subject: &Subject, out: &mut Findings<'_>) {
    for (path, stage) in subject.stages() {
        let count = stage.actions.len();
        let actions = join(&path, "actions");
        if count > DEFAULT && !subject.is_symbolic(&actions) {
            let limit = if count > STAGE { STAGE } else { DEFAULT };
            let message = format!("stage `{}` has {count} actions, and the limit is {limit}", stage.name);
            let report = subject.report(out, &TOO_MANY_ACTIONS, subject.key(&actions), message);
            if count <= STAGE {
                report.set_severity(Severity::Warning);
            }
        }
    }
    let all = subject.pipeline().actions().count();
    if all > PIPELINE {
        let message = format!("the pipeline has {all} actions, and the limit is {PIPELINE}");
        subject.report(out, &TOO_MANY_ACTIONS, subject.key("/stages"), message);
    }
}

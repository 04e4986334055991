//! The pipeline brings revisions in and does nothing with them.

use spec_report::{Findings, declare_rule};

use super::subject::Subject;
use crate::model::Category;

declare_rule! {
    /// ## What it does
    /// Reports a pipeline in which every action is a source action.
    ///
    /// ## Why
    /// Something must be done with what comes in.
    pub(crate) static ONLY_SOURCE_ACTIONS = {
        id: "pipeline-model/only-source-actions",
        severity: Error,
        summary: "the pipeline brings revisions in and does nothing with them",
        service: "InvalidStructureException: Pipeline should contain at least 1 action whose category is not Source",
    }
}

pub(super) fn check(subject: &Subject, out: &mut Findings<'_>) {
    let mut actions = subject.pipeline().actions().peekable();
    if actions.peek().is_none() || !actions.all(|(_, action)| action.action_type_id.category == Category::Source) {
        return;
    }
    let message = "Pipeline should contain at least 1 action whose category is not Source";
    subject.report(out, &ONLY_SOURCE_ACTIONS, subject.key("/stages"), message);
}

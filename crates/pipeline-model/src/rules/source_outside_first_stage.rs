//! A source action stands in a later stage.

use spec_report::{Findings, declare_rule};

use super::subject::Subject;
use crate::model::Category;

declare_rule! {
    /// ## What it does
    /// Reports source actions after the first stage.
    ///
    /// ## Why
    /// All revisions of an execution are bound when it starts.
    pub(crate) static SOURCE_OUTSIDE_FIRST_STAGE = {
        id: "pipeline-model/source-outside-first-stage",
        severity: Error,
        summary: "a source action stands in a later stage",
        service: "InvalidStructureException: Source actions can only be included in the first stage of the pipeline",
    }
}

pub(super) fn check(subject: &Subject, out: &mut Findings<'_>) {
    for found in subject.actions().filter(|found| found.at.stage > 0) {
        if found.action.action_type_id.category == Category::Source {
            let message = "Source actions can only be included in the first stage of the pipeline";
            subject.report(out, &SOURCE_OUTSIDE_FIRST_STAGE, subject.name(found.path), message);
        }
    }
}

//! The first stage contains something other than source actions.

use spec_report::{Findings, declare_rule};

use super::subject::{Subject, is_placeholder};
use crate::model::Category;

declare_rule! {
    /// ## What it does
    /// Reports every action of the first stage that is no source action.
    ///
    /// ## Why
    /// An execution begins with the revisions that the source actions bring in.
    pub(crate) static FIRST_STAGE_NOT_SOURCE = {
        id: "pipeline-model/first-stage-not-source",
        severity: Error,
        summary: "the first stage contains something other than source actions",
        service: "InvalidStructureException: Pipeline should start with a stage that only contains source actions",
    }
}

pub(super) fn check(subject: &Subject, out: &mut Findings<'_>) {
    for found in subject.actions().take_while(|found| found.at.stage == 0) {
        let category = &found.action.action_type_id.category;
        if *category != Category::Source && !category.as_str().is_empty() && !is_placeholder(category.as_str()) {
            let message = "Pipeline should start with a stage that only contains source actions";
            subject
                .report(out, &FIRST_STAGE_NOT_SOURCE, subject.name(found.path), message)
                .set_help(format!("`{}` is of category {category}: move it to a later stage", found.action.name));
        }
    }
}

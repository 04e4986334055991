//! A source action uses a pipeline variable.

use spec_report::{Findings, declare_rule};

use super::subject::Subject;
use super::used::all;
use crate::model::Category;

declare_rule! {
    /// ## What it does
    /// Reports `#{variables.name}` in the configuration of a source action.
    ///
    /// ## Why
    /// Source actions run before variables are bound to the execution.
    pub(crate) static VARIABLE_IN_SOURCE_ACTION = {
        id: "pipeline-model/variable-in-source-action",
        severity: Error,
        summary: "a source action uses a pipeline variable",
        service: "InvalidStructureException: Variables at the pipeline level cannot be used in source actions.",
    }
}

pub(super) fn check(subject: &Subject, out: &mut Findings<'_>) {
    for reference in all(subject) {
        let Some(("variables", _)) = reference.parts() else { continue };
        let action = reference.at.and_then(|at| at.of(subject.pipeline()));
        if action.is_some_and(|action| action.action_type_id.category == Category::Source) {
            let message = format!(
                "Variables at the pipeline level cannot be used in source actions. StageName=[{}], ActionName=[{}], \
                 ActionConfigurationKey=[{}], VariableReferenceText=[{}]",
                reference.stage_name, reference.action_name, reference.key, reference.text
            );
            subject.report(out, &VARIABLE_IN_SOURCE_ACTION, reference.span, message);
        }
    }
}

//! Two pipeline variables have the same name.

use std::collections::HashMap;

use spec_report::{Findings, declare_rule};

use super::subject::Subject;
use crate::places::join;

declare_rule! {
    /// ## What it does
    /// Reports a variable whose name an earlier one has.
    ///
    /// ## Why
    /// A start could not say which one it sets.
    pub(crate) static VARIABLE_NAME_REUSED = {
        id: "pipeline-model/variable-name-reused",
        severity: Error,
        summary: "two pipeline variables have the same name",
        service: "InvalidStructureException: Variable names must be unique. The following variable name is already in use: …",
    }
}

pub(super) fn check(subject: &Subject, out: &mut Findings<'_>) {
    let mut first: HashMap<&str, usize> = HashMap::new();
    for (index, variable) in subject.pipeline().variables.iter().enumerate() {
        if let Some(earlier) = first.get(variable.name.as_str()) {
            let message = format!(
                "Variable names must be unique. The following variable name is already in use: {}",
                variable.name
            );
            let report = subject.report(out, &VARIABLE_NAME_REUSED, subject.name(&join("/variables", index)), message);
            subject.also(report, subject.name(&join("/variables", earlier)), "first used here");
        } else {
            first.insert(&variable.name, index);
        }
    }
}

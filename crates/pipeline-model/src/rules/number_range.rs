//! A number lies outside what the service takes.

use spec_report::{Findings, declare_rule};

use super::subject::Subject;

declare_rule! {
    /// ## What it does
    /// Checks `runOrder` (1 to 999) and `timeoutInMinutes` (5 to 86400).
    ///
    /// ## Why
    /// The service refuses the declaration.
    pub(crate) static NUMBER_RANGE = {
        id: "pipeline-model/number-range",
        severity: Error,
        summary: "a number lies outside what the service takes",
        service: "ValidationException: Value at '…' failed to satisfy constraint: Member must have value less than or equal to …",
    }
}

pub(super) fn check(subject: &Subject, out: &mut Findings<'_>) {
    for found in subject.actions() {
        let member = format!("pipeline.stages.{}.member.actions.{}.member", found.at.stage + 1, found.at.action + 1);
        for (field, value, least, most) in [
            ("runOrder", found.action.run_order, 1, 999),
            ("timeoutInMinutes", found.action.timeout_in_minutes, 5, 86_400),
        ] {
            let constraint = match value {
                Some(value) if value < least => format!("greater than or equal to {least}"),
                Some(value) if value > most => format!("less than or equal to {most}"),
                _ => continue,
            };
            let message = format!(
                "Value at '{member}.{field}' failed to satisfy constraint: Member must have value {constraint}"
            );
            subject.report(out, &NUMBER_RANGE, subject.value(&found.path(field)), message);
        }
    }
}

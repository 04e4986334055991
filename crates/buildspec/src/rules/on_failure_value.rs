//! Values of `on-failure`.

use spec_report::{Findings, declare_rule, did_you_mean};

use super::subject::Subject;

declare_rule! {
    /// `on-failure` is `ABORT`, `CONTINUE`, `RETRY`, `RETRY-<count>`, `RETRY-<regex>` or `RETRY-<count>-<regex>`, with a count
    /// from 0 to 100.
    pub(crate) static ON_FAILURE_VALUE = {
        id: "buildspec/on-failure-value",
        severity: Error,
        summary: "`on-failure` has an unknown value",
    }
}

pub(crate) fn check(subject: &Subject, findings: &mut Findings<'_>) {
    for (_, phase) in subject.spec.phases.iter().flat_map(|phases| phases.iter()) {
        if let (Some(text), Err(error)) = (&phase.on_failure, phase.failure_policy()) {
            let near = did_you_mean(&text.value.to_ascii_uppercase(), ["ABORT", "CONTINUE", "RETRY"]);
            let diagnostic = findings.report(&ON_FAILURE_VALUE, &subject.source, text.span, error.to_string());
            if let Some(near) = near {
                diagnostic.set_help(format!("did you mean `{near}`?"));
            }
        }
    }
}

//! Variables with two sources.

use std::collections::BTreeMap;

use spec_report::{Findings, Span, declare_rule};

use super::subject::Subject;

declare_rule! {
    /// Which of both wins is not documented.
    pub(crate) static VARIABLE_DEFINED_TWICE = {
        id: "buildspec/variable-defined-twice",
        severity: Warning,
        summary: "a variable comes from two sections",
    }
}

pub(super) fn check(subject: &Subject, findings: &mut Findings<'_>) {
    let env = &subject.spec.env;
    let mut seen: BTreeMap<&str, (usize, Span)> = BTreeMap::new();
    for (number, section) in [&env.variables, &env.parameter_store, &env.secrets_manager].into_iter().enumerate() {
        for variable in section {
            let (section, first) = *seen.entry(variable.name.value.as_str()).or_insert((number, variable.name.span));
            // The same name in one section is a duplicate key.
            if section != number {
                let message = format!("`{}` comes from two sections", variable.name.value.escape_debug());
                findings.report(&VARIABLE_DEFINED_TWICE, &subject.source, variable.name.span, message).add_label(
                    &subject.source,
                    first,
                    "it comes from here, too",
                );
            }
        }
    }
}

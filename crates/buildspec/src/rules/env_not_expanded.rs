//! Variables in the values of variables.

use spec_report::{Findings, declare_rule};

use super::subject::Subject;

declare_rule! {
    /// Values of `env.variables` are taken literally: `PATH: $PATH:/opt/bin` sets `PATH` to the text `$PATH:/opt/bin`.
    pub(crate) static ENV_NOT_EXPANDED = {
        id: "buildspec/env-not-expanded",
        severity: Warning,
        summary: "a variable is expected to be expanded and is not",
    }
}

pub(crate) fn check(subject: &Subject, findings: &mut Findings<'_>) {
    for variable in &subject.spec.env.variables {
        let text = variable.value.value.as_str();
        let Some(at) = text.find('$') else { continue };
        let rest = text[at + 1..].trim_start_matches('{');
        // `$` alone, `$1` and the like are text that nobody expects to be replaced.
        let Some(first) = rest.chars().next() else { continue };
        if !(first == '_' || first == '(' || first.is_ascii_alphabetic()) {
            continue;
        }
        findings
            .report(
                &ENV_NOT_EXPANDED,
                &subject.source,
                variable.value.span,
                format!("`{}` is used literally: nothing in it is expanded", text.escape_debug()),
            )
            .set_help(format!("set it by a command: `export {}=\"…\"`", variable.name.value));
    }
}

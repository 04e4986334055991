//! Names that no shell can read.

use spec_report::{Findings, declare_rule};

use super::subject::Subject;

declare_rule! {
    /// A shell cannot refer to a variable with such a name: `$my-name` is the variable `my` and the text `-name`.
    pub(crate) static VARIABLE_NAME_INVALID = {
        id: "buildspec/variable-name-invalid",
        severity: Warning,
        summary: "the name of a variable is none for a shell",
    }
}

pub(super) fn check(subject: &Subject, findings: &mut Findings<'_>) {
    let env = &subject.spec.env;
    for variable in env.variables.iter().chain(&env.parameter_store).chain(&env.secrets_manager) {
        let name = variable.name.value.as_str();
        let named = !name.is_empty() && name.bytes().all(|byte| byte == b'_' || byte.is_ascii_alphanumeric());
        if !named || name.starts_with(|first: char| first.is_ascii_digit()) {
            let message = format!("`{}` is no name that a shell can refer to", name.escape_debug());
            findings
                .report(&VARIABLE_NAME_INVALID, &subject.source, variable.name.span, message)
                .set_help("use letters, digits and `_`");
        }
    }
}

//! Exported variables that are not exported.

use spec_report::{Findings, declare_rule};

use super::subject::Subject;

declare_rule! {
    /// Values from Parameter Store and Secrets Manager and variables whose names begin with `AWS_` cannot be exported.
    pub(crate) static EXPORTED_VARIABLE_NOT_ALLOWED = {
        id: "buildspec/exported-variable-not-allowed",
        severity: Error,
        summary: "a variable cannot be exported",
    }
}

pub(crate) fn check(subject: &Subject, findings: &mut Findings<'_>) {
    let env = &subject.spec.env;
    for name in &env.exported_variables {
        let secret = env.parameter_store.iter().chain(&env.secrets_manager).find(|one| one.name.value == name.value);
        if let Some(secret) = secret {
            findings
                .report(
                    &EXPORTED_VARIABLE_NOT_ALLOWED,
                    &subject.source,
                    name.span,
                    format!("`{}` is a secret and cannot be exported", name.value),
                )
                .add_label(&subject.source, secret.name.span, "it comes from here");
        } else if name.value.starts_with("AWS_") {
            findings.report(
                &EXPORTED_VARIABLE_NOT_ALLOWED,
                &subject.source,
                name.span,
                format!("`{}` begins with `AWS_` and cannot be exported", name.value),
            );
        }
    }
}

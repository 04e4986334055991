//! Variables under the name of CodeBuild.

use spec_report::{Findings, declare_rule};

use super::subject::Subject;

declare_rule! {
    /// Names that begin with `CODEBUILD_` are reserved for CodeBuild itself.
    pub(crate) static RESERVED_VARIABLE = {
        id: "buildspec/reserved-variable",
        severity: Error,
        summary: "a variable has a reserved name",
        service: "No user environment variables can start with CODEBUILD_",
    }
}

pub(crate) fn check(subject: &Subject, findings: &mut Findings<'_>) {
    let env = &subject.spec.env;
    for variable in env.variables.iter().chain(&env.parameter_store).chain(&env.secrets_manager) {
        if variable.name.value.starts_with("CODEBUILD_") {
            findings.report(
                &RESERVED_VARIABLE,
                &subject.source,
                variable.name.span,
                format!("the name `{}` begins with `CODEBUILD_`, which is reserved", variable.name.value),
            );
        }
    }
}

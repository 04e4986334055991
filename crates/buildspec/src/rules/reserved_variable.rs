//! Variables under the name of CodeBuild.

use spec_report::{Findings, declare_rule};

use super::batch::environments;
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
    let sections = env.variables.iter().chain(&env.parameter_store).chain(&env.secrets_manager);
    let of_file = sections.map(|variable| (variable.name.value.as_str(), variable.name.span));
    // Those that a batch gives to its builds are environment variables like any other.
    let of_batch = environments(subject).into_iter().filter_map(|env| env.get("variables")?.as_map()).flatten();
    let of_batch = of_batch.filter_map(|entry| Some((entry.key.as_str()?, entry.key.span)));
    for (name, span) in of_file.chain(of_batch) {
        if name.starts_with("CODEBUILD_") {
            findings.report(
                &RESERVED_VARIABLE,
                &subject.source,
                span,
                format!("the name `{}` begins with `CODEBUILD_`, which is reserved", name.escape_debug()),
            );
        }
    }
}

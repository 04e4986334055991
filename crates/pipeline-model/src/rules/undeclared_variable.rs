//! A reference names a pipeline variable that is not declared.

use std::collections::HashSet;

use spec_report::{Findings, declare_rule, did_you_mean};

use super::subject::{SUGGESTIONS, Subject, is_placeholder};
use super::used::all;

declare_rule! {
    /// ## What it does
    /// Reports `#{variables.name}` where the pipeline declares variables, but not this one.
    ///
    /// ## Why
    /// The service refuses the declaration.
    pub(crate) static UNDECLARED_VARIABLE = {
        id: "pipeline-model/undeclared-variable",
        severity: Error,
        summary: "a reference names a pipeline variable that is not declared",
        service: "InvalidActionDeclarationException: The referenced variables haven't been declared.",
    }
}

pub(super) fn check(subject: &Subject, out: &mut Findings<'_>) {
    let declared = &subject.pipeline().variables;
    if declared.is_empty() {
        return;
    }
    let names: HashSet<&str> = declared.iter().map(|variable| variable.name.as_str()).collect();
    let uncertain = names.iter().any(|name| is_placeholder(name));
    for reference in all(subject) {
        let Some(("variables", key)) = reference.parts() else { continue };
        if uncertain || names.contains(key) {
            continue;
        }
        let message = "The referenced variables haven't been declared.";
        let report = subject.report(out, &UNDECLARED_VARIABLE, reference.span, message);
        let near = did_you_mean(key, declared.iter().take(SUGGESTIONS).map(|variable| variable.name.as_str()));
        report.set_help(near.map_or_else(|| format!("declare `{key}`"), |near| format!("did you mean `{near}`?")));
    }
}

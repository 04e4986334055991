//! A reference names a variable that the action does not give.

use spec_report::{Findings, declare_rule, did_you_mean};

use super::subject::{Subject, is_placeholder};
use super::used::{Namespaces, all};
use crate::actions::OutputVariables;

declare_rule! {
    /// ## What it does
    /// Reports `#{namespace.key}` where the action type always gives the same variables and this is none of them.
    ///
    /// ## Why
    /// The service accepts the declaration, and the action that uses the reference fails when it runs.
    pub(crate) static UNKNOWN_OUTPUT_VARIABLE = {
        id: "pipeline-model/unknown-output-variable",
        severity: Warning,
        summary: "a reference names a variable that the action does not give",
    }
}

pub(super) fn check(subject: &Subject, out: &mut Findings<'_>) {
    let namespaces = Namespaces::new(subject);
    for reference in all(subject) {
        let Some((namespace, key)) = reference.parts() else { continue };
        let giver = namespaces.giver(namespace);
        let Some((giver, kind)) = giver.and_then(|giver| Some((giver, giver.kind()?))) else { continue };
        let given: &[&str] = match kind.output_variables() {
            OutputVariables::None => &[],
            OutputVariables::Fixed(given) => given,
            OutputVariables::Open => continue,
        };
        // Triggers on pull requests give variables of their own.
        if given.contains(&key) || is_placeholder(key) || key.starts_with("PullRequest") {
            continue;
        }
        let message = format!("`{namespace}` of {} has no variable `{key}`", kind.id());
        let report = subject.report(out, &UNKNOWN_OUTPUT_VARIABLE, reference.span, message);
        subject.also(report, subject.name(giver.path), "the action with this namespace");
        match did_you_mean(key, given.iter().copied()) {
            Some(near) => report.set_help(format!("did you mean `{near}`?")),
            None if given.is_empty() => report.set_help("actions of this type give no variables"),
            None => report.set_help(format!("it gives {}", given.join(", "))),
        };
    }
}

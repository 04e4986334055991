//! An action lacks a configuration key that its type requires.

use spec_report::{Findings, Severity, declare_rule};

use super::subject::Subject;
use crate::actions::{ProblemKind, Problems};

declare_rule! {
    /// ## What it does
    /// Reports a key that the action type requires; one that it requires only together with other values gives a warning.
    ///
    /// ## Why
    /// The service refuses the action, or fails when it runs.
    pub(crate) static MISSING_CONFIGURATION = {
        id: "pipeline-model/missing-configuration",
        severity: Error,
        summary: "an action lacks a configuration key that its type requires",
        service: "InvalidActionDeclarationException: Action configuration for action '…' is missing required configuration '…'",
    }
}

pub(super) fn check(subject: &Subject, out: &mut Findings<'_>) {
    for found in subject.actions() {
        let Some(kind) = found.kind() else { continue };
        let settings = subject.settings(&found);
        let path = found.path("configuration");
        let written = subject.declaration.places.get(&path).is_some();
        let span = if written { subject.key(&path) } else { subject.name(found.path) };
        let message = |key: &str| {
            format!("Action configuration for action '{}' is missing required configuration '{key}'", found.action.name)
        };
        for key in kind.config().iter().filter(|key| key.required && settings.lacks(key.name)) {
            let report = subject.report(out, &MISSING_CONFIGURATION, span, message(key.name));
            report.set_help(format!("`{}`: {}", key.name, key.summary));
        }
        let mut problems = Problems::default();
        kind.check(&settings, &mut problems);
        for problem in problems.found().iter().filter(|problem| problem.kind == ProblemKind::Missing) {
            // The documentation asks for these. Some were seen to be accepted, and fail when the action runs.
            let message = format!(
                "the configuration of action `{}` lacks `{}`: {}",
                found.action.name, problem.key, problem.message
            );
            subject.report(out, &MISSING_CONFIGURATION, span, message).set_severity(Severity::Warning);
        }
    }
}

//! An action takes or gives too few or too many artifacts.

use spec_report::{Findings, declare_rule};

use super::subject::Subject;

declare_rule! {
    /// ## What it does
    /// Compares the number of input and output artifacts with what the action type allows.
    ///
    /// ## Why
    /// The service refuses the declaration before anything runs.
    pub(crate) static ARTIFACT_COUNT = {
        id: "pipeline-model/artifact-count",
        severity: Error,
        summary: "an action takes or gives too few or too many artifacts",
        service: "InvalidActionDeclarationException: Action … declares … input artifacts which is less than the minimum count (…)",
    }
}

pub(super) fn check(subject: &Subject, out: &mut Findings<'_>) {
    for found in subject.actions() {
        let Some(kind) = found.kind() else { continue };
        for (field, what, count, bounds) in [
            ("inputArtifacts", "input", found.action.input_artifacts.len(), kind.inputs()),
            ("outputArtifacts", "output", found.action.output_artifacts.len(), kind.outputs()),
        ] {
            let path = found.path(field);
            if subject.is_symbolic(&path) || bounds.contains(&count) {
                continue;
            }
            let (word, limit, bound) = if count < *bounds.start() {
                ("less", "minimum", bounds.start())
            } else {
                ("more", "maximum", bounds.end())
            };
            let message = format!(
                "Action {} declares {count} {what} artifacts which is {word} than the {limit} count ({bound})",
                found.action.name
            );
            let known = subject.declaration.places.get(&path).is_some();
            let span = if known { subject.key(&path) } else { subject.name(found.path) };
            subject.report(out, &ARTIFACT_COUNT, span, message);
        }
    }
}

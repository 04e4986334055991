//! Names of artifacts that the project overrules.

use spec_report::{Findings, declare_rule};

use super::subject::Subject;

declare_rule! {
    /// CodeBuild takes the name of the buildspec only if the project has `overrideArtifactName` (in the console: semantic
    /// versioning). Otherwise the name of the project is used.
    pub(crate) static ARTIFACT_NAME_NEEDS_OVERRIDE = {
        id: "buildspec/artifact-name-needs-override",
        severity: Info,
        summary: "the artifact name is used only if the project says so",
    }
}

pub(super) fn check(subject: &Subject, findings: &mut Findings<'_>) {
    let Some(artifacts) = &subject.spec.artifacts else { return };
    let secondary = artifacts.secondary_artifacts.iter().map(|secondary| &secondary.artifacts);
    for set in std::iter::once(&artifacts.primary).chain(secondary) {
        if let Some(text) = set.name.as_ref().filter(|name| name.value.contains('$')) {
            let message = "this name is used only if the project has `overrideArtifactName`";
            findings.report(&ARTIFACT_NAME_NEEDS_OVERRIDE, &subject.source, text.span, message);
        }
    }
}

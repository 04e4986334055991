//! Secondary artifacts beyond the limit.

use spec_report::{Findings, declare_rule};

use super::subject::Subject;

declare_rule! {
    /// Every secondary artifact must be one of the project, and a project has at most twelve.
    pub(crate) static TOO_MANY_SECONDARY_ARTIFACTS = {
        id: "buildspec/too-many-secondary-artifacts",
        severity: Error,
        summary: "there are more than twelve secondary artifacts",
        service: "Invalid input: the maximum number of artifact definitions in secondaryArtifacts is 12",
    }
}

const MOST: usize = 12;

pub(super) fn check(subject: &Subject, findings: &mut Findings<'_>) {
    let Some(artifacts) = &subject.spec.artifacts else { return };
    if let Some(artifact) = artifacts.secondary_artifacts.get(MOST) {
        let count = artifacts.secondary_artifacts.len();
        let message = format!("{count} secondary artifacts are too many: a project has at most {MOST}");
        findings.report(&TOO_MANY_SECONDARY_ARTIFACTS, &subject.source, artifact.identifier.span, message);
    }
}

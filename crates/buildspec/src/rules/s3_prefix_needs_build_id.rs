//! `s3-prefix` without a build id.

use spec_report::{Findings, declare_rule};

use super::subject::Subject;

declare_rule! {
    /// The prefix stands in front of the build id. Without the namespace type `BUILD_ID` in the project it has no effect,
    /// which the buildspec cannot tell.
    pub(crate) static S3_PREFIX_NEEDS_BUILD_ID = {
        id: "buildspec/s3-prefix-needs-build-id",
        severity: Info,
        summary: "the prefix is used only with the build id in the path",
    }
}

pub(super) fn check(subject: &Subject, findings: &mut Findings<'_>) {
    let Some(artifacts) = &subject.spec.artifacts else { return };
    let secondary = artifacts.secondary_artifacts.iter().map(|secondary| &secondary.artifacts);
    for set in std::iter::once(&artifacts.primary).chain(secondary) {
        if let Some(text) = &set.s3_prefix {
            let message = "`s3-prefix` is used only if the project's artifacts have the namespace type `BUILD_ID`";
            findings.report(&S3_PREFIX_NEEDS_BUILD_ID, &subject.source, text.span, message);
        }
    }
}

//! Artifacts without files.

use spec_report::{Findings, declare_rule};

use super::subject::Subject;

declare_rule! {
    /// The reference says that `files` is always required. Builds with secondary artifacts alone are seen to work.
    pub(crate) static ARTIFACTS_FILES_MISSING = {
        id: "buildspec/artifacts-files-missing",
        severity: Warning,
        summary: "artifacts have no files",
    }
}

pub(crate) fn check(subject: &Subject, findings: &mut Findings<'_>) {
    let Some(artifacts) = &subject.spec.artifacts else { return };
    if !subject.complete {
        return;
    }
    let secondary = artifacts.secondary_artifacts.iter();
    let named = secondary.map(|one| (format!("the secondary artifact `{}`", one.identifier.value), &one.artifacts));
    for (what, set) in std::iter::once(("`artifacts`".to_owned(), &artifacts.primary)).chain(named) {
        if set.files.is_empty() {
            findings.report(
                &ARTIFACTS_FILES_MISSING,
                &subject.source,
                set.key,
                format!("{what} has no `files`, so nothing is collected"),
            );
        }
    }
}

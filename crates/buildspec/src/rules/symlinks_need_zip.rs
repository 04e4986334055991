//! `enable-symlinks` without a ZIP file.

use spec_report::{Findings, declare_rule};

use super::subject::Subject;
use crate::model::yes_no;

declare_rule! {
    /// The value has an effect only if the project packages its artifacts as a ZIP file, which the buildspec cannot tell.
    pub(crate) static SYMLINKS_NEED_ZIP = {
        id: "buildspec/symlinks-need-zip",
        severity: Info,
        summary: "symbolic links are only kept in ZIP files",
    }
}

pub(super) fn check(subject: &Subject, findings: &mut Findings<'_>) {
    let Some(artifacts) = &subject.spec.artifacts else { return };
    let secondary = artifacts.secondary_artifacts.iter().map(|secondary| &secondary.artifacts);
    for set in std::iter::once(&artifacts.primary).chain(secondary) {
        if let Some(text) = set.enable_symlinks.as_ref().filter(|text| yes_no(&text.value) == Some(true)) {
            let message = "symbolic links are kept only if the project packages its artifacts as ZIP";
            findings.report(&SYMLINKS_NEED_ZIP, &subject.source, text.span, message);
        }
    }
}

//! Values that are neither yes nor no.

use spec_report::{Findings, declare_rule};

use super::subject::Subject;
use crate::model::yes_no;

declare_rule! {
    /// CodeBuild documents `yes` and `no`; `true` and `false` work as well. What it makes of anything else is not known.
    pub(crate) static YES_NO_VALUE = {
        id: "buildspec/yes-no-value",
        severity: Warning,
        summary: "a value is neither yes nor no",
    }
}

pub(crate) fn check(subject: &Subject, findings: &mut Findings<'_>) {
    let spec = &subject.spec;
    let sets = spec.artifacts.iter().flat_map(|artifacts| {
        std::iter::once(&artifacts.primary).chain(artifacts.secondary_artifacts.iter().map(|one| &one.artifacts))
    });
    let in_sets = sets.flat_map(|set| set.discard_paths.iter().chain(&set.enable_symlinks));
    let in_reports = spec.reports.iter().filter_map(|group| group.discard_paths.as_ref());
    let others = spec.env.git_credential_helper.iter().chain(&spec.proxy.upload_artifacts).chain(&spec.proxy.logs);
    for text in in_sets.chain(in_reports).chain(others) {
        if yes_no(&text.value).is_none() {
            let message = format!("`{}` is neither `yes` nor `no`", text.value.escape_debug());
            findings.report(&YES_NO_VALUE, &subject.source, text.span, message);
        }
    }
}

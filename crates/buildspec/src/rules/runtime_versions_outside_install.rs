//! Runtimes that are selected too late.

use spec_report::{Findings, declare_rule};

use super::subject::Subject;
use crate::model::PhaseName;

declare_rule! {
    /// Runtimes are selected in `install`. In any other phase `runtime-versions` does nothing.
    pub(crate) static RUNTIME_VERSIONS_OUTSIDE_INSTALL = {
        id: "buildspec/runtime-versions-outside-install",
        severity: Error,
        summary: "runtimes are selected outside of `install`",
    }
}

pub(crate) fn check(subject: &Subject, findings: &mut Findings<'_>) {
    for (name, phase) in subject.spec.phases.iter().flat_map(|phases| phases.iter()) {
        if let Some(first) = phase.runtime_versions.first().filter(|_| name != PhaseName::Install) {
            findings
                .report(
                    &RUNTIME_VERSIONS_OUTSIDE_INSTALL,
                    &subject.source,
                    first.name.span,
                    format!("`runtime-versions` has no effect in `{name}`"),
                )
                .set_help("move it to `install`");
        }
    }
}

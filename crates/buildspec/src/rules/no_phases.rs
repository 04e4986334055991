//! Files that describe no build.

use spec_report::{Findings, declare_rule};

use super::subject::Subject;

declare_rule! {
    /// A buildspec needs `phases`; only a file that describes a batch can do without.
    pub(crate) static NO_PHASES = {
        id: "buildspec/no-phases",
        severity: Error,
        summary: "there are neither phases nor a batch",
    }
}

pub(crate) fn check(subject: &Subject, findings: &mut Findings<'_>) {
    let spec = &subject.spec;
    if subject.complete && spec.phases.is_none() && spec.batch.is_none() {
        findings
            .report(&NO_PHASES, &subject.source, spec.head, "the buildspec has neither `phases` nor `batch`")
            .set_help("add `phases` with a `build` phase");
    }
}

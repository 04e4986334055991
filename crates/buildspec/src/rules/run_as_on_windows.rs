//! `run-as` where there is none.

use spec_report::{Findings, declare_rule};

use super::subject::Subject;

declare_rule! {
    /// CodeBuild documents `run-as` for Linux only.
    pub(crate) static RUN_AS_ON_WINDOWS = {
        id: "buildspec/run-as-on-windows",
        severity: Warning,
        summary: "`run-as` is for Linux only",
    }
}

pub(super) fn check(subject: &Subject, findings: &mut Findings<'_>) {
    let Some(shell) = subject.spec.env.shell.as_ref().filter(|shell| shell.value.ends_with(".exe")) else { return };
    let phases = subject.spec.phases.iter().flat_map(|phases| phases.iter());
    for user in subject.spec.run_as.iter().chain(phases.filter_map(|(_, phase)| phase.run_as.as_ref())) {
        findings.report(&RUN_AS_ON_WINDOWS, &subject.source, user.span, "`run-as` is for Linux only").add_label(
            &subject.source,
            shell.span,
            "this shell is of Windows",
        );
    }
}

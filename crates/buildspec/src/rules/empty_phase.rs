//! Phases that do nothing.

use spec_report::{Findings, declare_rule};

use super::subject::Subject;

declare_rule! {
    /// CodeBuild enters the phase, finds nothing to do and goes on. A phase with `finally` or `runtime-versions` alone is fine.
    pub(crate) static EMPTY_PHASE = {
        id: "buildspec/empty-phase",
        severity: Warning,
        summary: "a phase has no commands",
        service: "No commands found for phase name",
    }
}

pub(crate) fn check(subject: &Subject, findings: &mut Findings<'_>) {
    if !subject.complete {
        return;
    }
    for (name, phase) in subject.spec.phases.iter().flat_map(|phases| phases.iter()) {
        if phase.commands.is_empty() && phase.finally.is_empty() && phase.runtime_versions.is_empty() {
            findings
                .report(&EMPTY_PHASE, &subject.source, phase.key, format!("the phase `{name}` has no commands"))
                .set_help("write `commands` below it, or remove it");
        }
    }
}

//! Two permissions for the same object, found by planning the installation of the bundle.

use spec_report::{Findings, declare_rule};

use super::Subject;
use crate::agent;
use crate::plan::ProblemKind;

declare_rule! {
    /// ## What it does
    /// Reports permissions of which two apply to the same file or directory, even with the same values.
    /// Needs the bundle.
    pub(crate) static OVERLAPPING_PERMISSIONS = {
        id: "appspec/overlapping-permissions",
        severity: Error,
        summary: "two permissions for the same object",
        service: "The deployment failed because the permissions setting for (X) is specified more than once in the application specification file. Update the files section of the AppSpec file, and then try again.",
    }
}

pub(super) fn check(subject: &Subject, findings: &mut Findings<'_>) {
    let Some(plan) = subject.plan() else { return };
    for problem in plan.problems.iter().filter(|problem| problem.kind == ProblemKind::PermissionOverlap) {
        let found = findings.report(&OVERLAPPING_PERMISSIONS, subject.source(), problem.span, problem.message.clone());
        if let Some(sentence) = &problem.agent {
            found.set_help(agent::says(sentence));
        }
        if let Some(other) = problem.other {
            found.add_label(subject.source(), other, "the other one");
        }
    }
}

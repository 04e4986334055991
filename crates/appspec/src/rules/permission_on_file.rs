//! A permission for a file that says something only directories have.

use spec_report::{Findings, declare_rule};

use super::Subject;
use crate::plan::ProblemKind;

declare_rule! {
    /// ## What it does
    /// Reports a permission for a file that has a pattern, an exception or a default ACL entry. Needs
    /// the bundle, which tells files from directories.
    pub(crate) static PERMISSION_ON_FILE = {
        id: "appspec/permission-on-file",
        severity: Error,
        summary: "a permission for a file has a pattern, an exception or a default ACL entry",
    }
}

pub(super) fn check(subject: &Subject, findings: &mut Findings<'_>) {
    let Some(plan) = subject.plan() else { return };
    for problem in plan.problems.iter().filter(|problem| problem.kind == ProblemKind::PermissionOnFile) {
        findings.report(&PERMISSION_ON_FILE, subject.source(), problem.span, problem.message.clone());
    }
}

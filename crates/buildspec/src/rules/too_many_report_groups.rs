//! Report groups beyond the limit.

use spec_report::{Findings, declare_rule};

use super::subject::Subject;

declare_rule! {
    /// A project can have at most five report groups.
    pub(crate) static TOO_MANY_REPORT_GROUPS = {
        id: "buildspec/too-many-report-groups",
        severity: Error,
        summary: "a build has more than five report groups",
    }
}

const MOST: usize = 5;

pub(super) fn check(subject: &Subject, findings: &mut Findings<'_>) {
    if let Some(group) = subject.spec.reports.get(MOST) {
        let message = format!("{} report groups are too many: a build has at most {MOST}", subject.spec.reports.len());
        findings.report(&TOO_MANY_REPORT_GROUPS, &subject.source, group.name.span, message);
    }
}

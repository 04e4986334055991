//! Builds without names.

use spec_report::{Findings, declare_rule};

use super::batch::tasks;
use super::subject::Subject;

declare_rule! {
    /// The identifier names the build in the batch, and is required.
    pub(crate) static BATCH_IDENTIFIER_MISSING = {
        id: "buildspec/batch-identifier-missing",
        severity: Error,
        summary: "a build of a batch has no identifier",
    }
}

pub(super) fn check(subject: &Subject, findings: &mut Findings<'_>) {
    for task in tasks(subject).iter().filter(|task| task.node.as_map().is_some() && task.identifier.is_none()) {
        let head =
            task.node.as_map().and_then(|entries| entries.first()).map_or(task.node.span, |entry| entry.key.span);
        findings
            .report(&BATCH_IDENTIFIER_MISSING, &subject.source, head, "this build has no `identifier`")
            .set_help("write `identifier`, of letters, digits and underscores");
    }
}

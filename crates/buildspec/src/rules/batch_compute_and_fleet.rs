//! Two machines for one build.

use spec_report::{Findings, declare_rule};

use super::batch::environments;
use super::subject::Subject;

declare_rule! {
    /// A fleet has its own machines: the two exclude each other.
    pub(crate) static BATCH_COMPUTE_AND_FLEET = {
        id: "buildspec/batch-compute-and-fleet",
        severity: Error,
        summary: "a build of a batch names a compute type and a fleet",
    }
}

pub(super) fn check(subject: &Subject, findings: &mut Findings<'_>) {
    for env in environments(subject) {
        if let (Some(compute), Some(fleet)) = (env.get("compute-type"), env.get("fleet")) {
            findings
                .report(
                    &BATCH_COMPUTE_AND_FLEET,
                    &subject.source,
                    compute.span,
                    "a build has a compute type or a fleet, not both",
                )
                .add_label(&subject.source, fleet.span, "the fleet is here");
        }
    }
}

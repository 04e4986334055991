//! Batches of two kinds.

use spec_report::{Findings, Node, declare_rule};

use super::subject::Subject;

declare_rule! {
    /// A batch is one of a graph, a list, a matrix and a fanout.
    pub(crate) static BATCH_TWO_KINDS = {
        id: "buildspec/batch-two-kinds",
        severity: Error,
        summary: "a batch has more than one kind of builds",
    }
}

const KINDS: [&str; 4] = ["build-graph", "build-list", "build-matrix", "build-fanout"];

pub(super) fn check(subject: &Subject, findings: &mut Findings<'_>) {
    let mut kinds: Vec<&Node> = KINDS.iter().filter_map(|kind| subject.key(&["batch", kind])).collect();
    kinds.sort_by_key(|key| key.span.start);
    for key in kinds.iter().skip(1) {
        findings.report(&BATCH_TWO_KINDS, &subject.source, key.span, "a batch has one kind of builds only").add_label(
            &subject.source,
            kinds[0].span,
            "this is the first one",
        );
    }
}

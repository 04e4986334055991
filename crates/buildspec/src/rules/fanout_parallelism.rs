//! How many builds a fanout has.

use spec_report::{Findings, declare_rule};

use super::subject::Subject;

declare_rule! {
    /// CodeBuild starts as many builds as `parallelism` says.
    pub(crate) static FANOUT_PARALLELISM = {
        id: "buildspec/fanout-parallelism",
        severity: Error,
        summary: "a fanout has no number of builds",
    }
}

pub(super) fn check(subject: &Subject, findings: &mut Findings<'_>) {
    let Some(fanout) = subject.node(&["batch", "build-fanout"]).filter(|_| subject.complete) else { return };
    match fanout.get("parallelism") {
        None => {
            if let Some(key) = subject.key(&["batch", "build-fanout"]) {
                findings.report(&FANOUT_PARALLELISM, &subject.source, key.span, "the fanout has no `parallelism`");
            }
        }
        Some(node) => {
            let whole = node.as_str().is_some_and(|text| text.trim().parse::<u32>().is_ok_and(|count| count > 0));
            if !whole {
                findings.report(
                    &FANOUT_PARALLELISM,
                    &subject.source,
                    node.span,
                    "`parallelism` is no whole number from 1",
                );
            }
        }
    }
}

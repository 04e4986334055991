//! `ecs-taskdef/no-essential-container`.

use spec_report::{Findings, declare_rule};

use super::Subject;

declare_rule! {
    /// Finds tasks none of whose containers is essential.
    pub static NO_ESSENTIAL_CONTAINER = {
        id: "ecs-taskdef/no-essential-container",
        severity: Error,
        summary: "no container is essential",
        service: "Task definition doesn't have any essential container",
    }
}

pub(super) fn check(subject: &Subject, out: &mut Findings<'_>) {
    if subject.containers.is_empty() || !subject.document().is_complete() {
        return;
    }
    let places: Vec<_> = subject.containers.iter().filter_map(|c| c.essential.as_ref()).collect();
    if subject.containers.iter().any(crate::Container::is_essential) {
        return;
    }
    if let Some((first, rest)) = places.split_first() {
        let found = out.report(
            &NO_ESSENTIAL_CONTAINER,
            subject.source(),
            first.span,
            "no container of the task is essential, so nothing decides when it has ended",
        );
        for place in rest {
            found.add_label(subject.source(), place.span, "nor is this one");
        }
        found.set_help("containers are essential unless they say otherwise: leave `essential` away from the main one");
    }
}

//! `ecs-taskdef/memory-missing`.

use spec_report::{Findings, declare_rule};

use super::Subject;

declare_rule! {
    /// Finds containers without a memory limit or reservation in a task that has no memory of its own.
    pub static MEMORY_MISSING = {
        id: "ecs-taskdef/memory-missing",
        severity: Error,
        summary: "neither the task nor the container says its memory",
        service: "At least one of 'memory' or 'memoryReservation' must be specified.",
    }
}

pub(super) fn check(subject: &Subject, out: &mut Findings<'_>) {
    // On Fargate the task's own memory is required, which `fargate-cpu-memory` reports.
    if subject.memory.is_some() || subject.is_fargate() || !subject.is_whole() {
        return;
    }
    for container in &subject.containers {
        let written = |key: &str| {
            let item = subject.containers_node().and_then(|list| list.as_seq()?.get(container.index));
            item.and_then(|item| item.get(key)).is_some_and(|value| !value.is_null(subject.schema()))
        };
        if !written("memory") && !written("memoryReservation") {
            let message = format!("{} has neither `memory` nor `memoryReservation`", container.title());
            out.report(&MEMORY_MISSING, subject.source(), container.head(), message)
                .set_help("give it one of them, or give the task a `memory`");
        }
    }
}

//! `ecs-taskdef/container-memory-over-task`.

use spec_report::{Findings, declare_rule};

use super::Subject;
use crate::units;

declare_rule! {
    /// Finds containers with more memory than the task, and reservations that are together more than the task has.
    pub static CONTAINER_MEMORY_OVER_TASK = {
        id: "ecs-taskdef/container-memory-over-task",
        severity: Error,
        summary: "a container has more memory than its task",
        service: "The 'memory' setting for container '%s' is greater than for the task",
    }
}

pub(super) fn check(subject: &Subject, out: &mut Findings<'_>) {
    let Some(memory) = &subject.memory else { return };
    let Some(task) = units::memory(&memory.value).map(i64::from) else { return };
    for container in &subject.containers {
        if let Some(own) = container.memory.as_ref().filter(|own| own.value > task) {
            let message = format!("{} has {} MiB, but the task has {task}", container.title(), own.value);
            out.report(&CONTAINER_MEMORY_OVER_TASK, subject.source(), own.span, message).add_label(
                subject.source(),
                memory.span,
                "the task's memory",
            );
        }
    }
    let reserved = subject.containers.iter().filter_map(|container| container.memory_reservation.as_ref());
    let sum = reserved.map(|reserved| reserved.value).fold(0, i64::saturating_add);
    if sum > task {
        let message = format!("the containers reserve {sum} MiB, but the task has {task}");
        out.report(&CONTAINER_MEMORY_OVER_TASK, subject.source(), memory.span, message);
    }
}

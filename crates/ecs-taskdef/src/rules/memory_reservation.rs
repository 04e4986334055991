//! `ecs-taskdef/memory-reservation`.

use spec_report::{Findings, declare_rule};

use super::Subject;

declare_rule! {
    /// Finds containers that reserve more memory than they may use.
    pub static MEMORY_RESERVATION = {
        id: "ecs-taskdef/memory-reservation",
        severity: Error,
        summary: "a container reserves more memory than it may use",
        service: "'memory' must be greater than or equal to 'memoryReservation'",
    }
}

pub(super) fn check(subject: &Subject, out: &mut Findings<'_>) {
    for container in &subject.containers {
        let (Some(memory), Some(reserved)) = (&container.memory, &container.memory_reservation) else { continue };
        if reserved.value > memory.value {
            let message =
                format!("{} reserves {} MiB, but may use {} MiB only", container.title(), reserved.value, memory.value);
            out.report(&MEMORY_RESERVATION, subject.source(), reserved.span, message).add_label(
                subject.source(),
                memory.span,
                "the limit",
            );
        }
    }
}

//! `ecs-taskdef/container-cpu-over-task`.

use spec_report::{Findings, declare_rule};

use super::Subject;
use crate::units;

declare_rule! {
    /// Finds tasks whose containers ask for more CPU than the task has.
    pub static CONTAINER_CPU_OVER_TASK = {
        id: "ecs-taskdef/container-cpu-over-task",
        severity: Error,
        summary: "the containers ask for more CPU than the task has",
        service: "The sum of all container 'cpu' values cannot be greater than the value of the task 'cpu'.",
    }
}

pub(super) fn check(subject: &Subject, out: &mut Findings<'_>) {
    let Some(cpu) = &subject.cpu else { return };
    let Some(task) = units::cpu(&cpu.value) else { return };
    let sum: i64 =
        subject.containers.iter().filter_map(|c| c.cpu.as_ref()).map(|cpu| cpu.value).fold(0, i64::saturating_add);
    if sum > i64::from(task) {
        let message = format!("the containers ask for {sum} CPU units, but the task has {task}");
        let found = out.report(&CONTAINER_CPU_OVER_TASK, subject.source(), cpu.span, message);
        for container in &subject.containers {
            if let Some(cpu) = &container.cpu {
                found.add_label(subject.source(), cpu.span, container.title());
            }
        }
    }
}

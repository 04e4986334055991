//! `ecs-taskdef/fargate-cpu-memory`.

use spec_report::{Findings, Span, declare_rule};

use super::Subject;
use crate::fargate::{SIZES, WINDOWS_CPU, size};
use crate::{placeholder, units};

declare_rule! {
    /// Finds tasks for Fargate whose size Fargate does not offer, or that say no size.
    pub static FARGATE_CPU_MEMORY = {
        id: "ecs-taskdef/fargate-cpu-memory",
        severity: Error,
        summary: "Fargate does not offer this amount of CPU and memory",
        service: "No Fargate configuration exists for given values.",
    }
}

pub(super) fn check(subject: &Subject, out: &mut Findings<'_>) {
    if !subject.is_fargate() {
        return;
    }
    let complete = subject.document().is_complete();
    for (key, value) in [("cpu", &subject.cpu), ("memory", &subject.memory)] {
        if value.is_none() && complete {
            let message = format!("a task for Fargate must say its `{key}`");
            out.report(&FARGATE_CPU_MEMORY, subject.source(), fargate_place(subject), message)
                .set_help(format!("write `{key}` beside `family`; what containers say does not count"));
        }
    }
    let Some(cpu_text) = subject.cpu.as_ref().filter(|cpu| !placeholder::has_any(&cpu.value)) else { return };
    let cpu = units::cpu(&cpu_text.value);
    let windows = subject.operating_system_family.as_ref().is_some_and(|family| family.value.starts_with("WINDOWS"));
    let Some(row) = cpu.and_then(size).filter(|row| !windows || WINDOWS_CPU.contains(&row.cpu)) else {
        let offered: Vec<String> = SIZES
            .iter()
            .map(|size| size.cpu)
            .filter(|cpu| !windows || WINDOWS_CPU.contains(cpu))
            .map(|cpu| cpu.to_string())
            .collect();
        let system = if windows { " with Windows" } else { "" };
        let message = format!("Fargate offers no task{system} with `{}` of CPU", cpu_text.value);
        out.report(&FARGATE_CPU_MEMORY, subject.source(), cpu_text.span, message)
            .set_help(format!("CPU units to choose from: {}", offered.join(", ")));
        return;
    };
    let Some(memory_text) = subject.memory.as_ref().filter(|memory| !placeholder::has_any(&memory.value)) else {
        return;
    };
    let memory = units::memory(&memory_text.value);
    if memory.is_none_or(|mib| !row.memory.offers(mib)) {
        let message =
            format!("Fargate offers no task with {} CPU units and `{}` of memory", row.cpu, memory_text.value);
        let mut help = format!("with {} CPU units: {} MiB", row.cpu, row.memory.in_words());
        if let Some(near) = memory.and_then(|mib| row.memory.at_least(mib)) {
            help.push_str(&format!("; the next that is enough is {near}"));
        }
        out.report(&FARGATE_CPU_MEMORY, subject.source(), memory_text.span, message)
            .add_label(subject.source(), cpu_text.span, "for this CPU")
            .set_help(help);
    }
}

/// Where the file asks for Fargate.
pub(super) fn fargate_place(subject: &Subject) -> Span {
    let fargate = crate::Compatibility::Fargate;
    subject
        .requires_compatibilities
        .iter()
        .find(|required| required.value == fargate)
        .map_or_else(Span::default, |required| required.span)
}

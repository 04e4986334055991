//! `ecs-taskdef/health-check-command`.

use spec_report::{Findings, declare_rule};

use super::Subject;
use crate::placeholder;

declare_rule! {
    /// Finds health checks whose command does not begin with `CMD`, `CMD-SHELL` or `NONE`, and such without a command behind
    /// it.
    pub static HEALTH_CHECK_COMMAND = {
        id: "ecs-taskdef/health-check-command",
        severity: Warning,
        summary: "a health check does not say how its command is run",
    }
}

pub(super) fn check(subject: &Subject, out: &mut Findings<'_>) {
    for container in &subject.containers {
        let Some(health) = &container.health_check else { continue };
        let Some(first) = health.command.first() else { continue };
        if placeholder::has_any(&first.value) {
            continue;
        }
        let problem = match first.value.as_str() {
            "NONE" => continue,
            "CMD" | "CMD-SHELL" if health.command.len() > 1 => continue,
            "CMD" | "CMD-SHELL" => {
                format!("the health check of {} has no command behind `{}`", container.title(), first.value)
            }
            other => format!("the health check of {} begins with `{other}`", container.title()),
        };
        out.report(&HEALTH_CHECK_COMMAND, subject.source(), first.span, problem).set_help(
            "the first item is `CMD` for a program with its arguments, or `CMD-SHELL` for one line that a shell reads",
        );
    }
}

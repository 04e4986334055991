//! `ecs-taskdef/depends-on-essential`.

use spec_report::{Findings, declare_rule};

use super::Subject;
use crate::Condition;

declare_rule! {
    /// Finds containers that wait for the end of an essential one: its end is the end of the task.
    pub static DEPENDS_ON_ESSENTIAL = {
        id: "ecs-taskdef/depends-on-essential",
        severity: Error,
        summary: "a container waits for an essential one to end",
        service: "A dependency container with SUCCESS or COMPLETE condition cannot be an essential container",
    }
}

pub(super) fn check(subject: &Subject, out: &mut Findings<'_>) {
    for container in &subject.containers {
        for dependency in &container.depends_on {
            let (Some(target), Some(condition)) = (&dependency.container_name, &dependency.condition) else { continue };
            if !matches!(condition.value, Condition::Complete | Condition::Success) {
                continue;
            }
            let Some(other) = subject.container(&target.value).filter(|other| other.is_essential()) else { continue };
            let message = format!(
                "{} waits for `{}` to end, but that container is essential: its end stops the task",
                container.title(),
                target.value
            );
            out.report(&DEPENDS_ON_ESSENTIAL, subject.source(), condition.span, message)
                .add_label(subject.source(), other.head(), "essential, unless `\"essential\": false` says otherwise")
                .set_help(format!("set `essential` of `{}` to `false`", target.value));
        }
    }
}

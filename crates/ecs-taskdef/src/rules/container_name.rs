//! `ecs-taskdef/container-name`.

use spec_report::{Findings, declare_rule};

use super::Subject;
use crate::placeholder;

declare_rule! {
    /// Finds container names that ECS refuses: empty, longer than 255, or with other characters than letters, digits,
    /// `-` and `_`.
    pub static CONTAINER_NAME = {
        id: "ecs-taskdef/container-name",
        severity: Error,
        summary: "a container's name has characters that ECS does not allow",
        service: "Container.name contains invalid characters.",
    }
}

pub(super) fn check(subject: &Subject, out: &mut Findings<'_>) {
    for container in &subject.containers {
        let Some(name) = &container.name else { continue };
        if placeholder::has_any(&name.value) {
            continue;
        }
        if let Some(why) = super::family_name::objection(&name.value) {
            let message = format!("the container name `{}` {why}", name.value);
            out.report(&CONTAINER_NAME, subject.source(), name.span, message);
        }
    }
}

//! `ecs-taskdef/depends-on-unknown-container`.

use spec_report::{Findings, declare_rule, did_you_mean};

use super::Subject;

declare_rule! {
    /// Finds containers that wait for one that the task does not have.
    pub static DEPENDS_ON_UNKNOWN_CONTAINER = {
        id: "ecs-taskdef/depends-on-unknown-container",
        severity: Error,
        summary: "a container waits for one that does not exist",
        service: "Cannot depend on container %s because it does not exist",
    }
}

pub(super) fn check(subject: &Subject, out: &mut Findings<'_>) {
    if !subject.document().is_complete() {
        return;
    }
    for container in &subject.containers {
        for dependency in &container.depends_on {
            let Some(target) = &dependency.container_name else { continue };
            if subject.container(&target.value).is_some() || crate::placeholder::has_any(&target.value) {
                continue;
            }
            let message = format!("{} waits for `{}`, which does not exist", container.title(), target.value);
            let found = out.report(&DEPENDS_ON_UNKNOWN_CONTAINER, subject.source(), target.span, message);
            if let Some(near) = did_you_mean(&target.value, subject.container_names()) {
                found.set_help(format!("did you mean `{near}`?"));
            }
        }
    }
}

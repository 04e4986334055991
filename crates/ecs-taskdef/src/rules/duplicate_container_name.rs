//! `ecs-taskdef/duplicate-container-name`.

use spec_report::{Findings, declare_rule};

use super::Subject;

declare_rule! {
    /// Finds containers of the same name.
    pub static DUPLICATE_CONTAINER_NAME = {
        id: "ecs-taskdef/duplicate-container-name",
        severity: Error,
        summary: "two containers have the same name",
        service: "Container names must be unique within a task definition",
    }
}

pub(super) fn check(subject: &Subject, out: &mut Findings<'_>) {
    for (index, container) in subject.containers.iter().enumerate() {
        let Some(name) = &container.name else { continue };
        let first = subject.containers[..index].iter().filter_map(|other| other.name.as_ref());
        if let Some(first) = first.into_iter().find(|other| other.value == name.value) {
            let message = format!("two containers are named `{}`", name.value);
            out.report(&DUPLICATE_CONTAINER_NAME, subject.source(), name.span, message).add_label(
                subject.source(),
                first.span,
                "the first one",
            );
        }
    }
}

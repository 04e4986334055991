//! `ecs-taskdef/fargate-privileged`.

use spec_report::{Findings, declare_rule};

use super::Subject;

declare_rule! {
    /// Finds privileged containers in tasks for Fargate.
    pub static FARGATE_PRIVILEGED = {
        id: "ecs-taskdef/fargate-privileged",
        severity: Error,
        summary: "Fargate runs no privileged containers",
        service: "Fargate requires that the 'privileged' setting be 'false'",
    }
}

pub(super) fn check(subject: &Subject, out: &mut Findings<'_>) {
    if !subject.is_fargate() {
        return;
    }
    for container in &subject.containers {
        if let Some(place) = container.privileged {
            let message = format!("{} is privileged, which Fargate does not allow", container.title());
            out.report(&FARGATE_PRIVILEGED, subject.source(), place, message);
        }
    }
}

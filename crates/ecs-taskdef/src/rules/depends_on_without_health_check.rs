//! `ecs-taskdef/depends-on-without-health-check`.

use spec_report::{Findings, declare_rule};

use super::Subject;
use crate::Condition;

declare_rule! {
    /// Finds containers that wait for another one to be healthy that has no health check.
    pub static DEPENDS_ON_WITHOUT_HEALTH_CHECK = {
        id: "ecs-taskdef/depends-on-without-health-check",
        severity: Error,
        summary: "a container waits for the health of one without a health check",
        service: "A dependency container with HEALTHY condition must have health check configured",
    }
}

pub(super) fn check(subject: &Subject, out: &mut Findings<'_>) {
    for container in &subject.containers {
        for dependency in &container.depends_on {
            let (Some(target), Some(condition)) = (&dependency.container_name, &dependency.condition) else { continue };
            let Some(other) = subject.container(&target.value) else { continue };
            if condition.value != Condition::Healthy || other.health_check.is_some() || other.cut_off {
                continue;
            }
            let message = format!(
                "{} waits for `{}` to be healthy, but that container has no health check",
                container.title(),
                target.value
            );
            out.report(&DEPENDS_ON_WITHOUT_HEALTH_CHECK, subject.source(), condition.span, message)
                .add_label(subject.source(), other.head(), "has no `healthCheck`")
                .set_help("a `HEALTHCHECK` of the image does not count: ECS looks at the task definition only");
        }
    }
}

//! `ecs-taskdef/health-check-range`.

use spec_report::{Findings, declare_rule};

use super::Subject;

declare_rule! {
    /// Finds `interval`, `timeout`, `retries` and `startPeriod` of health checks that ECS does not allow.
    pub static HEALTH_CHECK_RANGE = {
        id: "ecs-taskdef/health-check-range",
        severity: Error,
        summary: "a number of a health check is out of its range",
    }
}

/// Key, least, most, unit.
const RANGES: [(&str, i64, i64, &str); 4] = [
    ("interval", 5, 300, " seconds"),
    ("timeout", 2, 60, " seconds"),
    ("retries", 1, 10, ""),
    ("startPeriod", 0, 300, " seconds"),
];

pub(super) fn check(subject: &Subject, out: &mut Findings<'_>) {
    let view = subject.view();
    for (container, node) in subject.container_nodes() {
        let Some(health) = view.entry(node, "healthCheck") else { continue };
        for (key, least, most, unit) in RANGES {
            if let Some(number) = view.int(health, key).filter(|number| !(least..=most).contains(&number.value)) {
                let message = format!(
                    "the `{key}` of the health check of {} is {}, where {least} to {most}{unit} are allowed",
                    container.title(),
                    number.value
                );
                out.report(&HEALTH_CHECK_RANGE, subject.source(), number.span, message);
            }
        }
    }
}

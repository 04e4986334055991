//! `ecs-taskdef/fargate-log-driver`.

use spec_report::{Findings, declare_rule};

use super::Subject;
use crate::placeholder;

declare_rule! {
    /// Finds log drivers that Fargate does not have.
    pub static FARGATE_LOG_DRIVER = {
        id: "ecs-taskdef/fargate-log-driver",
        severity: Error,
        summary: "Fargate does not have this log driver",
        service: "%s is not a valid log driver. Must be one of [awslogs, splunk, awsfirelens]",
    }
}

const DRIVERS: [&str; 3] = ["awslogs", "splunk", "awsfirelens"];

pub(super) fn check(subject: &Subject, out: &mut Findings<'_>) {
    if !subject.is_fargate() {
        return;
    }
    for container in &subject.containers {
        let driver = container.log_configuration.as_ref().and_then(|logs| logs.log_driver.as_ref());
        let Some(driver) = driver else { continue };
        if DRIVERS.contains(&driver.value.as_str()) || placeholder::has_any(&driver.value) {
            continue;
        }
        let message = format!("Fargate does not have the log driver `{}` of {}", driver.value, container.title());
        out.report(&FARGATE_LOG_DRIVER, subject.source(), driver.span, message)
            .set_help("use `awslogs`, `splunk` or `awsfirelens`");
    }
}

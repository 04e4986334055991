//! `ecs-taskdef/awslogs-options`.

use spec_report::{Findings, declare_rule};

use super::Subject;

declare_rule! {
    /// Finds `awslogs` log configurations without the options that the driver needs.
    pub static AWSLOGS_OPTIONS = {
        id: "ecs-taskdef/awslogs-options",
        severity: Error,
        summary: "the log driver `awslogs` lacks an option",
        service: "Log driver awslogs requires options: awslogs-region, awslogs-group",
    }
}

pub(super) fn check(subject: &Subject, out: &mut Findings<'_>) {
    for container in &subject.containers {
        let Some(logs) = &container.log_configuration else { continue };
        let Some(driver) = logs.log_driver.as_ref().filter(|driver| driver.value == "awslogs") else { continue };
        if container.cut_off {
            continue;
        }
        let mut needed = vec!["awslogs-group", "awslogs-region"];
        if subject.is_fargate() {
            needed.push("awslogs-stream-prefix");
        }
        for option in needed {
            if logs.option(option).is_none() {
                let message = format!("the log configuration of {} lacks the option `{option}`", container.title());
                let found = out.report(&AWSLOGS_OPTIONS, subject.source(), driver.span, message);
                if option == "awslogs-stream-prefix" {
                    found.set_help("on Fargate the prefix is required; the container's name is a good one");
                }
            }
        }
    }
}

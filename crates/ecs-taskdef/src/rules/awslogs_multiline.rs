//! `ecs-taskdef/awslogs-multiline`.

use spec_report::{Findings, declare_rule};

use super::Subject;

declare_rule! {
    /// Finds log configurations of `awslogs` with `awslogs-multiline-pattern` and `awslogs-datetime-format`.
    pub static AWSLOGS_MULTILINE = {
        id: "ecs-taskdef/awslogs-multiline",
        severity: Warning,
        summary: "two patterns decide where a log event begins",
    }
}

pub(super) fn check(subject: &Subject, out: &mut Findings<'_>) {
    for container in &subject.containers {
        let Some(logs) = &container.log_configuration else { continue };
        if logs.log_driver.as_ref().is_none_or(|driver| driver.value != "awslogs") {
            continue;
        }
        let option = |name| logs.option(name).filter(|value| !value.value.is_empty());
        if let (Some(pattern), Some(format)) = (option("awslogs-multiline-pattern"), option("awslogs-datetime-format"))
        {
            let message = format!("{} has a pattern and a time format for where a log event begins", container.title());
            out.report(&AWSLOGS_MULTILINE, subject.source(), pattern.span, message)
                .add_label(subject.source(), format.span, "the time format")
                .set_help("keep one of `awslogs-multiline-pattern` and `awslogs-datetime-format`");
        }
    }
}

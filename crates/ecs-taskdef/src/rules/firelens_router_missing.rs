//! `ecs-taskdef/firelens-router-missing`.

use spec_report::{Findings, declare_rule};

use super::Subject;

declare_rule! {
    /// Finds the log driver `awsfirelens` in tasks in which no container has a `firelensConfiguration`.
    pub static FIRELENS_ROUTER_MISSING = {
        id: "ecs-taskdef/firelens-router-missing",
        severity: Error,
        summary: "no container routes the logs of `awsfirelens`",
        service: "When awsfirelens log driver is specified in log configuration, a firelens configuration object must be specified",
    }
}

pub(super) fn check(subject: &Subject, out: &mut Findings<'_>) {
    let view = subject.view();
    let routed = subject.container_nodes().any(|(_, node)| view.entry(node, "firelensConfiguration").is_some());
    if routed || !subject.document().is_complete() {
        return;
    }
    for container in &subject.containers {
        let driver = container.log_configuration.as_ref().and_then(|logs| logs.log_driver.as_ref());
        if let Some(driver) = driver.filter(|driver| driver.value == "awsfirelens") {
            let message =
                format!("{} logs to FireLens, but no container has a `firelensConfiguration`", container.title());
            out.report(&FIRELENS_ROUTER_MISSING, subject.source(), driver.span, message)
                .set_help("add a container with Fluent Bit and `\"firelensConfiguration\": {\"type\": \"fluentbit\"}`");
        }
    }
}

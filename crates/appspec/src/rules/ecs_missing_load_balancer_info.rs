//! An ECS service without the container that takes the traffic.

use spec_report::{Findings, declare_rule};

use super::Subject;

declare_rule! {
    /// ## What it does
    /// Reports an ECS AppSpec whose service has no `LoadBalancerInfo`. CodeDeploy moves traffic from
    /// one task set to the other and must know which container and port take it.
    pub(crate) static LOAD_BALANCER_INFO = {
        id: "appspec/ecs-missing-load-balancer-info",
        severity: Error,
        summary: "an ECS service without `LoadBalancerInfo`",
    }
}

pub(super) fn check(subject: &Subject, findings: &mut Findings<'_>) {
    let Some(ecs) = subject.ecs() else { return };
    for service in ecs.resources.iter().filter(|service| service.load_balancer_info.is_none()) {
        let Some(properties) = service.properties else { continue };
        let reported = subject.parsed.report.iter().any(|found| found.rule.name() == "wrong-type");
        if reported || !subject.is_complete() {
            continue;
        }
        findings
            .report(
                &LOAD_BALANCER_INFO,
                subject.source(),
                properties,
                format!("`{}` has no `LoadBalancerInfo`", service.name.value),
            )
            .set_help("add `LoadBalancerInfo` with `ContainerName` and `ContainerPort`");
    }
}

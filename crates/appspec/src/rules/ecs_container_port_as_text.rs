//! A container port in quotes.

use spec_report::{Edit, Findings, Fix, Safety, declare_rule};

use super::Subject;
use crate::model::ecs::ContainerPort;

declare_rule! {
    /// ## What it does
    /// Reports a `ContainerPort` that is text instead of a number.
    pub(crate) static ECS_CONTAINER_PORT_AS_TEXT = {
        id: "appspec/ecs-container-port-as-text",
        severity: Warning,
        summary: "the container port is text",
    }
}

pub(super) fn check(subject: &Subject, findings: &mut Findings<'_>) {
    let Some(ecs) = subject.ecs() else { return };
    for port in ecs.resources.iter().filter_map(|service| service.load_balancer_info.as_ref()?.container_port.as_ref())
    {
        let ContainerPort::Text(text) = &port.value else { continue };
        let message = format!("`ContainerPort` must be a number, but is the text `{text}`");
        let found = findings.report(&ECS_CONTAINER_PORT_AS_TEXT, subject.source(), port.span, message);
        if let Ok(number) = text.parse::<u16>() {
            found.set_fix(Fix {
                title: "write the number without quotes".to_owned(),
                edits: vec![Edit { span: port.span, replacement: number.to_string() }],
                safety: Safety::Safe,
            });
        }
    }
}

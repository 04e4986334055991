//! `ecs-taskdef/port-mapping-network-mode`.

use spec_report::{Edit, Findings, Fix, Safety, declare_rule};

use super::Subject;
use crate::NetworkMode;

declare_rule! {
    /// Finds port mappings that the network mode does not allow: another host port than the container's in `awsvpc` and
    /// `host`, and any at all in `none`.
    pub static PORT_MAPPING_NETWORK_MODE = {
        id: "ecs-taskdef/port-mapping-network-mode",
        severity: Error,
        summary: "the network mode does not allow this port mapping",
        service: "When networkMode=awsvpc, the host ports and container ports in port mappings must match.",
    }
}

pub(super) fn check(subject: &Subject, out: &mut Findings<'_>) {
    let Some(mode) = &subject.network_mode else { return };
    for container in &subject.containers {
        for mapping in &container.port_mappings {
            match mode.value {
                NetworkMode::None => {
                    let message = format!("{} maps a port, but the network mode is `none`", container.title());
                    out.report(&PORT_MAPPING_NETWORK_MODE, subject.source(), mapping.span, message);
                }
                NetworkMode::Awsvpc | NetworkMode::Host => {
                    let (Some(port), Some(host)) = (&mapping.container_port, &mapping.host_port) else { continue };
                    // 0 asks for any host port where there is a choice, and is taken for "not set" elsewhere.
                    if host.value == port.value || host.value == 0 {
                        continue;
                    }
                    let message = format!(
                        "host port {} must be the container port {}, as the network mode is `{}`",
                        host.value, port.value, mode.value
                    );
                    let raw = subject.source().slice(port.span).to_owned();
                    out.report(&PORT_MAPPING_NETWORK_MODE, subject.source(), host.span, message)
                        .add_label(subject.source(), port.span, "the container port")
                        .set_help("the task has an address of its own: leave `hostPort` away")
                        .set_fix(Fix {
                            title: "write the container port".to_owned(),
                            edits: vec![Edit { span: host.span, replacement: raw }],
                            safety: Safety::Unsafe,
                        });
                }
                _ => {}
            }
        }
    }
}

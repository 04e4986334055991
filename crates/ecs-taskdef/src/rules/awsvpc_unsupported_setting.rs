//! `ecs-taskdef/awsvpc-unsupported-setting`.

use spec_report::{Findings, Span, declare_rule};

use super::Subject;
use crate::NetworkMode;

declare_rule! {
    /// Finds `hostname`, `extraHosts`, `dnsServers` and `disableNetworking` of containers in tasks with the network mode
    /// `awsvpc`.
    pub static AWSVPC_UNSUPPORTED_SETTING = {
        id: "ecs-taskdef/awsvpc-unsupported-setting",
        severity: Error,
        summary: "a container setting does not exist in the network mode `awsvpc`",
        service: "hostname is not supported on container when networkMode=awsvpc.",
    }
}

pub(super) fn check(subject: &Subject, out: &mut Findings<'_>) {
    if subject.network_mode.as_ref().is_none_or(|mode| mode.value != NetworkMode::Awsvpc) {
        return;
    }
    let view = subject.view();
    for (container, node) in subject.container_nodes() {
        for key in ["hostname", "extraHosts", "dnsServers"] {
            let Some(value) = view.entry(node, key) else { continue };
            if value.as_str() != Some("") && value.as_seq().is_none_or(|items| !items.is_empty()) {
                report(subject, &container.title(), key, value.span, out);
            }
        }
        if let Some(disabled) = view.bool(node, "disableNetworking").filter(|disabled| disabled.value) {
            report(subject, &container.title(), "disableNetworking", disabled.span, out);
        }
    }
}

fn report(subject: &Subject, container: &str, key: &str, span: Span, out: &mut Findings<'_>) {
    let message = format!("{container} has `{key}`, which the network mode `awsvpc` does not support");
    out.report(&AWSVPC_UNSUPPORTED_SETTING, subject.source(), span, message)
        .set_help("the task's network interface decides this for all containers; leave the key away");
}

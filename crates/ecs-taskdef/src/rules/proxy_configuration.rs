//! `ecs-taskdef/proxy-configuration`.

use spec_report::{Findings, declare_rule};

use super::Subject;
use crate::{NetworkMode, placeholder};

declare_rule! {
    /// Finds proxy configurations in another network mode than `awsvpc`, and such whose container does not exist.
    pub static PROXY_CONFIGURATION = {
        id: "ecs-taskdef/proxy-configuration",
        severity: Error,
        summary: "the proxy configuration cannot work",
        service: "APPMESH proxy configuration is only supported in networkMode=awsvpc",
    }
}

pub(super) fn check(subject: &Subject, out: &mut Findings<'_>) {
    let view = subject.view();
    let Some(proxy) = subject.node().and_then(|node| view.entry(node, "proxyConfiguration")) else { return };
    let Some(name) = view.text(proxy, "containerName") else { return };
    if let Some(mode) = subject.network_mode.as_ref().filter(|mode| mode.value != NetworkMode::Awsvpc)
        && !placeholder::has_any(mode.value.as_str())
    {
        let message = format!("a proxy needs the network mode `awsvpc`, not `{}`", mode.value);
        out.report(&PROXY_CONFIGURATION, subject.source(), mode.span, message).add_label(
            subject.source(),
            name.span,
            "the proxy",
        );
    }
    let known = subject.container(&name.value).is_some() || subject.container_names().any(placeholder::has_any);
    if !known && !placeholder::has_any(&name.value) && subject.document().is_complete() {
        let message = format!("the proxy is the container `{}`, which does not exist", name.value);
        out.report(&PROXY_CONFIGURATION, subject.source(), name.span, message);
    }
}

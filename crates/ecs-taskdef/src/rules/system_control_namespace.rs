//! `ecs-taskdef/system-control-namespace`.

use spec_report::{Findings, declare_rule};

use super::Subject;
use crate::placeholder;

declare_rule! {
    /// Finds system controls outside the namespaces that a container has for itself.
    pub static SYSTEM_CONTROL_NAMESPACE = {
        id: "ecs-taskdef/system-control-namespace",
        severity: Warning,
        summary: "a kernel parameter is not one of a container",
    }
}

/// The parameters of which each container, or each task, has its own.
const OWN: [&str; 5] = ["kernel.msg", "kernel.shm", "fs.mqueue.", "net.", "kernel.sem"];

pub(super) fn check(subject: &Subject, out: &mut Findings<'_>) {
    let view = subject.view();
    for (container, node) in subject.container_nodes() {
        let controls = view.list(node, "systemControls").iter();
        for name in controls.filter_map(|control| view.text(control, "namespace")) {
            if placeholder::has_any(&name.value) || OWN.iter().any(|own| name.value.starts_with(own)) {
                continue;
            }
            let message = format!("{} sets `{}`, which no container has for itself", container.title(), name.value);
            out.report(&SYSTEM_CONTROL_NAMESPACE, subject.source(), name.span, message)
                .set_help("allowed are `kernel.msg*`, `kernel.sem`, `kernel.shm*`, `fs.mqueue.*` and `net.*`");
        }
    }
}

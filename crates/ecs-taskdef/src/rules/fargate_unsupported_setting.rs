//! `ecs-taskdef/fargate-unsupported-setting`.

use spec_report::{Findings, Node, declare_rule};

use super::Subject;
use crate::placeholder;

declare_rule! {
    /// Finds settings of instances that a task for Fargate cannot have: devices, shared memory, swap, security options,
    /// GPUs, IPC and PID modes of the host, placement constraints, and volumes of the host.
    pub static FARGATE_UNSUPPORTED_SETTING = {
        id: "ecs-taskdef/fargate-unsupported-setting",
        severity: Error,
        summary: "Fargate does not support this setting",
        service: "Fargate compatible task definitions do not support devices",
    }
}

pub(super) fn check(subject: &Subject, out: &mut Findings<'_>) {
    let Some(node) = subject.node().filter(|_| subject.is_fargate()) else { return };
    let view = subject.view();
    let mut found = |value: Option<&Node>, what: &str| {
        let Some(value) = value.filter(|value| is_set(value)) else { return };
        let message = format!("Fargate does not support {what}");
        out.report(&FARGATE_UNSUPPORTED_SETTING, subject.source(), value.span, message);
    };
    found(view.entry(node, "ipcMode"), "`ipcMode`");
    found(view.entry(node, "placementConstraints"), "`placementConstraints`");
    let pid = view.entry(node, "pidMode").filter(|mode| mode.as_str() == Some("host"));
    found(pid, "the `pidMode` of the host, only `task`");
    for volume in view.list(node, "volumes") {
        found(view.entry(volume, "dockerVolumeConfiguration"), "Docker volumes");
        let source = view.entry(volume, "host").and_then(|host| view.entry(host, "sourcePath"));
        found(source, "volumes with a `sourcePath` on the host");
    }
    for (container, node) in subject.container_nodes() {
        let title = container.title();
        found(view.entry(node, "dockerSecurityOptions"), &format!("`dockerSecurityOptions`, which {title} has"));
        if let Some(linux) = view.entry(node, "linuxParameters") {
            for key in ["devices", "sharedMemorySize", "maxSwap", "swappiness"] {
                found(view.entry(linux, key), &format!("`{key}`, which {title} has"));
            }
        }
        for requirement in view.list(node, "resourceRequirements") {
            let gpu = view.entry(requirement, "type").filter(|kind| kind.as_str() == Some("GPU"));
            found(gpu, &format!("GPUs, which {title} asks for"));
        }
    }
}

/// Empty lists and texts say nothing, and a placeholder may become nothing.
fn is_set(value: &Node) -> bool {
    let items = value.as_seq().map(<[Node]>::len).or_else(|| value.as_map().map(<[_]>::len));
    let blank = value.as_str().is_some_and(|text| text.is_empty() || placeholder::has_any(text));
    items != Some(0) && !blank
}

//! `ecs-taskdef/fargate-capability`.

use spec_report::{Findings, declare_rule};

use super::Subject;
use crate::placeholder;

declare_rule! {
    /// Finds Linux capabilities that a container adds on Fargate: only `SYS_PTRACE` can be added.
    pub static FARGATE_CAPABILITY = {
        id: "ecs-taskdef/fargate-capability",
        severity: Error,
        summary: "Fargate does not grant this capability",
        service: "%s is not allowed on Fargate.",
    }
}

pub(super) fn check(subject: &Subject, out: &mut Findings<'_>) {
    if !subject.is_fargate() {
        return;
    }
    let view = subject.view();
    for (container, node) in subject.container_nodes() {
        let capabilities = view.entry(node, "linuxParameters").and_then(|linux| view.entry(linux, "capabilities"));
        let Some(capabilities) = capabilities else { continue };
        for added in view.list(capabilities, "add").iter().filter_map(|item| view.scalar(item)) {
            if added.value != "SYS_PTRACE" && !placeholder::has_any(&added.value) {
                let message = format!("{} adds the capability `{}` on Fargate", container.title(), added.value);
                out.report(&FARGATE_CAPABILITY, subject.source(), added.span, message)
                    .set_help("`SYS_PTRACE` is the only one that Fargate adds; dropping others is allowed");
            }
        }
    }
}

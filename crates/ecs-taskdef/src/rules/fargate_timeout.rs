//! `ecs-taskdef/fargate-timeout`.

use spec_report::{Findings, declare_rule};

use super::Subject;

declare_rule! {
    /// Finds start and stop timeouts of more than 120 seconds on Fargate, and such of less than 2.
    pub static FARGATE_TIMEOUT = {
        id: "ecs-taskdef/fargate-timeout",
        severity: Warning,
        summary: "Fargate does not wait this long",
    }
}

pub(super) fn check(subject: &Subject, out: &mut Findings<'_>) {
    if !subject.is_fargate() {
        return;
    }
    let view = subject.view();
    for (container, node) in subject.container_nodes() {
        for key in ["startTimeout", "stopTimeout"] {
            if let Some(seconds) = view.int(node, key).filter(|seconds| !(2..=120).contains(&seconds.value)) {
                let message = format!(
                    "the `{key}` of {} is {}, where Fargate allows 2 to 120 seconds",
                    container.title(),
                    seconds.value
                );
                out.report(&FARGATE_TIMEOUT, subject.source(), seconds.span, message);
            }
        }
    }
}

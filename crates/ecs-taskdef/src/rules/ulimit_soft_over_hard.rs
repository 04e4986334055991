//! `ecs-taskdef/ulimit-soft-over-hard`.

use spec_report::{Findings, declare_rule};

use super::Subject;

declare_rule! {
    /// Finds ulimits whose soft limit is above the hard one.
    pub static ULIMIT_SOFT_OVER_HARD = {
        id: "ecs-taskdef/ulimit-soft-over-hard",
        severity: Error,
        summary: "a soft limit is above its hard limit",
        service: "Soft limit exceeds hard limit for ulimit %s",
    }
}

pub(super) fn check(subject: &Subject, out: &mut Findings<'_>) {
    let view = subject.view();
    for (container, node) in subject.container_nodes() {
        for ulimit in view.list(node, "ulimits") {
            let (Some(soft), Some(hard)) = (view.int(ulimit, "softLimit"), view.int(ulimit, "hardLimit")) else {
                continue;
            };
            // A negative limit is none at all.
            if hard.value < 0 || soft.value <= hard.value {
                continue;
            }
            let name = view.text(ulimit, "name").map(|name| name.value).unwrap_or_default();
            let message = format!(
                "the soft limit {} of `{name}` in {} is above its hard limit {}",
                soft.value,
                container.title(),
                hard.value
            );
            out.report(&ULIMIT_SOFT_OVER_HARD, subject.source(), soft.span, message).add_label(
                subject.source(),
                hard.span,
                "the hard limit",
            );
        }
    }
}

//! `ecs-taskdef/volumes-from-unknown-container`.

use spec_report::{Findings, declare_rule, did_you_mean};

use super::Subject;
use crate::placeholder;

declare_rule! {
    /// Finds entries of `volumesFrom` with a container that the task does not have.
    pub static VOLUMES_FROM_UNKNOWN_CONTAINER = {
        id: "ecs-taskdef/volumes-from-unknown-container",
        severity: Error,
        summary: "`volumesFrom` names a container that does not exist",
        service: "Invalid 'volumesFrom' setting. Unknown container: '%s'",
    }
}

pub(super) fn check(subject: &Subject, out: &mut Findings<'_>) {
    if !subject.document().is_complete() || subject.container_names().any(placeholder::has_any) {
        return;
    }
    let view = subject.view();
    for (container, node) in subject.container_nodes() {
        for from in view.list(node, "volumesFrom").iter().filter_map(|from| view.text(from, "sourceContainer")) {
            if placeholder::has_any(&from.value) || subject.container(&from.value).is_some() {
                continue;
            }
            let message = format!("{} takes volumes from `{}`, which does not exist", container.title(), from.value);
            let found = out.report(&VOLUMES_FROM_UNKNOWN_CONTAINER, subject.source(), from.span, message);
            if let Some(near) = did_you_mean(&from.value, subject.container_names()) {
                found.set_help(format!("did you mean `{near}`?"));
            }
        }
    }
}

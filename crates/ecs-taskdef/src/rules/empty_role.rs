//! `ecs-taskdef/empty-role`.

use spec_report::{Findings, declare_rule};

use super::Subject;

declare_rule! {
    /// Finds `taskRoleArn` and `executionRoleArn` with an empty text.
    pub static EMPTY_ROLE = {
        id: "ecs-taskdef/empty-role",
        severity: Warning,
        summary: "a role is written as an empty text",
        service: "Role is not valid",
    }
}

pub(super) fn check(subject: &Subject, out: &mut Findings<'_>) {
    let Some(node) = subject.node() else { return };
    for key in ["taskRoleArn", "executionRoleArn"] {
        if let Some(role) = subject.view().text(node, key).filter(|role| role.value.is_empty()) {
            out.report(&EMPTY_ROLE, subject.source(), role.span, format!("`{key}` is empty"))
                .set_help("this crate leaves the key away; other tools send it, which ECS refuses");
        }
    }
}

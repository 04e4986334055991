//! `ecs-taskdef/read-only-key`.

use spec_report::{Findings, declare_rule};

use super::Subject;
use crate::model::READ_ONLY;

declare_rule! {
    /// Finds the keys that only describe a registered revision, as in a file that was saved from
    /// `aws ecs describe-task-definition`.
    pub static READ_ONLY_KEY = {
        id: "ecs-taskdef/read-only-key",
        severity: Info,
        summary: "a key only describes a registered revision",
    }
}

pub(super) fn check(subject: &Subject, out: &mut Findings<'_>) {
    for entry in subject.node().and_then(|node| node.as_map()).unwrap_or_default() {
        let Some(key) = entry.key.as_str().filter(|key| READ_ONLY.contains(key)) else { continue };
        let message =
            format!("`{key}` only describes a registered revision and is left out when this one is registered");
        out.report(&READ_ONLY_KEY, subject.source(), entry.key.span, message)
            .set_help("`aws ecs register-task-definition` refuses the file with this key");
    }
}

//! Two actions of one stage have the same name.

use std::collections::HashMap;

use spec_report::{Findings, declare_rule};

use super::subject::Subject;

declare_rule! {
    /// ## What it does
    /// Reports an action whose name an earlier action of the same stage has.
    ///
    /// ## Why
    /// Executions, states and approvals find an action by stage and name, so the service accepts each name once in a
    /// stage.
    pub(crate) static ACTION_NAME_REUSED = {
        id: "pipeline-model/action-name-reused",
        severity: Error,
        summary: "two actions of one stage have the same name",
    }
}

pub(super) fn check(subject: &Subject, out: &mut Findings<'_>) {
    let mut first: HashMap<(usize, &str), &str> = HashMap::new();
    for found in subject.actions() {
        let name = found.action.name.as_str();
        if name.is_empty() {
            continue;
        }
        if let Some(earlier) = first.get(&(found.at.stage, name)) {
            let message = format!("the action name `{name}` is used more than once in stage `{}`", found.stage.name);
            let report = subject.report(out, &ACTION_NAME_REUSED, subject.name(found.path), message);
            subject.also(report, subject.name(earlier), "first used here");
        } else {
            first.insert((found.at.stage, name), found.path);
        }
    }
}

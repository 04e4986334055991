//! A change set is carried out that no earlier action makes.

use spec_report::{Findings, declare_rule};

use super::subject::Subject;
use crate::graph::Flow;
use crate::model::Category;

declare_rule! {
    /// ## What it does
    /// Finds actions of the mode `CHANGE_SET_EXECUTE` before which no action makes a change set of that name for
    /// that stack.
    ///
    /// ## Why
    /// The action fails when the change set is not there, or carries out an old one.
    pub(crate) static CHANGE_SET_ORDER = {
        id: "pipeline-model/change-set-order",
        severity: Warning,
        summary: "a change set is carried out that no earlier action makes",
    }
}

pub(super) fn check(subject: &Subject, out: &mut Findings<'_>) {
    let flow = Flow::new(subject.pipeline());
    let sets: Vec<_> = subject
        .actions()
        .filter(|found| found.action.action_type_id.provider == "CloudFormation")
        .filter_map(|found| {
            let settings = subject.settings(&found);
            let all = (settings.known("ActionMode")?, settings.known("StackName")?, settings.known("ChangeSetName")?);
            Some((found, all))
        })
        .collect();
    for (found, (mode, stack, set)) in &sets {
        let (stack_path, set_path) = (found.config_path("StackName"), found.config_path("ChangeSetName"));
        if *mode != "CHANGE_SET_EXECUTE" || subject.is_symbolic(&stack_path) || subject.is_symbolic(&set_path) {
            continue;
        }
        let made = sets.iter().any(|(other, (mode, other_stack, other_set))| {
            *mode == "CHANGE_SET_REPLACE"
                && (other_stack, other_set) == (stack, set)
                && flow.precedes(other.at, found.at)
        });
        // A build or a function can make it as well, and what it does is not known here.
        let elsewhere = subject.actions().any(|other| {
            let kind = &other.action.action_type_id.category;
            let works = matches!(kind, Category::Build | Category::Test | Category::Compute | Category::Invoke);
            works && other.at.stage == found.at.stage && flow.precedes(other.at, found.at)
        });
        if !made && !elsewhere {
            let message = format!("no earlier action makes the change set `{set}` of the stack `{stack}`");
            subject
                .report(out, &CHANGE_SET_ORDER, subject.value(&set_path), message)
                .set_help("add an action of the mode `CHANGE_SET_REPLACE` before it, or correct the names");
        }
    }
}

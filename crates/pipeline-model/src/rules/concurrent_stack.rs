//! Two actions change one stack at the same time.

use std::collections::HashMap;

use spec_report::{Findings, declare_rule};

use super::subject::{ActionAt, Subject};

declare_rule! {
    /// ## What it does
    /// Finds CloudFormation actions of one stage and one run order that change the same stack in the same region.
    ///
    /// ## Why
    /// They start together, and the second one to come fails: a stack takes one change at a time.
    pub(crate) static CONCURRENT_STACK = {
        id: "pipeline-model/concurrent-stack",
        severity: Warning,
        summary: "two actions change one stack at the same time",
    }
}

pub(super) fn check(subject: &Subject, out: &mut Findings<'_>) {
    let mut first: HashMap<(usize, u32, Option<&str>, &str), ActionAt<'_>> = HashMap::new();
    for found in subject.actions() {
        let id = &found.action.action_type_id;
        let settings = subject.settings(&found);
        let Some(stack) = settings.known("StackName").filter(|_| id.provider == "CloudFormation") else { continue };
        // Each change set is a thing of its own; only carrying one out changes the stack.
        if settings.known("ActionMode").is_none_or(|mode| mode == "CHANGE_SET_REPLACE") {
            continue;
        }
        let path = found.config_path("StackName");
        if subject.is_symbolic(&path) {
            continue;
        }
        let order = found.action.effective_run_order();
        let key = (found.at.stage, order, found.action.region.as_deref(), stack);
        match first.get(&key) {
            None => {
                first.insert(key, found);
            }
            Some(other) => {
                let message = format!(
                    "actions `{}` and `{}` start together and both change the stack `{stack}`",
                    other.action.name, found.action.name
                );
                let also = subject.value(&other.config_path("StackName"));
                let report = subject.report(out, &CONCURRENT_STACK, subject.value(&path), message);
                report.set_help("give one of them a later `runOrder`");
                subject.also(report, also, "the other one");
            }
        }
    }
}

//! A source action has several triggers.

use std::collections::HashMap;

use spec_report::{Findings, declare_rule};

use super::subject::{Subject, is_placeholder};
use crate::places::join;

declare_rule! {
    /// ## What it does
    /// Reports a trigger for a source action that has one already.
    ///
    /// ## Why
    /// A source action takes one trigger; several filters belong into that one.
    pub(crate) static TRIGGER_REUSED = {
        id: "pipeline-model/trigger-reused",
        severity: Warning,
        summary: "a source action has several triggers",
    }
}

pub(super) fn check(subject: &Subject, out: &mut Findings<'_>) {
    let mut first = HashMap::new();
    for (index, trigger) in subject.pipeline().triggers.iter().enumerate() {
        let path = join("/triggers", index);
        let Some(git) = &trigger.git_configuration else { continue };
        let name = git.source_action_name.as_str();
        if name.is_empty() || is_placeholder(name) {
            continue;
        }
        let span = subject.value(&join(&join(&path, "gitConfiguration"), "sourceActionName"));
        if let Some(before) = first.get(name) {
            let message = format!("source action `{name}` has a trigger already: put the filters into that one");
            let report = subject.report(out, &TRIGGER_REUSED, span, message);
            subject.also(report, *before, "the first trigger");
        } else {
            first.insert(name, span);
        }
    }
}

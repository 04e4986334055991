//! Nothing refers to the variable.

use std::collections::HashSet;

use spec_report::{Findings, declare_rule};

use super::subject::{Subject, is_placeholder};
use super::used;
use crate::places::join;

declare_rule! {
    /// ## What it does
    /// Points at pipeline variables that no action and no condition refers to as `#{variables.NAME}`.
    ///
    /// ## Why
    /// Whoever starts the pipeline thinks that the value matters.
    pub(crate) static UNUSED_VARIABLE = {
        id: "pipeline-model/unused-variable",
        severity: Info,
        summary: "nothing refers to the variable",
    }
}

pub(super) fn check(subject: &Subject, out: &mut Findings<'_>) {
    let used = used::all(subject);
    let used = used.iter().filter_map(used::Used::parts).filter(|(namespace, _)| *namespace == "variables");
    let used: HashSet<&str> = used.map(|(_, key)| key).collect();
    // What a template puts together later may hold any reference.
    let open =
        subject.actions().any(|found| found.action.configuration.values().any(|value| is_placeholder(value.expose())));
    if open || used.iter().any(|name| is_placeholder(name)) {
        return;
    }
    for (index, variable) in subject.pipeline().variables.iter().enumerate() {
        if !used.contains(variable.name.as_str()) && !is_placeholder(&variable.name) {
            let message = format!("nothing refers to the variable `{}`", variable.name);
            subject
                .report(out, &UNUSED_VARIABLE, subject.name(&join("/variables", index)), message)
                .set_help(format!("refer to it as `#{{variables.{}}}`, or remove it", variable.name));
        }
    }
}

//! Dependencies on nothing.

use std::collections::BTreeSet;

use spec_report::{Findings, declare_rule, did_you_mean};

use super::batch::tasks;
use super::subject::Subject;

declare_rule! {
    /// A build waits for what it depends on. A batch with an unknown dependency is refused as a whole.
    pub(crate) static BATCH_DEPENDENCY_UNKNOWN = {
        id: "buildspec/batch-dependency-unknown",
        severity: Error,
        summary: "a build depends on one that does not exist",
    }
}

/// In a graph beyond this a name is not compared with every other one.
const MOST_COMPARED: usize = 500;

pub(super) fn check(subject: &Subject, findings: &mut Findings<'_>) {
    let tasks = tasks(subject);
    let known: BTreeSet<&str> = tasks.iter().filter_map(|task| task.identifier?.as_str()).collect();
    if !subject.complete {
        return;
    }
    for dependency in tasks.iter().flat_map(|task| &task.depend_on) {
        let Some(name) = dependency.as_str().filter(|name| !known.contains(name)) else { continue };
        let message = format!("no build is called `{}`", name.escape_debug());
        let diagnostic = findings.report(&BATCH_DEPENDENCY_UNKNOWN, &subject.source, dependency.span, message);
        if let Some(near) = did_you_mean(name, known.iter().copied().take(MOST_COMPARED)) {
            diagnostic.set_help(format!("did you mean `{near}`?"));
        }
    }
}

//! A source that is not in the bundle, found by planning the installation of the bundle.

use spec_report::{Findings, declare_rule};

use super::Subject;
use crate::agent;
use crate::plan::ProblemKind;

declare_rule! {
    /// ## What it does
    /// Reports a `source` that is not in the bundle. The agent finds out in the middle of the installation.
    /// Needs the bundle.
    pub(crate) static MISSING_SOURCE = {
        id: "appspec/missing-source",
        severity: Error,
        summary: "a source that is not in the bundle",
        service: "No such file or directory",
    }
}

pub(super) fn check(subject: &Subject, findings: &mut Findings<'_>) {
    let Some(plan) = subject.plan() else { return };
    for problem in plan.problems.iter().filter(|problem| problem.kind == ProblemKind::MissingSource) {
        let found = findings.report(&MISSING_SOURCE, subject.source(), problem.span, problem.message.clone());
        if let Some(sentence) = &problem.agent {
            found.set_help(agent::says(sentence));
        }
        if let Some(other) = problem.other {
            found.add_label(subject.source(), other, "the other one");
        }
    }
}

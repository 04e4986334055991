//! Two sources for the same destination, found by planning the installation of the bundle.

use spec_report::{Findings, declare_rule};

use super::Subject;
use crate::agent;
use crate::plan::ProblemKind;

declare_rule! {
    /// ## What it does
    /// Reports entries of `files` that put two things at the same place.
    /// Needs the bundle.
    pub(crate) static COLLIDING_DESTINATIONS = {
        id: "appspec/colliding-destinations",
        severity: Error,
        summary: "two sources for the same destination",
        service: "The deployment failed because the application specification file specifies two source files named A and B for the same destination (D). Remove one of the source file paths from the AppSpec file, and then try again.",
    }
}

pub(super) fn check(subject: &Subject, findings: &mut Findings<'_>) {
    let Some(plan) = subject.plan() else { return };
    for problem in plan.problems.iter().filter(|problem| problem.kind == ProblemKind::Collision) {
        let found = findings.report(&COLLIDING_DESTINATIONS, subject.source(), problem.span, problem.message.clone());
        if let Some(sentence) = &problem.agent {
            found.set_help(agent::says(sentence));
        }
        if let Some(other) = problem.other {
            found.add_label(subject.source(), other, "the other one");
        }
    }
}

//! `ecs-taskdef/restart-policy`.

use spec_report::{Findings, declare_rule};

use super::Subject;

declare_rule! {
    /// Finds restart policies with a `restartAttemptPeriod` outside 60 to 1800 seconds, or more than 50 ignored exit codes.
    pub static RESTART_POLICY = {
        id: "ecs-taskdef/restart-policy",
        severity: Error,
        summary: "a restart policy is out of its bounds",
        service: "the 'restartAttemptPeriod' setting for container '%s' must be between 60 and 1800",
    }
}

/// How many exit codes can be ignored.
const MOST_CODES: usize = 50;

pub(super) fn check(subject: &Subject, out: &mut Findings<'_>) {
    let view = subject.view();
    for (container, node) in subject.container_nodes() {
        let Some(policy) = view.entry(node, "restartPolicy") else { continue };
        let period = view.int(policy, "restartAttemptPeriod");
        if let Some(period) = period.filter(|period| !(60..=1800).contains(&period.value)) {
            let message = format!(
                "the `restartAttemptPeriod` of {} is {}, where 60 to 1800 seconds are allowed",
                container.title(),
                period.value
            );
            out.report(&RESTART_POLICY, subject.source(), period.span, message);
        }
        let codes = view.list(policy, "ignoredExitCodes");
        if let Some(first_over) = codes.get(MOST_CODES) {
            let message =
                format!("{} ignores {} exit codes, at most {MOST_CODES} are allowed", container.title(), codes.len());
            out.report(&RESTART_POLICY, subject.source(), first_over.span, message);
        }
    }
}

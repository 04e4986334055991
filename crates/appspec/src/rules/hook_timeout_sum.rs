//! Scripts of one event that together may run longer than the event may.

use spec_report::{Findings, Severity, declare_rule};

use super::Subject;
use crate::model::server::Script;

declare_rule! {
    /// ## What it does
    /// Reports an event whose scripts have timeouts of more than 3600 seconds together, the longest
    /// that CodeDeploy waits for one event. Timeouts that are not written count 3600; if only they
    /// make the sum too large, this is for information.
    pub(crate) static HOOK_TIMEOUT_SUM = {
        id: "appspec/hook-timeout-sum",
        severity: Warning,
        summary: "the timeouts of one event add up to more than an hour",
    }
}

pub(super) fn check(subject: &Subject, findings: &mut Findings<'_>) {
    let Some(server) = subject.server() else { return };
    for hooks in &server.hooks {
        let sum = |seconds: &dyn Fn(&Script) -> i128| {
            hooks.scripts.iter().map(seconds).fold(0_i128, |sum, timeout| sum.saturating_add(timeout.max(0)))
        };
        let written = sum(&|script| script.timeout.as_ref().map_or(0, |timeout| timeout.value));
        let all = sum(&Script::timeout_seconds);
        if all <= Script::DEFAULT_TIMEOUT {
            continue;
        }
        let event = &hooks.event.value;
        let found = if written > Script::DEFAULT_TIMEOUT {
            let message =
                format!("the timeouts of `{event}` add up to {written} seconds; CodeDeploy gives one event 3600");
            findings.report(&HOOK_TIMEOUT_SUM, subject.source(), hooks.event.span, message)
        } else {
            let message = format!(
                "the scripts of `{event}` may run {all} seconds with the default of 3600 for those without timeout; CodeDeploy gives one event 3600"
            );
            let found = findings.report(&HOOK_TIMEOUT_SUM, subject.source(), hooks.event.span, message);
            found.set_severity(Severity::Info)
        };
        found.set_help("give each script a timeout, so that together they stay within 3600 seconds");
    }
}

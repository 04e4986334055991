//! A timeout that is not a positive number of seconds.

use spec_report::{Findings, declare_rule};

use super::Subject;
use crate::agent;

declare_rule! {
    /// ## What it does
    /// Reports a `timeout` that is zero or less after the agent has read it; text without a leading
    /// number counts as zero.
    pub(crate) static HOOK_TIMEOUT = {
        id: "appspec/hook-timeout",
        severity: Error,
        summary: "a timeout that is not a positive number of seconds",
        service: "The deployment failed because an invalid timeout value was provided for a script in the application specification file. Make corrections in the hooks section of the AppSpec file, and then try again.",
    }
}

pub(super) fn check(subject: &Subject, findings: &mut Findings<'_>) {
    let Some(server) = subject.server() else { return };
    for script in server.hooks.iter().flat_map(|hooks| &hooks.scripts) {
        let Some(timeout) = script.timeout.as_ref().filter(|timeout| timeout.value <= 0) else { continue };
        let message = format!("the timeout must be at least one second, but the agent reads {}", timeout.value);
        findings
            .report(&HOOK_TIMEOUT, subject.source(), timeout.span, message)
            .set_help(agent::says(agent::INVALID_TIMEOUT));
    }
}

//! A hook that does not say which script it runs.

use spec_report::{Findings, declare_rule};

use super::Subject;
use crate::agent;

declare_rule! {
    /// ## What it does
    /// Reports an entry of a lifecycle event that has no `location`, or an empty one.
    pub(crate) static HOOK_WITHOUT_LOCATION = {
        id: "appspec/hook-without-location",
        severity: Error,
        summary: "a hook without `location`",
        service: "The deployment failed because the application specification file specifies a script with no location value. Specify the location in the hooks section of the AppSpec file, and then try again.",
    }
}

pub(super) fn check(subject: &Subject, findings: &mut Findings<'_>) {
    let Some(server) = subject.server() else { return };
    for hooks in &server.hooks {
        for script in hooks.scripts.iter().filter(|script| script.location.is_none()) {
            if subject.document().stopped_at().is_some_and(|at| at <= script.span.end) {
                continue;
            }
            let message = format!("a script of `{}` has no `location`", hooks.event.value);
            findings
                .report(&HOOK_WITHOUT_LOCATION, subject.source(), script.span, message)
                .set_help(agent::says(agent::NO_LOCATION));
        }
    }
}

//! Another user for a script on Windows.

use spec_report::{Findings, declare_rule};

use super::Subject;

declare_rule! {
    /// ## What it does
    /// Reports `runas` in an AppSpec for Windows, where the agent runs every script as the
    /// user that it runs as itself.
    pub(crate) static RUNAS_ON_WINDOWS = {
        id: "appspec/runas-on-windows",
        severity: Warning,
        summary: "`runas` has no effect on Windows",
    }
}

pub(super) fn check(subject: &Subject, findings: &mut Findings<'_>) {
    let Some(server) = subject.server().filter(|server| server.is_windows()) else { return };
    for runas in server.hooks.iter().flat_map(|hooks| &hooks.scripts).filter_map(|script| script.runas.as_ref()) {
        let message = format!("scripts on Windows do not run as `{}`", runas.value);
        findings.report(&RUNAS_ON_WINDOWS, subject.source(), runas.span, message);
    }
}

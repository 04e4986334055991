//! Names of shells.

use spec_report::{Findings, Severity, declare_rule};

use super::subject::Subject;

declare_rule! {
    /// Documented are `bash` and `/bin/sh` on Linux, `powershell.exe` and `cmd.exe` on Windows.
    pub(crate) static SHELL_UNKNOWN = {
        id: "buildspec/shell-unknown",
        severity: Warning,
        summary: "the shell is unknown",
    }
}

const SHELLS: [&str; 4] = ["bash", "/bin/sh", "powershell.exe", "cmd.exe"];
/// Not documented, and seen to work.
const WORKING: [&str; 2] = ["/bin/bash", "sh"];

pub(crate) fn check(subject: &Subject, findings: &mut Findings<'_>) {
    let Some(shell) = &subject.spec.env.shell else { return };
    let word = shell.value.trim();
    if SHELLS.contains(&word) {
        return;
    }
    let message = format!("`{}` is no documented shell", word.escape_debug());
    let diagnostic = findings.report(&SHELL_UNKNOWN, &subject.source, shell.span, message);
    if WORKING.contains(&word) {
        diagnostic.set_severity(Severity::Info);
    }
    diagnostic.set_help(format!("write one of `{}`", SHELLS.join("`, `")));
}

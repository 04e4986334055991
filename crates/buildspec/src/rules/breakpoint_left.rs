//! Breakpoints in files.

use spec_report::{Findings, declare_rule};

use super::subject::Subject;

declare_rule! {
    /// With session debugging the build waits there until somebody resumes it, and costs money while it waits.
    pub(crate) static BREAKPOINT_LEFT = {
        id: "buildspec/breakpoint-left",
        severity: Warning,
        summary: "a breakpoint is left in the file",
    }
}

pub(super) fn check(subject: &Subject, findings: &mut Findings<'_>) {
    for (script, command) in subject.commands() {
        if command.program() == Some("codebuild-breakpoint") {
            findings
                .report(
                    &BREAKPOINT_LEFT,
                    &subject.source,
                    subject.place(&script.text, command.at()),
                    "the build waits here when it is debugged",
                )
                .set_help("remove it before the file is committed");
        }
    }
}

//! `wait` for nothing.

use spec_report::{Findings, declare_rule};

use super::subject::Subject;

declare_rule! {
    /// Every item has a shell of its own, which knows only the jobs that it has started itself. What an earlier item left
    /// running is not waited for.
    pub(crate) static WAIT_WITHOUT_JOBS = {
        id: "buildspec/wait-without-jobs",
        severity: Warning,
        summary: "`wait` waits for no job",
    }
}

pub(super) fn check(subject: &Subject, findings: &mut Findings<'_>) {
    for script in subject.scripts.iter().filter(|script| script.complete && !script.background) {
        for command in script.commands.iter().filter(|command| command.program() == Some("wait")) {
            let place = subject.place(&script.text, command.at());
            findings
                .report(&WAIT_WITHOUT_JOBS, &subject.source, place, "this shell has started no job to wait for")
                .set_help("start the jobs and wait for them in one item: `- |`");
        }
    }
}

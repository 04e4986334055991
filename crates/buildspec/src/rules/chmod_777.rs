//! Files that everyone may change.

use spec_report::{Findings, declare_rule};

use super::subject::Subject;

declare_rule! {
    /// A script needs the right to be run, not the right to be changed by everyone; in an artifact the right goes along.
    pub(crate) static CHMOD_777 = {
        id: "buildspec/chmod-777",
        severity: Info,
        summary: "everyone may change a file",
    }
}

pub(super) fn check(subject: &Subject, findings: &mut Findings<'_>) {
    for (script, command) in subject.commands() {
        let mode = command.arguments().skip(1).find(|word| matches!(word.text.as_str(), "777" | "0777" | "a+rwx"));
        if let Some(mode) = mode.filter(|_| command.program() == Some("chmod")) {
            findings
                .report(
                    &CHMOD_777,
                    &subject.source,
                    subject.place(&script.text, mode.at.clone()),
                    "everyone may change these files",
                )
                .set_help("`chmod +x` lets a script be run");
        }
    }
}

//! State that version 0.1 does not hand on.

use spec_report::{Findings, declare_rule};

use super::shell::{SimpleCommand, is_assignment};
use super::subject::Subject;

declare_rule! {
    /// In version 0.1 every command has a shell of its own that begins in the source directory: `cd` and `export` as commands of
    /// their own have no effect on what follows.
    pub(crate) static ENV_NOT_CARRIED = {
        id: "buildspec/env-not-carried",
        severity: Warning,
        summary: "a variable or directory is set in a shell that ends at once",
    }
}

pub(crate) fn check(subject: &Subject, findings: &mut Findings<'_>) {
    if !subject.spec.is_version_0_1() {
        return;
    }
    for script in &subject.scripts {
        let state = |command: &SimpleCommand| match command.words.first() {
            Some(first) => {
                matches!(first.text.as_str(), "cd" | "export" | "pushd" | "set" | "source" | "." | "unset")
                    || command.words.iter().all(|word| is_assignment(&word.text))
            }
            None => false,
        };
        // `cd app && make` uses what it sets.
        let Some(first) = script.commands.first().filter(|_| script.commands.iter().all(state)) else { continue };
        findings
            .report(
                &ENV_NOT_CARRIED,
                &subject.source,
                subject.place(&script.text, first.words[0].at.clone()),
                "in version 0.1 this has no effect on the commands that follow",
            )
            .set_help("use `version: 0.2`, or join the commands with `&&`");
    }
}

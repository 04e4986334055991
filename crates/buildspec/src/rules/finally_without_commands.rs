//! Phases that have only `finally`.

use spec_report::{Findings, declare_rule};

use super::subject::Subject;

declare_rule! {
    /// The documentation asks for `commands`. CodeBuild runs such a phase all the same; nothing promises that it stays so.
    pub(crate) static FINALLY_WITHOUT_COMMANDS = {
        id: "buildspec/finally-without-commands",
        severity: Info,
        summary: "a phase has `finally` and no `commands`",
    }
}

pub(super) fn check(subject: &Subject, findings: &mut Findings<'_>) {
    for (name, phase) in subject.spec.phases.iter().flat_map(|phases| phases.iter()) {
        if subject.complete && phase.commands.is_empty() && !phase.finally.is_empty() {
            let message = format!("the phase `{name}` has `finally` and no `commands`");
            findings
                .report(&FINALLY_WITHOUT_COMMANDS, &subject.source, phase.key, message)
                .set_help("write them as `commands`");
        }
    }
}

//! Words of bash in `sh`.

use spec_report::{Findings, Severity, declare_rule};

use super::subject::Subject;

declare_rule! {
    /// Commands run in `/bin/sh`. On Ubuntu images that is dash, which does not know these words; on Amazon Linux it is
    /// bash.
    pub(crate) static BASHISM_IN_SH = {
        id: "buildspec/bashism-in-sh",
        severity: Info,
        summary: "a word of bash is used without asking for bash",
    }
}

const WORDS: [&str; 6] = ["[[", "declare", "popd", "pushd", "shopt", "source"];

pub(super) fn check(subject: &Subject, findings: &mut Findings<'_>) {
    if subject.spec.env.shell.is_some() || subject.image.is_some_and(|image| !image.dash) {
        return;
    }
    let found = subject.commands().find_map(|(script, command)| {
        Some((script, command.call().first().filter(|word| WORDS.contains(&subject.raw(script, &word.at)))?))
    });
    if let Some((script, word)) = found {
        let message = format!("`{}` is a word of bash, and `/bin/sh` need not be bash", word.text);
        let place = subject.place(&script.text, word.at.clone());
        let diagnostic = findings.report(&BASHISM_IN_SH, &subject.source, place, message);
        diagnostic.set_help("set `env.shell: bash`");
        if subject.image.is_some() {
            diagnostic.set_severity(Severity::Warning);
        }
    }
}

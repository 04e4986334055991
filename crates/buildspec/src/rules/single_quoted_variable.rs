//! Variables in single quotes.

use spec_report::{Findings, declare_rule};

use super::shell::{expansions, single_quoted};
use super::subject::Script;
use super::subject::Subject;

declare_rule! {
    /// Nothing is expanded in single quotes: the file holds the text `$REPOSITORY_URI`, and the deployment does not find
    /// the image.
    pub(crate) static SINGLE_QUOTED_VARIABLE = {
        id: "buildspec/single-quoted-variable",
        severity: Warning,
        summary: "a variable in single quotes stays as it is",
    }
}

pub(super) fn check(subject: &Subject, findings: &mut Findings<'_>) {
    let replaces = |script: &Script| {
        let text = script.text.value.as_str();
        text.contains("envsubst") || text.contains("sed ") || text.contains("eval")
    };
    // What a later command replaces is no mistake.
    if subject.scripts.iter().any(replaces) {
        return;
    }
    for (script, command) in subject.commands() {
        if !matches!(command.program(), Some("echo" | "printf")) {
            continue;
        }
        for word in command.arguments().filter(|word| word.text.to_ascii_lowercase().contains("imageuri")) {
            let raw = subject.raw(script, &word.at);
            let parts = single_quoted(raw);
            if let Some((name, at)) = expansions(raw).find(|(_, at)| parts.iter().any(|part| part.contains(at))) {
                let start = word.at.start + at;
                let place = subject.place(&script.text, start..start + name.len());
                findings
                    .report(
                        &SINGLE_QUOTED_VARIABLE,
                        &subject.source,
                        place,
                        format!("`${name}` is in single quotes and stays as it is"),
                    )
                    .set_help("use `printf '…%s…' \"$NAME\"`");
            }
        }
    }
}

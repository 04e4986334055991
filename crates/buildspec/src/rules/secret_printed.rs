//! Secrets in logs.

use std::collections::BTreeSet;

use spec_report::{Findings, declare_rule};

use super::shell::{Joint, expansions, single_quoted};
use super::subject::Subject;

declare_rule! {
    /// CodeBuild masks a secret in the log only where it appears exactly as it is: not when it is cut, encoded or spread
    /// over lines.
    pub(crate) static SECRET_PRINTED = {
        id: "buildspec/secret-printed",
        severity: Warning,
        summary: "a secret is printed",
    }
}

pub(super) fn check(subject: &Subject, findings: &mut Findings<'_>) {
    let secrets: BTreeSet<&str> =
        subject.spec.env.secrets_manager.iter().map(|secret| secret.name.value.as_str()).collect();
    for script in subject.scripts.iter().filter(|script| script.complete && !secrets.is_empty()) {
        let last_inner = script.commands.iter().rposition(|command| command.depth > 0);
        for (index, command) in script.commands.iter().enumerate() {
            let prints = matches!(command.program(), Some("echo" | "printf")) && command.depth == 0;
            let piped = script.commands.get(index + 1).is_some_and(|next| next.joint == Joint::Pipe);
            let goes_on = piped || command.outputs().next().is_some();
            // The output of a bracket or a substitution goes where that goes.
            if !prints || goes_on || last_inner.is_some_and(|inner| inner > index) {
                continue;
            }
            let secret = command.arguments().find_map(|word| {
                let raw = subject.raw(script, &word.at);
                let quoted = single_quoted(raw);
                let (name, _) = expansions(raw)
                    .find(|(name, at)| secrets.contains(name) && !quoted.iter().any(|part| part.contains(at)))?;
                Some((word, name.to_owned()))
            });
            if let Some((word, name)) = secret {
                let place = subject.place(&script.text, word.at.clone());
                findings
                    .report(
                        &SECRET_PRINTED,
                        &subject.source,
                        place,
                        format!("the secret `{name}` is printed into the log"),
                    )
                    .set_help("print whether it is set: `test -n \"$NAME\"`");
            }
        }
    }
}

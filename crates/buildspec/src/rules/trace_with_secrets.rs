//! Traces that show secrets.

use spec_report::{Findings, declare_rule};

use super::subject::Subject;

declare_rule! {
    /// The shell writes every command with its values into the log. CodeBuild masks only values that appear exactly as
    /// they are.
    pub(crate) static TRACE_WITH_SECRETS = {
        id: "buildspec/trace-with-secrets",
        severity: Warning,
        summary: "commands are traced in a build with secrets",
    }
}

pub(super) fn check(subject: &Subject, findings: &mut Findings<'_>) {
    for (script, command) in subject.commands() {
        if subject.spec.env.secrets_manager.is_empty() || command.program() != Some("set") {
            continue;
        }
        let trace = command.arguments().skip(1).find(|word| {
            let option = word.text.strip_prefix('-').filter(|rest| !rest.starts_with('-'));
            option.is_some_and(|letters| letters.contains('x')) || word.text == "xtrace"
        });
        if let Some(word) =
            trace.filter(|_| command.arguments().nth(1).is_some_and(|first| first.text.starts_with('-')))
        {
            findings
                .report(
                    &TRACE_WITH_SECRETS,
                    &subject.source,
                    subject.place(&script.text, word.at.clone()),
                    "this writes the values of secrets into the log, too",
                )
                .set_help("trace no command that has a secret in it");
        }
    }
}

//! All variables in the log.

use spec_report::{Findings, declare_rule};

use super::shell::Joint;
use super::subject::Subject;

declare_rule! {
    /// The log shows every variable. CodeBuild masks only values that appear exactly as they are: a key of several lines
    /// is not masked.
    pub(crate) static ENVIRONMENT_PRINTED = {
        id: "buildspec/environment-printed",
        severity: Warning,
        summary: "all variables are printed in a build with secrets",
    }
}

pub(super) fn check(subject: &Subject, findings: &mut Findings<'_>) {
    if subject.spec.env.secrets_manager.is_empty() {
        return;
    }
    for script in subject.scripts.iter().filter(|script| script.complete) {
        for (index, command) in script.commands.iter().enumerate() {
            let words: Vec<&str> = command.arguments().map(|word| word.text.as_str()).collect();
            let prints = matches!(words[..], ["env"] | ["printenv"] | ["export", "-p"]) && command.depth == 0;
            let goes_on = command.outputs().next().is_some()
                || script.commands.get(index + 1).is_some_and(|next| next.joint == Joint::Pipe);
            if prints && !goes_on {
                let place = subject.place(&script.text, command.at());
                let message = "this prints every variable, secrets too";
                findings
                    .report(&ENVIRONMENT_PRINTED, &subject.source, place, message)
                    .set_help("print the variables that matter by name");
            }
        }
    }
}

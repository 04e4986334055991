//! Terminals that builds do not have.

use spec_report::{Findings, declare_rule};

use super::subject::Subject;

declare_rule! {
    /// A build has no terminal. Docker refuses to give one to the container.
    pub(crate) static DOCKER_NEEDS_TERMINAL = {
        id: "buildspec/docker-needs-terminal",
        severity: Warning,
        summary: "a container asks for a terminal",
        service: "the input device is not a TTY",
    }
}

pub(super) fn check(subject: &Subject, findings: &mut Findings<'_>) {
    for (script, command) in subject.commands() {
        if !(command.calls(&["docker", "run"]) || command.calls(&["docker", "exec"])) {
            continue;
        }
        // Options behind the image belong to the program in the container.
        let option = command.arguments().skip(2).take_while(|word| word.text.starts_with('-')).find(|word| {
            let letters = word.text.trim_start_matches('-');
            !word.text.starts_with("--") && letters.contains('t') && letters.contains('i') && letters.len() <= 3
        });
        if let Some(option) = option {
            findings
                .report(
                    &DOCKER_NEEDS_TERMINAL,
                    &subject.source,
                    subject.place(&script.text, option.at.clone()),
                    "a build has no terminal for the container",
                )
                .set_help("leave `-t` out");
        }
    }
}

//! Docker is started by hand.

use spec_report::{Findings, declare_rule};

use super::subject::Subject;

declare_rule! {
    /// The standard images start the daemon when the project has privileged mode. Only images of your own need to.
    pub(crate) static MANUAL_DOCKERD = {
        id: "buildspec/manual-dockerd",
        severity: Info,
        summary: "the Docker daemon is started by a command",
    }
}

pub(super) fn check(subject: &Subject, findings: &mut Findings<'_>) {
    for (script, command) in subject.commands() {
        let starts = [
            &["dockerd"][..],
            &["dockerd-entrypoint.sh"],
            &["service", "docker", "start"],
            &["systemctl", "start", "docker"],
        ];
        let by_path = command
            .program()
            .is_some_and(|program| program.ends_with("/dockerd") || program.ends_with("/dockerd-entrypoint.sh"));
        if by_path || starts.iter().any(|wanted| command.calls(wanted)) {
            findings
                .report(
                    &MANUAL_DOCKERD,
                    &subject.source,
                    subject.place(&script.text, command.at()),
                    "standard images start the Docker daemon themselves",
                )
                .set_help("set privileged mode in the project, and remove the command");
        }
    }
}

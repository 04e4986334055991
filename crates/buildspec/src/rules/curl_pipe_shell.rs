//! Scripts that run unseen.

use spec_report::{Findings, declare_rule};

use super::shell::Joint;
use super::subject::Subject;

declare_rule! {
    /// The build runs whatever the address gives today, with the credentials of the service role. If the download breaks
    /// off, the shell runs the part that came.
    pub(crate) static CURL_PIPE_SHELL = {
        id: "buildspec/curl-pipe-shell",
        severity: Info,
        summary: "a download is run without a look at it",
    }
}

pub(super) fn check(subject: &Subject, findings: &mut Findings<'_>) {
    for script in &subject.scripts {
        for pair in script.commands.windows(2) {
            let loads = matches!(pair[0].program(), Some("curl" | "wget"));
            let runs = matches!(pair[1].program(), Some("sh" | "bash" | "/bin/sh" | "/bin/bash"));
            if loads && runs && pair[1].joint == Joint::Pipe && pair[0].depth == pair[1].depth {
                let place = subject.place(&script.text, pair[0].at().start..pair[1].at().end);
                findings
                    .report(&CURL_PIPE_SHELL, &subject.source, place, "the download is run as it comes")
                    .set_help("download a fixed version into a file, check its sum, and run it");
            }
        }
    }
}

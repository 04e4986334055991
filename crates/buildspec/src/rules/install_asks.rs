//! Installers that wait for an answer.

use spec_report::{Edit, Findings, Fix, Safety, Span, declare_rule};

use super::shell::Joint;
use super::subject::Subject;

declare_rule! {
    /// The installer asks before it adds packages that were not named. A build has nobody who answers, and the installer
    /// gives up.
    pub(crate) static INSTALL_ASKS = {
        id: "buildspec/install-asks",
        severity: Warning,
        summary: "a package is installed without `-y`",
        service: "Do you want to continue? [Y/n] Abort.",
    }
}

pub(super) fn check(subject: &Subject, findings: &mut Findings<'_>) {
    for script in &subject.scripts {
        for (index, command) in script.commands.iter().enumerate() {
            let installs = ["apt-get", "apt", "yum", "dnf"].iter().any(|program| command.calls(&[program, "install"]));
            let answers = |text: &str| {
                let letters = text.strip_prefix('-').filter(|rest| !rest.starts_with('-'));
                letters.is_some_and(|letters| letters.contains(['y', 'q']))
                    || matches!(text, "--yes" | "--assume-yes" | "--assumeyes" | "--dry-run" | "--help" | "--reinstall")
                    || text.contains('$')
            };
            // `yes | apt-get install` answers, too.
            let piped = command.joint == Joint::Pipe && index > 0;
            if installs && !piped && !command.arguments().any(|word| answers(&word.text)) {
                let place = subject.place(&script.text, command.at());
                let diagnostic =
                    findings.report(&INSTALL_ASKS, &subject.source, place, "the installer may ask, and nobody answers");
                diagnostic.set_help("add `-y`");
                let word = command.arguments().find(|word| word.text == "install");
                let span = word.map(|word| subject.place(&script.text, word.at.clone()));
                if let Some(span) = span.filter(|span| subject.source.slice(*span) == "install") {
                    let edits = vec![Edit { span: Span::at(span.end), replacement: " -y".to_owned() }];
                    diagnostic.set_fix(Fix { title: "answer with yes".to_owned(), edits, safety: Safety::Safe });
                }
            }
        }
    }
}

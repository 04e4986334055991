//! Passwords on the command line of `docker login`.

use spec_report::{Findings, declare_rule};

use super::subject::Subject;

declare_rule! {
    /// Arguments are visible to every process of the machine and appear in the log of the build. Docker itself warns about it.
    pub(crate) static DOCKER_LOGIN_PASSWORD_ARGUMENT = {
        id: "buildspec/docker-login-password-argument",
        severity: Warning,
        summary: "a password is an argument of `docker login`",
        service: "WARNING! Using --password via the CLI is insecure. Use --password-stdin.",
    }
}

pub(crate) fn check(subject: &Subject, findings: &mut Findings<'_>) {
    for script in &subject.scripts {
        for command in script.commands.iter().filter(|command| command.calls(&["docker", "login"])) {
            let option = command.call().iter().find(|word| {
                let text = word.text.as_str();
                text == "--password" || text.starts_with("--password=") || (text.starts_with("-p") && text != "-p=")
            });
            if let Some(option) = option {
                findings
                    .report(
                        &DOCKER_LOGIN_PASSWORD_ARGUMENT,
                        &subject.source,
                        subject.place(&script.text, option.at.clone()),
                        "the password is an argument of `docker login`",
                    )
                    .set_help("pipe it in: `echo \"$PASSWORD\" | docker login --username USER --password-stdin`");
            }
        }
    }
}

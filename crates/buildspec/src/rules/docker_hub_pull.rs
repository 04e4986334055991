//! Images of Docker Hub without login.

use spec_report::{Findings, declare_rule};

use super::subject::Subject;

declare_rule! {
    /// Docker Hub limits how much one address may pull, and builds share addresses: such a pull fails now and then.
    pub(crate) static DOCKER_HUB_PULL = {
        id: "buildspec/docker-hub-pull",
        severity: Info,
        summary: "an image is pulled from Docker Hub without login",
        service: "toomanyrequests: You have reached your pull rate limit.",
    }
}

pub(super) fn check(subject: &Subject, findings: &mut Findings<'_>) {
    let to_hub =
        |words: Vec<&str>| !words.iter().any(|word| word.contains(".amazonaws.com") || word.contains(".azurecr.io"));
    let login = subject
        .commands()
        .filter(|(_, command)| command.calls(&["docker", "login"]))
        .any(|(_, command)| to_hub(command.arguments().map(|word| word.text.as_str()).collect()));
    if login {
        return;
    }
    for (script, command) in subject.commands().filter(|(_, command)| command.calls(&["docker", "pull"])) {
        let Some(image) = command.arguments().last() else { continue };
        let name = image.text.as_str();
        // A first part with a dot is a registry; a variable may hold one.
        let registry =
            name.split_once('/').is_some_and(|(first, _)| first.contains(['.', ':']) || first == "localhost");
        if name != "pull" && !registry && !name.contains('$') && !name.starts_with('-') {
            let place = subject.place(&script.text, image.at.clone());
            findings
                .report(
                    &DOCKER_HUB_PULL,
                    &subject.source,
                    place,
                    format!("`{name}` comes from Docker Hub, which limits pulls"),
                )
                .set_help("take the same image from `public.ecr.aws/docker/library/`, or log in");
        }
    }
}

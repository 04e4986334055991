//! Images that have no tag of their own.

use spec_report::{Findings, declare_rule};

use super::subject::Subject;

declare_rule! {
    /// The next build takes the tag away. Nobody can say afterwards which image was deployed, or go back to it.
    pub(crate) static PUSH_LATEST_ONLY = {
        id: "buildspec/push-latest-only",
        severity: Info,
        summary: "only the tag `latest` is pushed",
    }
}

pub(super) fn check(subject: &Subject, findings: &mut Findings<'_>) {
    let pushes: Vec<_> = subject.commands().filter(|(_, command)| command.calls(&["docker", "push"])).collect();
    let mut first = None;
    for (script, command) in pushes {
        let Some(image) = command.arguments().last().filter(|image| !image.text.starts_with('-')) else { return };
        let all = command.arguments().any(|word| matches!(word.text.as_str(), "-a" | "--all-tags"));
        // A variable may hold a tag.
        let name = image.text.rsplit('/').next().unwrap_or_default();
        if all || (name.contains([':', '$']) && !name.ends_with(":latest")) {
            return;
        }
        first.get_or_insert((script, image));
    }
    if let Some((script, image)) = first {
        findings
            .report(
                &PUSH_LATEST_ONLY,
                &subject.source,
                subject.place(&script.text, image.at.clone()),
                "only the tag `latest` is pushed",
            )
            .set_help("push a tag of this build, too, such as the commit");
    }
}

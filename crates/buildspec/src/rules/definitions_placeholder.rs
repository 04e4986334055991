//! Placeholders of tutorials in image definitions.

use spec_report::{Findings, declare_rule};

use super::subject::Subject;

declare_rule! {
    /// An image definition names a container of the task definition. A placeholder such as `<container-name>` that was
    /// taken over from a tutorial names none, and the deployment fails.
    pub(crate) static DEFINITIONS_PLACEHOLDER = {
        id: "buildspec/definitions-placeholder",
        severity: Warning,
        summary: "an image definition holds a placeholder",
    }
}

pub(crate) fn check(subject: &Subject, findings: &mut Findings<'_>) {
    for script in &subject.scripts {
        let text = script.text.value.as_str();
        if !text.contains("imageUri") {
            continue;
        }
        // A JSON string that is one word in angle brackets, its quotes escaped or not.
        let placeholder = text.match_indices('<').find_map(|(at, _)| {
            let end = at + text[at..].find('>')? + 1;
            let word = &text[at + 1..end - 1];
            let named =
                !word.is_empty() && word.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | ' ' | '.'));
            let quoted = text[..at].ends_with('"') && text[end..].trim_start_matches('\\').starts_with('"');
            (named && quoted).then_some(at..end)
        });
        if let Some(place) = placeholder {
            let message = format!("`{}` is a placeholder, and no container has this name", &text[place.clone()]);
            findings
                .report(&DEFINITIONS_PLACEHOLDER, &subject.source, subject.place(&script.text, place), message)
                .set_help("write the name of the container in the task definition");
        }
    }
}

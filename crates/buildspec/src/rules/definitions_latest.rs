//! Image definitions that say `latest`.

use spec_report::{Findings, declare_rule};

use super::subject::Subject;

declare_rule! {
    /// What the tag means changes from build to build: a rollback brings back the same text, and not the same image.
    pub(crate) static DEFINITIONS_LATEST = {
        id: "buildspec/definitions-latest",
        severity: Info,
        summary: "an image definition names the tag `latest`",
    }
}

pub(super) fn check(subject: &Subject, findings: &mut Findings<'_>) {
    for script in &subject.scripts {
        let text = script.text.value.as_str();
        let found = text.match_indices("mage").find_map(|(at, _)| {
            let rest = text[at + 4..].strip_prefix("Uri").or_else(|| text[at + 4..].strip_prefix("URI"))?;
            let value = rest.trim_start_matches(['\\', '"', '\'', ':', ' ']);
            let end = value.find(['"', '}', ',', ' ', '\\']).unwrap_or(value.len());
            let end = if value.starts_with("${") { value.find('"').unwrap_or(end) } else { end };
            let start = text.len() - value.len();
            value[..end].trim_end_matches('\\').ends_with(":latest").then_some(start..start + end)
        });
        if let Some(place) = found {
            findings
                .report(
                    &DEFINITIONS_LATEST,
                    &subject.source,
                    subject.place(&script.text, place),
                    "the definition says `latest`",
                )
                .set_help("use a tag of this build, or a digest");
        }
    }
}

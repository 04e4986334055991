//! Runtimes that the image does not have.

use spec_report::{Findings, declare_rule};

use super::subject::Subject;

declare_rule! {
    /// A build with a runtime that its image does not offer ends before its first command. Versions are another matter:
    /// current images install those that they do not have.
    pub(crate) static RUNTIME_NOT_IN_IMAGE = {
        id: "buildspec/runtime-not-in-image",
        severity: Error,
        summary: "the build image has no such runtime",
        service: "Unknown runtime",
    }
}

pub(super) fn check(subject: &Subject, findings: &mut Findings<'_>) {
    let Some(image) = subject.image else { return };
    let install = subject.spec.phases.as_ref().and_then(|phases| phases.install.as_ref());
    for runtime in install.iter().flat_map(|install| &install.runtime_versions) {
        let name = runtime.name.value.as_str();
        // Names that no image has are another rule's.
        if super::runtime_unknown::NAMES.contains(&name) && image.versions(name).is_none() {
            let names: Vec<&str> = image.runtimes.iter().map(|(name, _)| *name).collect();
            findings
                .report(
                    &RUNTIME_NOT_IN_IMAGE,
                    &subject.source,
                    runtime.name.span,
                    format!("the image `{}` has no runtime `{name}`", image.name),
                )
                .set_help(format!("it has `{}`", names.join("`, `")));
        }
    }
}

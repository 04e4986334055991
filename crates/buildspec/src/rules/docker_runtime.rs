//! Docker as a runtime.

use spec_report::{Findings, declare_rule};

use super::subject::Subject;

declare_rule! {
    /// Docker is part of every standard image. The runtime `docker` was one of old images, and today only those for ARM
    /// have it: the others end the build.
    pub(crate) static DOCKER_RUNTIME = {
        id: "buildspec/docker-runtime",
        severity: Warning,
        summary: "`docker` is no runtime of current images",
    }
}

pub(super) fn check(subject: &Subject, findings: &mut Findings<'_>) {
    let install = subject.spec.phases.as_ref().and_then(|phases| phases.install.as_ref());
    if subject.image.is_some() {
        return;
    }
    for runtime in install.iter().flat_map(|install| &install.runtime_versions) {
        if runtime.name.value == "docker" {
            findings
                .report(
                    &DOCKER_RUNTIME,
                    &subject.source,
                    runtime.name.span,
                    "no current image for x86-64 has the runtime `docker`",
                )
                .set_help("remove the line: Docker is part of the image");
        }
    }
}

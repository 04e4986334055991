//! Names of runtimes.

use spec_report::{Findings, declare_rule, did_you_mean};

use super::subject::Subject;

declare_rule! {
    /// `runtime-versions` selects runtimes that the build image offers. No image offers a runtime of this name.
    pub(crate) static RUNTIME_UNKNOWN = {
        id: "buildspec/runtime-unknown",
        severity: Error,
        summary: "a runtime is unknown",
        service: "Unknown runtime",
    }
}

/// All names that any image has offered.
pub(super) const NAMES: [&str; 10] =
    ["android", "docker", "dotnet", "golang", "java", "nodejs", "php", "python", "ruby", "rust"];

pub(crate) fn check(subject: &Subject, findings: &mut Findings<'_>) {
    let install = subject.spec.phases.as_ref().and_then(|phases| phases.install.as_ref());
    for runtime in install.iter().flat_map(|install| &install.runtime_versions) {
        let name = runtime.name.value.as_str();
        if NAMES.contains(&name) {
            continue;
        }
        let message = format!("no build image has a runtime `{}`", name.escape_debug());
        let diagnostic = findings.report(&RUNTIME_UNKNOWN, &subject.source, runtime.name.span, message);
        let alias = match name.to_ascii_lowercase().as_str() {
            "node" | "node.js" => Some("nodejs"),
            "go" => Some("golang"),
            "jdk" | "corretto" | "openjdk" => Some("java"),
            lower => did_you_mean(lower, NAMES),
        };
        match alias {
            Some(near) => diagnostic.set_help(format!("did you mean `{near}`?")),
            None => diagnostic.set_help(format!("runtimes are `{}`", NAMES.join("`, `"))),
        };
    }
}

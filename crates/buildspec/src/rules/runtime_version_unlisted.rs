//! Versions of runtimes that no current image has ready.

use spec_report::{Findings, declare_rule};

use super::subject::Subject;

declare_rule! {
    /// Current images install a version that they do not have when the build begins, which takes time; older ones fail. The list
    /// is that of the Ubuntu and Amazon Linux standard images of spring 2026.
    pub(crate) static RUNTIME_VERSION_UNLISTED = {
        id: "buildspec/runtime-version-unlisted",
        severity: Info,
        summary: "a runtime version is in no current image",
    }
}

/// Per runtime the versions that the images standard:7.0, standard:8.0 and their Amazon Linux counterparts have ready.
const LISTED: [(&str, &[&str]); 8] = [
    ("dotnet", &["6.0", "8.0", "10.0", "6", "8", "10"]),
    ("golang", &["1.20", "1.21", "1.22", "1.23", "1.24", "1.25", "1.26"]),
    ("java", &["corretto8", "corretto11", "corretto17", "corretto21", "corretto25"]),
    ("nodejs", &["18", "20", "22", "24"]),
    ("php", &["8.2", "8.3", "8.4", "8.5"]),
    ("python", &["3.9", "3.10", "3.11", "3.12", "3.13", "3.14"]),
    ("ruby", &["3.1", "3.2", "3.3", "3.4", "4.0"]),
    ("rust", &["1.93", "1.94"]),
];

pub(crate) fn check(subject: &Subject, findings: &mut Findings<'_>) {
    let install = subject.spec.phases.as_ref().and_then(|phases| phases.install.as_ref());
    for runtime in install.iter().flat_map(|install| &install.runtime_versions) {
        let version = runtime.value.value.trim();
        // Chosen by the image, or by a variable.
        if version == "latest" || version.ends_with(".x") || version.starts_with('$') {
            continue;
        }
        let name = runtime.name.value.as_str();
        let in_any = || LISTED.iter().find(|(listed, _)| *listed == name).map(|(_, versions)| *versions);
        let (listed, image) = match subject.image {
            Some(image) => (image.versions(name), format!("the image `{}` does not have", image.name)),
            None => (in_any(), "no current build image has".to_owned()),
        };
        let Some(listed) = listed else { continue };
        if !listed.contains(&version) {
            findings
                .report(
                    &RUNTIME_VERSION_UNLISTED,
                    &subject.source,
                    runtime.value.span,
                    format!("{image} {name} `{}` ready", version.escape_debug()),
                )
                .set_help(format!("ready are {}", listed.join(", ")));
        }
    }
}

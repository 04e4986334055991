//! Artifact paths that cannot match a file.

use spec_report::{Findings, declare_rule};

use super::subject::Subject;

declare_rule! {
    /// Paths of artifacts are patterns of files below the base directory. A directory (`dist/`), an absolute path and a path
    /// that leaves the base directory match nothing.
    pub(crate) static ARTIFACT_PATH_MATCHES_NOTHING = {
        id: "buildspec/artifact-path-matches-nothing",
        severity: Warning,
        summary: "an artifact path can match no file",
        service: "Skipping invalid file path",
    }
}

pub(crate) fn check(subject: &Subject, findings: &mut Findings<'_>) {
    let Some(artifacts) = &subject.spec.artifacts else { return };
    let sets = std::iter::once(&artifacts.primary)
        .chain(artifacts.secondary_artifacts.iter().map(|secondary| &secondary.artifacts));
    for path in sets.flat_map(|set| set.files.iter().chain(&set.exclude_paths)) {
        let text = path.value.as_str();
        let (problem, help) = if text.starts_with('/') {
            ("is absolute", "write it relative to the base directory".to_owned())
        } else if text.split('/').any(|part| part == "..") {
            ("leaves the base directory", "set `base-directory` instead".to_owned())
        } else if text.ends_with('/') {
            ("is a directory", format!("write `{text}**/*` for all files in it"))
        } else {
            continue;
        };
        findings
            .report(
                &ARTIFACT_PATH_MATCHES_NOTHING,
                &subject.source,
                path.span,
                format!("`{text}` {problem} and matches no file"),
            )
            .set_help(help);
    }
}

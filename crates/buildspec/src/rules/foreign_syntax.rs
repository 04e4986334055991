//! Keys of other build services.

use spec_report::{Findings, declare_rule};

use super::subject::Subject;

declare_rule! {
    /// These keys come from GitHub Actions and GitLab. CodeBuild ignores them: what stands below never runs, and the build
    /// is green.
    pub(crate) static FOREIGN_SYNTAX = {
        id: "buildspec/foreign-syntax",
        severity: Error,
        summary: "a key belongs to another build service",
    }
}

/// The keys that hold commands elsewhere, and where.
const KEYS: [(&str, &str); 3] = [("steps", "GitHub Actions"), ("script", "GitLab"), ("run", "GitHub Actions")];
const ROOTS: [(&str, &str); 2] = [("jobs", "GitHub Actions"), ("stages", "GitLab")];

pub(super) fn check(subject: &Subject, findings: &mut Findings<'_>) {
    let mut found = Vec::new();
    for (name, phase) in subject.spec.phases.iter().flat_map(|phases| phases.iter()) {
        if phase.commands.is_empty() && phase.finally.is_empty() {
            found.extend(
                KEYS.iter().filter_map(|(key, home)| Some((subject.key(&["phases", name.as_str(), key])?, home))),
            );
        }
    }
    if subject.spec.phases.is_none() && subject.spec.batch.is_none() {
        found.extend(ROOTS.iter().filter_map(|(key, home)| Some((subject.key(&[key])?, home))));
    }
    for (key, home) in found {
        let name = key.as_str().unwrap_or_default();
        findings
            .report(
                &FOREIGN_SYNTAX,
                &subject.source,
                key.span,
                format!("`{name}` belongs to {home}: CodeBuild does not run it"),
            )
            .set_help("write the commands as a list below `commands` of a phase");
    }
}

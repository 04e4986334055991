//! Version 0.1.

use spec_report::{Findings, declare_rule};

use super::subject::Subject;

declare_rule! {
    /// In version 0.1 every command has a shell of its own: neither variables nor the directory are handed on. Version 0.2
    /// hands them on.
    pub(crate) static OUTDATED_VERSION = {
        id: "buildspec/outdated-version",
        severity: Info,
        summary: "the file is of the old version 0.1",
    }
}

pub(super) fn check(subject: &Subject, findings: &mut Findings<'_>) {
    if let Some(version) = subject.spec.version.as_ref().filter(|_| subject.spec.is_version_0_1()) {
        findings
            .report(
                &OUTDATED_VERSION,
                &subject.source,
                version.span,
                "version 0.1 keeps nothing from one command to the next",
            )
            .set_help(
                "write `version: 0.2`, and `env` with `variables` instead of `environment_variables` with `plaintext`",
            );
    }
}

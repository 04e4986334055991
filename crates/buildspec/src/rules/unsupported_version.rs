//! Versions of the buildspec.

use spec_report::{Edit, Findings, Fix, Safety, declare_rule};

use super::subject::Subject;

declare_rule! {
    /// CodeBuild knows the versions 0.1 and 0.2.
    pub(crate) static UNSUPPORTED_VERSION = {
        id: "buildspec/unsupported-version",
        severity: Error,
        summary: "the version is not one of CodeBuild",
    }
}

pub(crate) fn check(subject: &Subject, findings: &mut Findings<'_>) {
    let Some(version) = &subject.spec.version else { return };
    if matches!(version.value.trim(), "0.1" | "0.2") {
        return;
    }
    findings
        .report(
            &UNSUPPORTED_VERSION,
            &subject.source,
            version.span,
            format!("there is no version `{}` of buildspecs", version.value.escape_debug()),
        )
        .set_help("write `version: 0.2`")
        .set_fix(Fix {
            title: "write `0.2`".to_owned(),
            edits: vec![Edit { span: version.span, replacement: "0.2".to_owned() }],
            safety: Safety::Unsafe,
        });
}

//! A Lambda deployment from a version to itself.

use spec_report::{Findings, declare_rule};

use super::Subject;

declare_rule! {
    /// ## What it does
    /// Reports a Lambda AppSpec whose `CurrentVersion` and `TargetVersion` are the same.
    pub(crate) static LAMBDA_SAME_VERSION = {
        id: "appspec/lambda-same-version",
        severity: Warning,
        summary: "current and target version are the same",
    }
}

pub(super) fn check(subject: &Subject, findings: &mut Findings<'_>) {
    let Some(lambda) = subject.lambda() else { return };
    for function in &lambda.resources {
        let (Some(current), Some(target)) = (&function.current_version, &function.target_version) else { continue };
        if current.value == target.value {
            let message = format!("the function is at version `{}` already: nothing would be deployed", target.value);
            findings
                .report(&LAMBDA_SAME_VERSION, subject.source(), target.span, message)
                .add_label(subject.source(), current.span, "the current version")
                .set_help("publish a version and name it in `TargetVersion`");
        }
    }
}

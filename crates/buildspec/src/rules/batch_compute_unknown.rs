//! Names of compute types.

use spec_report::{Findings, declare_rule, did_you_mean};

use super::batch::{environments, values};
use super::subject::Subject;

declare_rule! {
    /// CodeBuild refuses a compute type that it does not know. A name that is close to no known one may be newer than this
    /// list, and is not reported.
    pub(crate) static BATCH_COMPUTE_UNKNOWN = {
        id: "buildspec/batch-compute-unknown",
        severity: Warning,
        summary: "a compute type looks misspelled",
    }
}

const TYPES: [&str; 12] = [
    "ATTRIBUTE_BASED_COMPUTE",
    "BUILD_GENERAL1_2XLARGE",
    "BUILD_GENERAL1_LARGE",
    "BUILD_GENERAL1_MEDIUM",
    "BUILD_GENERAL1_SMALL",
    "BUILD_GENERAL1_XLARGE",
    "BUILD_LAMBDA_10GB",
    "BUILD_LAMBDA_1GB",
    "BUILD_LAMBDA_2GB",
    "BUILD_LAMBDA_4GB",
    "BUILD_LAMBDA_8GB",
    "CUSTOM_INSTANCE_TYPE",
];

pub(super) fn check(subject: &Subject, findings: &mut Findings<'_>) {
    for node in environments(subject).into_iter().flat_map(|env| values(env, "compute-type")) {
        let Some(name) = node.as_str().filter(|name| !TYPES.contains(name) && !name.contains('$')) else { continue };
        if let Some(near) = did_you_mean(name, TYPES) {
            findings
                .report(
                    &BATCH_COMPUTE_UNKNOWN,
                    &subject.source,
                    node.span,
                    format!("`{}` is no compute type", name.escape_debug()),
                )
                .set_help(format!("did you mean `{near}`?"));
        }
    }
}

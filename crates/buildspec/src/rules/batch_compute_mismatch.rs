//! Compute types of other environments.

use spec_report::{Findings, declare_rule};

use super::batch::environments;
use super::subject::Subject;

declare_rule! {
    /// The compute types `BUILD_LAMBDA_…` go with the environment types `LINUX_LAMBDA_CONTAINER` and
    /// `ARM_LAMBDA_CONTAINER`, and only with them.
    pub(crate) static BATCH_COMPUTE_MISMATCH = {
        id: "buildspec/batch-compute-mismatch",
        severity: Error,
        summary: "a compute type does not go with the environment",
        service: "Compute type %s is not supported for %s",
    }
}

pub(super) fn check(subject: &Subject, findings: &mut Findings<'_>) {
    for env in environments(subject) {
        let (Some(compute), Some(kind)) = (env.get("compute-type"), env.get("type")) else { continue };
        let (Some(compute_name), Some(kind_name)) = (compute.as_str(), kind.as_str()) else { continue };
        // Only what is known to be of the one or the other sort.
        let lambda = compute_name.starts_with("BUILD_LAMBDA_");
        let general = compute_name.starts_with("BUILD_GENERAL1_");
        let in_lambda = kind_name.ends_with("_LAMBDA_CONTAINER");
        let elsewhere = !in_lambda && (kind_name.ends_with("_CONTAINER") || kind_name.ends_with("_EC2"));
        if (lambda && elsewhere) || (general && in_lambda) {
            findings
                .report(
                    &BATCH_COMPUTE_MISMATCH,
                    &subject.source,
                    compute.span,
                    format!("`{compute_name}` does not go with `{kind_name}`"),
                )
                .add_label(&subject.source, kind.span, "the environment is of this type");
        }
    }
}

//! Privileged mode where there is none.

use spec_report::{Findings, declare_rule};

use super::batch::environments;
use super::subject::Subject;
use crate::model::yes_no;

declare_rule! {
    /// Neither Lambda compute nor Windows has a privileged mode.
    pub(crate) static BATCH_PRIVILEGED = {
        id: "buildspec/batch-privileged",
        severity: Error,
        summary: "privileged mode is not supported by the environment",
        service: "Cannot specify privilegedMode for lambda compute",
    }
}

pub(super) fn check(subject: &Subject, findings: &mut Findings<'_>) {
    for env in environments(subject) {
        let (Some(mode), Some(kind)) = (env.get("privileged-mode"), env.get("type")) else { continue };
        let Some(name) = kind.as_str() else { continue };
        let without = name.starts_with("WINDOWS_") || name.ends_with("_LAMBDA_CONTAINER");
        if without && mode.as_str().and_then(yes_no) == Some(true) {
            findings
                .report(&BATCH_PRIVILEGED, &subject.source, mode.span, format!("`{name}` has no privileged mode"))
                .add_label(&subject.source, kind.span, "the environment is of this type");
        }
    }
}

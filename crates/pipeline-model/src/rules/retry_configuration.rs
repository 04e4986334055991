//! A retry is configured where nothing is retried.

use spec_report::{Findings, declare_rule};

use super::subject::{Subject, is_placeholder};
use crate::model::ConditionResult;
use crate::places::join;

declare_rule! {
    /// ## What it does
    /// Reports a `retryConfiguration` of a failure gate whose result is not `RETRY`.
    ///
    /// ## Why
    /// The retry mode says which actions a retry runs again. Without the result `RETRY` the stage is not retried.
    pub(crate) static RETRY_CONFIGURATION = {
        id: "pipeline-model/retry-configuration",
        severity: Warning,
        summary: "a retry is configured where nothing is retried",
    }
}

pub(super) fn check(subject: &Subject, out: &mut Findings<'_>) {
    for (path, stage) in subject.stages() {
        let Some(gate) = &stage.on_failure else { continue };
        let path = join(&path, "onFailure");
        let retries = gate
            .result
            .as_ref()
            .is_some_and(|result| *result == ConditionResult::Retry || is_placeholder(result.as_str()));
        if gate.retry_configuration.is_none() || retries || subject.is_symbolic(&path) {
            continue;
        }
        let field = subject.word("retryConfiguration");
        let message = format!("`{field}` of stage `{}` has no effect without the result RETRY", stage.name);
        subject.report(out, &RETRY_CONFIGURATION, subject.key(&join(&path, "retryConfiguration")), message);
    }
}

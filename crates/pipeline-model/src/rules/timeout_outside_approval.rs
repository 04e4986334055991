//! An action other than a manual approval has a timeout.

use spec_report::{Findings, declare_rule};

use super::subject::{Subject, is_placeholder};
use crate::model::Category;

declare_rule! {
    /// ## What it does
    /// Reports `timeoutInMinutes` on actions that are no manual approval.
    ///
    /// ## Why
    /// All other action types have timeouts of their own.
    pub(crate) static TIMEOUT_OUTSIDE_APPROVAL = {
        id: "pipeline-model/timeout-outside-approval",
        severity: Error,
        summary: "an action other than a manual approval has a timeout",
    }
}

pub(super) fn check(subject: &Subject, out: &mut Findings<'_>) {
    for found in subject.actions() {
        let id = &found.action.action_type_id;
        let path = found.path("timeoutInMinutes");
        let judged = !is_placeholder(id.category.as_str()) && !is_placeholder(&id.provider);
        if judged && found.action.timeout_in_minutes.is_some() && id.category != Category::Approval {
            let message = format!("only a manual approval takes a timeout, but `{}` is {id}", found.action.name);
            subject.report(out, &TIMEOUT_OUTSIDE_APPROVAL, subject.key(&path), message);
        }
    }
}

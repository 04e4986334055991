//! The action type needs a V2 pipeline.

use spec_report::{Findings, declare_rule};

use super::subject::Subject;

declare_rule! {
    /// ## What it does
    /// Reports actions such as `Commands`, `ECRBuildAndPublish` and `EKS` in a pipeline of type V1, which is also
    /// what a pipeline without a type is.
    ///
    /// ## Why
    /// The service refuses the declaration.
    pub(crate) static V1_ACTION = {
        id: "pipeline-model/v1-action",
        severity: Error,
        summary: "the action type needs a V2 pipeline",
        service: "InvalidActionDeclarationException: … Action can only be used with V2 pipelines.",
    }
}

pub(super) fn check(subject: &Subject, out: &mut Findings<'_>) {
    if !subject.is_v1() {
        return;
    }
    for found in subject.actions().filter(|found| found.kind().is_some_and(|kind| kind.v2_only())) {
        let message = format!("{} Action can only be used with V2 pipelines.", found.action.action_type_id.provider);
        let span = subject.key(&found.path("actionTypeId"));
        subject
            .report(out, &V1_ACTION, span, message)
            .set_help(format!("set `{}` to V2", subject.word("pipelineType")));
    }
}

//! Stage conditions need a V2 pipeline.

use spec_report::{Findings, declare_rule};

use super::subject::Subject;
use crate::places::join;

declare_rule! {
    /// ## What it does
    /// Reports `beforeEntry`, `onSuccess` and `onFailure` in a pipeline of type V1, which is also what a pipeline
    /// without a type is.
    ///
    /// ## Why
    /// The service refuses the declaration.
    pub(crate) static V1_CONDITIONS = {
        id: "pipeline-model/v1-conditions",
        severity: Error,
        summary: "stage conditions need a V2 pipeline",
        service: "InvalidStageDeclarationException: Stage level conditions can only be used with V2 pipelines.",
    }
}

pub(super) fn check(subject: &Subject, out: &mut Findings<'_>) {
    if !subject.is_v1() {
        return;
    }
    for (path, _) in subject.stages().filter(|(_, stage)| stage.has_gates()) {
        for gate in ["beforeEntry", "onSuccess", "onFailure"] {
            let gate = join(&path, gate);
            if subject.declaration.places.get(&gate).is_some() {
                let message = "Stage level conditions can only be used with V2 pipelines.";
                subject.report(out, &V1_CONDITIONS, subject.key(&gate), message);
            }
        }
    }
}

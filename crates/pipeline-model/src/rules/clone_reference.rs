//! An action takes a clone reference that only CodeBuild can use.

use spec_report::{Findings, declare_rule};

use super::subject::Subject;
use crate::graph::Flow;
use crate::model::{Category, Owner};
use crate::places::join;

declare_rule! {
    /// ## What it does
    /// Reports deploy and invoke actions of AWS that take the artifact of a source whose `OutputArtifactFormat` is
    /// `CODEBUILD_CLONE_REF`.
    ///
    /// ## Why
    /// Such an artifact holds no files, only where a build finds the repository. The declaration is accepted, and
    /// the action fails.
    pub(crate) static CLONE_REFERENCE = {
        id: "pipeline-model/clone-reference",
        severity: Error,
        summary: "an action takes a clone reference that only CodeBuild can use",
    }
}

pub(super) fn check(subject: &Subject, out: &mut Findings<'_>) {
    let pipeline = subject.pipeline();
    let flow = Flow::new(pipeline);
    for found in subject.actions() {
        let kind = &found.action.action_type_id;
        if kind.owner != Owner::Aws || !matches!(kind.category, Category::Deploy | Category::Invoke) {
            continue;
        }
        for (index, input) in found.action.input_artifacts.iter().enumerate() {
            let giver = flow.producer_for(&input.name, found.at).and_then(|at| at.of(pipeline));
            let Some(giver) = giver.filter(|giver| giver.config("OutputArtifactFormat") == Some("CODEBUILD_CLONE_REF"))
            else {
                continue;
            };
            let span = subject.value(&join(&join(&found.path("inputArtifacts"), index), "name"));
            let message = format!(
                "`{}` of source action `{}` is a clone reference, which only CodeBuild can use",
                input.name, giver.name
            );
            let report = subject.report(out, &CLONE_REFERENCE, span, message);
            report.set_help("take an artifact that a build gives, or let the source give `CODE_ZIP`");
        }
    }
}

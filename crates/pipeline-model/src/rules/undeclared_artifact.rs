//! An action takes an artifact that no earlier action gives.

use spec_report::{Findings, declare_rule, did_you_mean};

use super::subject::{SUGGESTIONS, Subject, is_placeholder};
use crate::graph::Flow;
use crate::places::join;

declare_rule! {
    /// ## What it does
    /// Reports an input artifact that no action of an earlier stage gives, nor one of the same stage with a smaller
    /// run order.
    ///
    /// ## Why
    /// Actions of one stage with the same run order run together; none of them sees what another gives.
    pub(crate) static UNDECLARED_ARTIFACT = {
        id: "pipeline-model/undeclared-artifact",
        severity: Error,
        summary: "an action takes an artifact that no earlier action gives",
        service: "InvalidActionDeclarationException: Input Artifact Bundle … in action … is not declared as Output Artifact Bundle in any of the preceding actions",
    }
}

pub(super) fn check(subject: &Subject, out: &mut Findings<'_>) {
    let flow = Flow::new(subject.pipeline());
    let uncertain = subject
        .pipeline()
        .actions()
        .any(|(_, action)| action.output_artifacts.iter().any(|artifact| is_placeholder(&artifact.name)))
        || subject.actions().any(|found| subject.is_symbolic(&found.path("outputArtifacts")));
    for found in subject.actions() {
        for (index, artifact) in found.action.input_artifacts.iter().enumerate() {
            let name = artifact.name.as_str();
            if name.is_empty() || flow.producer_for(name, found.at).is_some() {
                continue;
            }
            // A name that is known only later may be the same as another such name.
            if uncertain && flow.producers(name).is_empty() || is_placeholder(name) {
                continue;
            }
            let path = join(&found.path("inputArtifacts"), index);
            let message = format!(
                "Input Artifact Bundle {name} in action {} is not declared as Output Artifact Bundle in any of the \
                 preceding actions",
                found.action.name
            );
            let report = subject.report(out, &UNDECLARED_ARTIFACT, subject.name(&path), message);
            if let Some(giver) = flow.producers(name).first() {
                let giver_path = join(&join(&join("/stages", giver.stage), "actions"), giver.action);
                let word = subject.word("runOrder");
                subject.also(report, subject.name(&giver_path), "given here, which does not come before");
                if giver.stage == found.at.stage && *giver != found.at {
                    report.set_help(format!("give the taking action a larger `{word}`"));
                }
            } else {
                let given = subject.pipeline().actions().flat_map(|(_, action)| action.output_artifacts.iter());
                if let Some(near) = did_you_mean(name, given.take(SUGGESTIONS).map(|artifact| artifact.name.as_str())) {
                    report.set_help(format!("did you mean `{near}`?"));
                    if let Some(fix) = subject.rewrite(subject.name(&path), name, near) {
                        report.set_fix(fix);
                    }
                }
            }
        }
    }
}

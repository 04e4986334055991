//! No action takes the artifact.

use std::collections::HashSet;

use spec_report::{Findings, declare_rule};

use super::subject::{Subject, is_placeholder};
use crate::places::join;

declare_rule! {
    /// ## What it does
    /// Points at output artifacts that no action of the pipeline takes.
    ///
    /// ## Why
    /// Each one is stored and encrypted in every execution.
    pub(crate) static UNUSED_ARTIFACT = {
        id: "pipeline-model/unused-artifact",
        severity: Info,
        summary: "no action takes the artifact",
    }
}

pub(super) fn check(subject: &Subject, out: &mut Findings<'_>) {
    let taken: HashSet<&str> = subject
        .pipeline()
        .actions()
        .flat_map(|(_, action)| action.input_artifacts.iter())
        .map(|artifact| artifact.name.as_str())
        .collect();
    if taken.iter().any(|name| is_placeholder(name)) {
        return;
    }
    for found in subject.actions() {
        for (index, artifact) in found.action.output_artifacts.iter().enumerate() {
            if !taken.contains(artifact.name.as_str()) && !is_placeholder(&artifact.name) {
                let path = join(&found.path("outputArtifacts"), index);
                let message = format!("no action takes the artifact `{}`", artifact.name);
                subject.report(out, &UNUSED_ARTIFACT, subject.name(&path), message);
            }
        }
    }
}

//! Two actions give an artifact of the same name.

use std::collections::HashMap;

use spec_report::{Findings, declare_rule};

use super::subject::Subject;
use crate::places::join;

declare_rule! {
    /// ## What it does
    /// Reports an output artifact whose name another output artifact of the pipeline has.
    ///
    /// ## Why
    /// Later actions find an artifact by its name alone, so a name can be given once in a pipeline.
    pub(crate) static ARTIFACT_NAME_REUSED = {
        id: "pipeline-model/artifact-name-reused",
        severity: Error,
        summary: "two actions give an artifact of the same name",
    }
}

pub(super) fn check(subject: &Subject, out: &mut Findings<'_>) {
    let mut first: HashMap<&str, String> = HashMap::new();
    for found in subject.actions() {
        for (index, artifact) in found.action.output_artifacts.iter().enumerate() {
            let path = join(&found.path("outputArtifacts"), index);
            if artifact.name.is_empty() {
                continue;
            }
            if let Some(earlier) = first.get(artifact.name.as_str()) {
                let message = format!("the output artifact name `{}` is used more than once", artifact.name);
                let report = subject.report(out, &ARTIFACT_NAME_REUSED, subject.name(&path), message);
                subject.also(report, subject.name(earlier), "first used here");
            } else {
                first.insert(&artifact.name, path);
            }
        }
    }
}

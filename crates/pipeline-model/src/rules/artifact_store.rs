//! The pipeline has no artifact store, or both kinds.

use spec_report::{Findings, declare_rule};

use super::subject::Subject;

declare_rule! {
    /// ## What it does
    /// Reports a pipeline with neither `artifactStore` nor `artifactStores`, and one with both.
    ///
    /// ## Why
    /// Artifacts need a bucket; one store serves a pipeline in a single region, a store for each region serves all
    /// others.
    pub(crate) static ARTIFACT_STORE = {
        id: "pipeline-model/artifact-store",
        severity: Error,
        summary: "the pipeline has no artifact store, or both kinds",
    }
}

pub(super) fn check(subject: &Subject, out: &mut Findings<'_>) {
    let pipeline = subject.pipeline();
    let written = |field: &str| subject.declaration.places.get(field).is_some();
    match (written("/artifactStore"), written("/artifactStores")) {
        (false, false) if pipeline.artifact_store.is_none() && pipeline.artifact_stores.is_none() => {
            let message = format!(
                "the pipeline has neither `{}` nor `{}`",
                subject.word("artifactStore"),
                subject.word("artifactStores")
            );
            subject.report(out, &ARTIFACT_STORE, subject.name(""), message);
        }
        (true, true) => {
            let message = format!(
                "the pipeline has both `{}` and `{}`: keep one of them",
                subject.word("artifactStore"),
                subject.word("artifactStores")
            );
            let report = subject.report(out, &ARTIFACT_STORE, subject.key("/artifactStores"), message);
            subject.also(report, subject.key("/artifactStore"), "the other one");
        }
        _ => {}
    }
}

//! A region with actions has no artifact store.

use std::collections::BTreeMap;

use spec_report::{Findings, Span, declare_rule};

use super::subject::{Subject, is_placeholder};

declare_rule! {
    /// ## What it does
    /// Reports a pipeline with actions in several regions and a single `artifactStore`, and an action in a region
    /// that `artifactStores` lacks.
    ///
    /// ## Why
    /// An action reads its artifacts from a bucket in its own region.
    pub(crate) static CROSS_REGION_STORE = {
        id: "pipeline-model/cross-region-store",
        severity: Error,
        summary: "a region with actions has no artifact store",
        service: "InvalidStructureException: Your pipeline must have an artifact store, such as an artifact bucket, for each region where you have an action. The following region is missing in 'pipeline.artifactStores': ….",
    }
}

pub(super) fn check(subject: &Subject, out: &mut Findings<'_>) {
    let pipeline = subject.pipeline();
    let mut regions: BTreeMap<&str, Span> = BTreeMap::new();
    for found in subject.actions() {
        if let Some(region) = found.action.region.as_deref().filter(|region| !is_placeholder(region)) {
            regions.entry(region).or_insert_with(|| subject.value(&found.path("region")));
        }
    }
    match &pipeline.artifact_stores {
        Some(stores) => {
            if stores.keys().any(|region| is_placeholder(region)) || subject.is_symbolic("/artifactStores") {
                return;
            }
            for (region, span) in regions.iter().filter(|(region, _)| !stores.contains_key(**region)) {
                let message = format!(
                    "Your pipeline must have an artifact store, such as an artifact bucket, for each region where you \
                     have an action. The following region is missing in 'pipeline.artifactStores': {region}."
                );
                subject.report(out, &CROSS_REGION_STORE, *span, message);
            }
        }
        // The pipeline's own region is not written in it: only two that differ are certain.
        None if pipeline.artifact_store.is_some() && regions.len() > 1 => {
            let message = "Your pipeline contains actions in more than one region. Use 'pipeline.artifactStores' \
                           instead of 'pipeline.artifactStore' to declare an artifact store, such as an artifact \
                           bucket, for each region where you have an action.";
            subject.report(out, &CROSS_REGION_STORE, subject.key("/artifactStore"), message);
        }
        None => {}
    }
}

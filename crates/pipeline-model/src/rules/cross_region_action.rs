//! An action of this kind cannot run in another region.

use spec_report::{Findings, declare_rule};

use super::subject::{Subject, is_placeholder};
use crate::model::{Category, Owner};

declare_rule! {
    /// ## What it does
    /// Reports source actions, and actions of partners and of the account itself, in another region than the pipeline's:
    /// that of its ARN if the file has it, or else that of the first source that names one.
    ///
    /// ## Why
    /// Only actions of AWS services can run in another region than the pipeline, and sources never can (page "Add a
    /// cross-region action in CodePipeline").
    pub(crate) static CROSS_REGION_ACTION = {
        id: "pipeline-model/cross-region-action",
        severity: Warning,
        summary: "an action of this kind cannot run in another region",
    }
}

pub(super) fn check(subject: &Subject, out: &mut Findings<'_>) {
    let Some(own) = own_region(subject) else { return };
    for found in subject.actions() {
        let id = &found.action.action_type_id;
        let what = match (&id.category, &id.owner) {
            (Category::Source, _) => "source actions",
            (_, Owner::ThirdParty) => "actions of partners",
            (_, Owner::Custom) => "custom actions",
            _ => continue,
        };
        let region = found.action.region.as_deref().filter(|region| !is_placeholder(region) && *region != own);
        let Some(region) = region else { continue };
        let message = format!("{what} run in the region of the pipeline only, which is `{own}` and not `{region}`");
        subject
            .report(out, &CROSS_REGION_ACTION, subject.value(&found.path("region")), message)
            .set_help("leave the region out");
    }
}

/// The region of the pipeline: that of its ARN where the file has it, or else that of the first source which names one.
fn own_region(subject: &Subject) -> Option<String> {
    let metadata = subject.declaration.beside.get("metadata").and_then(|metadata| metadata.get("pipelineArn"));
    if let Some(region) = metadata.and_then(|arn| arn.as_str()?.split(':').nth(3)) {
        return Some(region.to_owned());
    }
    let mut sources = subject.actions().filter(|found| found.action.action_type_id.category == Category::Source);
    sources.find_map(|found| found.action.region.clone()).filter(|region| !is_placeholder(region))
}

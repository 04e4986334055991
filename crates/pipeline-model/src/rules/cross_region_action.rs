//! An action of this kind cannot run in another region.

use spec_report::{Findings, declare_rule};

use super::subject::{Subject, is_placeholder};
use crate::model::{Category, Owner};

declare_rule! {
    /// ## What it does
    /// Reports a `region` at source actions, and at actions of partners and of the account itself.
    ///
    /// ## Why
    /// Only actions of AWS services can run in another region than the pipeline, and sources never can (page "Add a
    /// cross-region action in CodePipeline"). The pipeline's own region may be written, so look at whether it is
    /// that one.
    pub(crate) static CROSS_REGION_ACTION = {
        id: "pipeline-model/cross-region-action",
        severity: Warning,
        summary: "an action of this kind cannot run in another region",
    }
}

pub(super) fn check(subject: &Subject, out: &mut Findings<'_>) {
    for found in subject.actions() {
        let id = &found.action.action_type_id;
        let what = match (&id.category, &id.owner) {
            (Category::Source, _) => "source actions",
            (_, Owner::ThirdParty) => "actions of partners",
            (_, Owner::Custom) => "custom actions",
            _ => continue,
        };
        let Some(region) = found.action.region.as_deref().filter(|region| !is_placeholder(region)) else { continue };
        let message = format!("{what} run in the region of the pipeline only, and `{region}` may be another one");
        subject
            .report(out, &CROSS_REGION_ACTION, subject.value(&found.path("region")), message)
            .set_help("leave the region out");
    }
}

//! The service behind the action has been shut down.

use spec_report::{Findings, declare_rule};

use super::subject::Subject;
use crate::places::join;

declare_rule! {
    /// ## What it does
    /// Reports deployments to OpsWorks.
    ///
    /// ## Why
    /// AWS OpsWorks Stacks reached its end of life on 26 May 2024: the action cannot succeed any more.
    pub(crate) static RETIRED_PROVIDER = {
        id: "pipeline-model/retired-provider",
        severity: Warning,
        summary: "the service behind the action has been shut down",
    }
}

pub(super) fn check(subject: &Subject, out: &mut Findings<'_>) {
    for found in subject.actions().filter(|found| found.action.action_type_id.provider == "OpsWorks") {
        let span = subject.value(&join(&found.path("actionTypeId"), "provider"));
        let message = format!("action `{}` deploys to OpsWorks, which was shut down in May 2024", found.action.name);
        subject.report(out, &RETIRED_PROVIDER, span, message).set_help("deploy with CodeDeploy, EC2 or ECS");
    }
}

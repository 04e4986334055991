//! Not exactly one resource.

use spec_report::{Findings, declare_rule};

use super::Subject;
use crate::model::AppSpec;

declare_rule! {
    /// ## What it does
    /// Reports an ECS or Lambda AppSpec that has no resource or more than one.
    pub(crate) static RESOURCE_COUNT = {
        id: "appspec/resource-count",
        severity: Error,
        summary: "not exactly one resource",
    }
}

pub(super) fn check(subject: &Subject, findings: &mut Findings<'_>) {
    let Some(spec) = &subject.parsed.value else { return };
    let names: Vec<_> = match spec {
        AppSpec::Server(_) => return,
        AppSpec::Ecs(ecs) => ecs.resources.iter().map(|service| &service.name).collect(),
        AppSpec::Lambda(lambda) => lambda.resources.iter().map(|function| &function.logical_name).collect(),
    };
    let reported = subject.parsed.report.has_errors();
    match names.as_slice() {
        [] if !reported => {
            findings.report(&RESOURCE_COUNT, subject.source(), subject.top(), "the AppSpec has no resource");
        }
        [_, more @ ..] => {
            for name in more {
                let message = format!("`{}` is one resource too many: an AppSpec deploys exactly one", name.value);
                findings.report(&RESOURCE_COUNT, subject.source(), name.span, message);
            }
        }
        [] => {}
    }
}

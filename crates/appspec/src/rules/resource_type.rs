//! A resource of a type that CodeDeploy does not deploy.

use spec_report::{Edit, Findings, Fix, Safety, declare_rule};

use super::Subject;
use crate::model::AppSpec;

const ECS: &str = "AWS::ECS::Service";
const LAMBDA: &str = "AWS::Lambda::Function";

declare_rule! {
    /// ## What it does
    /// Reports a resource whose `Type` is neither `AWS::ECS::Service` nor `AWS::Lambda::Function`.
    pub(crate) static RESOURCE_TYPE = {
        id: "appspec/resource-type",
        severity: Error,
        summary: "a resource of a type that CodeDeploy does not deploy",
    }
}

pub(super) fn check(subject: &Subject, findings: &mut Findings<'_>) {
    let Some(spec) = &subject.parsed.value else { return };
    let (kinds, expected): (Vec<_>, &str) = match spec {
        AppSpec::Server(_) => return,
        AppSpec::Ecs(ecs) => (ecs.resources.iter().filter_map(|service| service.kind.as_ref()).collect(), ECS),
        AppSpec::Lambda(lambda) => {
            (lambda.resources.iter().filter_map(|function| function.kind.as_ref()).collect(), LAMBDA)
        }
    };
    for kind in kinds.into_iter().filter(|kind| kind.value != expected) {
        let message = format!("the type must be `{ECS}` or `{LAMBDA}`, but is `{}`", kind.value);
        findings.report(&RESOURCE_TYPE, subject.source(), kind.span, message).set_fix(Fix {
            title: format!("write `{expected}`"),
            edits: vec![Edit { span: kind.span, replacement: expected.to_owned() }],
            safety: Safety::Unsafe,
        });
    }
}
